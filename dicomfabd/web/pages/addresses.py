"""Addresses of pages, made from the one that was asked for."""

from fastapi import Request
from starlette.datastructures import URL


def with_cursor(request: Request, before: int | str) -> str:
    """Give the address of the same list from a cursor on."""
    return _own(request.url.include_query_params(before=before))


def filtered(request: Request, **filters: str | int) -> str:
    """Give the address of the same list, from its beginning, with filters set; an empty one is taken out."""
    url = request.url.remove_query_params("before")
    for name, value in filters.items():
        url = url.include_query_params(**{name: value}) if value != "" else url.remove_query_params(name)
    return _own(url)


def _own(url: URL) -> str:
    # Never the host: it is what the client said it is.
    return f"{url.path}?{url.query}" if url.query else url.path
