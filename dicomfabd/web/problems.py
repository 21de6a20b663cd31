"""Errors as `application/problem+json` (RFC 9457): what is wrong, where, and what to do."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from dicomfabd.domain.errors import Fault, OrderRejected, StoreUnavailable

_STATUSES: Final = {
    205: (409, "the order belongs to another patient"),
    207: (500, "we could not work on the order; it is our fault"),
}
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


def install(app: FastAPI) -> None:
    """Answer every error of an app as a problem document."""

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {
                "field": ".".join(str(part) for part in item["loc"][1:])[:_LONGEST_NAME] or "body",
                "text": item["msg"],
                "hint": "",
            }
            for item in error.errors()[:_MOST_ERRORS]
        ]
        return problem(400, "the request does not have the form the API describes", errors)

    @app.exception_handler(OrderRejected)
    async def _rejected(_request: Request, error: OrderRejected) -> JSONResponse:
        return refused(error.faults)

    @app.exception_handler(StoreUnavailable)
    async def _unavailable(_request: Request, error: StoreUnavailable) -> JSONResponse:
        return problem(503, f"nothing was kept, try again: {error}")

    @app.exception_handler(Exception)
    async def _bug(_request: Request, _error: Exception) -> JSONResponse:
        # What it was stands in the log; it may hold what nobody who asks should read.
        return problem(500, "this is a bug of ours; the log says more")

    @app.exception_handler(HTTPException)
    async def _http(_request: Request, error: HTTPException) -> JSONResponse:
        response = problem(error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        return response
