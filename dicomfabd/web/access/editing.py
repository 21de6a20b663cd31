"""What people do to users and tokens, checked and written to the audit trail; used by the API and the command line."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from dicomfabd.config.errors import Finding
from dicomfabd.domain.access import (
    RESERVED_USER_NAMES,
    USER_NAME,
    LastAdmin,
    Rights,
    Role,
    Scope,
    Token,
    User,
    in_order,
)
from dicomfabd.store.accounts_interface import Accounts, NewToken
from dicomfabd.store.interface import MessageBook
from dicomfabd.web.access.keys import digest_of, new_token
from dicomfabd.web.access.passwords import LONGEST, SHORTEST, Passwords

_T = TypeVar("_T")

MOST_TOKENS: Final = 100
_TOKEN_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


class AccountRefused(Exception):  # noqa: N818 - it is the caller's error, not ours
    """A user or a token cannot be kept as it stands."""

    def __init__(self, *faults: Finding) -> None:
        """Collect at least one fault."""
        super().__init__("; ".join(f"{fault.field}: {fault.text}. {fault.hint}".rstrip() for fault in faults))
        self.faults = faults


class AccountConflict(Exception):  # noqa: N818 - a state of affairs, not a mistake
    """It cannot be done as things are; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class AccountEditor:
    """Adds, changes and removes users and tokens, and notes who did. Thread-safe.

    Attributes:
        trail: Where it is noted.
        actor: Who acts.
    """

    accounts: Accounts
    passwords: Passwords
    trail: MessageBook
    actor: str

    def add(self, name: str, password: str, rights: Rights) -> User:
        """Add a user; raises AccountRefused or AccountConflict."""
        check_name(name)
        check_password(password)
        added = _governed(lambda: self.accounts.add(name, self.passwords.hash(password), rights))
        if added is None:
            raise AccountConflict(f"there is a user named {name}. Change it, or use another name.")
        self._note("user.add", f"user {name}", _rights_in_words(rights))
        return added

    def change(self, user: User, rights: Rights) -> User:
        """Give a user other rights; raises AccountConflict."""
        changed = _governed(lambda: self.accounts.change(user.user_id, rights))
        if changed is None:
            raise AccountConflict(f"{user.name} was removed meanwhile")
        before, after = _rights_in_words(user.rights), _rights_in_words(rights)
        self._note("user.edit", f"user {user.name}", {key: after[key] for key in after if after[key] != before[key]})
        return changed

    def set_password(self, user: User, password: str, keep: bytes = b"") -> None:
        """Give a user another password, and end their sessions but one; raises AccountRefused or AccountConflict."""
        check_password_of(user, password)
        if not self.accounts.set_password(user.user_id, self.passwords.hash(password), keep):
            raise AccountConflict(f"{user.name} was removed meanwhile")
        self._note("user.password", f"user {user.name}", {})

    def remove(self, user: User) -> None:
        """Remove a user with all they have; raises AccountConflict."""
        if not _governed(lambda: self.accounts.remove(user.user_id)):
            raise AccountConflict(f"{user.name} was removed meanwhile")
        self._note("user.remove", f"user {user.name}", {})

    def add_token(self, owner: User, new: NewToken) -> tuple[Token, str]:
        """Make a token, and give the text that is never shown again; raises AccountRefused or AccountConflict."""
        if not _TOKEN_NAME.fullmatch(new.name):
            hint = "Use lower-case letters, digits, - and _, 1 to 32 characters."
            raise AccountRefused(Finding("name", "is not a name of a token", hint))
        if not new.scopes - {Scope.PHI}:
            raise AccountRefused(Finding("scopes", "let the token do nothing", "Give read, operate or admin."))
        if len(self.accounts.tokens(owner.user_id)) >= MOST_TOKENS:
            raise AccountConflict(f"{owner.name} has {MOST_TOKENS} tokens. Revoke one that is not used.")
        text = new_token()
        token = self.accounts.add_token(owner.user_id, digest_of(text), new)
        if token is None:
            raise AccountConflict(f"{owner.name} has a token named {new.name}. Revoke it, or use another name.")
        detail = {"scopes": in_order(new.scopes), "expires": _day_of(new.expires_at)}
        self._note("token.add", f"token {owner.name}/{new.name}", detail)
        return token, text

    def revoke(self, token_ids: Collection[int], user_id: int | None = None) -> list[Token]:
        """End tokens, of one user only if told so; gives those there were."""
        found = self.accounts.revoke(token_ids, user_id)
        for token in found:
            self._note("token.revoke", f"token {token.owner.name}/{token.name}", {})
        return found

    def _note(self, action: str, target: str, detail: Mapping[str, object]) -> None:
        self.trail.audit(self.actor, action, target, detail)


def check_name(name: str) -> None:
    """See that a user may be called so; raises AccountRefused."""
    if not USER_NAME.fullmatch(name):
        hint = "Use lower-case letters, digits and . _ @ -, 1 to 64 characters."
        raise AccountRefused(Finding("name", "is not a name of a user", hint))
    if name in RESERVED_USER_NAMES:
        raise AccountRefused(Finding("name", "means something else in the audit trail", "Use another name."))


def check_password_of(user: User, password: str) -> None:
    """See that a user may have this password; raises AccountRefused, or AccountConflict for one who has none here."""
    if user.subject:
        raise AccountConflict(f"{user.name} signs in at the identity provider, and has no password here")
    check_password(password)


def check_password(password: str) -> None:
    """See that a password is worth one; raises AccountRefused."""
    if len(password) < SHORTEST:
        hint = f"Use {SHORTEST} characters or more; several words do."
        raise AccountRefused(Finding("password", "is too short", hint))
    if len(password) > LONGEST:
        raise AccountRefused(Finding("password", "is too long", f"Use {LONGEST} characters at most."))
    if len(set(password)) < 4:
        raise AccountRefused(Finding("password", "repeats a few characters", "Use more different ones."))


def _governed(act: Callable[[], _T]) -> _T:
    try:
        return act()
    except LastAdmin as error:
        raise AccountConflict(
            "nobody would be left to manage users, or there is nobody yet: somebody has to be active and admin in both"
            " environments"
        ) from error


def _day_of(expires_at: float | None) -> str:
    return "never" if expires_at is None else datetime.fromtimestamp(expires_at, UTC).date().isoformat()


def _rights_in_words(rights: Rights) -> dict[str, object]:
    return {
        "test": Role(rights.test).name.lower(),
        "prod": Role(rights.prod).name.lower(),
        "phi": rights.sees_messages,
        "active": rights.is_active,
    }
