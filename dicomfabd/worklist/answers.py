"""Answers kept encoded: a modality asks for the same attributes all day."""

from typing import Final, NamedTuple

_BESIDES: Final = 300  # bytes an entry costs besides those of the answer


class Answer(NamedTuple):
    """An encoded answer and what it was made of; status 0 is an item that no modality is given."""

    revision: int
    status: int
    data: bytes


Way = tuple[object, ...]
"""All that decides what the answer for an item looks like."""


class Answers:
    """Remembers answers. What threads do at the same time is at worst done twice."""

    def __init__(self, most_bytes: int) -> None:
        """Take how much memory answers may take."""
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: dict[Way, dict[tuple[int, int], Answer]] = {}

    def of(self, way: Way) -> dict[tuple[int, int], Answer]:
        """Give what is kept of one way: (order ID, ordinal) → answer. Do not change it."""
        return self._kept.setdefault(way, {})

    def keep(self, way: Way, place: tuple[int, int], answer: Answer) -> None:
        """Keep an answer in place of an older one."""
        size = len(answer.data) + _BESIDES
        if self._bytes + size > self._most_bytes:
            # Rarely so: what is still asked for is soon back.
            self._kept.clear()
            self._bytes = 0
        self._bytes += size
        self.of(way)[place] = answer
