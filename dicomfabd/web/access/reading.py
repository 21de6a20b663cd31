"""Who read messages as they came, in the audit trail."""

from collections.abc import Callable
from typing import Final

from fastapi import Request

from dicomfabd.store.interface import MessageBook
from dicomfabd.web.request_parts import actor_of

MESSAGE_READ: Final = "message.read"
NOTED_EVERY_S: Final = 600.0
"""A page that stays open asks again and again; that is one reading."""

_MOST_KEPT: Final = 10_000


class MessageReads:
    """Notes readings; one of the same person and message every ten minutes at most. Thread-safe."""

    def __init__(self, trail: MessageBook, ticks: Callable[[], float]) -> None:
        """Take where to note, and what gives seconds that only go forward."""
        self._trail = trail
        self._ticks = ticks
        self._noted: dict[tuple[str, int], float] = {}

    def note(self, actor: str, *message_ids: int) -> None:
        """Note that somebody is shown messages as they came; raises StoreUnavailable, and then they are not."""
        now = self._ticks()
        for message_id in message_ids:
            key = (actor, message_id)
            if now - self._noted.get(key, now - NOTED_EVERY_S) < NOTED_EVERY_S:
                continue
            self._trail.audit(actor, MESSAGE_READ, f"message {message_id}", {})
            if len(self._noted) >= _MOST_KEPT:
                self._noted.clear()
            self._noted[key] = now


def note_read(request: Request, *message_ids: int) -> None:
    """Note that who asks is shown messages as they came; blocks; raises StoreUnavailable, and then they are not."""
    reads: MessageReads = request.app.state.reads
    reads.note(actor_of(request), *message_ids)
