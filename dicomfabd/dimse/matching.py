"""Attribute matching of C-FIND (PS3.4 C.2.2.2), on text values; shared by worklist and archive."""

import re
import unicodedata
from functools import lru_cache

_WILDCARD_VRS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_RANGE_VRS = frozenset({"DA", "TM", "DT"})
_LONGEST_PATTERN = 4096  # characters; of 260,000 it takes seconds to make, and as many megabytes to keep
_DATE = re.compile(r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?")


class MalformedKey(ValueError):  # noqa: N818 - what it is
    """A key no value could ever match, such as a date with slashes; the query fails with A900."""


def is_universal(key: str) -> bool:
    """True for a key that matches everything: empty, or nothing but stars (C.2.2.2.3)."""
    return not key.strip("* ")


def matches(vr: str, key: str, values: str) -> bool:
    r"""Tell whether a stored value matches a key.

    Args:
        vr: Value representation of the attribute.
        key: The key's value; several, joined by a backslash, match if one does (C.2.2.2.2).
        values: The stored value; several, joined by a backslash, match if one does (K.2.2.3).

    Raises:
        MalformedKey: The key is not of the attribute's value representation.
    """
    if is_universal(key):
        return True
    keys = [part.strip() for part in key.split("\\") if part.strip()]
    return any(_matches_one(vr, one, value.strip()) for one in keys for value in values.split("\\"))


def range_of(vr: str, key: str) -> tuple[str, str]:
    """Give the first and the last value, inclusive, that match a date or time key (C.2.2.2.5).

    Dates are `YYYYMMDD`, times `HHMMSS.ffffff`; an open end is the lowest or highest there is.
    """
    first, dash, last = (part.strip() for part in key.partition("-"))
    last = last if dash else first
    if not first and not last:
        raise MalformedKey(f"{key!r} is not a range")
    return _low(vr, first), _high(vr, last)


def fold(name: str) -> str:
    """Give a name without case, accents and trailing carets, for comparison (C.2.2.2.1.1)."""
    if name.isascii():
        return name.casefold().rstrip("^ ")
    plain = unicodedata.normalize("NFKD", name)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold().rstrip("^ ")


def fold_groups(name: str) -> str:
    """Fold each component group of a name; empty ones are left out."""
    return "=".join(filter(None, map(fold, name.split("="))))


def _matches_one(vr: str, key: str, value: str) -> bool:
    if vr in _RANGE_VRS:
        first, last = range_of(vr, key)
        return _is_within(vr, value, first, last)
    if vr == "PN":
        return _matches_name(key, value)
    if vr in _WILDCARD_VRS and ("*" in key or "?" in key):
        return bool(value) and _pattern(key).fullmatch(value) is not None
    return key == value


def _is_within(vr: str, value: str, first: str, last: str) -> bool:
    """Tell for a value; one that is not known or no date or time matches only the universal key (K.2.2.1.1.1)."""
    try:
        return bool(value) and first <= _low(vr, value) <= last
    except MalformedKey:
        return False


def _matches_name(key: str, value: str) -> bool:
    """Match a name group by group; one group of a key matches any, several match those at their places."""
    groups = [fold(group) for group in value.split("=")]
    wanted = [fold(group) for group in key.split("=")]
    if len(wanted) == 1:
        return any(_pattern(wanted[0]).fullmatch(group) for group in groups if group)
    groups += [""] * (len(wanted) - len(groups))
    return all(
        is_universal(one) or (group and _pattern(one).fullmatch(group))
        for one, group in zip(wanted, groups, strict=False)
    )


@lru_cache(maxsize=256)
def _pattern(key: str) -> re.Pattern[str]:
    if len(key) > _LONGEST_PATTERN:
        raise MalformedKey(f"a key with wildcards is longer than {_LONGEST_PATTERN} characters")
    first, *others = ("".join("." if c == "?" else re.escape(c) for c in part) for part in re.split(r"\*+", key))
    # Atomic: where a part fits once it need not be tried further right, or a key of many stars takes for ever.
    middle = "".join(f"(?>.*?{part})" for part in others[:-1])
    last = f".*{others[-1]}" if others else ""
    return re.compile(first + middle + last, re.DOTALL)


def _low(vr: str, value: str) -> str:
    if vr == "DA":
        return _checked(_DATE, value) if value else "00000000"
    if vr == "DT":
        return value.ljust(14, "0")
    return _padded(_checked(_TIME, value.replace(":", "")), "0") if value else "000000.000000"


def _high(vr: str, value: str) -> str:
    if vr == "DA":
        return _checked(_DATE, value) if value else "99999999"
    if vr == "DT":
        return value.ljust(21, "9") if value else "9" * 21
    return _padded(_checked(_TIME, value.replace(":", "")), "9") if value else "235959.999999"


def _padded(time: str, filler: str) -> str:
    """Complete a time with zeros, or with the end of the hour, minute or second it names."""
    digits = time.replace(".", "")
    model = "000000000000" if filler == "0" else "235959999999"
    full = digits + model[len(digits) :]
    return f"{full[:6]}.{full[6:12]}"


def _checked(pattern: re.Pattern[str], value: str) -> str:
    if pattern.fullmatch(value) is None:
        raise MalformedKey(f"{value!r} is not a date or time")
    return value
