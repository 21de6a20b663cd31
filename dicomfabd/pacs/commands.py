"""Command sets of what we ask a PACS, and a reader of its answers that bears with odd ones (PS3.7 §9.3, §10.3)."""

import struct
from dataclasses import dataclass
from typing import Final

from dicomfabd.dimse.command import (
    ACTION_TYPE,
    AFFECTED_SOP_CLASS,
    AFFECTED_SOP_INSTANCE,
    COMMAND_FIELD,
    DATA_SET,
    DATA_SET_TYPE,
    ERROR_ID,
    EVENT_TYPE,
    MESSAGE_ID,
    MESSAGE_ID_RESPONDED_TO,
    NO_DATA_SET,
    REQUESTED_SOP_CLASS,
    REQUESTED_SOP_INSTANCE,
    RESPONSE,
    STATUS,
    Operation,
    encode,
)
from dicomfabd.domain.commitment import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE

VERIFICATION: Final = "1.2.840.10008.1.1"
_ELEMENT: Final = struct.Struct("<HHI")


@dataclass(frozen=True, slots=True)
class Command:
    """A command set that came in; what it does not name is None or empty.

    Attributes:
        field: CommandField, which kind of message it is.
        answers: MessageIDBeingRespondedTo.
        type_id: EventTypeID of an N-EVENT-REPORT.
        error_id: What a failure is more exactly.
    """

    field: int | None
    message_id: int | None
    answers: int | None
    status: int | None
    type_id: int | None
    error_id: int | None
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
        field=number(COMMAND_FIELD),
        message_id=number(MESSAGE_ID),
        answers=number(MESSAGE_ID_RESPONDED_TO),
        status=number(STATUS),
        type_id=number(EVENT_TYPE),
        error_id=number(ERROR_ID),
        has_data=number(DATA_SET_TYPE) != NO_DATA_SET,
    )


def echo_request(message_id: int) -> bytes:
    """Give a C-ECHO-RQ (PS3.7 Table 9.3-12)."""
    return encode(
        {
            AFFECTED_SOP_CLASS: VERIFICATION.encode(),
            COMMAND_FIELD: Operation.C_ECHO,
            MESSAGE_ID: message_id,
            DATA_SET_TYPE: NO_DATA_SET,
        }
    )


def create_request(message_id: int, sop_class_uid: str, sop_instance_uid: str) -> bytes:
    """Give an N-CREATE-RQ (PS3.7 Table 10.3-9)."""
    return encode(
        {
            AFFECTED_SOP_CLASS: sop_class_uid.encode(),
            COMMAND_FIELD: Operation.N_CREATE,
            MESSAGE_ID: message_id,
            DATA_SET_TYPE: DATA_SET,
            AFFECTED_SOP_INSTANCE: sop_instance_uid.encode(),
        }
    )


def set_request(message_id: int, sop_class_uid: str, sop_instance_uid: str) -> bytes:
    """Give an N-SET-RQ (PS3.7 Table 10.3-5)."""
    return encode(
        {
            REQUESTED_SOP_CLASS: sop_class_uid.encode(),
            COMMAND_FIELD: Operation.N_SET,
            MESSAGE_ID: message_id,
            DATA_SET_TYPE: DATA_SET,
            REQUESTED_SOP_INSTANCE: sop_instance_uid.encode(),
        }
    )


def commitment_request(message_id: int) -> bytes:
    """Give the N-ACTION-RQ that asks for storage commitment (PS3.7 Table 10.3-7, PS3.4 J.3.2)."""
    return encode(
        {
            REQUESTED_SOP_CLASS: STORAGE_COMMITMENT.encode(),
            COMMAND_FIELD: Operation.N_ACTION,
            MESSAGE_ID: message_id,
            DATA_SET_TYPE: DATA_SET,
            REQUESTED_SOP_INSTANCE: STORAGE_COMMITMENT_INSTANCE.encode(),
            ACTION_TYPE: 1,
        }
    )


def commitment_report(message_id: int, event_type_id: int) -> bytes:
    """Give the N-EVENT-REPORT-RQ that tells of it (PS3.7 Table 10.3-1, PS3.4 J.3.3)."""
    return encode(
        {
            AFFECTED_SOP_CLASS: STORAGE_COMMITMENT.encode(),
            COMMAND_FIELD: Operation.N_EVENT_REPORT,
            MESSAGE_ID: message_id,
            DATA_SET_TYPE: DATA_SET,
            AFFECTED_SOP_INSTANCE: STORAGE_COMMITMENT_INSTANCE.encode(),
            EVENT_TYPE: event_type_id,
        }
    )


def event_report_response(message_id: int, status: int) -> bytes:
    """Give an N-EVENT-REPORT-RSP (PS3.7 Table 10.3-2)."""
    return encode(
        {
            AFFECTED_SOP_CLASS: STORAGE_COMMITMENT.encode(),
            COMMAND_FIELD: Operation.N_EVENT_REPORT | RESPONSE,
            MESSAGE_ID_RESPONDED_TO: message_id,
            DATA_SET_TYPE: NO_DATA_SET,
            STATUS: status,
            AFFECTED_SOP_INSTANCE: STORAGE_COMMITMENT_INSTANCE.encode(),
        }
    )
