"""Which request is performed by whom; one line more for each service more."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from dicomfabd.dimse.command import AFFECTED_SOP_CLASS, AFFECTED_SOP_INSTANCE, Operation
from dicomfabd.dimse.committing import perform_commit, perform_report
from dicomfabd.dimse.exchange import Exchange
from dicomfabd.dimse.finding import perform_find
from dicomfabd.dimse.performed import perform_create, perform_set
from dicomfabd.dimse.retrieving import perform_get, perform_move
from dicomfabd.dimse.services import SOP_CLASS_NOT_SUPPORTED, SUCCESS, UNRECOGNIZED_OPERATION, Refusal, StoreRequest


async def perform(exchange: Exchange) -> None:
    """Perform a request to its last response.

    Raises:
        Refusal: It failed, and nothing was said of it yet but pending responses.
        Gone: There is nobody to answer.
        Violation: The association is to be aborted.
    """
    performer = _PERFORMERS.get(exchange.command.operation)
    if performer is None:
        raise Refusal(UNRECOGNIZED_OPERATION, "this operation is not offered")
    await performer(exchange)


async def _perform_echo(exchange: Exchange) -> None:
    await exchange.send(exchange.response(SUCCESS))


async def _perform_store(exchange: Exchange) -> None:
    handler = exchange.services.store
    if handler is None or not exchange.context.peer_is_scu:
        raise Refusal(SOP_CLASS_NOT_SUPPORTED, "nothing is stored here")
    request = StoreRequest(
        sop_class_uid=exchange.command.text(AFFECTED_SOP_CLASS),
        sop_instance_uid=exchange.command.text(AFFECTED_SOP_INSTANCE),
        transfer_syntax_uid=exchange.context.transfer_syntax,
        dataset=exchange.data,
    )
    await exchange.run(handler, request, exchange.peer)
    await exchange.send(exchange.response(SUCCESS))


_PERFORMERS: Final[Mapping[int, Callable[[Exchange], Awaitable[None]]]] = {
    Operation.C_ECHO: _perform_echo,
    Operation.C_FIND: perform_find,
    Operation.C_STORE: _perform_store,
    Operation.C_MOVE: perform_move,
    Operation.C_GET: perform_get,
    Operation.N_ACTION: perform_commit,
    Operation.N_EVENT_REPORT: perform_report,
    Operation.N_CREATE: perform_create,
    Operation.N_SET: perform_set,
}
