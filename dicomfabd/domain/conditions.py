"""What rules ask of orders: conditions of patterns, and why one is not fulfilled."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

Condition = tuple[str, tuple[str, ...], tuple[str, ...]]
"""Its name, its patterns, and what the order says there; without patterns it is always fulfilled."""


def objection(conditions: Iterable[Condition]) -> str:
    """Say which of some conditions is not fulfilled; empty if all are.

    One pattern that fits one value is enough for a condition. Case does not matter; `*` and `?` stand for anything.
    """
    for name, patterns, values in conditions:
        if patterns and not any(fits(value, pattern) for pattern in patterns for value in values):
            return f"{name} is {values[-1] or 'not given'}, not {' or '.join(patterns)}"
    return ""


def fits(value: str, pattern: str) -> bool:
    """Tell whether a value fits a pattern; an empty value fits none."""
    # Brackets are letters here, not classes: procedures are named with them.
    literal = pattern.replace("[", "[[]")
    return bool(value) and fnmatchcase(value.casefold(), literal.casefold())


def covers(wide: str, narrow: str) -> bool:
    """Tell whether a pattern fits everything that another one fits."""
    # A star of the narrow one may be nothing, one character, or more than question marks count; and no letter of ours.
    fillings = ("", "\0", "\0" * 256)
    values = [narrow.replace("*", filling).replace("?", "\0") for filling in fillings]
    return all(fits(value, wide) for value in values if value)
