"""The work queue on SQLite: leases, turns, pauses, results."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

from dicomfabd.domain.delivery import Claim, Delivery, InstanceResult
from dicomfabd.domain.order import OrderState
from dicomfabd.store.rows import from_document
from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.sqlite_jobs import end_well, fail_job, fail_open_jobs, hold, note_delivery, put_back
from dicomfabd.store.sqlite_orders import add_event, move

NEWEST_EVERY: Final = 4
"""Of so many jobs taken for a destination one is the newest, so that an old backlog never shuts new work out."""

# One index seek for each destination and priority, whatever the length of the queue.
_OPEN_DESTINATIONS: Final = """
FROM (
    SELECT key, value, (SELECT count(*) FROM jobs WHERE destination = key AND state = 'leased') AS under_way
    FROM json_each(?1)
) AS name
CROSS JOIN (SELECT 0 AS priority UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) AS urgency
LEFT JOIN pauses ON pauses.destination = name.key
LEFT JOIN turns ON turns.destination = name.key
-- One that was away is first tried by one worker alone.
WHERE name.under_way < CASE WHEN coalesce(pauses.until, 0) = 0 THEN name.value ELSE 1 END
"""

_NEXT_TURN: Final = f"""
SELECT name.key AS destination, urgency.priority, coalesce(turns.taken, 0) AS taken,
    coalesce(pauses.until, 0) > 0 AS needs_probe
{_OPEN_DESTINATIONS}
AND coalesce(pauses.until, 0) <= ?2
AND EXISTS (
    SELECT 1 FROM jobs
    WHERE state = 'queued' AND destination = name.key AND priority = urgency.priority AND due_at <= ?2
)
ORDER BY urgency.priority, name.under_way, coalesce(turns.last, 0)
LIMIT 1
"""  # noqa: S608 - our own text

_OLDEST_JOB: Final = """
SELECT id, order_id FROM jobs WHERE state = 'queued' AND destination = ? AND priority = ? AND due_at <= ?
ORDER BY due_at, id LIMIT 1
"""
_NEWEST_JOB: Final = _OLDEST_JOB.replace("due_at, id", "due_at DESC, id DESC")

_NEXT_DUE: Final = f"""
SELECT min(max(coalesce(pauses.until, 0), (
    SELECT due_at FROM jobs
    WHERE state = 'queued' AND destination = name.key AND priority = urgency.priority
    ORDER BY due_at LIMIT 1
)))
{_OPEN_DESTINATIONS}
"""  # noqa: S608 - our own text

_LAPSED: Final = """
SELECT 1 FROM jobs WHERE state = 'leased' AND lease_until < ?1
UNION ALL SELECT 1 FROM jobs WHERE state = 'committing' AND due_at < ?1 LIMIT 1
"""


class SqliteWorkQueue:
    """See `interface.WorkQueue`."""

    def __init__(self, file: SqliteFile) -> None:
        """Take the database."""
        self._file = file

    def claim(self, holder: str, lease_s: float, destinations: Mapping[str, int]) -> Claim | None:
        """See `interface.WorkQueue.claim`."""
        now = self._file.clock()
        limits = json.dumps(dict(destinations))
        # Looking first keeps idle workers away from the write lock.
        is_open = self._file.read(_LAPSED, now) or self._file.read(_NEXT_TURN, limits, now)
        return self._file.writer.run(lambda db: _claim(db, holder, lease_s, limits, now)) if is_open else None

    def renew(self, claim: Claim, lease_s: float) -> None:
        """See `interface.WorkQueue.renew`."""
        until = self._file.clock() + lease_s

        def operation(db: sqlite3.Connection) -> None:
            hold(db, claim)
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
            hold(db, claim)
            db.executemany(
                "INSERT OR REPLACE INTO instances VALUES (?, ?, ?, ?, ?, ?)",
                [(claim.job_id, r.sop_instance_uid, r.sop_class_uid, r.status, r.outcome, now) for r in results],
            )

        self._file.writer.run(operation)

    def settle(self, claim: Claim, delivery: Delivery) -> None:
        """See `interface.WorkQueue.settle`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> None:
            hold(db, claim)
            note_delivery(db, claim, delivery, now)
            end_well(db, claim, "done", now)

        self._file.writer.run(operation)

    def resume(self, destination: str) -> None:
        """See `interface.WorkQueue.resume`."""
        self._file.writer.run(
            # Its failures still count: it may answer a C-ECHO and reject every study.
            lambda db: db.execute("UPDATE pauses SET until = 0 WHERE destination = ?", (destination,)).rowcount
        )

    def postpone(self, claim: Claim, delay_s: float, reason: str) -> None:
        """See `interface.WorkQueue.postpone`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> None:
            hold(db, claim)
            put_back(db, claim, now, now + delay_s, reason, attempt=claim.attempt)

        self._file.writer.run(operation)

    def pause(self, claim: Claim, first_s: float, longest_s: float, jitter: float, reason: str) -> float:
        """See `interface.WorkQueue.pause`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> float:
            hold(db, claim)
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
            put_back(db, claim, now, now, reason, attempt=claim.attempt - 1)
            return float(delay_s)

        return self._file.writer.run(operation)

    def is_discontinued(self, claim: Claim) -> bool:
        """See `interface.WorkQueue.is_discontinued`."""
        rows = self._file.read("SELECT state FROM orders WHERE id = ?", claim.order_id)
        return OrderState(rows[0]["state"]) is OrderState.DISCONTINUED

    def fail(self, claim: Claim, reason: str) -> None:
        """See `interface.WorkQueue.fail`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> None:
            hold(db, claim)
            fail_job(db, claim.job_id, claim.order_id, claim.destination, reason, now)

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

        waiting = {row[0] for row in self._file.read("SELECT DISTINCT destination FROM jobs WHERE state = 'queued'")}
        lost = waiting - set(destinations)
        return self._file.writer.run(lambda db: fail_open_jobs(db, lost, now)) if lost else 0

    def next_due(self, destinations: Mapping[str, int]) -> float | None:
        """See `interface.WorkQueue.next_due`."""
        due = self._file.read(_NEXT_DUE, json.dumps(dict(destinations)))[0][0]
        return None if due is None else float(due)


def _claim(db: sqlite3.Connection, holder: str, lease_s: float, limits: str, now: float) -> Claim | None:
    db.execute("UPDATE jobs SET state = 'queued', holder = '' WHERE state = 'leased' AND lease_until < ?", (now,))
    # No report in time: it is asked again, with nothing left to send.
    db.execute("UPDATE jobs SET state = 'queued' WHERE state = 'committing' AND due_at < ?", (now,))
    turn = db.execute(_NEXT_TURN, (limits, now)).fetchone()
    if turn is None:
        return None
    statement = _NEWEST_JOB if turn["taken"] % NEWEST_EVERY == NEWEST_EVERY - 1 else _OLDEST_JOB
    job = db.execute(statement, (turn["destination"], turn["priority"], now)).fetchone()
    db.execute(
        "INSERT INTO turns VALUES (?1, 1, ?2) ON CONFLICT DO UPDATE SET taken = taken + 1, last = ?2",
        (turn["destination"], now),
    )
    leased = db.execute(
        "UPDATE jobs SET state = 'leased', holder = ?, lease_until = ?, attempt = attempt + 1, token = token + 1"
        " WHERE id = ? RETURNING attempt, token",
        (holder, now + lease_s, job["id"]),
    ).fetchone()
    order = db.execute("SELECT state, document FROM orders WHERE id = ?", (job["order_id"],)).fetchone()
    state = OrderState(order["state"])
    if state in (OrderState.SCHEDULED, OrderState.FAILED):
        move(db, job["order_id"], state, OrderState.IN_PROGRESS, now)
    detail = {"destination": turn["destination"], "attempt": leased["attempt"], "worker": holder}
    add_event(db, job["order_id"], now, "study.begun", detail)
    kept = db.execute(
        "SELECT sop_instance_uid FROM instances WHERE job_id = ? AND outcome IN ('stored', 'warned')", (job["id"],)
    ).fetchall()
    return Claim(
        job_id=job["id"],
        order_id=job["order_id"],
        order=from_document(order["document"]),
        destination=turn["destination"],
        attempt=leased["attempt"],
        token=leased["token"],
        kept=frozenset(row["sop_instance_uid"] for row in kept),
        needs_probe=bool(turn["needs_probe"]),
    )
