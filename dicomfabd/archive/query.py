"""Identifiers of C-FIND and QIDO-RS → rows of the index that match, as data sets (PS3.4 C.2.2.2, C.4.1)."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from math import isfinite
from typing import Final

from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomfabd.archive.keywords import LEVELS, known_at, levels_above
from dicomfabd.dimse.matching import MalformedKey, fold_groups, is_universal, range_of
from dicomfabd.dimse.query import item_matches, keys_of, text_at, text_of
from dicomfabd.store.archive_interface import (
    COMPUTED,
    INDEXED,
    ArchiveIndex,
    ArchiveQuery,
    Attributes,
    Condition,
    Level,
)

MOST_VALUES: Final = 10_000
"""Of one key: a study's worth of UIDs."""

_INTEGERS: Final = {"US": (0, 0xFFFF), "IS": (-(2**31), 2**31 - 1)}
_LONGEST_NUMBER: Final = 16  # PS3.5 Table 6.2-1: DS


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for.

    Attributes:
        keys: Matching keys and wanted attributes.
        ae_title: What answers say of where to retrieve.
        skipped: Matches to leave out at the beginning.
        most: Most matches; None is all.
    """

    level: Level
    keys: Dataset
    ae_title: str
    skipped: int = 0
    most: int | None = None


def search(index: ArchiveIndex, wanted: Search) -> Iterator[Dataset]:
    """Give what matches, with the attributes that were asked for and we know.

    Raises:
        MalformedKey: A key is not of its value representation.
    """
    names = frozenset(key.keyword for key in keys_of(wanted.keys)) & known_at(wanted.level)
    conditions = conditions_of(wanted.level, wanted.keys)
    done = frozenset(conditions)
    computed = frozenset().union(*(COMPUTED[level] for level in (*levels_above(wanted.level), wanted.level))) & names
    if all(_is_settled(key, names, done) for key in keys_of(wanted.keys)):
        rows = index.find(ArchiveQuery(wanted.level, conditions, computed, limit=wanted.most, offset=wanted.skipped))
        for row in rows:
            yield item_of(row, names, wanted.ae_title)
        return
    rows = index.find(ArchiveQuery(wanted.level, conditions, computed))
    items = (item_of(row, names, wanted.ae_title) for row in rows)
    found = (item for item in items if item_matches(wanted.keys, item, skip=done))
    yield from islice(found, wanted.skipped, None if wanted.most is None else wanted.skipped + wanted.most)


def conditions_of(level: Level, keys: Dataset) -> dict[str, Condition]:
    """Give what the index can look for by itself; raises MalformedKey."""
    conditions = {}
    for name in frozenset().union(*(INDEXED[one] for one in LEVELS if one in (*levels_above(level), level))):
        text = text_at(keys, name)
        condition = None if is_universal(text) else _condition(name, text)
        if condition:
            conditions[name] = condition
    return conditions


def item_of(row: Attributes, names: frozenset[str], ae_title: str) -> Dataset:
    """Give some attributes of a row as a data set."""
    item = Dataset()
    for name in names:
        if name in row:
            item.add(element_of(name, row[name]))
    item.RetrieveAETitle = ae_title
    item.InstanceAvailability = "ONLINE"
    return item


def _is_settled(key: DataElement, names: frozenset[str], done: frozenset[str]) -> bool:
    """Tell whether a key needs no look at the item: it asks for everything, or the index has seen to it."""
    if key.VR == "SQ":
        return key.keyword not in names or not key.value
    return key.keyword not in names or key.keyword in done or is_universal(text_of(key))


def _condition(name: str, text: str) -> Condition | None:
    values = [part.strip() for part in text.split("\\") if part.strip()]
    if len(values) > MOST_VALUES:
        raise MalformedKey(f"{name} has more than {MOST_VALUES} values")
    if name == "StudyDate":
        return Condition(between=range_of("DA", values[0])) if len(values) == 1 else None
    if name.endswith("UID"):
        return Condition(values=tuple(values))
    if name == "PatientName":
        # Its component groups may match by themselves, wherever they stand.
        ends = [(front, back) for front in ("", "*=") for back in ("", "=*")]
        return Condition(
            patterns=tuple(f"{front}{fold_groups(value)}{back}" for value in values for front, back in ends)
        )
    exact = tuple(value for value in values if not set(value) & set("*?"))
    return Condition(exact, tuple(value for value in values if value not in exact))


def element_of(name: str, text: str) -> DataElement:
    """Give an attribute with a value as the index keeps it, or as a person writes it."""
    vr = _vr(name)
    if vr == "SQ":
        items = [_sequence_item(item) for item in json.loads(text)] if text else []
        return DataElement(name, vr, Sequence(items))
    # What others sent is given back as it came, valid or not.
    return DataElement(name, vr, _value(vr, text), validation_mode=IGNORE)


def _sequence_item(values: Attributes) -> Dataset:
    item = Dataset()
    for name, text in values.items():
        item.add(element_of(name, text))
    return item


def _value(vr: str, text: str) -> list[str] | list[int] | str | int | None:
    """Give a value as pydicom takes it; a number that is none, or none of its representation, is no value."""
    parts = text.split("\\") if text else []
    if vr in _INTEGERS:
        numbers = [number for part in parts if (number := _integer(part, *_INTEGERS[vr])) is not None]
        return numbers if len(numbers) > 1 else next(iter(numbers), None)
    if vr == "DS":
        parts = [part for part in parts if _is_decimal(part)]
    return parts if len(parts) > 1 else next(iter(parts), None)


def _integer(text: str, lowest: int, highest: int) -> int | None:
    if re.fullmatch(r"[+-]?[0-9]{1,12}", text) is None:
        return None
    number = int(text)
    return number if lowest <= number <= highest else None


def _is_decimal(text: str) -> bool:
    try:
        return len(text) <= _LONGEST_NUMBER and isfinite(float(text))
    except ValueError:
        return False


@lru_cache(maxsize=512)
def _vr(name: str) -> str:
    return dictionary_VR(name)
