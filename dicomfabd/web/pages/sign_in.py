"""The page on which people sign in, and how they come there."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from dicomfabd.domain.access import Role
from dicomfabd.web.access.needs import Doorman, GuardedRouter, NotSignedIn, needs
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.pages.addresses import own_path
from dicomfabd.web.pages.provider import FAILURES
from dicomfabd.web.pages.rendering import Pages
from dicomfabd.web.problems import problem_of
from dicomfabd.web.request_parts import wants_page

_Next = Annotated[str, Query(max_length=2000)]


def router(desk: WebDesk, pages: Pages) -> GuardedRouter:
    """Give the routes."""
    routes = GuardedRouter(include_in_schema=False)
    settings = desk.access.settings

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
            said=FAILURES.get(failed, ""),
            label=label,
            has_users=has_users,
        )

    return routes


def install(app: FastAPI) -> None:
    """Show people who are not signed in where to; scripts get the problem."""

    @app.exception_handler(NotSignedIn)
    async def _not_signed_in(request: Request, error: NotSignedIn) -> Response:
        if not wants_page(request):
            return problem_of(error).document()
        path = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
        # From the first page nothing is worth remembering.
        wanted = own_path(path)
        return RedirectResponse("/sign-in" if wanted == "/" else f"/sign-in?{urlencode({'next': wanted})}", 303)
