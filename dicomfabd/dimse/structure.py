"""The shape of an encoded data set, looked at before anything recurses into it.

A reader of data sets follows nested sequences by calling itself: 32 kB hold 2,000 of them, and memory for gigabytes.
"""

from typing import Final

from pydicom.datadict import dictionary_VR

_ITEM: Final = (0xFFFE, 0xE000)
_ITEM_END: Final = (0xFFFE, 0xE00D)
_SEQUENCE_END: Final = (0xFFFE, 0xE0DD)
_UNDEFINED: Final = 0xFFFFFFFF
_TAG_BYTES: Final = 4
_LETTERS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
LONG_VRS: Final = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
VRS: Final = LONG_VRS | frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())


class MalformedDataSet(ValueError):  # noqa: N818 - what it is
    """The bytes are no data set, or one we will not read."""


def check_structure(encoded: bytes, is_implicit: bool, most_elements: int, deepest: int) -> None:
    """Raise MalformedDataSet unless the bytes are whole elements, not too many and not nested too deep.

    Args:
        encoded: A data set, little endian.
        is_implicit: Whether value representations are left out (PS3.5 §7.1.3).
        most_elements: Elements and items, on all levels.
        deepest: Sequences within each other.
    """
    walk = _Walk(encoded, is_implicit, deepest)
    for _ in range(most_elements):
        if not walk.step():
            return
    raise MalformedDataSet(f"it holds more than {most_elements} elements")


class _Walk:
    """Goes from element to element, into items too, with a stack of its own."""

    def __init__(self, encoded: bytes, is_implicit: bool, deepest: int) -> None:
        self._encoded = encoded
        self._is_implicit = is_implicit
        self._most_ends = 2 * deepest + 1
        self._position = 0
        # Where each open data set, sequence, item, sequence, ... ends; odd ones are sequences.
        self._ends: list[tuple[int, bool]] = [(len(encoded), False)]

    def step(self) -> bool:
        """Go past one element, or into one; False at the end."""
        while self._position == self._ends[-1][0] and not self._ends[-1][1]:
            self._ends.pop()
            if not self._ends:
                return False
        if len(self._ends) % 2:
            self._step_in_data_set()
        else:
            self._step_in_sequence()
        if self._position > self._ends[-1][0]:
            raise MalformedDataSet("an element is longer than what holds it")
        return True

    def _step_in_data_set(self) -> None:
        tag = self._tag()
        if tag == _ITEM_END:
            self._close()
            return
        vr, length = self._vr_and_length(tag)
        if length == _UNDEFINED or self._is_sequence(tag, vr):
            self._open(length)
        else:
            self._position += length

    def _step_in_sequence(self) -> None:
        tag = self._tag()
        if tag == _SEQUENCE_END:
            self._close()
        elif tag == _ITEM:
            self._open(self._number(4))
        else:
            raise MalformedDataSet("a sequence holds something else than items")

    def _vr_and_length(self, tag: tuple[int, int]) -> tuple[bytes, int]:
        if self._is_implicit:
            is_first = self._position == _TAG_BYTES
            length = self._take(4)
            if is_first and _LETTERS.issuperset(length[:2]):
                # Readers would take all of it for explicit, and see another data set than we do.
                raise MalformedDataSet("it is not encoded as its transfer syntax says")
            return b"", int.from_bytes(length, "little")
        vr = self._take(2)
        if vr not in VRS:
            raise MalformedDataSet(f"({tag[0]:04X},{tag[1]:04X}) has no value representation")
        if vr in LONG_VRS:
            self._take(2)
            return vr, self._number(4)
        return vr, self._number(2)

    def _is_sequence(self, tag: tuple[int, int], vr: bytes) -> bool:
        if vr not in (b"", b"UN"):
            return vr == b"SQ"
        try:
            return dictionary_VR(tag[0] << 16 | tag[1]) == "SQ"
        except KeyError:
            return False

    def _tag(self) -> tuple[int, int]:
        return self._number(2), self._number(2)

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "little")

    def _take(self, size: int) -> bytes:
        taken = self._encoded[self._position : self._position + size]
        if len(taken) < size:
            raise MalformedDataSet("it ends within an element")
        self._position += size
        return taken

    def _open(self, length: int) -> None:
        is_open = length == _UNDEFINED
        end = self._ends[-1][0] if is_open else self._position + length
        if end > self._ends[-1][0]:
            raise MalformedDataSet("an item or sequence is longer than what holds it")
        if len(self._ends) == self._most_ends:
            raise MalformedDataSet("its sequences are nested too deep")
        self._ends.append((end, is_open))

    def _close(self) -> None:
        self._take(4)  # the length of a delimiter is zero
        if not self._ends.pop()[1] or not self._ends:
            raise MalformedDataSet("a delimiter ends what did not begin")
