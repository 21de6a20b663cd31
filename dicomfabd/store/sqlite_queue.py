"""The work queue on SQLite: leases, pauses, results."""

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from dicomfabd.domain.delivery import Claim, Delivery, InstanceResult
from dicomfabd.domain.errors import ClaimLost
from dicomfabd.domain.order import OrderState
from dicomfabd.store.rows import from_document
from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.sqlite_orders import add_event, move

# One index seek for each destination and priority, whatever the length of the queue.
_NEXT_JOB = """
SELECT jobs.id, jobs.order_id, jobs.destination
FROM json_each(?1) AS name
CROSS JOIN (SELECT 0 AS priority UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) AS urgency
JOIN jobs ON jobs.id = (
    SELECT id FROM jobs
    WHERE state = 'queued' AND destination = name.value AND priority = urgency.priority AND due_at <= ?2
    ORDER BY due_at, id LIMIT 1
)
LEFT JOIN pauses ON pauses.destination = name.value
WHERE coalesce(pauses.until, 0) <= ?2
ORDER BY jobs.priority, jobs.due_at, jobs.id
LIMIT 1
"""

_NEXT_DUE = """
SELECT min(max(coalesce(pauses.until, 0), (
    SELECT due_at FROM jobs
    WHERE state = 'queued' AND destination = name.value AND priority = urgency.priority
    ORDER BY due_at LIMIT 1
)))
FROM json_each(?1) AS name
CROSS JOIN (SELECT 0 AS priority UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) AS urgency
LEFT JOIN pauses ON pauses.destination = name.value
"""


class SqliteWorkQueue:
    """See `interface.WorkQueue`."""

    def __init__(self, file: SqliteFile) -> None:
        """Take the database."""
        self._file = file

    def claim(self, holder: str, lease_s: float, destinations: Sequence[str]) -> Claim | None:
        """See `interface.WorkQueue.claim`."""
        now = self._file.clock()
        names = json.dumps(list(destinations))
        is_open = self._file.read(
            "SELECT 1 FROM jobs WHERE state = 'leased' AND lease_until < ? LIMIT 1", now
        ) or self._file.read(_NEXT_JOB, names, now)
        # Looking first keeps idle workers away from the write lock.
        return self._file.writer.run(lambda db: _claim(db, holder, lease_s, names, now)) if is_open else None

    def renew(self, claim: Claim, lease_s: float) -> None:
        """See `interface.WorkQueue.renew`."""
        until = self._file.clock() + lease_s

        def operation(db: sqlite3.Connection) -> None:
            _hold(db, claim)
            db.execute("UPDATE jobs SET lease_until = ? WHERE id = ?", (until, claim.job_id))

        self._file.writer.run(operation)

    def note(self, claim: Claim, event: str, detail: Mapping[str, Any]) -> None:
        """See `interface.WorkQueue.note`."""
        now = self._file.clock()
        self._file.writer.run(lambda db: add_event(db, claim.order_id, now, event, detail))

    def record(self, claim: Claim, results: Sequence[InstanceResult]) -> None:
        """See `interface.WorkQueue.record`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> None:
            _hold(db, claim)
            db.executemany(
                "INSERT OR REPLACE INTO instances VALUES (?, ?, ?, ?, ?, ?)",
                [(claim.job_id, r.sop_instance_uid, r.sop_class_uid, r.status, r.outcome, now) for r in results],
            )

        self._file.writer.run(operation)

    def settle(self, claim: Claim, delivery: Delivery) -> None:
        """See `interface.WorkQueue.settle`."""
        now = self._file.clock()
        detail = {
            "destination": claim.destination,
            "instances": delivery.instances,
            "warned": delivery.warned,
            "seconds": round(delivery.seconds, 3),
            "attempt": claim.attempt,
        }

        def operation(db: sqlite3.Connection) -> None:
            _hold(db, claim)
            db.execute("UPDATE jobs SET state = 'done', holder = '', reason = '' WHERE id = ?", (claim.job_id,))
            db.execute("DELETE FROM pauses WHERE destination = ?", (claim.destination,))
            add_event(db, claim.order_id, now, "study.delivered", detail)
            _close_order(db, claim.order_id, now)

        self._file.writer.run(operation)

    def postpone(self, claim: Claim, delay_s: float, reason: str) -> None:
        """See `interface.WorkQueue.postpone`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> None:
            _hold(db, claim)
            _put_back(db, claim, now, now + delay_s, reason, attempt=claim.attempt)

        self._file.writer.run(operation)

    def pause(self, claim: Claim, first_s: float, longest_s: float, jitter: float, reason: str) -> float:
        """See `interface.WorkQueue.pause`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> float:
            _hold(db, claim)
            row = db.execute(
                "SELECT failures, until FROM pauses WHERE destination = ?", (claim.destination,)
            ).fetchone()
            failures = row["failures"] if row else 0
            if row and row["until"] > now:
                delay_s = row["until"] - now  # another worker found out first; one outage counts once
            else:
                delay_s = min(longest_s, first_s * 2 ** min(failures, 30)) * jitter
                db.execute(
                    "INSERT OR REPLACE INTO pauses VALUES (?, ?, ?)", (claim.destination, failures + 1, now + delay_s)
                )
            _put_back(db, claim, now, now, reason, attempt=claim.attempt - 1)
            return float(delay_s)

        return self._file.writer.run(operation)

    def fail(self, claim: Claim, reason: str) -> None:
        """See `interface.WorkQueue.fail`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> None:
            _hold(db, claim)
            _fail(db, claim.job_id, claim.order_id, claim.destination, reason, now)

        self._file.writer.run(operation)

    def release(self, holder: str | None = None) -> int:
        """See `interface.WorkQueue.release`."""

        def operation(db: sqlite3.Connection) -> int:
            return db.execute(
                "UPDATE jobs SET state = 'queued', holder = '' WHERE state = 'leased' AND (?1 IS NULL OR holder = ?1)",
                (holder,),
            ).rowcount

        return self._file.writer.run(operation)

    def adopt(self, destinations: Sequence[str]) -> int:
        """See `interface.WorkQueue.adopt`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> int:
            waiting = {row[0] for row in db.execute("SELECT DISTINCT destination FROM jobs WHERE state = 'queued'")}
            return fail_open_jobs(db, waiting - set(destinations), now)

        return self._file.writer.run(operation)

    def next_due(self, destinations: Sequence[str]) -> float | None:
        """See `interface.WorkQueue.next_due`."""
        names = json.dumps(list(destinations))
        due = self._file.read(_NEXT_DUE, names)[0][0]
        return None if due is None else float(due)


def fail_open_jobs(db: sqlite3.Connection, destinations: Collection[str], now: float) -> int:
    """Move what waits for destinations that are gone to the dead letters; gives the number of jobs."""
    rows = db.execute(
        "SELECT id, order_id, destination FROM jobs WHERE state IN ('queued', 'held', 'by_hand')"
        " AND destination IN (SELECT value FROM json_each(?))",
        (json.dumps(list(destinations)),),
    ).fetchall()
    for row in rows:
        reason = f"no destination named {row['destination']} is configured; add it, then retry"
        _fail(db, row["id"], row["order_id"], row["destination"], reason, now)
    return len(rows)


def _claim(db: sqlite3.Connection, holder: str, lease_s: float, names: str, now: float) -> Claim | None:
    db.execute("UPDATE jobs SET state = 'queued', holder = '' WHERE state = 'leased' AND lease_until < ?", (now,))
    job = db.execute(_NEXT_JOB, (names, now)).fetchone()
    if job is None:
        return None
    leased = db.execute(
        "UPDATE jobs SET state = 'leased', holder = ?, lease_until = ?, attempt = attempt + 1, token = token + 1"
        " WHERE id = ? RETURNING attempt, token",
        (holder, now + lease_s, job["id"]),
    ).fetchone()
    order = db.execute("SELECT state, document FROM orders WHERE id = ?", (job["order_id"],)).fetchone()
    state = OrderState(order["state"])
    if state in (OrderState.SCHEDULED, OrderState.FAILED):
        move(db, job["order_id"], state, OrderState.IN_PROGRESS, now)
    detail = {"destination": job["destination"], "attempt": leased["attempt"], "worker": holder}
    add_event(db, job["order_id"], now, "study.begun", detail)
    kept = db.execute(
        "SELECT sop_instance_uid FROM instances WHERE job_id = ? AND outcome IN ('stored', 'warned')", (job["id"],)
    ).fetchall()
    return Claim(
        job_id=job["id"],
        order_id=job["order_id"],
        order=from_document(order["document"]),
        destination=job["destination"],
        attempt=leased["attempt"],
        token=leased["token"],
        kept=frozenset(row["sop_instance_uid"] for row in kept),
    )


def _hold(db: sqlite3.Connection, claim: Claim) -> None:
    row = db.execute("SELECT state, token FROM jobs WHERE id = ?", (claim.job_id,)).fetchone()
    if row is None or row["state"] != "leased" or row["token"] != claim.token:
        raise ClaimLost(f"order {claim.order_id} for {claim.destination} is in other hands")


def _put_back(db: sqlite3.Connection, claim: Claim, now: float, due_at: float, reason: str, attempt: int) -> None:
    db.execute(
        "UPDATE jobs SET state = 'queued', holder = '', due_at = ?, reason = ?, attempt = ? WHERE id = ?",
        (due_at, reason, attempt, claim.job_id),
    )
    detail = {"destination": claim.destination, "reason": reason, "attempt": claim.attempt}
    add_event(db, claim.order_id, now, "study.postponed", detail)


def _fail(db: sqlite3.Connection, job_id: int, order_id: int, destination: str, reason: str, now: float) -> None:
    db.execute("UPDATE jobs SET state = 'failed', holder = '', reason = ? WHERE id = ?", (reason, job_id))
    add_event(db, order_id, now, "study.failed", {"destination": destination, "reason": reason})
    _close_order(db, order_id, now)


def _close_order(db: sqlite3.Connection, order_id: int, now: float) -> None:
    """Complete or fail an order whose last job has just ended; a discontinued one stays so."""
    states = {row[0] for row in db.execute("SELECT DISTINCT state FROM jobs WHERE order_id = ?", (order_id,))}
    if states & {"queued", "leased"}:
        return
    state = OrderState(db.execute("SELECT state FROM orders WHERE id = ?", (order_id,)).fetchone()[0])
    target = OrderState.FAILED if "failed" in states else OrderState.COMPLETED
    if state in (OrderState.IN_PROGRESS, OrderState.SCHEDULED):
        move(db, order_id, state, target, now)
        add_event(db, order_id, now, f"order.{target}", {})
