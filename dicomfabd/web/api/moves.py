"""Moves under way and those that ended lately; kept in memory only."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

from dicomfabd.domain.delivery import Destination
from dicomfabd.pacs.dcmtk import move_command
from dicomfabd.pacs.move import Move, Moved, MoveState, Progress
from dicomfabd.pacs.selection import Selection
from dicomfabd.web.api.orders import moment

MOST_RUNNING: Final = 8
MOST_KEPT: Final = 200


class TooManyMoves(Exception):  # noqa: N818 - a state of affairs, not a mistake
    """As many moves as we watch at once are under way."""


@dataclass(slots=True)
class MoveJob:
    """One move; written by its thread, read by any; `command` is how DCMTK would ask for it."""

    move_id: str
    source: str
    destination: str
    selection: Selection
    move: Move
    command: str
    started_at: float
    state: MoveState = MoveState.RUNNING
    progress: Progress = Progress()
    reason: str = ""
    ended_at: float | None = None

    def told(self) -> dict[str, Any]:
        """Give it for JSON."""
        return {
            "id": self.move_id,
            "state": self.state.value,
            "source": self.source,
            "destination": self.destination,
            "move_ae_title": self.move.ae_title,
            "level": self.selection.level.value,
            "study_uid": self.selection.study_uid,
            "command": self.command,
            "progress": asdict(self.progress),
            "reason": self.reason,
            "started_at": moment(self.started_at),
            "ended_at": moment(self.ended_at) if self.ended_at else None,
        }


class MoveBoard:
    """Starts moves, each on a thread of its own, and knows how they stand. Thread-safe."""

    def __init__(self, on_end: Callable[[MoveJob], None] = lambda _job: None) -> None:
        """Take who is told when a move has ended, on its thread."""
        self._on_end = on_end
        self._jobs: dict[str, MoveJob] = {}
        self._lock = threading.Lock()

    def start(self, source: Destination, receiver: Destination, selection: Selection) -> MoveJob:
        """Begin a move; raises TooManyMoves."""
        move = Move(source, receiver, selection)
        command = move_command(source, move.ae_title, selection)
        job = MoveJob(secrets.token_hex(8), source.name, receiver.name, selection, move, command, time.time())
        with self._lock:
            if sum(one.ended_at is None for one in self._jobs.values()) >= MOST_RUNNING:
                raise TooManyMoves(f"{MOST_RUNNING} moves are under way. Try again when one has ended.")
            self._forget_oldest()
            self._jobs[job.move_id] = job
        threading.Thread(target=self._run, args=(job,), name=f"move-{job.move_id}", daemon=True).start()
        return job

    def get(self, move_id: str) -> MoveJob | None:
        """Give a move, or None where there is none or it is forgotten."""
        return self._jobs.get(move_id)

    def all(self) -> list[MoveJob]:
        """Give every move that is known, newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def _run(self, job: MoveJob) -> None:
        def note(progress: Progress) -> None:
            job.progress = progress

        ended = Moved(MoveState.FAILED, Progress(), "a bug of ours ended it")
        try:
            ended = job.move.run(note)
        finally:
            job.state, job.progress, job.reason = ended.state, ended.progress, ended.reason
            job.ended_at = time.time()
            self._on_end(job)

    def _forget_oldest(self) -> None:
        ended = [name for name, job in self._jobs.items() if job.ended_at is not None]
        for name in ended[: max(0, len(self._jobs) + 1 - MOST_KEPT)]:
            del self._jobs[name]
