"""What was asked of the worklist, in a file of its own: keeping it must never make an acknowledgment wait."""

import json
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dicomfabd.store.migrations import query_migrations
from dicomfabd.store.sqlite import Clock, SqliteFile
from dicomfabd.store.worklist_interface import LoggedQuery

_ADD: Final = """
INSERT OR REPLACE INTO queries
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value -> 5, value ->> 6, value ->> 7,
        value ->> 8, value ->> 9
    FROM json_each(?)
"""


class SqliteQueryBook:
    """See `worklist_interface.QueryBook`; the file is opened when it is first needed."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Take the path of the file, and what gives Unix seconds."""
        self._path = path
        self._clock = clock
        self._opening = threading.Lock()
        self._file: SqliteFile | None = None

    def close(self) -> None:
        """Close the file; idempotent."""
        if self._file:
            self._file.close()

    def log(self, queries: Sequence[LoggedQuery], keep: int) -> None:
        """See `QueryBook.log`."""
        rows = [
            (
                query.query_id,
                query.at,
                query.calling_ae_title,
                query.called_ae_title,
                query.peer,
                query.keys,
                query.answers,
                query.seconds,
                query.status,
                query.comment,
            )
            for query in queries
        ]

        document = json.dumps(rows, ensure_ascii=False)

        def operation(db: sqlite3.Connection) -> None:
            # One statement for all: between two of them others may take the interpreter for a while.
            db.execute(_ADD, (document,))
            db.execute("DELETE FROM queries WHERE id <= (SELECT max(id) FROM queries) - ?", (keep,))

        self._opened().writer.run(operation, len(rows))

    def last_query_id(self) -> int:
        """See `QueryBook.last_query_id`."""
        return int(self._opened().read("SELECT coalesce(max(id), 0) FROM queries")[0][0])

    def query(self, query_id: int) -> LoggedQuery | None:
        """See `QueryBook.query`."""
        rows = self._opened().read("SELECT * FROM queries WHERE id = ?", query_id)
        return _logged(rows[0]) if rows else None

    def queries(self, limit: int, before_id: int | None = None) -> list[LoggedQuery]:
        """See `QueryBook.queries`."""
        rows = self._opened().read(
            "SELECT * FROM queries WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2", before_id, limit
        )
        return [_logged(row) for row in rows]

    def _opened(self) -> SqliteFile:
        with self._opening:
            if self._file is None:
                self._file = SqliteFile(self._path, query_migrations, clock=self._clock)
            return self._file


def _logged(row: sqlite3.Row) -> LoggedQuery:
    return LoggedQuery(
        query_id=row["id"],
        at=row["at"],
        calling_ae_title=row["calling"],
        called_ae_title=row["called"],
        peer=row["peer"],
        keys=json.loads(row["keys"]),
        answers=row["answers"],
        seconds=row["seconds"],
        status=row["status"],
        comment=row["comment"],
    )
