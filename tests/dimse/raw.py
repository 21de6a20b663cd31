"""A peer that speaks by the byte, and what it says."""

import socket
import struct
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    MaximumLengthNotification,
    SCP_SCU_RoleSelectionNegotiation,
)
from pynetdicom.presentation import build_context

from dicomfabd.dimse.command import (
    AFFECTED_SOP_CLASS,
    COMMAND_FIELD,
    DATA_SET_TYPE,
    MESSAGE_ID,
    MESSAGE_ID_RESPONDED_TO,
    Command,
    Operation,
    encode,
)
from dicomfabd.dimse.pdu import Outbound, p_data

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
VERIFICATION, MWL, CT = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.31", "1.2.840.10008.5.1.4.1.1.2"
NO_DATA, DATA = 0x0101, 0x0001
RELEASE_RQ = struct.pack(">BBII", 5, 0, 4, 0)

ACCEPTED, REJECTED, ABORTED, RELEASED = 2, 3, 7, 6


def associate_rq(
    contexts: Sequence[tuple[str, Sequence[str]]] = ((VERIFICATION, [IMPLICIT]),),
    roles: Mapping[str, tuple[bool, bool]] | None = None,
    called: str = "ANY",
    calling: str = "RAW",
    longest_pdu: int = 16384,
) -> bytes:
    """Give an A-ASSOCIATE-RQ PDU; contexts get the IDs 1, 3, 5, ..."""
    asked = A_ASSOCIATE()
    asked.application_context_name = "1.2.840.10008.3.1.1.1"
    asked.calling_ae_title, asked.called_ae_title = calling, called
    proposed = []
    for number, (abstract, transfer) in enumerate(contexts):
        context = build_context(abstract, list(transfer))
        context.context_id = 2 * number + 1
        proposed.append(context)
    asked.presentation_context_definition_list = proposed
    length = MaximumLengthNotification()
    length.maximum_length_received = longest_pdu
    implementation = ImplementationClassUIDNotification()
    implementation.implementation_class_uid = "1.2.3"
    information = [length, implementation]
    for abstract, (is_scu, is_scp) in (roles or {}).items():
        role = SCP_SCU_RoleSelectionNegotiation()
        role.sop_class_uid, role.scu_role, role.scp_role = abstract, is_scu, is_scp
        information.append(role)
    asked.user_information = information
    pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(asked)
    return pdu.encode()


def a_pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBI", kind, 0, len(body)) + body


def a_fragment(data: bytes, control: int = 3, context_id: int = 1) -> bytes:
    """Give a P-DATA PDU with one fragment; control 3 is a whole command, 1 part of one, 2 the end of a data set."""
    return a_pdu(4, struct.pack(">IBB", len(data) + 2, context_id, control) + data)


def a_command(operation: int, data_set: int = NO_DATA, message_id: int = 1, **more: bytes | int) -> bytes:
    """Give a request's command set; `more` are elements named like `e0110`."""
    values = {AFFECTED_SOP_CLASS: VERIFICATION.encode(), COMMAND_FIELD: operation, DATA_SET_TYPE: data_set}
    values[MESSAGE_ID_RESPONDED_TO if operation == Operation.C_CANCEL else MESSAGE_ID] = message_id
    return encode(values | {int(name[1:], 16): value for name, value in more.items()})


ECHO = a_fragment(a_command(Operation.C_ECHO))


class RawPeer:
    """A blocking connection to a listener of ours."""

    def __init__(self, port: int, address: str = "127.0.0.1", patience_s: float = 20) -> None:
        """Connect from an address of the loopback network; no step may take longer than `patience_s`."""
        self.socket = socket.create_connection(("127.0.0.1", port), patience_s, (address, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, *pdus: bytes) -> Self:
        self.socket.sendall(b"".join(pdus))
        return self

    def associate(self, *contexts: tuple[str, Sequence[str]], **options: object) -> A_ASSOCIATE_AC:
        """Open an association and give what was agreed."""
        self.send(associate_rq(contexts or ((VERIFICATION, [IMPLICIT]),), **options))
        kind, body = self.read_pdu()
        assert ACCEPTED == kind
        agreed = A_ASSOCIATE_AC()
        agreed.decode(a_pdu(kind, body))
        return agreed

    def read_pdu(self) -> tuple[int, bytes]:
        """Give type and body of the next PDU; type 0 when the connection was closed."""
        head = self._read(6)
        if len(head) < 6:
            return 0, b""
        kind, length = struct.unpack(">BxI", head)
        return kind, self._read(length)

    def read_message(self) -> tuple[Command, bytes]:
        """Give the next message."""
        parts, command = b"", None
        while True:
            kind, body = self.read_pdu()
            assert 4 == kind, f"PDU type {kind}"
            position = 0
            while position < len(body):
                length, _, control = struct.unpack_from(">IBB", body, position)
                parts += body[position + 6 : position + 4 + length]
                position += 4 + length
                if control == 3:
                    command, parts = Command.decode(parts), b""
                    if not command.has_data_set:
                        return command, b""
                elif control == 2:
                    return command, parts

    def ask(self, command: bytes, data: bytes = b"", context_id: int = 1) -> Self:
        return self.send(*p_data([Outbound(context_id, command, data)], 16384))

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            try:
                part = self.socket.recv(count - len(data))
            except ConnectionResetError:
                part = b""
            if not part:
                return data
            data += part
        return data
