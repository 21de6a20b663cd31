"""What a route needs, said beside it, and asked before anything of the request's body is read."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.routing import APIRoute

from dicomfabd.domain.access import Environment, Principal, Reach, Role

_MARK: Final = "__needs__"
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Needs:
    """What somebody must be to use a route.

    Attributes:
        role: The least role.
        environment: Where they must have it: in one environment, in either or in both. A route that acts on a
            destination lets in who has the role in either, and asks `require` for the destination's environment.
        messages: Whether they must also be allowed to read HL7 as it came.
        background: Whether pages ask by themselves, so that it keeps nobody signed in.
    """

    role: Role
    environment: Environment | Reach = Environment.TEST
    messages: bool = False
    background: bool = False

    def are_met(self, principal: Principal) -> bool:
        """Tell whether somebody may use the route."""
        return principal.may(self.role, self.environment) and (principal.sees_messages or not self.messages)


class Doorman(Protocol):
    """Recognises people and scripts; `request.app.state.doorman` is one."""

    async def recognise(self, request: Request, *, is_use: bool = True) -> Principal | None:
        """Give who asks, or None for a stranger; raises HTTPException for one who must not ask now.

        Args:
            request: What they ask; its `state.csrf_token` is set for who has a session.
            is_use: False to look only, which keeps nobody signed in.
        """


class NotSignedIn(HTTPException):
    """Nobody we know asks."""

    def __init__(self) -> None:
        """Say what to do about it."""
        super().__init__(401, "sign in, or send a token: Authorization: Bearer ...", {"WWW-Authenticate": "Bearer"})


def needs(
    role: Role,
    environment: Environment | Reach = Environment.TEST,
    *,
    messages: bool = False,
    background: bool = False,
) -> Callable[[Endpoint], Endpoint]:
    """Say what a route needs; `Role.NONE` lets everybody in. Stands below the route's own decorators."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _MARK, Needs(role, environment, messages, background))
        return endpoint

    return mark


class GuardedRoute(APIRoute):
    """A route that says what it needs; one that does not is a bug of ours and stops the start."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give what serves a request, behind the question who asks."""
        handle = super().get_route_handler()
        needed = needs_of(self.endpoint)

        async def guarded(request: Request) -> Response:
            if needed.role is not Role.NONE:
                request.state.needed = needed
                request.state.principal = await _admit(request, needed)
            return await handle(request)

        return guarded


class GuardedRouter(APIRouter):
    """A router all of whose routes say what they need."""

    def __init__(self, **options: Any) -> None:
        """Take what APIRouter takes."""
        super().__init__(route_class=GuardedRoute, **options)


def needs_of(endpoint: Callable[..., Any]) -> Needs:
    """Give what a route needs; raises TypeError where it does not say."""
    needed = getattr(endpoint, _MARK, None)
    if not isinstance(needed, Needs):
        raise TypeError(f"{endpoint.__module__}.{endpoint.__name__} does not say what it needs")
    return needed


def principal_of(request: Request) -> Principal:
    """Give who asks, on a route that is not for everybody."""
    found: Principal = request.state.principal
    return found


def require(request: Request, role: Role, environment: str) -> None:
    """See that whoever asks has a role in the environment of a destination; raises HTTPException 403."""
    if not principal_of(request).may(role, Environment(environment)):
        raise HTTPException(403, _refusal(role, Environment(environment)))


async def is_still_admitted(request: Request) -> bool:
    """Tell whether who was let in would be now, for answers that go on; it keeps nobody signed in."""
    doorman: Doorman = request.app.state.doorman
    needed: Needs = request.state.needed
    try:
        principal = await doorman.recognise(request, is_use=False)
    except HTTPException:
        return False
    return principal is not None and needed.are_met(principal)


async def _admit(request: Request, needed: Needs) -> Principal:
    doorman: Doorman = request.app.state.doorman
    principal = await doorman.recognise(request, is_use=not needed.background)
    if principal is None:
        raise NotSignedIn
    if not principal.may(needed.role, needed.environment):
        raise HTTPException(403, _refusal(needed.role, needed.environment))
    if needed.messages and not principal.sees_messages:
        raise HTTPException(403, "messages as they came may only be read by users and tokens with the phi scope")
    return principal


def _refusal(role: Role, environment: Environment | Reach) -> str:
    where = environment.value if isinstance(environment, Reach) else f"the {environment} environment"
    return f"this needs the role {role.name.lower()} in {where}"
