"""Blocking iterators gone through on threads, several steps at a time."""

import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Final, Generic, Protocol, TypeVar

T = TypeVar("T")

_MOST: Final = 16
_LONGEST_S: Final = 0.005


class Run(Protocol):
    """Runs a blocking function on a thread."""

    def __call__(self, function: Callable[..., T], /, *arguments: Any) -> Awaitable[T]:
        """Give what the function gives."""


class Batches(Generic[T]):
    """What an iterator gives, fetched on a thread; the first at once, later ones together, for the sake of speed."""

    def __init__(self, run: Run, begin: Callable[[], Iterable[T]], most: int = _MOST) -> None:
        """Prepare.

        Args:
            run: Runs blocking functions.
            begin: Gives what is gone through; called on a thread too.
            most: Items in a batch; a batch also ends after 5 ms.
        """
        self._run = run
        self._begin = begin
        self._most = most
        self._iterator: Iterator[T] | None = None
        self._is_running = False

    async def next(self) -> list[T]:
        """Give the next items, at least one; empty at the end. Raises what the iterator raises."""
        most = self._most if self._iterator else 1
        self._is_running = True
        batch = await self._run(self._fetch, most)
        self._is_running = False
        return batch

    async def close(self) -> None:
        """Let a generator clean up; it gives no more."""
        close = getattr(self._iterator, "close", None)
        # One that is still at work, because we stop, ends with its thread.
        if close and not self._is_running:
            await self._run(close)

    def _fetch(self, most: int) -> list[T]:
        if self._iterator is None:
            self._iterator = iter(self._begin())
        until = time.monotonic() + _LONGEST_S
        batch: list[T] = []
        for item in self._iterator:
            batch.append(item)
            if len(batch) >= most or time.monotonic() > until:
                break
        return batch
