"""The MLLP door: opens the port, hands connections out, and closes in time."""

import asyncio
import contextlib

from dicomfabd.config import Intake
from dicomfabd.intake.connection import Bell, Connection, Desk
from dicomfabd.telemetry.journal import Journal


class MllpListener:
    """Listens for HL7 on one TCP port."""

    def __init__(self, settings: Intake, desk: Desk, journal: Journal) -> None:
        """Prepare; nothing is opened yet."""
        self._settings = settings
        self._desk = desk
        self._journal = journal
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()

    @property
    def port(self) -> int:
        """The port in use, once started."""
        assert self._server is not None  # noqa: S101 - start() was not called: our bug
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Open the port; raises OSError when it is taken."""
        loop = asyncio.get_running_loop()
        self._bell = Bell(loop)
        self._server = await loop.create_server(
            self._accept, self._settings.host, self._settings.port, backlog=256, reuse_address=True
        )

    async def stop(self, timeout_s: float) -> None:
        """Take no more, answer what was read, close; after the time limit, close without answers."""
        if self._server is None:
            return
        self._server.close()
        connections = list(self._connections)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await asyncio.gather(*(connection.drain() for connection in connections))
        for connection in connections:
            connection.close()

    def _accept(self) -> Connection:
        is_full = len(self._connections) >= self._settings.max_connections
        return Connection(self._settings, self._desk, self._journal, self._bell, self._connections, is_full)
