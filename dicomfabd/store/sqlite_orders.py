"""Statements that more than one role runs on orders, inside a write transaction."""

import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import to_json

from dicomfabd.domain.order import LEGAL_MOVES, MOVES, Action, Order, OrderControl, OrderState, action_for
from dicomfabd.store.interface import Applied, Change, StoredOrder
from dicomfabd.store.rows import from_document, to_document
from dicomfabd.store.sqlite_steps import move_steps

ADD_ORDER: Final = """
INSERT INTO orders (id, accession_number, filler_order_number, placer_order_number, patient_id, issuer_of_patient_id,
    study_instance_uid, state, document, message_id, created_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
ADD_JOB: Final = "INSERT INTO jobs (order_id, destination, state, priority, due_at) VALUES (?, ?, ?, ?, ?)"
ADD_EVENT: Final = "INSERT INTO events (order_id, at, event, detail) VALUES (?, ?, ?, ?)"

ORDER_COLUMNS: Final = "o.id, o.state, o.document, o.created_at, o.updated_at, o.finished_at"

_URGENCIES = {"STAT": 0, "HIGH": 1, "ROUTINE": 2, "MEDIUM": 2, "LOW": 3}
_HAS_BEGUN = """
SELECT 1 FROM jobs WHERE order_id = ?1 AND state = 'leased'
UNION ALL SELECT 1 FROM instances JOIN jobs ON jobs.id = instances.job_id WHERE jobs.order_id = ?1
LIMIT 1
"""
# A PACS that has seen nothing shall see nothing; one that has a part gets the rest.
_CUT_JOBS = """
UPDATE jobs SET state = 'cancelled' WHERE order_id = ? AND state IN ('queued', 'held', 'by_hand', 'failed')
    AND NOT EXISTS (SELECT 1 FROM instances WHERE job_id = jobs.id)
"""
HOLD_JOBS: Final = "UPDATE jobs SET state = 'held' WHERE order_id = ? AND state = 'queued'"
_FREE_JOBS = "UPDATE jobs SET state = 'queued' WHERE order_id = ? AND state = 'held'"
JOB_EFFECTS: Final = {
    Action.CANCELLED: _CUT_JOBS,
    Action.DISCONTINUED: _CUT_JOBS,
    Action.HELD: HOLD_JOBS,
    Action.RELEASED: _FREE_JOBS,
    Action.STARTED: _FREE_JOBS,
    Action.COMPLETED: _FREE_JOBS,
}
"""What an action does to an order's deliveries, whose number is the parameter."""


def to_stored_order(row: sqlite3.Row) -> StoredOrder:
    """Read a row of ORDER_COLUMNS."""
    return StoredOrder(
        order_id=row["id"],
        order=from_document(row["document"]),
        state=OrderState(row["state"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        finished_at=row["finished_at"],
    )


def order_row(order_id: int | None, order: Order, state: OrderState, message_id: int, now: float) -> tuple[Any, ...]:
    """Give the parameters of ADD_ORDER; without a number the database chooses one."""
    patient = order.patient
    return (
        order_id,
        order.accession_number,
        order.filler_order_number,
        order.placer_order_number,
        patient.patient_id,
        patient.issuer_of_patient_id,
        order.study_instance_uid,
        state.value,
        to_document(order),
        message_id,
        now,
        now,
    )


def job_rows(order_id: int, change: Change, order: Order, now: float) -> list[tuple[Any, ...]]:
    """Give the parameters of ADD_JOB."""
    return [
        (
            order_id,
            leg.destination,
            "by_hand" if leg.by_hand else "queued",
            urgency(order),
            max(now, leg.not_before),
        )
        for leg in change.routing.legs
    ]


def urgency(order: Order) -> int:
    """Give 0 (first) to 3 for RequestedProcedurePriority."""
    return _URGENCIES.get(order.priority, 2)


def add_event(db: sqlite3.Connection, order_id: int, now: float, event: str, detail: Mapping[str, Any]) -> None:
    """Append to an order's timeline."""
    db.execute(ADD_EVENT, (order_id, now, event, to_json(detail).decode()))


def has_begun(db: sqlite3.Connection, order_id: int) -> bool:
    """Tell whether somebody works on an order, or a PACS holds instances of it."""
    return db.execute(_HAS_BEGUN, (order_id,)).fetchone() is not None


def move(db: sqlite3.Connection, order_id: int, origin: OrderState, target: OrderState, now: float) -> None:
    """Put an order into another state, and its steps with it; an illegal move is a bug and raises ValueError."""
    move_order(db, order_id, origin, target, now)
    move_steps(db, order_id, origin, target, now)


def move_order(db: sqlite3.Connection, order_id: int, origin: OrderState, target: OrderState, now: float) -> None:
    """Put an order into another state whose steps have moved by themselves; raises as `move`."""
    if target not in LEGAL_MOVES[origin]:
        raise ValueError(f"order {order_id} cannot move from {origin} to {target}")
    finished_at = now if target is OrderState.COMPLETED else None
    db.execute(
        "UPDATE orders SET state = ?, updated_at = ?, finished_at = ? WHERE id = ?",
        (target, now, finished_at, order_id),
    )


def act(
    db: sqlite3.Connection, row: sqlite3.Row, control: OrderControl, now: float, asked_by: Mapping[str, Any]
) -> Applied:
    """Do what a control without new content does to an order; `row` holds ORDER_COLUMNS."""
    order_id, state = row["id"], OrderState(row["state"])
    action = action_for(control, state, has_begun=has_begun(db, order_id))
    if action in JOB_EFFECTS:
        move(db, order_id, state, MOVES[action], now)
        db.execute(JOB_EFFECTS[action], (order_id,))
    add_event(db, order_id, now, f"order.{action}", asked_by)
    order = from_document(row["document"])
    return Applied(action, order.accession_number, order.modality, order_id)
