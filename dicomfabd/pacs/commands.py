"""Command sets of the DIMSE messages we send and get (PS3.7 §9.3, §10.3, Annex E), implicit VR little endian."""

import struct
from dataclasses import dataclass
from typing import Final

from dicomfabd.domain.commitment import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE

VERIFICATION: Final = "1.2.840.10008.1.1"
EVENT_REPORT_RQ: Final = 0x0100
_STORE_RQ, _ECHO_RQ, _ACTION_RQ, _EVENT_REPORT_RSP = 0x0001, 0x0030, 0x0130, 0x8100
_DATA, _NO_DATA = 0x0001, 0x0101  # CommandDataSetType
_MEDIUM: Final = 0x0000
_ELEMENT: Final = struct.Struct("<HHI")


@dataclass(frozen=True, slots=True)
class Command:
    """A command set that came in; what it does not name is None or empty.

    Attributes:
        field: CommandField, which kind of message it is.
        answers: MessageIDBeingRespondedTo.
        type_id: EventTypeID of an N-EVENT-REPORT.
    """

    field: int | None
    message_id: int | None
    answers: int | None
    status: int | None
    type_id: int | None
    has_data: bool


def parse(data: bytes) -> Command:
    """Read a command set; one that is cut off gives what was readable."""
    numbers: dict[int, int] = {}
    position = 0
    while position + 8 <= len(data):
        _, element, length = _ELEMENT.unpack_from(data, position)
        position += 8
        if length == 2 and position + 2 <= len(data):
            numbers[element] = data[position] | data[position + 1] << 8
        position += length
    number = numbers.get
    return Command(
        number(0x0100), number(0x0110), number(0x0120), number(0x0900), number(0x1002), number(0x0800) != _NO_DATA
    )


def store_request(
    message_id: int, sop_class_uid: str, sop_instance_uid: str, origin: tuple[str, int] | None = None
) -> bytes:
    """Give a C-STORE-RQ (PS3.7 Table 9.3-1); `origin` is AE title and message ID of the C-MOVE that asked for it."""
    moved: tuple[tuple[int, bytes], ...] = ()
    if origin is not None:
        moved = ((0x1030, _text(origin[0])), (0x1031, _us(origin[1])))
    return _encode(
        (0x0002, _uid(sop_class_uid)),
        (0x0100, _us(_STORE_RQ)),
        (0x0110, _us(message_id)),
        (0x0700, _us(_MEDIUM)),
        (0x0800, _us(_DATA)),
        (0x1000, _uid(sop_instance_uid)),
        *moved,
    )


def echo_request(message_id: int) -> bytes:
    """Give a C-ECHO-RQ (PS3.7 Table 9.3-12)."""
    return _encode(
        (0x0002, _uid(VERIFICATION)),
        (0x0100, _us(_ECHO_RQ)),
        (0x0110, _us(message_id)),
        (0x0800, _us(_NO_DATA)),
    )


def commitment_request(message_id: int) -> bytes:
    """Give the N-ACTION-RQ that asks for storage commitment (PS3.7 Table 10.3-7, PS3.4 J.3.2)."""
    return _encode(
        (0x0003, _uid(STORAGE_COMMITMENT)),
        (0x0100, _us(_ACTION_RQ)),
        (0x0110, _us(message_id)),
        (0x0800, _us(_DATA)),
        (0x1001, _uid(STORAGE_COMMITMENT_INSTANCE)),
        (0x1008, _us(1)),
    )


def commitment_report(message_id: int, event_type_id: int) -> bytes:
    """Give the N-EVENT-REPORT-RQ that tells of it (PS3.7 Table 10.3-1, PS3.4 J.3.3)."""
    return _encode(
        (0x0002, _uid(STORAGE_COMMITMENT)),
        (0x0100, _us(EVENT_REPORT_RQ)),
        (0x0110, _us(message_id)),
        (0x0800, _us(_DATA)),
        (0x1000, _uid(STORAGE_COMMITMENT_INSTANCE)),
        (0x1002, _us(event_type_id)),
    )


def event_report_response(message_id: int, status: int) -> bytes:
    """Give an N-EVENT-REPORT-RSP (PS3.7 Table 10.3-2)."""
    return _encode(
        (0x0002, _uid(STORAGE_COMMITMENT)),
        (0x0100, _us(_EVENT_REPORT_RSP)),
        (0x0120, _us(message_id)),
        (0x0800, _us(_NO_DATA)),
        (0x0900, _us(status)),
        (0x1000, _uid(STORAGE_COMMITMENT_INSTANCE)),
    )


def _encode(*elements: tuple[int, bytes]) -> bytes:
    body = b"".join([_ELEMENT.pack(0, element, len(value)) + value for element, value in elements])
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def _us(value: int) -> bytes:
    return value.to_bytes(2, "little")


def _uid(value: str) -> bytes:
    encoded = value.encode("ascii")
    return encoded + b"\0" * (len(encoded) % 2)


def _text(value: str) -> bytes:
    encoded = value.encode("ascii")
    return encoded + b" " * (len(encoded) % 2)
