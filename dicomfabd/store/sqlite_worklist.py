"""The worklist on SQLite: items by index, a page at a time."""

# ruff: noqa: S608 - statements are put together of our own text alone; what was asked is always a parameter

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.domain.order import StepStatus
from dicomfabd.store.rows import from_document
from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.sqlite_steps import unlist
from dicomfabd.store.worklist_interface import ItemQuery, ListedItem, OrderOnFile, StepOnFile

_MOST_AT_ONCE: Final = 1000

# The first table is the one an index is sought in; CROSS JOIN keeps SQLite from choosing another.
_BY_ORDER: Final = "orders o CROSS JOIN steps s ON s.order_id = o.id"
_BY_STATION: Final = "stations t CROSS JOIN steps s ON s.order_id = t.order_id AND s.ordinal = t.ordinal"
_BY_START: Final = "steps s"


class SqliteWorklistBook:
    """See `worklist_interface.WorklistBook`."""

    def __init__(self, file: SqliteFile) -> None:
        """Take the database."""
        self._file = file

    def find(self, query: ItemQuery, limit: int, after: ListedItem | None = None) -> list[ListedItem]:
        """See `WorklistBook.find`."""
        sql, parameters = statement(query, limit, after)
        return [*map(ListedItem._make, self._read(sql, *parameters))]

    def load(self, order_ids: Collection[int]) -> Mapping[int, OrderOnFile]:
        """See `WorklistBook.load`."""
        if len(order_ids) == 1:
            return self._orders("o.id = ?", *order_ids)
        return self._orders("o.id IN (SELECT value FROM json_each(?))", json.dumps(list(order_ids)))

    def by_accession(self, accession_number: str) -> OrderOnFile | None:
        """See `WorklistBook.by_accession`."""
        return next(iter(self._orders("o.accession_number = ?", accession_number).values()), None)

    def revision(self) -> int:
        """See `WorklistBook.revision`."""
        # New items change nothing but the number of orders.
        changed = "SELECT revision FROM revisions WHERE subject = 'worklist'"
        return int(self._read(f"SELECT ({changed}) + coalesce((SELECT max(id) FROM orders), 0)")[0][0])

    def retire(self, done_before: float) -> int:
        """See `WorklistBook.retire`."""
        due = "FROM steps WHERE is_listed = 1 AND done_at IS NOT NULL AND done_at < ? LIMIT ?"
        total = 0
        while self._read(f"SELECT 1 {due}", done_before, 1):

            def operation(db: sqlite3.Connection) -> int:
                rows = db.execute(f"SELECT order_id, ordinal {due}", (done_before, _MOST_AT_ONCE)).fetchall()
                return unlist(db, rows)

            total += self._file.writer.run(operation)
        return total

    def _read(self, sql: str, *parameters: Any) -> list[sqlite3.Row]:
        try:
            return self._file.read(sql, *parameters)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"cannot read: {error}") from error

    def _orders(self, condition: str, value: object) -> dict[int, OrderOnFile]:
        orders: dict[int, tuple[str, float, float]] = {}
        steps: dict[int, list[StepOnFile]] = {}
        for row in self._read(
            "SELECT o.id, o.document, o.created_at, o.updated_at, s.status, s.done_at, s.is_listed, s.revision"
            f" FROM orders o JOIN steps s ON s.order_id = o.id WHERE {condition} ORDER BY o.id, s.ordinal",
            value,
        ):
            order_id, document, created_at, updated_at, status, done_at, is_listed, revision = row
            orders[order_id] = (document, created_at, updated_at)
            steps.setdefault(order_id, []).append(StepOnFile(StepStatus(status), done_at, bool(is_listed), revision))
        return {
            order_id: OrderOnFile(order_id, from_document(document), tuple(steps[order_id]), created_at, updated_at)
            for order_id, (document, created_at, updated_at) in orders.items()
        }


def statement(query: ItemQuery, limit: int, after: ListedItem | None = None) -> tuple[str, list[Any]]:
    """Give the SQL that looks items up, and its parameters."""
    conditions: list[str] = []
    parameters: list[Any] = []
    for condition, values in _conditions(query, after):
        conditions.append(condition)
        parameters += values
    source = _source(query)
    distinct = "DISTINCT " if source is _BY_STATION and len(query.stations) > 1 else ""
    place = _place(source)
    sql = (
        f"SELECT {distinct}{place}, s.revision FROM {source} WHERE {' AND '.join(conditions)} ORDER BY {place} LIMIT ?"
    )
    return sql, [*parameters, limit]


def _source(query: ItemQuery) -> str:
    if query.accession_numbers or query.patient_ids or query.study_instance_uids:
        return _BY_ORDER
    return _BY_STATION if query.stations and not query.step_ids else _BY_START


def _place(source: str) -> str:
    """Give the columns items are sorted by, of the table they are sought in: it has them in this order."""
    table = "t" if source is _BY_STATION else "s"
    return f"{table}.start_at, {table}.order_id, {table}.ordinal"


def _conditions(query: ItemQuery, after: ListedItem | None) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Give conditions and their parameters, each restricting what it can by an index."""
    source = _source(query)
    start = "t.start_at" if source is _BY_STATION else "s.start_at"
    yield from _any_of("o.accession_number", query.accession_numbers)
    yield from _any_of("o.patient_id", query.patient_ids)
    yield from _any_of("o.study_instance_uid", query.study_instance_uids)
    yield from _any_of("s.step_id", query.step_ids)
    if source is _BY_STATION:
        yield from _any_of("t.station_ae_title", query.stations)
    yield "s.is_listed = 1", ()
    yield from _any_of("s.status", tuple(query.statuses) or ("",))
    yield "(s.done_at IS NULL OR s.done_at >= ?)", (query.done_since,)
    yield from _any_of("s.modality", query.modalities)
    yield from _any_of("s.worklist_label", query.labels)
    for text, value in (
        (f"{start} >= ?", query.start_from),
        (f"{start} <= ?", query.start_to),
        (f"substr({start}, 9) >= ?", query.time_from),
        (f"substr({start}, 9) <= ?", query.time_to),
    ):
        if value:
            yield text, (value,)
    for part in query.name_parts:
        yield "instr(s.folded_name, ?)", (part,)
    if query.stations and source is not _BY_STATION:
        marks = ", ".join("?" * len(query.stations))
        same = "t.order_id = s.order_id AND t.ordinal = s.ordinal AND t.start_at = s.start_at"
        yield f"EXISTS (SELECT 1 FROM stations t WHERE {same} AND t.station_ae_title IN ({marks}))", query.stations
    if after is not None:
        yield f"({_place(source)}) > (?, ?, ?)", after[:3]


def _any_of(column: str, values: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    if len(values) == 1:
        yield f"{column} = ?", values
    elif values:
        yield f"{column} IN (SELECT value FROM json_each(?))", (json.dumps(values),)
