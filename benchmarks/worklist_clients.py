"""Modalities that cost little: plain sockets, requests encoded beforehand, answers counted; and DCMTK's findscu."""

import os
import select
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Final, Self

from pydicom import Dataset

from benchmarks.peers import environment
from benchmarks.worklist_items import CALLED
from dicomfabd.dimse import datasets
from dicomfabd.dimse.command import STATUS, Operation
from dicomfabd.dimse.pdu import COMMAND, HEADER_BYTES, Outbound, PduType, p_data
from tests.conftest import program
from tests.dimse.raw import DATA, IMPLICIT, MWL, RELEASE_RQ, RawPeer, a_command

PENDING: Final = frozenset({0xFF00, 0xFF01})
SUCCESS: Final = 0
_STATUS: Final = struct.pack("<HHI", 0, STATUS, 2)
_HEAD: Final = struct.Struct(">BxIIBB")
"""Of a P-DATA PDU and the one fragment in it; everybody measured here sends one at a time."""
_LONGEST: Final = 131_072
_READ_BYTES: Final = 262_144
_MOST_S: Final = 120.0  # nobody needs so long for an answer


def find_of(identifier: bytes) -> bytes:
    """Give a C-FIND-RQ with an identifier, ready to be sent."""
    command = a_command(Operation.C_FIND, DATA, e0002=MWL.encode(), e0700=0)
    return b"".join(p_data([Outbound(1, command, identifier)], 16_384))


CANCEL: Final = b"".join(p_data([Outbound(1, a_command(Operation.C_CANCEL))], 16_384))


class Modality:
    """An association held over many queries, one after the other.

    Attributes:
        answers: How many came for the query under way.
        status: Of its final response.
    """

    def __init__(self, port: int) -> None:
        """Open the association."""
        self._peer = RawPeer(port)
        self._peer.associate((MWL, [IMPLICIT]), called=CALLED, longest_pdu=_LONGEST)
        self.socket = self._peer.socket
        self.socket.settimeout(_MOST_S)
        self._rest = b""
        self.answers, self.status = 0, -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Release the association."""
        self.socket.sendall(RELEASE_RQ)
        self._peer.read_pdu()
        self.socket.close()

    def send(self, request: bytes) -> None:
        """Begin a query."""
        self.answers = 0
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what has come; tells whether the query is answered."""
        data = self.socket.recv(_READ_BYTES)
        if not data:
            raise ConnectionError("the server closed the connection")
        data, position, is_answered = self._rest + data, 0, False
        while position + _HEAD.size <= len(data):
            kind, length, size, _, control = _HEAD.unpack_from(data, position)
            end = position + HEADER_BYTES + length
            if end > len(data):
                break
            if kind != PduType.P_DATA or length != 4 + size:
                raise ConnectionError(f"the server sent a PDU of type {kind}")
            if control & COMMAND:
                is_answered |= self._take_response(data[end - len(_STATUS) - 2 : end])
            position = end
        self._rest = data[position:]
        return is_answered

    def ask(self, request: bytes, expected: int) -> float:
        """Ask, and give the seconds until the final response; raises AssertionError for another number of answers."""
        started = time.perf_counter()
        self.send(request)
        while not self.receive():
            pass
        took = time.perf_counter() - started
        self.check(expected)
        return took

    def check(self, expected: int) -> None:
        """Raise AssertionError unless the query that was answered brought so many answers and success."""
        if (self.answers, self.status) != (expected, SUCCESS):
            raise AssertionError(f"{self.answers} answers of {expected}, and status {self.status:04X}")

    def read(self, request: bytes) -> list[Dataset]:
        """Ask, and give the answers."""
        self._peer.send(request)
        found = []
        while True:
            command, data = self._peer.read_message()
            if command.number(STATUS) not in PENDING:
                return found
            found.append(datasets.decode(data, IMPLICIT))

    def _take_response(self, status: bytes) -> bool:
        """Take the end of a command set, which is its status; tells whether it is the final response."""
        if status[:-2] != _STATUS:
            raise AssertionError("a response does not end with its status")
        self.status = int.from_bytes(status[-2:], "little")
        self.answers += self.status in PENDING
        return self.status not in PENDING


def together(port: int, requests: Iterator[bytes], expected: int, associations: int, seconds: float) -> float:
    """Give answers a second, with as many associations that each ask as soon as they were answered."""
    poll, modalities = select.epoll(), {}
    for _ in range(associations):
        modality = Modality(port)
        modalities[modality.socket.fileno()] = modality
        poll.register(modality.socket.fileno(), select.EPOLLIN)
    started = time.perf_counter()
    end, answers, busy = started + seconds, 0, set(modalities)
    for number in busy:
        modalities[number].send(next(requests))
    while busy:
        for number, _ in poll.poll(_MOST_S):
            modality = modalities[number]
            if not modality.receive():
                continue
            modality.check(expected)
            answers += modality.answers
            if time.perf_counter() < end:
                modality.send(next(requests))
            else:
                busy.remove(number)
    took = time.perf_counter() - started
    for modality in modalities.values():
        modality.__exit__()
    return answers / took


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What came of a query that was cancelled after its first answer.

    Attributes:
        first_s: From the request to the first answer.
        further: Answers after C-CANCEL was sent.
        status: Of the final response.
    """

    first_s: float
    further: int
    status: int


def cancel(port: int, request: bytes) -> Cancelled:
    """Ask, and cancel once the first answer is there; on an association of its own, left without release.

    Orthanc sends one more identifier behind its FE00.
    """
    modality = Modality(port)
    with modality.socket:
        started = time.perf_counter()
        modality.send(request)
        is_answered = False
        while not modality.answers:
            is_answered = modality.receive()
        first_s = time.perf_counter() - started
        before = modality.answers
        modality.socket.sendall(CANCEL)
        # A short list may have come whole with the first answer.
        while not is_answered:
            is_answered = modality.receive()
    return Cancelled(first_s, modality.answers - before, modality.status)


class Streams:
    """Associations that ask without pause, in a process of their own, until the end of the block."""

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        """Take a request for each association."""
        context = get_context("spawn")
        self._begun, self._stop = context.Event(), context.Event()
        self._process = context.Process(target=_stream, args=(port, requests, self._begun, self._stop))

    def __enter__(self) -> None:
        self._process.start()
        if not self._begun.wait(_MOST_S):
            raise AssertionError("no answer came")

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._process.join(_MOST_S)


def _stream(port: int, requests: Sequence[bytes], begun: Event, stop: Event) -> None:
    # It stands for other machines, so it may not take the processors of the one that is measured.
    os.nice(19)
    poll, asked = select.epoll(), {}
    for request in requests:
        modality = Modality(port)
        asked[modality.socket.fileno()] = (modality, request)
        poll.register(modality.socket.fileno(), select.EPOLLIN)
        modality.send(request)
    while not stop.is_set():
        for number, _ in poll.poll(_MOST_S):
            modality, request = asked[number]
            if modality.receive():
                modality.send(request)
        begun.set()


def findscu(port: int, query: Path) -> float:
    """Ask once with DCMTK's findscu and give the seconds the process took."""
    command = [program("findscu"), "-W", "-aec", CALLED, "127.0.0.1", str(port), str(query)]
    started = time.perf_counter()
    subprocess.run(command, env=environment(no_delay=True), check=True, capture_output=True)
    return time.perf_counter() - started
