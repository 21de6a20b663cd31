"""What hl7apy, a library that knows the standard by heart, thinks of a message; for `explain`, never for an answer.

Our own reader decides what is taken, and takes far more than the standard allows. This says how far a message is from
the standard, so that a sender can be mended. hl7apy stops at the first thing it cannot parse and leaves unexpected
segments out in silence; so it gets each segment alone, read by our own splitter, and the structure last.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from dicomfabd.domain.errors import OrderRejected
from dicomfabd.intake.er7 import Message, Segment, parse

LONGEST_MESSAGE: Final = 64 * 1024
MOST_SEGMENTS: Final = 500
MOST_FINDINGS: Final = 200
_MOST_PARTS: Final = 4000  # values in all; hl7apy builds half a dozen objects for each
_LONGEST_TEXT: Final = 200
_USUAL_VERSION: Final = "2.5.1"
# Events that share the structure of another (table 0354), for messages whose MSH-9 does not say so.
_STRUCTURES: Final = {
    **{("ADT", event): "ADT_A01" for event in ("A04", "A08", "A13")},
    **{("ADT", event): "ADT_A05" for event in ("A14", "A28", "A31")},
    **{("ADT", event): "ADT_A30" for event in ("A34", "A46", "A47")},
    **{("ADT", event): "ADT_A39" for event in ("A40", "A41", "A42")},
    **{("SIU", f"S{number}"): "SIU_S12" for number in range(13, 27)},
}
_CHILD: Final = re.compile(r"(Missing required child|Child limit exceeded) ([\w-]+)\.([\w-]+)")
_PART: Final = re.compile(r"[A-Z][A-Z0-9]{1,3}_(\d+)")
_VALUE: Final = re.compile(r"Value .* not in table (\w+) in element ([\w-]+\.[\w-]+)", re.DOTALL)
_TYPE: Final = re.compile(r"Datatype (\w+) is not correct for ([\w-]+\.[\w-]+)")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the standard has it.

    Attributes:
        severity: `error`, or `warning` for a value.
        location: As in an acknowledgment: `PID^1^3^1^4`; a segment's alone for the structure.
        text: What is not right, without the field's value.
    """

    severity: str
    location: str
    text: str


@dataclass(frozen=True, slots=True)
class Conformance:
    """The report on one message.

    Attributes:
        version: The version of HL7 it was judged by.
        structure: The message structure it was judged by, `ORM_O01`, or empty if there is none for its type.
        notes: What was not judged, and why.
    """

    version: str
    structure: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def judge(raw: bytes, charset: str = "") -> Conformance:
    """Give hl7apy's report on one message; never raises, whatever the bytes are.

    Args:
        raw: One message, without framing or batch.
        charset: Codec of a sender that declares none.
    """
    if len(raw) > LONGEST_MESSAGE:
        return Conformance("", "", (), (f"not judged: longer than {LONGEST_MESSAGE} bytes",))
    try:
        message = parse(raw, charset)
    except OrderRejected as rejected:
        return Conformance("", "", (), tuple(f"not judged: {fault.text}" for fault in rejected.faults))
    if len(message.segments) > MOST_SEGMENTS or _parts(message) > _MOST_PARTS:
        return Conformance("", "", (), ("not judged: more segments or values than this report is for",))
    if len({*_encoding(message).values()} - {""}) < 6:
        finding = Finding("error", "MSH^1^2", "does not declare four different encoding characters")
        return Conformance("", "", (finding,), ("not judged further: hl7apy needs all four",))
    version, note = _version(message)
    with TemporaryDirectory() as folder:
        judge_ = _Judge(message, version, Path(folder) / "report")
        judge_.structure()
        judge_.segments()
    found = tuple(dict.fromkeys(judge_.findings))
    notes = [note] if note else []
    if len(found) > MOST_FINDINGS:
        notes.append(f"only the first {MOST_FINDINGS} of {len(found)} findings are shown")
    return Conformance(version, judge_.structure_name, found[:MOST_FINDINGS], (*notes, *judge_.notes))


class _Judge:
    """One message before hl7apy."""

    def __init__(self, message: Message, version: str, report: Path) -> None:
        self.findings: list[Finding] = []
        self.notes: list[str] = []
        self.structure_name = ""
        self._message = message
        self._version = version
        self._report = report
        self._encoding = _encoding(message)

    def structure(self) -> None:
        """Judge which segments there are, in which order."""
        from hl7apy.parser import get_message_info, parse_message

        try:
            text = _written(self._message, self._version)
            _, wanted, _ = get_message_info(text)
            tree = parse_message(text, find_groups=True)
        except Exception as error:  # hl7apy raises anything for what it does not know
            self.notes.append(f"the order of the segments was not judged: {_cut(str(error))}")
            return
        if tree.name is None or tree.is_z_element():
            kind = "there is no such" if wanted else "MSH-9 names no"
            self.notes.append(f"the order of the segments was not judged: {kind} structure in HL7 {self._version}")
            return
        self.structure_name = str(tree.name)
        # One that stands where the structure has no place for it is not in the tree at all.
        placed = [str(segment.name) for segment in _segments_of(tree)]
        for segment in self._message.segments:
            if segment.name in placed:
                placed.remove(segment.name)
            elif not segment.name.startswith("Z"):
                self._find("error", f"{segment.name}^{segment.ordinal}", "has no place here")
        choices = _choices_of(tree)
        for _, said in self._judged(tree):
            child = _CHILD.search(said)
            if child is None or _PART.fullmatch(child.group(3)) or child.group(2) in choices:
                continue  # told with its segment; or of a group of which one member is enough
            where = child.group(3) if len(child.group(3)) == len("PID") else ""
            self._find("error", where, _said_of(child, self.structure_name))

    def segments(self) -> None:
        """Judge each segment by itself."""
        from hl7apy.consts import VALIDATION_LEVEL
        from hl7apy.parser import parse_segment

        for segment in self._message.segments:
            where = f"{segment.name}^{segment.ordinal}"
            try:
                parsed = parse_segment(
                    _line(segment), self._version, self._encoding, validation_level=VALIDATION_LEVEL.TOLERANT
                )
                self._judge_segment(parsed, segment, where)
            except Exception as error:  # as above
                self._find("error", where, f"cannot be judged by HL7 {self._version}: {_cut(str(error))}")

    def _judge_segment(self, parsed: Any, segment: Segment, where: str) -> None:
        if segment.name.startswith("Z"):
            return  # a segment of the sender's own; the standard says nothing of it
        for severity, said in self._judged(parsed):
            child = _CHILD.search(said)
            if child is not None and child.group(2) == segment.name:
                self._find(severity, f"{where}^{child.group(3).rpartition('_')[2]}", _said_of(child, segment.name))
        seen: dict[str, int] = {}
        for field in parsed.children:
            name = str(field.name or "")
            repetition = seen[name] = seen.get(name, 0) + 1
            if not _PART.fullmatch(name):
                self._find("error", where, "has more fields than the standard gives it")
                continue
            place = f"{where}^{name.rpartition('_')[2]}^{repetition}"
            for severity, said in self._judged(field):
                self._find(severity, *_told(said, place, name))

    def _judged(self, element: Any) -> Iterator[tuple[str, str]]:
        """Give what hl7apy's validator says of an element: severity and sentence."""
        from hl7apy.exceptions import HL7apyException
        from hl7apy.validation import Validator

        # It writes all it finds to a file and raises the first.
        self._report.write_text("")
        try:
            Validator.validate(element, report_file=str(self._report))
        except HL7apyException:
            pass
        except Exception as error:  # its tables have gaps
            yield "error", f"cannot be judged ({type(error).__name__})"
        for line in self._report.read_text("utf-8", "replace").split("\n"):
            kind, _, said = line.partition(": ")
            if kind in ("Error", "Warning"):
                yield kind.lower(), said

    def _find(self, severity: str, location: str, text: str) -> None:
        self.findings.append(Finding(severity, location, text))


def _told(said: str, place: str, field: str) -> tuple[str, str]:
    """Give place and words of one of hl7apy's sentences on a field, without the value it repeats."""
    for pattern, words in (
        (_VALUE, "is not a value of table {0}"),
        (_TYPE, "has parts (components or subcomponents) the standard does not give it"),
    ):
        found = pattern.match(said)
        if found:
            return _deeper(place, field, found.group(2)), words.format(found.group(1))
    child = _CHILD.search(said)
    if child is not None:
        return _deeper(place, field, f"{child.group(2)}.{child.group(3)}"), _said_of(child, field)
    if said.startswith(("Invalid children", "Unknown element", "Invalid element")):
        return place, "has parts (components or subcomponents) the standard does not give it"
    return place, _cut(said)


def _deeper(place: str, field: str, path: str) -> str:
    """Add the component to a field's place; hl7apy says `PID_3.CX_4`, or `CX_4.HD_1` without the field."""
    parent, _, child = path.partition(".")
    numbers = [part.group(1) for part in (_PART.fullmatch(parent), _PART.fullmatch(child)) if part]
    if parent == field:
        numbers = numbers[1:]
    elif child == field:
        numbers = []
    return "^".join([place, *numbers[:2]])


def _said_of(child: re.Match[str], parent: str) -> str:
    name = child.group(3).replace("_", "-") if _PART.fullmatch(child.group(3)) else child.group(3)
    if child.group(1).startswith("Missing"):
        return f"{name} is missing, which {parent} requires"
    return f"{name} stands here more often than {parent} allows"


def _segments_of(tree: Any) -> Iterator[Any]:
    for child in tree.children:
        if child.classname == "Segment":
            yield child
        else:
            yield from _segments_of(child)


def _choices_of(tree: Any) -> set[str]:
    """Give the groups of which one member is enough; hl7apy asks for all of them."""
    found = {str(tree.name)} if tree.reference and tree.reference[0] == "choice" else set()
    for child in tree.children:
        if child.classname == "Group":
            found |= _choices_of(child)
    return found


def _version(message: Message) -> tuple[str, str]:
    """Give the version to judge by, and a note where it is not the declared one."""
    from hl7apy import SUPPORTED_LIBRARIES

    declared = message.header.component(12, 1)
    if declared in SUPPORTED_LIBRARIES:
        return declared, ""
    numbers = _numbers(declared)
    known = sorted(SUPPORTED_LIBRARIES, key=_numbers)
    older = [version for version in known if _numbers(version) <= numbers]
    chosen = (older or known[:1])[-1] if numbers else _USUAL_VERSION
    said = "MSH-12 is empty" if not declared else "the version in MSH-12 is not one hl7apy knows"
    return chosen, f"{said}; judged by HL7 {chosen}"


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")[:4]
    return tuple(int(part) for part in parts) if all(re.fullmatch(r"[0-9]{1,4}", part) for part in parts) else ()


def _written(message: Message, version: str) -> str:
    """Give the message as our reader has split it, with the version hl7apy is to use."""
    header = message.header
    fields = [*header.fields, *[""] * (13 - len(header.fields))]
    fields[12] = version
    d = header.delimiters
    if not header.component(9, 3) and (structure := _STRUCTURES.get((header.component(9, 1), header.component(9, 2)))):
        fields[9] = d.component.join([header.component(9, 1), header.component(9, 2), structure])
    lines = [_line(Segment("MSH", fields, header.delimiters)), *map(_line, message.segments[1:])]
    return "\r".join(lines)


def _line(segment: Segment) -> str:
    separator = segment.delimiters.field
    if segment.name == "MSH":
        return "MSH" + separator + separator.join(segment.fields[2:])
    return separator.join(segment.fields)


def _encoding(message: Message) -> dict[str, str]:
    d = message.delimiters
    return {
        "FIELD": d.field,
        "COMPONENT": d.component,
        "SUBCOMPONENT": d.subcomponent,
        "REPETITION": d.repetition,
        "ESCAPE": d.escape,
        "SEGMENT": "\r",
        "GROUP": "\r",
    }


def _parts(message: Message) -> int:
    d = message.delimiters
    marks = [mark for mark in (d.component, d.repetition, d.subcomponent) if mark]
    return sum(len(s.fields) + sum(value.count(mark) for value in s.fields for mark in marks) for s in message.segments)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "..."
