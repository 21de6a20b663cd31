"""Archive queries → SQL: which rows of a level, and what of them."""

from typing import Any, Final

from dicomfabd.dimse.matching import fold
from dicomfabd.store.archive_interface import ArchiveQuery, Condition, Level

_MARK: Final = "~"  # between the number of a row and what it is sorted by
_LONGEST_NUMBER: Final = 18

TABLES: Final = {
    Level.PATIENT: "patients",
    Level.STUDY: "studies",
    Level.SERIES: "series",
    Level.IMAGE: "images",
}

_SOURCES: Final = {
    Level.PATIENT: "patients",
    Level.STUDY: "studies",
    Level.SERIES: "series JOIN studies ON studies.id = series.study_id",
    Level.IMAGE: "images JOIN series ON series.id = images.series_id JOIN studies ON studies.id = series.study_id",
}

_COLUMNS: Final = {
    "PatientID": "studies.patient_id",
    "PatientName": "studies.folded_name",
    "StudyInstanceUID": "studies.study_instance_uid",
    "AccessionNumber": "studies.accession_number",
    "StudyDate": "studies.study_date",
    "SeriesInstanceUID": "series.series_instance_uid",
    "Modality": "series.modality",
    "SOPInstanceUID": "images.sop_instance_uid",
    "SOPClassUID": "images.sop_class_uid",
}
_PATIENT_COLUMNS: Final = {"PatientID": "patients.patient_id", "PatientName": "patients.folded_name"}

_OF_STUDY: Final = "FROM series AS s WHERE s.study_id = studies.id"
_IMAGES_OF_STUDY: Final = "FROM series AS s JOIN images AS i ON i.series_id = s.id WHERE s.study_id = studies.id"
_OF_PATIENT: Final = "FROM studies AS t JOIN series AS s ON s.study_id = t.id"
_COMPUTED: Final = {
    "NumberOfPatientRelatedStudies": "(SELECT count(*) FROM studies AS t WHERE t.patient = {patient})",
    "NumberOfPatientRelatedSeries": f"(SELECT count(*) {_OF_PATIENT} WHERE t.patient = {{patient}})",
    "NumberOfPatientRelatedInstances": (
        f"(SELECT count(*) {_OF_PATIENT} JOIN images AS i ON i.series_id = s.id WHERE t.patient = {{patient}})"
    ),
    "ModalitiesInStudy": f"(SELECT group_concat(DISTINCT s.modality) {_OF_STUDY})",
    "SOPClassesInStudy": f"(SELECT group_concat(DISTINCT i.sop_class_uid) {_IMAGES_OF_STUDY})",
    "NumberOfStudyRelatedSeries": f"(SELECT count(*) {_OF_STUDY})",
    "NumberOfStudyRelatedInstances": f"(SELECT count(*) {_IMAGES_OF_STUDY})",
    "StudySize": f"(SELECT sum(i.size) {_IMAGES_OF_STUDY})",
    "StudyReceivedAt": "studies.received_at",
    "NumberOfSeriesRelatedInstances": "(SELECT count(*) FROM images AS i WHERE i.series_id = series.id)",
    "SeriesSize": "(SELECT sum(i.size) FROM images AS i WHERE i.series_id = series.id)",
    "AvailableTransferSyntaxUID": "images.transfer_syntax_uid",
    "InstanceSize": "images.size",
}
_PLACE: Final = "StudyPlace"
LISTS: Final = frozenset({"ModalitiesInStudy", "SOPClassesInStudy"})
"""What comes joined by commas."""

_ATTRIBUTES: Final = {
    Level.PATIENT: ("patients",),
    Level.STUDY: ("studies",),
    Level.SERIES: ("studies", "series"),
    Level.IMAGE: ("studies", "series", "images"),
}


def rows_sql(query: ArchiveQuery) -> tuple[str, str, list[Any]]:
    """Give what is selected of each row, FROM and WHERE, and the parameters; columns `id`, `a0`..., then computed."""
    patient = "patients.id" if query.level is Level.PATIENT else "studies.patient"
    columns = [f"{TABLES[query.level]}.id AS id"]
    columns += [f"{table}.attributes AS a{number}" for number, table in enumerate(_ATTRIBUTES[query.level])]
    columns += [f"{_COMPUTED[name].format(patient=patient)} AS {name}" for name in sorted(query.computed - {_PLACE})]
    columns.append(f"{place_sql(query)} AS {_PLACE}")
    source, parameters = source_sql(query)
    return ", ".join(columns), source, parameters


def source_sql(query: ArchiveQuery, level: Level | None = None) -> tuple[str, list[Any]]:
    """Give FROM and WHERE for the rows of a query's level, or of another one at or below it."""
    target = level or query.level
    wanted = [_condition(target, *item) for item in query.conditions.items()]
    # A word has no case and no accents, as the text that holds it.
    wanted += [("instr(studies.search_text, ?) > 0", [word]) for word in fold(query.text).split()]
    where = " AND ".join(sql for sql, _ in wanted) or "TRUE"
    return f"{_SOURCES[target]} WHERE {where}", [value for _, values in wanted for value in values]


def place_sql(query: ArchiveQuery) -> str:
    """Give what says where a row stands in the order of a query, as one text."""
    number = f"{TABLES[query.level]}.id"
    return f"{number} || '{_MARK}' || {_COLUMNS[query.order]}" if query.order else f"'' || {number}"


def order_sql(query: ArchiveQuery, after: str) -> tuple[str, list[Any], str]:
    """Give the condition that rows follow a place, its parameters, and ORDER BY; raises ValueError for no place."""
    number = f"{TABLES[query.level]}.id"
    compare, way = ("<", "DESC") if query.is_newest_first else (">", "ASC")
    column = _COLUMNS[query.order] if query.order else ""
    order = f"{column} {way}, {number} {way}" if column else f"{number} {way}"
    if not after:
        return "TRUE", [], order
    row, mark, value = after.partition(_MARK)
    if not (row.isascii() and row.isdigit()) or len(row) > _LONGEST_NUMBER or bool(mark) != bool(column):
        raise ValueError("the place to go on from is none of this list")
    if column:
        return f"({column}, {number}) {compare} (?, ?)", [value, int(row)], order
    return f"{number} {compare} ?", [int(row)], order


def _condition(level: Level, keyword: str, condition: Condition) -> tuple[str, list[str]]:
    if keyword == "ModalitiesInStudy":
        inner, values = _comparison("m.modality", condition)
        return f"studies.id IN (SELECT m.study_id FROM series AS m WHERE {inner})", values  # noqa: S608 - our own text
    column = _PATIENT_COLUMNS[keyword] if level is Level.PATIENT else _COLUMNS[keyword]
    return _comparison(column, condition)


def _comparison(column: str, condition: Condition) -> tuple[str, list[str]]:
    parts, values = [], [*condition.values]
    if condition.values:
        parts.append(f"{column} IN ({', '.join('?' for _ in condition.values)})")
    for pattern in condition.patterns:
        # What is not known matches no pattern but the universal one, which is no condition.
        parts.append(f"({column} <> '' AND {column} GLOB ?)")
        values.append(pattern.replace("[", "[[]"))
    if condition.between:
        parts.append(f"({column} <> '' AND {column} BETWEEN ? AND ?)")
        values += condition.between
    return f"({' OR '.join(parts)})", values
