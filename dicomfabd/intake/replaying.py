"""Takes messages that people hand in: new ones, and kept ones once more, as if they had just come."""

from dicomfabd.domain.errors import OrderRejected
from dicomfabd.intake.desk import Desk, Taken
from dicomfabd.store.interface import MessageBook, Replayed


class Replayer:
    """Takes messages by hand; each is audited, and a replay is kept as a message of its own."""

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
        outcome = self._take(takings[0])
        detail = {"copy": outcome.message_id, "code": outcome.code, "is_edited": edited is not None}
        self._messages.audit(actor, "message.replay", f"message {message_id}", detail)
        return outcome

    def receive(self, raw: bytes, peer: str, actor: str) -> list[Replayed]:
        """Take the messages of a text; blocks until the outcome is on disk.

        Args:
            raw: One message or a batch; segments may end in CR, LF or both.
            peer: Whom to name in the records.
            actor: Who hands it in, for the audit.

        Returns:
            What came of each, in order; nothing of acknowledgments, which are never answered.

        Raises:
            StoreUnavailable: What is not yet taken could not be kept.
        """
        content = raw.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
        outcomes = [self._take(taken) for taken in self._desk.take(content, peer, source="http")]
        for outcome in outcomes:
            self._messages.audit(actor, "message.send", f"message {outcome.message_id}", {"code": outcome.code})
        return outcomes

    def _take(self, taken: Taken) -> Replayed:
        submission = taken.submission
        (outcome,) = self._desk.inbox.accept([submission])
        if isinstance(outcome, OrderRejected):
            submission = self._desk.refused_by_store(taken, outcome.faults)
            (outcome,) = self._desk.inbox.accept([submission])
        if isinstance(outcome, OrderRejected):
            raise outcome
        return Replayed(outcome.message_id, submission.code, outcome.answer, tuple(submission.faults), outcome.applied)
