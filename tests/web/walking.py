"""Every route of an application, and addresses that lead to it."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from tests.web.access.test_role_matrix import all_routes

_PART = re.compile(r"\{(\w+)(?::\w+)?\}")
ENDLESS = frozenset({"/api/v1/events"})
"""Answers that go on until the client leaves; they have tests of their own."""

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def routes(app: FastAPI) -> list[APIRoute]:
    return [route for route in all_routes(app) if isinstance(route, APIRoute)]


def pages(app: FastAPI) -> list[APIRoute]:
    """Give the routes that answer with a page."""
    return [
        route
        for route in routes(app)
        if isinstance(route.response_class, type) and issubclass(route.response_class, HTMLResponse)
    ]


def changing(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Give method and path of every route that changes something."""
    for route in routes(app):
        for method in sorted(route.methods & CHANGING):
            yield method, route.path


def parts_of(path: str) -> list[str]:
    return _PART.findall(path)


def addresses(path: str, parts: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Give an address for every combination of values; raises KeyError for a part nobody knows a value for."""
    names = parts_of(path)
    for values in itertools.product(*(parts[name] for name in names)):
        chosen = dict(zip(names, values, strict=True))
        yield _PART.sub(lambda found: quote(chosen[found.group(1)], safe=""), path)  # noqa: B023 - used at once


def with_ones(path: str) -> str:
    """Give some address of a route."""
    return _PART.sub("1", path)
