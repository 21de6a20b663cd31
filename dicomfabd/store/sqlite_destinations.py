"""The destinations people manage, on SQLite."""

import json
import sqlite3

from pydantic_core import to_json

from dicomfabd.domain.delivery import Destination
from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.sqlite_jobs import fail_open_jobs


class SqliteDestinations:
    """See `domain.destinations.ManagedDestinations`."""

    def __init__(self, file: SqliteFile) -> None:
        """Take the database."""
        self._file = file

    def revision(self) -> int:
        """See `ManagedDestinations.revision`."""
        return int(self._file.read("SELECT revision FROM revisions WHERE subject = 'destinations'")[0][0])

    def list(self) -> list[Destination]:
        """See `ManagedDestinations.list`."""
        return [_read(row["document"]) for row in self._file.read("SELECT document FROM destinations ORDER BY name")]

    def put(self, destination: Destination) -> None:
        """See `ManagedDestinations.put`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> None:
            row = (destination.name, to_json(destination).decode(), now)
            db.execute("INSERT OR REPLACE INTO destinations VALUES (?, ?, ?)", row)
            _count_change(db)

        self._file.writer.run(operation)

    def remove(self, name: str) -> bool:
        """See `ManagedDestinations.remove`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> bool:
            was_there = db.execute("DELETE FROM destinations WHERE name = ?", (name,)).rowcount == 1
            if was_there:
                _count_change(db)
                fail_open_jobs(db, [name], now)
            return was_there

        return self._file.writer.run(operation)


def _count_change(db: sqlite3.Connection) -> None:
    db.execute("UPDATE revisions SET revision = revision + 1 WHERE subject = 'destinations'")


def _read(document: str) -> Destination:
    data = json.loads(document)
    return Destination(**data | {"transfer_syntaxes": tuple(data["transfer_syntaxes"])})
