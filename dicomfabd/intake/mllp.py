"""MLLP framing on bytes: `VT message FS CR`, and everything senders make of it.

Standard: HL7 "Minimal Lower Layer Protocol" release 1 (Implementation Guide for HL7 v2, Transport specification).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

VT: Final = 0x0B
FS: Final = 0x1C
CR: Final = 0x0D
LF: Final = 0x0A

_FILLER: Final = b"\x00\r\n \t"
LONGEST_JUNK: Final = 64 * 1024
HEAD_BYTES: Final = 4096  # enough of an oversized message to find MSH-10


@dataclass(frozen=True, slots=True)
class Frame:
    """One complete message, without its framing bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Discarded:
    """Bytes that make no message and cannot be answered; reason: truncated, empty or junk."""

    reason: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Unusable:
    """The connection cannot go on; reason: http, tls, junk or oversized.

    Attributes:
        head: The first bytes of an oversized message, for its answer.
    """

    reason: str
    head: bytes = b""


FrameEvent = Frame | Discarded | Unusable


def wrap(message: bytes) -> bytes:
    """Put framing bytes around a message."""
    return b"\x0b" + message + b"\x1c\r"


class Framer:
    """Cuts a stream of bytes into messages.

    Holds at most `max_bytes` of one message, whatever the peer sends.
    """

    def __init__(self, max_bytes: int) -> None:
        """Take the longest message allowed, in bytes."""
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._scanned = 0
        self._in_frame = False
        self._is_over = False

    @property
    def awaits_end(self) -> bool:
        """True when a message is complete but for the CR after its FS; a short silence ends it too."""
        return self._in_frame and len(self._buffer) > 0 and self._buffer[-1] == FS

    def feed(self, data: bytes) -> Iterator[FrameEvent]:
        """Take bytes and give what they complete; nothing more after `Unusable`."""
        if self._is_over:
            return
        self._buffer += data
        while not self._is_over:
            event = self._next_in_frame() if self._in_frame else self._next_between()
            if event is None:
                return
            self._is_over = isinstance(event, Unusable)
            yield event

    def end(self) -> Iterator[FrameEvent]:
        """Give what is left when the peer falls silent after an FS, or closes."""
        if self.awaits_end:
            yield self._finish(len(self._buffer) - 1, len(self._buffer))
        elif self._in_frame:
            yield Discarded("truncated", bytes(self._buffer))
            self._buffer.clear()
            self._in_frame = False

    def _next_between(self) -> FrameEvent | None:
        junk_end = self._buffer.find(VT)
        junk = bytes(self._buffer if junk_end < 0 else self._buffer[:junk_end])
        # netcat users send bare text; it is a message as soon as an FS ends it.
        if junk.lstrip(_FILLER).startswith(b"MSH") and FS in junk:
            del self._buffer[: len(junk) - len(junk.lstrip(_FILLER))]
            self._in_frame, self._scanned = True, 0
            return self._next_in_frame()
        if junk_end < 0:
            return self._judge_junk(junk)
        del self._buffer[: junk_end + 1]
        self._in_frame, self._scanned = True, 0
        return Discarded("junk", junk) if junk.strip(_FILLER) else self._next_in_frame()

    def _judge_junk(self, junk: bytes) -> FrameEvent | None:
        if junk[:2] == b"\x16\x03":
            return Unusable("tls")
        if junk[:4] in (b"GET ", b"POST", b"PUT ", b"HEAD", b"OPTI"):
            return Unusable("http")
        if junk.lstrip(_FILLER).startswith(b"MSH"):
            return Unusable("oversized", junk[:HEAD_BYTES]) if len(junk) > self._max_bytes else None
        if len(junk) > LONGEST_JUNK:
            return Unusable("junk")
        if not junk.strip(_FILLER):
            self._buffer.clear()
        return None

    def _next_in_frame(self) -> FrameEvent | None:
        buffer = self._buffer
        end = buffer.find(FS, self._scanned)
        while end >= 0:
            if end + 1 == len(buffer):
                break  # wait for the CR
            after = buffer[end + 1]
            if after in (CR, LF, VT):
                return self._finish(end, end + 1 if after == VT else end + 2)
            end = buffer.find(FS, end + 1)  # an FS inside the data
        restart = buffer.find(VT, self._scanned, end if end >= 0 else len(buffer))
        if restart >= 0:
            lost = bytes(buffer[:restart])
            del buffer[: restart + 1]
            self._scanned = 0
            return Discarded("truncated", lost)
        self._scanned = end if end >= 0 else len(buffer)
        if len(buffer) > self._max_bytes:
            return Unusable("oversized", bytes(buffer[:HEAD_BYTES]))
        return None

    def _finish(self, end: int, rest: int) -> FrameEvent:
        data = bytes(self._buffer[:end])
        restart = data.rfind(b"\x0b")
        if restart >= 0:
            # The sender began again: the first part has no end and gets no answer, the second is a message.
            lost = data[:restart]
            del self._buffer[: restart + 1]
            self._scanned = 0
            return Discarded("truncated", lost)
        del self._buffer[:rest]
        self._in_frame, self._scanned = False, 0
        if len(data) > self._max_bytes:
            return Unusable("oversized", data[:HEAD_BYTES])
        return Frame(data) if data.strip(_FILLER) else Discarded("empty", data)
