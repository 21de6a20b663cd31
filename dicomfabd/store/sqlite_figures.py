"""How much there is of what, on SQLite: by the tallies of the search file and the indexes of the queue."""

import json
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Final

from dicomfabd.domain.order import OrderState
from dicomfabd.store.search_interface import Counts, Sender
from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.sqlite_search import SqliteSearch
from dicomfabd.store.sqlite_search_finding import Read
from dicomfabd.store.sqlite_search_following import HOUR_S

_MOST_SENDERS: Final = 200
_HOURS: Final = 24
_BY_NAME: Final = """
SELECT names.name, tallies.amount FROM tallies JOIN names ON names.id = tallies.value
WHERE tallies.kind = ? AND tallies.amount > 0
"""
# Indexes of what is under way only: their length is that of the backlog, whatever was ever stored.
_LIVE: Final = """
SELECT destination, 'queued', count(*) FROM jobs INDEXED BY jobs_queued WHERE state = 'queued' GROUP BY destination
UNION ALL
SELECT destination, 'leased', count(*) FROM jobs INDEXED BY jobs_leased WHERE state = 'leased' GROUP BY destination
UNION ALL
SELECT destination, 'committing', count(*) FROM jobs INDEXED BY jobs_committing WHERE state = 'committing'
GROUP BY destination
"""
_OLDEST: Final = """
SELECT waiting.destination, orders.created_at
FROM (
    SELECT destination, min(id) AS first FROM jobs WHERE state = 'queued' AND due_at <= ? GROUP BY destination
) waiting
JOIN jobs ON jobs.id = waiting.first JOIN orders ON orders.id = jobs.order_id
"""
_QUARANTINED: Final = (
    "SELECT coalesce(sum(amount), 0) FROM tallies WHERE kind = 'messages.is_quarantined' AND value = 1"
)
_SENDERS: Final = """
SELECT names.name, senders.last_at, coalesce(lately.amount, 0)
FROM (SELECT sender, last_at FROM senders ORDER BY last_at DESC LIMIT ?) senders
JOIN names ON names.id = senders.sender
LEFT JOIN (SELECT sender, sum(amount) AS amount FROM sender_hours WHERE hour > ? GROUP BY sender) lately
    ON lately.sender = senders.sender
ORDER BY senders.last_at DESC
"""


def order_counts(main: Read, search: SqliteSearch) -> Mapping[OrderState, int]:
    """Give how many orders are in each state."""
    rows, gap = search.asked(lambda read: read(_BY_NAME, "state"))
    if rows is None or gap.orders:
        rows = main("SELECT state, count(*) FROM orders GROUP BY state")
    found = {row[0]: row[1] for row in rows}
    return {state: found.get(state.value, 0) for state in OrderState}


def job_counts(main: Read, search: SqliteSearch) -> Mapping[tuple[str, str], int]:
    """Give how many jobs there are by (destination, state)."""
    ended, gap = search.asked(lambda read: read(_BY_NAME, "ended"))
    if ended is None or gap.orders:
        rows = main("SELECT destination, state, count(*) FROM jobs GROUP BY destination, state")
        return {(row[0], row[1]): row[2] for row in rows}
    counts: Counter[tuple[str, str]] = Counter()
    for document, amount in ended:
        for destination, state in json.loads(document).items():
            counts[destination, state] += amount
    counts.update({(row[0], row[1]): row[2] for row in main(_LIVE)})
    return dict(counts)


class SqliteFigures:
    """See `search_interface.Figures`."""

    def __init__(self, file: SqliteFile, search: SqliteSearch) -> None:
        """Take the database, and the search that counts as it follows."""
        self._file = file
        self._search = search
        self._turn = threading.Lock()
        self._counted_at = 0.0
        self._counts: Counts | None = None

    def counts(self, max_age_s: float = 2.0) -> Counts:
        """See `Figures.counts`."""
        with self._turn:
            if self._counts is None or time.monotonic() - self._counted_at >= max_age_s:
                self._counts = self._count()
                self._counted_at = time.monotonic()
            return self._counts

    def _count(self) -> Counts:
        read, now = self._file.read, self._file.clock()
        quarantined, gap = self._search.asked(lambda side: side(_QUARANTINED))
        senders, _ = self._search.asked(lambda side: side(_SENDERS, _MOST_SENDERS, int(now // HOUR_S) - _HOURS))
        return Counts(
            at=now,
            orders=order_counts(read, self._search),
            jobs=job_counts(read, self._search),
            oldest={row[0]: row[1] for row in read(_OLDEST, now)},
            away={row[0]: row[1] for row in read("SELECT destination, until FROM pauses WHERE until > 0")},
            messages=read("SELECT coalesce(max(id), 0) FROM messages")[0][0],
            quarantined=quarantined[0][0] if quarantined else 0,
            senders=tuple(Sender(row[0], row[1], row[2]) for row in senders or ()),
            behind=gap.orders + gap.messages,
        )
