"""What commands that list have in common: periods, cursors, and a search that is up to date."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Final, TypeVar

import typer
from pydantic import ValidationError

from dicomfabd.cli.console import EXIT_USAGE, err, fail
from dicomfabd.store.interface import MessageQuery, OrderQuery, Page
from dicomfabd.store.opening import Store

Limit = Annotated[int, typer.Option(min=1, max=1000)]
Before = Annotated[int | None, typer.Option(min=1, help="Only what is older than this number.")]
Since = Annotated[str, typer.Option("--from", metavar="DAY|TIME", help="Only what came then or later (UTC).")]
Until = Annotated[str, typer.Option("--to", metavar="DAY|TIME", help="Only what came before, or on that day.")]

_PATIENCE_S: Final = 30.0
_AT_ONCE: Final = 1000

Item = TypeVar("Item")
Query = TypeVar("Query", OrderQuery, MessageQuery)


@contextmanager
def asked_well() -> Iterator[None]:
    """End the command with what is wrong with a filter."""
    try:
        yield
    except ValidationError as error:
        wrong = (f"--{'-'.join(map(str, it['loc']))}: {it['msg']}".replace("_", "-") for it in error.errors())
        fail("\n".join(wrong), EXIT_USAGE)


def found_whole(find: Callable[[Query], Page[Item]], query: Query, store: Store) -> list[Item]:
    """Give a full page, however long it takes: nobody may follow the store while no daemon runs."""
    ends_at = time.monotonic() + _PATIENCE_S
    page = find(query)
    while page.behind and time.monotonic() < ends_at:
        if not store.search.follow(_AT_ONCE).behind:
            page = find(query)
            break
    found = list(page)
    while page.next is not None and len(found) < query.limit and time.monotonic() < ends_at:
        page = find(replace(query, before_id=page.next, limit=query.limit - len(found)))
        found += page
    if page.behind:
        err.print(f"{page.behind} changes are not searched yet; ask again later")
    return found
