"""Who somebody is and what they may do: roles, each for the test and the prod environment."""

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


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who was recognised.

    Attributes:
        name: Of a user, or of a token and its user; for the audit trail.
        test: Role in the test environment.
        prod: Role in the prod environment.
        sees_messages: Whether HL7 may be read as it came: a feed may carry what it should not (scope `phi`).
    """

    name: str
    test: Role
    prod: Role
    sees_messages: bool = False

    def may(self, role: Role, environment: Environment = Environment.TEST) -> bool:
        """Tell whether their role in an environment is at least this one."""
        return (self.prod if environment is Environment.PROD else self.test) >= role


LOCAL: Final = Principal("local", Role.ADMIN, Role.ADMIN, sees_messages=True)
"""Whoever sits at this machine, while there are no users."""
