"""DICOM listeners of ours on an event loop of their own, for tests that ask them from the outside."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, Protocol, TypeVar

import uvloop

T = TypeVar("T")


class Server(Protocol):
    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class LoopThread:
    """An event loop as the daemon's, on a thread."""

    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], timeout_s: float = 30) -> T:
        """Run on the loop, and give what comes of it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout_s)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(30)
        self.loop.close()


@contextlib.contextmanager
def loop_thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    try:
        yield thread
    finally:
        thread.close()


@contextlib.contextmanager
def running(server: Server) -> Iterator[None]:
    """Start a server, and stop it in the end."""
    with loop_thread() as thread:
        thread.run(server.start())
        try:
            yield
        finally:
            thread.run(server.stop())
