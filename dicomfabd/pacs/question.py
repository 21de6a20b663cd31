"""What may be asked of a PACS: levels, filters and columns (PS3.4 C.6). Pure; nothing is sent from here."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from dicomfabd.domain.errors import Fault

MOST_ROWS: Final = 1000
LONGEST_PERIOD_DAYS: Final = 36500
_LONGEST_VALUE: Final = 194  # three component groups of a PN and what is between them (PS3.5 §6.2)
_PERIOD: Final = re.compile(r"(\d{8})?(-)?(\d{8})?")
_UID: Final = re.compile(r"\d[\d.]{0,63}")
_MODALITY: Final = re.compile(r"[A-Z0-9*?]{1,16}")


class Level(StrEnum):
    """What a row stands for."""

    PATIENT = "patient"
    STUDY = "study"
    SERIES = "series"
    IMAGE = "image"


_PATIENT: Final = {
    "patient_name": "PatientName",
    "patient_id": "PatientID",
    "issuer_of_patient_id": "IssuerOfPatientID",
    "patient_birth_date": "PatientBirthDate",
    "patient_sex": "PatientSex",
}
COLUMNS: Final[Mapping[Level, Mapping[str, str]]] = MappingProxyType(
    {
        Level.PATIENT: _PATIENT
        | {
            "number_of_patient_related_studies": "NumberOfPatientRelatedStudies",
            "number_of_patient_related_series": "NumberOfPatientRelatedSeries",
            "number_of_patient_related_instances": "NumberOfPatientRelatedInstances",
        },
        Level.STUDY: _PATIENT
        | {
            "accession_number": "AccessionNumber",
            "study_date": "StudyDate",
            "study_time": "StudyTime",
            "study_description": "StudyDescription",
            "modalities_in_study": "ModalitiesInStudy",
            "referring_physician_name": "ReferringPhysicianName",
            "study_id": "StudyID",
            "number_of_study_related_series": "NumberOfStudyRelatedSeries",
            "number_of_study_related_instances": "NumberOfStudyRelatedInstances",
            "study_instance_uid": "StudyInstanceUID",
        },
        Level.SERIES: {
            "modality": "Modality",
            "series_number": "SeriesNumber",
            "series_description": "SeriesDescription",
            "series_date": "SeriesDate",
            "series_time": "SeriesTime",
            "body_part_examined": "BodyPartExamined",
            "number_of_series_related_instances": "NumberOfSeriesRelatedInstances",
            "series_instance_uid": "SeriesInstanceUID",
            "study_instance_uid": "StudyInstanceUID",
        },
        Level.IMAGE: {
            "instance_number": "InstanceNumber",
            "content_date": "ContentDate",
            "content_time": "ContentTime",
            "number_of_frames": "NumberOfFrames",
            "sop_class_uid": "SOPClassUID",
            "sop_instance_uid": "SOPInstanceUID",
            "series_instance_uid": "SeriesInstanceUID",
            "study_instance_uid": "StudyInstanceUID",
        },
    }
)
"""Name of a column → keyword, in the order they are shown; the header of a table is fixed by its level."""

FILTERS: Final[Mapping[str, frozenset[Level]]] = MappingProxyType(
    {
        "patient_name": frozenset({Level.PATIENT, Level.STUDY}),
        "patient_id": frozenset(Level),
        "accession": frozenset({Level.STUDY}),
        "study_description": frozenset({Level.STUDY}),
        "date": frozenset({Level.STUDY}),
        "days": frozenset({Level.STUDY}),
        "modality": frozenset({Level.STUDY, Level.SERIES}),
        "study_uid": frozenset({Level.STUDY, Level.SERIES, Level.IMAGE}),
        "series_uid": frozenset({Level.SERIES, Level.IMAGE}),
    }
)
"""Name of a filter → the levels at which a PACS has to understand it."""

_KEYWORDS: Final = {
    "patient_name": "PatientName",
    "patient_id": "PatientID",
    "accession": "AccessionNumber",
    "study_description": "StudyDescription",
    "date": "StudyDate",
    "study_uid": "StudyInstanceUID",
    "series_uid": "SeriesInstanceUID",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One query, the same for every PACS.

    Attributes:
        level: What a row stands for.
        keys: Keyword → value to match; exact unless it holds * or ?.
        most: Most rows of one PACS.
        root: The information model that is preferred; the other one is used where a PACS has only that.
    """

    level: Level
    keys: Mapping[str, str] = field(default_factory=dict)
    most: int = 100
    root: str = "study"

    @property
    def columns(self) -> Mapping[str, str]:
        """Name of a column → keyword."""
        return COLUMNS[self.level]


class BadQuestion(ValueError):  # noqa: N818 - it is the caller's error, not ours
    """It cannot be asked; every fault found is listed."""

    def __init__(self, *faults: Fault) -> None:
        """Collect at least one fault."""
        super().__init__("; ".join(f"{fault.location}: {fault.text}. {fault.hint}".rstrip() for fault in faults))
        self.faults = faults


def build_question(
    level: Level, filters: Mapping[str, str], today: date, most: int = 100, root: str = "study"
) -> Question:
    """Give the question for what a person typed.

    Args:
        level: What a row stands for.
        filters: Names of `FILTERS` → value; empty values ask nothing.
        today: For `days`.
        most: Most rows of one PACS, 1 to `MOST_ROWS`.
        root: `study` or `patient`; levels of patients are asked in the patient root.

    Raises:
        BadQuestion: A filter has no meaning at the level, a value is malformed, or a level above is not named.
    """
    wanted = {name: value for name, value in filters.items() if value}
    faults = [fault for name, value in wanted.items() for fault in _faults(name, value, level)]
    faults += _missing(wanted, level)
    if not 1 <= most <= MOST_ROWS:
        faults.append(Fault(102, "max", "is not a number of rows", f"Use 1 to {MOST_ROWS}."))
    if "date" in wanted and "days" in wanted:
        faults.append(Fault(102, "days", "says something else than date", "Use one of them."))
    if faults:
        raise BadQuestion(*faults)
    keys = {_KEYWORDS[name]: value for name, value in wanted.items() if name in _KEYWORDS}
    if "days" in wanted:
        keys["StudyDate"] = f"{today - timedelta(int(wanted['days'])):%Y%m%d}-{today:%Y%m%d}"
    if "modality" in wanted:
        keys["ModalitiesInStudy" if level is Level.STUDY else "Modality"] = wanted["modality"]
    return Question(level, keys, most, "patient" if level is Level.PATIENT else root)


def is_uid(value: str) -> bool:
    """Tell whether a PACS may know an object by this; many know UIDs the standard does not allow."""
    return _UID.fullmatch(value) is not None and value.isascii()


def _faults(name: str, value: str, level: Level) -> Iterator[Fault]:
    if name not in FILTERS:
        yield Fault(102, name, "is not a filter", f"Use one of: {', '.join(FILTERS)}.")
        return
    if level not in FILTERS[name]:
        fitting = ", ".join(sorted(FILTERS[name]))
        yield Fault(102, name, f"is not asked for at {level} level", f"Use it at: {fitting}.")
    check, hint = _CHECKS.get(name, (_is_text, "Use up to 194 printable characters without backslash."))
    if not check(value):
        yield Fault(102, name, "is malformed", hint)


def _missing(wanted: Mapping[str, str], level: Level) -> Iterator[Fault]:
    """Name the levels above that a hierarchical query has to give (PS3.4 C.4.1.1.3.1)."""
    needed = {Level.SERIES: ("study_uid",), Level.IMAGE: ("study_uid", "series_uid")}.get(level, ())
    for name in needed:
        if name not in wanted:
            above = "study" if name == "study_uid" else "series"
            yield Fault(101, name, f"is needed at {level} level", f"Ask at {above} level first.")


def _is_text(value: str) -> bool:
    return len(value) <= _LONGEST_VALUE and value.isprintable() and "\\" not in value


def _is_period(value: str) -> bool:
    found = _PERIOD.fullmatch(value)
    # Two days need a dash between them, one day may have one on either side.
    return bool(found and value.strip("-") and len(value) != 16 and all(map(_is_day, found.group(1, 3))))


def _is_day(text: str | None) -> bool:
    if text is None:
        return True
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def _is_number_of_days(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 6 and int(value) <= LONGEST_PERIOD_DAYS


_CHECKS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = MappingProxyType(
    {
        "date": (_is_period, "Use YYYYMMDD, YYYYMMDD-YYYYMMDD, YYYYMMDD- or -YYYYMMDD."),
        "days": (_is_number_of_days, f"Use a whole number, 0 (today) to {LONGEST_PERIOD_DAYS}."),
        "modality": (lambda value: bool(_MODALITY.fullmatch(value)), "Use one such as CT."),
        "study_uid": (is_uid, "Use a UID."),
        "series_uid": (is_uid, "Use a UID."),
    }
)
