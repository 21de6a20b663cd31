"""The search file beside the store: opened when it is needed, kept up, thrown away when it is broken."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.store.interface import MessageQuery, OrderQuery
from dicomfabd.store.migrations import search_migrations
from dicomfabd.store.search_interface import Followed
from dicomfabd.store.sqlite import Clock, SqliteFile
from dicomfabd.store.sqlite_search_finding import Plan, Read, Span, walk
from dicomfabd.store.sqlite_search_following import Gap, OtherStore, follow, gap_of, positions
from dicomfabd.store.sqlite_search_messages import plan_of as plan_of_messages
from dicomfabd.store.sqlite_search_orders import plan_of as plan_of_orders

T = TypeVar("T")

CATCH_UP_CHANGES: Final = 2_000
CATCH_UP_S: Final = 0.025
"""Who asks waits so long at most for what has happened just now."""

_AT_ONCE: Final = 200  # changes in a commit
_CHECKPOINT_PAGES: Final = 4_000
_BROKEN: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class SqliteSearch:
    """See `search_interface.Search`; the books ask it where the store itself has no index."""

    def __init__(self, path: Path, main: SqliteFile, clock: Clock) -> None:
        """Take the path of the file, the store it follows, and what gives Unix seconds."""
        self._path = path
        self._main = main
        self._clock = clock
        self._opening = threading.Lock()
        self._following = threading.Lock()
        self._file: SqliteFile | None = None

    def close(self) -> None:
        """Close the file; idempotent."""
        if self._file:
            self._file.close()

    def follow(self, most: int) -> Followed:
        """See `Search.follow`."""
        with self._following, self._mending() as file:
            taken = file.writer.run(lambda db: follow(db, self._main.read, most))
            return Followed(taken, sum(self._gap(file)))
        return Followed(0, sum(self._everything()))

    def orders(self, query: OrderQuery) -> tuple[list[int], int | None, int]:
        """Give the numbers of orders that fit, highest first, where to go on, and how many changes were not seen."""
        found, gap = self.asked(lambda read: _find(read, plan_of_orders(read, query), query.limit))
        return *(found or ([], None)), gap.orders

    def messages(self, query: MessageQuery) -> tuple[list[int], int | None, int]:
        """Give the numbers of messages that fit, highest first, where to go on, and how many were not seen."""
        found, gap = self.asked(lambda read: _find(read, plan_of_messages(read, query), query.limit))
        return *(found or ([], None)), gap.messages

    def asked(self, ask: Callable[[Read], T]) -> tuple[T | None, Gap]:
        """Give what somebody reads of the file, None if it is broken, and what it does not know yet."""
        with self._mending() as file:
            gap = self._catch_up(file)
            return ask(file.read), gap
        return None, self._everything()

    def _catch_up(self, file: SqliteFile) -> Gap:
        """Take over what is little; give what is left."""
        gap = self._gap(file)
        ends_at = time.perf_counter() + CATCH_UP_S
        # Somebody else may be at it, and for once take longer: then what is known by then has to do.
        if not 0 < sum(gap) <= CATCH_UP_CHANGES or not self._following.acquire(timeout=CATCH_UP_S):
            return gap
        try:
            while sum(gap := self._gap(file)) and time.perf_counter() < ends_at:
                file.writer.run(lambda db: follow(db, self._main.read, _AT_ONCE))
        except StoreUnavailable as error:
            if _is_broken(error):
                raise
            # What is known already can be searched, also on a full disk.
        finally:
            self._following.release()
        return gap

    def _gap(self, file: SqliteFile) -> Gap:
        return gap_of(self._main.read, positions(file.read))

    def _everything(self) -> Gap:
        row = self._main.read("SELECT (SELECT max(id) FROM orders), (SELECT max(id) FROM messages)")[0]
        return Gap(row[0] or 0, row[1] or 0)

    @contextmanager
    def _mending(self) -> Iterator[SqliteFile]:
        """Give the file; one that turns out to be broken, or another store's, is begun anew, and nothing is raised."""
        file = None
        try:
            file = self._opened()
            yield file
        except OtherStore:
            self._begin_anew(file)
        except (sqlite3.Error, StoreUnavailable) as error:
            if not _is_broken(error):
                raise StoreUnavailable(f"cannot search: {error}") from error
            self._begin_anew(file)

    def _opened(self) -> SqliteFile:
        with self._opening:
            if self._file is None:
                self._file = self._open()
            return self._file

    def _open(self) -> SqliteFile:
        def opened() -> SqliteFile:
            return SqliteFile(
                self._path,
                search_migrations,
                clock=self._clock,
                checkpoint_pages=_CHECKPOINT_PAGES,
                is_expendable=True,
            )

        try:
            return opened()
        except (RuntimeError, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.Error) and not _is_broken(error):
                raise
            self._remove()
            return opened()

    def _begin_anew(self, file: SqliteFile | None) -> None:
        with self._opening:
            if file is not None and self._file is not file:
                return  # another thread has
            self._file = None
            if file is not None:
                with suppress(sqlite3.Error):
                    file.close()
            self._remove()

    def _remove(self) -> None:
        for ending in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)


def _find(read: Read, planned: tuple[Plan, Span] | None, limit: int) -> tuple[list[int], int | None]:
    return walk(read, *planned, limit) if planned else ([], None)


def _is_broken(error: Exception) -> bool:
    cause: Any = error if isinstance(error, sqlite3.Error) else error.__cause__
    code = getattr(cause, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF in _BROKEN or "no such table" in str(cause))
