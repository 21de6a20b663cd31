"""HL7 v2 in its vertical-bar form (ER7), split once and read by position.

Standard: HL7 v2.5.1 §2.5-2.7. Never keyed on MSH-12: senders put anything there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Final

from dicomfabd.domain.errors import Fault, OrderRejected
from dicomfabd.intake.charsets import decode

MOST_SEGMENTS: Final = 10_000
_SEGMENT_NAME = re.compile(r"[A-Z][A-Z0-9]{2}(?![A-Za-z0-9])")
_DTM = re.compile(
    r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})?(?:(\d{2})(?:\.(\d{1,6})\d*)?)?)?(?:([+-])(\d{2}):?(\d{2}))?"
)


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The characters MSH-1 and MSH-2 declare; an empty one is not in use."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


@dataclass(slots=True)
class Segment:
    """One segment; positions are HL7's, counted from 1, and absent ones read as empty.

    Attributes:
        ordinal: Which of the segments of its name this is in the message, from 1.
    """

    name: str
    fields: list[str]
    delimiters: Delimiters
    ordinal: int
    _first: dict[int, list[str]] = field(default_factory=dict, repr=False, compare=False)

    def raw(self, position: int) -> str:
        """Give a whole field as it stands, escapes and all."""
        index = position - 1 if self.name == "MSH" else position
        return self.fields[index] if 0 <= index < len(self.fields) else ""

    def repetitions(self, position: int) -> list[str]:
        """Give the repetitions of a field, as they stand."""
        value = self.raw(position)
        return value.split(self.delimiters.repetition) if value else []

    def component(self, position: int, component: int, repetition: int = 0, subcomponent: int = 0) -> str:
        """Give one component as text, escapes resolved; `subcomponent` 0 is all of it."""
        if repetition == 0:
            parts = self._first.get(position)
            if parts is None:
                first = self.raw(position).split(self.delimiters.repetition, 1)[0]
                # Half of the fields asked for are asked for again; each is split once.
                parts = self._first[position] = first.split(self.delimiters.component) if first else []
            return self._text(parts, component, subcomponent)
        repetitions = self.repetitions(position)
        return self.part(repetitions[repetition], component, subcomponent) if repetition < len(repetitions) else ""

    def part(self, repetition: str, component: int, subcomponent: int = 0) -> str:
        """Give one component of a repetition taken from `repetitions`."""
        return self._text(repetition.split(self.delimiters.component), component, subcomponent)

    def _text(self, parts: list[str], component: int, subcomponent: int) -> str:
        # Most components of most messages are empty; leaving early halves the cost of a message.
        if component > len(parts) or not parts[component - 1]:
            return ""
        value = parts[component - 1]
        if subcomponent and self.delimiters.subcomponent:
            pieces = value.split(self.delimiters.subcomponent)
            value = pieces[subcomponent - 1] if subcomponent <= len(pieces) else ""
        value = unescape(value, self.delimiters).strip()
        return "" if value == '""' else value

    def where(self, position: int) -> str:
        """Give the location of a field in the form of ERR-2 (HL7 v2.5.1 §2.15.5.2)."""
        return f"{self.name}^{self.ordinal}^{position}"


@dataclass(slots=True)
class Message:
    """A message, split into segments.

    Attributes:
        warnings: What had to be mended to read it.
    """

    delimiters: Delimiters
    segments: list[Segment]
    warnings: list[Fault] = field(default_factory=list)

    @property
    def header(self) -> Segment:
        """The MSH segment."""
        return self.segments[0]

    def all(self, name: str) -> Iterator[Segment]:
        """Give the segments of a name, in order."""
        return (segment for segment in self.segments if segment.name == name)


def parse(raw: bytes) -> Message:
    """Decode and split a message.

    Raises:
        OrderRejected: There is no usable MSH (code 100).
    """
    text, problem = decode(raw)
    lines = _lines(text)
    if not lines or not lines[0].startswith("MSH") or len(lines[0]) < 8:
        raise OrderRejected(
            Fault(100, "MSH^1", "this is not an HL7 message: it does not begin with MSH", "Send HL7 v2 in ER7 form.")
        )
    if len(lines) > MOST_SEGMENTS:
        raise OrderRejected(Fault(207, "MSH^1", f"more than {MOST_SEGMENTS} segments", "Split the message."))
    delimiters = _delimiters(lines[0])
    warnings = [Fault(0, "MSH^1^18", problem)] if problem else []
    segments: list[Segment] = []
    seen: dict[str, int] = {}
    for line in lines:
        name = line[:3]
        if not _SEGMENT_NAME.match(line) and segments:
            # A line break inside a field; what follows belongs to the segment before.
            segments[-1].fields[-1] += " " + line.split(delimiters.field)[0]
            segments[-1].fields += line.split(delimiters.field)[1:]
            warnings.append(Fault(0, f"{segments[-1].name}^{segments[-1].ordinal}", "holds a bare line break; joined"))
            continue
        seen[name] = seen.get(name, 0) + 1
        segments.append(Segment(name, line.split(delimiters.field), delimiters, seen[name]))
    return Message(delimiters, segments, warnings)


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
    pieces = value.split(mark)
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


def _lines(text: str) -> list[str]:
    unified = text.lstrip("\ufeff").replace("\r\n", "\r").replace("\n", "\r")
    return [line for line in (line.strip(" \t\x00") for line in unified.split("\r")) if line]


def _delimiters(line: str) -> Delimiters:
    separator = line[3]
    declared = line[4:].split(separator, 1)[0]
    used = separator + declared
    if separator.isalnum() or len(declared) < 1 or len(set(used)) != len(used) or any(c.isalnum() for c in declared):
        raise OrderRejected(
            Fault(100, "MSH^1^2", "the encoding characters are not usable", r"Send MSH|^~\& unless you must differ.")
        )
    component, repetition, escape, subcomponent = (*declared[:4], *("", "", "", ""))[:4]
    return Delimiters(separator, component, repetition or "~", escape, subcomponent)


def _special(sequence: str, mark: str) -> str:
    if sequence[:1] == "X":
        try:
            return bytes.fromhex(sequence[1:]).decode("utf-8", "replace")
        except ValueError:
            pass
    if sequence[:1] in {".", "C", "M", "Z"}:
        return " "  # formatting and character set switches have no place in DICOM text
    return f"{mark}{sequence}{mark}"
