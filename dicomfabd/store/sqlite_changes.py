"""What a message does to orders that may be there already, one change at a time, inside a write transaction."""

import sqlite3
from dataclasses import replace
from typing import Final

from dicomfabd.domain.errors import Fault, OrderRejected
from dicomfabd.domain.order import Action, Order, OrderControl, OrderKeys, OrderState, action_for
from dicomfabd.store.interface import Applied, Change, PatientChange
from dicomfabd.store.rows import from_document, to_document
from dicomfabd.store.sqlite_orders import (
    ADD_JOB,
    ADD_ORDER,
    HOLD_JOBS,
    ORDER_COLUMNS,
    act,
    add_event,
    has_begun,
    job_rows,
    move,
    order_row,
)
from dicomfabd.store.sqlite_patients import change_patient, is_same_patient, survivor_of
from dicomfabd.store.sqlite_steps import add_steps, rewrite_steps, taken_step_ids, with_own_step_ids

_BY_ANY_KEY: Final = ("accession_number", "filler_order_number", "placer_order_number")
_ENDS: Final = {OrderControl.CANCEL: OrderState.CANCELLED, OrderControl.DISCONTINUE: OrderState.DISCONTINUED}
_BORN_SO: Final = frozenset({OrderControl.HOLD, OrderControl.START, OrderControl.COMPLETE})
"""Controls that create an unknown order and then do to it what they say."""


def apply(db: sqlite3.Connection, change: Change | PatientChange, message_id: int, now: float) -> list[Applied]:
    """Do one thing a message asks.

    Raises:
        OrderRejected: The order is another patient's (205), or is unknown and the message does not hold it (204).
    """
    if isinstance(change, PatientChange):
        return change_patient(db, change, {"message": message_id, "control": "ADT"}, now)
    asked_by = {"message": message_id, "control": change.control}
    if change.control in _ENDS:
        return _end(db, change, now, asked_by)
    rows = _find(db, change)
    if not rows:
        return _create(db, change, message_id, now)
    if change.control in (OrderControl.NEW, OrderControl.CHANGE):
        return [_rewrite(db, rows[0], change, now, asked_by)]
    if change.control is OrderControl.ATTACH:
        return [_attach(db, rows[0], change.keys, now, asked_by)]
    return [act(db, row, change.control, now, asked_by) for row in rows]


def _end(db: sqlite3.Connection, change: Change, now: float, asked_by: dict[str, object]) -> list[Applied]:
    rows = _find(db, change)
    if rows:
        return [act(db, row, change.control, now, asked_by) for row in rows]
    if change.must_exist:
        raise OrderRejected(Fault(204, "ORC^1^2", "there is no such order", "Send the order first (NW)."))
    keys = change.keys
    # Kept, so that the order does not rise when it comes late.
    db.execute(
        "INSERT INTO early_cancels VALUES (?, ?, ?, ?, ?, ?)",
        (
            keys.accession_number,
            keys.filler_order_number,
            keys.placer_order_number,
            now,
            _ENDS[change.control],
            keys.sender,
        ),
    )
    return [Applied(Action.UNKNOWN, keys.accession_number, "", None)]


def _create(db: sqlite3.Connection, change: Change, message_id: int, now: float) -> list[Applied]:
    if change.order is None or change.must_exist:
        raise OrderRejected(
            Fault(
                204,
                "ORC^1^2",
                "there is no such order, and the message does not hold a whole one",
                "Send the order first (NW), or send PID, ORC and OBR with this message.",
            )
        )
    order = replace(change.order, patient=survivor_of(db, change.order.patient))
    order = with_own_step_ids(order, taken_step_ids(db, [order]))
    ended_as = _take_early_cancel(db, change.keys)
    state = ended_as or OrderState.SCHEDULED
    cursor = db.execute(ADD_ORDER, order_row(None, order, state, message_id, now))
    order_id = int(cursor.lastrowid or 0)
    add_steps(db, order_id, order, state, now)
    if ended_as is None:
        db.executemany(ADD_JOB, job_rows(order_id, change, order, now))
    action = Action.CREATED if ended_as is None else Action(ended_as.value)
    asked_by = {"message": message_id, "control": change.control}
    add_event(db, order_id, now, f"order.{action}", asked_by)
    applied = [Applied(action, order.accession_number, order.modality, order_id)]
    if ended_as is None and change.control in _BORN_SO:
        row = db.execute(f"SELECT {ORDER_COLUMNS} FROM orders o WHERE o.id = ?", (order_id,)).fetchone()  # noqa: S608 - our own text
        applied.append(act(db, row, change.control, now, asked_by))
    return applied


def _rewrite(
    db: sqlite3.Connection, row: sqlite3.Row, change: Change, now: float, asked_by: dict[str, object]
) -> Applied:
    if change.order is None:
        raise OrderRejected(Fault(100, "OBR^1", "the message says nothing that could be changed", "Send PID and OBR."))
    stored, order_id, state = from_document(row["document"]), row["id"], OrderState(row["state"])
    _check_same_patient(db, stored, change.order)
    # The worklist has shown the UID already, so it never changes with the rest.
    order = replace(
        change.order,
        patient=survivor_of(db, change.order.patient),
        accession_number=stored.accession_number,
        study_instance_uid=stored.study_instance_uid,
        study_uid_origin=stored.study_uid_origin,
    )
    order = with_own_step_ids(order, taken_step_ids(db, [order], order_id))
    action = action_for(change.control, state, is_same=order == stored, has_begun=has_begun(db, order_id))
    if action in (Action.CHANGED, Action.REOPENED):
        _write(db, row, stored, order, now)
        _queue_again(db, order_id, change, order, now)
        if action is Action.REOPENED or state is OrderState.FAILED:
            move(db, order_id, state, OrderState.SCHEDULED, now)
        elif state is OrderState.HELD:
            db.execute(HOLD_JOBS, (order_id,))
    add_event(db, order_id, now, f"order.{action}", asked_by)
    return Applied(action, order.accession_number, order.modality, order_id)


def _write(db: sqlite3.Connection, row: sqlite3.Row, stored: Order, order: Order, now: float) -> None:
    db.execute(
        "UPDATE orders SET document = ?, filler_order_number = ?, placer_order_number = ?, updated_at = ? WHERE id = ?",
        (to_document(order), order.filler_order_number, order.placer_order_number, now, row["id"]),
    )
    rewrite_steps(db, row["id"], stored, order, OrderState(row["state"]), now)


def _queue_again(db: sqlite3.Connection, order_id: int, change: Change, order: Order, now: float) -> None:
    """Send the whole study again, to where orders like this one go now; a delivery under way is left alone."""
    again = "(SELECT id FROM jobs WHERE order_id = ? AND state <> 'leased')"
    db.execute(f"DELETE FROM instances WHERE job_id IN {again}", (order_id,))  # noqa: S608 - our own text
    db.execute("DELETE FROM jobs WHERE order_id = ? AND state <> 'leased'", (order_id,))
    db.executemany(ADD_JOB.replace("INSERT", "INSERT OR IGNORE", 1), job_rows(order_id, change, order, now))


def _attach(
    db: sqlite3.Connection, row: sqlite3.Row, keys: OrderKeys, now: float, asked_by: dict[str, object]
) -> Applied:
    stored = from_document(row["document"])
    order = replace(
        stored,
        filler_order_number=keys.filler_order_number or stored.filler_order_number,
        placer_order_number=keys.placer_order_number or stored.placer_order_number,
    )
    action = action_for(OrderControl.ATTACH, OrderState(row["state"]), is_same=order == stored)
    if action is Action.ATTACHED:
        _write(db, row, stored, order, now)
    add_event(db, row["id"], now, f"order.{action}", asked_by)
    return Applied(action, order.accession_number, order.modality, row["id"])


def _find(db: sqlite3.Connection, change: Change) -> list[sqlite3.Row]:
    """Find what a change points at, by accession, filler and placer number in this order.

    Two senders may use one number. So a number finds the sender's own orders; another sender's only if the message
    names its patient, and no other could be meant. A whole order is found by its accession in any case, and its
    patient is checked.
    """
    keys = change.keys
    # A new order is known by its accession alone; what speaks of one may leave the accession out.
    for name in _BY_ANY_KEY if change.control is not OrderControl.NEW else _BY_ANY_KEY[:1]:
        value = getattr(keys, name)
        if not value:
            continue
        # `name` is one of our own column names; it is never input.
        sql = f"SELECT {ORDER_COLUMNS}, o.patient_id, o.document ->> '$.sender' FROM orders o WHERE o.{name} = ?"  # noqa: S608 - see above
        rows = db.execute(sql, (value,)).fetchall()
        if name == "accession_number" and change.order is not None:
            found = rows
        else:
            found = [row for row in rows if row[-1] == keys.sender]
            is_meant = len(rows) == 1 and keys.patient_id and rows[0]["patient_id"] == keys.patient_id
            found = found or (rows if is_meant else [])
        if found:
            return found
    return []


def _take_early_cancel(db: sqlite3.Connection, keys: OrderKeys) -> OrderState | None:
    row = db.execute(
        "DELETE FROM early_cancels WHERE sender = ?1 AND ((accession_number <> '' AND accession_number = ?2)"
        " OR (filler_order_number <> '' AND filler_order_number = ?3)"
        " OR (placer_order_number <> '' AND placer_order_number = ?4)) RETURNING state",
        (keys.sender, keys.accession_number, keys.filler_order_number, keys.placer_order_number),
    ).fetchall()
    return OrderState(row[0][0]) if row else None


def _check_same_patient(db: sqlite3.Connection, stored: Order, order: Order) -> None:
    if not is_same_patient(db, stored.patient, order.patient):
        raise OrderRejected(
            Fault(
                205,
                "PID^1^3",
                "this order exists and belongs to another patient",
                "Cancel the order and send a new one, or send the patient it was placed for.",
            )
        )
