"""The way to the identity provider and back."""

from typing import Annotated, Final

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from dicomfabd.config import Web
from dicomfabd.domain.access import Rights, Role, User
from dicomfabd.web.access.doorman import is_secure
from dicomfabd.web.access.hosts import check_named
from dicomfabd.web.access.journeys import Journeys
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.access.oidc import Provider, ProviderFailed
from dicomfabd.web.access.signing_in import SignIn
from dicomfabd.web.api.accounts import rights_told
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.pages.addresses import own_path
from dicomfabd.web.pages.rendering import Pages
from dicomfabd.web.request_parts import address_of

_Next = Annotated[str, Query(max_length=2000, alias="next")]
_Given = Annotated[str, Query(max_length=4096)]

_LEAVE: Final = "/sign-in/oidc"
_COME_BACK: Final = "/sign-in/oidc/callback"
_COOKIE: Final = "dicomfabd_oidc"

FAILURES: Final = {
    "denied": "The provider did not let you in.",
    "inactive": "Your account here is not active. Ask an administrator.",
    "journey": "That took too long, or was begun in another window. Try again.",
    "name": "There is another user of your name here. Ask an administrator.",
    "provider": "The provider does not answer as it should. Ask an administrator.",
    "roles": "None of your groups has a role here. Ask an administrator.",
}
"""Why somebody comes back without being let in."""


class _Refused(Exception):  # noqa: N818 - a state of affairs, not a mistake
    """Somebody the provider brought is not let in; the text is a key of `FAILURES`."""


def router(desk: WebDesk, pages: Pages, sign_in: SignIn) -> GuardedRouter:
    """Give the routes; none where there is no provider in the settings."""
    routes = GuardedRouter(include_in_schema=False)
    settings = desk.access.settings
    if not settings.oidc.is_on:
        return routes
    provider = Provider(settings.oidc, desk.access.clock)
    journeys = Journeys(desk.access.clock)

    @routes.get(_LEAVE)
    @needs(Role.NONE)
    async def leave(request: Request, next_: _Next = "/") -> Response:
        """Send somebody to the provider."""
        check_named(request, settings)
        journey = journeys.begin(own_path(next_))
        try:
            address = await run_in_threadpool(provider.address, journey.attempt, _return_address(request, settings))
        except ProviderFailed as error:
            desk.journal.provider_failed(str(error))
            return _back("provider")
        response = RedirectResponse(address, 303)
        # Lax: it has to come back with somebody who comes from the provider's page.
        response.set_cookie(
            _COOKIE,
            journeys.sealed(journey),
            max_age=int(journeys.longest_s),
            path=_LEAVE,
            httponly=True,
            samesite="lax",
            secure=is_secure(request, settings),
        )
        return response

    @routes.get(_COME_BACK, response_class=HTMLResponse)
    @needs(Role.NONE)
    async def come_back(
        request: Request, code: _Given = "", state: _Given = "", error: _Given = "", iss: _Given = ""
    ) -> Response:
        """Let in whom the provider brings back."""
        check_named(request, settings)
        journey = journeys.opened(request.cookies.get(_COOKIE, ""), state)
        try:
            if journey is None or iss not in ("", settings.oidc.issuer):
                raise _Refused("journey")
            if error or not code:
                raise _Refused("denied")
            # Each costs requests to the provider, and a thread of ours that waits for them.
            sign_in.count("", address_of(request))
            address = _return_address(request, settings)
            identity = await run_in_threadpool(provider.identify, code, journey.attempt, address)
            user = await run_in_threadpool(_known, desk, identity.subject, identity.name, identity.rights)
        except ProviderFailed as failure:
            desk.journal.provider_failed(str(failure))
            return _back("provider")
        except _Refused as refusal:
            await run_in_threadpool(sign_in.refuse, address_of(request), str(refusal))
            return _back(str(refusal))
        # A page and no redirect: one that comes from the provider would not bring the strict cookie along.
        response = pages.render_bare(request, "signed_in.html", next=journey.next)
        response.delete_cookie(_COOKIE, path=_LEAVE)
        await sign_in.let_in(request, response, user, "oidc")
        return response

    return routes


def _return_address(request: Request, settings: Web) -> str:
    base = settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return f"{base}{_COME_BACK}"


def _known(desk: WebDesk, subject: str, name: str, rights: Rights) -> User:
    """Give the user somebody is here, as of now; raises _Refused."""
    known = {user.subject: user for user in desk.access.accounts.users()}.get(subject)
    if not rights.are_any and known is None:
        raise _Refused("roles")
    user = desk.access.accounts.enroll(subject, name, rights)
    if user is None:
        raise _Refused("name")
    if known is None:
        desk.messages.audit(f"{user.name} oidc", "user.add", f"user {user.name}", rights_told(rights))
    elif known.rights != user.rights:
        desk.messages.audit(f"{user.name} oidc", "user.edit", f"user {user.name}", rights_told(user.rights))
    if not user.rights.is_active:
        raise _Refused("inactive")
    if not user.rights.are_any:
        raise _Refused("roles")
    return user


def _back(failure: str) -> RedirectResponse:
    response = RedirectResponse(f"/sign-in?failed={failure}", 303)
    response.delete_cookie(_COOKIE, path=_LEAVE)
    return response
