"""Recognises who asks: by a session, by a token, or as whoever sits at this machine."""

from typing import Final

from fastapi import HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool

from dicomfabd.config import Web
from dicomfabd.domain.access import LOCAL, Principal
from dicomfabd.web.access.desk import AccessDesk
from dicomfabd.web.access.hosts import check_local, check_named
from dicomfabd.web.access.keys import are_same, csrf_of, digest_of

COOKIE: Final = "dicomfabd_session"
CSRF_HEADER: Final = "X-CSRF-Token"
BACKGROUND_HEADER: Final = "X-Background"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class AccountDoor:
    """Knows people by their accounts; see `needs.Doorman`."""

    def __init__(self, desk: AccessDesk) -> None:
        """Take who there is."""
        self._desk = desk

    async def recognise(self, request: Request, *, is_use: bool = True) -> Principal | None:
        """See `needs.Doorman.recognise`."""
        # A page that is open asks by itself now and then; nobody need be at the keyboard.
        is_use = is_use and BACKGROUND_HEADER not in request.headers
        token, session = _bearer(request), "" if _bearer(request) else session_of(request)
        # The store blocks.
        found = await run_in_threadpool(self._look, token, session, is_use)
        if found is LOCAL:
            self._check_open_door(request)
            return LOCAL
        check_named(request, self._desk.settings)
        if found is not None and session:
            _check_page(request, session)
            request.state.csrf_token = csrf_of(session)
        return found

    def _look(self, token: str, session: str, is_use: bool) -> Principal | None:
        accounts, settings = self._desk.accounts, self._desk.settings
        if token:
            known = accounts.token(digest_of(token))
            if known is not None:
                return known.principal()
        elif session:
            user = accounts.session(digest_of(session), settings.session_idle_s, settings.session_max_s, is_use=is_use)
            if user is not None:
                return user.principal()
        return LOCAL if self._desk.is_open() else None

    def _check_open_door(self, request: Request) -> None:
        if not self._desk.is_local:
            raise HTTPException(403, "there are no users. Add one on this machine: dicomfabd users add NAME --admin")
        check_local(request)


def session_of(request: Request) -> str:
    """Give what the browser holds, or an empty string."""
    return request.cookies.get(COOKIE, "")


def csrf_token(request: Request) -> str:
    """Give what pages of ours send along as `X-CSRF-Token`; empty for who is not signed in by a session."""
    return getattr(request.state, "csrf_token", "")


def give_session(request: Request, response: Response, session: str, settings: Web) -> None:
    """Let a browser hold a session."""
    response.set_cookie(
        COOKIE,
        session,
        max_age=int(settings.session_max_s),
        path="/",
        httponly=True,
        samesite="strict",
        secure=is_secure(request, settings),
    )


def take_session(request: Request, response: Response, settings: Web) -> None:
    """Have a browser forget its session."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=is_secure(request, settings))


def is_secure(request: Request, settings: Web) -> bool:
    """Tell whether people come by https: with a proxy in front only the settings may know."""
    return request.url.scheme == "https" or settings.public_url.startswith("https:")


def _bearer(request: Request) -> str:
    """Give what stands in `Authorization: Bearer`; of another scheme, too, so that a session does not count then."""
    given = request.headers.get("authorization", "")
    scheme, _, text = given.partition(" ")
    return (text.strip() if scheme.lower() == "bearer" else given) or given


def _check_page(request: Request, session: str) -> None:
    """See that a change by a session comes from a page of ours; raises HTTPException 403 (CSRF)."""
    if request.method not in _SAFE and not are_same(request.headers.get(CSRF_HEADER, ""), csrf_of(session)):
        raise HTTPException(403, f"the page is not up to date: load it again. Scripts send {CSRF_HEADER}, or a token.")
