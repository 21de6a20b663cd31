"""Worklist items as rows of a table."""

from collections.abc import Mapping
from typing import Any, Final

MOST_COUNTED: Final = 10_000
"""More items are not counted for a page."""

_STEP: Final = "00400100"

DicomJson = Mapping[str, Any]


def row(item: DicomJson) -> dict[str, str]:
    """Give what a table shows of an item in the DICOM JSON Model (PS3.18 Annex F)."""
    step = _first(item, _STEP)
    day, time = _text(step, "00400002"), _text(step, "00400003")
    return {
        "accession_number": _text(item, "00080050"),
        "patient_name": _name(item, "00100010"),
        "patient_id": _text(item, "00100020"),
        "birth_date": _text(item, "00100030"),
        "sex": _text(item, "00100040"),
        "procedure": _text(item, "00321060"),
        "requested_procedure_id": _text(item, "00401001"),
        "study_instance_uid": _text(item, "0020000D"),
        "step_id": _text(step, "00400009"),
        "step": _text(step, "00400007"),
        "modality": _text(step, "00080060"),
        "stations": _text(step, "00400001"),
        "station_name": _text(step, "00400010"),
        "location": _text(step, "00400011"),
        "start": f"{day[:4]}-{day[4:6]}-{day[6:8]} {time[:2]}:{time[2:4]}" if len(day) == 8 else day,
        "status": _text(step, "00400020"),
    }


def _first(item: DicomJson, tag: str) -> DicomJson:
    values = item.get(tag, {}).get("Value") or [{}]
    return values[0] or {}


def _text(item: DicomJson, tag: str) -> str:
    return ", ".join(str(value) for value in item.get(tag, {}).get("Value") or () if value is not None)


def _name(item: DicomJson, tag: str) -> str:
    return str(_first(item, tag).get("Alphabetic", ""))
