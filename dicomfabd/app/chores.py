"""What the main process does beside everything else, and never in its way."""

import asyncio
import contextlib
import time
from typing import Final

from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.store.search_interface import Search
from dicomfabd.telemetry.history import History

_LOOK_EVERY_S: Final = 1.0
_AT_ONCE: Final = 100  # changes; a few milliseconds' work
_BUSY_SHARE: Final = 0.1  # of a processor, while anything comes in
_IDLE_SHARE: Final = 0.5
_SHORTEST_REST_S: Final = 0.005
_SAMPLE_EVERY_S: Final = 10.0
_SAMPLES_TO_A_FILE: Final = 6


async def keep_search_current(search: Search) -> None:
    """Follow the store for as long as the daemon runs: soon enough for people, slowly enough for senders."""
    before = 0
    while True:
        started = time.perf_counter()
        behind, share = 0, _BUSY_SHARE
        with contextlib.suppress(StoreUnavailable):  # a store that is down says so itself
            followed = await asyncio.to_thread(search.follow, _AT_ONCE)
            behind = followed.behind
            # What is left grew while we worked: something comes in.
            share = _BUSY_SHARE if behind + followed.taken > before else _IDLE_SHARE
        took = time.perf_counter() - started
        before = behind
        await asyncio.sleep(max(_SHORTEST_REST_S, took / share - took) if behind else _LOOK_EVERY_S)


async def keep_history(history: History) -> None:
    """Note every few seconds what was counted, and once a minute in a file."""
    try:
        while True:
            for _ in range(_SAMPLES_TO_A_FILE):
                await asyncio.sleep(_SAMPLE_EVERY_S)
                await asyncio.to_thread(history.sample)
            await asyncio.to_thread(_save, history)
    finally:
        _save(history)


def _save(history: History) -> None:
    with contextlib.suppress(OSError):  # a full disk costs the past, and nothing else
        history.save()
