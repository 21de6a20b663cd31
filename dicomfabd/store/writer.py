"""Durable writes to one SQLite file, one transaction at a time across all threads and processes.

`synchronous=FULL` makes SQLite fsync at each commit. Who has much to write brings it in one operation: sixty-four
messages then pay for one flush of the disk.
"""

import fcntl
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from dicomfabd.domain.errors import StoreUnavailable

T = TypeVar("T")


class Writer:
    """Runs write operations, each in a transaction of its own, on the calling thread.

    SQLite's own wait for the write lock sleeps and asks again, up to 100 ms late; here everybody queues at the lock of
    a file beside the database and is woken in turn. Whoever does not (a database tool) still meets SQLite's lock.
    """

    def __init__(
        self, gate: Path, connect: Callable[[], sqlite3.Connection], on_commit: Callable[[int, float], None]
    ) -> None:
        """Prepare; the connection is opened at once.

        Args:
            gate: The file to queue at.
            connect: Opens a connection in autocommit mode; called again after a failed commit.
            on_commit: Told the number of changes and the seconds of each commit, on the calling thread.
        """
        self._connect = connect
        self._on_commit = on_commit
        self._threads = threading.Lock()
        self._gate = gate.open("ab")
        self._connection: sqlite3.Connection | None = connect()
        self._failure = ""
        self._is_closed = False

    @property
    def failure(self) -> str:
        """Why the last commit failed, or an empty string when it did not."""
        return self._failure

    def run(self, operation: Callable[[sqlite3.Connection], T], changes: int = 1) -> T:
        """Run an operation and commit; what it raises undoes it.

        Args:
            operation: Gets the connection inside a transaction.
            changes: How many things it does, for the metrics.

        Raises:
            StoreUnavailable: SQLite could not do or commit it; nothing was kept.
        """
        with self.turn():
            return self._run(operation, changes)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Keep everybody else from writing meanwhile; raises StoreUnavailable once the store is closed."""
        with self._threads:
            if self._is_closed:
                raise StoreUnavailable("the store is closed")
            fcntl.flock(self._gate, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._gate, fcntl.LOCK_UN)

    def close(self) -> None:
        """Wait for the operation under way, then close; idempotent."""
        with self._threads:
            self._is_closed = True
            self._drop_connection()
            self._gate.close()

    def _run(self, operation: Callable[[sqlite3.Connection], T], changes: int) -> T:
        started = time.perf_counter()
        try:
            connection = self._connection = self._connection or self._connect()
            connection.execute("BEGIN IMMEDIATE")
            result = operation(connection)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            # After a failed fsync the pages may be gone while the file looks fine; only a new handle tells.
            self._drop_connection()
            self._failure = f"cannot commit: {error}"
            raise StoreUnavailable(self._failure) from error
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        self._failure = ""
        self._on_commit(changes, time.perf_counter() - started)
        return result

    def _drop_connection(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
