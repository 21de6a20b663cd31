"""The HTTP listener: FastAPI on uvicorn, in the daemon's own event loop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn

from dicomfabd.config import Web
from dicomfabd.web.application import build
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.event_stream import EventHub
from dicomfabd.web.guards import Guards

_KEEP_ALIVE_S: Final = 5
_MOST_CONNECTIONS: Final = 512


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the daemon handles signals for everybody


class WebServer:
    """Serves the page, the API, the probes and the metrics."""

    def __init__(self, settings: Web, desk: WebDesk) -> None:
        """Prepare; nothing is opened yet."""
        self._settings = settings
        app = build(desk)
        self._events: EventHub = app.state.events
        config = uvicorn.Config(
            Guards(app, desk.journal),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_keep_alive=_KEEP_ALIVE_S,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=3,
            server_header=False,
            # Said by us in any case: left out, uvicorn would look into the environment.
            forwarded_allow_ips=list(settings.proxies),
        )
        self._server = _Server(config)
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port in use, once started."""
        assert self._socket is not None  # noqa: S101 - start() was not called: our bug
        return int(self._socket.getsockname()[1])

    async def start(self) -> None:
        """Open the port; raises OSError when it is taken."""
        host = self._settings.host
        self._socket = socket.create_server(
            (host, self._settings.port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=256
        )
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Finish requests under way, for three seconds at most, and close."""
        self._events.close()
        self._server.should_exit = True
        if self._task is not None:
            await self._task
