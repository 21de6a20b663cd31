"""Statements that more than one role runs on deliveries, inside a write transaction."""

import json
import sqlite3
from collections.abc import Collection

from dicomfabd.domain.delivery import Claim, Delivery
from dicomfabd.domain.errors import ClaimLost
from dicomfabd.domain.order import OrderState
from dicomfabd.store.sqlite_orders import add_event, move

_OPEN = frozenset({"queued", "leased", "committing"})


def hold(db: sqlite3.Connection, claim: Claim) -> None:
    """See that a claim is still good; raises ClaimLost."""
    row = db.execute("SELECT state, token FROM jobs WHERE id = ?", (claim.job_id,)).fetchone()
    if row is None or row["state"] != "leased" or row["token"] != claim.token:
        raise ClaimLost(f"order {claim.order_id} for {claim.destination} is in other hands")


def end_well(db: sqlite3.Connection, claim: Claim, state: str, now: float) -> None:
    """End a job as `done` or `committed`."""
    db.execute("UPDATE jobs SET state = ?, holder = '', reason = '' WHERE id = ?", (state, claim.job_id))
    close_order(db, claim.order_id, now)


def note_delivery(db: sqlite3.Connection, claim: Claim, delivery: Delivery, now: float) -> None:
    """Say on the timeline that a destination took the whole study; whatever was wrong with it is over."""
    db.execute("DELETE FROM pauses WHERE destination = ?", (claim.destination,))
    detail = {
        "destination": claim.destination,
        "instances": delivery.instances,
        "warned": delivery.warned,
        "seconds": round(delivery.seconds, 3),
        "attempt": claim.attempt,
    }
    add_event(db, claim.order_id, now, "study.delivered", detail)


def put_back(db: sqlite3.Connection, claim: Claim, now: float, due_at: float, reason: str, attempt: int) -> None:
    """Queue a job again."""
    db.execute(
        "UPDATE jobs SET state = 'queued', holder = '', due_at = ?, reason = ?, attempt = ? WHERE id = ?",
        (due_at, reason, attempt, claim.job_id),
    )
    detail = {"destination": claim.destination, "reason": reason, "attempt": claim.attempt}
    add_event(db, claim.order_id, now, "study.postponed", detail)


def fail_job(db: sqlite3.Connection, job_id: int, order_id: int, destination: str, reason: str, now: float) -> None:
    """Move a job to the dead letters."""
    db.execute("UPDATE jobs SET state = 'failed', holder = '', reason = ? WHERE id = ?", (reason, job_id))
    add_event(db, order_id, now, "study.failed", {"destination": destination, "reason": reason})
    close_order(db, order_id, now)


def fail_open_jobs(db: sqlite3.Connection, destinations: Collection[str], now: float) -> int:
    """Move what waits for destinations that are gone to the dead letters; gives the number of jobs."""
    rows = db.execute(
        "SELECT id, order_id, destination FROM jobs WHERE state IN ('queued', 'held', 'by_hand', 'committing')"
        " AND destination IN (SELECT value FROM json_each(?))",
        (json.dumps(list(destinations)),),
    ).fetchall()
    for row in rows:
        reason = f"no destination named {row['destination']} is configured; add it, then retry"
        fail_job(db, row["id"], row["order_id"], row["destination"], reason, now)
    return len(rows)


def has_open_jobs(db: sqlite3.Connection, order_id: int) -> bool:
    """Tell whether anything of an order is still to be delivered, as far as nobody has to say so."""
    return bool(_job_states(db, order_id) & {*_OPEN, "held"})


def close_order(db: sqlite3.Connection, order_id: int, now: float) -> None:
    """Complete or fail an order whose last job has just ended; a discontinued one stays so."""
    states = _job_states(db, order_id)
    if states & _OPEN:
        return
    state = OrderState(db.execute("SELECT state FROM orders WHERE id = ?", (order_id,)).fetchone()[0])
    target = OrderState.FAILED if "failed" in states else OrderState.COMPLETED
    if state in (OrderState.IN_PROGRESS, OrderState.SCHEDULED):
        move(db, order_id, state, target, now)
        add_event(db, order_id, now, f"order.{target}", {})


def _job_states(db: sqlite3.Connection, order_id: int) -> set[str]:
    return {row[0] for row in db.execute("SELECT DISTINCT state FROM jobs WHERE order_id = ?", (order_id,))}
