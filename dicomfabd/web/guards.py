"""What every HTTP request passes: size limit, same-origin check, security headers, one count."""

import re
import time
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dicomfabd.telemetry.journal import Journal
from dicomfabd.web.problems import problem

LARGEST_BODY: Final = 1024 * 1024
_TOO_LARGE: Final = f"a body may have {LARGEST_BODY} bytes"
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_HOST: Final = re.compile(r"(?:[\w.-]*|\[[\da-f:.]+\])(?::\d{1,5})?", re.ASCII | re.IGNORECASE)
_LENGTH: Final = re.compile(r"\d+", re.ASCII)
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Guards:
    """Wraps the application (ASGI)."""

    def __init__(self, app: ASGIApp, journal: Journal) -> None:
        """Take what is guarded and whom to tell."""
        self._app = app
        self._journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > LARGEST_BODY:
                raise HTTPException(413, _TOO_LARGE)
            return message

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        try:
            refusal = _refusal(scope)
            if refusal is None:
                await self._app(scope, limited, guarded)
            else:
                await problem(*refusal)(scope, receive, guarded)
        except Exception as error:
            self._journal.request_failed(scope["method"], _route(scope), f"{type(error).__name__}: {error}")
            raise
        finally:
            self._journal.request_served(_method(scope), _route(scope), status, time.perf_counter() - started)


def _refusal(scope: Scope) -> tuple[int, str] | None:
    headers = Headers(scope=scope)
    length = headers.get("content-length", "0")
    if not _LENGTH.fullmatch(length):
        return 400, "the Content-Length header is no number"
    if len(length) > len(str(LARGEST_BODY)) or int(length) > LARGEST_BODY:
        return 413, _TOO_LARGE
    if not _HOST.fullmatch(headers.get("host", "")):
        return 400, "the Host header names no host"
    origin = headers.get("origin")
    is_foreign = origin is not None and _host_in(origin) != headers.get("host", "")
    if scope["method"] not in _SAFE and (is_foreign or headers.get("sec-fetch-site") in {"cross-site", "same-site"}):
        return 403, "changes may only come from this daemon's own page, or from a script without an Origin header"
    return None


def _host_in(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return "?"


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "other")


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _SAFE | {"POST", "PUT", "DELETE", "PATCH"} else "other"
