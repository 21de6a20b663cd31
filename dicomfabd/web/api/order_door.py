"""Orders as JSON: through the same checks into the same store as HL7, each of them once."""

import hashlib
import json
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from dicomfabd.domain.delivery import Routing
from dicomfabd.domain.draft import Choices
from dicomfabd.domain.errors import Fault, OrderRejected, StoreUnavailable, Unservable
from dicomfabd.domain.order import Order, OrderControl, OrderKeys, OrderState
from dicomfabd.store.interface import (
    Applied,
    Change,
    Inbox,
    MessageBook,
    MessageQuery,
    OrderBook,
    OrderQuery,
    ReceivedMessage,
    Replayed,
    StoredMessage,
    Submission,
)
from dicomfabd.web.api.item_in import read_item
from dicomfabd.web.api.order_in import read_order
from dicomfabd.web.api.words import action_in_words
from dicomfabd.web.problems import refused

APPLICATION: Final = "http"
"""Stands for MSH-3 of an order that came as JSON; the path it came to stands for MSH-4."""

MESSAGE_TYPE: Final = "JSON"
_RISES_WHEN_PLACED_AGAIN: Final = frozenset({OrderState.CANCELLED, OrderState.DISCONTINUED})
_FIELDS: Final = {"PID^1^3": "patient_id", "ORC^1^2": "accession"}


WORKLIST_DOOR: Final = "/api/v1/worklist"
"""Where orders come as worklist items, in the DICOM JSON Model."""


class Form(Protocol):
    """An order in one of the forms of JSON it is taken in; equal to one that says the same."""

    @property
    def has_start(self) -> bool:
        """True when it says when it is to begin."""

    def content(self) -> bytes:
        """Give what it says, the same however it was written."""

    def order(self, choices: Choices, default_start: datetime) -> tuple[Order, tuple[Fault, ...]]:
        """Check and complete it; gives the order and what was mended. Raises OrderRejected."""


class KeyReused(Exception):  # noqa: N818 - it is the client's error, not ours
    """An idempotency key came back with another order."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request that carries an order.

    Attributes:
        door: The path it came to, which decides the form of the answer.
        key: Idempotency key, or empty.
        source: `http` or `replay`.
    """

    body: bytes
    door: str
    peer: str
    key: str = ""
    source: str = "http"
    replay_of: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request.

    Attributes:
        code: `AA`, or `AE` for an order that is refused.
        answer: What to say of an order that was taken, JSON; the same each time.
        faults: Why it is refused; of a taken one, what was mended.
        applied: Empty when nothing was done now.
        is_repeated: The request was taken before, and this is what it did then.
    """

    message_id: int
    code: str
    answer: bytes
    faults: tuple[Fault, ...]
    applied: tuple[Applied, ...] = ()
    is_repeated: bool = False


class OrderDoor:
    """Takes orders as JSON. Thread-safe."""

    def __init__(
        self,
        inbox: Inbox,
        book: OrderBook,
        messages: MessageBook,
        choices: Choices,
        route: Callable[[Order], Routing],
    ) -> None:
        """Take the roles of the store, the chooser of modalities and the chooser of destinations."""
        self._inbox = inbox
        self._book = book
        self._messages = messages
        self._choices = choices
        self._route = route
        # A store has one daemon, so locks of this process are enough; several, so that few wait for a stranger.
        self._turns = [threading.Lock() for _ in range(64)]

    def take(self, incoming: Incoming) -> Outcome:
        """Keep an order durably and do what it asks; blocks until it is on disk.

        Raises:
            KeyReused: The key belongs to another order.
            StoreUnavailable: Nothing was kept.
        """
        turn = self._turns[hash(incoming.key) % len(self._turns)] if incoming.key else nullcontext()
        with turn:
            try:
                form = _read(incoming.body, incoming.door)
                return self._earlier(incoming, form) or self._accept(incoming, form)
            except OrderRejected as rejected:
                return self._keep_refused(incoming, rejected)

    def replay(self, message: StoredMessage, edited: bytes | None, actor: str) -> Replayed:
        """Take a kept order, or an edited copy of it, once more, and note who did; raises StoreUnavailable."""
        body = message.raw if edited is None else edited
        incoming = Incoming(body, message.sending_facility, actor, "", "replay", message.message_id)
        outcome = self.take(incoming)
        detail = {"copy": outcome.message_id, "code": outcome.code, "is_edited": edited is not None}
        self._messages.audit(actor, "message.replay", f"message {message.message_id}", detail)
        return Replayed(outcome.message_id, outcome.code, outcome.answer, outcome.faults, outcome.applied)

    def _earlier(self, incoming: Incoming, form: Form) -> Outcome | None:
        if not incoming.key:
            return None
        query = MessageQuery(
            codes=frozenset({"AA"}), message_type=MESSAGE_TYPE, sending_application=APPLICATION, control_id=incoming.key
        )
        for found in self._messages.find(query):
            message = self._messages.get(found.message_id)
            if message is None or message.source != incoming.source:
                continue
            if message.sending_facility != incoming.door or not _is_same(message.raw, incoming, form):
                raise KeyReused
            return self._outcome(message.message_id, is_repeated=True)
        return None

    def _accept(self, incoming: Incoming, form: Form) -> Outcome:
        order, warnings = self._build(form)
        keys = OrderKeys(order.accession_number)
        said = {
            "accession_number": order.accession_number,
            "study_instance_uid": order.study_instance_uid,
            "warnings": [{"field": warning.location, "text": warning.text} for warning in warnings],
        }
        submission = Submission(
            _received(incoming, form.content()),
            (Change(OrderControl.NEW, keys, order, self._route(order)),),
            json.dumps(said, ensure_ascii=False).encode(),
            faults=warnings,
        )
        (accepted,) = self._inbox.accept([submission])
        if isinstance(accepted, OrderRejected):
            raise OrderRejected(
                *[Fault(it.code, _FIELDS.get(it.location, "body"), it.text, it.hint) for it in accepted.faults]
            )
        return self._outcome(accepted.message_id, accepted.applied, is_repeated=accepted.is_duplicate)

    def _build(self, form: Form) -> tuple[Order, tuple[Fault, ...]]:
        order, warnings = form.order(self._choices, datetime.now().astimezone())
        if not form.has_start:
            # Sent again without a time it is the same order, not one of a later time; unless it is to rise again.
            for stored in self._book.find(OrderQuery(accession_number=order.accession_number, limit=1)):
                if stored.state not in _RISES_WHEN_PLACED_AGAIN:
                    return form.order(self._choices, stored.order.scheduled_at)
        return order, warnings

    def _outcome(self, message_id: int, applied: tuple[Applied, ...] = (), *, is_repeated: bool) -> Outcome:
        message = self._messages.get(message_id)
        assert message is not None  # noqa: S101 - who calls has just kept or found it
        return Outcome(message_id, message.code, answer_to(message, self._book), message.faults, applied, is_repeated)

    def _keep_refused(self, incoming: Incoming, rejected: OrderRejected) -> Outcome:
        faults = rejected.faults
        answer = bytes(refused(faults).body)
        message = _received(incoming, incoming.body)
        is_quarantined = isinstance(rejected, Unservable) or any(fault.code == 100 for fault in faults)
        submission = Submission(message, (), answer, "AE", faults, is_quarantined=is_quarantined)
        try:
            (kept,) = self._inbox.accept([submission])
        except StoreUnavailable:
            return Outcome(0, "AE", answer, faults)  # it is as wrong whether it can be kept or not
        return Outcome(kept.message_id if not isinstance(kept, OrderRejected) else 0, "AE", answer, faults)


def is_json(message: StoredMessage) -> bool:
    """Tell whether a kept message is an order that came as JSON."""
    return message.message_type == MESSAGE_TYPE and message.sending_application == APPLICATION


def answer_to(message: StoredMessage, book: OrderBook) -> bytes:
    """Give what a kept JSON request was answered, the same whatever became of its order since."""
    if message.code != "AA":
        return message.answer
    action, _, order_id = message.did[0]
    stored = book.get(order_id or 0)
    body = {"order_id": order_id} | json.loads(message.answer)
    if stored is not None:
        # Of an order that was there before, and fixed once it is.
        body["study_instance_uid"] = stored.order.study_instance_uid
    body |= {"action": action, "text": action_in_words(action), "message_id": message.message_id}
    return json.dumps(body | {"order": f"/api/v1/orders/{order_id}"}, ensure_ascii=False).encode()


def _received(incoming: Incoming, content: bytes) -> ReceivedMessage:
    return ReceivedMessage(
        raw=incoming.body,
        body_hash=hashlib.sha256(content).digest(),
        source=incoming.source,
        peer=incoming.peer,
        message_type=MESSAGE_TYPE,
        control_id=incoming.key,
        sending_application=APPLICATION,
        sending_facility=incoming.door,
        replay_of=incoming.replay_of,
    )


def _read(body: bytes, door: str) -> Form:
    return read_item(body) if door == WORKLIST_DOOR else read_order(body)


def _is_same(before: bytes, incoming: Incoming, form: Form) -> bool:
    if before == incoming.body:
        return True
    try:
        return _read(before, incoming.door) == form
    except OrderRejected:
        return False  # kept by a version with other rules
