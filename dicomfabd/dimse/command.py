"""Command sets (PS3.7 §6.3 and Annex E): implicit VR little endian, group 0000."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from dicomfabd.dimse.limits import Reason, Violation

# Elements of group 0000, PS3.7 Table E.1-1.
AFFECTED_SOP_CLASS: Final = 0x0002
REQUESTED_SOP_CLASS: Final = 0x0003
COMMAND_FIELD: Final = 0x0100
MESSAGE_ID: Final = 0x0110
MESSAGE_ID_RESPONDED_TO: Final = 0x0120
MOVE_DESTINATION: Final = 0x0600
PRIORITY: Final = 0x0700
DATA_SET_TYPE: Final = 0x0800
STATUS: Final = 0x0900
OFFENDING_ELEMENT: Final = 0x0901
ERROR_COMMENT: Final = 0x0902
ERROR_ID: Final = 0x0903
AFFECTED_SOP_INSTANCE: Final = 0x1000
REQUESTED_SOP_INSTANCE: Final = 0x1001
EVENT_TYPE: Final = 0x1002
ATTRIBUTE_IDENTIFIERS: Final = 0x1005
ACTION_TYPE: Final = 0x1008
REMAINING: Final = 0x1020
COMPLETED: Final = 0x1021
FAILED: Final = 0x1022
WARNED: Final = 0x1023
MOVE_ORIGINATOR: Final = 0x1030
MOVE_ORIGINATOR_MESSAGE_ID: Final = 0x1031

# Values of DATA_SET_TYPE.
NO_DATA_SET: Final = 0x0101
DATA_SET: Final = 0x0001
RESPONSE: Final = 0x8000
"""Bit of the command field that makes a request a response."""
_HEAD: Final = struct.Struct("<HHI")  # group, element, length
_NUMBER: Final = struct.Struct("<HHIH")
_LONGEST_COMMENT: Final = 64
_TEXTS: Final = frozenset({ERROR_COMMENT, MOVE_ORIGINATOR})
"""What is padded with a blank; UIDs are padded with a null byte (PS3.5 §6.2)."""


class Operation(IntEnum):
    """Command fields of the requests we know."""

    C_STORE = 0x0001
    C_GET = 0x0010
    C_FIND = 0x0020
    C_MOVE = 0x0021
    C_ECHO = 0x0030
    N_EVENT_REPORT = 0x0100
    N_SET = 0x0120
    N_ACTION = 0x0130
    N_CREATE = 0x0140
    C_CANCEL = 0x0FFF


@dataclass(frozen=True, slots=True)
class Command:
    """A command set that was received: elements of group 0000 and their bytes."""

    elements: Mapping[int, bytes]

    @classmethod
    def decode(cls, encoded: bytes) -> "Command":
        """Read a command set; raises Violation for bytes that are none."""
        elements = {}
        position = 0
        while position < len(encoded):
            if len(encoded) - position < 8:
                raise _malformed("ends within an element")
            group, element, length = _HEAD.unpack_from(encoded, position)
            position += 8 + length
            if group or position > len(encoded):
                raise _malformed("holds something else than whole elements of group 0000")
            elements[element] = encoded[position - length : position]
        command = cls(elements)
        subject = MESSAGE_ID_RESPONDED_TO if command.is_response or command.is_cancel else MESSAGE_ID
        for needed in (subject, DATA_SET_TYPE):
            command.number(needed)
        return command

    @property
    def operation(self) -> int:
        """Which operation is asked for, or answered."""
        return self.number(COMMAND_FIELD) & ~RESPONSE

    @property
    def is_response(self) -> bool:
        """True for an answer to a request of ours."""
        return bool(self.number(COMMAND_FIELD) & RESPONSE)

    @property
    def is_cancel(self) -> bool:
        """True for a C-CANCEL, which has no message ID of its own."""
        return self.number(COMMAND_FIELD) == Operation.C_CANCEL

    @property
    def has_data_set(self) -> bool:
        """True when a data set follows."""
        return self.number(DATA_SET_TYPE) != NO_DATA_SET

    def number(self, element: int) -> int:
        """Give a US value; raises Violation when there is none."""
        value = self.elements.get(element, b"")
        if len(value) != 2:
            raise _malformed(f"lacks (0000,{element:04X})")
        return int.from_bytes(value, "little")

    def text(self, element: int) -> str:
        """Give a UI or AE value without padding; empty when there is none."""
        return self.elements.get(element, b"").decode("ascii", "replace").strip(" \0")


def answer(
    request: Command,
    status: int,
    *,
    has_data_set: bool = False,
    comment: str = "",
    offending: int = 0,
    more: Mapping[int, int | bytes] | None = None,
) -> bytes:
    """Encode the response to a request.

    Args:
        request: What is answered; the SOP class, instance, event and action it names are repeated.
        status: PS3.7 Annex C, or of the service.
        has_data_set: Whether an identifier follows.
        comment: For people; cut to 64 characters of ASCII.
        offending: Tag of the element that is at fault; 0 is none.
        more: Further elements, such as counts of sub-operations.
    """
    repeated = request.elements
    values: dict[int, int | bytes] = {
        COMMAND_FIELD: request.operation | RESPONSE,
        MESSAGE_ID_RESPONDED_TO: request.number(MESSAGE_ID),
        DATA_SET_TYPE: DATA_SET if has_data_set else NO_DATA_SET,
        STATUS: status,
        **(more or {}),
    }
    if sop_class := repeated.get(AFFECTED_SOP_CLASS) or repeated.get(REQUESTED_SOP_CLASS):
        values[AFFECTED_SOP_CLASS] = sop_class
    if instance := repeated.get(AFFECTED_SOP_INSTANCE) or repeated.get(REQUESTED_SOP_INSTANCE):
        values[AFFECTED_SOP_INSTANCE] = instance
    values |= {element: repeated[element] for element in (EVENT_TYPE, ACTION_TYPE) if element in repeated}
    if comment:
        values[ERROR_COMMENT] = comment[:_LONGEST_COMMENT].encode("ascii", "replace")
    if offending:
        values[OFFENDING_ELEMENT] = _HEAD.pack(offending >> 16, offending & 0xFFFF, 0)[:4]
    return encode(values)


def store_request(
    message_id: int, sop_class_uid: str, sop_instance_uid: str, origin: tuple[str, int] | None = None
) -> bytes:
    """Encode a C-STORE-RQ (Table 9.3-1) of medium priority.

    Args:
        message_id: Its own.
        sop_class_uid: Of the instance.
        sop_instance_uid: Of the instance.
        origin: AE title and message ID of the C-MOVE that asked for it.
    """
    values: dict[int, int | bytes] = {
        AFFECTED_SOP_CLASS: sop_class_uid.encode("ascii"),
        COMMAND_FIELD: Operation.C_STORE,
        MESSAGE_ID: message_id,
        PRIORITY: 0,
        DATA_SET_TYPE: DATA_SET,
        AFFECTED_SOP_INSTANCE: sop_instance_uid.encode("ascii"),
    }
    if origin is not None:
        values[MOVE_ORIGINATOR] = origin[0].encode("ascii")
        values[MOVE_ORIGINATOR_MESSAGE_ID] = origin[1]
    return encode(values)


def encode(values: Mapping[int, int | bytes]) -> bytes:
    """Encode elements of group 0000 behind their group length: numbers as US, texts padded to even length."""
    body = b"".join([_element(element, values[element]) for element in sorted(values)])
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def _element(element: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return _NUMBER.pack(0, element, 2, value)
    padding = b" " if element in _TEXTS else b"\0"
    padded = value + padding * (len(value) % 2)
    return _HEAD.pack(0, element, len(padded)) + padded


def _malformed(what: str) -> Violation:
    return Violation(Reason.MESSAGE, f"a command set {what}")
