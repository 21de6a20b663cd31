"""Schemas of what the API answers, read off real examples, so that the two cannot say different things."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

PROBLEM_TYPE: Final = "application/problem+json"
PROBLEM: Final = {
    "type": "object",
    "title": "Problem",
    "description": "What is wrong, where, and what to do (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "text", "hint"],
                "properties": {
                    "field": {"type": "string", "description": "Where: a field, a parameter, a header, or `body`."},
                    "text": {"type": "string", "description": "What is wrong with it."},
                    "hint": {"type": "string", "description": "What to do about it."},
                },
            },
        },
    },
    "example": {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "the order cannot be taken",
        "errors": [{"field": "patient_id", "text": "the patient has no identifier", "hint": "Fill PID-3."}],
    },
}
DICOM_ELEMENTS: Final = {
    "type": "object",
    "description": "Tag, as GGGGEEEE, to its element (PS3.18 F.2).",
    "additionalProperties": {
        "type": "object",
        "required": ["vr"],
        "properties": {
            "vr": {"type": "string", "pattern": "^[A-Z]{2}$"},
            "Value": {"type": "array"},
            "BulkDataURI": {"type": "string"},
            "InlineBinary": {"type": "string"},
        },
    },
}
"""The DICOM JSON Model."""

_WHEN: Final = {
    400: "Something that is asked does not have its form; `errors` name what.",
    401: "Nobody we know asks: sign in, or send a token.",
    403: "Whoever asks may not do this, or the request comes from another site's page.",
    404: "There is nothing of that name or number.",
    406: "It cannot be had in a form that Accept names.",
    409: "What is there stands against it.",
    413: "It is too large.",
    414: "The query is too long.",
    415: "The body is of a type that is not taken here.",
    421: "The page may not be asked for by this name.",
    422: "The idempotency key belongs to another order.",
    429: "Too many attempts; `Retry-After` says when to try again.",
    502: "The PACS did not do what it was asked.",
    503: "The store, or a place in line, cannot be had now; nothing was kept. Try again.",
}


@dataclass(frozen=True, slots=True)
class Hints:
    """What examples alone do not say, by name of a property, or `its parent's.its own`.

    Attributes:
        nullable: May be null.
        optional: May be missing.
        numbers: May have a fraction.
        mapping: Its keys are names of things, not of properties.
        tables: Its keys, and the keys of what they lead to, are names of things.
        anything: Its content has no fixed form.
    """

    nullable: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    mapping: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()
    anything: frozenset[str] = frozenset()


def schema_of(examples: Sequence[Any], hints: Hints, place: str = "") -> dict[str, Any]:
    """Give the schema that all of some values have, which stand at `place`; what none of them shows is left open."""
    kinds = {_kind(value) for value in examples}
    if "number" in kinds:
        kinds.discard("integer")
    schema: dict[str, Any] = {"type": kinds.pop() if len(kinds) == 1 else sorted(kinds)} if kinds else {}
    objects = [value for value in examples if isinstance(value, dict)]
    if objects:
        schema |= _properties(objects, hints, place)
    lists = [value for value in examples if isinstance(value, list)]
    if lists:
        schema["items"] = schema_of([item for value in lists for item in value], hints, place)
    return schema


def problem_answer(status: int) -> dict[str, Any]:
    """Give the description of an error."""
    return {"description": _WHEN.get(status, HTTPStatus(status).phrase)}


def _properties(objects: Sequence[Mapping[str, Any]], hints: Hints, place: str) -> dict[str, Any]:
    names = list(dict.fromkeys(name for value in objects for name in value))
    required = [name for name in names if name not in hints.optional and all(name in value for value in objects)]
    properties = {
        name: _property({name, f"{place}.{name}"}, [value[name] for value in objects if name in value], hints, name)
        for name in names
    }
    return {"properties": properties} | ({"required": required} if required else {})


def _property(names: set[str], values: Sequence[Any], hints: Hints, place: str) -> dict[str, Any]:
    if names & hints.anything:
        return {"description": "Of no fixed form."}
    if names & hints.tables:
        schema = _mapping(_mapping(schema_of(_items(_items(values)), hints, place)))
    elif names & hints.mapping:
        schema = _mapping(schema_of(_items(values), hints, place))
    else:
        schema = schema_of(values, hints, place)
    if names & hints.numbers:
        schema["type"] = "number"
    if names & hints.nullable and "type" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        schema["type"] = sorted({*kinds, "null"}) if kinds != ["null"] else "null"
    # Of what was null in all examples nobody knows more.
    return {} if schema.get("type") == "null" else schema


def _mapping(inner: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": inner or True}


def _items(values: Sequence[Any]) -> list[Any]:
    return [item for value in values if isinstance(value, dict) for item in value.values()]


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "object"
