"""The message book on SQLite: what came, how it was answered, what people did about it."""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from dicomfabd.domain.errors import Fault
from dicomfabd.store.interface import AuditEntry, MessageQuery, StoredMessage
from dicomfabd.store.sqlite import SqliteFile

_COLUMNS = (
    "id, received_at, source, peer, sending_application, sending_facility, control_id, message_type, ack_code,"
    " is_quarantined, replay_of, reasons, did"
)


class SqliteMessageBook:
    """See `interface.MessageBook`."""

    def __init__(self, file: SqliteFile) -> None:
        """Take the database."""
        self._file = file

    def find(self, query: MessageQuery) -> list[StoredMessage]:
        """See `interface.MessageBook.find`."""
        conditions, parameters = _conditions(query)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        sql = f"SELECT {_COLUMNS} FROM messages {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - only our own text
        return [_stored(row) for row in self._file.read(sql, *parameters, query.limit)]

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


def _conditions(query: MessageQuery) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    parameters: list[Any] = []
    for name in ("message_type", "sending_application", "control_id"):
        if value := getattr(query, name):
            conditions.append(f"{name} = ?")
            parameters.append(value)
    if query.control_id:
        conditions.append("control_id <> ''")
    if query.codes:
        conditions.append(f"ack_code IN ({', '.join('?' for _ in query.codes)})")
        parameters += sorted(query.codes)
        if "AA" not in query.codes:
            conditions.append("ack_code <> 'AA'")  # lets SQLite use the small index of what was not taken
    if query.is_quarantined is not None:
        conditions.append("is_quarantined = ?")
        parameters.append(int(query.is_quarantined))
        if query.is_quarantined:
            conditions.append("ack_code <> 'AA'")
    if query.replay_of is not None:
        conditions.append("replay_of = ?")
        parameters.append(query.replay_of)
    if query.before_id is not None:
        conditions.append("id < ?")
        parameters.append(query.before_id)
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
