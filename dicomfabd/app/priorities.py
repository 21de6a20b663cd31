"""Who comes first where processors are short: acknowledgments, then the worklist and the page, then studies.

The system shares them out by niceness; our processes begin with the one the daemon was started with.
"""

import os
import sys
import threading
from typing import Final

BEHIND_READERS: Final = 5
BEHIND_ALL: Final = 10


def let_readers_first() -> None:
    """Put this thread, and those it starts from now on, behind the reading processes that run already.

    One that has to be started again later is no longer ahead. Only Linux has niceness by thread; elsewhere nothing
    happens.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + BEHIND_READERS)


def let_everybody_first() -> None:
    """Put this process behind the others; it may burn processors for hours."""
    os.nice(BEHIND_ALL)
