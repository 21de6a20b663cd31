"""A PACS that misbehaves as told, for so many associations, and is well from then on."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from dicomfabd.domain.delivery import Destination

Deed = Literal["silence", "close", "abort", "release", "wrong id", "no status", "endless", "junk", "half"]

_ABORT: Final = struct.pack(">BBIBBBB", 7, 0, 4, 0, 0, 2, 0)
_RELEASE_RQ: Final = struct.pack(">BBII", 5, 0, 4, 0)
_RELEASE_RP: Final = struct.pack(">BBII", 6, 0, 4, 0)
_SLOW_BYTES: Final = 4096


@dataclass(frozen=True)
class Manner:
    """How one association goes.

    Attributes:
        reject: Result, source and reason of a rejection (PS3.8 Table 9-21).
        greeting: What it does instead of accepting.
        max_pdu: Longest PDU it takes; 0 is any.
        takes_classes: Whether it accepts presentation contexts.
        status: Of every instance.
        deed: What it does at its instance number `at` (from 0) instead of answering.
        reads_slowly: It takes little at a time, so that a study needs longer than any wait may last.
    """

    reject: tuple[int, int, int] | None = None
    greeting: Literal["", "silence", "close", "abort", "junk"] = ""
    max_pdu: int = 16384
    takes_classes: bool = True
    status: int = 0x0000
    deed: Deed | None = None
    at: int = 1
    reads_slowly: bool = False


REJECTIONS = [
    (result, source, reason)
    for result in (1, 2)
    for source, reasons in ((1, (1, 2, 3, 7)), (2, (1, 2)), (3, (1, 2)))
    for reason in reasons
]
"""Every rejection of PS3.8 Table 9-21."""

WAITED_FOR = {
    f"rejection {result}/{source}/{reason}": Manner(reject=(result, source, reason))
    for result, source, reason in REJECTIONS
} | {
    "silence": Manner(greeting="silence"),
    "closing": Manner(greeting="close"),
    "an abort": Manner(greeting="abort"),
    "junk": Manner(greeting="junk"),
}
"""Manners of a PACS that is as good as away: nothing is tried but it."""

TRIED_AGAIN = {
    "an abort in the middle": Manner(deed="abort"),
    "closing after one": Manner(deed="close"),
    "closing at once": Manner(deed="close", at=0),
    "silence instead of an answer": Manner(deed="silence"),
    "a release instead of an answer": Manner(deed="release"),
    "an answer to something else": Manner(deed="wrong id"),
    "an answer without a status": Manner(deed="no status"),
    "an answer without an end": Manner(deed="endless"),
    "half an answer": Manner(deed="half"),
    "junk for an answer": Manner(deed="junk"),
    "out of resources": Manner(status=0xA700),
    "a processing failure": Manner(status=0x0110),
}
"""Manners after which the rest is sent again, some seconds later."""

REFUSED = {
    "cannot understand": (Manner(status=0xC000), "0xC000"),
    "data set does not match": (Manner(status=0xA900), "0xA900"),
    "SOP class not supported": (Manner(status=0x0122), "0x0122"),
    "not authorised": (Manner(status=0x0124), "0x0124"),
    "no class accepted": (Manner(takes_classes=False), "does not accept SOP class"),
}
"""Manners that only a person can do something about."""

TAKEN = {
    "coercion of data elements": Manner(status=0xB000),
    "elements discarded": Manner(status=0xB006),
    "a tiny PDU": Manner(max_pdu=128),
    "no limit to a PDU": Manner(max_pdu=0),
    "slow reading": Manner(reads_slowly=True),
}
"""Manners that are no fault."""


@dataclass
class OddPacs:
    """It counts what it stored; `manners` are for its associations in turn, then it is well.

    Attributes:
        on_instance: Told the number of each instance, over all associations, before it is answered.
    """

    manners: list[Manner] = field(default_factory=list)
    on_instance: Callable[[int], None] = lambda _number: None
    stored: list[str] = field(default_factory=list)
    associations: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)
    port: int = 0
    _seen: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def destination(self, timeout_s: float = 1.0) -> Destination:
        return Destination("main", "127.0.0.1", self.port, "ODD", timeout_s=timeout_s)

    def wait_for(self, is_met: Callable[[], bool], timeout_s: float = 60) -> None:
        with self.changed:
            assert self.changed.wait_for(is_met, timeout_s), f"{len(self.stored)} stored"

    def close(self) -> None:
        # A thread in accept() is not woken by a close.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._thread.join(5)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError):
            try:
                self._associate(connection)
            finally:
                connection.close()

    def _associate(self, connection: socket.socket) -> None:
        _, request = _read_pdu(connection)
        is_echo = b"1.2.840.10008.1.1" in request.split(b"\x40\x00")[0]
        with self.changed:
            manner = Manner() if is_echo or not self.manners else self.manners.pop(0)
            self.associations += not is_echo
            self.changed.notify_all()
        if manner.reject:
            connection.sendall(struct.pack(">BBIBBBB", 3, 0, 4, 0, *manner.reject))
            _wait_for_end(connection)
        elif manner.greeting:
            self._misbehave(connection, manner.greeting, 0)
        else:
            if manner.reads_slowly:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
            connection.sendall(_accept(request, manner))
            self._take_instances(connection, manner)

    def _take_instances(self, connection: socket.socket, manner: Manner) -> None:
        number = 0
        while True:
            message = _read_message(connection, manner.reads_slowly)
            if message is None:
                connection.sendall(_RELEASE_RP)
                return
            context_id, command = message
            message_id = int.from_bytes(command[0x0110], "little")
            if 0x1000 in command:
                self.on_instance(self._seen)
                self._seen += 1
                if manner.deed and number == manner.at:
                    self._misbehave(connection, manner.deed, message_id)
                    return
                number += 1
                if (manner.status & 0xF000 in (0x0000, 0xB000) and manner.status < 0x0100) or (
                    manner.status >= 0xB000 and manner.status < 0xC000
                ):
                    with self.changed:
                        self.stored.append(command[0x1000].rstrip(b"\0").decode())
                        self.changed.notify_all()
            connection.sendall(_response(context_id, command, message_id, manner.status))

    @staticmethod
    def _misbehave(connection: socket.socket, deed: str, message_id: int) -> None:
        answers = {
            "abort": _ABORT,
            "release": _RELEASE_RQ,
            "junk": b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "endless": struct.pack(">BBI", 4, 0, 1 << 31),
            "half": struct.pack(">BBIIB", 4, 0, 100, 96, 1),
            "wrong id": _response(1, {}, message_id + 7, 0),
            "no status": _response(1, {}, message_id, None),
        }
        if deed in answers:
            connection.sendall(answers[deed])
        if deed not in ("close", "abort"):
            _wait_for_end(connection)


@contextlib.contextmanager
def odd_pacs(*manners: Manner) -> Iterator[OddPacs]:
    pacs = OddPacs(list(manners))
    try:
        yield pacs
    finally:
        pacs.close()


def _wait_for_end(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def _read(connection: socket.socket, count: int, slowly: bool = False) -> bytes:
    data = bytearray()
    while len(data) < count:
        part = connection.recv(min(count - len(data), _SLOW_BYTES if slowly else 1 << 20))
        if not part:
            raise EOFError
        data += part
    return bytes(data)


def _read_pdu(connection: socket.socket, slowly: bool = False) -> tuple[int, bytes]:
    kind, _, length = struct.unpack(">BBI", _read(connection, 6))
    return kind, _read(connection, length, slowly)


def _read_message(connection: socket.socket, slowly: bool) -> tuple[int, dict[int, bytes]] | None:
    """Give context ID and command of the next message, its data set read and dropped; None at a release."""
    command = b""
    while True:
        kind, body = _read_pdu(connection, slowly)
        if kind != 4:
            if kind == 5:
                return None
            raise EOFError
        position = 0
        while position < len(body):
            length, context_id, control = struct.unpack_from(">IBB", body, position)
            if control & 1:
                command += body[position + 6 : position + 4 + length]
            elements = _elements(command)
            has_data = elements.get(0x0800) != b"\x01\x01"
            position += 4 + length
            if control == 2 or (control == 3 and not has_data):
                return context_id, elements


def _elements(command: bytes) -> dict[int, bytes]:
    elements, position = {}, 0
    while position + 8 <= len(command):
        _, element, length = struct.unpack_from("<HHI", command, position)
        elements[element] = command[position + 8 : position + 8 + length]
        position += 8 + length
    return elements


def _accept(request: bytes, manner: Manner) -> bytes:
    def item(kind: int, body: bytes) -> bytes:
        return struct.pack(">BBH", kind, 0, len(body)) + body

    contexts, position = b"", 68
    while position < len(request):
        kind, _, length = struct.unpack_from(">BBH", request, position)
        body = request[position + 4 : position + 4 + length]
        if kind == 0x20:
            abstract_length = struct.unpack_from(">H", body, 6)[0]
            transfer = body[8 + abstract_length :]
            size = struct.unpack_from(">H", transfer, 2)[0]
            result = 0 if manner.takes_classes else 3
            contexts += item(0x21, bytes([body[0], 0, result, 0]) + transfer[: 4 + size])
        position += 4 + length
    items = item(0x10, b"1.2.840.10008.3.1.1.1") + contexts
    items += item(0x50, item(0x51, struct.pack(">I", manner.max_pdu)) + item(0x52, b"1.2.3"))
    body = struct.pack(">HH", 1, 0) + request[4:36] + bytes(32) + items
    return struct.pack(">BBI", 2, 0, len(body)) + body


def _response(context_id: int, command: dict[int, bytes], message_id: int, status: int | None) -> bytes:
    field = int.from_bytes(command.get(0x0100, b"\x01\x00"), "little") | 0x8000
    values = [(0x0100, field), (0x0120, message_id), (0x0800, 0x0101)] + ([] if status is None else [(0x0900, status)])
    body = b"".join(struct.pack("<HHIH", 0, element, 2, value) for element, value in values)
    return struct.pack(">BBIIBB", 4, 0, len(body) + 6, len(body) + 2, context_id, 3) + body
