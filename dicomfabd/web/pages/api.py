"""The API's reference, made from its own description; it needs no internet."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse

from dicomfabd.domain.access import Role
from dicomfabd.web.access.needs import GuardedRouter, needs
from dicomfabd.web.pages.rendering import Pages

_METHODS: Final = ("get", "post", "put", "patch", "delete")

Schema = Mapping[str, Any]

_NO_BODY: Final[tuple[str, Schema]] = ("", {})


def router(pages: Pages) -> GuardedRouter:
    """Give the route."""
    routes = GuardedRouter(include_in_schema=False)

    @routes.get("/api", response_class=HTMLResponse)
    @needs(Role.VIEWER)
    def api(request: Request) -> HTMLResponse:
        """Every operation: what it does, takes and gives, and how curl asks for it."""
        description = request.app.openapi()
        base = str(request.base_url).rstrip("/")
        groups: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in description["tags"]}
        for operation in _operations(description, base):
            groups.setdefault(operation["group"], []).append(operation)
        about = {tag["name"]: tag["description"] for tag in description["tags"]}
        shown = [(name, operations) for name, operations in groups.items() if operations]
        return pages.render(request, "api.html", groups=shown, about=about, openapi=description["openapi"])

    return routes


def _operations(description: Schema, base: str) -> Iterator[dict[str, Any]]:
    for path, item in description["paths"].items():
        for method in _METHODS:
            if method in item:
                yield _operation(description, base, path, method, item[method])


def _operation(description: Schema, base: str, path: str, method: str, operation: Schema) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    media_type, body = next(iter(content.items()), _NO_BODY)
    schema = _resolved(description, body.get("schema", {}))
    return {
        "id": f"{method}-{path}",
        "group": next(iter(operation.get("tags", ())), "others"),
        "method": method.upper(),
        "path": path,
        "summary": operation.get("description") or operation.get("summary", ""),
        "parameters": [_parameter(description, it) for it in operation.get("parameters", [])],
        "media_type": media_type,
        "fields": _fields(description, schema),
        "curl": _curl(base, path, method, media_type, body, description),
        "answers": sorted(operation.get("responses", {})),
    }


def _parameter(description: Schema, parameter: Schema) -> dict[str, str]:
    schema = _resolved(description, parameter.get("schema", {}))
    return {
        "name": parameter["name"],
        "where": parameter["in"],
        "type": _type(schema),
        "must": "required" if parameter.get("required") else "",
        "text": parameter.get("description") or schema.get("description", ""),
    }


def _fields(description: Schema, schema: Schema) -> list[dict[str, str]]:
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "type": _type(_resolved(description, inner)),
            "must": "required" if name in required else "",
            "text": inner.get("description", ""),
        }
        for name, inner in schema.get("properties", {}).items()
    ]


def _type(schema: Schema) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(inner) for inner in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    said = str(schema.get("type", "any"))
    if said == "array":
        said = f"list of {_type(schema.get('items', {}))}"
    most = schema.get("maxLength") or schema.get("maximum")
    return f"{said}, at most {most}" if most and "maxLength" in schema else said


def _resolved(description: Schema, schema: Schema) -> Schema:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Schema = description.get("components", {}).get("schemas", {}).get(name, {}) if name else schema
    return found


def _curl(base: str, path: str, method: str, media_type: str, body: Schema, description: Schema) -> str:
    words = ["curl", *(["-X", method.upper()] if method not in ("get", "post") else [])]
    if media_type:
        example = body.get("example") or _example(description, _resolved(description, body.get("schema", {})))
        data = example if isinstance(example, str) else json.dumps(example)
        words += ["-H", f"Content-Type: {media_type}", "--data-binary", data]
    elif method == "post":
        words += ["-X", "POST"]
    return shlex.join([*words, f"{base}{path}"])


def _example(description: Schema, schema: Schema) -> Any:
    """Give a value of a schema: its own example, or the least that is required."""
    if examples := schema.get("examples"):
        return examples[0]
    if schema.get("type") == "object":
        required = schema.get("required", [])
        properties = schema.get("properties", {})
        return {name: _example(description, _resolved(description, properties[name])) for name in required}
    if "enum" in schema:
        return schema["enum"][0]
    return {"integer": 1, "number": 1, "boolean": True, "array": []}.get(str(schema.get("type")), "...")
