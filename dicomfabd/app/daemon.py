"""Builds the rooms, opens their doors in order, and closes them in reverse."""

import asyncio
import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from dicomfabd import __version__
from dicomfabd.app.notify import notify
from dicomfabd.app.worker_main import WorkerSetup
from dicomfabd.app.workers import WorkerPool
from dicomfabd.archive.scp import ArchiveServer
from dicomfabd.config import ConfigError, Settings
from dicomfabd.domain.delivery import Destination, Routing
from dicomfabd.domain.order import Order
from dicomfabd.intake.connection import Desk
from dicomfabd.intake.listener import MllpListener
from dicomfabd.intake.reading import Reader
from dicomfabd.plan.catalog import Catalog
from dicomfabd.plan.parser import Defaults
from dicomfabd.plan.planner import Planner
from dicomfabd.store.opening import Store, open_archive_index, open_store
from dicomfabd.telemetry.health import Health
from dicomfabd.telemetry.journal import Journal
from dicomfabd.telemetry.metrics import Metrics
from dicomfabd.telemetry.sink import LocalSink
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.server import WebServer
from dicomfabd.worklist.scp import WorklistServer

ARCHIVE: Final = "archive"
"""Name of the built-in archive among the destinations."""

INTAKE_STOP_S: Final = 5.0
WORKERS_STOP_S: Final = 18.0
"""Together with what the other rooms take, a stop ends within 30 seconds."""

ADDRESSES_FILE: Final = "addresses.json"


class Daemon:
    """The whole daemon; `async with` starts and stops it.

    Two daemons may live in one process as long as their state directories differ.
    """

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is opened yet."""
        self._settings = settings
        self._exit = contextlib.AsyncExitStack()
        self._metrics = Metrics(__version__)
        self._sink = LocalSink(self._metrics)
        self.journal = Journal(self._sink)
        self.addresses: dict[str, str] = {}
        self._is_ready = False
        self.store: Store
        self.pool: WorkerPool

    async def __aenter__(self) -> "Daemon":
        # A start that fails half way closes what it had opened.
        async with self._exit:
            await self._open()
            self._exit = self._exit.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        started = time.monotonic()
        self._is_ready = False
        self.journal.daemon_stopping()
        notify("STOPPING=1")
        await self._exit.aclose()
        self.journal.daemon_stopped(time.monotonic() - started)

    async def _open(self) -> None:
        settings = self._settings
        settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._exit.enter_context(_only_daemon(settings.state_dir))
        self.store = store = await asyncio.to_thread(open_store, settings.store_url, self.journal.store_committed)
        self._exit.push_async_callback(asyncio.to_thread, store.close)
        planner = planner_of(settings)
        health = self._health(store)
        route = self._route(settings)
        web = WebServer(settings.web, self._web_desk(store, planner, route, health))
        await web.start()
        self._exit.push_async_callback(web.stop)
        self._note("page", "http://{}", settings.web.host, web.port)
        archive = await self._open_archive(settings)
        worklist = WorklistServer(settings.worklist, store.book, self.journal)
        await asyncio.to_thread(worklist.start)
        self._exit.push_async_callback(asyncio.to_thread, worklist.stop)
        self._note("worklist", "{}", settings.worklist.host, worklist.port)
        await self._open_workers(settings, store, archive.port)
        desk = Desk(Reader(planner.choose_modality), store.inbox, route, self.pool.wake)
        listener = MllpListener(settings.intake, desk, self.journal)
        await listener.start()
        self._exit.push_async_callback(listener.stop, INTAKE_STOP_S)
        self._note("mllp", "{}", settings.intake.host, listener.port)
        self._publish_addresses(settings)
        self._is_ready = True
        self.journal.daemon_started(__version__, self.addresses)
        notify("READY=1")

    async def _open_archive(self, settings: Settings) -> ArchiveServer:
        folder = settings.state_dir / "archive"
        opened = await asyncio.to_thread(open_archive_index, folder / "index.db")
        self._exit.push_async_callback(asyncio.to_thread, opened.close)
        archive = ArchiveServer(settings.archive, folder / "instances", opened.index, self.journal)
        await asyncio.to_thread(archive.start)
        self._exit.push_async_callback(asyncio.to_thread, archive.stop)
        self._note(ARCHIVE, "{}", settings.archive.host, archive.port)
        return archive

    async def _open_workers(self, settings: Settings, store: Store, archive_port: int) -> None:
        destinations = destinations_of(settings, archive_port)
        # Before anybody works: what a killed daemon's workers held is free, and what has nowhere to go is said.
        await asyncio.to_thread(store.queue.release)
        await asyncio.to_thread(store.queue.adopt, [destination.name for destination in destinations])
        count = (os.cpu_count() or 1) if settings.workers.count == "auto" else settings.workers.count
        setups = [
            WorkerSetup(
                name=f"worker-{number}",
                store_url=settings.store_url,
                protocols_dir=settings.protocols_dir,
                scale=settings.fabricate.scale,
                defaults=_defaults(settings),
                workers=settings.workers,
                destinations=destinations,
            )
            for number in range(1, count + 1)
        ]
        self.pool = WorkerPool(setups, self._sink, self.journal, store.queue.release)
        await self.pool.start()
        self._exit.push_async_callback(self.pool.stop, WORKERS_STOP_S)

    def _web_desk(self, store: Store, planner: Planner, route: Callable[[Order], Routing], health: Health) -> WebDesk:
        loop = asyncio.get_running_loop()

        def on_work() -> None:
            # Routes run on threads; the pool lives on the loop.
            loop.call_soon_threadsafe(self.pool.wake)

        return WebDesk(
            inbox=store.inbox,
            book=store.book,
            recognise=planner.choose_modality,
            route=route,
            on_work=on_work,
            addresses=lambda: self.addresses,
            metrics=self._metrics,
            health=health,
            journal=self.journal,
        )

    def _health(self, store: Store) -> Health:
        health = Health()
        health.register("store", store.problem)
        health.register("doors", lambda: "" if self._is_ready else "starting or stopping")
        return health

    @staticmethod
    def _route(settings: Settings) -> Callable[[Order], Routing]:
        names = tuple(destination.name for destination in destinations_of(settings, settings.archive.port))
        waits = settings.fabricate.when == "scheduled"

        def route(order: Order) -> Routing:
            return Routing(names, order.scheduled_at.timestamp() if waits else 0.0)

        return route

    def _note(self, name: str, form: str, host: str, port: int) -> None:
        self.addresses[name] = form.format(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")

    def _publish_addresses(self, settings: Settings) -> None:
        path = settings.state_dir / ADDRESSES_FILE
        path.write_text(json.dumps(self.addresses, indent=2) + "\n")
        self._exit.callback(path.unlink, missing_ok=True)


def planner_of(settings: Settings) -> Planner:
    """Give a planner over the package's and the site's protocols; raises ConfigError."""
    return Planner(Catalog.load(settings.protocols_dir), _defaults(settings), settings.fabricate.scale)


def destinations_of(settings: Settings, archive_port: int) -> list[Destination]:
    """Give every destination: the built-in archive, unless it is switched off, then the configured ones."""
    archive = settings.archive
    host = "127.0.0.1" if archive.host in ("0.0.0.0", "") else archive.host  # noqa: S104 - only compared
    own = [Destination(ARCHIVE, host, archive_port, archive.ae_title)] if archive.receives_orders else []
    return own + [Destination(**section.model_dump()) for section in settings.destinations]


def _defaults(settings: Settings) -> Defaults:
    return Defaults(settings.fabricate.xray_modality, settings.fabricate.default_modality)


@contextlib.contextmanager
def _only_daemon(state_dir: Path) -> Iterator[None]:
    """Hold the state directory's lock; two daemons over one store would release each other's work."""
    with (state_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(
                f"state_dir = {str(state_dir)!r}: another dicomfabd uses it. Stop it, or use another folder."
            ) from error
        yield
