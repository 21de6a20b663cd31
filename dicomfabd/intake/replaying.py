"""Takes a kept message once more, as it is or as an edited copy, as if it had just come."""

from dicomfabd.domain.errors import OrderRejected
from dicomfabd.intake.desk import Desk
from dicomfabd.store.interface import MessageBook, Replayed


class Replayer:
    """Replays messages; every replay is audited and kept as a message of its own."""

    def __init__(self, desk: Desk, messages: MessageBook) -> None:
        """Take what reads and keeps messages, and where the old ones are."""
        self._desk = desk
        self._messages = messages

    def replay(self, message_id: int, edited: bytes | None, actor: str) -> Replayed:
        """Take a message again; blocks until the outcome is on disk.

        Args:
            message_id: The kept message.
            edited: What to take in its place; None for the message as it came.
            actor: Who asks for it, for the audit.

        Raises:
            LookupError: There is no such message.
            ValueError: It is an acknowledgment, which is never answered, or several messages at once.
            StoreUnavailable: Nothing could be kept.
        """
        original = self._messages.get(message_id)
        if original is None:
            raise LookupError(f"there is no message {message_id}")
        raw = original.raw if edited is None else edited.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
        host = original.peer.rpartition(":")[0].strip("[]")
        takings = self._desk.take(raw, actor, host, source="replay", replay_of=message_id)
        if not takings:
            raise ValueError(f"message {message_id} is an acknowledgment; there is nothing to do with it")
        if len(takings) > 1:
            raise ValueError(f"the copy holds {len(takings)} messages; replay them one by one")
        (taken,) = takings
        submission = taken.submission
        (outcome,) = self._desk.inbox.accept([submission])
        if isinstance(outcome, OrderRejected):
            submission = self._desk.refused_by_store(taken, outcome.faults)
            (outcome,) = self._desk.inbox.accept([submission])
        if isinstance(outcome, OrderRejected):
            raise outcome
        detail = {"copy": outcome.message_id, "code": submission.code, "is_edited": edited is not None}
        self._messages.audit(actor, "message.replay", f"message {message_id}", detail)
        return Replayed(outcome.message_id, submission.code, outcome.answer, tuple(submission.faults), outcome.applied)
