"""What the statuses of C-FIND, C-MOVE and C-GET mean, in plain words (PS3.4 C.4.1-C.4.3, PS3.7 Annex C)."""

from typing import Any, Final

SUCCESS: Final = 0x0000
CANCELLED: Final = 0xFE00
SUB_OPERATIONS_FAILED: Final = 0xB000
UNKNOWN_MOVE_DESTINATION: Final = 0xA801
_PENDING: Final = frozenset({0xFF00, 0xFF01})
_LONGEST_COMMENT: Final = 64

_WORDS: Final = {
    0x0110: "cannot process it",
    0x0122: "does not offer this service",
    0x0124: "does not allow us this",
    0x0211: "does not know this operation",
    0x0212: "finds the request malformed",
    0xA700: "is out of resources: ask for less, or later",
    0xA701: "is out of resources and cannot count the matches: ask for less, or later",
    0xA702: "is out of resources and cannot send: try again later",
    0xA801: "does not know the receiver",
    0xA900: "finds that the query does not fit this service: it may not support a filter or the level",
    0xB000: "could not send everything",
    0xFE00: "stopped as it was told to",
}


def is_pending(status: int) -> bool:
    """Tell whether more responses follow."""
    return status in _PENDING


def explain_find(status: Any) -> str:
    """Say what the final status of a C-FIND means, with the PACS's own comment.

    Args:
        status: The status data set of the response.
    """
    return explain(status.Status, status.get("ErrorComment", ""))


def explain(status: int, comment: str = "") -> str:
    """Say what a status means; begins with a verb."""
    words = _WORDS.get(status)
    if words is None:
        words = "cannot process it" if status & 0xF000 == 0xC000 else "failed"
    said = "".join(c for c in str(comment)[:_LONGEST_COMMENT] if c.isprintable()).strip()
    return f"{words} (status 0x{status:04X}{', ' + said if said else ''})"
