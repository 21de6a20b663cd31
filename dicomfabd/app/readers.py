"""Supervises the reading processes: starts them, deals connections out, replaces the dead, stops them in time."""

import asyncio
import contextlib
import json
import socket
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from dicomfabd.app.reader_main import ReaderSetup
from dicomfabd.app.supervision import end_in_time, keep_running
from dicomfabd.telemetry.journal import Journal
from dicomfabd.telemetry.sink import Sink, replay

LONGEST_LINE: Final = 1 << 24
_KILL_AFTER_S: Final = 1.0  # beyond the time a process was given to stop
START_S: Final = 30.0


@dataclass(slots=True)
class _Process:
    name: str
    handle: asyncio.subprocess.Process | None = None
    control: socket.socket | None = None
    hosts: Counter[str] = field(default_factory=Counter)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    problem: str = ""


class ReaderPool:
    """A fixed number of processes that read messages, each on an event loop of its own."""

    def __init__(
        self,
        count: int,
        setup: ReaderSetup,
        sink: Sink,
        journal: Journal,
        on_work: Callable[[], None],
        on_ended: Callable[[str], None],
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            count: Number of processes, 1 or more.
            setup: For each of them.
            sink: Where their metrics go.
            journal: Told of starts and deaths.
            on_work: Told when a message brought work for a destination.
            on_ended: Told the address of each connection that ended.
        """
        self._processes = [_Process(f"reader-{number}") for number in range(1, count + 1)]
        self._setup = setup
        self._sink = sink
        self._journal = journal
        self._on_work = on_work
        self._on_ended = on_ended
        self._is_stopping = False
        self._is_held = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def problem(self) -> str:
        """Why messages cannot be kept, or an empty string."""
        return next((process.problem for process in self._processes if process.problem), "")

    async def start(self) -> None:
        """Start every process and wait until all can serve."""
        self._tasks = [asyncio.create_task(self._supervise(process)) for process in self._processes]
        async with asyncio.timeout(START_S):
            await asyncio.gather(*(process.ready.wait() for process in self._processes))

    def take(self, connection: socket.socket, peer: str, host: str) -> None:
        """Hand a connection to the process that has fewest."""
        process = min(self._processes, key=lambda item: (not item.ready.is_set(), item.hosts.total()))
        try:
            if process.control is None or not process.ready.is_set():
                raise ConnectionError("no process reads now")
            socket.send_fds(process.control, [json.dumps([peer, host]).encode()], [connection.fileno()])
        except OSError as error:
            # Its sender tries again; by then the process is back.
            self._journal.connection_closed(peer, "limit", str(error))
            self._on_ended(host)
        else:
            process.hosts[host] += 1
        finally:
            connection.close()

    def hold(self, is_held: bool) -> None:
        """Let all senders wait, or go on."""
        if is_held != self._is_held:
            self._is_held = is_held
            self._tell(b"hold" if is_held else b"go")

    async def stop(self, timeout_s: float) -> None:
        """Let what was read be answered, for so long at most; then end the processes."""
        self._is_stopping = True
        self._tell(b"stop")
        await end_in_time(self._tasks, (process.handle for process in self._processes), timeout_s + _KILL_AFTER_S)

    def _tell(self, word: bytes) -> None:
        for process in self._processes:
            if process.control is not None:
                with contextlib.suppress(OSError):  # it is dead, and will be told when it is back
                    process.control.send(word)

    async def _supervise(self, process: _Process) -> None:
        async def goes_on(code: int) -> bool:
            for host in process.hosts.elements():
                self._on_ended(host)
            process.hosts.clear()
            process.problem = ""
            if not self._is_stopping:
                self._journal.reader_died(process.name, code)
            return not self._is_stopping

        await keep_running(lambda: self._run(process), goes_on)

    async def _run(self, process: _Process) -> int:
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        relay, their_relay = socket.socketpair()
        try:
            handle = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "dicomfabd.app.reader_main",
                str(theirs.fileno()),
                str(their_relay.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), their_relay.fileno()),
            )
        finally:
            theirs.close()
            their_relay.close()
        process.handle, process.control = handle, control
        self._journal.reader_started(process.name, handle.pid)
        control.send(self._setup.model_dump_json().encode())
        if self._is_stopping:
            control.send(b"stop")
        elif self._is_held:
            control.send(b"hold")
        control.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=relay, limit=LONGEST_LINE)
        try:
            async for line in reader:
                self._hear(process, line)
        except ConnectionError:
            pass  # it died; its exit code tells the rest
        finally:
            process.ready.clear()
            process.control = None
            control.close()
            writer.close()
        return await handle.wait()

    def _hear(self, process: _Process, line: bytes) -> None:
        if line.startswith(b'["tally"'):
            replay(line, self._sink)
            return
        kind, *details = json.loads(line)
        if kind == "work":
            self._on_work()
        elif kind == "ended":
            process.hosts[details[0]] -= 1
            self._on_ended(details[0])
        elif kind == "problem":
            process.problem = details[0]
        elif kind == "ready":
            process.ready.set()
