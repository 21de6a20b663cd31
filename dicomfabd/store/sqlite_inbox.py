"""The inbox on SQLite: a message and all it asks in one durable transaction."""

import json
import sqlite3
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict, replace

from dicomfabd.domain.errors import Fault, OrderRejected
from dicomfabd.domain.order import Action, Order, OrderControl, OrderKeys, OrderState, action_for
from dicomfabd.store.interface import Accepted, Applied, Change, ReceivedMessage
from dicomfabd.store.rows import from_document, to_document
from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.sqlite_orders import ORDER_COLUMNS, add_event, cancel

_PRIORITIES = {"STAT": 0, "HIGH": 1, "ROUTINE": 2, "MEDIUM": 2, "LOW": 3}


class SqliteInbox:
    """See `interface.Inbox`."""

    def __init__(self, file: SqliteFile) -> None:
        """Take the database."""
        self._file = file

    def accept(self, message: ReceivedMessage, changes: Sequence[Change], answer: bytes) -> Future[Accepted]:
        """See `interface.Inbox.accept`."""
        now = self._file.clock()
        return self._file.writer.submit(lambda db: _accept(db, message, changes, answer, now))

    def refuse(self, message: ReceivedMessage, code: str, faults: Sequence[Fault], answer: bytes) -> Future[None]:
        """See `interface.Inbox.refuse`."""
        now = self._file.clock()
        reasons = json.dumps([asdict(fault) for fault in faults])

        def operation(db: sqlite3.Connection) -> None:
            _add_message(db, message, code, answer, reasons, now)

        return self._file.writer.submit(operation)


def _accept(
    db: sqlite3.Connection, message: ReceivedMessage, changes: Sequence[Change], answer: bytes, now: float
) -> Accepted:
    if message.control_id:
        earlier = db.execute(
            "SELECT answer FROM messages WHERE control_id = ? AND body_hash = ? AND sending_application = ?"
            " AND sending_facility = ? AND control_id <> '' AND ack_code = 'AA'",
            (message.control_id, message.body_hash, message.sending_application, message.sending_facility),
        ).fetchone()
        if earlier is not None:
            return Accepted(earlier["answer"], is_duplicate=True, applied=())
    message_id = _add_message(db, message, "AA", answer, "[]", now)
    applied = tuple(done for change in changes for done in _apply(db, change, message_id, now))
    return Accepted(answer, is_duplicate=False, applied=applied)


def _add_message(
    db: sqlite3.Connection, message: ReceivedMessage, code: str, answer: bytes, reasons: str, now: float
) -> int:
    cursor = db.execute(
        "INSERT INTO messages (received_at, source, peer, sending_application, sending_facility, control_id,"
        " message_type, body_hash, raw, ack_code, answer, reasons) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            now,
            message.source,
            message.peer,
            message.sending_application,
            message.sending_facility,
            message.control_id,
            message.message_type,
            message.body_hash,
            message.raw,
            code,
            answer,
            reasons,
        ),
    )
    return int(cursor.lastrowid or 0)


def _apply(db: sqlite3.Connection, change: Change, message_id: int, now: float) -> list[Applied]:
    if change.control is OrderControl.CANCEL:
        rows = _find(db, change.keys, ("accession_number", "filler_order_number", "placer_order_number"))
        if not rows:
            keys = change.keys
            db.execute(
                "INSERT INTO early_cancels VALUES (?, ?, ?, ?)",
                (keys.accession_number, keys.filler_order_number, keys.placer_order_number, now),
            )
            return [Applied(Action.UNKNOWN, keys.accession_number, "", None)]
        return [cancel(db, row, now, "message") for row in rows]
    if change.order is None:
        raise ValueError("a new or changed order needs the order")
    return [_put(db, change, change.order, message_id, now)]


def _put(db: sqlite3.Connection, change: Change, order: Order, message_id: int, now: float) -> Applied:
    # A change may leave the accession out and name the order by its other numbers.
    names = ("accession_number",) if change.control is OrderControl.NEW else tuple(OrderKeys.__dataclass_fields__)
    rows = _find(db, change.keys, names)
    if not rows:
        return _create(db, change, order, message_id, now)
    row = rows[0]
    stored = from_document(row["document"])
    _check_same_patient(stored, order)
    # The worklist has shown the UID already, so it never changes with the rest.
    order = replace(
        order,
        accession_number=stored.accession_number,
        study_instance_uid=stored.study_instance_uid,
        study_uid_origin=stored.study_uid_origin,
    )
    action = action_for(change.control, OrderState(row["state"]), is_same=order == stored)
    if action is Action.CHANGED:
        _rewrite(db, row["id"], order, change.routing.not_before, now)
    add_event(db, row["id"], now, f"order.{action}", {"message": message_id, "control": change.control})
    return Applied(action, order.accession_number, order.modality, row["id"])


def _create(db: sqlite3.Connection, change: Change, order: Order, message_id: int, now: float) -> Applied:
    is_cancelled = _take_early_cancel(db, change.keys)
    state = OrderState.CANCELLED if is_cancelled else OrderState.SCHEDULED
    cursor = db.execute(
        "INSERT INTO orders (accession_number, filler_order_number, placer_order_number, patient_id,"
        " issuer_of_patient_id, study_instance_uid, state, document, message_id, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            order.accession_number,
            order.filler_order_number,
            order.placer_order_number,
            order.patient.patient_id,
            order.patient.issuer_of_patient_id,
            order.study_instance_uid,
            state,
            to_document(order),
            message_id,
            now,
            now,
        ),
    )
    order_id = int(cursor.lastrowid or 0)
    _add_steps(db, order_id, order)
    if not is_cancelled:
        db.executemany(
            "INSERT INTO jobs (order_id, destination, state, priority, due_at) VALUES (?, ?, 'queued', ?, ?)",
            [
                (order_id, destination, _PRIORITIES.get(order.priority, 2), max(now, change.routing.not_before))
                for destination in change.routing.destinations
            ],
        )
    action = Action.CANCELLED if is_cancelled else Action.CREATED
    add_event(db, order_id, now, f"order.{action}", {"message": message_id, "control": change.control})
    return Applied(action, order.accession_number, order.modality, order_id)


def _rewrite(db: sqlite3.Connection, order_id: int, order: Order, not_before: float, now: float) -> None:
    db.execute(
        "UPDATE orders SET document = ?, filler_order_number = ?, placer_order_number = ?, updated_at = ? WHERE id = ?",
        (to_document(order), order.filler_order_number, order.placer_order_number, now, order_id),
    )
    db.execute("DELETE FROM steps WHERE order_id = ?", (order_id,))
    _add_steps(db, order_id, order)
    db.execute(
        "UPDATE jobs SET due_at = ?, priority = ? WHERE order_id = ? AND state = 'queued'",
        (max(now, not_before), _PRIORITIES.get(order.priority, 2), order_id),
    )


def _add_steps(db: sqlite3.Connection, order_id: int, order: Order) -> None:
    db.executemany(
        "INSERT INTO steps (order_id, ordinal, modality, station_ae_title, start_at) VALUES (?, ?, ?, ?, ?)",
        [
            (order_id, ordinal, step.modality, step.station_ae_title, step.scheduled_at.strftime("%Y%m%d%H%M%S"))
            for ordinal, step in enumerate(order.steps)
        ],
    )


def _find(db: sqlite3.Connection, keys: OrderKeys, names: Sequence[str]) -> list[sqlite3.Row]:
    for name in names:
        if value := getattr(keys, name):
            # `name` is a field name of OrderKeys, which are the column names; it is never input.
            rows = db.execute(f"SELECT {ORDER_COLUMNS} FROM orders o WHERE o.{name} = ?", (value,)).fetchall()  # noqa: S608 - see above
            if rows:
                return rows
    return []


def _take_early_cancel(db: sqlite3.Connection, keys: OrderKeys) -> bool:
    cursor = db.execute(
        "DELETE FROM early_cancels WHERE (accession_number <> '' AND accession_number = ?)"
        " OR (filler_order_number <> '' AND filler_order_number = ?)"
        " OR (placer_order_number <> '' AND placer_order_number = ?)",
        (keys.accession_number, keys.filler_order_number, keys.placer_order_number),
    )
    return cursor.rowcount > 0


def _check_same_patient(stored: Order, order: Order) -> None:
    before, now = stored.patient, order.patient
    is_other_authority = (
        before.issuer_of_patient_id
        and now.issuer_of_patient_id
        and before.issuer_of_patient_id != now.issuer_of_patient_id
    )
    if before.patient_id != now.patient_id or is_other_authority:
        raise OrderRejected(
            Fault(
                205,
                "PID^1^3",
                "this order exists and belongs to another patient",
                "Cancel the order and send a new one, or send the patient it was placed for.",
            )
        )
