"""Keys for scripts: /api/v1/tokens."""

from typing import Annotated, Any, Final

from fastapi import HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse

from dicomfabd.domain.access import Principal, Reach, Role
from dicomfabd.store.accounts_interface import NewToken
from dicomfabd.web.access.editing import AccountEditor
from dicomfabd.web.access.needs import GuardedRouter, needs, principal_of
from dicomfabd.web.api.account_in import TokenIn
from dicomfabd.web.api.accounts import token_told
from dicomfabd.web.api.session_routes import owner_of
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.request_parts import RowId, actor_of

TOKENS: Final = "/api/v1/tokens"
_DAY_S: Final = 86_400.0


def router(desk: WebDesk) -> GuardedRouter:
    """Give the routes; all run on threads, because the store blocks."""
    routes = GuardedRouter()

    def editor(request: Request) -> AccountEditor:
        return AccountEditor(desk.access.accounts, desk.access.passwords, desk.messages, actor_of(request))

    @routes.get(TOKENS)
    @needs(Role.VIEWER, Reach.EITHER)
    def list_tokens(
        request: Request,
        everybodys: Annotated[bool, Query(alias="all", description="Of all users; for admins.")] = False,
    ) -> dict[str, Any]:
        """List one's own tokens, or everybody's, newest first."""
        principal = principal_of(request)
        if everybodys and not governs(principal):
            raise HTTPException(403, "this needs the role admin in both environments")
        found = desk.access.accounts.tokens(None if everybodys else principal.user_id)
        return {"tokens": [token_told(token) for token in found]}

    @routes.post(TOKENS, status_code=201)
    @needs(Role.VIEWER, Reach.EITHER)
    def add_token(wanted: TokenIn, request: Request) -> Response:
        """Make a token of one's own; `token` in the answer is shown this once. A token cannot make another."""
        owner = owner_of(desk, principal_of(request))
        days = wanted.expires_in_days
        expires_at = None if days is None else desk.access.clock() + days * _DAY_S
        new = NewToken(wanted.name, frozenset(wanted.scopes), expires_at)
        token, text = editor(request).add_token(owner, new)
        return JSONResponse(token_told(token) | {"token": text}, 201)

    @routes.delete(f"{TOKENS}/{{token_id}}")
    @needs(Role.VIEWER, Reach.EITHER)
    def revoke_token(token_id: RowId, request: Request) -> dict[str, str]:
        """Revoke a token of one's own, or anybody's as admin; it ends at once. A token may revoke itself."""
        principal = principal_of(request)
        if principal.token_id not in (0, token_id) and not governs(principal):
            raise HTTPException(403, "a token may revoke itself only; sign in")
        owner = None if governs(principal) else principal.user_id
        if not editor(request).revoke([token_id], owner):
            raise HTTPException(404, "there is no such token of yours")
        return {"text": "the token is revoked"}

    return routes


def governs(principal: Principal) -> bool:
    """Tell whether somebody may manage what is others'."""
    return principal.may(Role.ADMIN, Reach.BOTH)
