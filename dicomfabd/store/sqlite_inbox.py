"""The inbox on SQLite: many messages, and all they ask, in one durable transaction.

New orders, which are nearly everything a sender sends, are written together, a table at a time; whatever touches an
order or a patient that is there already goes one by one (`sqlite_changes`).
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from pydantic_core import to_json

from dicomfabd.domain.errors import Fault, OrderRejected
from dicomfabd.domain.order import Action, Order, OrderControl, OrderState
from dicomfabd.store.interface import Accepted, Applied, Change, Submission
from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.sqlite_changes import apply
from dicomfabd.store.sqlite_orders import ADD_EVENT, ADD_JOB, ADD_ORDER, job_rows, order_row
from dicomfabd.store.sqlite_steps import (
    ADD_STATION,
    ADD_STEP,
    step_rows,
    taken_step_ids,
    with_own_step_ids,
)

_Resend = tuple[str, bytes, str, str]

_ADD_MESSAGE = """
INSERT INTO messages (id, received_at, source, peer, sending_application, sending_facility, control_id, message_type,
    body_hash, raw, ack_code, answer, reasons, did, is_quarantined, replay_of)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class SqliteInbox:
    """See `interface.Inbox`."""

    def __init__(self, file: SqliteFile) -> None:
        """Take the database."""
        self._file = file

    def accept(self, submissions: Sequence[Submission]) -> list[Accepted | OrderRejected]:
        """See `interface.Inbox.accept`."""
        now = self._file.clock()
        return self._file.writer.run(lambda db: _Intake(db, submissions, now).take(), len(submissions))


class _Intake:
    """One transaction's worth of messages."""

    def __init__(self, db: sqlite3.Connection, submissions: Sequence[Submission], now: float) -> None:
        self._db = db
        self._submissions = submissions
        self._now = now
        self._answered = _answered_before(db, submissions)
        self._taken = _taken_accessions(db, submissions)
        self._taken_steps = taken_step_ids(db, _orders_of(submissions))
        self._all_one_by_one = _is_any_waiting(db)
        self._messages: list[tuple[Any, ...]] = []
        self._orders: list[tuple[Any, ...]] = []
        self._steps: list[tuple[Any, ...]] = []
        self._stations: list[tuple[Any, ...]] = []
        self._jobs: list[tuple[Any, ...]] = []
        self._events: list[tuple[Any, ...]] = []
        self._message_id, self._order_id = self._next_ids()

    def take(self) -> list[Accepted | OrderRejected]:
        outcomes = [self._take(submission) for submission in self._submissions]
        self._write()
        return outcomes

    def _take(self, submission: Submission) -> Accepted | OrderRejected:
        resend = _resend_key(submission)
        if resend and resend in self._answered:
            message_id, answer = self._answered[resend]
            return Accepted(answer, is_duplicate=True, applied=(), message_id=message_id)
        if self._is_all_new(submission):
            outcome = self._add(submission)
        else:
            self._write()
            taken = self._one_by_one(submission)
            self._message_id, self._order_id = self._next_ids()
            if isinstance(taken, OrderRejected):
                return taken
            outcome = taken
        if resend:
            self._answered[resend] = outcome.message_id, outcome.answer
        return outcome

    def _is_all_new(self, submission: Submission) -> bool:
        orders = [
            change.order
            for change in submission.changes
            if isinstance(change, Change) and change.control is OrderControl.NEW and change.order
        ]
        if len(orders) != len(submission.changes) or (orders and self._all_one_by_one):
            return False
        names = [order.accession_number for order in orders]
        return self._taken.isdisjoint(names) and len(set(names)) == len(names)

    def _add(self, submission: Submission) -> Accepted:
        message_id, self._message_id = self._message_id, self._message_id + 1
        applied = []
        for change in submission.changes:
            assert isinstance(change, Change) and change.order  # noqa: S101 - _is_all_new has looked
            applied.append(self._add_order(change, change.order, message_id))
        self._messages.append(_message_row(message_id, submission, applied, self._now))
        return Accepted(submission.answer, is_duplicate=False, applied=tuple(applied), message_id=message_id)

    def _add_order(self, change: Change, order: Order, message_id: int) -> Applied:
        order_id, self._order_id = self._order_id, self._order_id + 1
        now = self._now
        self._taken.add(order.accession_number)
        order = with_own_step_ids(order, self._taken_steps)
        self._taken_steps.update([step.scheduled_procedure_step_id for step in order.steps])
        self._orders.append(order_row(order_id, order, OrderState.SCHEDULED, message_id, now))
        steps, stations = step_rows(order_id, order)
        self._steps += steps
        self._stations += stations
        self._jobs += job_rows(order_id, change, order, now)
        self._events.append((order_id, now, "order.created", f'{{"message":{message_id},"control":"NW"}}'))
        return Applied(Action.CREATED, order.accession_number, order.modality, order_id)

    def _one_by_one(self, submission: Submission) -> Accepted | OrderRejected:
        db, now, message_id = self._db, self._now, self._message_id
        db.execute("SAVEPOINT message")
        try:
            db.execute(_ADD_MESSAGE, _message_row(message_id, submission, (), now))
            applied = [done for change in submission.changes for done in apply(db, change, message_id, now)]
            db.execute("UPDATE messages SET did = ? WHERE id = ?", (_did(applied), message_id))
        except OrderRejected as rejected:
            db.execute("ROLLBACK TO message")
            return rejected
        except sqlite3.OperationalError:
            raise  # disk full, I/O: nothing of the transaction can be trusted
        except Exception as bug:  # the others of this transaction must not suffer from one message
            db.execute("ROLLBACK TO message")
            return OrderRejected(Fault(207, "MSH^1", f"could not be worked on ({type(bug).__name__}); it is kept"))
        finally:
            db.execute("RELEASE message")
        self._all_one_by_one = _is_any_waiting(db)
        self._taken |= {done.accession_number for done in applied}
        orders = _orders_of([submission])
        self._taken_steps.update([step.scheduled_procedure_step_id for order in orders for step in order.steps])
        return Accepted(submission.answer, is_duplicate=False, applied=tuple(applied), message_id=message_id)

    def _write(self) -> None:
        for statement, rows in (
            (_ADD_MESSAGE, self._messages),
            (ADD_ORDER, self._orders),
            (ADD_STEP, self._steps),
            (ADD_STATION, self._stations),
            (ADD_JOB, self._jobs),
            (ADD_EVENT, self._events),
        ):
            if rows:
                self._db.executemany(statement, rows)
                rows.clear()

    def _next_ids(self) -> tuple[int, int]:
        row = self._db.execute("SELECT (SELECT max(id) FROM messages), (SELECT max(id) FROM orders)").fetchone()
        return (row[0] or 0) + 1, (row[1] or 0) + 1


def _message_row(message_id: int, submission: Submission, applied: Iterable[Applied], now: float) -> tuple[Any, ...]:
    message = submission.message
    return (
        message_id,
        now,
        message.source,
        message.peer,
        message.sending_application,
        message.sending_facility,
        message.control_id,
        message.message_type,
        message.body_hash,
        message.raw,
        submission.code,
        submission.answer,
        json.dumps([asdict(fault) for fault in submission.faults]) if submission.faults else "[]",
        _did(applied),
        int(submission.is_quarantined),
        message.replay_of,
    )


def _did(applied: Iterable[Applied]) -> str:
    return to_json([(done.action, done.subject, done.order_id) for done in applied]).decode()


def _resend_key(submission: Submission) -> _Resend | None:
    message = submission.message
    if not message.control_id or submission.code != "AA" or message.replay_of is not None:
        return None
    return message.control_id, message.body_hash, message.sending_application, message.sending_facility


def _answered_before(db: sqlite3.Connection, submissions: Sequence[Submission]) -> dict[_Resend, tuple[int, bytes]]:
    keys = {key for submission in submissions if (key := _resend_key(submission))}
    rows = db.execute(
        "SELECT control_id, body_hash, sending_application, sending_facility, id, answer FROM messages"
        " WHERE control_id IN (SELECT value FROM json_each(?)) AND control_id <> '' AND ack_code = 'AA'",
        (to_json([key[0] for key in keys]).decode(),),
    )
    return {key: (row[4], row[5]) for row in rows if (key := tuple(row[:4])) in keys}


def _orders_of(submissions: Iterable[Submission]) -> list[Order]:
    return [
        change.order
        for submission in submissions
        for change in submission.changes
        if isinstance(change, Change) and change.order
    ]


def _taken_accessions(db: sqlite3.Connection, submissions: Sequence[Submission]) -> set[str]:
    names = [order.accession_number for order in _orders_of(submissions)]
    rows = db.execute(
        "SELECT accession_number FROM orders WHERE accession_number IN (SELECT value FROM json_each(?))",
        (to_json(names).decode(),),
    )
    return {row[0] for row in rows}


def _is_any_waiting(db: sqlite3.Connection) -> bool:
    """Tell whether a new order may be more than new: cancelled before it came, or of a patient since merged."""
    row = db.execute(
        "SELECT EXISTS (SELECT 1 FROM early_cancels) OR EXISTS (SELECT 1 FROM patients WHERE merged_into IS NOT NULL)"
    ).fetchone()
    return bool(row[0])
