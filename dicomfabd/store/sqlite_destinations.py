"""The destinations people manage, on SQLite."""

import json
import sqlite3

from pydantic_core import to_json

from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.destinations import Removed
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

    def put(self, *destinations: Destination) -> None:
        """See `ManagedDestinations.put`."""
        now = self._file.clock()
        rows = [(destination.name, to_json(destination).decode(), now) for destination in destinations]

        def operation(db: sqlite3.Connection) -> None:
            db.executemany("INSERT OR REPLACE INTO destinations VALUES (?, ?, ?)", rows)
            _count_change(db)

        self._file.writer.run(operation)

    def add(self, destination: Destination) -> bool:
        """See `ManagedDestinations.add`."""
        row = (destination.name, to_json(destination).decode(), self._file.clock())

        def operation(db: sqlite3.Connection) -> bool:
            is_new = db.execute("INSERT OR IGNORE INTO destinations VALUES (?, ?, ?)", row).rowcount == 1
            if is_new:
                _count_change(db)
            return is_new

        return self._file.writer.run(operation)

    def remove(self, name: str) -> Removed | None:
        """See `ManagedDestinations.remove`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> Removed | None:
            if db.execute("DELETE FROM destinations WHERE name = ?", (name,)).rowcount == 0:
                return None
            _count_change(db)
            return Removed(fail_open_jobs(db, [name], now), _drop_routes_to(db, name, now))

        return self._file.writer.run(operation)


def _count_change(db: sqlite3.Connection) -> None:
    db.execute("UPDATE revisions SET revision = revision + 1 WHERE subject = 'destinations'")


def _drop_routes_to(db: sqlite3.Connection, name: str, now: float) -> tuple[str, ...]:
    dropped = []
    for row in db.execute("SELECT name, document FROM destinations ORDER BY name").fetchall():
        document = json.loads(row["document"])
        if document["move_ae_titles"].pop(name, None) is not None:
            changed = (json.dumps(document), now, row["name"])
            db.execute("UPDATE destinations SET document = ?, updated_at = ? WHERE name = ?", changed)
            dropped.append(row["name"])
    return tuple(dropped)


def _read(document: str) -> Destination:
    data = json.loads(document)
    return Destination(**data | {"transfer_syntaxes": tuple(data["transfer_syntaxes"])})
