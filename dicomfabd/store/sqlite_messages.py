"""The message book on SQLite: what came, how it was answered, what people did about it."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_json

from dicomfabd.domain.errors import Fault
from dicomfabd.store.interface import AuditEntry, MessageQuery, Page, StoredMessage
from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.sqlite_search import SqliteSearch
from dicomfabd.store.sqlite_search_messages import LAST

_COLUMNS = (
    "id, received_at, source, peer, sending_application, sending_facility, control_id, message_type, ack_code,"
    " is_quarantined, replay_of, reasons, did"
)


class SqliteMessageBook:
    """See `interface.MessageBook`."""

    def __init__(self, file: SqliteFile, search: SqliteSearch) -> None:
        """Take the database, and what is searched where it has no index."""
        self._file = file
        self._search = search

    def find(self, query: MessageQuery) -> Page[StoredMessage]:
        """See `interface.MessageBook.find`."""
        if _has_an_index(query):
            found = self._read(*_conditions(query), query.limit)
            return Page(found, found[-1].message_id if len(found) == query.limit else None)
        ids, goes_on, behind = self._search.messages(query)
        found = self._read(["id IN (SELECT value FROM json_each(?))"], [json.dumps(ids)], len(ids))
        return Page(found, goes_on, behind)

    def get(self, message_id: int) -> StoredMessage | None:
        """See `interface.MessageBook.get`."""
        rows = self._file.read(f"SELECT {_COLUMNS}, raw, answer FROM messages WHERE id = ?", message_id)  # noqa: S608 - our own text
        return _stored(rows[0], rows[0]["raw"], rows[0]["answer"]) if rows else None

    def has_messages(self) -> bool:
        """See `interface.MessageBook.has_messages`."""
        return bool(self._file.read("SELECT 1 FROM messages LIMIT 1"))

    def audit(self, actor: str, action: str, target: str, detail: Mapping[str, object]) -> None:
        """See `interface.MessageBook.audit`."""
        row = (self._file.clock(), actor, action, target, to_json(detail).decode())

        def operation(db: sqlite3.Connection) -> None:
            db.execute("INSERT INTO audit (at, actor, action, target, detail) VALUES (?, ?, ?, ?, ?)", row)

        self._file.writer.run(operation)

    def audit_trail(
        self, before_id: int | None = None, limit: int = 100, actor: str = "", action: str = ""
    ) -> list[AuditEntry]:
        """See `interface.MessageBook.audit_trail`."""
        conditions: list[str] = []
        parameters: list[object] = []
        if before_id is not None:
            conditions.append("id < ?")
            parameters.append(before_id)
        if actor:
            conditions.append("instr(lower(actor), lower(?)) > 0")
            parameters.append(actor)
        if action.endswith("."):
            # A range, so that the index serves it; `/` follows `.`.
            conditions.append("action > ? AND action < ?")
            parameters += [action, f"{action[:-1]}/"]
        elif action:
            conditions.append("action = ?")
            parameters.append(action)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._file.read(f"SELECT * FROM audit {where} ORDER BY id DESC LIMIT ?", *parameters, limit)  # noqa: S608 - only our own text
        return [
            AuditEntry(row["id"], row["at"], row["actor"], row["action"], row["target"], json.loads(row["detail"]))
            for row in rows
        ]

    def _read(self, conditions: Sequence[str], parameters: Sequence[Any], limit: int) -> list[StoredMessage]:
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        sql = f"SELECT {_COLUMNS} FROM messages {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - only our own text
        return [_stored(row) for row in self._file.read(sql, *parameters, limit)]


def _has_an_index(query: MessageQuery) -> bool:
    """Tell whether the store itself finds these, newest first; who repeats a key must find it at once."""
    if query.replay_of is not None or (query.control_id and query.codes == {"AA"}):
        return True
    return query == MessageQuery(before_id=query.before_id, limit=query.limit)


def _conditions(query: MessageQuery) -> tuple[list[str], list[Any]]:
    wanted: list[tuple[str, Any]] = [
        ("message_type = ?", query.message_type or None),
        ("sending_application = ?", query.sending_application or None),
        ("source = ?", query.source or None),
        ("control_id = ? AND control_id <> ''", query.control_id or None),
        ("received_at >= ?", query.received_from),
        ("received_at < ?", query.received_before),
        ("is_quarantined = ?", query.is_quarantined),
        ("replay_of = ?", query.replay_of),
        ("id < ?", query.before_id),
    ]
    conditions = [condition for condition, value in wanted if value is not None]
    parameters = [value for _, value in wanted if value is not None]
    if query.text:
        conditions.append("control_id >= ? AND control_id < ?")
        parameters += [query.text, query.text + LAST]
    if query.codes == {"AA"}:
        conditions.append("ack_code = 'AA'")  # said so, an index of those that were taken is used
    elif query.codes:
        conditions.append(f"ack_code IN ({', '.join('?' for _ in query.codes)})")
        parameters += sorted(query.codes)
    return conditions, parameters


def _stored(row: sqlite3.Row, raw: bytes = b"", answer: bytes = b"") -> StoredMessage:
    return StoredMessage(
        message_id=row["id"],
        received_at=row["received_at"],
        source=row["source"],
        peer=row["peer"],
        sending_application=row["sending_application"],
        sending_facility=row["sending_facility"],
        control_id=row["control_id"],
        message_type=row["message_type"],
        code=row["ack_code"],
        is_quarantined=bool(row["is_quarantined"]),
        replay_of=row["replay_of"],
        faults=tuple(Fault(**fault) for fault in json.loads(row["reasons"])),
        did=tuple((action, subject, order_id) for action, subject, order_id in json.loads(row["did"])),
        raw=raw,
        answer=answer,
    )
