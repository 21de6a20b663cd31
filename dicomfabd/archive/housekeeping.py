"""A thread that does a chore again and again, one bounded turn at a time, until it is told to stop."""

import threading
from collections.abc import Callable
from typing import Final

_AFTER_BUG_S: Final = 60.0
_LONGEST_STOP_S: Final = 5.0  # a turn that talks to a peer may wait for it much longer

Turn = Callable[[], float | None]
"""Does a little and gives in how many seconds to be called again; None is not before somebody wakes it."""


class Chore:
    """Calls a function from a thread of its own."""

    def __init__(self, name: str, turn: Turn, on_bug: Callable[[str, BaseException], None]) -> None:
        """Prepare; nothing runs yet.

        Args:
            name: Of the thread.
            turn: The chore.
            on_bug: Told what a turn raised; the next one comes a minute later.
        """
        self._name = name
        self._turn = turn
        self._on_bug = on_bug
        self._woken = threading.Event()
        self._is_stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; the first turn comes at once."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Let the next turn come now."""
        self._woken.set()

    def stop(self) -> None:
        """End the thread after the turn under way, which is waited for five seconds at most; idempotent."""
        self._is_stopping = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join(_LONGEST_STOP_S)
            self._thread = None

    def _run(self) -> None:
        while not self._is_stopping:
            self._woken.clear()
            try:
                pause_s = self._turn()
            except Exception as error:  # the chore goes on; what went wrong is told
                self._on_bug(self._name, error)
                pause_s = _AFTER_BUG_S
            if not self._is_stopping:
                self._woken.wait(pause_s)
