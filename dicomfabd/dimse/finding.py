"""C-FIND (PS3.7 §9.1.2): answers streamed as they are found, until there are no more or the peer has enough."""

import asyncio
from collections.abc import Iterator
from typing import Final

from dicomfabd.dimse.batches import Batches
from dicomfabd.dimse.command import answer
from dicomfabd.dimse.exchange import Exchange
from dicomfabd.dimse.pdu import Outbound
from dicomfabd.dimse.services import (
    CANCELLED,
    PROCESSING_FAILURE,
    SOP_CLASS_NOT_SUPPORTED,
    SUCCESS,
    FindHandler,
    Refusal,
    SearchHandler,
)

_UNPACED: Final = 256
"""Answers given as fast as can be; whoever asks for more gets them at a pace that leaves the processor to others."""

_PAUSE_S: Final = 0.001


async def perform_find(exchange: Exchange) -> None:
    """Answer a query; raises as `performing.perform`."""
    sop_class = exchange.context.abstract_syntax
    if begin := exchange.services.search.get(sop_class):
        await _search(exchange, begin)
    elif handler := exchange.services.find.get(sop_class):
        await _find(exchange, handler)
    else:
        raise Refusal(SOP_CLASS_NOT_SUPPORTED, "this is not answered here")


async def _search(exchange: Exchange, begin: SearchHandler) -> None:
    """Send answers that come encoded; the last of them and the final response leave in one write."""
    search = begin(exchange.data, exchange.context.transfer_syntax, exchange.peer)
    context_id = exchange.context.context_id
    pending: dict[int, bytes] = {}
    final: int | None = None
    given = 0
    try:
        while final is None:
            batch = search.next() if search.is_quick else await exchange.run(search.next)
            messages = []
            if not exchange.is_cancelled:
                for status, data in batch:
                    if status not in pending:
                        pending[status] = answer(exchange.command, status, has_data_set=True)
                    messages.append(Outbound(context_id, pending[status], data))
            if search.is_done or exchange.is_cancelled:
                final = CANCELLED if exchange.is_cancelled else SUCCESS
                messages.append(exchange.response(final))
                # Whoever has the last response finds the query in the log.
                search.close(final)
            await exchange.send(*messages)
            given += len(batch)
            # A C-CANCEL is read, and everybody else served, between two batches.
            await asyncio.sleep(_PAUSE_S if given > _UNPACED else 0)
    finally:
        if final is None:
            search.close(PROCESSING_FAILURE)


async def _find(exchange: Exchange, handler: FindHandler) -> None:
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
