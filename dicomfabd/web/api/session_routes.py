"""Signing in and out, and who one is: /api/v1/session."""

from typing import Any, Final

from fastapi import HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool

from dicomfabd.domain.access import Principal, Reach, Role, User
from dicomfabd.web.access.doorman import csrf_token, session_of
from dicomfabd.web.access.editing import AccountEditor
from dicomfabd.web.access.keys import digest_of
from dicomfabd.web.access.needs import GuardedRouter, needs, principal_of
from dicomfabd.web.access.signing_in import SignIn
from dicomfabd.web.api.account_in import PasswordIn, SignInIn
from dicomfabd.web.api.accounts import principal_told
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.request_parts import actor_of, address_of

SESSION: Final = "/api/v1/session"


def router(desk: WebDesk, sign_in: SignIn) -> GuardedRouter:
    """Give the routes."""
    routes = GuardedRouter()

    @routes.post(SESSION)
    @needs(Role.NONE)
    async def open_session(wanted: SignInIn, request: Request, response: Response) -> dict[str, Any]:
        """Sign in; the answer sets a cookie, and gives what changes have to send as X-CSRF-Token."""
        user, csrf = await sign_in.by_password(request, response, wanted.name, wanted.password)
        return principal_told(user.principal(), csrf)

    @routes.get(SESSION)
    @needs(Role.VIEWER, Reach.EITHER)
    async def show_session(request: Request) -> dict[str, Any]:
        """Say who asks, and what they may."""
        return principal_told(principal_of(request), csrf_token(request))

    @routes.delete(SESSION)
    @needs(Role.VIEWER, Reach.EITHER)
    def close_session(request: Request, response: Response) -> dict[str, str]:
        """Sign out."""
        sign_in.out(request, response, actor_of(request))
        return {"text": "signed out"}

    @routes.put(f"{SESSION}/password")
    @needs(Role.VIEWER, Reach.EITHER)
    async def change_password(wanted: PasswordIn, request: Request) -> dict[str, str]:
        """Give oneself another password; whoever else is signed in as this user is signed out."""
        name = a_person(principal_of(request)).name
        user = await sign_in.confirm(name, wanted.old, address_of(request))
        if user is None:
            raise HTTPException(403, "the old password is wrong, or there is none")
        editor = AccountEditor(desk.access.accounts, desk.access.passwords, desk.messages, actor_of(request))
        await run_in_threadpool(editor.set_password, user, wanted.new, digest_of(session_of(request)))
        return {"text": "the password is changed"}

    return routes


def a_person(principal: Principal) -> Principal:
    """Give who asks if they signed in; raises HTTPException 403 for a token, 409 where there are no users.

    A token that could make another, or change a password, could give itself more than it has, or outlive itself.
    """
    if principal.is_local:
        raise HTTPException(409, "there are no users. Add one first.")
    if principal.token_id:
        raise HTTPException(403, "a token may not do this; sign in")
    return principal


def owner_of(desk: WebDesk, principal: Principal) -> User:
    """Give the user who asks; raises HTTPException as `a_person` does, or 409 for one who is gone meanwhile."""
    person = a_person(principal)
    user = desk.access.accounts.user(person.name)
    if user is None or user.user_id != person.user_id:
        raise HTTPException(409, "this user was removed meanwhile")
    return user
