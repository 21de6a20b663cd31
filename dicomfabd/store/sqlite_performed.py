"""Performed procedure steps on SQLite: a message, and what it does to scheduled steps and orders, at once."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Final

from dicomfabd.domain.order import LEGAL_MOVES, Action, OrderState, StepStatus
from dicomfabd.domain.performed import (
    Attributes,
    PerformedStatus,
    PerformedStep,
    StepFault,
    StepRefused,
    step_status,
)
from dicomfabd.store.performed_interface import MatchedOrder, StoredPerformedStep, Taken
from dicomfabd.store.rows import from_document
from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.sqlite_jobs import has_open_jobs
from dicomfabd.store.sqlite_orders import JOB_EFFECTS, ORDER_COLUMNS, add_event, move_order
from dicomfabd.store.sqlite_steps import set_statuses

_STEPS_OF: Final = "SELECT s.order_id, s.step_id FROM orders o JOIN steps s ON s.order_id = o.id WHERE "
_BY_STUDY_AND_STEP: Final = _STEPS_OF + "o.study_instance_uid = ? AND s.step_id = ?"
_BY_ACCESSION_AND_STEP: Final = _STEPS_OF + "o.accession_number = ? AND s.step_id = ?"
_BY_STUDY: Final = _STEPS_OF + "o.study_instance_uid = ?"
_PERFORMED: Final = """
SELECT DISTINCT p.status FROM performances JOIN performed_steps p ON p.id = performed_id
WHERE order_id = ? AND step_id = ?
"""
# Nobody undoes a cancel but who placed the order.
_LEFT_ALONE: Final = frozenset({OrderState.CANCELLED, OrderState.DISCONTINUED})
_EVENTS: Final = {
    PerformedStatus.IN_PROGRESS: "mpps.in_progress",
    PerformedStatus.COMPLETED: "mpps.completed",
    PerformedStatus.DISCONTINUED: "mpps.discontinued",
}


class SqlitePerformedSteps:
    """See `performed_interface.PerformedSteps`."""

    def __init__(self, file: SqliteFile) -> None:
        """Take the database."""
        self._file = file

    def create(self, step: PerformedStep, calling_ae_title: str) -> Taken:
        """See `PerformedSteps.create`."""
        now = self._file.clock()
        row = (step.sop_instance_uid, step.status, step.document, calling_ae_title, now, now)

        def operation(db: sqlite3.Connection) -> Taken:
            added = db.execute(
                "INSERT OR IGNORE INTO performed_steps (sop_instance_uid, status, attributes, calling, is_matched,"
                " created_at, updated_at) VALUES (?, ?, ?, ?, 0, ?, ?) RETURNING id",
                row,
            ).fetchone()
            if added is None:
                raise StepRefused(StepFault.DUPLICATE, "there is a step of this SOP Instance UID")
            return Taken(step, _follow(db, added["id"], step, calling_ae_title, now))

        return self._file.writer.run(operation)

    def amend(self, sop_instance_uid: str, modifications: Attributes, calling_ae_title: str) -> Taken:
        """See `PerformedSteps.amend`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> Taken:
            row = db.execute(
                "SELECT id, attributes FROM performed_steps WHERE sop_instance_uid = ?", (sop_instance_uid,)
            ).fetchone()
            if row is None:
                raise StepRefused(StepFault.UNKNOWN, "there is no step of this SOP Instance UID")
            before = PerformedStep(sop_instance_uid, json.loads(row["attributes"]))
            step, left = before.amended(modifications)
            db.execute(
                "UPDATE performed_steps SET status = ?, attributes = ?, calling = ?, updated_at = ? WHERE id = ?",
                (step.status, step.document, calling_ae_title, now, row["id"]),
            )
            return Taken(step, _follow(db, row["id"], step, calling_ae_title, now), left)

        return self._file.writer.run(operation)

    def get(self, sop_instance_uid: str) -> StoredPerformedStep | None:
        """See `PerformedSteps.get`."""
        rows = self._file.read("SELECT * FROM performed_steps WHERE sop_instance_uid = ?", sop_instance_uid)
        return _stored(rows[0]) if rows else None

    def unmatched(self, limit: int) -> list[StoredPerformedStep]:
        """See `PerformedSteps.unmatched`."""
        sql = "SELECT * FROM performed_steps WHERE is_matched = 0 ORDER BY id DESC LIMIT ?"
        return [_stored(row) for row in self._file.read(sql, limit)]


def _follow(
    db: sqlite3.Connection, performed_id: int, step: PerformedStep, calling: str, now: float
) -> tuple[MatchedOrder, ...]:
    """Do to scheduled steps and orders what follows from a performed step as it is now."""
    # Looked for each time: an order may come after the examination has begun, or be changed meanwhile.
    matched = _match(db, step)
    if matched:
        db.execute("UPDATE performed_steps SET is_matched = 1 WHERE id = ?", (performed_id,))
    orders = []
    for order_id, step_ids in sorted(matched.items()):
        db.executemany(
            "INSERT OR IGNORE INTO performances VALUES (?, ?, ?)",
            [(order_id, step_id, performed_id) for step_id in sorted(step_ids)],
        )
        row = db.execute(f"SELECT {ORDER_COLUMNS} FROM orders o WHERE o.id = ?", (order_id,)).fetchone()  # noqa: S608 - our own text
        order, state = from_document(row["document"]), OrderState(row["state"])
        add_event(db, order_id, now, _EVENTS[step.status], _detail(step, calling, step_ids))
        if state not in _LEFT_ALONE:
            statuses = {step_id: _status_of(db, order_id, step_id) for step_id in step_ids}
            set_statuses(db, order_id, order, statuses, now)
            _move(db, order_id, state, step, now)
        orders.append(MatchedOrder(order_id, order.accession_number))
    return tuple(orders)


def _match(db: sqlite3.Connection, step: PerformedStep) -> Mapping[int, set[str]]:
    """Give the scheduled steps it performs: order → step IDs."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for scheduled in step.scheduled:
        study, step_id = scheduled.study_instance_uid, scheduled.scheduled_procedure_step_id
        if not step_id:
            rows = db.execute(_BY_STUDY, (study,)).fetchall()
        else:
            rows = db.execute(_BY_STUDY_AND_STEP, (study, step_id)).fetchall()
            # A group is examined as one study, which is then not the one of each order (F.7.2.1.2 note 2).
            rows = rows or db.execute(_BY_ACCESSION_AND_STEP, (scheduled.accession_number, step_id)).fetchall()
        for row in rows:
            found[row["order_id"]].add(row["step_id"])
    return found


def _status_of(db: sqlite3.Connection, order_id: int, step_id: str) -> StepStatus:
    rows = db.execute(_PERFORMED, (order_id, step_id))
    return step_status([PerformedStatus(row["status"]) for row in rows])


def _move(db: sqlite3.Connection, order_id: int, state: OrderState, step: PerformedStep, now: float) -> None:
    """Move an order as its steps have; an order that ended stays so."""
    if not step.status.is_final:
        if OrderState.IN_PROGRESS in LEGAL_MOVES[state]:
            move_order(db, order_id, state, OrderState.IN_PROGRESS, now)
            # Whoever held the order was overtaken.
            db.execute(JOB_EFFECTS[Action.STARTED], (order_id,))
        return
    rows = db.execute("SELECT DISTINCT status FROM steps WHERE order_id = ?", (order_id,))
    statuses = {StepStatus(row["status"]) for row in rows}
    target = OrderState.COMPLETED
    if statuses == {StepStatus.DISCONTINUED}:
        target = OrderState.DISCONTINUED
    elif not all(status.is_over for status in statuses) or has_open_jobs(db, order_id):
        return
    if target in LEGAL_MOVES[state]:
        move_order(db, order_id, state, target, now)
        add_event(db, order_id, now, f"order.{target}", {"mpps": step.sop_instance_uid})
        if target is OrderState.DISCONTINUED:
            db.execute(JOB_EFFECTS[Action.DISCONTINUED], (order_id,))


def _detail(step: PerformedStep, calling: str, step_ids: Collection[str]) -> dict[str, object]:
    detail: dict[str, object] = {
        "calling": calling,
        "sop_instance_uid": step.sop_instance_uid,
        "steps": sorted(step_ids),
        "series": len(step.series),
        "instances": sum(series.instances for series in step.series),
    }
    if step.discontinuation_reason:
        detail["reason"] = step.discontinuation_reason
    return detail


def _stored(row: sqlite3.Row) -> StoredPerformedStep:
    return StoredPerformedStep(
        PerformedStep(row["sop_instance_uid"], json.loads(row["attributes"])),
        row["calling"],
        bool(row["is_matched"]),
        row["created_at"],
        row["updated_at"],
    )
