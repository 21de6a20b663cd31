"""Protocol data units as bytes (PS3.8 §9.3): cut out of a stream within fixed memory, and made."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from mmap import mmap
from typing import Final, NamedTuple

from dicomfabd.dimse.limits import Reason, Violation


class PduType(IntEnum):
    """PS3.8 §9.3.1."""

    ASSOCIATE_RQ = 0x01
    ASSOCIATE_AC = 0x02
    ASSOCIATE_RJ = 0x03
    P_DATA = 0x04
    RELEASE_RQ = 0x05
    RELEASE_RP = 0x06
    ABORT = 0x07


# Diagnostics of an A-ABORT PDU, PS3.8 Table 9-26.
UNRECOGNIZED_PDU: Final = 1
UNEXPECTED_PDU: Final = 2
INVALID_PARAMETER: Final = 6

HEADER_BYTES: Final = 6
_FRAGMENT_HEADER_BYTES: Final = 6
COMMAND, LAST = 1, 2  # bits of the message control header, Annex E.2
_TYPES: Final = frozenset(PduType)
_PIECE_BYTES: Final = 262_144

RELEASE_RQ: Final = struct.pack(">BBII", PduType.RELEASE_RQ, 0, 4, 0)
RELEASE_RP: Final = struct.pack(">BBII", PduType.RELEASE_RP, 0, 4, 0)


def abort(diagnostic: int = 0) -> bytes:
    """Give an A-ABORT PDU: of the service provider with a diagnostic, of the service user without."""
    return struct.pack(">BBIBBBB", PduType.ABORT, 0, 4, 0, 0, 2 if diagnostic else 0, diagnostic)


def rejection(result: int, source: int, reason: int) -> bytes:
    """Give an A-ASSOCIATE-RJ PDU (Table 9-21)."""
    return struct.pack(">BBIBBBB", PduType.ASSOCIATE_RJ, 0, 4, 0, result, source, reason)


class PduBuffer:
    """Cuts a stream into PDUs in memory of a fixed size, into which the socket writes."""

    def __init__(self, longest: int) -> None:
        """Take the longest a PDU may be without its header, in bytes."""
        self._longest = longest
        # Of the system, which gives it page by page: who says little costs little.
        self._view = memoryview(mmap(-1, 2 * (HEADER_BYTES + longest)))
        self._start = self._end = 0

    @property
    def is_inside(self) -> bool:
        """True when a PDU has begun and not ended."""
        return self._end > self._start

    def space(self) -> memoryview:
        """Give where bytes that arrive are to be written; never empty once `pdus` was gone through."""
        if self._start:
            left = self._end - self._start
            self._view[:left] = self._view[self._start : self._end]
            self._start, self._end = 0, left
        return self._view[self._end :]

    def filled(self, count: int) -> None:
        """Note that so many bytes were written to `space`."""
        self._end += count

    def release(self) -> None:
        """Give the memory back; nothing more can be written."""
        self._view = memoryview(b"")
        self._start = self._end = 0

    def pdus(self) -> Iterator[tuple[PduType, memoryview]]:
        """Give each complete PDU, type and rest, valid until the next is asked for.

        Raises:
            Violation: What arrived is no PDU, or one too long.
        """
        while self._end - self._start >= HEADER_BYTES:
            kind, length = struct.unpack_from(">BxI", self._view, self._start)
            if kind not in _TYPES:
                raise Violation(Reason.PDU, f"type {kind:02X} is none of a PDU", UNRECOGNIZED_PDU)
            if length > self._longest:
                detail = f"a PDU of {length} bytes was announced, the longest is {self._longest}"
                raise Violation(Reason.PDU, detail, INVALID_PARAMETER)
            begin = self._start + HEADER_BYTES
            if self._end < begin + length:
                return
            self._start = begin + length
            yield PduType(kind), self._view[begin : self._start]


@dataclass(slots=True)
class Fragment:
    """One presentation data value (PS3.8 §9.3.5.1)."""

    context_id: int
    is_command: bool
    is_last: bool
    data: memoryview


def fragments(body: memoryview) -> Iterator[Fragment]:
    """Give what a P-DATA-TF PDU holds; raises Violation for one that holds nothing or ends too early."""
    position = 0
    while position < len(body) or not body:
        begin = position + _FRAGMENT_HEADER_BYTES
        if begin > len(body):
            raise Violation(Reason.PDU, "a P-DATA PDU ends within a header", INVALID_PARAMETER)
        length, context_id, control = struct.unpack_from(">IBB", body, position)
        position += 4 + length
        if not begin <= position <= len(body):
            raise Violation(Reason.PDU, "a fragment is not as long as it says", INVALID_PARAMETER)
        yield Fragment(context_id, bool(control & COMMAND), bool(control & LAST), body[begin:position])


class Outbound(NamedTuple):
    """A message to send; no data set is empty."""

    context_id: int
    command: bytes
    data: bytes = b""


@lru_cache(maxsize=4096)
def p_data_header(size: int, context_id: int, control: int) -> bytes:
    """Give the header of a P-DATA-TF PDU that holds one fragment of `size` bytes (§9.3.5)."""
    return struct.pack(">BBIIBB", PduType.P_DATA, 0, size + 6, size + 2, context_id, control)


def p_data(messages: Iterable[Outbound], longest: int) -> Iterator[bytes]:
    """Give messages as P-DATA-TF PDUs of at most `longest` bytes.

    They come in pieces of some 256 KiB: what is short leaves in one write, what is long is never held twice.
    """
    most = longest - _FRAGMENT_HEADER_BYTES
    piece: list[bytes | memoryview] = []
    size = 0
    for context_id, command, data in messages:
        if len(data) <= most and len(command) <= most:
            piece += (p_data_header(len(command), context_id, COMMAND | LAST), command)
            if data:
                piece += (p_data_header(len(data), context_id, LAST), data)
            size += len(command) + len(data)
            if size >= _PIECE_BYTES:
                yield b"".join(piece)
                piece, size = [], 0
            continue
        for part, flag in ((command, COMMAND), (data, 0)):
            view = memoryview(part)
            while view:
                fragment, view = view[:most], view[most:]
                piece.append(p_data_header(len(fragment), context_id, flag | (0 if view else LAST)))
                piece.append(fragment)
                size += len(fragment)
                if size >= _PIECE_BYTES:
                    yield b"".join(piece)
                    piece, size = [], 0
    if piece:
        yield b"".join(piece)
