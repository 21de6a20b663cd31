"""What stands between the delimiters of a message: escapes, nulls, times.

Standard: HL7 v2.5.1 §2.5 (delimiters), §2.7 (escape sequences), §2.A.22 (times).
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

from dicomfabd.domain.errors import Fault, OrderRejected

MOST_ESCAPES: Final = 20_000  # of one value; what follows stays as it is
_DTM = re.compile(
    r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})?(?:(\d{2})(?:\.(\d{1,6})\d*)?)?)?(?:([+-])(\d{2}):?(\d{2}))?"
)


@dataclass(frozen=True, slots=True, eq=False)
class Delimiters:
    """The characters MSH-1 and MSH-2 declare; an empty one is not in use. Compared by identity: see `delimiters_of`.

    Attributes:
        is_plain: Nothing in the message is escaped or null.
    """

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    is_plain: bool = False


STANDARD: Final = Delimiters()


@lru_cache(maxsize=256)
def delimiters_of(separator: str, declared: str, is_plain: bool = False) -> Delimiters:
    """Give the delimiters of MSH-1 and MSH-2, the same object for the same ones; raises OrderRejected (100)."""
    used = separator + declared
    is_usable = used.isascii() and used.isprintable() and not any(c.isalnum() for c in used)
    if not is_usable or not declared or len(set(used)) != len(used):
        raise OrderRejected(
            Fault(100, "MSH^1^2", "the encoding characters are not usable", r"Send MSH|^~\& unless you must differ.")
        )
    component, repetition, escape, subcomponent = (*declared[:4], *("", "", "", ""))[:4]
    repetition = repetition or next(c for c in "~*+;:" if c not in used)
    return Delimiters(separator, component, repetition, escape, subcomponent, is_plain)


def text_of(value: str, delimiters: Delimiters) -> str:
    """Give a value as text: escapes resolved, outer blanks gone; the HL7 null (two quotes) is empty."""
    if delimiters.is_plain:
        return value.strip()
    if delimiters.escape and delimiters.escape in value:
        value = unescape(value, delimiters)
    value = value.strip()
    return "" if value == '""' else value


def unescape(value: str, delimiters: Delimiters) -> str:
    r"""Resolve the escape sequences of a value (HL7 v2.5.1 §2.7): `\F\`, `\X0D\`, `\.br\` and the like."""
    mark = delimiters.escape
    if not mark or mark not in value:
        return value
    known = {
        "F": delimiters.field,
        "S": delimiters.component,
        "R": delimiters.repetition,
        "E": mark,
        "T": delimiters.subcomponent,
        ".br": " ",
        "H": "",
        "N": "",
    }
    pieces = value.split(mark, 2 * MOST_ESCAPES)
    result = [pieces[0]]
    index = 1
    while index < len(pieces):
        if index + 1 == len(pieces):
            result.append(mark + pieces[index])  # an escape that never ends is text
            break
        result.append(known[pieces[index]] if pieces[index] in known else _special(pieces[index], mark))
        result.append(pieces[index + 1])
        index += 2
    return "".join(result)


def parse_dtm(value: str) -> datetime | None:
    """Read an HL7 date or time (HL7 v2.5.1 §2.A.22); None if it is none.

    A value without an offset is local time of this machine.
    """
    if value[:14].isdigit() and (len(value) == 14 or (len(value) == 19 and value[14] in "+-")):
        # What nearly everybody sends; the standard library reads it ten times as fast.
        try:
            moment = datetime.fromisoformat(f"{value[:8]}T{value[8:]}")
            return moment if moment.tzinfo else moment.astimezone()
        except (ValueError, OverflowError, OSError):
            pass  # a leap second, a colon in the offset: read below
    match = _DTM.fullmatch(value.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = match.groups()
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            min(int(second or 0), 59),
            int((fraction or "0").ljust(6, "0")),
        )
        if sign is None:
            return moment.astimezone()
        offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
        return moment.replace(tzinfo=timezone(offset if sign == "+" else -offset))
    except (ValueError, OverflowError, OSError):
        return None


def _special(sequence: str, mark: str) -> str:
    if sequence[:1] == "X":
        try:
            return bytes.fromhex(sequence[1:]).decode("utf-8", "replace")
        except ValueError:
            pass
    if sequence[:1] in {".", "C", "M", "Z"}:
        return " "  # formatting and character set switches have no place in DICOM text
    return f"{mark}{sequence}{mark}"
