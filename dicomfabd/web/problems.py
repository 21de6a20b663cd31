"""Errors as `application/problem+json` (RFC 9457): what is wrong, where, and what to do."""

import json
from collections.abc import Callable, Sequence
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


def problem(status: int, detail: str, errors: Sequence[dict[str, str]] = ()) -> JSONResponse:
    """Give a problem document; each error has `field`, `text` and `hint`."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = list(errors)
    return JSONResponse(body, status, media_type="application/problem+json")


def refused(faults: Sequence[Fault]) -> JSONResponse:
    """Give the problem document of an order that is refused: 400, 409 for another patient's."""
    found = [_STATUSES[fault.code] for fault in faults if fault.code in _STATUSES]
    status, detail = max(found, default=(400, "the order cannot be taken"))
    errors = [{"field": fault.location, "text": fault.text, "hint": fault.hint} for fault in faults]
    return problem(status, detail, errors)


def answer_to(error: Exception) -> JSONResponse:
    """Give the problem document of whatever went wrong; what we did not foresee is 500, without a word of it."""
    if isinstance(error, RequestValidationError):
        errors = [
            {
                "field": ".".join(str(part) for part in item["loc"][1:])[:_LONGEST_NAME] or "body",
                "text": item["msg"],
                "hint": "",
            }
            for item in error.errors()[:_MOST_ERRORS]
        ]
        return problem(400, "the request does not have the form the API describes", errors)
    if isinstance(error, OrderRejected):
        return refused(error.faults)
    if isinstance(error, StoreUnavailable):
        return problem(503, f"nothing was kept, try again: {error}")
    if isinstance(error, HTTPException):
        is_unknown = error.status_code == HTTPStatus.NOT_FOUND and error.detail == HTTPStatus.NOT_FOUND.phrase
        response = problem(error.status_code, _NOTHING_HERE if is_unknown else str(error.detail))
        response.headers.update(error.headers or {})
        return response
    return problem(500, "we could not answer, and it is our fault; the log says more")


def install(app: FastAPI, page: Callable[[int, str], Response]) -> None:
    """Answer every error of an app as a problem document, and to people as a page.

    Args:
        app: Whose errors.
        page: Draws one for a status and what it says.
    """

    async def answer(request: Request, error: Exception) -> Response:
        response = answer_to(error)
        return (
            page(response.status_code, json.loads(bytes(response.body))["detail"]) if wants_page(request) else response
        )

    for kind in (RequestValidationError, OrderRejected, StoreUnavailable, HTTPException, Exception):
        app.add_exception_handler(kind, answer)
