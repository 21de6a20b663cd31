"""Storage commitment (PS3.4 Annex J): requests by N-ACTION, reports by N-EVENT-REPORT."""

from typing import Final

from pydicom.dataset import Dataset

from dicomfabd.dimse import datasets
from dicomfabd.dimse.command import (
    ACTION_TYPE,
    AFFECTED_SOP_INSTANCE,
    EVENT_TYPE,
    REQUESTED_SOP_INSTANCE,
)
from dicomfabd.dimse.exchange import Exchange
from dicomfabd.dimse.services import (
    INVALID_ARGUMENT,
    NO_SUCH_ACTION,
    NO_SUCH_EVENT,
    NO_SUCH_INSTANCE,
    SOP_CLASS_NOT_SUPPORTED,
    SUCCESS,
    Refusal,
)
from dicomfabd.domain.commitment import (
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    CommitmentReport,
    CommitmentRequest,
    Reference,
)
from dicomfabd.domain.uids import LONGEST_UID

_MOST_ELEMENTS: Final = 131_072
_REQUEST: Final = 1
_ALL_COMMITTED, _SOME_FAILED = 1, 2


async def perform_commit(exchange: Exchange) -> None:
    """Take a request for commitment; answered once the handler has it. Raises as `performing.perform`."""
    handler = exchange.services.commit
    if handler is None or exchange.context.abstract_syntax != STORAGE_COMMITMENT:
        raise Refusal(SOP_CLASS_NOT_SUPPORTED, "nothing is committed to here")
    _check_instance(exchange, REQUESTED_SOP_INSTANCE)
    if exchange.command.number(ACTION_TYPE) != _REQUEST:
        raise Refusal(NO_SUCH_ACTION, "the only action type is 1")
    await exchange.run(lambda: handler(_request(_decode(exchange)), exchange.peer))
    await exchange.send(exchange.response(SUCCESS))


async def perform_report(exchange: Exchange) -> None:
    """Take a report on what we asked another to commit to; raises as `performing.perform`."""
    handler = exchange.services.report
    if handler is None or exchange.context.abstract_syntax != STORAGE_COMMITMENT:
        raise Refusal(SOP_CLASS_NOT_SUPPORTED, "no report is expected here")
    _check_instance(exchange, AFFECTED_SOP_INSTANCE)
    if exchange.command.number(EVENT_TYPE) not in (_ALL_COMMITTED, _SOME_FAILED):
        raise Refusal(NO_SUCH_EVENT, "the event types are 1 and 2")
    await exchange.run(lambda: handler(_report(_decode(exchange)), exchange.peer))
    await exchange.send(exchange.response(SUCCESS))


def _check_instance(exchange: Exchange, element: int) -> None:
    if exchange.command.text(element) != STORAGE_COMMITMENT_INSTANCE:
        raise Refusal(NO_SUCH_INSTANCE, f"the only instance is {STORAGE_COMMITMENT_INSTANCE}")


def _decode(exchange: Exchange) -> Dataset:
    return datasets.decode(exchange.data, exchange.context.transfer_syntax, _MOST_ELEMENTS, INVALID_ARGUMENT)


def _request(information: Dataset) -> CommitmentRequest:
    references = tuple(_reference(item) for item in information.get("ReferencedSOPSequence") or ())
    if not references:
        raise Refusal(INVALID_ARGUMENT, "ReferencedSOPSequence is missing or empty")
    return CommitmentRequest(_uid(information, "TransactionUID"), references)


def _report(information: Dataset) -> CommitmentReport:
    failed = information.get("FailedSOPSequence") or ()
    return CommitmentReport(
        _uid(information, "TransactionUID"),
        tuple(_reference(item) for item in information.get("ReferencedSOPSequence") or ()),
        tuple((_reference(item), _failure_reason(item)) for item in failed),
    )


def _reference(item: Dataset) -> Reference:
    return Reference(_uid(item, "ReferencedSOPClassUID"), _uid(item, "ReferencedSOPInstanceUID"))


def _uid(dataset: Dataset, keyword: str) -> str:
    value = dataset.get(keyword)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_UID:
        raise Refusal(INVALID_ARGUMENT, f"{keyword} is missing or not a UID")
    return str(value)


def _failure_reason(item: Dataset) -> int:
    value = item.get("FailureReason")
    if not isinstance(value, int):
        raise Refusal(INVALID_ARGUMENT, "FailureReason is missing")
    return value
