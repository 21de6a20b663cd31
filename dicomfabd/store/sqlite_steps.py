"""Steps as rows: what the worklist is looked up by; written in the transaction of the change they show."""

import hashlib
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pydantic_core import to_json

from dicomfabd.dimse.matching import fold_groups
from dicomfabd.domain.order import ENDED, SH_LENGTH, STEP_STATUS, Order, OrderState, StepStatus
from dicomfabd.store.rows import from_document

ADD_STEP: Final = "INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)"
ADD_STATION: Final = "INSERT INTO stations VALUES (?, ?, ?, ?)"
_NEW: Final = 0
"""The revision of a step that was never changed; another order's is not mistaken for it."""

Station = tuple[str, str, int, int]

_DROP_STATION: Final = (
    "DELETE FROM stations WHERE station_ae_title = ? AND start_at = ? AND order_id = ? AND ordinal = ?"
)


def next_revision(db: sqlite3.Connection) -> int:
    """Give a number that no change of the worklist had before."""
    rows = db.execute("UPDATE revisions SET revision = revision + 1 WHERE subject = 'worklist' RETURNING revision")
    return int(rows.fetchone()[0])


def step_rows(
    order_id: int,
    order: Order,
    revision: int = _NEW,
    status: StepStatus = StepStatus.SCHEDULED,
    done_at: float | None = None,
) -> tuple[list[tuple[Any, ...]], list[Station]]:
    """Give the parameters of ADD_STEP, for steps that all stand alike, and those of ADD_STATION."""
    name = f"={fold_groups(order.patient.patient_name)}="
    steps: list[tuple[Any, ...]] = []
    stations: list[Station] = []
    for ordinal, step in enumerate(order.steps):
        start_at = f"{step.scheduled_at:%Y%m%d%H%M%S}"
        stations += [(title, start_at, order_id, ordinal) for title in step.station_ae_titles]
        steps.append(
            (
                order_id,
                ordinal,
                step.scheduled_procedure_step_id,
                step.modality,
                start_at,
                step.worklist_label,
                name,
                status.value,
                done_at,
                revision,
            )
        )
    return steps, stations


def station_rows(order_id: int, order: Order) -> list[Station]:
    """Give the parameters of ADD_STATION."""
    return step_rows(order_id, order)[1]


def add_steps(db: sqlite3.Connection, order_id: int, order: Order, state: OrderState, now: float) -> None:
    """List the steps of an order that has none yet."""
    status = STEP_STATUS[state]
    steps, stations = step_rows(order_id, order, next_revision(db), status, now if status.is_over else None)
    db.executemany(ADD_STEP, steps)
    db.executemany(ADD_STATION, stations)


def rewrite_steps(
    db: sqlite3.Connection, order_id: int, before: Order, order: Order, state: OrderState, now: float
) -> None:
    """Put an order's steps as they are now in place of those before; a step that stays keeps its status."""
    statuses = db.execute("SELECT step_id, status, done_at FROM steps WHERE order_id = ?", (order_id,)).fetchall()
    db.execute("DELETE FROM steps WHERE order_id = ?", (order_id,))
    db.executemany(_DROP_STATION, station_rows(order_id, before))
    add_steps(db, order_id, order, state, now)
    db.executemany(
        "UPDATE steps SET status = ?, done_at = ? WHERE order_id = ? AND step_id = ?",
        [(row["status"], row["done_at"], order_id, row["step_id"]) for row in statuses],
    )


def rename_steps(db: sqlite3.Connection, order_id: int, order: Order) -> None:
    """Show what an order says of its patient now."""
    db.execute(
        "UPDATE steps SET folded_name = ?, revision = ? WHERE order_id = ?",
        (f"={fold_groups(order.patient.patient_name)}=", next_revision(db), order_id),
    )


def move_steps(db: sqlite3.Connection, order_id: int, origin: OrderState, target: OrderState, now: float) -> None:
    """Give an order's steps the status that goes with its state; one that is over stays so, unless the order rises."""
    status = STEP_STATUS[target]
    db.execute(
        "UPDATE steps SET status = ?, done_at = ?, revision = ? WHERE order_id = ? AND (done_at IS NULL OR ?)",
        (status.value, now if status.is_over else None, next_revision(db), order_id, origin in ENDED),
    )


def set_statuses(
    db: sqlite3.Connection, order_id: int, order: Order, statuses: Mapping[str, StepStatus], now: float
) -> None:
    """Give some of an order's steps, by their IDs, statuses of their own; one that goes on is listed again."""
    revision = next_revision(db)
    db.executemany(
        "UPDATE steps SET status = ?, done_at = ?, is_listed = is_listed OR ?, revision = ?"
        " WHERE order_id = ? AND step_id = ?",
        [
            (status.value, now if status.is_over else None, not status.is_over, revision, order_id, step_id)
            for step_id, status in statuses.items()
        ],
    )
    going_on = {step_id for step_id, status in statuses.items() if not status.is_over}
    stations = [
        row for row in station_rows(order_id, order) if order.steps[row[3]].scheduled_procedure_step_id in going_on
    ]
    db.executemany(ADD_STATION.replace("INSERT", "INSERT OR IGNORE", 1), stations)


def taken_step_ids(db: sqlite3.Connection, orders: Iterable[Order], order_id: int = 0) -> set[str]:
    """Give those of some orders' step IDs that steps of another order have."""
    step_ids = [step.scheduled_procedure_step_id for order in orders for step in order.steps]
    rows = db.execute(
        "SELECT DISTINCT step_id FROM steps WHERE step_id IN (SELECT value FROM json_each(?)) AND order_id <> ?",
        (to_json(step_ids).decode(), order_id),
    )
    return {row[0] for row in rows}


def with_own_step_ids(order: Order, taken: Collection[str]) -> Order:
    """Give an order whose step IDs no other order has: a modality knows an examination by this ID alone.

    The one that stands for a taken ID depends on the order alone, so that it is the same each time it is sent.
    """
    if not any(step.scheduled_procedure_step_id in taken for step in order.steps):
        return order
    steps = [
        replace(step, scheduled_procedure_step_id=_own_id(order.accession_number, ordinal))
        if step.scheduled_procedure_step_id in taken
        else step
        for ordinal, step in enumerate(order.steps)
    ]
    return replace(order, steps=tuple(steps))


def _own_id(accession_number: str, ordinal: int) -> str:
    """Give an ID that no sender would, the same each time (SH, 16 characters)."""
    return "S" + hashlib.sha256(f"step\x1f{accession_number}\x1f{ordinal}".encode()).hexdigest()[: SH_LENGTH - 1]


def unlist(db: sqlite3.Connection, steps: Sequence[sqlite3.Row]) -> int:
    """Take steps, rows of (order_id, ordinal), off the index: nobody may see them any more; gives their number."""
    db.executemany(
        "UPDATE steps SET is_listed = 0 WHERE order_id = ? AND ordinal = ?",
        [(row["order_id"], row["ordinal"]) for row in steps],
    )
    gone = {(row["order_id"], row["ordinal"]) for row in steps}
    for order_id in {order_id for order_id, _ in gone}:
        (document,) = db.execute("SELECT document FROM orders WHERE id = ?", (order_id,)).fetchone()
        stations = [row for row in station_rows(order_id, from_document(document)) if row[2:] in gone]
        db.executemany(_DROP_STATION, stations)
    return len(steps)
