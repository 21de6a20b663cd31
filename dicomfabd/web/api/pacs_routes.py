"""The registry of destinations: /api/v1/pacs."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic_core import from_json

from dicomfabd.config import DestinationSection
from dicomfabd.config.errors import Finding
from dicomfabd.domain.access import Environment, Reach, Role
from dicomfabd.domain.delivery import Destination
from dicomfabd.pacs.reachability import check
from dicomfabd.web.access.needs import GuardedRouter, needs, require
from dicomfabd.web.access.targets import visible
from dicomfabd.web.api.asking import Turnstile
from dicomfabd.web.api.destinations import (
    DestinationEditor,
    DestinationFixed,
    DestinationRefused,
    NameTaken,
    errors,
    summary,
)
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.problems import problem
from dicomfabd.web.request_parts import PacsName, actor_of, body_of, is_json_type, media_type, refuse_type

_SHOWN_ONLY: Final = frozenset({"managed", "warnings"})
# A caller of the API may not make us open files of this machine.
_FILES: Final = ("tls_ca", "tls_certificate", "tls_key")
_TAKES_A_DESTINATION: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": DestinationSection.model_json_schema()}},
    }
}


def router(desk: WebDesk, turnstile: Turnstile) -> GuardedRouter:
    """Give the routes; all run on threads, because store and network block."""
    routes = GuardedRouter()

    @routes.get("/api/v1/pacs")
    @needs(Role.VIEWER, Reach.EITHER)
    def list_pacs(request: Request) -> dict[str, Any]:
        """List the destinations one may look at, those of the settings first (`managed: false`)."""
        registry = desk.destinations()
        return {"pacs": [summary(destination, registry) for destination in visible(request, registry.all())]}

    @routes.post("/api/v1/pacs", status_code=201, openapi_extra=_TAKES_A_DESTINATION)
    @needs(Role.ADMIN, Reach.EITHER)
    def add_pacs(request: Request, body: Annotated[bytes, Depends(body_of)]) -> Response:
        """Add a destination; needs the role in its environment."""
        values = _values(request, body)
        _require_in(request, values)
        _check_files(values, lambda _key: "")
        registry = desk.destinations()
        added = DestinationEditor(registry, desk.messages, actor_of(request)).add(values)
        return JSONResponse(summary(added, registry), 201, {"Location": f"/api/v1/pacs/{added.name}"})

    @routes.get("/api/v1/pacs/{name}")
    @needs(Role.VIEWER, Reach.EITHER)
    def show_pacs(name: PacsName, request: Request) -> dict[str, Any]:
        """Give one destination; needs the role in its environment."""
        found = existing(desk, name)
        require(request, Role.VIEWER, found.environment)
        return summary(found, desk.destinations())

    @routes.put("/api/v1/pacs/{name}", openapi_extra=_TAKES_A_DESTINATION)
    @needs(Role.ADMIN, Reach.EITHER)
    def replace_pacs(name: PacsName, request: Request, body: Annotated[bytes, Depends(body_of)]) -> dict[str, Any]:
        """Replace a destination's fields; what is left out is at its default again.

        Needs the role in the environment it was in, and in the one it will be in.
        """
        old = existing(desk, name)
        require(request, Role.ADMIN, old.environment)
        values = _values(request, body)
        _require_in(request, values)
        if values.get("name", name) != name:
            hint = "Remove the destination and add one of the other name."
            raise DestinationRefused(Finding("name", "is not the one in the path", hint))
        _check_files(values, lambda key: getattr(old, key))
        registry = desk.destinations()
        new = DestinationEditor(registry, desk.messages, actor_of(request)).replace(old, values)
        return summary(new, registry)

    @routes.delete("/api/v1/pacs/{name}")
    @needs(Role.ADMIN, Reach.EITHER)
    def remove_pacs(name: PacsName, request: Request) -> dict[str, Any]:
        """Remove a destination; says how many open deliveries went to the dead letters, and which routes went."""
        require(request, Role.ADMIN, existing(desk, name).environment)
        removed = DestinationEditor(desk.destinations(), desk.messages, actor_of(request)).remove(name)
        if removed is None:
            raise HTTPException(404, f"there is no destination named {name}")
        return removed

    @routes.post("/api/v1/pacs/{name}/echo")
    @needs(Role.OPERATOR, Reach.EITHER)
    def echo_pacs(name: PacsName, request: Request) -> dict[str, Any]:
        """See whether a destination is there: C-ECHO, and its DICOMweb services if it has any."""
        destination = existing(desk, name)
        require(request, Role.OPERATOR, destination.environment)
        with turnstile.turn():
            found = check(destination)
        return {"name": name, "ok": all(item.ok for item in found), "checks": [item.told() for item in found]}

    return routes


def existing(desk: WebDesk, name: str) -> Destination:
    """Give a destination; raises HTTPException 404 where there is none."""
    destination = desk.destinations().get(name)
    if destination is None:
        raise HTTPException(404, f"there is no destination named {name}")
    return destination


def install(app: FastAPI) -> None:
    """Answer what is wrong with a destination as a problem document."""

    @app.exception_handler(DestinationRefused)
    async def _refused(_request: Request, error: DestinationRefused) -> JSONResponse:
        return problem(400, "the destination cannot be kept", errors(error.faults))

    @app.exception_handler(NameTaken)
    @app.exception_handler(DestinationFixed)
    async def _conflict(_request: Request, error: Exception) -> JSONResponse:
        return problem(409, str(error))


def _require_in(request: Request, values: Mapping[str, Any]) -> None:
    """See that whoever asks is admin where a destination is to be; what is no environment is refused later."""
    is_prod = values.get("environment") == Environment.PROD.value
    require(request, Role.ADMIN, Environment.PROD if is_prod else Environment.TEST)


def _values(request: Request, body: bytes) -> dict[str, Any]:
    given = media_type(request)
    if given and not is_json_type(given):
        raise refuse_type(given, "application/json")
    try:
        values = from_json(body)
    except ValueError as error:
        raise HTTPException(400, "the body is not JSON") from error
    if not isinstance(values, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return {key: value for key, value in values.items() if key not in _SHOWN_ONLY}


def _check_files(values: Mapping[str, Any], known: Callable[[str], str]) -> None:
    hint = "Set it with `dicomfabd pacs edit` on this machine, or in the settings."
    faults = [
        Finding(key, "names a file of this machine, which the API may not", hint)
        for key in _FILES
        if values.get(key, "") not in ("", known(key))
    ]
    if faults:
        raise DestinationRefused(*faults)
