"""From a frame to what the store is asked and what the sender is answered; the same for every door of HL7."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from dicomfabd.domain.delivery import Routing
from dicomfabd.domain.errors import Fault
from dicomfabd.domain.order import Order
from dicomfabd.intake.acks import Header, code_for
from dicomfabd.intake.mllp import CR, FS, VT
from dicomfabd.intake.orders import OrderRequest
from dicomfabd.intake.reading import Reader, Reading
from dicomfabd.intake.senders import Sender
from dicomfabd.store.interface import Change, Inbox, PatientChange, ReceivedMessage, Submission

LONGEST_CONTROL_ID: Final = 199  # HL7 v2.8; what is longer is cut in our records, never in the answer
LONGEST_NAME: Final = 227
BETWEEN_ANSWERS: Final = bytes((FS, CR, VT))
"""Joins two answers to one message, so that framing the whole frames each."""

Route = Callable[[Order], Routing]


@dataclass(slots=True)
class Taken:
    """One message of a frame, ready for the store.

    Attributes:
        submission: Its `answer` is what the sender gets if the store agrees; empty for silence.
    """

    reading: Reading
    submission: Submission

    @property
    def brings_work(self) -> bool:
        """Tell whether something may be sent to a PACS for it."""
        changes = self.submission.changes
        return any(isinstance(change, Change) and change.routing.legs for change in changes)


class Desk:
    """What a message meets behind the door: who understands it, who keeps it, where its orders go."""

    def __init__(self, reader: Reader, inbox: Inbox, route: Route) -> None:
        """Take the reader, the store's inbox and the routing."""
        self.reader = reader
        self.inbox = inbox
        self._route = route

    def take(
        self, raw: bytes, peer: str, host: str = "", source: str = "mllp", replay_of: int | None = None
    ) -> list[Taken]:
        """Read a frame; acknowledgments in it are left out, for answering them would never end.

        Args:
            raw: The frame's content.
            peer: Whom to name in the records.
            host: Address of the sender, for its settings.
            source: By which door it came.
            replay_of: The kept message it is a copy of.
        """
        return [
            self._taken(reading, peer, source, replay_of) for reading in self.reader.read(raw, host) if reading.code
        ]

    def take_oversized(self, head: bytes, peer: str, host: str) -> Taken:
        """Refuse a message that is too long, by its first bytes."""
        return self._taken(self.reader.refuse_oversized(head, host), peer, "mllp", None)

    def take_broken(self, raw: bytes, peer: str, host: str) -> Taken:
        """Refuse a message that our own reading broke on (AR 207), and keep it for people to look at."""
        return self._taken(self.reader.refuse_broken(raw, host), peer, "mllp", None)

    def discarded(self, raw: bytes, peer: str, reason: str) -> Submission:
        """Give what keeps bytes that cannot be answered, for people to look at."""
        message = ReceivedMessage(raw, b"", "mllp", peer)
        return Submission(message, code="", faults=(Fault(100, "MSH^1", reason),), is_quarantined=True)

    def refused_by_store(self, taken: Taken, faults: tuple[Fault, ...]) -> Submission:
        """Give what keeps a message the store could not do, with the answer that says why."""
        reading, code = taken.reading, code_for(faults)
        answer = self.answers(reading.header, reading.sender, code, faults)
        return Submission(
            taken.submission.message,
            answer=answer,
            code=code,
            faults=faults,
            is_quarantined=any(fault.code == 207 for fault in faults),
        )

    def refused_for_now(self, taken: Taken, reason: str) -> bytes:
        """Give the answer to a message that cannot be kept at the moment."""
        reading = self.reader.refuse_for_now(taken.reading, reason)
        return self.answers(reading.header, reading.sender, reading.code, reading.faults)

    def answers(self, header: Header, sender: Sender, code: str, faults: tuple[Fault, ...] = ()) -> bytes:
        """Write what a sender is answered: one acknowledgment, two of them, or nothing (HL7 v2.5.1 §2.9).

        In original mode always one. In enhanced mode what MSH-15 asks for at once, and after it, where the sender's
        settings say so, what MSH-16 asks for.
        """
        accept, application = header.accept_acknowledgment, header.application_acknowledgment
        if sender.ack_mode == "original" or not (_is_condition(accept) or _is_condition(application)):
            return self.reader.answer(header, code, faults)
        is_good = code == "AA"
        answers = []
        if _is_wanted(accept, is_good):
            answers.append(self.reader.answer(header, f"C{code[1]}", faults))
        if sender.application_ack and _is_wanted(application, is_good):
            answers.append(self.reader.answer(header, code, faults))
        return BETWEEN_ANSWERS.join(answers)

    def _taken(self, reading: Reading, peer: str, source: str, replay_of: int | None) -> Taken:
        header = reading.header
        message = ReceivedMessage(
            reading.raw,
            reading.body_hash,
            source,
            peer,
            header.message_type,
            header.control_id[:LONGEST_CONTROL_ID],
            header.sending_application[:LONGEST_NAME],
            header.sending_facility[:LONGEST_NAME],
            replay_of,
        )
        submission = Submission(
            message,
            self._changes(reading.requests),
            self.answers(header, reading.sender, reading.code, reading.faults),
            reading.code,
            reading.faults or reading.warnings,
            reading.is_quarantined,
        )
        return Taken(reading, submission)

    def _changes(self, requests: Iterable[OrderRequest | PatientChange]) -> list[Change | PatientChange]:
        return [
            request
            if isinstance(request, PatientChange)
            else Change(
                request.control,
                request.keys,
                request.order,
                self._route(request.order) if request.order else Routing(),
                request.must_exist,
            )
            for request in requests
        ]


def _is_condition(value: str) -> bool:
    return value in ("AL", "NE", "ER", "SU")  # HL7 table 0155; anything else is taken for nothing said


def _is_wanted(condition: str, is_good: bool) -> bool:
    return condition == "AL" or (condition == "SU" and is_good) or (condition == "ER" and not is_good)
