"""Supervises the worker processes: starts them, wakes them, replaces the dead, stops them in time."""

import asyncio
import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dicomfabd.app.supervision import end_in_time, keep_running
from dicomfabd.app.worker_main import WorkerSetup
from dicomfabd.telemetry.journal import Journal
from dicomfabd.telemetry.sink import Sink, replay

LONGEST_LINE: Final = 1 << 20
WAKE_DELAY_S: Final = 0.002  # a burst of orders wakes the workers once


@dataclass(slots=True)
class _Process:
    setup: WorkerSetup
    handle: asyncio.subprocess.Process | None = None


class WorkerPool:
    """A fixed number of worker processes."""

    def __init__(self, setups: list[WorkerSetup], sink: Sink, journal: Journal, release: Callable[[str], int]) -> None:
        """Prepare; nothing is started yet.

        Args:
            setups: One for each process; their names hold the leases.
            sink: Where the workers' journals go.
            journal: Told of starts and deaths.
            release: Puts back what a dead worker held; blocking.
        """
        self._processes = [_Process(setup) for setup in setups]
        self._sink = sink
        self._journal = journal
        self._release = release
        self._is_stopping = False
        self._tasks: list[asyncio.Task[None]] = []
        self._wake: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Start every process; returns at once, they come up side by side."""
        self._tasks = [asyncio.create_task(self._supervise(process)) for process in self._processes]

    def wake(self) -> None:
        """Tell the workers that there is new work; call on the event loop."""
        if self._wake is None:
            self._wake = asyncio.get_running_loop().call_later(WAKE_DELAY_S, self._wake_now)

    async def stop(self, timeout_s: float) -> None:
        """Let the studies under way finish, for so long at most; then end the processes and put their work back."""
        self._is_stopping = True
        self._tell(b"stop\n")
        await end_in_time(self._tasks, (process.handle for process in self._processes), timeout_s)

    def _wake_now(self) -> None:
        self._wake = None
        self._tell(b"wake\n")

    def _tell(self, line: bytes) -> None:
        for process in self._processes:
            if process.handle and process.handle.stdin and process.handle.returncode is None:
                process.handle.stdin.write(line)

    async def _supervise(self, process: _Process) -> None:
        async def goes_on(code: int) -> bool:
            # Whatever it held is free at once, without waiting for the lease.
            with contextlib.suppress(Exception):  # a store that is down says so itself; leases lapse anyway
                await asyncio.to_thread(self._release, process.setup.name)
            if self._is_stopping:
                self._journal.worker_ended()
                return False
            self._journal.worker_died(process.setup.name, code)
            self._tell(b"wake\n")
            return True

        await keep_running(lambda: self._run(process), goes_on)

    async def _run(self, process: _Process) -> int:
        handle = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "dicomfabd.app.worker_main",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
        )
        process.handle = handle
        self._journal.worker_started(process.setup.name, handle.pid)
        assert handle.stdin and handle.stdout  # noqa: S101 - pipes were asked for
        handle.stdin.write(process.setup.model_dump_json().encode() + b"\n")
        if self._is_stopping:
            handle.stdin.write(b"stop\n")
        try:
            async for line in handle.stdout:
                replay(line, self._sink)
        finally:
            handle.stdin.close()
        return await handle.wait()
