"""What was asked of an item, encoded (PS3.4 K.4.1.1.3, PS3.5 §7)."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from dicomfabd.dimse.keys import SPECIFIC_CHARACTER_SET, Key, vr_of
from dicomfabd.dimse.structure import LONG_VRS
from dicomfabd.worklist.charsets import can_say, choose, say, transliterate
from dicomfabd.worklist.items import Item

# Whose texts the character set rules; others are of the default repertoire (PS3.5 §6.1.2.3).
_RULED: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
_IMPLICIT: Final = struct.Struct("<HHI")
_SHORT: Final = struct.Struct("<HH2sH")
_LONG: Final = struct.Struct("<HH2sHI")
_NUMBER: Final = struct.Struct("<H")


@dataclass(frozen=True, slots=True)
class Encoded:
    """An encoded answer.

    Attributes:
        is_complete: False when an attribute that was asked for is not known here (status FF01).
        is_exact: False when something had to be said in other letters.
    """

    data: bytes
    is_complete: bool
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Projection:
    """What was asked of an item, by tag, and whether all of it is known."""

    values: Item
    is_complete: bool


def project(keys: Iterable[Key], item: Item) -> Projection:
    """Give what was asked of an item: "" where it has no value, nothing where it is not known (K.4.1.1.3.2)."""
    values: dict[int, str | tuple[Item, ...]] = {}
    is_complete = True
    for key in keys:
        value = item.get(key.tag)
        if value is None:
            is_complete = False
        elif key.keys is not None and isinstance(value, tuple):
            parts = [project(key.keys, inner) for inner in value]
            is_complete = is_complete and all(part.is_complete for part in parts)
            values[key.tag] = tuple(part.values for part in parts)
        else:
            values[key.tag] = value
    return Projection(values, is_complete)


def encode_answer(
    keys: Iterable[Key], item: Item, *, is_implicit: bool, asked_set: str = "", forced_set: str = ""
) -> Encoded:
    """Give an answer.

    Args:
        keys: What was asked for.
        item: The item that matches.
        is_implicit: Implicit VR little endian; explicit otherwise.
        asked_set: See `charsets.choose`.
        forced_set: Likewise.
    """
    projection = project(keys, item)
    texts = list(_ruled_texts(projection.values))
    character_set = choose(texts, asked_set, forced_set)
    is_exact = can_say(texts, character_set)
    encoder = _Encoder(is_implicit, character_set, is_exact)
    return Encoded(encoder.answer(projection.values), projection.is_complete, is_exact)


class _Encoder:
    """Writes data sets in one transfer syntax and one character set."""

    def __init__(self, is_implicit: bool, character_set: str, is_exact: bool) -> None:
        self._is_implicit = is_implicit
        self._character_set = character_set
        self._is_exact = is_exact

    def answer(self, values: Item) -> bytes:
        encoded = self._data_set(values)
        if not self._character_set:
            return encoded
        # No attribute of ours has a lower tag.
        head = self._element(SPECIFIC_CHARACTER_SET, "CS", self._character_set.encode("ascii"))
        return b"".join(head) + encoded

    def _data_set(self, values: Item) -> bytes:
        parts: list[bytes] = []
        for tag in sorted(values):
            value = values[tag]
            if isinstance(value, str):
                vr = vr_of(tag)
                encoded = value.encode() if value.isascii() and vr != "US" else self._value(vr, value)
                parts += self._element(tag, vr, encoded)
            else:
                parts += self._element(tag, "SQ", b"".join([self._item(inner) for inner in value]))
        return b"".join(parts)

    def _item(self, values: Item) -> bytes:
        encoded = self._data_set(values)
        return _IMPLICIT.pack(0xFFFE, 0xE000, len(encoded)) + encoded

    def _element(self, tag: int, vr: str, value: bytes) -> tuple[bytes, bytes, bytes]:
        length = len(value)
        padding = b"" if not length % 2 else b"\0" if vr == "UI" else b" "
        return _head(tag, vr, length + len(padding), self._is_implicit), value, padding

    def _value(self, vr: str, value: str) -> bytes:
        if vr == "US":
            return _NUMBER.pack(int(value)) if value else b""
        if vr not in _RULED:
            return transliterate(vr, value, "").encode("ascii")
        return say(value if self._is_exact else transliterate(vr, value, self._character_set), self._character_set)


@lru_cache(maxsize=16_384)
def _head(tag: int, vr: str, length: int, is_implicit: bool) -> bytes:
    """Give what stands before a value (PS3.5 §7.1)."""
    if is_implicit:
        return _IMPLICIT.pack(tag >> 16, tag & 0xFFFF, length)
    code = vr.encode("ascii")
    if code in LONG_VRS:
        return _LONG.pack(tag >> 16, tag & 0xFFFF, code, 0, length)
    return _SHORT.pack(tag >> 16, tag & 0xFFFF, code, length)


def _ruled_texts(values: Item) -> Iterator[str]:
    for tag, value in values.items():
        if not isinstance(value, str):
            for inner in value:
                yield from _ruled_texts(inner)
        elif value and vr_of(tag) in _RULED:
            yield value
