"""Users, sessions and tokens on SQLite."""

import sqlite3
from collections.abc import Collection
from typing import Final

from dicomfabd.domain.access import LastAdmin, Rights, Role, Scope, Token, User, in_order
from dicomfabd.store.accounts_interface import NewToken
from dicomfabd.store.sqlite import SqliteFile

_NOTED_EVERY_S: Final = 60.0
"""A use is written no more often: it is one flush of the disk."""

_USER: Final = (
    "u.id AS user_id, u.name AS user_name, u.subject, u.password <> '' AS has_password, u.test_role, u.prod_role,"
    " u.sees_messages, u.is_active, u.created_at AS user_created_at, u.signed_in_at"
)
_OF_TOKEN: Final = "t.id, t.name, t.scopes, t.created_at, t.expires_at, t.used_at"  # noqa: S105 - columns
_TOKENS: Final = f"SELECT {_OF_TOKEN}, {_USER} FROM tokens t JOIN users u ON u.id = t.user_id"  # noqa: S608 - our own text
_SESSIONS: Final = f"SELECT s.used_at, {_USER} FROM sessions s JOIN users u ON u.id = s.user_id"  # noqa: S608 - our own text
_IS_OPEN: Final = "s.used_at > ?2 AND s.created_at > ?3"


class SqliteAccounts:
    """See `accounts_interface.Accounts`."""

    def __init__(self, file: SqliteFile) -> None:
        """Take the database."""
        self._file = file

    def has_users(self) -> bool:
        """See `Accounts.has_users`."""
        return bool(self._file.read("SELECT 1 FROM users LIMIT 1"))

    def users(self) -> list[User]:
        """See `Accounts.users`."""
        return [_user(row) for row in self._file.read(f"SELECT {_USER} FROM users u ORDER BY u.name")]  # noqa: S608 - our own text

    def user(self, name: str) -> User | None:
        """See `Accounts.user`."""
        found = self.password_of(name)
        return found[0] if found else None

    def password_of(self, name: str) -> tuple[User, str] | None:
        """See `Accounts.password_of`."""
        rows = self._file.read(f"SELECT u.password, {_USER} FROM users u WHERE u.name = ?", name)  # noqa: S608 - our own text
        return (_user(rows[0]), rows[0]["password"]) if rows else None

    def add(self, name: str, password: str, rights: Rights) -> User | None:
        """See `Accounts.add`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> User | None:
            user_id = _insert(db, name, password, None, rights, now)
            if user_id is None:
                return None
            _check_governed(db)
            return _by_id(db, user_id)

        return self._file.writer.run(operation)

    def change(self, user_id: int, rights: Rights) -> User | None:
        """See `Accounts.change`."""

        def operation(db: sqlite3.Connection) -> User | None:
            if not _set_rights(db, user_id, rights):
                return None
            _check_governed(db)
            return _by_id(db, user_id)

        return self._file.writer.run(operation)

    def set_password(self, user_id: int, password: str, keep: bytes = b"") -> bool:
        """See `Accounts.set_password`."""

        def operation(db: sqlite3.Connection) -> bool:
            db.execute("DELETE FROM sessions WHERE user_id = ? AND digest <> ?", (user_id, keep))
            return db.execute("UPDATE users SET password = ? WHERE id = ?", (password, user_id)).rowcount == 1

        return self._file.writer.run(operation)

    def remove(self, user_id: int) -> bool:
        """See `Accounts.remove`."""

        def operation(db: sqlite3.Connection) -> bool:
            if db.execute("DELETE FROM users WHERE id = ?", (user_id,)).rowcount == 0:
                return False
            _check_governed(db)
            return True

        return self._file.writer.run(operation)

    def enroll(self, subject: str, name: str, rights: Rights) -> User | None:
        """See `Accounts.enroll`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> User | None:
            row = db.execute("SELECT id, is_active FROM users WHERE subject = ?", (subject,)).fetchone()
            if row is None:
                user_id = _insert(db, name, "", subject, rights, now)
                return None if user_id is None else _by_id(db, user_id)
            known = Rights(rights.test, rights.prod, rights.sees_messages, bool(row["is_active"]))
            _set_rights(db, row["id"], known)
            return _by_id(db, row["id"])

        return self._file.writer.run(operation)

    def open_session(self, user_id: int, digest: bytes, address: str, idle_s: float, longest_s: float) -> None:
        """See `Accounts.open_session`."""
        now = self._file.clock()

        def operation(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM sessions WHERE used_at <= ? OR created_at <= ?", (now - idle_s, now - longest_s))
            db.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?)", (digest, user_id, address, now, now))
            db.execute("UPDATE users SET signed_in_at = ? WHERE id = ?", (now, user_id))

        self._file.writer.run(operation)

    def session(self, digest: bytes, idle_s: float, longest_s: float, *, is_use: bool = True) -> User | None:
        """See `Accounts.session`."""
        now = self._file.clock()
        rows = self._file.read(f"{_SESSIONS} WHERE s.digest = ?1 AND {_IS_OPEN}", digest, now - idle_s, now - longest_s)
        user = _user(rows[0]) if rows else None
        if user is None or not user.rights.are_any:
            return None
        if is_use and now - rows[0]["used_at"] >= min(_NOTED_EVERY_S, idle_s / 10):
            self._note("UPDATE sessions SET used_at = ? WHERE digest = ?", now, digest)
        return user

    def close_session(self, digest: bytes) -> bool:
        """See `Accounts.close_session`."""
        return self._note("DELETE FROM sessions WHERE digest = ?", digest) == 1

    def add_token(self, user_id: int, digest: bytes, new: NewToken) -> Token | None:
        """See `Accounts.add_token`."""
        scopes = " ".join(in_order(new.scopes))
        row = (digest, user_id, new.name, scopes, self._file.clock(), new.expires_at)

        def operation(db: sqlite3.Connection) -> Token | None:
            done = db.execute(
                "INSERT OR IGNORE INTO tokens (digest, user_id, name, scopes, created_at, expires_at)"
                " SELECT ?1, id, ?3, ?4, ?5, ?6 FROM users WHERE id = ?2",
                row,
            )
            if done.rowcount == 0:
                return None
            return _token(db.execute(f"{_TOKENS} WHERE t.digest = ?", (digest,)).fetchone())

        return self._file.writer.run(operation)

    def tokens(self, user_id: int | None = None) -> list[Token]:
        """See `Accounts.tokens`."""
        rows = self._file.read(f"{_TOKENS} WHERE ?1 IS NULL OR t.user_id = ?1 ORDER BY t.id DESC", user_id)
        return [_token(row) for row in rows]

    def token(self, digest: bytes) -> Token | None:
        """See `Accounts.token`."""
        now = self._file.clock()
        rows = self._file.read(
            f"{_TOKENS} WHERE t.digest = ? AND (t.expires_at IS NULL OR t.expires_at > ?)", digest, now
        )
        token = _token(rows[0]) if rows else None
        if token is None or not token.owner.rights.are_any:
            return None
        if token.used_at is None or now - token.used_at >= _NOTED_EVERY_S:
            self._note("UPDATE tokens SET used_at = ? WHERE id = ?", now, token.token_id)
        return token

    def revoke(self, token_ids: Collection[int], user_id: int | None = None) -> list[Token]:
        """See `Accounts.revoke`."""

        def operation(db: sqlite3.Connection) -> list[Token]:
            found = [
                row
                for token_id in dict.fromkeys(token_ids)
                if (row := db.execute(f"{_TOKENS} WHERE t.id = ?", (token_id,)).fetchone())
                and user_id in (None, row["user_id"])
            ]
            db.executemany("DELETE FROM tokens WHERE id = ?", [(row["id"],) for row in found])
            return [_token(row) for row in found]

        return self._file.writer.run(operation)

    def _note(self, sql: str, *parameters: object) -> int:
        return self._file.writer.run(lambda db: db.execute(sql, parameters).rowcount)


def _insert(
    db: sqlite3.Connection, name: str, password: str, subject: str | None, rights: Rights, now: float
) -> int | None:
    """Add a user; None if the name is taken."""
    row = (name, password, subject, *_columns(rights), now)
    done = db.execute(
        "INSERT OR IGNORE INTO users"
        " (name, password, subject, test_role, prod_role, sees_messages, is_active, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    )
    return done.lastrowid if done.rowcount else None


def _set_rights(db: sqlite3.Connection, user_id: int, rights: Rights) -> bool:
    done = db.execute(
        "UPDATE users SET test_role = ?, prod_role = ?, sees_messages = ?, is_active = ? WHERE id = ?",
        (*_columns(rights), user_id),
    )
    if not rights.are_any:
        db.execute("DELETE FROM sessions WHERE user_id = ?", (user_id,))
    return done.rowcount == 1


def _check_governed(db: sqlite3.Connection) -> None:
    """Raise LastAdmin, which undoes the change, where nobody may manage users."""
    rows = db.execute(f"SELECT {_USER} FROM users u").fetchall()  # noqa: S608 - our own text
    if not any(_user(row).rights.governs for row in rows):
        raise LastAdmin("nobody would be left who is active and admin in both environments")


def _columns(rights: Rights) -> tuple[int, int, int, int]:
    return int(rights.test), int(rights.prod), int(rights.sees_messages), int(rights.is_active)


def _by_id(db: sqlite3.Connection, user_id: int) -> User:
    return _user(db.execute(f"SELECT {_USER} FROM users u WHERE u.id = ?", (user_id,)).fetchone())  # noqa: S608 - our own text


def _user(row: sqlite3.Row) -> User:
    rights = Rights(Role(row["test_role"]), Role(row["prod_role"]), bool(row["sees_messages"]), bool(row["is_active"]))
    return User(
        row["user_id"],
        row["user_name"],
        rights,
        row["subject"] or "",
        bool(row["has_password"]),
        row["user_created_at"],
        row["signed_in_at"],
    )


def _token(row: sqlite3.Row) -> Token:
    scopes = frozenset(map(Scope, row["scopes"].split()))
    return Token(row["id"], row["name"], _user(row), scopes, row["created_at"], row["expires_at"], row["used_at"])
