"""C-FIND identifiers as keys: read in one pass, within limits, to the last value (PS3.4 C.2.2.2, PS3.5 §7).

For who answers thousands of queries a second; pydicom needs ten times as long for the same.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from pydicom.charset import convert_encodings, decode_bytes, python_encoding
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.uid import ImplicitVRLittleEndian

from dicomfabd.dimse.structure import LONG_VRS, VRS, MalformedDataSet

MOST_KEYS: Final = 512
DEEPEST: Final = 4
LONGEST_VALUE: Final = 4096  # bytes: 62 UIDs; matching an item takes time for each, and a pattern for each star
SPECIFIC_CHARACTER_SET: Final = 0x00080005
# How the identifier itself is to be read; never keys (C.2.2.2).
_NOT_KEYS: Final = frozenset({SPECIFIC_CHARACTER_SET, 0x00080052, 0x00080201})

_HEAD: Final = struct.Struct("<HHI")
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED: Final = 0xFFFFFFFF
_NUMBERS: Final = {"US": "<H", "SS": "<h", "UL": "<I", "SL": "<i"}
_TEXTS: Final = frozenset(
    ["AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"]
)
_ESCAPE: Final = 0x1B
_DELIMITERS: Final = set(b"\r\n\t\f\\^=")  # where the first repertoire is in force again (PS3.5 §6.1.2.5.3)
_BEGIN, _END = -1, -2  # of the keys of a sequence, in a shape


class Key(NamedTuple):
    r"""One key.

    Attributes:
        tag: Group and element, as one number.
        vr: As sent, or as the dictionary has it; `UN` where neither says.
        value: As text, several values joined by a backslash; empty for one that is universal or not a text or number.
        keys: Those of the item of a sequence; None where all of it is asked for.
    """

    tag: int
    vr: str
    value: str = ""
    keys: "tuple[Key, ...] | None" = None

    @property
    def name(self) -> str:
        """Its keyword, or the tag of one that has none."""
        return name_of(self.tag)


@dataclass(frozen=True, slots=True)
class Identifier:
    """What a C-FIND asks.

    Attributes:
        keys: By tag.
        character_set: SpecificCharacterSet as sent; also a hint at what the peer can show.
        shape: What is asked for, without values; equal for identifiers that want the same attributes back.
    """

    keys: tuple[Key, ...]
    character_set: str = ""
    shape: tuple[int, ...] = ()


def read_identifier(encoded: bytes, transfer_syntax: str) -> Identifier:
    """Read an identifier.

    Raises:
        MalformedDataSet: It is none, holds more than 512 keys or one longer than 4096 bytes, nests deeper than 4, or
            has a key sequence of more than one item.
    """
    reader = _Reader(encoded, transfer_syntax == ImplicitVRLittleEndian)
    keys = reader.read(0, len(encoded), 0)[0]
    return identifier_of(keys, reader.character_set)


def identifier_of(keys: Sequence[Key], character_set: str = "") -> Identifier:
    """Give the identifier that holds some keys."""
    ordered = tuple(sorted(keys, key=lambda key: key.tag))
    return Identifier(ordered, character_set, tuple(_shape(ordered)))


@lru_cache(maxsize=8192)
def name_of(tag: int) -> str:
    """Give the keyword of a tag, or the tag as `(gggg,eeee)`."""
    return keyword_for_tag(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


@lru_cache(maxsize=8192)
def vr_of(tag: int) -> str:
    """Give the value representation of a tag, `UN` for one that is private or not known."""
    try:
        return dictionary_VR(tag).split(" ")[0]
    except KeyError:
        return "UN"


@lru_cache(maxsize=8192)
def _universal(tag: int, vr: str) -> Key:
    """Give the key without a value; nearly all are such, and each is made once."""
    return Key(tag, vr)


class _Reader:
    """Reads data sets within an identifier."""

    def __init__(self, encoded: bytes, is_implicit: bool) -> None:
        self._encoded = encoded
        self._is_implicit = is_implicit
        self._left = MOST_KEYS
        self._encodings: list[str] = []
        self.character_set = ""

    def read(self, position: int, end: int, depth: int, *, is_open: bool = False) -> tuple[list[Key], int]:
        """Give the keys of a data set, and where it ended; one that `is_open` ends with a delimiter."""
        keys: list[Key] = []
        last = -1
        while position < end:
            tag, vr, length, position = self._header(position, end)
            if tag <= last or tag >> 16 == 0xFFFE:
                if tag == _ITEM_END and is_open:
                    return keys, position
                raise MalformedDataSet(f"{name_of(tag)} is out of order")
            last = tag
            if vr == "SQ" or length == _UNDEFINED:
                item, position = self._sequence(tag, position, end, length, depth)
                keys.append(Key(tag, "SQ", "", item))
            elif tag not in _NOT_KEYS:
                if tag & 0xFFFF:
                    value = self._encoded[position : position + length]
                    keys.append(Key(tag, vr, self._text(vr, value)) if value else _universal(tag, vr))
                position += length
            else:
                if tag == SPECIFIC_CHARACTER_SET:
                    self._set_character_set(self._encoded[position : position + length])
                position += length
        if is_open:
            raise MalformedDataSet("an item does not end")
        return keys, position

    def _header(self, position: int, end: int) -> tuple[int, str, int, int]:
        """Give tag, value representation, length, and where the value begins; it ends within what holds it."""
        if end - position < 8:
            raise MalformedDataSet("it ends within an element")
        self._left -= 1
        if self._left < 0:
            raise MalformedDataSet(f"it holds more than {MOST_KEYS} elements")
        group, element, length = _HEAD.unpack_from(self._encoded, position)
        tag = group << 16 | element
        position += 8
        if self._is_implicit or group == 0xFFFE:
            vr = vr_of(tag)
        else:
            vr, length, position = self._explicit(tag, length, position, end)
        if position + length > end and length != _UNDEFINED:
            raise MalformedDataSet("an element is longer than what holds it")
        return tag, vr, length, position

    def _explicit(self, tag: int, code_and_length: int, position: int, end: int) -> tuple[str, int, int]:
        """Give value representation, length, and where the value begins (PS3.5 §7.1.2)."""
        code = self._encoded[position - 4 : position - 2]
        if code not in VRS:
            raise MalformedDataSet(f"{name_of(tag)} has no value representation")
        if code not in LONG_VRS:
            return code.decode("ascii"), code_and_length >> 16, position
        if end - position < 4:
            raise MalformedDataSet("it ends within an element")
        length = int.from_bytes(self._encoded[position : position + 4], "little")
        return vr_of(tag) if code == b"UN" else code.decode("ascii"), length, position + 4

    def _sequence(
        self, tag: int, position: int, end: int, length: int, depth: int
    ) -> tuple[tuple[Key, ...] | None, int]:
        """Give the keys of a sequence's item, None if it has none, and where the sequence ended."""
        if depth == DEEPEST:
            raise MalformedDataSet("its sequences are nested too deep")
        is_open = length == _UNDEFINED
        end = end if is_open else position + length
        items: list[list[Key]] = []
        while position < end:
            inner, _, size, position = self._header(position, end)
            if inner == _SEQUENCE_END and is_open:
                is_open = False
                break
            if inner != _ITEM:
                raise MalformedDataSet("a sequence holds something else than items")
            is_item_open = size == _UNDEFINED
            keys, position = self.read(
                position, end if is_item_open else position + size, depth + 1, is_open=is_item_open
            )
            items.append(keys)
        if is_open:
            raise MalformedDataSet("a sequence does not end")
        if len(items) > 1:
            raise MalformedDataSet(f"{name_of(tag)} holds {len(items)} items; a key sequence holds one")
        return (tuple(items[0]) if items and items[0] else None), position

    def _text(self, vr: str, value: bytes) -> str:
        if len(value) > LONGEST_VALUE and (vr in _TEXTS or vr in _NUMBERS):
            raise MalformedDataSet(f"a key is longer than {LONGEST_VALUE} bytes")
        if vr in _TEXTS or vr == "UN":
            # A text of code extensions is ASCII by its bytes.
            is_plain = value.isascii() and _ESCAPE not in value
            text = value.decode("ascii") if is_plain else self._decode(vr, value)
            return text.strip(" \0")
        if vr in _NUMBERS:
            form = struct.Struct(_NUMBERS[vr])
            if len(value) % form.size:
                raise MalformedDataSet("a number is not as long as numbers are")
            # dcmjs-dimse writes 0 for a number that is empty; nothing a worklist knows is 0.
            return "\\".join(str(number) for (number,) in form.iter_unpack(value)) if any(value) else ""
        return ""

    def _decode(self, vr: str, value: bytes) -> str:
        if vr == "UN":
            return ""
        encodings = self._encodings or ["iso8859"]
        if len(encodings) == 1:
            return value.decode(encodings[0], "replace")
        try:
            return decode_bytes(value, encodings, _DELIMITERS)
        except (LookupError, ValueError):
            return value.decode("ascii", "replace")

    def _set_character_set(self, value: bytes) -> None:
        self.character_set = value.decode("ascii", "replace").strip(" \0")
        self._encodings = encodings_of(self.character_set)


@lru_cache(maxsize=256)
def encodings_of(character_set: str) -> list[str]:
    """Give Python's names for the encodings of a SpecificCharacterSet; what is not known is read as ISO 8859-1."""
    terms = [term if term in python_encoding else "" for term in character_set.split("\\")]
    return convert_encodings(terms)


def _shape(keys: Sequence[Key]) -> Iterator[int]:
    for key in keys:
        yield key.tag
        if key.keys is not None:
            yield _BEGIN
            yield from _shape(key.keys)
            yield _END
