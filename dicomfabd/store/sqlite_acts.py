"""What people do to an order, inside a write transaction."""

import sqlite3
from collections.abc import Sequence

from dicomfabd.domain.order import Action, OrderControl, OrderState
from dicomfabd.store.interface import Applied
from dicomfabd.store.rows import from_document
from dicomfabd.store.sqlite_orders import ORDER_COLUMNS, act, add_event, move, urgency


def retry(db: sqlite3.Connection, order_id: int, now: float) -> list[str]:
    """Queue an order's failed or waiting jobs at once; gives their destinations."""
    order = db.execute("SELECT state FROM orders WHERE id = ?", (order_id,)).fetchone()
    if order is None or order["state"] in (OrderState.CANCELLED, OrderState.HELD):
        return []
    rows = db.execute(
        "UPDATE jobs SET state = 'queued', due_at = ?, attempt = 0, reason = ''"
        " WHERE order_id = ? AND state IN ('failed', 'queued') RETURNING destination",
        (now, order_id),
    ).fetchall()
    db.executemany("DELETE FROM pauses WHERE destination = ?", [(row["destination"],) for row in rows])
    if rows and order["state"] == OrderState.FAILED:
        move(db, order_id, OrderState.FAILED, OrderState.SCHEDULED, now)
    if rows:
        add_event(db, order_id, now, "order.retry", {"asked_by": "person"})
    return [row["destination"] for row in rows]


def send(db: sqlite3.Connection, order_id: int, destinations: Sequence[str], now: float) -> list[str]:
    """Queue an order's study for destinations, or for all that wait for a person; gives those it is queued for."""
    order = db.execute("SELECT state, document FROM orders WHERE id = ?", (order_id,)).fetchone()
    if order is None or order["state"] in (OrderState.CANCELLED, OrderState.HELD):
        return []
    jobs = {
        row["destination"]: row
        for row in db.execute("SELECT id, destination, state FROM jobs WHERE order_id = ?", (order_id,))
    }
    names = list(dict.fromkeys(destinations)) or [name for name, row in jobs.items() if row["state"] == "by_hand"]
    queued = [name for name in names if name not in jobs or jobs[name]["state"] not in ("leased", "committing")]
    for name in queued:
        _send_anew(db, order_id, name, urgency(from_document(order["document"])), now)
    if queued:
        if order["state"] == OrderState.FAILED:
            move(db, order_id, OrderState.FAILED, OrderState.SCHEDULED, now)
        add_event(db, order_id, now, "order.send", {"destinations": queued, "asked_by": "person"})
    return queued


def cancel(db: sqlite3.Connection, order_id: int, now: float) -> Applied:
    """Cancel an order as a CA message would."""
    row = db.execute(f"SELECT {ORDER_COLUMNS} FROM orders o WHERE o.id = ?", (order_id,)).fetchone()  # noqa: S608 - our own text
    if row is None:
        return Applied(Action.UNKNOWN, "", "", None)
    return act(db, row, OrderControl.CANCEL, now, {"asked_by": "person"})


def _send_anew(db: sqlite3.Connection, order_id: int, destination: str, priority: int, now: float) -> None:
    """Queue the whole study for a destination, forgetting what became of it there before."""
    db.execute(
        "INSERT OR IGNORE INTO jobs (order_id, destination, state, priority, due_at) VALUES (?, ?, 'queued', ?, ?)",
        (order_id, destination, priority, now),
    )
    (job_id,) = db.execute(
        "UPDATE jobs SET state = 'queued', due_at = ?, attempt = 0, reason = '' WHERE order_id = ? AND destination = ?"
        " RETURNING id",
        (now, order_id, destination),
    ).fetchone()
    db.execute("DELETE FROM instances WHERE job_id = ?", (job_id,))
    db.execute("DELETE FROM pauses WHERE destination = ?", (destination,))
