"""Performed procedure steps (PS3.4 F.7): N-CREATE and N-SET, and what refuses them."""

import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

from dicomfabd.dimse.command import AFFECTED_SOP_INSTANCE, ATTRIBUTE_IDENTIFIERS, ERROR_ID, REQUESTED_SOP_INSTANCE
from dicomfabd.dimse.datasets import decode
from dicomfabd.dimse.exchange import Exchange
from dicomfabd.dimse.services import (
    ATTRIBUTE_LIST_ERROR,
    DUPLICATE_INSTANCE,
    INVALID_ATTRIBUTE_VALUE,
    INVALID_INSTANCE,
    MISSING_ATTRIBUTE,
    MISSING_ATTRIBUTE_VALUE,
    NO_SUCH_INSTANCE,
    PROCESSING_FAILURE,
    SOP_CLASS_NOT_SUPPORTED,
    SUCCESS,
    Peer,
    PerformedHandlers,
    Refusal,
)
from dicomfabd.domain.performed import MODALITY_PERFORMED_PROCEDURE_STEP, Attributes, StepFault, StepRefused
from dicomfabd.domain.uids import is_valid_uid

T = TypeVar("T")

MAY_NO_LONGER_BE_UPDATED: Final = 0xA710
"""Error ID of the failure 0110 (PS3.4 Table F.7.2-2)."""

_MOST_ELEMENTS: Final = 131_072
_MOST_IDENTIFIERS: Final = 100  # a command set is short
_STATUSES: Final[Mapping[StepFault, int]] = {
    StepFault.DUPLICATE: DUPLICATE_INSTANCE,
    StepFault.UNKNOWN: NO_SUCH_INSTANCE,
    StepFault.OVER: PROCESSING_FAILURE,
    StepFault.MISSING: MISSING_ATTRIBUTE,
    StepFault.EMPTY: MISSING_ATTRIBUTE_VALUE,
    StepFault.INVALID: INVALID_ATTRIBUTE_VALUE,
}


async def perform_create(exchange: Exchange) -> None:
    """Take a step that begins; answered once the handler has it. Raises as `performing.perform`."""
    handlers = _handlers(exchange)
    # PS3.7 lets us choose a UID for who gives none; here their images have to name it, so it is theirs (F.7.2.1.2).
    await exchange.run(_told, exchange, AFFECTED_SOP_INSTANCE, handlers.create)
    await exchange.send(exchange.response(SUCCESS))


async def perform_set(exchange: Exchange) -> None:
    """Take what became of a step; raises as `performing.perform`."""
    handlers = _handlers(exchange)
    left = await exchange.run(_told, exchange, REQUESTED_SOP_INSTANCE, handlers.set)
    if left:
        comment, more = "some attributes may not be set and stay as they are", {ATTRIBUTE_IDENTIFIERS: _at(left)}
        await exchange.send(exchange.response(ATTRIBUTE_LIST_ERROR, comment=comment, more=more))
    else:
        await exchange.send(exchange.response(SUCCESS))


def decode_attributes(encoded: bytes, transfer_syntax: str) -> Attributes:
    """Give an attribute list in the DICOM JSON Model; raises Refusal for what is none."""
    dataset = decode(encoded, transfer_syntax, _MOST_ELEMENTS, INVALID_ATTRIBUTE_VALUE)
    try:
        attributes = dataset.to_json_dict()
    except Exception as error:  # pydicom raises many types for values that are none
        raise Refusal(INVALID_ATTRIBUTE_VALUE, "the attribute list holds a value that is none") from error
    # Group lengths are retired, and say nothing.
    return {tag: value for tag, value in attributes.items() if not tag.endswith("0000")}


def _handlers(exchange: Exchange) -> PerformedHandlers:
    handlers = exchange.services.performed
    if handlers is None or exchange.context.abstract_syntax != MODALITY_PERFORMED_PROCEDURE_STEP:
        raise Refusal(SOP_CLASS_NOT_SUPPORTED, "performed procedure steps are not taken here")
    return handlers


def _told(exchange: Exchange, element: int, handler: Callable[[str, Attributes, Peer], T]) -> T:
    """Hand a message on, on a thread; raises Refusal."""
    sop_instance_uid = exchange.command.text(element)
    if not is_valid_uid(sop_instance_uid):
        raise Refusal(INVALID_INSTANCE, "the SOP Instance UID is missing or none")
    attributes = decode_attributes(exchange.data, exchange.context.transfer_syntax)
    try:
        return handler(sop_instance_uid, attributes, exchange.peer)
    except StepRefused as refused:
        more: dict[int, int | bytes] = {}
        if refused.fault is StepFault.OVER:
            more[ERROR_ID] = MAY_NO_LONGER_BE_UPDATED
        elif refused.tags:
            more[ATTRIBUTE_IDENTIFIERS] = _at(refused.tags)
        raise Refusal(_STATUSES[refused.fault], refused.text, more=more) from refused


def _at(tags: Iterable[int]) -> bytes:
    """Encode tags as values of VR AT, as many as a command set may hold."""
    return b"".join(struct.pack("<HH", tag >> 16, tag & 0xFFFF) for tag in tuple(tags)[:_MOST_IDENTIFIERS])
