"""Statements that more than one role runs on orders, inside a write transaction."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from dicomfabd.domain.order import LEGAL_MOVES, Action, OrderControl, OrderState, action_for
from dicomfabd.store.interface import Applied, StoredOrder
from dicomfabd.store.rows import from_document

_HAS_BEGUN = """
SELECT 1 FROM jobs WHERE order_id = ? AND state = 'leased'
UNION ALL SELECT 1 FROM instances JOIN jobs ON jobs.id = instances.job_id WHERE jobs.order_id = ?
LIMIT 1
"""

ORDER_COLUMNS = "o.id, o.state, o.document, o.created_at, o.updated_at, o.finished_at"


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


def add_event(db: sqlite3.Connection, order_id: int, now: float, event: str, detail: Mapping[str, Any]) -> None:
    """Append to an order's timeline."""
    db.execute(
        "INSERT INTO events (order_id, at, event, detail) VALUES (?, ?, ?, ?)",
        (order_id, now, event, to_json(detail).decode()),
    )


def move(db: sqlite3.Connection, order_id: int, origin: OrderState, target: OrderState, now: float) -> None:
    """Put an order into another state; an illegal move is a bug and raises ValueError."""
    if target not in LEGAL_MOVES[origin]:
        raise ValueError(f"order {order_id} cannot move from {origin} to {target}")
    finished_at = now if target is OrderState.COMPLETED else None
    db.execute(
        "UPDATE orders SET state = ?, updated_at = ?, finished_at = ? WHERE id = ?",
        (target, now, finished_at, order_id),
    )


def cancel(db: sqlite3.Connection, row: sqlite3.Row, now: float, asked_by: str) -> Applied:
    """Do what a cancel does to an order in its state; `row` holds ORDER_COLUMNS."""
    order_id, state = row["id"], OrderState(row["state"])
    has_begun = db.execute(_HAS_BEGUN, (order_id, order_id)).fetchone() is not None
    action = action_for(OrderControl.CANCEL, state, has_begun=has_begun)
    if action in (Action.CANCELLED, Action.DISCONTINUED):
        move(db, order_id, state, OrderState(action.value), now)
        # A PACS that has seen nothing shall see nothing; one that has a part gets the rest.
        db.execute(
            "UPDATE jobs SET state = 'cancelled' WHERE order_id = ? AND state IN ('queued', 'failed')"
            " AND NOT EXISTS (SELECT 1 FROM instances WHERE job_id = jobs.id)",
            (order_id,),
        )
    add_event(db, order_id, now, f"order.{action}", {"asked_by": asked_by})
    order = from_document(row["document"])
    return Applied(action, order.accession_number, order.modality, order_id)
