"""C-MOVE and C-GET (PS3.4 C.4.2 and C.4.3): sub-operations counted, and the final status by their counts."""

from dataclasses import replace
from typing import Final

from pydicom.dataset import Dataset

from dicomfabd.dimse.batches import Batches
from dicomfabd.dimse.command import COMPLETED, FAILED, MOVE_DESTINATION, REMAINING, STATUS, WARNED, store_request
from dicomfabd.dimse.exchange import Exchange
from dicomfabd.dimse.pdu import Outbound
from dicomfabd.dimse.services import (
    CANCELLED,
    PENDING,
    SOP_CLASS_NOT_SUPPORTED,
    SUB_OPERATIONS_FAILED,
    SUB_OPERATIONS_WARNING,
    SUCCESS,
    Outgoing,
    Refusal,
    SubOperations,
)

_MOST_COUNTED: Final = 65_535  # an unsigned short holds no more


async def perform_move(exchange: Exchange) -> None:
    """Have instances sent to a third party; raises as `performing.perform`."""
    handler = exchange.services.move.get(exchange.context.abstract_syntax)
    if handler is None:
        raise Refusal(SOP_CLASS_NOT_SUPPORTED, "nothing is moved from here")
    destination = exchange.command.text(MOVE_DESTINATION)
    words = Batches(exchange.run, lambda: handler(exchange.decode(), exchange.peer, destination, exchange.message_id))
    progress = SubOperations(0, 0, 0, 0)
    try:
        while batch := await words.next():
            progress = batch[-1]
            await exchange.send(*(_pending(exchange, word) for word in batch))
            if exchange.is_cancelled:
                break
    finally:
        await words.close()
    await _finish(exchange, progress)


async def perform_get(exchange: Exchange) -> None:
    """Send instances back on the association itself; raises as `performing.perform`."""
    handler = exchange.services.get.get(exchange.context.abstract_syntax)
    if handler is None:
        raise Refusal(SOP_CLASS_NOT_SUPPORTED, "nothing is given from here")
    retrieval = await exchange.run(lambda: handler(exchange.decode(), exchange.peer))
    instances = Batches(exchange.run, lambda: retrieval.instances, most=1)
    progress = SubOperations(retrieval.total, 0, 0, 0)
    try:
        while not exchange.is_cancelled and (batch := await instances.next()):
            for instance in batch:
                progress = progress.after(instance.sop_instance_uid, await _send_back(exchange, instance))
                await exchange.send(_pending(exchange, progress))
    finally:
        await instances.close()
    if not exchange.is_cancelled:
        # What was found and not given has failed.
        progress = replace(progress, remaining=0, failed=progress.failed + progress.remaining)
    await _finish(exchange, progress)


async def _send_back(exchange: Exchange, instance: Outgoing) -> int | None:
    """Give the status of the peer's response, or None if it takes no such instance."""
    stored = instance.transfer_syntax_uid
    fitting = [
        context
        for context in exchange.contexts.values()
        if context.peer_is_scp and context.abstract_syntax == instance.sop_class_uid
    ]
    # As it is stored if the peer takes that, else in another spelling.
    for context in sorted(fitting, key=lambda one: one.transfer_syntax != stored):
        is_stored = context.transfer_syntax == stored
        data = instance.dataset if is_stored else await exchange.run(instance.recode, context.transfer_syntax)
        if data is not None:
            reply = await exchange.ask(
                context.context_id,
                lambda message_id: store_request(message_id, instance.sop_class_uid, instance.sop_instance_uid),
                data,
            )
            return reply.number(STATUS)
    return None


def _pending(exchange: Exchange, progress: SubOperations) -> Outbound:
    return exchange.response(PENDING, more=_counts(progress, with_remaining=True))


async def _finish(exchange: Exchange, progress: SubOperations) -> None:
    if exchange.is_cancelled and progress.remaining:
        status = CANCELLED
    elif progress.failed and not progress.completed and not progress.warned:
        status = SUB_OPERATIONS_FAILED
    elif progress.failed or progress.warned:
        status = SUB_OPERATIONS_WARNING
    else:
        status = SUCCESS
    data = b""
    if progress.failed_uids and status != SUCCESS:
        identifier = Dataset()
        identifier.FailedSOPInstanceUIDList = list(progress.failed_uids)
        data = await exchange.run(exchange.encode, identifier)
    await exchange.send(exchange.response(status, data, more=_counts(progress, with_remaining=status == CANCELLED)))


def _counts(progress: SubOperations, with_remaining: bool) -> dict[int, int]:
    counts = {COMPLETED: progress.completed, FAILED: progress.failed, WARNED: progress.warned}
    if with_remaining:
        counts[REMAINING] = progress.remaining
    return {element: min(count, _MOST_COUNTED) for element, count in counts.items()}
