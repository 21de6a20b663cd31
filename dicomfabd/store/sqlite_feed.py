"""What happens to orders, on SQLite: the timeline of all of them, by number."""

import json
from collections.abc import Mapping

from dicomfabd.store.search_interface import FeedEvent
from dicomfabd.store.sqlite import SqliteFile


class SqliteFeed:
    """See `search_interface.Feed`."""

    def __init__(self, file: SqliteFile) -> None:
        """Take the database."""
        self._file = file

    def last_event_id(self) -> int:
        """See `Feed.last_event_id`."""
        return int(self._file.read("SELECT coalesce(max(id), 0) FROM events")[0][0])

    def after(self, event_id: int, limit: int, order_id: int | None = None) -> list[FeedEvent]:
        """See `Feed.after`."""
        columns = "SELECT id, order_id, at, event, detail FROM events WHERE"
        if order_id is None:
            rows = self._file.read(f"{columns} id > ? ORDER BY id LIMIT ?", event_id, limit)
        else:
            rows = self._file.read(f"{columns} order_id = ? AND id > ? ORDER BY id LIMIT ?", order_id, event_id, limit)
        return [FeedEvent(row[0], row[1], row[2], row[3], json.loads(row[4])) for row in rows]

    def revisions(self) -> Mapping[str, int]:
        """See `Feed.revisions`."""
        row = self._file.read(
            "SELECT (SELECT coalesce(max(id), 0) FROM events), (SELECT coalesce(max(id), 0) FROM messages),"
            " (SELECT revision FROM revisions WHERE subject = 'worklist')"
            " + (SELECT coalesce(max(id), 0) FROM orders),"
            " (SELECT revision FROM revisions WHERE subject = 'destinations')"
        )[0]
        return dict(zip(("orders", "messages", "worklist", "pacs"), row, strict=True))
