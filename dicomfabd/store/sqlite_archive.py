"""The index of the built-in archive on SQLite, in a file of its own: it may be busy without slowing the queue."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final

from dicomfabd.store.archive_interface import ArchivedInstance, ArchiveQuery, Attributes, Level, StoredInstance
from dicomfabd.store.sqlite_archive_commitments import SqliteCommitmentBook
from dicomfabd.store.sqlite_archive_entry import enter, strike_out
from dicomfabd.store.sqlite_archive_query import LISTS, order_sql, place_sql, rows_sql, source_sql

_ROWS_AT_ONCE: Final = 500

_INSTANCE: Final = (
    "images.id AS id, studies.study_instance_uid, series.series_instance_uid, images.sop_instance_uid,"
    " images.sop_class_uid, images.transfer_syntax_uid, images.size"
)


class SqliteArchiveIndex(SqliteCommitmentBook):
    """See `archive_interface.ArchiveIndex`."""

    def highest_id(self) -> int:
        """See `ArchiveIndex.highest_id`."""
        return int(self._file.read("SELECT coalesce(max(id), 0) FROM images")[0][0])

    def add(self, instances: Sequence[ArchivedInstance]) -> list[bool]:
        """See `ArchiveIndex.add`."""
        now = self._file.clock()
        return self._file.writer.run(lambda db: [enter(db, instance, now) for instance in instances], len(instances))

    def find(self, query: ArchiveQuery) -> Iterator[Attributes]:
        """See `ArchiveIndex.find`."""
        columns, source, parameters = rows_sql(query)
        for row in self._rows(query, columns, source, parameters):
            yield _attributes(row, query)

    def instances(self, query: ArchiveQuery) -> Iterator[StoredInstance]:
        """See `ArchiveIndex.instances`."""
        source, parameters = source_sql(query, Level.IMAGE)
        below = ArchiveQuery(Level.IMAGE, limit=query.limit, offset=query.offset, is_newest_first=query.is_newest_first)
        columns = f"{_INSTANCE}, {place_sql(below)} AS StudyPlace"
        for row in self._rows(below, columns, source, parameters):
            yield StoredInstance(*row[:-1])

    def remove(self, query: ArchiveQuery, received_before: float | None = None) -> list[int]:
        """See `ArchiveIndex.remove`."""
        source, parameters = source_sql(query, Level.IMAGE)
        if received_before is not None:
            source, parameters = f"{source} AND studies.received_at < ?", [*parameters, received_before]
        return self._file.writer.run(lambda db: strike_out(db, source, parameters))

    def oldest_study(self, before: float) -> str | None:
        """See `ArchiveIndex.oldest_study`."""
        rows = self._file.read(
            "SELECT study_instance_uid AS uid FROM studies WHERE received_at < ? ORDER BY received_at, id LIMIT 1",
            before,
        )
        return rows[0]["uid"] if rows else None

    def size(self) -> int:
        """See `ArchiveIndex.size`."""
        return int(self._file.read("SELECT coalesce(sum(size), 0) FROM images")[0][0])

    def known_ids(self, first: int, last: int) -> frozenset[int]:
        """See `ArchiveIndex.known_ids`."""
        return frozenset(
            row["id"] for row in self._file.read("SELECT id FROM images WHERE id BETWEEN ? AND ?", first, last)
        )

    def _rows(self, query: ArchiveQuery, columns: str, source: str, parameters: list[Any]) -> Iterator[sqlite3.Row]:
        """Give rows piece by piece, each piece from where the last one ended: no statement stays open meanwhile."""
        left, place, offset = query.limit, query.after, query.offset
        while left is None or left > 0:
            follows, place_parameters, order = order_sql(query, place)
            amount = _ROWS_AT_ONCE if left is None else min(left, _ROWS_AT_ONCE)
            sql = f"SELECT {columns} FROM {source} AND {follows} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608 - only our own text
            rows = self._file.read(sql, *parameters, *place_parameters, amount, offset)
            yield from rows
            if len(rows) < amount:
                return
            left = None if left is None else left - amount
            place, offset = rows[-1]["StudyPlace"], 0


def _attributes(row: sqlite3.Row, query: ArchiveQuery) -> Attributes:
    found: dict[str, str] = {}
    for name in row.keys():  # noqa: SIM118 - iterating a row gives its values
        if name in query.computed:
            value = "" if row[name] is None else str(row[name])
            found[name] = "\\".join(sorted(filter(None, value.split(",")))) if name in LISTS else value
        elif name not in ("id", "StudyPlace"):
            found.update(json.loads(row[name]))
    return found
