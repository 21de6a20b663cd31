"""Users, one's own tokens and password, and the audit trail as pages."""

from typing import Annotated, Final

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from dicomfabd.domain.access import LOCAL, Reach, Role, Scope
from dicomfabd.web.access.needs import GuardedRouter, needs, principal_of
from dicomfabd.web.access.passwords import LONGEST, SHORTEST
from dicomfabd.web.api.accounts import token_told, user_told
from dicomfabd.web.api.audit_routes import Action, Actor
from dicomfabd.web.api.messages import audited
from dicomfabd.web.api.orders import moment
from dicomfabd.web.api.token_routes import governs
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.pages.addresses import with_cursor
from dicomfabd.web.pages.rendering import Pages
from dicomfabd.web.request_parts import Before

_PAGE: Final = 100
_ROLES: Final = [role.name.lower() for role in Role]
_SCOPES: Final = {
    Scope.READ: "look",
    Scope.OPERATE: "act: orders, sending, echo, moves",
    Scope.ADMIN: "all you may",
    Scope.PHI: "read HL7 as it came",
}
_ACTIONS: Final = (
    "session.",
    "user.",
    "token.",
    "message.",
    "order.",
    "orders.",
    "pacs.",
    "archive.",
    "patient.",
    "template.",
)


def router(desk: WebDesk, pages: Pages) -> GuardedRouter:
    """Give the routes; all run on threads, because the store blocks."""
    routes = GuardedRouter(include_in_schema=False)

    @routes.get("/users", response_class=HTMLResponse)
    @needs(Role.ADMIN, Reach.BOTH)
    def users(request: Request) -> HTMLResponse:
        """Who may use the page, and what; the first one is an admin."""
        return pages.render(
            request,
            "users.html",
            users=[user_told(user) for user in desk.access.accounts.users()],
            roles=_ROLES,
            shortest=SHORTEST,
            longest=LONGEST,
            provider=desk.access.settings.oidc.issuer,
        )

    @routes.get("/tokens", response_class=HTMLResponse)
    @needs(Role.VIEWER, Reach.EITHER)
    def tokens(request: Request, of: Annotated[str, Query(max_length=10)] = "") -> HTMLResponse:
        """One's own tokens, or everybody's for an admin; and one's password."""
        principal = principal_of(request)
        may_see_all = governs(principal) and principal is not LOCAL
        shows_all = may_see_all and of == "all"
        me = desk.access.accounts.user(principal.name)
        return pages.render(
            request,
            "tokens.html",
            tokens=[token_told(it) for it in desk.access.accounts.tokens(None if shows_all else principal.user_id)],
            now=moment(desk.access.clock()),
            scopes=_SCOPES,
            shows_all=shows_all,
            may_see_all=may_see_all,
            has_password=me is not None and me.has_password,
            shortest=SHORTEST,
            longest=LONGEST,
        )

    @routes.get("/audit", response_class=HTMLResponse)
    @needs(Role.ADMIN, Reach.BOTH)
    def audit(request: Request, actor: Actor = "", action: Action = "", before: Before = None) -> HTMLResponse:
        """What people did, newest first; the filters stand in the address."""
        found = desk.messages.audit_trail(before, _PAGE, actor.strip(), action.strip())
        return pages.render(
            request,
            "audit.html",
            entries=[audited(entry) for entry in found],
            actor=actor,
            action=action,
            actions=_ACTIONS,
            older=with_cursor(request, found[-1].entry_id) if len(found) == _PAGE else "",
        )

    return routes
