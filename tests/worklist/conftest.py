"""A worklist with items in it."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dicomfabd.config import Worklist
from dicomfabd.worklist.scp import WorklistServer
from tests.builders import a_message, take
from tests.listeners import running


@pytest.fixture
def serve(store, journal, clock) -> Iterator[Callable[..., WorklistServer]]:
    """Give a function that starts a worklist; options are its settings, and `profiles`."""
    with contextlib.ExitStack() as started:

        def start(profiles: Any = (), **settings: Any) -> WorklistServer:
            server = WorklistServer(
                Worklist(port=0, **settings), profiles, store.worklist, store.queries, journal, clock=clock
            )
            started.enter_context(running(server))
            return server

        yield start


@pytest.fixture
def put(store) -> Callable[..., None]:
    numbers = itertools.count()
    return lambda *changes: take(store.inbox, a_message(f"M{next(numbers)}"), *changes) and None
