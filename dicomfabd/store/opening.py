"""Chooses the back end by its address; the only module that knows which there are."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from dicomfabd.domain.destinations import ManagedDestinations
from dicomfabd.store.accounts_interface import Accounts
from dicomfabd.store.archive_interface import ArchiveIndex
from dicomfabd.store.interface import (
    Commitments,
    Inbox,
    MessageBook,
    OrderBook,
    WorkQueue,
)
from dicomfabd.store.migrations import archive_migrations, queue_migrations
from dicomfabd.store.patients_interface import PatientRegistry
from dicomfabd.store.performed_interface import PerformedSteps
from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.sqlite_accounts import SqliteAccounts
from dicomfabd.store.sqlite_archive import SqliteArchiveIndex
from dicomfabd.store.sqlite_book import SqliteOrderBook
from dicomfabd.store.sqlite_commitments import SqliteCommitments
from dicomfabd.store.sqlite_destinations import SqliteDestinations
from dicomfabd.store.sqlite_inbox import SqliteInbox
from dicomfabd.store.sqlite_messages import SqliteMessageBook
from dicomfabd.store.sqlite_performed import SqlitePerformedSteps
from dicomfabd.store.sqlite_queries import SqliteQueryBook
from dicomfabd.store.sqlite_queue import SqliteWorkQueue
from dicomfabd.store.sqlite_registry import SqlitePatientRegistry
from dicomfabd.store.sqlite_templates import SqliteTemplates
from dicomfabd.store.sqlite_worklist import SqliteWorklistBook
from dicomfabd.store.templates_interface import Templates
from dicomfabd.store.worklist_interface import QueryBook, WorklistBook

LATEST_CHECKPOINT_PAGES: Final = 64_000
"""256 MB: commits copy the log back themselves only when nobody else does."""


@dataclass(frozen=True, slots=True)
class Store:
    """An open store, role by role.

    Attributes:
        problem: Gives why nothing can be committed now, or an empty string.
        checkpoint: Keeps the log short, beside the writers; blocks.
        close: Waits for the write under way and closes; idempotent.
    """

    inbox: Inbox
    queue: WorkQueue
    commitments: Commitments
    book: OrderBook
    messages: MessageBook
    patients: PatientRegistry
    destinations: ManagedDestinations
    worklist: WorklistBook
    queries: QueryBook
    performed: PerformedSteps
    accounts: Accounts
    templates: Templates
    problem: Callable[[], str]
    checkpoint: Callable[[], None]
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class OpenArchiveIndex:
    """An open archive index; `close` is idempotent."""

    index: ArchiveIndex
    close: Callable[[], None]


def _nothing(_changes: int, _seconds: float) -> None:
    """Tell nobody of a commit."""


def open_store(
    url: str, on_commit: Callable[[int, float], None] = _nothing, clock: Callable[[], float] = time.time
) -> Store:
    """Open the durable queue, creating or migrating it where needed.

    Args:
        url: `sqlite:///relative.db` or `sqlite:////absolute.db`.
        on_commit: Told the size and the seconds of each durable commit, on the writing thread.
        clock: Gives Unix seconds.

    Raises:
        ValueError: There is no back end for the address.
    """
    parts = urlsplit(url)
    if parts.scheme != "sqlite":
        raise ValueError(f"store.url: no back end for {parts.scheme}:. Use sqlite:///path/to/file.")
    path = Path(unquote(parts.path[1:]))
    file = SqliteFile(path, queue_migrations, on_commit, clock, LATEST_CHECKPOINT_PAGES)
    queries = SqliteQueryBook(path.with_name(f"{path.stem}-queries{path.suffix}"), clock)

    def close() -> None:
        queries.close()
        file.close()

    return Store(
        inbox=SqliteInbox(file),
        queue=SqliteWorkQueue(file),
        commitments=SqliteCommitments(file),
        book=SqliteOrderBook(file),
        messages=SqliteMessageBook(file),
        patients=SqlitePatientRegistry(file),
        destinations=SqliteDestinations(file),
        worklist=SqliteWorklistBook(file),
        queries=queries,
        performed=SqlitePerformedSteps(file),
        accounts=SqliteAccounts(file),
        templates=SqliteTemplates(file),
        problem=file.problem,
        checkpoint=file.checkpoint,
        close=close,
    )


def open_archive_index(path: Path, clock: Callable[[], float] = time.time) -> OpenArchiveIndex:
    """Open the archive's index, creating or migrating it where needed; `clock` gives Unix seconds."""
    file = SqliteFile(path, archive_migrations, clock=clock)
    return OpenArchiveIndex(SqliteArchiveIndex(file), file.close)
