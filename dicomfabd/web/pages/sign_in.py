"""The page on which people sign in, and the way to an identity provider and back."""

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from dicomfabd.domain.access import Rights, Role, User
from dicomfabd.web.access.doorman import is_secure
from dicomfabd.web.access.hosts import check_named
from dicomfabd.web.access.journeys import Journeys
from dicomfabd.web.access.needs import Doorman, GuardedRouter, NotSignedIn, needs
from dicomfabd.web.access.oidc import Provider, ProviderFailed
from dicomfabd.web.access.signing_in import SignIn, address_of
from dicomfabd.web.api.accounts import rights_told
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.pages.addresses import own_path
from dicomfabd.web.pages.rendering import Pages
from dicomfabd.web.problems import problem

_Next = Annotated[str, Query(max_length=2000)]
_Given = Annotated[str, Query(max_length=4096)]

_CALLBACK: Final = "/sign-in/oidc/callback"
_JOURNEY_COOKIE: Final = "dicomfabd_oidc"
_FAILURES: Final = {
    "denied": "The provider did not let you in.",
    "inactive": "Your account here is not active. Ask an administrator.",
    "journey": "That took too long, or was begun in another window. Try again.",
    "name": "There is another user of your name here. Ask an administrator.",
    "provider": "The provider does not answer as it should. Ask an administrator.",
    "roles": "None of your groups has a role here. Ask an administrator.",
}


class _Refused(Exception):  # noqa: N818 - a state of affairs, not a mistake
    """Somebody the provider brought is not let in; the text is a key of `_FAILURES`."""


def router(desk: WebDesk, pages: Pages, sign_in: SignIn) -> GuardedRouter:
    """Give the routes."""
    routes = GuardedRouter(include_in_schema=False)
    settings = desk.access.settings
    provider = Provider(settings.oidc, desk.access.clock)
    journeys = Journeys(desk.access.clock)

    @routes.get("/sign-in", response_class=HTMLResponse)
    @needs(Role.NONE)
    async def sign_in_page(
        request: Request, next_: Annotated[_Next, Query(alias="next")] = "/", failed: _Next = ""
    ) -> Response:
        """Ask for name and password, or offer the provider; who is signed in goes on."""
        doorman: Doorman = request.app.state.doorman
        if await doorman.recognise(request, is_use=False) is not None:
            return RedirectResponse(own_path(next_), 303)
        label = settings.oidc.label if settings.oidc.is_on else ""
        has_users = await run_in_threadpool(desk.access.accounts.has_users)
        return pages.render_bare(
            request,
            "sign_in.html",
            next=own_path(next_),
            said=_FAILURES.get(failed, ""),
            label=label,
            has_users=has_users,
        )

    @routes.get("/sign-in/oidc")
    @needs(Role.NONE)
    async def leave(request: Request, next_: Annotated[_Next, Query(alias="next")] = "/") -> Response:
        """Send somebody to the provider."""
        check_named(request, settings)
        if not settings.oidc.is_on:
            raise HTTPException(404, "there is no identity provider in the settings")
        journey = journeys.begin(own_path(next_))
        try:
            address = await run_in_threadpool(provider.address, journey.attempt, _redirect_uri(request))
        except ProviderFailed as error:
            desk.journal.provider_failed(str(error))
            return _back("provider")
        response = RedirectResponse(address, 303)
        # Lax: it has to come back with somebody who comes from the provider's page.
        response.set_cookie(
            _JOURNEY_COOKIE,
            journeys.sealed(journey),
            max_age=int(journeys.longest_s),
            path="/sign-in/oidc",
            httponly=True,
            samesite="lax",
            secure=is_secure(request, settings),
        )
        return response

    @routes.get(_CALLBACK, response_class=HTMLResponse)
    @needs(Role.NONE)
    async def come_back(
        request: Request, code: _Given = "", state: _Given = "", error: _Given = "", iss: _Given = ""
    ) -> Response:
        """Let in whom the provider brings back."""
        check_named(request, settings)
        if not settings.oidc.is_on:
            raise HTTPException(404, "there is no identity provider in the settings")
        journey = journeys.opened(request.cookies.get(_JOURNEY_COOKIE, ""), state)
        try:
            if journey is None or iss not in ("", settings.oidc.issuer):
                raise _Refused("journey")
            if error or not code:
                raise _Refused("denied")
            identity = await run_in_threadpool(provider.identify, code, journey.attempt, _redirect_uri(request))
            user = await run_in_threadpool(_known, desk, identity.subject, identity.name, identity.rights)
        except ProviderFailed as failure:
            desk.journal.provider_failed(str(failure))
            return _back("provider")
        except _Refused as refusal:
            await run_in_threadpool(sign_in.refuse, address_of(request), str(refusal))
            return _back(str(refusal))
        # A page and no redirect: one that comes from the provider would not bring the strict cookie along.
        response = pages.render_bare(request, "signed_in.html", next=journey.next)
        response.delete_cookie(_JOURNEY_COOKIE, path="/sign-in/oidc")
        await sign_in.let_in(request, response, user, "oidc")
        return response

    def _redirect_uri(request: Request) -> str:
        base = settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
        return f"{base}{_CALLBACK}"

    return routes


def install(app: FastAPI) -> None:
    """Show people who are not signed in where to; scripts get the problem."""

    @app.exception_handler(NotSignedIn)
    async def _not_signed_in(request: Request, error: NotSignedIn) -> Response:
        if not _wants_page(request):
            response: JSONResponse = problem(error.status_code, str(error.detail))
            response.headers.update(error.headers or {})
            return response
        path = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
        # From the first page nothing is worth remembering.
        wanted = own_path(path)
        return RedirectResponse("/sign-in" if wanted == "/" else f"/sign-in?{urlencode({'next': wanted})}", 303)


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
    response.delete_cookie(_JOURNEY_COOKIE, path="/sign-in/oidc")
    return response


def _wants_page(request: Request) -> bool:
    is_page = not request.url.path.startswith(("/api/", "/dicom-web/"))
    return request.method == "GET" and is_page and "text/html" in request.headers.get("accept", "")
