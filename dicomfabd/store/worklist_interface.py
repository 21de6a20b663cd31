"""What the worklist needs of a store; `tests/store/test_worklist.py` holds every back end to it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from dicomfabd.domain.order import Order, StepStatus

Keys = Sequence[tuple[int, "str | Keys | None"]]
"""What was asked: tag and value; of a sequence the keys of its item, None for one that is asked for whole."""


@dataclass(frozen=True, slots=True)
class ItemQuery:
    """Which items are wanted; empty attributes do not restrict, of several values one has to fit.

    Attributes:
        stations: Scheduled Station AE Titles.
        start_from: Earliest start, `YYYYMMDDHHMMSS`, which a fraction may follow.
        start_to: Latest start, likewise.
        time_from: Earliest time of day, `HHMMSS`, likewise; on whatever day.
        time_to: Latest time of day.
        name_parts: Each has to occur in the folded name, whose component groups stand between equals signs.
        labels: Worklist labels.
        done_since: Items that are over only if they came to their end at or after this Unix time.
    """

    statuses: frozenset[StepStatus]
    done_since: float
    accession_numbers: tuple[str, ...] = ()
    patient_ids: tuple[str, ...] = ()
    study_instance_uids: tuple[str, ...] = ()
    step_ids: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    name_parts: tuple[str, ...] = ()
    start_from: str = ""
    start_to: str = ""
    time_from: str = ""
    time_to: str = ""


class ListedItem(NamedTuple):
    """An item that was found; its `revision` is another one whenever anything it shows has changed."""

    start_at: str
    order_id: int
    ordinal: int
    revision: int


@dataclass(frozen=True, slots=True)
class StepOnFile:
    """How a step stands; `done_at` is Unix seconds, None while it is not over."""

    status: StepStatus
    done_at: float | None
    is_listed: bool
    revision: int


@dataclass(frozen=True, slots=True)
class OrderOnFile:
    """An order and how each of its steps stands; times are Unix seconds."""

    order_id: int
    order: Order
    steps: tuple[StepOnFile, ...]
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class LoggedQuery:
    """A query as it was asked and answered.

    Attributes:
        query_id: Rises with every query.
        at: Unix seconds.
        answers: How many items were given.
        status: Of the final response.
        comment: What was said of a failure.
    """

    query_id: int
    at: float
    calling_ae_title: str
    called_ae_title: str
    peer: str
    keys: Keys
    answers: int
    seconds: float
    status: int
    comment: str = ""


class WorklistBook(Protocol):
    """Looks items up by index. Thread-safe; what cannot be read or written raises StoreUnavailable."""

    def find(self, query: ItemQuery, limit: int, after: ListedItem | None = None) -> list[ListedItem]:
        """Give items by start; those that come after one that was given before, if there is such."""

    def load(self, order_ids: Collection[int]) -> Mapping[int, OrderOnFile]:
        """Give orders by number; what is gone meanwhile is left out."""

    def by_accession(self, accession_number: str) -> OrderOnFile | None:
        """Give one order, listed or not."""

    def revision(self) -> int:
        """Give a number that is another one whenever any item changed."""

    def retire(self, done_before: float) -> int:
        """Unlist items that were over before a Unix time, which keeps the index short; gives their number."""


class QueryBook(Protocol):
    """Keeps what was asked, where nobody waits for it. Thread-safe."""

    def log(self, queries: Sequence[LoggedQuery], keep: int) -> None:
        """Keep queries, and of all of them the newest."""

    def last_query_id(self) -> int:
        """Give the highest number a query has, 0 if there is none."""

    def query(self, query_id: int) -> LoggedQuery | None:
        """Give one query, or None."""

    def queries(self, limit: int, before_id: int | None = None) -> list[LoggedQuery]:
        """Give queries, newest first."""
