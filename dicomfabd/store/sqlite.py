"""SQLite as the durable queue: WAL, synchronous=FULL, one writer at a time, a reader connection per thread."""

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlite_utils import Migrations

from dicomfabd.store.migrations import migrate
from dicomfabd.store.writer import Writer

BUSY_TIMEOUT_MS: Final = 10_000

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
)

OWN_CHECKPOINT_PAGES: Final = 1_000
"""A commit that leaves so many pages in the log copies them back to the file itself."""

LONGEST_LOG_PAGES: Final = 16_000
"""64 MB; a longer log is brought back to its start at the price of making writers wait for a moment."""

Clock = Callable[[], float]


class SqliteFile:
    """One database file: a writer, and readers that never block it.

    Reader connections are bound to their threads and closed together with the file.
    """

    def __init__(
        self,
        path: Path,
        migrations: Migrations,
        on_commit: Callable[[int, float], None] = lambda _changes, _seconds: None,
        clock: Clock = time.time,
        checkpoint_pages: int = OWN_CHECKPOINT_PAGES,
        *,
        is_expendable: bool = False,
    ) -> None:
        """Open or create the file and bring its schema up to date.

        Args:
            path: The file; its folder is made.
            migrations: The schema.
            on_commit: Told the size and the seconds of each commit, on the writing thread.
            clock: Gives Unix seconds.
            checkpoint_pages: Let commits copy the log back when it has so many pages; much, if `checkpoint` is called.
            is_expendable: A power cut may take the last commits, though never a part of one.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.clock = clock
        self._path = path
        self._checkpoint_pages = checkpoint_pages
        # FULL: with NORMAL a power cut takes commits that senders were told are safe.
        self._synchronous = "NORMAL" if is_expendable else "FULL"
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        connection = self._connect()
        try:
            migrate(connection, migrations)
        finally:
            connection.close()
        self.writer = Writer(path.with_name(path.name + "-gate"), self._connect, on_commit)

    def read(self, sql: str, *parameters: Any) -> list[sqlite3.Row]:
        """Run a query on this thread's reader."""
        return self._reader().execute(sql, parameters).fetchall()

    def checkpoint(self) -> None:
        """Copy the log back to the file, beside the writers; for a thread of its own, several times a second.

        Done by a commit it would take tens of milliseconds off the acknowledgments that wait for it.
        """
        _, pages, _ = self._checkpointer().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages > LONGEST_LOG_PAGES:
            # Little is left by now, so the turn is short; the next writer begins the log anew.
            with self.writer.turn():
                self._checkpointer().execute("PRAGMA wal_checkpoint(RESTART)").fetchone()

    def problem(self) -> str:
        """Why nothing can be written now, or an empty string."""
        return self.writer.failure

    def close(self) -> None:
        """Close every connection; idempotent."""
        self.writer.close()
        with self._readers_lock:
            for connection in self._readers:
                connection.close()
            self._readers.clear()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {self._checkpoint_pages}")
        return connection

    def _checkpointer(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "checkpointer", None)
        if connection is None:
            connection = self._local.checkpointer = self._connect()
            with self._readers_lock:
                self._readers.append(connection)
        return connection

    def _reader(self) -> sqlite3.Connection:
        reader: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = self._connect()
            reader.execute("PRAGMA query_only = ON")
            self._local.reader = reader
            with self._readers_lock:
                self._readers.append(reader)
        return reader
