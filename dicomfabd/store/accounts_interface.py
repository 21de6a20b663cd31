"""What a store keeps of users, sessions and tokens; `tests/store/test_accounts.py` holds every back end to it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from dicomfabd.domain.access import Rights, Scope, Token, User


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that is to be; `expires_at` is Unix seconds, or None for never."""

    name: str
    scopes: frozenset[Scope]
    expires_at: float | None = None


class Accounts(Protocol):
    """Keeps who may use the page and the API. Thread-safe; a change in any process counts at the next look.

    Secrets never come here: of sessions and tokens their SHA-256, of passwords their argon2id.
    """

    def has_users(self) -> bool:
        """Tell whether there is any user."""

    def users(self) -> list[User]:
        """Give all users by name."""

    def user(self, name: str) -> User | None:
        """Give one, or None."""

    def password_of(self, name: str) -> tuple[User, str] | None:
        """Give a user with their password's hash, empty where they have none; or None."""

    def add(self, name: str, password: str, rights: Rights) -> User | None:
        """Add a user; None if the name is taken. Raises LastAdmin if there would be users, and nobody to manage them.

        Args:
            name: Unique.
            password: Its argon2id hash.
            rights: What they may.
        """

    def change(self, user_id: int, rights: Rights) -> User | None:
        """Give a user other rights, and sign out one who has none; None if there is none. Raises LastAdmin."""

    def set_password(self, user_id: int, password: str, keep: bytes = b"") -> bool:
        """Give a user another password's hash and end their sessions but the one of this digest; False if none."""

    def remove(self, user_id: int) -> bool:
        """Remove a user with their sessions and tokens; False if there is none. Raises LastAdmin."""

    def enroll(self, subject: str, name: str, rights: Rights) -> User | None:
        """Take over what an identity provider says of somebody, new or known; None if another user has the name.

        A known one keeps name and `is_active`. The provider has the last word on rights: nobody may be left as admin.
        """

    def open_session(self, user_id: int, digest: bytes, address: str, idle_s: float, longest_s: float) -> None:
        """Sign a user in, and forget the sessions that ended by themselves."""

    def session(self, digest: bytes, idle_s: float, longest_s: float, *, is_use: bool = True) -> User | None:
        """Give who is signed in, or None where there is no such session, or it has ended, or they may do nothing.

        Args:
            digest: SHA-256 of what the browser holds.
            idle_s: A session ends that was not used for so long; a use is noted now and then, not each time.
            longest_s: It ends in any case when it is so old.
            is_use: Whether this counts as a use.
        """

    def close_session(self, digest: bytes) -> bool:
        """End one; False if there is none."""

    def add_token(self, user_id: int, digest: bytes, new: NewToken) -> Token | None:
        """Keep a token; None if its owner has one of that name, or is gone."""

    def tokens(self, user_id: int | None = None) -> list[Token]:
        """Give the tokens of a user, or all, newest first; those that have expired too."""

    def token(self, digest: bytes) -> Token | None:
        """Give a token that may be used now, or None; notes its use once a minute at most."""

    def revoke(self, token_ids: Collection[int], user_id: int | None = None) -> list[Token]:
        """End tokens, of one user only if told so; gives those there were."""
