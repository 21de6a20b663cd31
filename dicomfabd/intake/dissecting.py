"""A message taken apart for people: every value with its place and its name in the standard."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from dicomfabd.intake.er7 import Message, Segment

_VERSION: Final = "2.5.1"
_MOST_PARTS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line.

    Attributes:
        text: As it stands in the message, escapes and all.
        field: `PID-5`, or empty for a delimiter.
        location: The field as an acknowledgment names it, `PID^1^5`, or empty.
        name: What the standard calls it: `PID-5.2 Patient Name, Given Name`.
    """

    text: str
    field: str = ""
    location: str = ""
    name: str = ""


def dissect(message: Message) -> list[list[Part]]:
    """Give the lines of a message, each as its parts; joined they are the line. Very long messages end early."""
    lines: list[list[Part]] = []
    amount = 0
    for segment in message.segments:
        line = list(_line(segment))
        amount += len(line)
        if amount > _MOST_PARTS:
            break
        lines.append(line)
    return lines


def _line(segment: Segment) -> Iterator[Part]:
    d = segment.delimiters
    yield Part(segment.name, segment.name, f"{segment.name}^{segment.ordinal}", segment.name)
    # MSH-1 is the separator itself, and MSH-2 holds delimiters that delimit nothing.
    first = 2 if segment.name == "MSH" else 1
    for position in range(first, len(segment.fields)):
        yield Part(d.field)
        value = segment.raw(position)
        if value and segment.name == "MSH" and position == 2:
            yield _part(value, segment, position)
        elif value:
            yield from _field(value, segment, position)


def _field(value: str, segment: Segment, position: int) -> Iterator[Part]:
    d = segment.delimiters
    for number, repetition in enumerate(value.split(d.repetition)):
        if number:
            yield Part(d.repetition)
        components = repetition.split(d.component)
        for index, component in enumerate(components, start=1):
            if index > 1:
                yield Part(d.component)
            if component:
                yield _part(component, segment, position, index if len(components) > 1 else 0)


def _part(text: str, segment: Segment, position: int, component: int = 0) -> Part:
    place = f"{segment.name}-{position}"
    name, components = _names(segment.name, position)
    said = f"{place}.{component}" if component else place
    if name:
        said += f" {name}"
    if component and component <= len(components):
        said += f", {components[component - 1]}"
    return Part(text, place, segment.where(position), said)


@cache
def _names(segment: str, position: int) -> tuple[str, tuple[str, ...]]:
    """Give the standard's names of a field and of its components; nothing for one it does not know."""
    if segment == "ZDS" and position == 1:
        return "Study Instance UID", ()  # IHE RAD TF-2 4.4.4.1.2.4; no segment of HL7 itself
    found = _library().FIELDS.get(f"{segment}_{position}")
    if found is None:
        return "", ()
    parts = found[1] or ()
    return _in_words(found[3]), tuple(_in_words(part[1][3]) for part in parts)


@cache
def _library() -> Any:
    from hl7apy import load_library

    return load_library(_VERSION)


def _in_words(name: str | None) -> str:
    return (name or "").replace("_", " ").title()
