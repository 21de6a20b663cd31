"""One thread, one connection, one commit for everything that waits: durable and still fast.

`synchronous=FULL` makes SQLite fsync at each commit; a batch shares one, so sixty-four senders pay for one disk flush.
"""

import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, TypeVar

from dicomfabd.domain.errors import StoreUnavailable

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], Any]

LARGEST_BATCH: Final = 256


class GroupWriter:
    """Runs write operations in batches, each batch one transaction.

    An operation that raises is undone alone (savepoint); the others of its batch are kept.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], on_commit: Callable[[int, float], None]) -> None:
        """Start the writer thread.

        Args:
            connect: Opens a connection in autocommit mode; called again after a failed commit.
            on_commit: Told the batch size and the seconds of each commit, on the writer thread.
        """
        self._connect = connect
        self._on_commit = on_commit
        self._waiting: queue.SimpleQueue[tuple[Operation, Future[Any]] | None] = queue.SimpleQueue()
        self._failure = ""
        self._is_closed = False
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="store-writer")
        self._thread.start()

    @property
    def failure(self) -> str:
        """Why the last commit failed, or an empty string when it did not."""
        return self._failure

    def submit(self, operation: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Queue an operation; the future is done after the commit that holds it."""
        future: Future[T] = Future()
        with self._closing:
            if self._is_closed:
                future.set_exception(StoreUnavailable("the store is closed"))
            else:
                self._waiting.put((operation, future))
        return future

    def run(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Run an operation and wait for its commit."""
        return self.submit(operation).result()

    def close(self) -> None:
        """Commit what waits, then stop; idempotent."""
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
            self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        connection = self._connect()
        is_open = True
        while is_open:
            batch, is_open = self._next_batch()
            if batch and not self._write(connection, batch):
                # After a failed fsync the pages may be gone while the file looks fine; only a new handle tells.
                with suppress(sqlite3.Error):
                    connection.close()
                connection = self._reconnect()
        connection.close()

    def _next_batch(self) -> tuple[list[tuple[Operation, Future[Any]]], bool]:
        batch: list[tuple[Operation, Future[Any]]] = []
        item = self._waiting.get()
        while item is not None:
            batch.append(item)
            if len(batch) == LARGEST_BATCH or self._waiting.empty():
                return batch, True
            item = self._waiting.get()
        return batch, False

    def _write(self, connection: sqlite3.Connection, batch: list[tuple[Operation, Future[Any]]]) -> bool:
        started = time.perf_counter()
        results: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for operation, future in batch:
                results.append((future, *_attempt(connection, operation)))
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._failure = f"cannot commit: {error}"
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            for _, future in batch:
                future.set_exception(StoreUnavailable(self._failure))
            return False
        self._failure = ""
        self._on_commit(len(batch), time.perf_counter() - started)
        for future, result, problem in results:
            if problem is None:
                future.set_result(result)
            else:
                future.set_exception(problem)
        return True

    def _reconnect(self) -> sqlite3.Connection:
        while True:
            try:
                return self._connect()
            except sqlite3.Error as error:
                self._failure = f"cannot open: {error}"
                time.sleep(0.2)


def _attempt(connection: sqlite3.Connection, operation: Operation) -> tuple[Any, BaseException | None]:
    connection.execute("SAVEPOINT operation")
    try:
        result = operation(connection)
    except sqlite3.OperationalError:
        raise  # disk full, locked, I/O: nothing of the batch can be trusted
    except Exception as problem:  # its own caller decides; the rest of the batch must not suffer
        connection.execute("ROLLBACK TO operation")
        connection.execute("RELEASE operation")
        return None, problem
    connection.execute("RELEASE operation")
    return result, None
