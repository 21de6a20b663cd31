"""What others asked the archive to commit to, on SQLite."""

import json
import sqlite3

from dicomfabd.domain.commitment import CommitmentRequest, Reference
from dicomfabd.store.archive_interface import PendingCommitment
from dicomfabd.store.sqlite import SqliteFile


class SqliteCommitmentBook:
    """See `archive_interface.CommitmentBook`."""

    def __init__(self, file: SqliteFile) -> None:
        """Take the database."""
        self._file = file

    def ask(self, request: CommitmentRequest, ae_title: str, due_at: float) -> None:
        """See `CommitmentBook.ask`."""
        refs = json.dumps([[one.sop_class_uid, one.sop_instance_uid] for one in request.references])
        row = (request.transaction_uid, ae_title, refs, self._file.clock(), due_at)

        def operation(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT OR IGNORE INTO commitments (transaction_uid, ae_title, refs, asked_at, due_at)"
                " VALUES (?, ?, ?, ?, ?)",
                row,
            )

        self._file.writer.run(operation)

    def due(self, now: float) -> PendingCommitment | None:
        """See `CommitmentBook.due`."""
        rows = self._file.read("SELECT * FROM commitments WHERE due_at <= ? ORDER BY due_at LIMIT 1", now)
        if not rows:
            return None
        row = rows[0]
        references = tuple(Reference(*pair) for pair in json.loads(row["refs"]))
        request = CommitmentRequest(row["transaction_uid"], references)
        return PendingCommitment(request, row["ae_title"], row["asked_at"], row["attempt"])

    def next_due(self) -> float | None:
        """See `CommitmentBook.next_due`."""
        found: float | None = self._file.read("SELECT min(due_at) FROM commitments")[0][0]
        return found

    def postpone(self, pending: PendingCommitment, due_at: float) -> None:
        """See `CommitmentBook.postpone`."""
        self._run(
            "UPDATE commitments SET attempt = attempt + 1, due_at = ? WHERE transaction_uid = ? AND ae_title = ?",
            due_at,
            pending.request.transaction_uid,
            pending.ae_title,
        )

    def settle(self, pending: PendingCommitment) -> None:
        """See `CommitmentBook.settle`."""
        self._run(
            "DELETE FROM commitments WHERE transaction_uid = ? AND ae_title = ?",
            pending.request.transaction_uid,
            pending.ae_title,
        )

    def _run(self, sql: str, *parameters: str | float) -> None:
        def operation(db: sqlite3.Connection) -> None:
            db.execute(sql, parameters)

        self._file.writer.run(operation)
