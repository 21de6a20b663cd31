"""What people send about users and tokens."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from dicomfabd.domain.access import Rights, Role, Scope
from dicomfabd.web.access.passwords import LONGEST, SHORTEST

RoleName = Literal["none", "viewer", "operator", "admin"]
# Their lengths are judged where the command line's are; here only what would cost us something.
_Name = Annotated[str, Field(min_length=1, max_length=64, examples=["jane"])]
_Password = Annotated[
    str, Field(max_length=LONGEST, description=f"{SHORTEST} characters or more.", examples=["correct horse battery"])
]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignInIn(_In):
    """Who wants to sign in."""

    name: _Name
    password: _Password


class PasswordIn(_In):
    """A password of one's own in place of another."""

    old: Annotated[str, Field(max_length=LONGEST)]
    new: _Password


class UserIn(_In):
    """A user that is to be."""

    name: _Name
    password: _Password
    test: RoleName = Field("none", description="Role for orders, the archive and destinations for tests.")
    prod: RoleName = Field("none", description="Role for destinations marked prod.")
    phi: bool = Field(False, description="Whether they may read HL7 as it came.")

    def rights(self) -> Rights:
        """Give what they may."""
        return Rights(role(self.test), role(self.prod), self.phi)


class UserChangeIn(_In):
    """What is to be different of a user; what is left out stays."""

    test: RoleName | None = None
    prod: RoleName | None = None
    phi: bool | None = None
    active: bool | None = Field(None, description="One who is not active is signed out, and may do nothing.")
    password: Annotated[str, Field(max_length=LONGEST)] | None = Field(None, description="Ends their sessions.")

    def rights(self, old: Rights) -> Rights:
        """Give what they may from now on."""
        return Rights(
            old.test if self.test is None else role(self.test),
            old.prod if self.prod is None else role(self.prod),
            old.sees_messages if self.phi is None else self.phi,
            old.is_active if self.active is None else self.active,
        )


class TokenIn(_In):
    """A token that is to be."""

    name: Annotated[str, Field(min_length=1, max_length=32, examples=["nightly"])]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=4, examples=[["read", "operate"]])]
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = Field(None, description="Never, where left out.")


def role(name: RoleName) -> Role:
    """Give the role of a name."""
    return Role[name.upper()]
