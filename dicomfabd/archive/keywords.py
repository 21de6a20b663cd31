"""What the index keeps of each level, and how it reads it off an instance (PS3.4 C.6.1.1, PS3.18 §10.6.3)."""

import json
from collections.abc import Mapping
from typing import Final

from pydicom.dataset import Dataset

from dicomfabd.dimse.query import text_at
from dicomfabd.store.archive_interface import COMPUTED, Level

KEYWORDS: Final[Mapping[Level, tuple[str, ...]]] = {
    Level.PATIENT: (
        "PatientName",
        "PatientID",
        "IssuerOfPatientID",
        "PatientBirthDate",
        "PatientSex",
    ),
    Level.STUDY: (
        "StudyInstanceUID",
        "StudyDate",
        "StudyTime",
        "StudyID",
        "StudyDescription",
        "AccessionNumber",
        "ReferringPhysicianName",
        "NameOfPhysiciansReadingStudy",
        "AdmittingDiagnosesDescription",
        "PatientAge",
        "PatientSize",
        "PatientWeight",
        "InstitutionName",
    ),
    Level.SERIES: (
        "SeriesInstanceUID",
        "SeriesNumber",
        "SeriesDescription",
        "SeriesDate",
        "SeriesTime",
        "Modality",
        "Manufacturer",
        "ManufacturerModelName",
        "BodyPartExamined",
        "Laterality",
        "ProtocolName",
        "StationName",
        "PerformedProcedureStepID",
        "PerformedProcedureStepStartDate",
        "PerformedProcedureStepStartTime",
        "RequestAttributesSequence",
    ),
    Level.IMAGE: (
        "SOPInstanceUID",
        "SOPClassUID",
        "InstanceNumber",
        "ImageType",
        "Rows",
        "Columns",
        "BitsAllocated",
        "NumberOfFrames",
        "AcquisitionNumber",
        "ContentDate",
        "ContentTime",
        "PresentationIntentType",
        "DocumentTitle",
    ),
}
"""Level → attributes; the unique key of a level comes first, but for the patient's."""

LEVELS: Final = tuple(Level)

_IN_SEQUENCES: Final = {"RequestAttributesSequence": ("RequestedProcedureID", "ScheduledProcedureStepID")}
_MOST_ITEMS: Final = 16  # of a sequence; a group of requests has a few


def levels_above(level: Level) -> tuple[Level, ...]:
    """Give the levels above one, outermost first."""
    return LEVELS[: LEVELS.index(level)]


def known_at(level: Level) -> frozenset[str]:
    """Give every attribute a row of a level may have: its own, those above, and what the index computes."""
    levels = (*levels_above(level), level)
    return frozenset(name for one in levels for name in (*KEYWORDS[one], *COMPUTED[one]))


def values_of(attributes: Dataset, level: Level) -> dict[str, str]:
    """Give what the index keeps of an instance at a level; an empty text for what it does not say."""
    return {keyword: _value(attributes, keyword) for keyword in KEYWORDS[level]}


def _value(attributes: Dataset, keyword: str) -> str:
    try:
        if keyword not in _IN_SEQUENCES:
            return text_at(attributes, keyword)
        items = [
            {name: text_at(item, name) for name in _IN_SEQUENCES[keyword] if name in item}
            for item in attributes.get(keyword, ())[:_MOST_ITEMS]
        ]
    except Exception:  # pydicom raises many types for a value that is not of its representation
        return ""
    return json.dumps(items) if items else ""
