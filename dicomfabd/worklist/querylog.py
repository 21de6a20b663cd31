"""What was asked, kept for people who look for an item that does not show."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dicomfabd.dimse.keys import Identifier, Key
from dicomfabd.dimse.services import Peer
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.store.worklist_interface import Keys, LoggedQuery, QueryBook

_EVERY_S: Final = 1.0
_MOST_WAITING: Final = 2_000


@dataclass(frozen=True, slots=True)
class Asked:
    """One query that was answered; see `LoggedQuery`."""

    query_id: int
    at: float
    peer: Peer
    identifier: Identifier
    answers: int
    seconds: float
    status: int
    comment: str = ""


class QueryLog:
    """Numbers queries, and has the store keep them, many at once.

    Of more than 2,000 a second it keeps the newest; the log on standard output has a line for each.
    """

    def __init__(self, queries: QueryBook, keep: int, on_failure: Callable[[str], None]) -> None:
        """Take the store, how many queries it keeps, and who is told why they cannot be kept."""
        self._queries = queries
        self._keep = keep
        self._on_failure = on_failure
        self._waiting: deque[Asked] = deque(maxlen=_MOST_WAITING)
        self._last_id = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to keep what is added."""
        self._last_id = await asyncio.to_thread(self._queries.last_query_id)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Keep the rest."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
            await self.flush()

    def next_id(self) -> int:
        """Give the number of a query that begins."""
        self._last_id += 1
        return self._last_id

    def add(self, asked: Asked) -> None:
        """Have a query kept; on the event loop."""
        self._waiting.append(asked)

    async def flush(self) -> None:
        """Keep what waits now."""
        waiting = [*self._waiting]
        self._waiting.clear()
        if waiting:
            try:
                await asyncio.to_thread(lambda: self._queries.log([_logged(asked) for asked in waiting], self._keep))
            except StoreUnavailable as error:
                self._on_failure(str(error))

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            await self.flush()


def keys_on_file(keys: tuple[Key, ...]) -> Keys:
    """Give keys as the store has them."""
    return [(key.tag, _on_file(key)) for key in keys]


def _on_file(key: Key) -> str | Keys | None:
    if key.vr == "SQ":
        return keys_on_file(key.keys) if key.keys is not None else None
    return key.value


def _logged(asked: Asked) -> LoggedQuery:
    return LoggedQuery(
        query_id=asked.query_id,
        at=asked.at,
        calling_ae_title=asked.peer.calling_ae_title,
        called_ae_title=asked.peer.called_ae_title,
        peer=asked.peer.address,
        keys=keys_on_file(asked.identifier.keys),
        answers=asked.answers,
        seconds=asked.seconds,
        status=asked.status,
        comment=asked.comment,
    )
