"""What happens, as it happens, for whoever listens (server-sent events): read once for all, and none is waited for."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dicomfabd.store.search_interface import Feed, FeedEvent
from dicomfabd.web.problems import problem

MOST_LISTENERS: Final = 64
POLL_S: Final = 0.5
HEARTBEAT_S: Final = 15.0
LIFE_S: Final = 600.0
"""A stream ends after so long; a browser comes back by itself."""

ASKED_EVERY_S: Final = 5.0
"""So often it is asked whether somebody may still listen."""

_MOST_BATCHES: Final = 8  # a listener that has so many before it is too slow
_MOST_AT_ONCE: Final = 2000
_PAGE: Final = 500
_LAST_WORD_S: Final = 1.0
_RETRY_MS: Final = 2000
_HEADERS: Final = {"X-Accel-Buffering": "no"}  # a proxy that keeps it back makes it useless


@dataclass(frozen=True, slots=True)
class _Batch:
    """What one look at the store found: events, and what else changed."""

    events: tuple[tuple[int, bytes], ...] = ()
    changed: bytes = b""
    whole: bytes = b""

    def of(self, order_id: int | None) -> bytes:
        """Give what somebody is told who listens to one order, or to all."""
        if order_id is None:
            return self.whole
        return b"".join(text for order, text in self.events if order == order_id) + self.changed


@dataclass(eq=False, slots=True)
class Listener:
    """Somebody who listens.

    Attributes:
        order_id: To one order only.
        since: Number of the last event before those it is handed.
    """

    order_id: int | None
    since: int = 0
    batches: asyncio.Queue[_Batch] = field(default_factory=lambda: asyncio.Queue(_MOST_BATCHES))
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class EventHub:
    """Reads the store for all who listen, twice a second while anybody does; lives on one event loop."""

    def __init__(self, feed: Feed, revisions: Callable[[], Mapping[str, int]]) -> None:
        """Take the events, and what gives a number for each topic that is another one after every change."""
        self.feed = feed
        self._read_revisions = revisions
        self._listeners: set[Listener] = set()
        self._joining = asyncio.Lock()
        self._poller: asyncio.Task[None] | None = None
        self._position = 0
        self._revisions: Mapping[str, int] = {}
        self._is_closed = False

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    async def join(self, order_id: int | None) -> Listener | None:
        """Begin to hand everything that happens from now on to a new listener; None where there are too many."""
        async with self._joining:
            if self._is_closed or len(self._listeners) >= MOST_LISTENERS:
                return None
            if self._poller is None or self._poller.done():
                self._position, self._revisions = await asyncio.to_thread(self._now)
            listener = Listener(order_id, self._position)
            self._listeners.add(listener)
            if self._poller is None or self._poller.done():
                self._poller = asyncio.create_task(self._poll())
            return listener

    def leave(self, listener: Listener) -> None:
        """Forget a listener."""
        self._listeners.discard(listener)

    def close(self) -> None:
        """End every stream: a stop waits for nobody."""
        self._is_closed = True
        for listener in list(self._listeners):
            listener.ended.set()
        if self._poller is not None:
            self._poller.cancel()

    async def _poll(self) -> None:
        while self._listeners:
            # A store that is down says so itself, and has nothing to tell.
            with suppress(Exception):
                position, revisions, batch = await asyncio.to_thread(self._look, self._position, self._revisions)
                self._position, self._revisions = position, revisions
                if batch.whole:
                    self._hand(batch)
            await asyncio.sleep(POLL_S)

    def _hand(self, batch: _Batch) -> None:
        for listener in list(self._listeners):
            try:
                listener.batches.put_nowait(batch)
            except asyncio.QueueFull:
                self.leave(listener)
                listener.ended.set()

    def _now(self) -> tuple[int, Mapping[str, int]]:
        return self.feed.last_event_id(), self._read_revisions()

    def _look(self, position: int, before: Mapping[str, int]) -> tuple[int, Mapping[str, int], _Batch]:
        revisions = self._read_revisions()
        events = self.feed.after(position, _MOST_AT_ONCE)
        texts = tuple((event.order_id, told(event)) for event in events)
        topics = [topic for topic, revision in revisions.items() if before.get(topic) != revision]
        changed = f"event: changed\ndata: {json.dumps({'topics': topics})}\n\n".encode() if topics else b""
        batch = _Batch(texts, changed, b"".join(text for _, text in texts) + changed)
        return events[-1].event_id if events else position, revisions, batch


class EventStream(Response):
    """The answer to somebody who listens; it ends by itself."""

    def __init__(
        self, hub: EventHub, order_id: int | None, after: int | None, may_listen: Callable[[], Awaitable[bool]]
    ) -> None:
        """Take what is listened to.

        Args:
            hub: Whom to ask.
            order_id: To one order only.
            after: The last event that was heard before, or None.
            may_listen: Tells whether who was let in would be now.
        """
        super().__init__(None, 200, _HEADERS, "text/event-stream")
        # Nobody knows how long it gets.
        del self.headers["content-length"]
        self._hub = hub
        self._order_id = order_id
        self._after = after
        self._may_listen = may_listen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell until somebody has had enough."""
        listener = await self._hub.join(self._order_id)
        if listener is None:
            refusal = problem(503, f"{MOST_LISTENERS} listen already. Try again soon.")
            refusal.headers["Retry-After"] = "10"
            await refusal(scope, receive, send)
            return
        tasks: list[asyncio.Task[object]] = [
            asyncio.create_task(self._tell(listener, send)),
            asyncio.create_task(_hang_up(receive)),
            asyncio.create_task(listener.ended.wait()),
            asyncio.create_task(self._until_barred()),
        ]
        try:
            await asyncio.wait(tasks, timeout=LIFE_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.leave(listener)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        with suppress(TimeoutError):  # one that reads nothing is not waited for
            async with asyncio.timeout(_LAST_WORD_S):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, listener: Listener, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await _say(send, f"retry: {_RETRY_MS}\n\n".encode())
        await self._catch_up(listener, send)
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    batch = await listener.batches.get()
            except TimeoutError:
                await _say(send, b": still here\n\n")
                continue
            if text := batch.of(listener.order_id):
                await _say(send, text)

    async def _until_barred(self) -> None:
        while await self._may_listen():
            await asyncio.sleep(ASKED_EVERY_S)

    async def _catch_up(self, listener: Listener, send: Send) -> None:
        """Tell what happened between the last event that was heard and the first that is handed over."""
        after = listener.since if self._after is None else self._after
        while after < listener.since:
            events = await asyncio.to_thread(self._hub.feed.after, after, _PAGE, listener.order_id)
            missed = [event for event in events if event.event_id <= listener.since]
            if missed:
                await _say(send, b"".join(map(told, missed)))
            if len(missed) < _PAGE:
                return
            after = missed[-1].event_id


def told(event: FeedEvent) -> bytes:
    """Give an event as the lines that are sent."""
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = {"order_id": event.order_id, "at": at, "event": event.event, "detail": dict(event.detail)}
    # JSON holds no line end, and a name of ours no blank.
    return f"id: {event.event_id}\nevent: {event.event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


async def _say(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})


async def _hang_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
