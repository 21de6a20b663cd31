"""The description of the API: /api/v1/openapi.json."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from dicomfabd.domain.access import Environment, Role
from dicomfabd.web.access.doorman import COOKIE, CSRF_HEADER
from dicomfabd.web.access.needs import GuardedRouter, Needs, needs, needs_of
from dicomfabd.web.api.examples import PARAMETERS, Described, described
from dicomfabd.web.api.schemas import PROBLEM, PROBLEM_TYPE, problem_answer

_ABOUT: Final = (
    "Orders, messages, the worklist, PACS, patients and the archive of dicomfabd. Errors are problem documents"
    " (RFC 9457). A list has `next`, the `before` of the following page, which is null on the last one."
)
_SECURITY: Final = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "What signing in sets. While there are no users, whoever sits at this machine needs nothing.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "`csrf_token` of /api/v1/session; goes with every change by a session.",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of a user. Its scopes bound what it may do: `read`, `operate`, `admin` as the roles"
        " viewer, operator and admin, and `phi` for messages as they came.",
    },
}
_SCOPES: Final = {Role.VIEWER: "read", Role.OPERATOR: "operate", Role.ADMIN: "admin"}
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_SENTENCE: Final = re.compile(r"[.;:](?=\s|$)")


def router() -> GuardedRouter:
    """Give the route."""
    routes = GuardedRouter(include_in_schema=False)

    @routes.get("/api/v1/openapi.json")
    @needs(Role.VIEWER)
    def describe(request: Request) -> dict[str, Any]:
        """Describe every route of the API (OpenAPI 3.1)."""
        found: dict[str, Any] = request.app.openapi()
        return found

    return routes


def install(app: FastAPI) -> None:
    """Have an app describe itself as its doors and our examples say."""
    kept: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not kept:
            kept.update(document(app, _routes(app.routes)))
        return kept

    app.openapi = openapi  # type: ignore[method-assign] # as FastAPI wants it


def document(app: FastAPI, routes: Iterator[APIRoute]) -> dict[str, Any]:
    """Give the description of an app."""
    found = get_openapi(title=app.title, version=app.version, description=_ABOUT, routes=app.routes)
    known, tags = described()
    by_place = {(route.path_format, method.lower()): route for route in routes for method in route.methods or ()}
    for path, item in found["paths"].items():
        for method in _METHODS:
            if method in item:
                route = by_place[path, method]
                name = route.operation_id or route.name
                _complete(item[method], name, needs_of(route.endpoint), known.get(name, Described()), method)
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    components["securitySchemes"] = _SECURITY
    found["tags"] = tags
    return found


def _routes(routes: Sequence[Any]) -> Iterator[APIRoute]:
    """Give every route, however deep it was included."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _routes(included.routes)
        elif isinstance(route, APIRoute):
            yield route


def _complete(operation: dict[str, Any], name: str, needed: Needs, said: Described, method: str) -> None:
    text = operation.get("description", "")
    operation["operationId"] = name
    operation["summary"] = _SENTENCE.split(text, maxsplit=1)[0]
    operation["description"] = f"{text}\n\n{_in_words(needed)}"
    if said.tag:
        operation["tags"] = [said.tag]
    operation["security"] = _security(needed, method)
    for parameter in operation.get("parameters", []):
        if parameter["name"] in PARAMETERS:
            example = PARAMETERS[parameter["name"]]
            parameter["example"] = [example] if parameter["schema"].get("type") == "array" else example
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if said.body is not None:
            content["example"] = said.body
    _answers(operation, needed, said, method)


def _answers(operation: dict[str, Any], needed: Needs, said: Described, method: str) -> None:
    answers = {status: answer for status, answer in operation["responses"].items() if status != "422"}
    for status, content in said.answers.items():
        answers[status] = {"description": answers.get(status, {}).get("description", "Done."), "content": content}
    problems = set(said.problems)
    if operation.get("parameters") or "requestBody" in operation:
        problems.add(400)
    if needed.role is not Role.NONE:
        problems |= {401, 403, 421, 503}
    if "requestBody" in operation:
        problems.add(413)
    if method != "get":
        problems.add(403)
    for number in sorted(problems):
        if str(number) not in said.answers:
            answers[str(number)] = problem_answer(number) | {"content": {PROBLEM_TYPE: _A_PROBLEM}}
    operation["responses"] = dict(sorted(answers.items()))


_A_PROBLEM: Final = {"schema": {"$ref": "#/components/schemas/Problem"}}


def _security(needed: Needs, method: str) -> list[dict[str, list[str]]]:
    if needed.role is Role.NONE:
        return []
    session: dict[str, list[str]] = {"session": []} if method == "get" else {"session": [], "csrf": []}
    return [session, {"token": []}]


def _in_words(needed: Needs) -> str:
    if needed.role is Role.NONE:
        return "Open to everybody."
    environment = needed.environment
    where = f"the {environment} environment" if isinstance(environment, Environment) else str(environment)
    scope = _SCOPES[cast(Role, needed.role)]
    text = f"Needs the role {needed.role.name.lower()} in {where}; a token, the scope `{scope}`"
    return f"{text} and `phi`, a user the right to read messages." if needed.messages else f"{text}."
