"""How many requests may wait for a PACS at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import HTTPException


class Turnstile:
    """Keeps slow PACS from taking every thread the page has. Thread-safe."""

    def __init__(self, places: int) -> None:
        """Take how many may be inside."""
        self._places = threading.BoundedSemaphore(places)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be inside; raises HTTPException 503 at once where there is no place."""
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def enter(self) -> None:
        """Take a place, or raise HTTPException 503; give it back with `leave`."""
        if not self._places.acquire(blocking=False):
            raise HTTPException(503, "too many requests wait for a PACS. Try again soon.", {"Retry-After": "5"})

    def leave(self) -> None:
        """Give the place back."""
        self._places.release()
