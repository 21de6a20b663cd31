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
LONGEST_DRAIN: Final = 256 * 1024 * 1024
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
    """Cuts a stream of bytes into messages; what comes out does not depend on how the stream was cut by the network.

    Holds at most `max_bytes` of one message, whatever the peer sends.
    """

    def __init__(self, max_bytes: int) -> None:
        """Take the longest message allowed, in bytes."""
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._scanned = 0
        self._in_frame = False
        self._is_over = False
        self._head = b""
        self._drained = 0

    @property
    def is_inside(self) -> bool:
        """True when a message has begun and not ended."""
        return self._in_frame

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
        if self._is_over:
            return
        if self._head:
            self._is_over = True
            yield Unusable("oversized", self._head)
        elif self.awaits_end:
            yield self._finish(len(self._buffer) - 1, len(self._buffer))
        elif self._in_frame:
            yield Discarded("truncated", bytes(self._buffer))
            self._buffer.clear()
            self._in_frame = False

    def _next_between(self) -> FrameEvent | None:
        start = self._buffer.find(VT)
        junk = bytes(self._buffer if start < 0 else self._buffer[:start])
        bare = junk.lstrip(_FILLER)
        if bare.startswith(b"MSH") and len(bare) > 3:
            # netcat users send bare text; it is a message as soon as an FS ends it.
            return self._enter(len(junk) - len(bare))
        stranger = _stranger(bare)
        if stranger:
            return Unusable(stranger)
        if len(bare) > LONGEST_JUNK:
            return Unusable("junk")
        if start >= 0:
            return self._enter(start + 1) if not bare.strip(_FILLER) else self._drop_junk(start, bare)
        del self._buffer[: len(junk) - len(bare)]
        return None

    def _drop_junk(self, start: int, junk: bytes) -> FrameEvent:
        del self._buffer[:start]
        return Discarded("junk", junk)

    def _enter(self, start: int) -> FrameEvent | None:
        del self._buffer[:start]
        self._in_frame, self._scanned = True, 0
        return self._next_in_frame()

    def _next_in_frame(self) -> FrameEvent | None:
        if self._head:
            return self._drain()
        buffer = self._buffer
        if not self._scanned and buffer[:1] == b"\x0b":
            # Starts upon starts hold nothing that could be lost.
            del buffer[: len(buffer) - len(buffer.lstrip(b"\x0b"))]
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
            return self._restart(bytes(buffer[:restart]))
        self._scanned = end if end >= 0 else len(buffer)
        if self._scanned > self._max_bytes:
            self._head = bytes(buffer[:HEAD_BYTES])
            return self._drain()
        return None

    def _finish(self, end: int, rest: int) -> FrameEvent:
        data = bytes(self._buffer[:end])
        restart = data.find(b"\x0b")
        if restart >= 0:
            return self._restart(data[:restart])
        del self._buffer[:rest]
        self._in_frame, self._scanned = False, 0
        if len(data) > self._max_bytes:
            return Unusable("oversized", data[:HEAD_BYTES])
        return Frame(data) if data.strip(_FILLER) else Discarded("empty", data)

    def _restart(self, lost: bytes) -> FrameEvent:
        """Begin anew where the sender did: the first part has no end and gets no answer."""
        if len(lost) > self._max_bytes:
            return Unusable("oversized", lost[:HEAD_BYTES])
        del self._buffer[: len(lost) + 1]
        self._scanned = 0
        return Discarded("truncated", lost)

    def _drain(self) -> FrameEvent | None:
        """Throw away the rest of a message that is too long: a sender cut off while it writes never reads why."""
        end = self._buffer.find(FS, 0, len(self._buffer))
        self._drained += len(self._buffer)
        if end < 0 and self._drained <= LONGEST_DRAIN:
            self._buffer.clear()
            return None
        return Unusable("oversized", self._head)


def _stranger(junk: bytes) -> str:
    """Name the protocol of a peer that took our port for another; its hello may hold a start byte like any other."""
    if junk[:2] == b"\x16\x03":
        return "tls"
    return "http" if junk[:4] in (b"GET ", b"POST", b"PUT ", b"HEAD", b"OPTI") else ""
