"""The order book on SQLite: look-ups, and what people may do to an order."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from dicomfabd.domain.order import Action, OrderControl, OrderState
from dicomfabd.store.interface import Applied, Event, OrderQuery, StoredInstance, StoredJob, StoredOrder
from dicomfabd.store.rows import from_document
from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.sqlite_orders import ORDER_COLUMNS, act, add_event, move, to_stored_order, urgency


class SqliteOrderBook:
    """See `interface.OrderBook`."""

    def __init__(self, file: SqliteFile) -> None:
        """Take the database."""
        self._file = file

    def find(self, query: OrderQuery) -> list[StoredOrder]:
        """See `interface.OrderBook.find`."""
        conditions, parameters = _conditions(query)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        sql = f"SELECT {ORDER_COLUMNS} FROM orders o {where} ORDER BY o.id DESC LIMIT ?"  # noqa: S608 - only our own text
        return [to_stored_order(row) for row in self._file.read(sql, *parameters, query.limit)]

    def get(self, order_id: int) -> StoredOrder | None:
        """See `interface.OrderBook.get`."""
        rows = self._file.read(f"SELECT {ORDER_COLUMNS} FROM orders o WHERE o.id = ?", order_id)  # noqa: S608 - our own text
        return to_stored_order(rows[0]) if rows else None

    def jobs(self, order_id: int) -> list[StoredJob]:
        """See `interface.OrderBook.jobs`."""
        outcomes: dict[int, dict[str, int]] = {}
        for row in self._file.read(
            "SELECT job_id, outcome, count(*) AS amount FROM instances"
            " WHERE job_id IN (SELECT id FROM jobs WHERE order_id = ?) GROUP BY job_id, outcome",
            order_id,
        ):
            outcomes.setdefault(row["job_id"], {})[row["outcome"]] = row["amount"]
        return [
            StoredJob(
                row["destination"],
                row["state"],
                row["attempt"],
                row["due_at"],
                row["reason"],
                outcomes.get(row["id"], {}),
            )
            for row in self._file.read("SELECT * FROM jobs WHERE order_id = ? ORDER BY id", order_id)
        ]

    def instances(self, order_id: int, limit: int = 1000) -> list[StoredInstance]:
        """See `interface.OrderBook.instances`."""
        rows = self._file.read(
            "SELECT j.destination, i.sop_instance_uid, i.sop_class_uid, i.status, i.outcome, i.at"
            " FROM jobs j JOIN instances i ON i.job_id = j.id WHERE j.order_id = ? ORDER BY i.at DESC LIMIT ?",
            order_id,
            limit,
        )
        return [StoredInstance(*row) for row in rows]

    def timeline(self, order_id: int) -> list[Event]:
        """See `interface.OrderBook.timeline`."""
        rows = self._file.read("SELECT at, event, detail FROM events WHERE order_id = ? ORDER BY id", order_id)
        return [Event(row["at"], row["event"], json.loads(row["detail"])) for row in rows]

    def counts(self) -> Mapping[OrderState, int]:
        """See `interface.OrderBook.counts`."""
        found = {row[0]: row[1] for row in self._file.read("SELECT state, count(*) FROM orders GROUP BY state")}
        return {state: found.get(state.value, 0) for state in OrderState}

    def job_counts(self) -> Mapping[tuple[str, str], int]:
        """See `interface.OrderBook.job_counts`."""
        rows = self._file.read("SELECT destination, state, count(*) FROM jobs GROUP BY destination, state")
        return {(row[0], row[1]): row[2] for row in rows}

    def pauses(self) -> Mapping[str, float]:
        """See `interface.OrderBook.pauses`."""
        return {row[0]: row[1] for row in self._file.read("SELECT destination, until FROM pauses WHERE until > 0")}

    def request_retry(self, order_id: int) -> bool:
        """See `interface.OrderBook.request_retry`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> bool:
            order = db.execute("SELECT state FROM orders WHERE id = ?", (order_id,)).fetchone()
            if order is None or order["state"] in (OrderState.CANCELLED, OrderState.HELD):
                return False
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
            return bool(rows)

        return self._file.writer.run(operation)

    def request_send(self, order_id: int, destinations: Sequence[str]) -> list[str]:
        """See `interface.OrderBook.request_send`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> list[str]:
            order = db.execute("SELECT state, document FROM orders WHERE id = ?", (order_id,)).fetchone()
            if order is None or order["state"] in (OrderState.CANCELLED, OrderState.HELD):
                return []
            jobs = {
                row["destination"]: row
                for row in db.execute("SELECT id, destination, state FROM jobs WHERE order_id = ?", (order_id,))
            }
            names = list(dict.fromkeys(destinations)) or [
                name for name, row in jobs.items() if row["state"] == "by_hand"
            ]
            queued = [name for name in names if name not in jobs or jobs[name]["state"] not in ("leased", "committing")]
            for name in queued:
                _send_anew(db, order_id, name, urgency(from_document(order["document"])), now)
            if queued:
                if order["state"] == OrderState.FAILED:
                    move(db, order_id, OrderState.FAILED, OrderState.SCHEDULED, now)
                add_event(db, order_id, now, "order.send", {"destinations": queued, "asked_by": "person"})
            return queued

        return self._file.writer.run(operation)

    def request_cancel(self, order_id: int) -> Applied:
        """See `interface.OrderBook.request_cancel`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> Applied:
            row = db.execute(f"SELECT {ORDER_COLUMNS} FROM orders o WHERE o.id = ?", (order_id,)).fetchone()  # noqa: S608 - our own text
            return (
                Applied(Action.UNKNOWN, "", "", None)
                if row is None
                else act(db, row, OrderControl.CANCEL, now, {"asked_by": "person"})
            )

        return self._file.writer.run(operation)


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


def _conditions(query: OrderQuery) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    parameters: list[Any] = []
    for name in ("accession_number", "patient_id", "study_instance_uid"):
        if value := getattr(query, name):
            conditions.append(f"o.{name} = ?")
            parameters.append(value)
    if query.states:
        marks = ", ".join("?" for _ in query.states)
        conditions.append(f"o.state IN ({marks})")
        parameters += sorted(query.states)
    if query.before_id is not None:
        conditions.append("o.id < ?")
        parameters.append(query.before_id)
    return conditions, parameters
