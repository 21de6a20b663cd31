"""Errors as `application/problem+json` (RFC 9457): what is wrong, where, and what to do."""

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from dicomfabd.domain.errors import Fault, OrderRejected, StoreUnavailable


def problem(status: int, detail: str, errors: Sequence[dict[str, str]] = ()) -> JSONResponse:
    """Give a problem document."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = list(errors)
    return JSONResponse(body, status, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Answer every error of an app as a problem document."""

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"field": ".".join(str(part) for part in item["loc"][1:]) or "body", "detail": item["msg"]}
            for item in error.errors()
        ]
        return problem(400, "the request does not have the form the API describes", errors)

    @app.exception_handler(OrderRejected)
    async def _rejected(_request: Request, error: OrderRejected) -> JSONResponse:
        is_conflict = any(fault.code == 205 for fault in error.faults)
        return problem(
            409 if is_conflict else 400, "the order cannot be taken", [_entry(fault) for fault in error.faults]
        )

    @app.exception_handler(StoreUnavailable)
    async def _unavailable(_request: Request, error: StoreUnavailable) -> JSONResponse:
        return problem(503, f"nothing was kept, try again: {error}")

    @app.exception_handler(HTTPException)
    async def _http(_request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail))


def _entry(fault: Fault) -> dict[str, str]:
    return {"field": fault.location, "detail": f"{fault.text}. {fault.hint}".rstrip(". ") + "."}
