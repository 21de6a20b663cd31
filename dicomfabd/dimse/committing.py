"""Storage commitment (PS3.4 Annex J): requests by N-ACTION, reports by N-EVENT-REPORT."""

from typing import Final

from dicomfabd.dimse.command import (
    ACTION_TYPE,
    AFFECTED_SOP_INSTANCE,
    EVENT_TYPE,
    REQUESTED_SOP_INSTANCE,
)
from dicomfabd.dimse.commitment import decode_report, decode_request
from dicomfabd.dimse.exchange import Exchange
from dicomfabd.dimse.services import (
    NO_SUCH_ACTION,
    NO_SUCH_EVENT,
    NO_SUCH_INSTANCE,
    SOP_CLASS_NOT_SUPPORTED,
    SUCCESS,
    Refusal,
)
from dicomfabd.domain.commitment import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE

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
    await exchange.run(lambda: handler(decode_request(exchange.data, exchange.context.transfer_syntax), exchange.peer))
    await exchange.send(exchange.response(SUCCESS))


async def perform_report(exchange: Exchange) -> None:
    """Take a report on what we asked another to commit to; raises as `performing.perform`."""
    handler = exchange.services.report
    if handler is None or exchange.context.abstract_syntax != STORAGE_COMMITMENT:
        raise Refusal(SOP_CLASS_NOT_SUPPORTED, "no report is expected here")
    _check_instance(exchange, AFFECTED_SOP_INSTANCE)
    if exchange.command.number(EVENT_TYPE) not in (_ALL_COMMITTED, _SOME_FAILED):
        raise Refusal(NO_SUCH_EVENT, "the event types are 1 and 2")
    await exchange.run(lambda: handler(decode_report(exchange.data, exchange.context.transfer_syntax), exchange.peer))
    await exchange.send(exchange.response(SUCCESS))


def _check_instance(exchange: Exchange, element: int) -> None:
    if exchange.command.text(element) != STORAGE_COMMITMENT_INSTANCE:
        raise Refusal(NO_SUCH_INSTANCE, f"the only instance is {STORAGE_COMMITMENT_INSTANCE}")
