"""Addresses of pages, made from the one that was asked for."""

from typing import Final

from fastapi import Request
from starlette.datastructures import URL

_LONGEST_PATH: Final = 2000


def with_cursor(request: Request, before: int | str) -> str:
    """Give the address of the same list from a cursor on."""
    return _own(request.url.include_query_params(before=before))


def filtered(request: Request, **filters: str | int) -> str:
    """Give the address of the same list, from its beginning, with filters set; an empty one is taken out."""
    url = request.url.remove_query_params("before")
    for name, value in filters.items():
        url = url.include_query_params(**{name: value}) if value != "" else url.remove_query_params(name)
    return _own(url)


def own_path(text: str) -> str:
    """Give a path of ours as it is, and the first page in place of whatever would lead elsewhere."""
    is_own = text.startswith("/") and not text.startswith(("//", "/sign-in"))
    # Browsers take a backslash for a slash, and leave out tabs and line ends.
    is_plain = "\\" not in text and text.isprintable()
    return text if is_own and is_plain and len(text) <= _LONGEST_PATH else "/"


def _own(url: URL) -> str:
    # Never the host: it is what the client said it is.
    return f"{url.path}?{url.query}" if url.query else url.path
