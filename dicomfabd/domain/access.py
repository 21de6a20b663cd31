"""Who somebody is and what they may do: roles, each for the test and the prod environment; users and tokens."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final


class Role(IntEnum):
    """What somebody may do in an environment; a higher one may all that a lower one may."""

    NONE = 0
    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3


class Environment(StrEnum):
    """What a destination is for, as `Destination.environment` marks it; orders and our own archive are `test`."""

    TEST = "test"
    PROD = "prod"


class Reach(StrEnum):
    """Where a role is asked for that is not about one environment."""

    EITHER = "either environment"
    BOTH = "both environments"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who was recognised.

    Attributes:
        name: Of a user, or of a user and their token; for the audit trail.
        test: Role in the test environment.
        prod: Role in the prod environment.
        sees_messages: Whether HL7 may be read as it came: a feed may carry what it should not (scope `phi`).
        user_id: Of the user; 0 is whoever sits at this machine.
        token_id: Of the token that was sent; 0 is a person who signed in.
    """

    name: str
    test: Role
    prod: Role
    sees_messages: bool = False
    user_id: int = 0
    token_id: int = 0

    def may(self, role: Role, where: Environment | Reach = Environment.TEST) -> bool:
        """Tell whether their role in an environment, in either or in both is at least this one."""
        had = {
            Environment.TEST: self.test,
            Environment.PROD: self.prod,
            Reach.EITHER: max(self.test, self.prod),
            Reach.BOTH: min(self.test, self.prod),
        }
        return had[where] >= role

    @property
    def is_local(self) -> bool:
        """True for whoever sits at this machine while there are no users."""
        return self.user_id == 0


LOCAL: Final = Principal("local", Role.ADMIN, Role.ADMIN, sees_messages=True)
"""Whoever sits at this machine, while there are no users."""

USER_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
"""What a user may be called."""

RESERVED_USER_NAMES: Final = frozenset({"cli", "http", LOCAL.name})
"""What the audit trail calls those who are no users."""


class Scope(StrEnum):
    """What a token may do of all that its owner may."""

    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"
    PHI = "phi"


_MOST: Final = {Scope.READ: Role.VIEWER, Scope.OPERATE: Role.OPERATOR, Scope.ADMIN: Role.ADMIN, Scope.PHI: Role.NONE}


@dataclass(frozen=True, slots=True)
class Rights:
    """What a user may do.

    Attributes:
        sees_messages: As in `Principal`.
        is_active: One who is not may do nothing, and is signed out.
    """

    test: Role = Role.NONE
    prod: Role = Role.NONE
    sees_messages: bool = False
    is_active: bool = True

    @property
    def governs(self) -> bool:
        """True for an active admin of both environments, who may manage users."""
        return self.is_active and min(self.test, self.prod) is Role.ADMIN

    @property
    def are_any(self) -> bool:
        """True where there is something they may do."""
        return self.is_active and max(self.test, self.prod) > Role.NONE


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in; times are Unix seconds.

    Attributes:
        subject: Who they are at the identity provider (issuer and subject), or empty.
        has_password: Whether they may sign in with one.
    """

    user_id: int
    name: str
    rights: Rights
    subject: str
    has_password: bool
    created_at: float
    signed_in_at: float | None

    def principal(self) -> Principal:
        """Give them as signed in."""
        rights = self.rights
        return Principal(self.name, rights.test, rights.prod, rights.sees_messages, self.user_id)


@dataclass(frozen=True, slots=True)
class Token:
    """A key for scripts; of its text nothing is known but a hash. Times are Unix seconds."""

    token_id: int
    name: str
    owner: User
    scopes: frozenset[Scope]
    created_at: float
    expires_at: float | None
    used_at: float | None

    def principal(self) -> Principal:
        """Give what it may: what its owner may, capped by its scopes."""
        rights = self.owner.rights
        most = max(_MOST[scope] for scope in self.scopes)
        return Principal(
            f"{self.owner.name}/{self.name}",
            min(rights.test, most),
            min(rights.prod, most),
            rights.sees_messages and Scope.PHI in self.scopes,
            self.owner.user_id,
            self.token_id,
        )


class LastAdmin(Exception):  # noqa: N818 - a state of affairs, not a mistake
    """Nobody would be left who may manage users."""


def in_order(scopes: Iterable[Scope]) -> list[Scope]:
    """Give scopes as people read them, the least first."""
    chosen = frozenset(scopes)
    return [scope for scope in Scope if scope in chosen]
