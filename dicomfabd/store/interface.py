"""What a store promises, role by role; `tests/store/test_contract.py` holds every back end to it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from dicomfabd.domain.commitment import CommitmentReport
from dicomfabd.domain.delivery import Claim, Delivery, InstanceResult, Routing
from dicomfabd.domain.errors import Fault, OrderRejected
from dicomfabd.domain.order import Action, Order, OrderControl, OrderKeys, OrderState
from dicomfabd.domain.patient import Patient

Item = TypeVar("Item")


class Page(list[Item]):
    """A part of a list, newest first.

    Attributes:
        next: The `before_id` of what follows, or None at the end. A page that is not full may have one too: a search
            for what is rare ends after a while, and goes on from there.
        behind: How many changes the search did not know of yet; 0 nearly always, many while its file is built.
    """

    def __init__(self, items: Iterable[Item] = (), next_before: int | None = None, behind: int = 0) -> None:
        """Take the items, where the list goes on, and what was not searched."""
        super().__init__(items)
        self.next = next_before
        self.behind = behind

    @property
    def is_complete(self) -> bool:
        """True when nothing was left out that belongs on this page."""
        return self.behind == 0


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message as it came, and what identifies a resend of it.

    Attributes:
        body_hash: SHA-256 of everything but the time stamp; same sender, control ID and hash is a resend.
        source: `mllp`, `http`, `cli` or `replay`.
        peer: Address it came from.
        replay_of: The kept message this one is a copy of; a replay is never taken for a resend.
    """

    raw: bytes
    body_hash: bytes
    source: str
    peer: str
    message_type: str = ""
    control_id: str = ""
    sending_application: str = ""
    sending_facility: str = ""
    replay_of: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing a message asks of an order, which may be new or one we have or should have.

    Attributes:
        must_exist: Refuse it if there is no such order.
    """

    control: OrderControl
    keys: OrderKeys
    order: Order | None = None
    routing: Routing = Routing()
    must_exist: bool = False


@dataclass(frozen=True, slots=True)
class PatientKey:
    """What identifies a patient; an empty issuer fits any."""

    patient_id: str
    issuer_of_patient_id: str = ""

    @classmethod
    def of(cls, patient: Patient) -> "PatientKey":
        """Give what identifies a patient."""
        return cls(patient.patient_id, patient.issuer_of_patient_id)


@dataclass(frozen=True, slots=True)
class PatientChange:
    """One thing a message says of a patient.

    Attributes:
        patient: The patient as they are now; empty attributes say nothing.
        cleared: Attributes the message deletes (HL7 `""`).
        priors: Identifiers that are this patient from now on: a merge, or a change of ID.
    """

    patient: Patient
    cleared: frozenset[str] = frozenset()
    priors: tuple[PatientKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """What one change did; `order_id` is None where there is no such order, or it was about a patient.

    Attributes:
        subject: `order` or `patient`.
    """

    action: Action
    accession_number: str
    modality: str
    order_id: int | None
    subject: str = "order"


@dataclass(frozen=True, slots=True)
class Submission:
    """A message that was read, and how it is to be answered.

    Attributes:
        changes: What it asks, in order; nothing for a message that is refused or says nothing to us.
        answer: The acknowledgment for the case that all goes well, kept for resends.
        code: `AA`, or why it is only kept: `AE`, `AR`, or empty for one that gets no answer.
        faults: What is wrong with it, or was mended.
        is_quarantined: People should look at it: it could not be read, or its order could not be served.
    """

    message: ReceivedMessage
    changes: Sequence[Change | PatientChange] = ()
    answer: bytes = b""
    code: str = "AA"
    faults: Sequence[Fault] = ()
    is_quarantined: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """The durable outcome of a message; for a duplicate, the answer the first one got."""

    answer: bytes
    is_duplicate: bool
    applied: tuple[Applied, ...]
    message_id: int = 0


class Inbox(Protocol):
    """Takes messages; used by intake and web. Thread-safe."""

    def accept(self, submissions: Sequence[Submission]) -> list[Accepted | OrderRejected]:
        """Keep messages and do what each asks, all or nothing for each; blocks until all is on disk (fsync).

        Many at once share one commit. A resend of a message kept before changes nothing.

        Returns:
            For each submission what it did, or why it cannot be done (another patient's order, an unknown order);
            of such a message nothing is kept.

        Raises:
            StoreUnavailable: Nothing of all this could be kept.
        """


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A kept message: how it was answered and what it did; times are Unix seconds.

    Attributes:
        did: (action, subject, order ID or None), in order.
        raw: Empty in lists.
        answer: Empty in lists.
    """

    message_id: int
    received_at: float
    source: str
    peer: str
    sending_application: str
    sending_facility: str
    control_id: str
    message_type: str
    code: str
    is_quarantined: bool
    replay_of: int | None
    faults: tuple[Fault, ...]
    did: tuple[tuple[str, str, int | None], ...]
    raw: bytes = b""
    answer: bytes = b""


@dataclass(frozen=True, slots=True)
class MessageQuery:
    """Which messages are wanted; empty attributes do not restrict.

    Attributes:
        codes: Answers given.
        text: What the control ID begins with.
        received_from: Unix seconds; `received_before` ends the period and is not in it.
        before_id: Only messages older than this one, for paging (newest first).
    """

    codes: frozenset[str] = frozenset()
    is_quarantined: bool | None = None
    message_type: str = ""
    sending_application: str = ""
    source: str = ""
    control_id: str = ""
    text: str = ""
    received_from: float | None = None
    received_before: float | None = None
    replay_of: int | None = None
    before_id: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to what; `at` is Unix seconds."""

    entry_id: int
    at: float
    actor: str
    action: str
    target: str
    detail: Mapping[str, object]


class MessageBook(Protocol):
    """Looks kept messages up, and what people did with them; used by web and cli. Thread-safe."""

    def find(self, query: MessageQuery) -> Page[StoredMessage]:
        """Give the messages that fit, newest first, without their bytes, at most `query.limit`."""

    def get(self, message_id: int) -> StoredMessage | None:
        """Give one message whole, or None."""

    def has_messages(self) -> bool:
        """Tell whether any message was ever received."""

    def audit(self, actor: str, action: str, target: str, detail: Mapping[str, object]) -> None:
        """Note durably what a person did."""

    def audit_trail(
        self, before_id: int | None = None, limit: int = 100, actor: str = "", action: str = ""
    ) -> list[AuditEntry]:
        """Give what people did, newest first.

        Args:
            before_id: Only what is older than this entry.
            limit: Most entries given.
            actor: Only of those in whose name this stands, in whatever case; empty is everybody.
            action: Only this one, or with a dot at its end all that begin so; empty is all.
        """


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of taking a kept message, or an edited copy of it, once more.

    Attributes:
        code: `AA`, `AE` or `AR`.
        message_id: The copy, kept like any message and linked to the one it was made of.
    """

    message_id: int
    code: str
    answer: bytes
    faults: tuple[Fault, ...]
    applied: tuple[Applied, ...]


class WorkQueue(Protocol):
    """Hands out work, order x destination, under leases; used by workers. Thread-safe."""

    def claim(self, holder: str, lease_s: float, destinations: Mapping[str, int]) -> Claim | None:
        """Take a job that is due, or None; the order moves from scheduled to in progress.

        A job is open when it is queued and due and its destination is not paused, or when its lease has ended.
        The most urgent go first. Among equals destinations take turns, the one with least under way first, and now
        and then it is the newest job of a destination, so that neither a busy one nor an old backlog keeps the others
        waiting.

        Args:
            holder: Who takes it.
            lease_s: How long it is theirs unless renewed.
            destinations: Name → how many of its jobs may be under way at once. One that was away gets one at a time.
        """

    def renew(self, claim: Claim, lease_s: float) -> None:
        """Extend the lease; raises ClaimLost if somebody else took over."""

    def note(self, claim: Claim, event: str, detail: Mapping[str, Any]) -> None:
        """Put something on the order's timeline."""

    def record(self, claim: Claim, results: Sequence[InstanceResult]) -> None:
        """Keep the answers to single instances; raises ClaimLost if somebody else took over."""

    def settle(self, claim: Claim, delivery: Delivery) -> None:
        """End the job well; the order is completed with its last job. Lifts a pause of the destination."""

    def resume(self, destination: str) -> None:
        """Lift a destination's pause: it answers. Until it takes a study the next pause is longer all the same."""

    def postpone(self, claim: Claim, delay_s: float, reason: str) -> None:
        """Put the job back, due after a delay."""

    def pause(self, claim: Claim, first_s: float, longest_s: float, jitter: float, reason: str) -> float:
        """Put the job back and pause its whole destination, which is away.

        The pause doubles with each failure in a row, from `first_s` to `longest_s`, times `jitter` (0.5-1.0).
        The job's attempt is not counted: a PACS may be away for as long as it likes.

        Returns:
            The pause in seconds.
        """

    def is_discontinued(self, claim: Claim) -> bool:
        """Tell whether its order was discontinued while somebody works on it."""

    def fail(self, claim: Claim, reason: str) -> None:
        """Move the job to the dead letters; the order is failed once nothing else is open."""

    def release(self, holder: str | None = None) -> int:
        """Put back everything a dead holder had, or everybody at start; gives the number of jobs."""

    def adopt(self, destinations: Sequence[str]) -> int:
        """Fail open jobs whose destination is no longer configured; gives their number."""

    def next_due(self, destinations: Mapping[str, int]) -> float | None:
        """Give the Unix time at which the next job may be claimed, or None when none may until another one ends."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What a report on storage commitment was about; `failed` is how many instances the PACS does not keep."""

    order_id: int
    accession_number: str
    destination: str
    failed: int


class Commitments(Protocol):
    """Remembers what PACS were asked to commit to; used by workers and by who hears their reports. Thread-safe."""

    def begin(self, claim: Claim, transaction_uid: str) -> None:
        """Note a transaction before it is asked for: its report may come before the answer to the request.

        Raises ClaimLost if somebody else took over.
        """

    def wait(self, claim: Claim, delivery: Delivery, timeout_s: float, retry_s: float, max_attempts: int) -> None:
        """End the work on a job whose study is delivered; it counts as done once the PACS has committed to all of it.

        Without a report in time it is queued again, so that it is asked again.

        Args:
            claim: The job.
            delivery: What was sent.
            timeout_s: How long the report may take.
            retry_s: When what was not committed is sent again.
            max_attempts: Tries before it goes to the dead letters.
        """

    def report(self, report: CommitmentReport, retry_s: float, max_attempts: int) -> Committed | None:
        """Take a PACS's report; None for a transaction nobody waits for.

        All committed, the job is done. What is not committed, or not mentioned, is sent again after `retry_s`, or goes
        to the dead letters after `max_attempts` tries.
        """


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order and where it stands; times are Unix seconds."""

    order_id: int
    order: Order
    state: OrderState
    created_at: float
    updated_at: float
    finished_at: float | None


@dataclass(frozen=True, slots=True)
class StoredJob:
    """One delivery of an order."""

    destination: str
    state: str
    attempt: int
    due_at: float
    reason: str
    instances: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """What a destination last answered to an instance; `status` is of C-STORE, `at` Unix seconds."""

    destination: str
    sop_instance_uid: str
    sop_class_uid: str
    status: int
    outcome: str
    at: float


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to an order."""

    at: float
    event: str
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """Which orders are wanted; empty attributes do not restrict.

    Attributes:
        modality: Of the order.
        sending_application: MSH-3 of the message that placed it, or `http`.
        text: Words; each must be in a number, the patient's name, the patient ID, the procedure or its code, whatever
            the case and the accents. Words of one or two letters begin one there. A study instance UID is taken whole,
            and so is a word with a digit that is the whole accession number, order number or patient ID of an order.
        created_from: Unix seconds; `created_before` ends the period and is not in it.
        scheduled_from: First day on which the first step may be scheduled; `scheduled_to` is the last.
        before_id: Only orders older than this one, for paging (newest first).
    """

    accession_number: str = ""
    patient_id: str = ""
    study_instance_uid: str = ""
    states: frozenset[OrderState] = field(default_factory=frozenset)
    modality: str = ""
    sending_application: str = ""
    text: str = ""
    created_from: float | None = None
    created_before: float | None = None
    scheduled_from: date | None = None
    scheduled_to: date | None = None
    before_id: int | None = None
    limit: int = 100


class BulkAct(StrEnum):
    """What people may do to many orders at once."""

    RETRY = "retry"
    SEND = "send"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What became of one order of many.

    Attributes:
        applied: Of a cancel; its action is `unknown` if there is no such order.
        destinations: Where a retry or a send has queued its study; nowhere if there was nothing to do.
    """

    order_id: int
    applied: Applied | None = None
    destinations: tuple[str, ...] = ()


class OrderBook(Protocol):
    """Looks orders up, and lets people act on them; used by worklist, web and cli. Thread-safe."""

    def find(self, query: OrderQuery) -> Page[StoredOrder]:
        """Give the orders that fit, newest first, at most `query.limit`."""

    def get(self, order_id: int) -> StoredOrder | None:
        """Give one order, or None."""

    def jobs(self, order_id: int) -> list[StoredJob]:
        """Give the deliveries of one order, with how many instances had which outcome."""

    def instances(self, order_id: int, limit: int = 1000) -> list[StoredInstance]:
        """Give what destinations answered to an order's instances, newest first."""

    def timeline(self, order_id: int) -> list[Event]:
        """Give everything that happened to one order, oldest first."""

    def counts(self) -> Mapping[OrderState, int]:
        """Give how many orders are in each state."""

    def job_counts(self) -> Mapping[tuple[str, str], int]:
        """Give how many jobs there are by (destination, state)."""

    def pauses(self) -> Mapping[str, float]:
        """Give the destinations that are away, with the Unix time at which they are tried again."""

    def request_retry(self, order_id: int) -> bool:
        """Queue an order's failed or waiting jobs at once; False if there is nothing to retry."""

    def request_send(self, order_id: int, destinations: Sequence[str]) -> list[str]:
        """Send an order's study at once, also where it never was to go, or went before.

        Args:
            order_id: The order.
            destinations: Where to; none is to all that wait for a person.

        Returns:
            The destinations it is now queued for; one where it is being sent already is left out. Nothing for an
            order that is cancelled or held.
        """

    def request_cancel(self, order_id: int) -> Applied:
        """Cancel an order as a CA message would; action `unknown` if there is none."""

    def request_bulk(
        self, act: BulkAct, order_ids: Sequence[int], destinations: Sequence[str] = ()
    ) -> list[BulkOutcome]:
        """Do one thing to many orders, some of them in each commit, so that intake is never kept waiting.

        Args:
            act: What is done, to each as `request_retry`, `request_send` or `request_cancel` does it.
            order_ids: The orders.
            destinations: Of a send.
        """
