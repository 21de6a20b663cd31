"""The HTTP listener: FastAPI on uvicorn, in the daemon's own event loop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from dicomfabd import __version__
from dicomfabd.config import Web
from dicomfabd.web import probes, problems
from dicomfabd.web.access.doorman import AccountDoor
from dicomfabd.web.access.reading import MessageReads
from dicomfabd.web.access.signing_in import SignIn
from dicomfabd.web.api import (
    archive_images,
    archive_routes,
    audit_routes,
    explaining_routes,
    message_acts,
    message_routes,
    openapi,
    order_acts,
    order_routes,
    pacs_routes,
    patient_routes,
    performed_routes,
    query_routes,
    session_routes,
    template_routes,
    token_routes,
    user_routes,
    worklist_routes,
)
from dicomfabd.web.api.archived import order_finder
from dicomfabd.web.api.asking import Turnstile
from dicomfabd.web.api.order_door import OrderDoor
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.dicomweb import pictures, search
from dicomfabd.web.dicomweb import routes as wado
from dicomfabd.web.dicomweb.origins import DicomwebOrigins
from dicomfabd.web.guards import Guards
from dicomfabd.web.pages import accounts as account_pages
from dicomfabd.web.pages import api as api_page
from dicomfabd.web.pages import messages as messages_page
from dicomfabd.web.pages import new_order
from dicomfabd.web.pages import orders as orders_page
from dicomfabd.web.pages import pacs as pacs_page
from dicomfabd.web.pages import patients as patients_page
from dicomfabd.web.pages import provider as provider_page
from dicomfabd.web.pages import sign_in as sign_in_page
from dicomfabd.web.pages import studies as studies_page
from dicomfabd.web.pages import worklist as worklist_page
from dicomfabd.web.pages.rendering import Pages

_KEEP_ALIVE_S: Final = 5
_MOST_CONNECTIONS: Final = 512
_MOST_ASKING: Final = 16  # of the 40 threads that serve requests


def build(desk: WebDesk) -> FastAPI:
    """Put the rooms' routes together."""
    app = FastAPI(title="dicomfabd", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.doorman = AccountDoor(desk.access)
    app.state.reads = MessageReads(desk.messages, desk.access.ticks)
    if desk.archive.origins:
        app.add_middleware(DicomwebOrigins, origins=desk.archive.origins)
    for rules in (problems, pacs_routes, query_routes, user_routes, sign_in_page):
        rules.install(app)
    app.include_router(probes.router(desk))
    door = OrderDoor(desk.inbox, desk.book, desk.messages, desk.choices, desk.route)
    app.include_router(order_routes.router(desk, door))
    app.include_router(order_acts.router(desk))
    app.include_router(message_routes.router(desk))
    app.include_router(explaining_routes.router(desk))
    app.include_router(template_routes.router(desk))
    app.include_router(message_acts.router(desk, door))
    app.include_router(patient_routes.router(desk))
    app.include_router(worklist_routes.router(desk, door))
    app.include_router(performed_routes.router(desk))
    turnstile = Turnstile(_MOST_ASKING)
    # Their fixed words would be names of destinations to the ones after them.
    app.include_router(query_routes.router(desk, turnstile))
    app.include_router(pacs_routes.router(desk, turnstile))
    order_of = order_finder(desk.book)
    app.include_router(archive_routes.router(desk.archive, desk.messages.audit, order_of))
    app.include_router(archive_images.router(desk.archive))
    app.include_router(search.router(desk.archive))
    app.include_router(pictures.router(desk.archive))
    app.include_router(wado.router(desk.archive))
    sign_in = SignIn(desk.access, desk.messages, desk.journal)
    app.include_router(session_routes.router(desk, sign_in))
    for accounts in (user_routes, token_routes, audit_routes):
        app.include_router(accounts.router(desk))
    app.include_router(openapi.router())
    pages = Pages()
    app.include_router(sign_in_page.router(desk, pages))
    app.include_router(provider_page.router(desk, pages, sign_in))
    lists = (orders_page, messages_page, worklist_page, pacs_page, studies_page, patients_page)
    for page in (*lists, new_order, account_pages):
        app.include_router(page.router(desk, pages))
    app.include_router(api_page.router(pages))
    app.mount("/static", StaticFiles(directory=str(files("dicomfabd.web") / "static")), "static")
    return app


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the daemon handles signals for everybody


class WebServer:
    """Serves the page, the API, the probes and the metrics."""

    def __init__(self, settings: Web, desk: WebDesk) -> None:
        """Prepare; nothing is opened yet."""
        self._settings = settings
        config = uvicorn.Config(
            Guards(build(desk), desk.journal),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_keep_alive=_KEEP_ALIVE_S,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=3,
            server_header=False,
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
        self._server.should_exit = True
        if self._task is not None:
            await self._task
