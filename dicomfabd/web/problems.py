"""Errors as `application/problem+json` (RFC 9457): what is wrong, where, and what to do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from dicomfabd.domain.errors import Fault, OrderRejected, StoreUnavailable
from dicomfabd.web.request_parts import wants_page

_STATUSES: Final = {
    205: (409, "the order belongs to another patient"),
    207: (500, "we could not work on the order; it is our fault"),
}
_NOTHING_HERE: Final = "there is nothing at this address"
_LONGEST_NAME: Final = 64
_MOST_ERRORS: Final = 50


@dataclass(frozen=True, slots=True)
class Problem:
    """What is answered to whoever asked for what cannot be; each of `errors` has `field`, `text` and `hint`."""

    status: int
    detail: str
    errors: Sequence[dict[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> JSONResponse:
        """Give it for scripts."""
        body: dict[str, object] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = list(self.errors)
        return JSONResponse(body, self.status, dict(self.headers), media_type="application/problem+json")


def problem(status: int, detail: str, errors: Sequence[dict[str, str]] = ()) -> JSONResponse:
    """Give a problem document."""
    return Problem(status, detail, errors).document()


def refused(faults: Sequence[Fault]) -> JSONResponse:
    """Give the problem document of an order that is refused: 400, 409 for another patient's."""
    return _refused(faults).document()


def problem_of(error: Exception) -> Problem:
    """Give what is answered when something went wrong; what we did not foresee is 500, without a word of it."""
    if isinstance(error, RequestValidationError):
        errors = [
            {
                "field": ".".join(str(part) for part in item["loc"][1:])[:_LONGEST_NAME] or "body",
                "text": item["msg"],
                "hint": "",
            }
            for item in error.errors()[:_MOST_ERRORS]
        ]
        return Problem(400, "the request does not have the form the API describes", errors)
    if isinstance(error, OrderRejected):
        return _refused(error.faults)
    if isinstance(error, StoreUnavailable):
        return Problem(503, f"nothing was kept, try again: {error}")
    if isinstance(error, HTTPException):
        is_unknown = error.status_code == HTTPStatus.NOT_FOUND and error.detail == HTTPStatus.NOT_FOUND.phrase
        return Problem(error.status_code, _NOTHING_HERE if is_unknown else str(error.detail), (), error.headers or {})
    return Problem(500, "we could not answer, and it is our fault; the log says more")


def install(app: FastAPI, page: Callable[[int, str], Response]) -> None:
    """Answer every error of an app as a problem document, and to people as a page.

    Args:
        app: Whose errors.
        page: Draws one for a status and what it says.
    """

    async def answer(request: Request, error: Exception) -> Response:
        found = problem_of(error)
        if not wants_page(request):
            return found.document()
        drawn = page(found.status, found.detail)
        drawn.headers.update(found.headers)
        return drawn

    for kind in (RequestValidationError, OrderRejected, StoreUnavailable, HTTPException, Exception):
        app.add_exception_handler(kind, answer)


def _refused(faults: Sequence[Fault]) -> Problem:
    found = [_STATUSES[fault.code] for fault in faults if fault.code in _STATUSES]
    status, detail = max(found, default=(400, "the order cannot be taken"))
    return Problem(status, detail, [{"field": it.location, "text": it.text, "hint": it.hint} for it in faults])
