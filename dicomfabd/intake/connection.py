"""One sender's connection: messages in, one answer for each, in order, after the commit."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, cast

from dicomfabd.config import Intake
from dicomfabd.domain.delivery import Routing
from dicomfabd.domain.errors import Fault, OrderRejected, StoreUnavailable
from dicomfabd.domain.order import Order
from dicomfabd.intake.acks import code_for
from dicomfabd.intake.mllp import Discarded, Frame, FrameEvent, Framer, Unusable, wrap
from dicomfabd.intake.reading import Reader, Reading
from dicomfabd.store.interface import Accepted, Change, Inbox, ReceivedMessage
from dicomfabd.telemetry.journal import Journal

MOST_IN_FLIGHT: Final = 64  # messages of one connection read but not answered; more wait in TCP
END_SILENCE_S: Final = 0.2  # an FS without CR ends a message after this
WRITE_TIMEOUT_S: Final = 10.0  # a sender that does not read its answers is cut
LONGEST_CONTROL_ID: Final = 199  # HL7 v2.8; what is longer is cut in our records, never in the answer
LONGEST_NAME: Final = 227

Route = Callable[[Order], Routing]


@dataclass(frozen=True, slots=True)
class Desk:
    """What a message meets behind the door.

    Attributes:
        reader: Understands it.
        inbox: Keeps it.
        route: Says where its orders go.
        on_work: Told after each commit that brought work for a destination.
    """

    reader: Reader
    inbox: Inbox
    route: Route
    on_work: Callable[[], None]


class Bell:
    """Brings finished commits from the store's thread to the event loop, many with one call.

    A wake-up of the loop costs more than an acknowledgment; a commit that holds sixty messages needs one.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._finished: deque[Connection] = deque()
        self._is_rung = False

    def ring(self, connection: "Connection") -> None:
        """Note that a commit of a connection has ended; on any thread."""
        self._finished.append(connection)
        if not self._is_rung:
            self._is_rung = True
            # The loop is closed when a stop ran out of time; then nobody waits for answers.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._answer)

    def _answer(self) -> None:
        # First this, then the look: what is noted in between rings again.
        self._is_rung = False
        connections = set()
        while self._finished:
            connections.add(self._finished.popleft())
        for connection in connections:
            connection.answer_finished()


@dataclass(slots=True)
class _Pending:
    """A message that was read and waits for its answer to be written."""

    reading: Reading
    message: ReceivedMessage
    read_at: float
    future: "Future[Accepted]"
    brings_work: bool = False
    closes: bool = False


class Connection(asyncio.Protocol):
    """One sender's connection."""

    def __init__(
        self,
        settings: Intake,
        desk: Desk,
        journal: Journal,
        bell: Bell,
        open_connections: "set[Connection]",
        is_full: bool,
    ) -> None:
        self._settings = settings
        self._desk = desk
        self._journal = journal
        self._bell = bell
        self._open = open_connections
        self._is_full = is_full
        self._framer = Framer(settings.max_frame_bytes)
        self._pending: deque[_Pending] = deque()
        self._answered = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._silence: asyncio.TimerHandle | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._is_draining = False
        self._is_ended = False
        self._peer = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or close at once when there are too many."""
        # uvloop's transports do what asyncio's do without being of their class.
        self._transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername")
        self._peer = f"{name[0]}:{name[1]}" if name else "?"
        if self._is_full:
            # Closing at once tells the sender to try again; leaving it to wait would hang it.
            self._cut("limit")
            return
        self._open.add(self)
        self._journal.connection_opened()
        self._restart_idle()

    def data_received(self, data: bytes) -> None:
        """Take bytes; what they complete is read and handed to the store at once."""
        self._restart_idle()
        if self._silence:
            self._silence.cancel()
            self._silence = None
        self._take(self._framer.feed(data))
        if self._framer.awaits_end:
            self._silence = self._loop.call_later(END_SILENCE_S, lambda: self._take(self._framer.end()))

    def eof_received(self) -> bool:
        """Keep our half open until everything read is answered."""
        self._take(self._framer.end())
        self._is_ended = True
        return bool(self._pending)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what nobody will read the answers of; the commits go on."""
        if self not in self._open:
            return
        self._open.discard(self)
        self._journal.connection_ended()
        self._take(event for event in self._framer.end() if isinstance(event, Discarded))
        for timer in (self._silence, self._idle, self._unread):
            if timer:
                timer.cancel()
        self._pending.clear()
        self._answered.set()

    def pause_writing(self) -> None:
        """Give a sender that does not read its answers a while."""
        self._unread = self._loop.call_later(WRITE_TIMEOUT_S, self._transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        if self._unread:
            self._unread.cancel()

    async def drain(self) -> None:
        """Read no more and wait until everything read is answered."""
        self._is_draining = True
        self._transport.pause_reading()
        while self._pending:
            self._answered.clear()
            await self._answered.wait()

    def close(self) -> None:
        """Close after what is in the write buffer."""
        self._transport.close()

    def _take(self, events: Iterable[FrameEvent]) -> None:
        for event in events:
            if self._is_draining:
                return  # not answered, so its sender sends it again
            if isinstance(event, Frame):
                self._queue(self._read(event.data))
            elif isinstance(event, Discarded):
                self._journal.frame_discarded(self._peer, event.reason, len(event.data))
            else:
                self._give_up(event)
                return

    def _read(self, raw: bytes) -> _Pending | None:
        read_at = time.perf_counter()
        reading = self._desk.reader.read(raw)
        if not reading.code:
            return None  # an acknowledgment; answering it would never end
        message = self._received(raw, reading)
        if reading.code != "AA":
            return self._refused(message, reading, read_at)
        answer = self._desk.reader.answer(reading.header, reading.code, reading.faults)
        changes = [
            Change(
                request.control,
                request.keys,
                request.order,
                self._desk.route(request.order) if request.order else Routing(()),
            )
            for request in reading.requests
        ]
        brings_work = any(change.routing.destinations for change in changes)
        return _Pending(reading, message, read_at, self._desk.inbox.accept(message, changes, answer), brings_work)

    def _received(self, raw: bytes, reading: Reading) -> ReceivedMessage:
        header = reading.header
        return ReceivedMessage(
            raw=raw,
            body_hash=reading.body_hash,
            source="mllp",
            peer=self._peer,
            message_type=header.message_type,
            control_id=header.control_id[:LONGEST_CONTROL_ID],
            sending_application=header.sending_application[:LONGEST_NAME],
            sending_facility=header.sending_facility[:LONGEST_NAME],
        )

    def _refused(self, message: ReceivedMessage, reading: Reading, read_at: float, closes: bool = False) -> _Pending:
        answer = self._desk.reader.answer(reading.header, reading.code, reading.faults)
        self._desk.inbox.refuse(message, reading.code, reading.faults, answer)
        done: Future[Accepted] = Future()
        done.set_result(Accepted(answer, False, ()))
        return _Pending(reading, message, read_at, done, closes=closes)

    def _queue(self, pending: _Pending | None) -> None:
        if pending is None:
            return
        self._pending.append(pending)
        if len(self._pending) >= MOST_IN_FLIGHT:
            self._transport.pause_reading()
        pending.future.add_done_callback(lambda _future: self._bell.ring(self))

    def answer_finished(self) -> None:
        """Write the answers that are ready, in the order of their messages."""
        answers = []
        closes = False
        while self._pending and self._pending[0].future.done() and not closes:
            pending = self._pending.popleft()
            answer = self._answer(pending)
            closes = pending.closes or answer is None
            if answer is not None:
                answers.append(wrap(answer))
        if answers:
            self._transport.write(b"".join(answers))
        if closes or (self._is_ended and not self._pending):
            self._pending.clear()
            self._transport.close()
        elif not self._is_draining and len(self._pending) < MOST_IN_FLIGHT // 2:
            self._transport.resume_reading()
        self._answered.set()

    def _answer(self, pending: _Pending) -> bytes | None:
        """Give one answer; None if there is none to give and the sender has to try again."""
        header, message = pending.reading.header, pending.message
        code, faults = pending.reading.code, pending.reading.faults
        try:
            accepted = pending.future.result()
        except StoreUnavailable as error:
            self._journal.message_unanswered(message.control_id, self._peer, str(error))
            return None
        except OrderRejected as rejected:
            code, faults = code_for(rejected.faults), rejected.faults
            accepted = Accepted(self._desk.reader.answer(header, code, faults), False, ())
            self._desk.inbox.refuse(message, code, faults, accepted.answer)
        seconds = time.perf_counter() - pending.read_at
        if seconds > self._settings.ack_deadline_s:
            # The sender has given up; a late answer would be taken for that of its next message.
            self._journal.message_unanswered(message.control_id, self._peer, f"ready after {seconds:.1f} s")
            return None
        self._tell(pending, accepted, code, faults, seconds)
        return accepted.answer

    def _tell(
        self, pending: _Pending, accepted: Accepted, code: str, faults: tuple[Fault, ...], seconds: float
    ) -> None:
        control_id, kind = pending.message.control_id, pending.message.message_type
        if code != "AA":
            self._journal.message_refused(control_id, kind, self._peer, code, faults, seconds)
        elif accepted.is_duplicate:
            self._journal.message_repeated(control_id, kind, self._peer, seconds)
        else:
            self._journal.message_accepted(control_id, kind, self._peer, seconds, touches_orders=bool(accepted.applied))
            for done in accepted.applied:
                self._journal.order_updated(
                    done.order_id, done.accession_number, done.action, done.modality, control_id
                )
            if pending.brings_work:
                self._desk.on_work()

    def _give_up(self, event: Unusable) -> None:
        if event.reason == "oversized":
            reading = self._desk.reader.refuse_oversized(event.head, self._settings.max_frame_bytes)
            self._transport.pause_reading()
            self._queue(self._refused(self._received(event.head, reading), reading, time.perf_counter(), closes=True))
            return
        self._cut(event.reason)

    def _cut(self, reason: str) -> None:
        self._journal.connection_closed(self._peer, reason)
        self._transport.close()

    def _restart_idle(self) -> None:
        if self._idle:
            self._idle.cancel()
        if self._settings.idle_timeout_s:
            self._idle = self._loop.call_later(self._settings.idle_timeout_s, self._cut, "idle")
