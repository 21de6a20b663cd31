"""Serves senders' connections on one event loop: everything that arrived together shares one commit.

Each turn of the loop reads what all connections have sent, then commits it at once, then writes the answers. The
commit runs on the loop on purpose: nothing else can be answered before it anyway, and a thread would cost more than
the flush of the disk it hides.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dicomfabd.config import Intake
from dicomfabd.domain.errors import OrderRejected, StoreUnavailable
from dicomfabd.intake.connection import Connection, Frame
from dicomfabd.intake.desk import Desk, Taken
from dicomfabd.store.interface import Accepted, Submission
from dicomfabd.telemetry.journal import Journal
from dicomfabd.tls.door import TlsDoor

LARGEST_COMMIT: Final = 256  # messages
RETRY_S: Final = 0.2
GIVE_UP_S: Final = 3.0  # a store that is down so long costs the senders their connections


@dataclass(slots=True)
class _Waiting:
    """A message that waits for its commit; without a frame nobody waits for its answer."""

    submission: Submission
    frame: Frame | None = None
    taken: Taken | None = None


class Reception:
    """Serves connections handed to it."""

    def __init__(
        self,
        settings: Intake,
        desk: Desk,
        journal: Journal,
        on_work: Callable[[], None],
        on_ended: Callable[[str], None],
        on_problem: Callable[[str], None] = lambda _problem: None,
    ) -> None:
        """Prepare; call on the event loop that is to serve.

        Args:
            settings: Limits and TLS.
            desk: Reads and keeps messages.
            journal: Told what happens.
            on_work: Told after each commit that brought work for a destination.
            on_ended: Told the address of each connection that ended.
            on_problem: Told why nothing can be kept, and with an empty string when it can again.
        """
        self.settings = settings
        self.desk = desk
        self.journal = journal
        self.tls = TlsDoor(settings.tls, "intake.tls", journal.certificate_reloaded) if settings.tls.is_on else None
        self.is_held = False
        self._on_work = on_work
        self._on_ended = on_ended
        self._on_problem = on_problem
        self._loop = asyncio.get_running_loop()
        self._connections: set[Connection] = set()
        self._welcomes: set[asyncio.Task[None]] = set()
        self._waiting: list[_Waiting] = []
        self._is_commit_due = False
        self._failing_since: float | None = None

    def take(self, connection: socket.socket, peer: str, host: str) -> None:
        """Serve one more connection.

        Args:
            connection: A connected socket; it is ours from here on.
            peer: Its address and port, for the records.
            host: Its address, for limits and settings.
        """
        welcome = self._loop.create_task(self._welcome(connection, peer, host))
        self._welcomes.add(welcome)
        welcome.add_done_callback(self._welcomes.discard)

    def hold(self, is_held: bool) -> None:
        """Stop reading, or go on: what senders send meanwhile waits in TCP."""
        self.is_held = is_held
        for connection in self._connections:
            connection.hold(is_held)

    def submit(self, frame: Frame, takings: list[Taken]) -> None:
        """Keep the messages of a frame with the next commit, then let its connection answer."""
        self._waiting += [_Waiting(taken.submission, frame, taken) for taken in takings]
        self._make_commit_due()

    def keep(self, submission: Submission) -> None:
        """Keep something nobody waits for."""
        self._waiting.append(_Waiting(submission))
        self._make_commit_due()

    def opened(self, connection: Connection) -> None:
        """Note a connection that is served from now on."""
        self._connections.add(connection)

    def ended(self, connection: Connection, host: str) -> None:
        """Forget a connection."""
        self._connections.discard(connection)
        self._on_ended(host)

    async def stop(self, timeout_s: float) -> None:
        """Read no more, answer what was read, close; after the time limit, close without answers."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                if self._welcomes:
                    await asyncio.wait(self._welcomes)
                await asyncio.gather(*(connection.drain() for connection in list(self._connections)))
        if self._waiting:
            self._commit()
        for connection in list(self._connections):
            connection.close()

    async def _welcome(self, connection: socket.socket, peer: str, host: str) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: Connection(self, peer, host), connection)
        except OSError:
            # It was gone before we could look at it.
            connection.close()
            self._on_ended(host)

    def _make_commit_due(self) -> None:
        if not self._is_commit_due:
            self._is_commit_due = True
            self._loop.call_soon(self._commit)

    def _commit(self) -> None:
        self._is_commit_due = False
        batch = self._waiting[:LARGEST_COMMIT]
        if not batch:
            return
        try:
            outcomes = self.desk.inbox.accept([waiting.submission for waiting in batch])
        except StoreUnavailable as error:
            self._store_is_down(str(error))
            return
        del self._waiting[: len(batch)]
        if self._failing_since is not None:
            self._failing_since = None
            self._on_problem("")
        connections: dict[Connection, None] = {}
        brings_work = False
        with self.journal.together():
            for waiting, outcome in zip(batch, outcomes, strict=True):
                if waiting.frame is not None and waiting.taken is not None:
                    self._settle(waiting.frame, waiting.taken, outcome)
                    connections[waiting.frame.connection] = None
                    brings_work = brings_work or waiting.taken.brings_work
            for connection in connections:
                connection.answer_finished()
        if brings_work:
            self._on_work()
        if self._waiting:
            self._make_commit_due()

    def _settle(self, frame: Frame, taken: Taken, outcome: Accepted | OrderRejected) -> None:
        submission, seconds = taken.submission, time.perf_counter() - frame.read_at
        if isinstance(outcome, OrderRejected):
            submission = self.desk.refused_by_store(taken, outcome.faults)
            self.keep(submission)
            outcome = Accepted(submission.answer, False, ())
        if seconds > taken.reading.sender.ack_deadline_s:
            # The sender has given up; a late answer would be taken for that of its next message.
            frame.give_up()
            control_id = submission.message.control_id
            self.journal.message_unanswered(control_id, frame.connection.peer, f"ready after {seconds:.1f} s")
            return
        frame.finish(outcome.answer)
        self._tell(frame.connection.peer, submission, outcome, seconds)

    def _tell(self, peer: str, submission: Submission, accepted: Accepted, seconds: float) -> None:
        message = submission.message
        control_id, kind = message.control_id, message.message_type
        if submission.code != "AA":
            self.journal.message_refused(control_id, kind, peer, submission.code, submission.faults, seconds)
        elif accepted.is_duplicate:
            self.journal.message_repeated(control_id, kind, peer, seconds)
        else:
            self.journal.message_accepted(control_id, kind, peer, seconds, accepted.applied)

    def _store_is_down(self, reason: str) -> None:
        now = self._loop.time()
        if self._failing_since is None:
            self._failing_since = now
            self._on_problem(reason)
        if now - self._failing_since < GIVE_UP_S:
            self._is_commit_due = True
            self._loop.call_later(RETRY_S, self._commit)
            return
        waiting, self._waiting = self._waiting, []
        for item in waiting:
            if item.frame is None or item.taken is None:
                continue
            frame, sender = item.frame, item.taken.reading.sender
            self.journal.message_unanswered(item.submission.message.control_id, frame.connection.peer, reason)
            if sender.on_transient == "reject":
                frame.finish(self.desk.refused_for_now(item.taken, "the message cannot be kept at the moment"))
            else:
                frame.give_up()
        for connection in {item.frame.connection: None for item in waiting if item.frame is not None}:
            connection.answer_finished()
