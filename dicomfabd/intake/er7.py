"""HL7 v2 in its vertical-bar form (ER7), split once and read by position.

Standard: HL7 v2.5.1 §2.5-2.7. Never keyed on MSH-12: senders put anything there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from dicomfabd.domain.errors import Fault, OrderRejected
from dicomfabd.intake.charsets import decode
from dicomfabd.intake.values import STANDARD, Delimiters, delimiters_of, text_of

HEADER_WITHIN: Final = 4096
MOST_SEGMENTS: Final = 10_000
MOST_REPETITIONS: Final = 20_000
MOST_FIELDS: Final = 200_000
_LONGEST_ENCODING: Final = 12
_MOST_WARNINGS: Final = 50
_SEGMENT_NAME = re.compile("[A-Z][A-Z0-9]{2}")


class Segment:
    """One segment; positions are HL7's, counted from 1, and absent ones read as empty.

    Attributes:
        name: Three characters; empty for a segment that is not there.
        fields: By position; 0 is the name.
        ordinal: Which of the segments of its name this is in the message, from 1.
    """

    __slots__ = ("delimiters", "fields", "name", "ordinal")

    def __init__(self, name: str, fields: list[str], delimiters: Delimiters = STANDARD, ordinal: int = 1) -> None:
        """Take the fields as they stand."""
        self.name = name
        self.fields = fields
        self.delimiters = delimiters
        self.ordinal = ordinal

    def raw(self, position: int) -> str:
        """Give a whole field as it stands, escapes and all."""
        fields = self.fields
        return fields[position] if position < len(fields) else ""

    def repetitions(self, position: int) -> list[str]:
        """Give the repetitions of a field, as they stand."""
        value = self.raw(position)
        return value.split(self.delimiters.repetition) if value else []

    def component(self, position: int, component: int) -> str:
        """Give one component of the first repetition as text, escapes resolved."""
        # This runs sixty times a message, mostly on fields that are empty.
        fields = self.fields
        if position >= len(fields):
            return ""
        value = fields[position]
        if not value:
            return ""
        d = self.delimiters
        if d.repetition in value:
            value = value.split(d.repetition, 1)[0]
        if d.component in value:
            parts = value.split(d.component)
            if component > len(parts):
                return ""
            value = parts[component - 1]
        elif component != 1:
            return ""
        return value.strip() if d.is_plain else text_of(value, d)

    def part(self, repetition: str, component: int, subcomponent: int = 0) -> str:
        """Give one component, or sub-component, of a repetition taken from `repetitions`."""
        d = self.delimiters
        parts = repetition.split(d.component)
        if component > len(parts):
            return ""
        value = parts[component - 1]
        if value and subcomponent and d.subcomponent:
            pieces = value.split(d.subcomponent)
            value = pieces[subcomponent - 1] if subcomponent <= len(pieces) else ""
        return text_of(value, d) if value else ""

    def where(self, position: int) -> str:
        """Give the location of a field in the form of ERR-2 (HL7 v2.5.1 §2.15.5.2)."""
        return f"{self.name}^{self.ordinal}^{position}"


ABSENT: Final = Segment("", [])


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

    @property
    def sender(self) -> str:
        """`MSH-3|MSH-4`, as orders remember it."""
        return f"{self.header.component(3, 1)}|{self.header.component(4, 1)}"

    def all(self, name: str) -> Iterator[Segment]:
        """Give the segments of a name, in order."""
        return (segment for segment in self.segments if segment.name == name)

    def first(self, name: str) -> Segment:
        """Give the first segment of a name, or one that is empty and has no name."""
        for segment in self.segments:
            if segment.name == name:
                return segment
        return ABSENT


def header_fields(raw: bytes) -> tuple[list[bytes], int]:
    """Cut the MSH segment out of bytes that may be in any character set.

    Returns:
        Its fields by position (as in `Segment`), and the offset of its end; nothing and 0 if there is none near.
    """
    start = 0 if raw[:3] == b"MSH" else raw.find(b"MSH", 0, HEADER_WITHIN)
    if start < 0 or len(raw) < start + 8:
        return [], 0
    end = raw.find(b"\r", start)
    newline = raw.find(b"\n", start, end if end >= 0 else len(raw))
    end = newline if newline >= 0 else end if end >= 0 else len(raw)
    separator = raw[start + 3 : start + 4]
    fields = raw[start : min(end, start + HEADER_WITHIN)].split(separator)
    fields.insert(1, separator)
    return fields, end


def parse(raw: bytes, undeclared: str = "", declared: str | None = None) -> Message:
    """Decode and split a message.

    Args:
        raw: The message without its framing.
        declared: MSH-18, if the caller has cut it out already.
        undeclared: Codec to try for bytes whose character set MSH-18 does not tell and that are not UTF-8.

    Raises:
        OrderRejected: There is no usable MSH (code 100), or more segments or repetitions than anybody needs (207).
    """
    text, problem = decode(raw, declared_charset(header_fields(raw)[0]) if declared is None else declared, undeclared)
    lines = _lines(text)
    if not lines or not lines[0].startswith("MSH") or len(lines[0]) < 8:
        raise OrderRejected(
            Fault(100, "MSH^1", "this is not an HL7 message: it does not begin with MSH", "Send HL7 v2 in ER7 form.")
        )
    if len(lines) > MOST_SEGMENTS:
        raise OrderRejected(Fault(207, "MSH^1", f"more than {MOST_SEGMENTS} segments", "Split the message."))
    separator, declared_encoding = _encoding(lines[0])
    d = delimiters_of(separator, declared_encoding, _is_plain(text, declared_encoding))
    if text.count(d.repetition) > MOST_REPETITIONS or text.count(d.field) > MOST_FIELDS:
        raise OrderRejected(Fault(207, "MSH^1", "more fields or repetitions than are taken", "Split the message."))
    warnings = [Fault(0, "MSH^1^18", problem)] if problem else []
    header = lines[0].split(separator)
    header.insert(1, separator)  # MSH-1 is the separator itself
    segments = [Segment("MSH", header, d)]
    seen: dict[str, int] = {"MSH": 1}
    for line in _whole_lines(lines[1:], separator, segments[0], warnings):
        name = line[:3]
        ordinal = seen[name] = seen.get(name, 0) + 1
        segments.append(Segment(name, line.split(separator), d, ordinal))
    return Message(d, segments, warnings)


def declared_charset(header: list[bytes]) -> str:
    """Give MSH-18 of header fields."""
    return header[18].decode("ascii", "replace").strip() if len(header) > 18 else ""


def _whole_lines(lines: list[str], separator: str, header: Segment, warnings: list[Fault]) -> list[str]:
    """Give one line for each segment: what a bare line break cut off is joined to the segment it belongs to."""
    if all(_is_segment(line, separator) for line in lines):
        return lines
    whole: list[list[str]] = []
    orphans: list[str] = []
    for line in lines:
        if _is_segment(line, separator):
            whole.append([line])
        else:
            (whole[-1] if whole else orphans).append(line)
    if orphans:
        first, *rest = " ".join([header.fields[-1], *orphans]).split(separator)
        header.fields[-1:] = [first, *rest]
    warnings += [
        Fault(0, pieces[0][:3] if pieces else "MSH", "holds a bare line break; joined")
        for pieces in (*([orphans] if orphans else []), *whole)
        if len(pieces) > 1 or pieces is orphans
    ][:_MOST_WARNINGS]
    return [" ".join(pieces) for pieces in whole]


def _is_segment(line: str, separator: str) -> bool:
    return (line[3:4] == separator or len(line) == 3) and _is_segment_name(line[:3])


def _lines(text: str) -> list[str]:
    if "\n" in text:
        text = text.replace("\r\n", "\r").replace("\n", "\r")
    lines = text.split("\r")
    if text[:3] == "MSH" and " " not in "".join([line[:1] for line in lines]) and "\x00" not in text:
        return [line for line in lines if line]
    return [line for line in (line.strip(" \t\x00\ufeff") for line in lines) if line]


def _is_plain(text: str, encoding: str) -> bool:
    """Tell whether no value needs `text_of`; looking once at the whole is cheaper than at each value."""
    escape = encoding[2:3]
    return '"' not in text and (not escape or text.count(escape) == 1)


@lru_cache(maxsize=1024)
def _is_segment_name(name: str) -> bool:
    return _SEGMENT_NAME.fullmatch(name) is not None


def _encoding(line: str) -> tuple[str, str]:
    # Cut, so that what is remembered of strange senders stays small.
    return line[3], line[4 : 4 + _LONGEST_ENCODING].split(line[3], 1)[0]
