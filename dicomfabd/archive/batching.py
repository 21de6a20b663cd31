"""Group commit among threads: who waits together shares one flush of the disk."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class GroupCommit(Generic[T, R]):
    """Commits items in groups: the first thread commits for all that came while it waited for its turn."""

    def __init__(self, commit: Callable[[Sequence[T]], Sequence[R]]) -> None:
        """Take what commits several items at once and gives a result for each."""
        self._commit = commit
        self._turn = threading.Lock()
        self._list = threading.Lock()
        self._waiting: list[tuple[T, Future[R]]] = []

    def run(self, item: T) -> R:
        """Commit an item, alone or with others; raises what the commit raised."""
        result: Future[R] = Future()
        with self._list:
            self._waiting.append((item, result))
        with self._turn:
            if not result.done():
                self._commit_waiting()
        return result.result()

    def _commit_waiting(self) -> None:
        with self._list:
            group, self._waiting = self._waiting, []
        try:
            results = self._commit([item for item, _ in group])
        except BaseException as error:
            for _, future in group:
                future.set_exception(error)
            return
        for (_, future), result in zip(group, results, strict=True):
            future.set_result(result)
