"""Archived studies as JSON, and how people look for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dicomfabd.dimse.matching import fold_groups, is_universal
from dicomfabd.store.archive_interface import COMPUTED, ArchiveQuery, Attributes, Condition, Level
from dicomfabd.store.interface import OrderBook, OrderQuery
from dicomfabd.web.api.orders import moment

STUDIES: Final = "/api/v1/archive/studies"
SORTS: Final[Mapping[str, tuple[str, bool]]] = {
    "": ("", True),
    "-received": ("", True),
    "received": ("", False),
    "-date": ("StudyDate", True),
    "date": ("StudyDate", False),
    "patient": ("PatientName", False),
    "-patient": ("PatientName", True),
    "patient_id": ("PatientID", False),
    "-patient_id": ("PatientID", True),
    "accession": ("AccessionNumber", False),
    "-accession": ("AccessionNumber", True),
}
"""Order of a list → attribute it is by, and whether backwards."""

# The classes of all images of a study would be looked at only to be left out.
_SHOWN: Final = COMPUTED[Level.STUDY] - {"SOPClassesInStudy"}
_FIRST_DAY, _LAST_DAY = "00000000", "99999999"


@dataclass(frozen=True, slots=True)
class StudyFilter:
    """Which studies a person wants to see; `*` and `?` are wildcards, empty is any, days are YYYY-MM-DD or YYYYMMDD.

    Attributes:
        text: Words that each stand in patient, accession number or description.
        sort: Key of `SORTS`.
    """

    patient_id: str = ""
    patient_name: str = ""
    accession: str = ""
    modality: str = ""
    first_day: str = ""
    last_day: str = ""
    text: str = ""
    sort: str = ""

    def query(self, limit: int, offset: int = 0, after: str = "") -> ArchiveQuery:
        """Give the query, newest first; one row more than wanted says whether there are more."""
        texts = {"PatientID": self.patient_id, "AccessionNumber": self.accession, "ModalitiesInStudy": self.modality}
        conditions = {name: _matching(text) for name, text in texts.items() if not is_universal(text)}
        if not is_universal(self.patient_name):
            # A person types the beginning of a name, of whatever component group.
            name = fold_groups(self.patient_name)
            conditions["PatientName"] = Condition(patterns=(f"{name}*", f"*={name}*"))
        if self.first_day or self.last_day:
            days = (self.first_day.replace("-", "") or _FIRST_DAY, self.last_day.replace("-", "") or _LAST_DAY)
            conditions["StudyDate"] = Condition(between=days)
        order, is_backwards = SORTS[self.sort]
        return ArchiveQuery(
            Level.STUDY,
            conditions,
            _SHOWN,
            text=self.text,
            order=order,
            is_newest_first=is_backwards,
            after=after,
            limit=limit + 1,
            offset=offset,
        )


def series_of(study_instance_uid: str) -> ArchiveQuery:
    """Give the query for the series of a study."""
    wanted = {"StudyInstanceUID": Condition(values=(study_instance_uid,))}
    return ArchiveQuery(Level.SERIES, wanted, COMPUTED[Level.SERIES])


def studies_of(patient_id: str, most: int) -> ArchiveQuery:
    """Give the query for the studies of a patient, newest first."""
    wanted = {"PatientID": Condition(values=(patient_id,))}
    return ArchiveQuery(Level.STUDY, wanted, COMPUTED[Level.STUDY], True, most, 0)


def one_study(study_instance_uid: str) -> ArchiveQuery:
    """Give the query for a study with all that is known of it."""
    wanted = {"StudyInstanceUID": Condition(values=(study_instance_uid,))}
    return ArchiveQuery(Level.STUDY, wanted, COMPUTED[Level.STUDY])


def study_summary(row: Attributes) -> dict[str, Any]:
    """Give what a list shows of a study."""
    here = f"{STUDIES}/{row['StudyInstanceUID']}"
    return {
        "study_instance_uid": row["StudyInstanceUID"],
        "patient_id": row["PatientID"],
        "patient_name": row["PatientName"],
        "accession_number": row["AccessionNumber"],
        "study_date": row["StudyDate"],
        "study_time": row.get("StudyTime", ""),
        "description": row.get("StudyDescription", ""),
        "modalities": row["ModalitiesInStudy"].split("\\"),
        "birth_date": row.get("PatientBirthDate", ""),
        "sex": row.get("PatientSex", ""),
        "series": int(row["NumberOfStudyRelatedSeries"]),
        "instances": int(row["NumberOfStudyRelatedInstances"]),
        "bytes": int(row["StudySize"] or 0),
        "received_at": moment(float(row["StudyReceivedAt"])),
        "study": here,
        "zip": f"{here}.zip",
        "page": f"/studies/{row['StudyInstanceUID']}",
        "viewer": f"/studies/{row['StudyInstanceUID']}/viewer",
    }


def series_summary(study_instance_uid: str, row: Attributes) -> dict[str, Any]:
    """Give what a study shows of a series."""
    here = f"{STUDIES}/{study_instance_uid}/series/{row['SeriesInstanceUID']}"
    return {
        "series_instance_uid": row["SeriesInstanceUID"],
        "number": row.get("SeriesNumber", ""),
        "modality": row["Modality"],
        "description": row.get("SeriesDescription", ""),
        "body_part": row.get("BodyPartExamined", ""),
        "instances": int(row["NumberOfSeriesRelatedInstances"]),
        "bytes": int(row["SeriesSize"] or 0),
        "zip": f"{here}.zip",
    }


def study_detail(study: Attributes, series: list[Attributes]) -> Mapping[str, Any]:
    """Give a study with its series."""
    uid = study["StudyInstanceUID"]
    more = {"referring_physician": study.get("ReferringPhysicianName", ""), "study_id": study.get("StudyID", "")}
    return study_summary(study) | more | {"series_list": [series_summary(uid, row) for row in series]}


def images_of(study_instance_uid: str, series_instance_uid: str, limit: int) -> ArchiveQuery:
    """Give the query for the images of a series, in the order they came."""
    wanted = {
        "StudyInstanceUID": Condition(values=(study_instance_uid,)),
        "SeriesInstanceUID": Condition(values=(series_instance_uid,)),
    }
    return ArchiveQuery(Level.IMAGE, wanted, COMPUTED[Level.IMAGE], limit=limit)


def order_finder(book: OrderBook) -> Callable[[str, str], int | None]:
    """Give what finds the order a study was made for, by its UID, else by its accession number."""

    def find(study_instance_uid: str, accession_number: str) -> int | None:
        queries = [OrderQuery(study_instance_uid=study_instance_uid, limit=1)]
        if accession_number:
            queries.append(OrderQuery(accession_number=accession_number, limit=1))
        for query in queries:
            for stored in book.find(query):
                return stored.order_id
        return None

    return find


def _matching(text: str) -> Condition:
    return Condition(patterns=(text,)) if set(text) & set("*?") else Condition(values=(text,))
