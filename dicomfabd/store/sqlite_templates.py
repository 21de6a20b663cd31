"""Saved templates, on SQLite."""

import sqlite3

from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.templates_interface import Template


class SqliteTemplates:
    """See `templates_interface.Templates`."""

    def __init__(self, file: SqliteFile) -> None:
        """Take the database."""
        self._file = file

    def list(self) -> list[Template]:
        """See `Templates.list`."""
        rows = self._file.read("SELECT name, kind, content, updated_at FROM templates ORDER BY name")
        return [Template(*row) for row in rows]

    def put(self, template: Template, most: int) -> bool:
        """See `Templates.put`."""
        row = (template.name, template.kind, template.content, self._file.clock())

        def operation(db: sqlite3.Connection) -> bool:
            others = db.execute("SELECT count(*) FROM templates WHERE name <> ?", (template.name,)).fetchone()[0]
            if others >= most:
                return False
            db.execute("INSERT OR REPLACE INTO templates (name, kind, content, updated_at) VALUES (?, ?, ?, ?)", row)
            return True

        return self._file.writer.run(operation)

    def remove(self, name: str) -> bool:
        """See `Templates.remove`."""
        return self._file.writer.run(
            lambda db: db.execute("DELETE FROM templates WHERE name = ?", (name,)).rowcount == 1
        )
