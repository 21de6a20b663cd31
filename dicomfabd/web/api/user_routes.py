"""Who may use page and API: /api/v1/users."""

from typing import Annotated, Any, Final

from fastapi import FastAPI, HTTPException, Path, Request, Response
from fastapi.responses import JSONResponse

from dicomfabd.domain.access import Reach, Role, User
from dicomfabd.web.access.editing import AccountConflict, AccountEditor, AccountRefused, check_password_of
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.api.account_in import UserChangeIn, UserIn
from dicomfabd.web.api.accounts import user_told
from dicomfabd.web.api.destinations import errors
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.problems import problem
from dicomfabd.web.request_parts import actor_of

USERS: Final = "/api/v1/users"
_UserName = Annotated[str, Path(max_length=64, description="Name of a user.", examples=["jane"])]


def router(desk: WebDesk) -> GuardedRouter:
    """Give the routes; all run on threads, because the store blocks."""
    routes = GuardedRouter()

    def editor(request: Request) -> AccountEditor:
        return AccountEditor(desk.access.accounts, desk.access.passwords, desk.messages, actor_of(request))

    @routes.get(USERS)
    @needs(Role.ADMIN, Reach.BOTH)
    def list_users() -> dict[str, Any]:
        """List all users by name."""
        return {"users": [user_told(user) for user in desk.access.accounts.users()]}

    @routes.post(USERS, status_code=201)
    @needs(Role.ADMIN, Reach.BOTH)
    def add_user(wanted: UserIn, request: Request) -> Response:
        """Add a user. The first one has to be admin in both environments; from then on everybody signs in."""
        added = editor(request).add(wanted.name, wanted.password, wanted.rights())
        return JSONResponse(user_told(added), 201, {"Location": f"{USERS}/{added.name}"})

    @routes.get(f"{USERS}/{{name}}")
    @needs(Role.ADMIN, Reach.BOTH)
    def show_user(name: _UserName) -> dict[str, Any]:
        """Give one user."""
        return user_told(_existing(desk, name))

    @routes.patch(f"{USERS}/{{name}}")
    @needs(Role.ADMIN, Reach.BOTH)
    def change_user(name: _UserName, wanted: UserChangeIn, request: Request) -> dict[str, Any]:
        """Change what a user may do, or their password; it counts at once."""
        user = _existing(desk, name)
        rights = wanted.rights(user.rights)
        # Before anything is done: all of it, or nothing.
        if wanted.password:
            check_password_of(user, wanted.password)
        if rights != user.rights:
            user = editor(request).change(user, rights)
        if wanted.password:
            editor(request).set_password(user, wanted.password)
        return user_told(user)

    @routes.delete(f"{USERS}/{{name}}")
    @needs(Role.ADMIN, Reach.BOTH)
    def remove_user(name: _UserName, request: Request) -> dict[str, str]:
        """Remove a user with their sessions and tokens."""
        editor(request).remove(_existing(desk, name))
        return {"text": f"{name} is removed"}

    return routes


def install(app: FastAPI) -> None:
    """Answer what is wrong with a user or a token as a problem document."""

    @app.exception_handler(AccountRefused)
    async def _refused(_request: Request, error: AccountRefused) -> JSONResponse:
        return problem(400, "this cannot be kept", errors(error.faults))

    @app.exception_handler(AccountConflict)
    async def _conflict(_request: Request, error: AccountConflict) -> JSONResponse:
        return problem(409, str(error))


def _existing(desk: WebDesk, name: str) -> User:
    user = desk.access.accounts.user(name)
    if user is None:
        raise HTTPException(404, "there is no such user")
    return user
