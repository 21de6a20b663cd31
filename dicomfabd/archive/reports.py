"""A structured report as a tree of words (PS3.3 C.17.3)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID

from dicomfabd.domain.errors import Permanent

MOST_ITEMS: Final = 5_000
DEEPEST: Final = 16

_LONGEST: Final = 4_000
_SIMPLE: Final = {
    "TEXT": "TextValue",
    "PNAME": "PersonName",
    "DATE": "Date",
    "TIME": "Time",
    "DATETIME": "DateTime",
    "UIDREF": "UID",
}
_REFERENCES: Final = frozenset({"IMAGE", "COMPOSITE", "WAVEFORM"})


def report_in(path: Path) -> Mapping[str, Any]:
    """Give the content of a report: each item has `relationship`, `type`, `name`, `value` and `items`.

    Raises:
        LookupError: The instance is no report.
        Permanent: It cannot be read.
        OSError: The file is gone.
    """
    try:
        dataset = dcmread(path, stop_before_pixels=True)
        if "ContentSequence" not in dataset:
            raise LookupError("the instance is no report")
        return _Writer().item(dataset, 0)
    except (OSError, LookupError):
        raise
    except Exception as error:  # pydicom raises many types, RecursionError among them, for what is none
        raise Permanent("the content of the report cannot be read") from error


class _Writer:
    """Counts what it gives."""

    def __init__(self) -> None:
        self._count = 0

    def item(self, source: Dataset, depth: int) -> Mapping[str, Any]:
        self._count += 1
        below = source.get("ContentSequence") or []
        return {
            "relationship": _text(source.get("RelationshipType")),
            "type": _text(source.get("ValueType")),
            "name": _meaning(source, "ConceptNameCodeSequence"),
            "value": _value(source),
            "items": [self.item(one, depth + 1) for one in below if self._has_room(depth)],
        }

    def _has_room(self, depth: int) -> bool:
        return depth < DEEPEST and self._count < MOST_ITEMS


def _value(source: Dataset) -> str:
    kind = source.get("ValueType")
    if kind in _SIMPLE:
        return _text(source.get(_SIMPLE[kind]))
    if kind == "CODE":
        return _meaning(source, "ConceptCodeSequence")
    if kind == "NUM":
        return next((_measured(item) for item in (source.get("MeasuredValueSequence") or [])[:1]), "")
    if kind in _REFERENCES:
        return next((_reference(item) for item in (source.get("ReferencedSOPSequence") or [])[:1]), "")
    if kind in ("SCOORD", "SCOORD3D", "TCOORD"):
        return _text(source.get("GraphicType") or source.get("TemporalRangeType"))
    return ""


def _measured(item: Dataset) -> str:
    unit = next((_text(code.get("CodeValue")) for code in (item.get("MeasurementUnitsCodeSequence") or [])[:1]), "")
    return f"{_text(item.get('NumericValue'))} {'' if unit == '1' else unit}".strip()


def _reference(item: Dataset) -> str:
    return f"{UID(_text(item.get('ReferencedSOPClassUID'))).name} {_text(item.get('ReferencedSOPInstanceUID'))}"


def _meaning(source: Dataset, keyword: str) -> str:
    codes = (source.get(keyword) or [])[:1]
    return next((_text(code.get("CodeMeaning")) or _text(code.get("CodeValue")) for code in codes), "")


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:_LONGEST]
