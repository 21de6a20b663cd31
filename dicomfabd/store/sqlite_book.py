"""The order book on SQLite: look-ups, and what people may do to an order."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from dicomfabd.domain.order import OrderState
from dicomfabd.store.interface import (
    Applied,
    BulkAct,
    BulkOutcome,
    Event,
    OrderQuery,
    Page,
    StoredInstance,
    StoredJob,
    StoredOrder,
)
from dicomfabd.store.search_text import fits, number_of, uid_of
from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.sqlite_acts import cancel, retry, send
from dicomfabd.store.sqlite_figures import job_counts, order_counts
from dicomfabd.store.sqlite_orders import ORDER_COLUMNS, to_stored_order
from dicomfabd.store.sqlite_search import SqliteSearch

_AT_ONCE: Final = 25  # orders in a commit, which intake waits for
_MOST_LOOKED_AT: Final = 1000
_HIGHEST: Final = 2**63 - 1
_NUMBERS: Final = ("accession_number", "placer_order_number", "filler_order_number", "patient_id")
_NEWEST: Final = {
    column: f"SELECT {ORDER_COLUMNS} FROM orders o WHERE o.{column} = ?1 AND o.{column} <> '' AND o.id < ?2"  # noqa: S608 - our own text
    " ORDER BY o.id DESC LIMIT ?3"
    for column in (*_NUMBERS, "study_instance_uid")
}
_EXISTS: Final = {
    column: f"SELECT 1 FROM orders o WHERE o.{column} = ?1 AND o.{column} <> '' LIMIT 1"  # noqa: S608 - our own text
    for column in _NUMBERS
}


class SqliteOrderBook:
    """See `interface.OrderBook`."""

    def __init__(self, file: SqliteFile, search: SqliteSearch) -> None:
        """Take the database, and what is searched where it has no index."""
        self._file = file
        self._search = search

    def find(self, query: OrderQuery) -> Page[StoredOrder]:
        """See `interface.OrderBook.find`."""
        if keys := self._keys(query):
            return self._by_keys(query, keys)
        if _asks_for_states_only(query):
            ids = self._in_states(query)
            return Page(self._load(ids), ids[-1] if len(ids) == query.limit else None)
        ids, goes_on, behind = self._search.orders(query)
        # The store is what counts: what changed since it was found may not fit any more.
        return Page([stored for stored in self._load(ids) if fits(query, stored)], goes_on, behind)

    def get(self, order_id: int) -> StoredOrder | None:
        """See `interface.OrderBook.get`."""
        rows = self._file.read(f"SELECT {ORDER_COLUMNS} FROM orders o WHERE o.id = ?", order_id)  # noqa: S608 - our own text
        return to_stored_order(rows[0]) if rows else None

    def jobs(self, order_id: int) -> list[StoredJob]:
        """See `interface.OrderBook.jobs`."""
        outcomes: dict[int, dict[str, int]] = {}
        for row in self._file.read(
            "SELECT job_id, outcome, count(*) AS amount FROM instances"
            " WHERE job_id IN (SELECT id FROM jobs WHERE order_id = ?) GROUP BY job_id, outcome",
            order_id,
        ):
            outcomes.setdefault(row["job_id"], {})[row["outcome"]] = row["amount"]
        return [
            StoredJob(
                row["destination"],
                row["state"],
                row["attempt"],
                row["due_at"],
                row["reason"],
                outcomes.get(row["id"], {}),
            )
            for row in self._file.read("SELECT * FROM jobs WHERE order_id = ? ORDER BY id", order_id)
        ]

    def instances(self, order_id: int, limit: int = 1000) -> list[StoredInstance]:
        """See `interface.OrderBook.instances`."""
        rows = self._file.read(
            "SELECT j.destination, i.sop_instance_uid, i.sop_class_uid, i.status, i.outcome, i.at"
            " FROM jobs j JOIN instances i ON i.job_id = j.id WHERE j.order_id = ? ORDER BY i.at DESC LIMIT ?",
            order_id,
            limit,
        )
        return [StoredInstance(*row) for row in rows]

    def timeline(self, order_id: int) -> list[Event]:
        """See `interface.OrderBook.timeline`."""
        rows = self._file.read("SELECT at, event, detail FROM events WHERE order_id = ? ORDER BY id", order_id)
        return [Event(row["at"], row["event"], json.loads(row["detail"])) for row in rows]

    def counts(self) -> Mapping[OrderState, int]:
        """See `interface.OrderBook.counts`."""
        return order_counts(self._file.read, self._search)

    def job_counts(self) -> Mapping[tuple[str, str], int]:
        """See `interface.OrderBook.job_counts`."""
        return job_counts(self._file.read, self._search)

    def pauses(self) -> Mapping[str, float]:
        """See `interface.OrderBook.pauses`."""
        return {row[0]: row[1] for row in self._file.read("SELECT destination, until FROM pauses WHERE until > 0")}

    def request_retry(self, order_id: int) -> bool:
        """See `interface.OrderBook.request_retry`."""
        now = self._file.clock()
        return bool(self._file.writer.run(lambda db: retry(db, order_id, now)))

    def request_send(self, order_id: int, destinations: Sequence[str]) -> list[str]:
        """See `interface.OrderBook.request_send`."""
        now = self._file.clock()
        return self._file.writer.run(lambda db: send(db, order_id, destinations, now))

    def request_cancel(self, order_id: int) -> Applied:
        """See `interface.OrderBook.request_cancel`."""
        now = self._file.clock()
        return self._file.writer.run(lambda db: cancel(db, order_id, now))

    def request_bulk(
        self, act: BulkAct, order_ids: Sequence[int], destinations: Sequence[str] = ()
    ) -> list[BulkOutcome]:
        """See `interface.OrderBook.request_bulk`."""
        outcomes: list[BulkOutcome] = []
        for first in range(0, len(order_ids), _AT_ONCE):
            some = order_ids[first : first + _AT_ONCE]
            outcomes += self._some(act, some, destinations)
        return outcomes

    def _some(self, act: BulkAct, order_ids: Sequence[int], destinations: Sequence[str]) -> list[BulkOutcome]:
        now = self._file.clock()

        def do(db: sqlite3.Connection, order_id: int) -> BulkOutcome:
            if act is BulkAct.CANCEL:
                return BulkOutcome(order_id, cancel(db, order_id, now))
            queued = retry(db, order_id, now) if act is BulkAct.RETRY else send(db, order_id, destinations, now)
            return BulkOutcome(order_id, destinations=tuple(queued))

        return self._file.writer.run(lambda db: [do(db, order_id) for order_id in order_ids], len(order_ids))

    def _keys(self, query: OrderQuery) -> list[tuple[str, str]]:
        """Give the columns, with their values, that find at once what a query means; nothing if none does."""
        if query.accession_number:
            return [("accession_number", query.accession_number)]
        if uid := query.study_instance_uid or uid_of(query.text):
            return [("study_instance_uid", uid)]
        number = number_of(query.text)
        keys = [(column, form) for column in _NUMBERS for form in dict.fromkeys((number, number.upper()))]
        return [key for key in keys if number and self._file.read(_EXISTS[key[0]], key[1])]

    def _by_keys(self, query: OrderQuery, keys: Sequence[tuple[str, str]]) -> Page[StoredOrder]:
        """Find by what an order alone has, or few; the rest is looked at one by one."""
        rows = {
            row["id"]: row
            for column, value in keys
            for row in self._file.read(_NEWEST[column], value, _end(query), _MOST_LOOKED_AT)
        }
        ids = sorted(rows, reverse=True)[:_MOST_LOOKED_AT]
        found = [stored for stored in (to_stored_order(rows[number]) for number in ids) if fits(query, stored)]
        if len(found) > query.limit:
            return Page(found[: query.limit], found[query.limit - 1].order_id)
        return Page(found, ids[-1] if len(rows) >= _MOST_LOOKED_AT else None)

    def _in_states(self, query: OrderQuery) -> list[int]:
        """Give the newest orders of each state, and of these the newest: SQLite would sort all there are."""
        if not query.states:
            sql = "SELECT id FROM orders WHERE id < ? ORDER BY id DESC LIMIT ?"
            return [row[0] for row in self._file.read(sql, _end(query), query.limit)]
        sql = "SELECT id FROM orders WHERE state = ? AND id < ? ORDER BY id DESC LIMIT ?"
        found = (row[0] for state in query.states for row in self._file.read(sql, state, _end(query), query.limit))
        return sorted(found, reverse=True)[: query.limit]

    def _load(self, order_ids: Sequence[int]) -> list[StoredOrder]:
        sql = f"SELECT {ORDER_COLUMNS} FROM orders o WHERE o.id IN (SELECT value FROM json_each(?)) ORDER BY o.id DESC"  # noqa: S608 - our own text
        return [to_stored_order(row) for row in self._file.read(sql, json.dumps(order_ids))]


def _asks_for_states_only(query: OrderQuery) -> bool:
    return query == OrderQuery(states=query.states, before_id=query.before_id, limit=query.limit)


def _end(query: OrderQuery) -> int:
    return _HIGHEST if query.before_id is None else query.before_id
