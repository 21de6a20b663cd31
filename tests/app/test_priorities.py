import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dicomfabd.app.priorities import BEHIND_ALL, BEHIND_READERS, let_readers_first

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has niceness by thread")


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def step_back() -> tuple[int, int]:
    """Step back on this thread; give its niceness, and that of a process it starts."""
    let_readers_first()
    started = subprocess.run([sys.executable, "-c", "import os; print(os.nice(0))"], capture_output=True, text=True)
    return niceness(), int(started.stdout)


def test_a_thread_steps_back_with_what_it_starts_from_then_on():
    """Others of the process stay where they are."""
    before = niceness()
    with ThreadPoolExecutor(1) as thread:
        stepped_back = thread.submit(step_back).result()

    assert (before + BEHIND_READERS, before + BEHIND_READERS) == stepped_back
    assert before == niceness()


def test_a_process_steps_back_behind_the_others():
    """For good."""
    code = (
        "import os; from dicomfabd.app.priorities import let_everybody_first as step_back;"
        " before = os.nice(0); step_back(); print(os.nice(0) - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert BEHIND_ALL == int(done.stdout)
