"""What must hold for any bytes at all; hypothesis calls these in CI, atheris in `make fuzz`.

Everything that knows how the code under test is called is in `events_of`, `read` and `text_of`.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import hl7  # type: ignore[import-untyped]  # it ships no types

from dicomfabd.app.planning import planner_of
from dicomfabd.config import Settings
from dicomfabd.intake.charsets import decode
from dicomfabd.intake.er7 import parse
from dicomfabd.intake.mllp import LONGEST_JUNK, Discarded, Frame, Framer, Unusable, wrap
from dicomfabd.intake.reading import Reader
from dicomfabd.intake.values import Delimiters, unescape

CODES = ("AA", "AE", "AR", "")
ANSWER_FIXED, ANSWER_FACTOR = 8192, 40
"""An answer is at most so long: a fixed part, and so many times the message (each empty ORC is a fault to name)."""

_CORPUS = Path(__file__).parents[1] / "messages"

Event = tuple[str, str, bytes]


@cache
def corpus() -> list[bytes]:
    """Give every message of tests/messages."""
    return [path.read_bytes() for path in sorted(_CORPUS.glob("*/*.hl7"))]


@cache
def _reader() -> Reader:
    return Reader(planner_of(Settings()).choices, now=lambda: datetime(2026, 3, 2, tzinfo=UTC))


def events_of(chunks: Iterable[bytes], limit: int) -> list[Event]:
    """Give what a framer makes of a stream; it holds no more than it may at any time."""
    framer = Framer(limit)
    events: list[Event] = []
    for chunk in chunks:
        events += map(_event, framer.feed(chunk))
        if events and events[-1][0] == "unusable":
            return events
        assert len(framer._buffer) <= max(limit + 1, LONGEST_JUNK), "more is held than a message may be long"
    return events + [_event(event) for event in framer.end()]


def count_events(stream: bytes, length: int, limit: int) -> int:
    """Cut a long stream into pieces and count what comes of it, keeping nothing."""
    framer = Framer(limit)
    return sum(1 for chunk in cut(stream, [length]) for _ in framer.feed(chunk)) + sum(1 for _ in framer.end())


def _event(event: Frame | Discarded | Unusable) -> Event:
    if isinstance(event, Frame):
        return "frame", "", event.data
    if isinstance(event, Discarded):
        return "discarded", event.reason, event.data
    # How much of what cannot be used had arrived by then is up to the network.
    return "unusable", event.reason, b""


def read(raw: bytes) -> list[tuple[str, str, bytes]]:
    """Give the code, MSH-10 as it stands, and the answer to each message of a frame; no answer is empty."""
    reader = _reader()
    return [
        (reading.code, reading.header.control_id, reader.answer(reading.header, reading.code, reading.faults))
        if reading.code
        else ("", "", b"")
        for reading in reader.read(raw)
    ]


def text_of(raw: bytes, declared: str, undeclared: str = "") -> str:
    """Give the text of a message in the character set it says it is in."""
    return decode(raw, declared, undeclared)[0]


def cut(stream: bytes, lengths: Sequence[int]) -> Iterator[bytes]:
    """Give a stream in pieces of the given lengths, over and over."""
    start = index = 0
    while start < len(stream):
        length = max(1, lengths[index % len(lengths)]) if lengths else len(stream)
        yield stream[start : start + length]
        start, index = start + length, index + 1


def check_framing(stream: bytes, lengths: Sequence[int], limit: int) -> None:
    """However a stream is cut, the same comes out of it, and never more than went in."""
    whole = events_of([stream], limit)
    pieces = events_of(cut(stream, lengths), limit)

    assert whole == pieces
    assert sum(len(data) for _, _, data in whole) <= len(stream)
    assert all(len(data) <= limit for kind, _, data in whole if kind == "frame")


def check_wrapped(message: bytes, lengths: Sequence[int]) -> None:
    """A message without framing bytes comes out of its frame as it went in, and the one behind it too."""
    if not message.strip(b"\0\r\n \t") or b"\x0b" in message or b"\x1c" in message:
        return
    stream = wrap(message) + wrap(b"MSH|")

    assert [("frame", "", message), ("frame", "", b"MSH|")] == events_of(cut(stream, lengths), len(message) + 4)


def check_reading(raw: bytes) -> None:
    """Whatever is in a frame, each message of it has one reading, and all the answers together stay small."""
    readings = read(raw)

    assert 1 <= len(readings) <= max(1, raw.count(b"MSH"))
    assert sum(len(answer) for _, _, answer in readings) <= ANSWER_FIXED * len(readings) + ANSWER_FACTOR * len(raw)
    for code, control_id, answer in readings:
        assert code in CODES
        assert bool(code) == bool(answer)
        if answer:
            _check_answer(code, control_id, answer)


def _check_answer(code: str, control_id: str, answer: bytes) -> None:
    """An answer is HL7 to us and to others, and names the message."""
    assert not set(answer) & {0x0B, 0x1C}, "framing bytes in an answer"
    assert answer.endswith(b"\r")
    acknowledgment = parse(answer)
    names = [segment.name for segment in acknowledgment.segments]
    assert names == ["MSH", "MSA", *["ERR"] * (len(names) - 2)]
    d = acknowledgment.delimiters
    declared = [sign for sign in (d.field, d.component, d.repetition, d.escape, d.subcomponent) if sign]
    assert len(declared) == len(set(declared)), "two delimiters are the same"
    status = acknowledgment.segments[1]
    assert status.raw(1) == code
    if control_id.isascii() and control_id.isprintable():
        assert status.raw(2).strip() == control_id.rstrip(d.field).strip()
    _check_with_hl7(answer, code)


def _check_with_hl7(answer: bytes, code: str) -> None:
    """Read with python-hl7, which wants all four encoding characters, and each of them a character of its own."""
    text = answer.decode("utf-8", "replace")
    if text.isascii() and text[8:9] == text[3] and len(set(text[3:8])) == 5:
        assert str(hl7.parse(text).segment("MSA")[1]) == code


def check_text(raw: bytes, declared: str, undeclared: str = "") -> None:
    """Decoding never raises and never makes more characters than there were bytes."""
    assert len(text_of(raw, declared, undeclared)) <= len(raw)


def check_unescape(value: str) -> None:
    """Resolving escapes never raises and never makes a value longer."""
    assert len(unescape(value, Delimiters())) <= len(value)
