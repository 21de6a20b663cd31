"""What people did: /api/v1/audit."""

from typing import Annotated, Any, Final

from fastapi import Query

from dicomfabd.domain.access import Reach, Role
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.messages import audited
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.request_parts import Before, Limit

AUDIT: Final = "/api/v1/audit"
Actor = Annotated[str, Query(max_length=100, description="Stands in who did it, in whatever case.", examples=["jane"])]
Action = Annotated[
    str, Query(max_length=64, description="What was done; with a dot at the end, all of that kind.", examples=["user."])
]


def router(desk: WebDesk) -> GuardedRouter:
    """Give the route; it runs on a thread, because the store blocks."""
    routes = GuardedRouter()

    @routes.get(AUDIT)
    @needs(Role.ADMIN, Reach.BOTH)
    def list_audit_trail(
        limit: Limit = 100, before: Before = None, actor: Actor = "", action: Action = ""
    ) -> dict[str, Any]:
        """List what people did, newest first; `next` is the `before` of the following page."""
        found = desk.messages.audit_trail(before, limit, actor.strip(), action.strip())
        return {
            "entries": [audited(entry) for entry in found],
            "next": found[-1].entry_id if len(found) == limit else None,
        }

    return routes
