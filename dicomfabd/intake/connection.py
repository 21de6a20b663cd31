"""One sender's connection: frames in, one answer for each message, in order, after the commit."""

import asyncio
import time
import traceback
from collections import deque
from collections.abc import Iterable
from typing import Final, Protocol, cast

from dicomfabd.config import Intake
from dicomfabd.intake import mllp
from dicomfabd.intake.desk import Desk, Taken
from dicomfabd.store.interface import Submission
from dicomfabd.telemetry.journal import Journal
from dicomfabd.tls.door import TlsDoor
from dicomfabd.tls.session import TlsRefused, TlsSession

MOST_IN_FLIGHT: Final = 64  # frames of one connection read but not answered; more wait in TCP
MOST_DISCARDED: Final = 1000  # in a row; who sends so many will never send a message
END_SILENCE_S: Final = 0.2  # an FS without CR ends a message after this
WRITE_TIMEOUT_S: Final = 10.0  # a sender that does not read its answers is cut


class Frame:
    """A frame that was read and waits for its answers to be written.

    Attributes:
        read_at: When it was complete, on the monotonic clock.
        answers: What its sender gets, one for each message.
        is_joined: They go back as one batch.
        closes: The connection ends after them.
        is_given_up: There is one that cannot be given, so that the sender has to try again.
    """

    __slots__ = ("_open", "answers", "closes", "connection", "is_given_up", "is_joined", "read_at")

    def __init__(self, connection: "Connection", takings: list[Taken], closes: bool = False) -> None:
        """Wait for the answers of so many messages; `closes` ends the connection after them."""
        self.connection = connection
        self.closes = closes
        self.read_at = time.perf_counter()
        self.is_joined = len(takings) > 1 and takings[0].reading.sender.batch == "one"
        self._open = len(takings)
        self.answers: list[bytes] = []
        self.is_given_up = False

    @property
    def is_finished(self) -> bool:
        """True when every message of it has its answer, or shall get none."""
        return self._open == 0

    def finish(self, answer: bytes) -> None:
        """Note the answer to its next message; an empty one is silence that was asked for."""
        self._open -= 1
        if answer:
            self.answers.append(answer)

    def give_up(self) -> None:
        """Note that its next message cannot be answered, so that the sender has to try again."""
        self._open -= 1
        self.is_given_up = True


class Host(Protocol):
    """Who serves connections, as one of them sees it.

    Attributes:
        is_held: Nobody is to be read from for now.
    """

    settings: Intake
    desk: Desk
    journal: Journal
    tls: TlsDoor | None
    is_held: bool

    def submit(self, frame: Frame, takings: list[Taken]) -> None:
        """Keep the messages of a frame with the next commit, then let its connection answer."""

    def keep(self, submission: Submission) -> None:
        """Keep something nobody waits for."""

    def opened(self, connection: "Connection") -> None:
        """Note a connection that is served from now on."""

    def ended(self, connection: "Connection", host: str) -> None:
        """Forget a connection."""


class Connection(asyncio.Protocol):
    """One sender's connection."""

    def __init__(self, reception: Host, peer: str, host: str) -> None:
        """Take the reception that serves it; `peer` names it in the records, `host` chooses its settings."""
        self.peer = peer
        self._host = host
        self._reception = reception
        self._settings = reception.settings
        self._journal = reception.journal
        self._framer = mllp.Framer(reception.settings.max_frame_bytes)
        self._tls: TlsSession | None = reception.tls.session() if reception.tls else None
        self._pending: deque[Frame] = deque()
        self._answered = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._idle_s = reception.settings.idle_timeout_s
        self._active_at = self._loop.time()
        self._is_draining = False
        self._is_ended = False
        self._is_paused = False
        self._discards = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # uvloop's transports do what asyncio's do without being of their class.
        self._transport = cast(asyncio.Transport, transport)
        self._reception.opened(self)
        self._watch_idleness()
        if self._tls:
            self._start("handshake", self._settings.tls.handshake_timeout_s)
        if self._reception.is_held:
            self.hold(True)

    def data_received(self, data: bytes) -> None:
        """Take bytes; what they complete is read and handed to the next commit."""
        self._active_at = self._loop.time()
        if self._tls:
            decrypted = self._decrypt(self._tls, data)
            if decrypted is None:
                return
            data = decrypted
        if "silence" in self._timers:
            self._timers.pop("silence").cancel()
        self._take(self._framer.feed(data))
        self._watch_frame()
        if self._tls and self._tls.is_ended and not self.eof_received():
            self.close()

    def eof_received(self) -> bool:
        """Keep our half open until everything read is answered."""
        self._take(self._framer.end())
        self._is_ended = True
        return bool(self._pending)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what nobody will read the answers of; the commits go on."""
        self._take(event for event in self._framer.end() if isinstance(event, mllp.Discarded))
        for timer in self._timers.values():
            timer.cancel()
        self._pending.clear()
        self._answered.set()
        self._reception.ended(self, self._host)

    def pause_writing(self) -> None:
        """Give a sender that does not read its answers a while."""
        self._timers["unread"] = self._loop.call_later(WRITE_TIMEOUT_S, self._transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        if "unread" in self._timers:
            self._timers.pop("unread").cancel()

    def hold(self, is_held: bool) -> None:
        """Stop reading for a while, or go on."""
        if is_held:
            self._pause()
        else:
            self._resume()

    async def drain(self) -> None:
        """Read no more and wait until everything read is answered."""
        self._is_draining = True
        self._pause()
        while self._pending:
            self._answered.clear()
            await self._answered.wait()

    def close(self) -> None:
        """Close after what is in the write buffer."""
        if self._tls and not self._transport.is_closing():
            self._transport.write(self._tls.end())
        self._transport.close()

    def answer_finished(self) -> None:
        """Write the answers that are ready, in the order of their messages."""
        answers: list[bytes] = []
        closes = False
        while self._pending and self._pending[0].is_finished and not closes:
            frame = self._pending.popleft()
            closes = frame.closes or frame.is_given_up
            if frame.is_joined and not frame.is_given_up:
                answers.append(self._reception.desk.reader.answer_batch(frame.answers))
            elif not frame.is_given_up:
                answers += frame.answers
        if answers:
            self._write(b"".join([mllp.wrap(answer) for answer in answers]))
        if closes or (self._is_ended and not self._pending):
            self._pending.clear()
            self.close()
        elif self._is_paused and len(self._pending) < MOST_IN_FLIGHT // 2:
            self._resume()
        self._answered.set()

    def _take(self, events: Iterable[mllp.FrameEvent]) -> None:
        for event in events:
            if self._is_draining:
                return  # not answered, so its sender sends it again
            if isinstance(event, mllp.Frame):
                self._submit(self._read(event.data))
            elif isinstance(event, mllp.Discarded):
                self._discards += 1
                if self._discards > MOST_DISCARDED:
                    self._cut("junk", f"{MOST_DISCARDED} frames in a row that are no messages")
                    return
                self._journal.frame_discarded(self.peer, event.reason, len(event.data))
                if event.reason == "truncated":
                    kept = self._reception.desk.discarded(event.data, self.peer, "the message has no end")
                    self._reception.keep(kept)
            else:
                self._give_up(event)
                return

    def _read(self, raw: bytes) -> list[Taken]:
        desk = self._reception.desk
        try:
            return desk.take(raw, self.peer, self._host)
        except Exception as bug:  # a bug of ours must not make the sender send the message for ever (M23)
            place = traceback.extract_tb(bug.__traceback__)[-1]
            self._journal.message_failed(self.peer, f"{type(bug).__name__} at {place.name}:{place.lineno}")
            return [desk.take_broken(raw, self.peer, self._host)]

    def _submit(self, takings: list[Taken], closes: bool = False) -> None:
        if not takings:
            return
        self._discards = 0
        frame = Frame(self, takings, closes)
        self._pending.append(frame)
        self._idle_s = takings[-1].reading.sender.idle_timeout_s
        if len(self._pending) >= MOST_IN_FLIGHT:
            self._pause()
        self._reception.submit(frame, takings)

    def _give_up(self, event: mllp.Unusable) -> None:
        if event.reason == "oversized":
            self._pause()
            self._submit([self._reception.desk.take_oversized(event.head, self.peer, self._host)], closes=True)
            self._is_draining = True
            return
        self._cut(event.reason)

    def _decrypt(self, tls: TlsSession, data: bytes) -> bytes | None:
        try:
            text = tls.feed(data)
        except TlsRefused as refused:
            self._transport.write(tls.outgoing())
            self._cut("tls", str(refused))
            return None
        if outgoing := tls.outgoing():
            self._transport.write(outgoing)
        if tls.is_established and "handshake" in self._timers:
            self._timers.pop("handshake").cancel()
        return text

    def _write(self, answers: bytes) -> None:
        self._transport.write(self._tls.send(answers) if self._tls else answers)

    def _cut(self, reason: str, detail: str = "") -> None:
        self._journal.connection_closed(self.peer, reason, detail)
        self._is_draining = True
        self._transport.close()

    def _pause(self) -> None:
        self._is_paused = True
        self._transport.pause_reading()

    def _resume(self) -> None:
        if self._is_paused and not self._is_draining and not self._reception.is_held:
            self._is_paused = False
            self._transport.resume_reading()

    def _watch_frame(self) -> None:
        """Time a message that has begun and not ended, and an FS that waits for its CR."""
        if self._framer.awaits_end:
            self._timers["silence"] = self._loop.call_later(END_SILENCE_S, lambda: self._take(self._framer.end()))
        if not self._framer.is_inside:
            if "frame" in self._timers:
                self._timers.pop("frame").cancel()
        elif "frame" not in self._timers and self._settings.frame_timeout_s:
            self._timers["frame"] = self._loop.call_later(self._settings.frame_timeout_s, self._end_frame)

    def _end_frame(self) -> None:
        """Give up a message that took too long; what came of it is kept."""
        self._take(self._framer.end())
        if not self._is_draining:
            self._cut("frame")

    def _start(self, reason: str, after_s: float) -> None:
        self._timers[reason] = self._loop.call_later(after_s, self._cut, reason)

    def _watch_idleness(self) -> None:
        """Close a connection that has been silent too long; one timer, because most never are."""
        silent_s = self._loop.time() - self._active_at
        if not self._idle_s:
            self._timers["idle"] = self._loop.call_later(60, self._watch_idleness)
        elif silent_s >= self._idle_s and not self._pending:
            self._cut("idle")
        else:
            wait_s = max(self._idle_s - silent_s, 0.01)
            self._timers["idle"] = self._loop.call_later(wait_s, self._watch_idleness)
