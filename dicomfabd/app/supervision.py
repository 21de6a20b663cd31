"""Keeps a process running: again after each end, later and later while it keeps dying young."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

_FIRST_S: Final = 0.2
_LONGEST_S: Final = 30.0
_HEALTHY_S: Final = 30.0  # one that ran this long is started again without delay growing


async def end_in_time(
    tasks: Iterable[asyncio.Task[None]], handles: Iterable[asyncio.subprocess.Process | None], timeout_s: float
) -> None:
    """Wait for processes that were asked to stop; after the time limit, kill them.

    Args:
        tasks: End with their processes.
        handles: Looked at only when the time is over, because one may just have been started.
        timeout_s: The limit.
    """
    waiting = set(tasks)
    if not waiting:
        return
    _, late = await asyncio.wait(waiting, timeout=timeout_s)
    if late:
        for handle in handles:
            if handle and handle.returncode is None:
                handle.kill()
        await asyncio.wait(late)


async def keep_running(run: Callable[[], Awaitable[int]], goes_on: Callable[[int], Awaitable[bool]]) -> None:
    """Run a process again and again.

    Args:
        run: Starts it and gives its exit code.
        goes_on: Told the exit code; says whether it is to be started again.
    """
    delay_s = _FIRST_S
    while True:
        started = time.monotonic()
        code = await run()
        if not await goes_on(code):
            return
        delay_s = _FIRST_S if time.monotonic() - started > _HEALTHY_S else min(delay_s * 2, _LONGEST_S)
        await asyncio.sleep(delay_s)
