"""The MLLP door: opens the port, lets in who may come, and hands each connection to a reception."""

import asyncio
import contextlib
import socket
from collections import Counter
from typing import Final, Protocol

from dicomfabd.config import Intake
from dicomfabd.domain.addresses import Addresses, plain_address
from dicomfabd.telemetry.journal import Journal

_BACKLOG: Final = 256
_AFTER_FAILED_ACCEPT_S: Final = 0.1  # out of file descriptors; trying at once would only burn


class Receptions(Protocol):
    """Who serves connections: one reception, or several in processes of their own."""

    def take(self, connection: socket.socket, peer: str, host: str) -> None:
        """Serve one more connection."""

    async def stop(self, timeout_s: float) -> None:
        """Answer what was read and close everything, in so many seconds at most."""


class MllpListener:
    """Listens for HL7 on one TCP port."""

    def __init__(self, settings: Intake, journal: Journal) -> None:
        """Prepare; nothing is opened yet."""
        self._settings = settings
        self._journal = journal
        self._allowed = Addresses(settings.allowed_addresses)
        self._open: Counter[str] = Counter()
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port in use, once started."""
        assert self._socket is not None  # noqa: S101 - start() was not called: our bug
        return int(self._socket.getsockname()[1])

    async def start(self, receptions: Receptions) -> None:
        """Open the port and hand connections over from now on; raises OSError when the port is taken."""
        host = self._settings.host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, self._settings.port), family=family, backlog=_BACKLOG)
        self._socket.setblocking(False)
        self._receptions = receptions
        self._task = asyncio.create_task(self._accept())

    def ended(self, host: str) -> None:
        """Note that a connection of an address is gone."""
        self._open[host] -= 1
        if self._open[host] <= 0:
            del self._open[host]
        self._journal.connection_ended()

    async def stop(self, timeout_s: float) -> None:
        """Take no more, let what was read be answered, close."""
        if self._socket is None or self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._socket.close()
        await self._receptions.stop(timeout_s)

    async def _accept(self) -> None:
        assert self._socket is not None  # noqa: S101 - start() has set it
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(self._socket)
            except OSError as error:
                self._journal.connection_closed("?", "limit", str(error))
                await asyncio.sleep(_AFTER_FAILED_ACCEPT_S)
                continue
            try:
                self._admit(connection, address[0], address[1])
            except OSError as error:  # it was gone at once; the next one is not
                connection.close()
                self._journal.connection_closed("?", "limit", str(error))

    def _admit(self, connection: socket.socket, host: str, port: int) -> None:
        host = plain_address(host)
        peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        reason, detail = self._objection(host)
        if reason:
            # Closing at once tells the sender to try again; leaving it to wait would hang it.
            self._journal.connection_closed(peer, reason, detail)
            connection.close()
            return
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open[host] += 1
        self._journal.connection_opened()
        self._receptions.take(connection, peer, host)

    def _objection(self, host: str) -> tuple[str, str]:
        settings = self._settings
        if host not in self._allowed:
            return "address", "not one of intake.allowed_addresses"
        if self._open.total() >= settings.max_connections:
            return "limit", f"intake.max_connections = {settings.max_connections} are open"
        if self._open[host] >= settings.max_connections_per_address:
            return "limit", f"intake.max_connections_per_address = {settings.max_connections_per_address} are open"
        return "", ""
