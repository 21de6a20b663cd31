"""What an image says of one of its frames: of itself, of all frames, of this frame (PS3.3 C.7.6.16)."""

from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

_MACROS: Final = {
    "PixelValueTransformationSequence": ("RescaleSlope", "RescaleIntercept", "RescaleType"),
    "FrameVOILUTSequence": ("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction"),
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness", "SpacingBetweenSlices"),
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
}
"""Functional group macro → what may also stand in an image without functional groups."""

KEYWORDS: Final = (
    "ModalityLUTSequence",
    "VOILUTSequence",
    *(keyword for keywords in _MACROS.values() for keyword in keywords),
)
"""All that `attributes_of` gives."""

_MOST_NUMBERS: Final = 64


def attributes_of(dataset: Dataset, index: int) -> Dataset:
    """Give what applies to a frame, counted from 0: of what is said several times, what is said closest to it."""
    found = Dataset()
    found.file_meta = dataset.file_meta  # says how a table of words is to be read
    for keyword in KEYWORDS:
        if keyword in dataset:
            found[keyword] = dataset[keyword]
    for macro, item in _items(dataset, index):
        for keyword in _MACROS[macro]:
            if keyword in item:
                found[keyword] = item[keyword]
    return found


def number_in(value: Any, place: int = 0) -> float | None:
    """Give a number of a value, counted from 0; None where there is none, or none that is finite."""
    found = numbers_in(value)
    return found[place] if place < len(found) else None


def numbers_in(value: Any) -> list[float]:
    """Give the numbers of a value, at most a few dozen; up to the first that is none."""
    parts = value if isinstance(value, MultiValue | list | tuple) else [value]
    found: list[float] = []
    for part in parts[:_MOST_NUMBERS]:
        try:
            number = float(part)
        except (TypeError, ValueError):
            break
        if not isfinite(number):
            break
        found.append(number)
    return found


def _items(dataset: Dataset, index: int) -> Iterator[tuple[str, Dataset]]:
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    each = dataset.get("PerFrameFunctionalGroupsSequence") or []
    for groups in (*shared[:1], *each[index : index + 1]):
        for macro in _MACROS:
            for item in (groups.get(macro) or [])[:1]:
                yield macro, item
