"""Every element of a file, for people to read: bounded in depth, number and length."""

from collections.abc import Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from pydicom import dcmread
from pydicom.datadict import dictionary_description, dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.uid import UID

from dicomfabd.domain.errors import Permanent

MOST_ELEMENTS: Final = 10_000
DEEPEST: Final = 16
LONGEST_VALUE: Final = 1024

_LARGEST_READ: Final = 1 << 16
_UNDEFINED: Final = 0xFFFFFFFF
_BYTES_SHOWN: Final = 32
_BINARY: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})


def elements_of(path: Path) -> Mapping[str, Any]:
    """Give the elements of a file as a tree: `elements`, how many there are in it, and whether some were left out.

    An element has tag, keyword, name, VR, length of its value in bytes where it says one, and either `value` (text,
    cut where it is long, null where it is too long to read) or `items`, each a list of elements.

    Raises:
        Permanent: It cannot be read.
        OSError: The file is gone.
    """
    try:
        # What is longer is named and not read; pixel data above all.
        dataset = dcmread(path, defer_size=_LARGEST_READ)
        reader = _Reader()
        found = [*reader.read(dataset.file_meta, 0), *reader.read(dataset, 0)]
    except OSError:
        raise
    except Exception as error:  # pydicom raises many types, RecursionError among them, for what is none
        raise Permanent("the elements of the instance cannot be read") from error
    return {"elements": found, "count": reader.count, "is_cut": reader.is_cut}


class _Reader:
    """Counts what it gives."""

    def __init__(self) -> None:
        self.count = 0
        self.is_cut = False

    def read(self, dataset: Dataset, depth: int) -> Iterator[Mapping[str, Any]]:
        # Looked up one by one, even what was left on disk would be read.
        for tag, raw in sorted(dataset.items(), key=itemgetter(0)):
            if self.count >= MOST_ELEMENTS:
                self.is_cut = True
                return
            self.count += 1
            length = raw.length if isinstance(raw, RawDataElement) and raw.length != _UNDEFINED else None
            said = _named(tag, raw.VR) | {"length": length}
            if length and raw.value is None:
                yield said | {"value": None}
                continue
            try:
                yield said | self._element(dataset[tag], depth)
            except Exception:  # pydicom raises many types for values that are none; the others are given
                yield said | {"value": None, "problem": "the value is none of its representation"}

    def _element(self, element: DataElement, depth: int) -> dict[str, Any]:
        said = {"name": element.name, "vr": str(element.VR)}
        if element.VR != "SQ":
            return said | _value(element)
        if depth >= DEEPEST:
            self.is_cut = True
            return said | {"items": []}
        return said | {"items": [list(self.read(item, depth + 1)) for item in element.value]}


def _named(tag: BaseTag, vr: str | None) -> dict[str, Any]:
    is_known = dictionary_has_tag(tag)
    return {
        "tag": f"{tag.group:04X},{tag.element:04X}",
        "keyword": keyword_for_tag(tag),
        "name": dictionary_description(tag) if is_known else "",
        "vr": vr or (dictionary_VR(tag) if is_known else "UN"),
    }


def _value(element: DataElement) -> dict[str, Any]:
    value = element.value
    if isinstance(value, bytes) and element.VR in _BINARY:
        shown = value[:_BYTES_SHOWN].hex(" ")
        return {"value": f"{shown} …" if len(value) > _BYTES_SHOWN else shown, "length": len(value)}
    if value is None:
        return {"value": ""}
    parts = [value] if isinstance(value, str | bytes) or not hasattr(value, "__iter__") else value
    # Of a table with thousands of numbers only as many are written as are shown.
    text = "\\".join(str(part) for part in list(parts)[:LONGEST_VALUE])
    if element.VR == "PN":
        text = str(value)
    said = {"value": text[:LONGEST_VALUE], "is_cut": True} if len(text) > LONGEST_VALUE else {"value": text}
    if element.VR == "UI" and (name := UID(text).name) != text:
        said["meaning"] = name
    return said
