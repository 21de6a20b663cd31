"""The description of the API: /api/v1/openapi.json."""

from typing import Any

from fastapi import Request

from dicomfabd.domain.access import Role
from dicomfabd.web.access.needs import GuardedRouter, needs


def router() -> GuardedRouter:
    """Give the route."""
    routes = GuardedRouter(include_in_schema=False)

    @routes.get("/api/v1/openapi.json")
    @needs(Role.VIEWER)
    def describe(request: Request) -> dict[str, Any]:
        """Describe every route of the API (OpenAPI 3.1)."""
        found: dict[str, Any] = request.app.openapi()
        return found

    return routes
