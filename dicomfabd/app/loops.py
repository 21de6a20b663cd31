"""The event loop our processes run on."""

import asyncio
import gc
import sys
from collections.abc import Coroutine
from typing import Any


def run_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run to the end on uvloop, which halves the time of an acknowledgment, or on asyncio where there is none."""
    if sys.platform == "win32":
        asyncio.run(main)
        return
    import uvloop

    uvloop.run(main)


def settle_memory(young_objects: int = 0) -> None:
    """Tell the garbage collector that what the start has built stays for good.

    Looking through it again and again costs up to 100 ms each time.

    Args:
        young_objects: Look for garbage after so many new objects; 0 leaves Python's own choice.
    """
    gc.collect()
    gc.freeze()
    if young_objects:
        gc.set_threshold(young_objects)
