"""Patterns of IDs: what they may hold, and how they are written."""

import re
from collections.abc import Callable
from typing import Final

_TOKEN: Final = re.compile(r"\{(\d{1,2})(digits|letters|hex)\}")
_LONGEST_ID: Final = 64  # LO, PS3.5 §6.2
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O, which are read as digits
_HEX: Final = "0123456789ABCDEF"


def pattern_fault(pattern: str) -> str:
    """Say what is wrong with a pattern of IDs, or nothing."""
    rest = _TOKEN.sub("", pattern)
    longest = len(rest) + sum(int(match[1]) for match in _TOKEN.finditer(pattern))
    if not _TOKEN.search(pattern):
        return "has no {6digits}, {4letters} or {4hex}, so that all would be one"
    if "{" in rest or "}" in rest or "\\" in rest or not rest.isprintable():
        return "has braces that stand for nothing, or a character that an ID may not have"
    if longest > _LONGEST_ID:
        return f"makes IDs of more than {_LONGEST_ID} characters"
    return ""


def written(pattern: str, number: int, choose: Callable[[str], str]) -> str:
    """Give an ID after a pattern: `{6digits}` is the number, `{4letters}` and `{4hex}` are chosen one by one."""

    def token(match: re.Match[str]) -> str:
        width = int(match[1])
        if match[2] == "digits":
            return f"{number:0{width}d}"
        return "".join(choose(_LETTERS if match[2] == "letters" else _HEX) for _ in range(width))

    return _TOKEN.sub(token, pattern)[:_LONGEST_ID]
