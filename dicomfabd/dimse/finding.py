"""C-FIND (PS3.7 §9.1.2): answers streamed as they are found, until there are no more or the peer has enough."""

from collections.abc import Iterator

from dicomfabd.dimse.batches import Batches
from dicomfabd.dimse.exchange import Exchange
from dicomfabd.dimse.pdu import Outbound
from dicomfabd.dimse.services import CANCELLED, SOP_CLASS_NOT_SUPPORTED, SUCCESS, FindHandler, Refusal


async def perform_find(exchange: Exchange) -> None:
    """Answer a query; raises as `performing.perform`."""
    handler = exchange.services.find.get(exchange.context.abstract_syntax)
    if handler is None:
        raise Refusal(SOP_CLASS_NOT_SUPPORTED, "this is not answered here")
    answers = Batches(exchange.run, lambda: _answers(exchange, handler))
    try:
        while batch := await answers.next():
            if exchange.is_cancelled:
                break
            await exchange.send(*batch)
    finally:
        await answers.close()
    await exchange.send(exchange.response(CANCELLED if exchange.is_cancelled else SUCCESS))


def _answers(exchange: Exchange, handler: FindHandler) -> Iterator[Outbound]:
    for status, identifier in handler(exchange.decode(), exchange.peer):
        yield exchange.response(status, exchange.encode(identifier))
