"""An association of our own on a blocking socket: P-DATA written straight from encoded bytes.

A-ASSOCIATE items are made and read by pynetdicom's PDU classes; the rest is PS3.8 §9.3 by struct. Command and data
of a request leave in one system call, and TCP_QUICKACK before each read spares the 40 ms that a peer with Nagle's
algorithm would wait for our delayed acknowledgment. Not thread-safe: one association, one thread.
"""

import socket
import struct
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RJ, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
)
from pynetdicom.presentation import build_context

from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import DestinationAway, Retryable
from dicomfabd.domain.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

VERIFICATION: Final = "1.2.840.10008.1.1"
_APPLICATION_CONTEXT: Final = "1.2.840.10008.3.1.1.1"
_ASSOCIATE_AC, _ASSOCIATE_RJ, _P_DATA, _RELEASE_RQ, _ABORT = 0x02, 0x03, 0x04, 0x05, 0x07
_RELEASE: Final = struct.pack(">BBII", _RELEASE_RQ, 0, 4, 0)
_RELEASE_REPLY: Final = struct.pack(">BBII", 0x06, 0, 4, 0)
_ABORT_PDU: Final = struct.pack(">BBIBBBB", _ABORT, 0, 4, 0, 0, 0, 0)
_LAST_COMMAND, _MORE_DATA, _LAST_DATA = 3, 0, 2  # message control header, PS3.8 Annex E.2
_LONGEST_REPLY: Final = 1 << 20
_LARGEST_FRAGMENT: Final = 1 << 20  # where the peer names no limit
_MOST_BUFFERS: Final = 1000  # IOV_MAX is 1024
_CONTEXT_IDS: Final = range(1, 256, 2)  # PS3.8 §9.3.2.2
_QUICK_ACK: Final = getattr(socket, "TCP_QUICKACK", None)  # Linux only; elsewhere it is merely slower

Buffer = bytes | memoryview


class Association:
    """An open association with a PACS; use as a context manager, which releases it."""

    def __init__(self, destination: Destination, contexts: Mapping[str, Sequence[str]]) -> None:
        """Connect and negotiate.

        Args:
            destination: The peer.
            contexts: Abstract syntax → transfer syntaxes, best first; at most 128 pairs.

        Raises:
            DestinationAway: Nobody answers there, or the association is rejected; says which.
        """
        self._destination = destination
        self._name = f"{destination.name} ({destination.ae_title} at {destination.host}:{destination.port})"
        self._message_id = 0
        try:
            self._socket = socket.create_connection((destination.host, destination.port), destination.timeout_s)
        except OSError as error:
            raise DestinationAway(f"{self._name} cannot be reached: {error.strerror or error}") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._accepted = self._negotiate(contexts)
        except Retryable as error:
            self._socket.close()
            raise DestinationAway(str(error)) from error
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.release()
        else:
            self.abort()

    def transfer_syntax(self, abstract_syntax: str) -> str | None:
        """Give the transfer syntax the peer chose, or None if it takes no such objects."""
        accepted = self._accepted.get(abstract_syntax)
        return accepted[1] if accepted else None

    def store(self, sop_class_uid: str, sop_instance_uid: str, parts: Iterable[Buffer]) -> int:
        """Send one instance (C-STORE, PS3.7 §9.1.1) and give the status of the response.

        Args:
            sop_class_uid: Its class; must have been accepted.
            sop_instance_uid: Its UID.
            parts: The data set's bytes in the accepted transfer syntax.

        Raises:
            Retryable: The peer closed, aborted, fell silent or answered something else.
        """
        context_id, _ = self._accepted[sop_class_uid]
        command = _store_command(self._next_message_id(), sop_class_uid, sop_instance_uid)
        return self._exchange(context_id, command, self._fragments(context_id, parts))

    def verify(self) -> int:
        """Send one C-ECHO (PS3.7 §9.1.5) and give the status; raises Retryable as `store` does."""
        context_id, _ = self._accepted[VERIFICATION]
        return self._exchange(context_id, _echo_command(self._next_message_id()), [])

    def release(self) -> None:
        """Release and close; a peer that does not answer is left at once."""
        try:
            self._socket.sendall(_RELEASE)
            self._socket.settimeout(min(5.0, self._destination.timeout_s))
            self._read_pdu()
        except (OSError, Retryable):
            pass  # we have all answers; how the peer says goodbye changes nothing
        finally:
            self._socket.close()

    def abort(self) -> None:
        """Abort and close."""
        try:
            self._socket.sendall(_ABORT_PDU)
        except OSError:
            pass  # it is gone already
        finally:
            self._socket.close()

    def _next_message_id(self) -> int:
        self._message_id = self._message_id % 65535 + 1
        return self._message_id

    def _exchange(self, context_id: int, command: bytes, data: list[Buffer]) -> int:
        try:
            self._send([_pdv_header(len(command), context_id, _LAST_COMMAND), command, *data])
            return self._status_of(self._message_id)
        except OSError as error:
            raise Retryable(f"{self._name} broke off: {error.strerror or error}") from error

    def _negotiate(self, contexts: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, str]]:
        try:
            self._socket.sendall(_associate_request(self._destination, contexts))
            kind, body = self._read_pdu()
        except OSError as error:
            raise DestinationAway(f"{self._name} does not negotiate: {error.strerror or error}") from error
        encoded = struct.pack(">BBI", kind, 0, len(body)) + body
        if kind == _ASSOCIATE_RJ:
            rejection = A_ASSOCIATE_RJ()
            rejection.decode(encoded)
            raise DestinationAway(f"{self._name} rejected the association: {rejection.reason_str}")
        if kind != _ASSOCIATE_AC:
            raise DestinationAway(f"{self._name} answered the association request with PDU type {kind:02X}")
        reply = A_ASSOCIATE_AC()
        reply.decode(encoded)
        limit = (reply.user_information and reply.user_information.maximum_length) or 0
        # A PDU may be as long as the peer says, PDV header (6 bytes) included; an even fragment suits every peer.
        self._fragment = max(128, min(_LARGEST_FRAGMENT, limit - 6 if limit else _LARGEST_FRAGMENT)) & ~1
        offered = dict(zip(_CONTEXT_IDS, _pairs(contexts), strict=False))
        taken = {context.context_id for context in reply.presentation_context if context.result == 0}
        accepted: dict[str, tuple[int, str]] = {}
        for context_id, (name, syntax) in offered.items():
            if context_id in taken:
                accepted.setdefault(name, (context_id, syntax))
        return accepted

    def _fragments(self, context_id: int, parts: Iterable[Buffer]) -> list[Buffer]:
        """Cut the data set into PDVs without copying it: headers and slices, in turn."""
        views = [memoryview(part) for part in parts if len(part)]
        left = sum(len(view) for view in views)
        buffers: list[Buffer] = []
        views.reverse()
        while left:
            size = min(self._fragment, left)
            left -= size
            buffers.append(_pdv_header(size, context_id, _MORE_DATA if left else _LAST_DATA))
            while size:
                view = views.pop()
                if len(view) > size:
                    views.append(view[size:])
                    view = view[:size]
                buffers.append(view)
                size -= len(view)
        return buffers

    def _send(self, buffers: list[Buffer]) -> None:
        start = 0
        while start < len(buffers):
            sent = self._socket.sendmsg(buffers[start : start + _MOST_BUFFERS])
            while sent and sent >= len(buffers[start]):
                sent -= len(buffers[start])
                start += 1
            if sent:
                buffers[start] = memoryview(buffers[start])[sent:]

    def _status_of(self, message_id: int) -> int:
        command = b""
        while True:
            kind, body = self._read_pdu()
            if kind != _P_DATA:
                self._explain_end(kind)
            position = 0
            while position + 6 <= len(body):
                length, _, control = struct.unpack_from(">IBB", body, position)
                command += body[position + 6 : position + 4 + length]
                position += 4 + length
                if control & _LAST_COMMAND == _LAST_COMMAND:
                    return self._read_response(command, message_id)
            if len(command) > _LONGEST_REPLY:
                raise Retryable(f"{self._name} sent a response without an end")

    def _read_response(self, command: bytes, message_id: int) -> int:
        elements = {}
        position = 0
        while position + 8 <= len(command):
            _, element, length = struct.unpack_from("<HHI", command, position)
            elements[element] = command[position + 8 : position + 8 + length]
            position += 8 + length
        answered, status = elements.get(0x0120, b""), elements.get(0x0900, b"")
        if len(answered) != 2 or len(status) != 2:
            raise Retryable(f"{self._name} sent a response without a message ID or status")
        if int.from_bytes(answered, "little") != message_id:
            raise Retryable(f"{self._name} answered another request than the one it was sent")
        return int.from_bytes(status, "little")

    def _explain_end(self, kind: int) -> None:
        if kind == _RELEASE_RQ:
            self._socket.sendall(_RELEASE_REPLY)
            raise Retryable(f"{self._name} released the association before answering")
        word = "aborted the association" if kind == _ABORT else f"sent an unexpected PDU of type {kind:02X}"
        raise Retryable(f"{self._name} {word}")

    def _read_pdu(self) -> tuple[int, bytes]:
        kind, _, length = struct.unpack(">BBI", self._read(6))
        if length > _LONGEST_REPLY:
            raise Retryable(f"{self._name} announced a PDU of {length} bytes")
        return kind, self._read(length)

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            if _QUICK_ACK is not None:
                self._socket.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
            part = self._socket.recv(count - len(data))
            if not part:
                raise Retryable(f"{self._name} closed the connection")
            data += part
        return bytes(data)


def _associate_request(destination: Destination, contexts: Mapping[str, Sequence[str]]) -> bytes:
    request = A_ASSOCIATE()
    request.application_context_name = _APPLICATION_CONTEXT
    request.calling_ae_title = destination.calling_ae_title
    request.called_ae_title = destination.ae_title
    proposed = []
    for context_id, (abstract, transfer) in zip(_CONTEXT_IDS, _pairs(contexts), strict=False):
        context = build_context(abstract, transfer)
        context.context_id = context_id
        proposed.append(context)
    request.presentation_context_definition_list = proposed
    length = MaximumLengthNotification()
    length.maximum_length_received = destination.max_pdu
    implementation = ImplementationClassUIDNotification()
    implementation.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    version = ImplementationVersionNameNotification()
    version.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    request.user_information = [length, implementation, version]
    pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(request)
    return pdu.encode()


def _pairs(contexts: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Give abstract and transfer syntaxes in pairs, one context each: so it is we who choose among what is accepted."""
    return [(abstract, transfer) for abstract, transfers in contexts.items() for transfer in transfers]


def _pdv_header(size: int, context_id: int, control: int) -> bytes:
    """Give the header of a P-DATA-TF PDU that holds one PDV of `size` bytes (PS3.8 §9.3.5)."""
    return struct.pack(">BBIIBB", _P_DATA, 0, size + 6, size + 2, context_id, control)


def _store_command(message_id: int, sop_class_uid: str, sop_instance_uid: str) -> bytes:
    """Give a C-STORE-RQ command set (PS3.7 Table 9.3-1), implicit VR little endian."""
    return _command(
        (0x0002, _uid(sop_class_uid)),
        (0x0100, b"\x01\x00"),
        (0x0110, message_id.to_bytes(2, "little")),
        (0x0700, b"\x00\x00"),
        (0x0800, b"\x01\x00"),
        (0x1000, _uid(sop_instance_uid)),
    )


def _echo_command(message_id: int) -> bytes:
    """Give a C-ECHO-RQ command set (PS3.7 Table 9.3-12)."""
    return _command(
        (0x0002, _uid(VERIFICATION)),
        (0x0100, b"\x30\x00"),
        (0x0110, message_id.to_bytes(2, "little")),
        (0x0800, b"\x01\x01"),
    )


def _command(*elements: tuple[int, bytes]) -> bytes:
    body = b"".join(struct.pack("<HHI", 0, element, len(value)) + value for element, value in elements)
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def _uid(value: str) -> bytes:
    encoded = value.encode("ascii")
    return encoded + b"\0" * (len(encoded) % 2)
