"""Who may do what to destinations: each is in the test or in the prod environment."""

from collections.abc import Iterable

from fastapi import Request

from dicomfabd.domain.access import Environment, Role
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.destinations import Destinations
from dicomfabd.web.access.needs import principal_of, require


def visible(request: Request, destinations: Iterable[Destination]) -> list[Destination]:
    """Give the destinations that whoever asks may look at."""
    principal = principal_of(request)
    return [it for it in destinations if principal.may(Role.VIEWER, Environment(it.environment))]


def require_at(request: Request, role: Role, registry: Destinations, names: Iterable[str]) -> None:
    """See that whoever asks has a role wherever destinations are; raises HTTPException 403.

    A destination that is gone is taken for one of prod.
    """
    for environment in sorted({environment_of(registry, name) for name in names}):
        require(request, role, environment)


def environment_of(registry: Destinations, name: str) -> Environment:
    """Give the environment of a destination; prod for one that is gone, so that nobody may more than before."""
    destination = registry.get(name)
    return Environment.PROD if destination is None else Environment(destination.environment)
