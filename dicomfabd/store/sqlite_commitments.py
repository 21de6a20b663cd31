"""Storage commitment on SQLite: what was asked survives a restart, and a report may overtake the answer it follows."""

import json
import sqlite3
from collections.abc import Mapping

from dicomfabd.domain.commitment import CommitmentReport
from dicomfabd.domain.delivery import Claim, Delivery
from dicomfabd.store.interface import Committed
from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.sqlite_jobs import close_order, fail_job, hold, note_delivery
from dicomfabd.store.sqlite_orders import add_event

_NOT_MENTIONED = 0
_ASKED = """
SELECT jobs.id AS job_id, jobs.state, jobs.destination, jobs.attempt, jobs.order_id, orders.accession_number
FROM commitments JOIN jobs ON jobs.id = commitments.job_id JOIN orders ON orders.id = jobs.order_id
WHERE transaction_uid = ?
"""


class SqliteCommitments:
    """See `interface.Commitments`."""

    def __init__(self, file: SqliteFile) -> None:
        """Take the database."""
        self._file = file

    def begin(self, claim: Claim, transaction_uid: str) -> None:
        """See `interface.Commitments.begin`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> None:
            hold(db, claim)
            # A later request takes the place of an earlier one that was never answered.
            db.execute("DELETE FROM commitments WHERE job_id = ?", (claim.job_id,))
            db.execute("INSERT INTO commitments VALUES (?, ?, ?, NULL)", (transaction_uid, claim.job_id, now))

        self._file.writer.run(operation)

    def wait(self, claim: Claim, delivery: Delivery, timeout_s: float, retry_s: float, max_attempts: int) -> None:
        """See `interface.Commitments.wait`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> None:
            hold(db, claim)
            note_delivery(db, claim, delivery, now)
            detail = {"destination": claim.destination, "instances": delivery.instances}
            add_event(db, claim.order_id, now, "study.commitment_asked", detail)
            db.execute(
                "UPDATE jobs SET state = 'committing', holder = '', due_at = ?, reason = ? WHERE id = ?",
                (now + timeout_s, "waits for the PACS to commit", claim.job_id),
            )
            row = db.execute("SELECT transaction_uid, report FROM commitments WHERE job_id = ?", (claim.job_id,))
            transaction_uid, report = row.fetchone()
            if report is not None:
                failed = {uid: int(reason) for uid, reason in json.loads(report).items()}
                _apply(db, transaction_uid, failed, now, retry_s, max_attempts)

        self._file.writer.run(operation)

    def report(self, report: CommitmentReport, retry_s: float, max_attempts: int) -> Committed | None:
        """See `interface.Commitments.report`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> Committed | None:
            row = db.execute(_ASKED, (report.transaction_uid,)).fetchone()
            if row is None:
                return None
            failed = _failures(db, row["job_id"], report)
            if row["state"] == "committing":
                _apply(db, report.transaction_uid, failed, now, retry_s, max_attempts)
            else:
                text = json.dumps(failed)
                db.execute(
                    "UPDATE commitments SET report = ? WHERE transaction_uid = ?", (text, report.transaction_uid)
                )
            return Committed(row["order_id"], row["accession_number"], row["destination"], len(failed))

        return self._file.writer.run(operation)


def _failures(db: sqlite3.Connection, job_id: int, report: CommitmentReport) -> dict[str, int]:
    """Give what was asked and is not committed; what a report leaves out is not."""
    asked = {row[0] for row in db.execute("SELECT sop_instance_uid FROM instances WHERE job_id = ?", (job_id,))}
    committed = {reference.sop_instance_uid for reference in report.committed}
    reasons = {reference.sop_instance_uid: reason for reference, reason in report.failed}
    return {uid: reasons.get(uid, _NOT_MENTIONED) for uid in sorted(asked) if uid not in committed or uid in reasons}


def _apply(
    db: sqlite3.Connection,
    transaction_uid: str,
    failed: Mapping[str, int],
    now: float,
    retry_s: float,
    max_attempts: int,
) -> None:
    row = db.execute(_ASKED, (transaction_uid,)).fetchone()
    job_id, order_id, destination = row["job_id"], row["order_id"], row["destination"]
    db.execute("DELETE FROM commitments WHERE job_id = ?", (job_id,))
    if not failed:
        db.execute("UPDATE jobs SET state = 'committed', reason = '' WHERE id = ?", (job_id,))
        add_event(db, order_id, now, "study.committed", {"destination": destination})
        close_order(db, order_id, now)
        return
    # Forgotten, so that the next try sends them again.
    db.executemany(
        "UPDATE instances SET outcome = 'uncommitted' WHERE job_id = ? AND sop_instance_uid = ?",
        [(job_id, uid) for uid in failed],
    )
    first = next(iter(failed.values()))
    reason = f"{destination} did not commit {len(failed)} instances, the first for reason 0x{first:04X}"
    detail = {"destination": destination, "failed": len(failed), "reason": reason}
    add_event(db, order_id, now, "study.not_committed", detail)
    if row["attempt"] >= max_attempts:
        fail_job(db, job_id, order_id, destination, f"{reason} (after {row['attempt']} tries)", now)
    else:
        db.execute(
            "UPDATE jobs SET state = 'queued', due_at = ?, reason = ? WHERE id = ?", (now + retry_s, reason, job_id)
        )
