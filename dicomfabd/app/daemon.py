"""Builds the rooms, opens their doors in order, and closes them in reverse."""

import asyncio
import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from dicomfabd import __version__
from dicomfabd.app.access import access_desk_of
from dicomfabd.app.archive_desk import archive_desk_of
from dicomfabd.app.archive_others import others_of
from dicomfabd.app.chores import keep_history, keep_search_current
from dicomfabd.app.explaining import Explainer
from dicomfabd.app.intake_desk import desk_of, desk_setup
from dicomfabd.app.makable import check_catalog, check_codecs
from dicomfabd.app.notify import notify
from dicomfabd.app.people import people_maker
from dicomfabd.app.planning import choices_of, planner_of, planner_setup
from dicomfabd.app.reader_main import ReaderSetup
from dicomfabd.app.readers import ReaderPool
from dicomfabd.app.routing import fixed_destinations, router_setup
from dicomfabd.app.samples import sample_templates
from dicomfabd.app.worker_main import WorkerSetup
from dicomfabd.app.workers import WorkerPool
from dicomfabd.app.worklist_desk import worklist_desk_of
from dicomfabd.archive.scp import ArchiveServer
from dicomfabd.commitment import CommitmentReports
from dicomfabd.config import ConfigError, Settings
from dicomfabd.domain.destinations import ARCHIVE, Destinations
from dicomfabd.intake.listener import MllpListener
from dicomfabd.intake.reception import Reception
from dicomfabd.intake.replaying import Replayer
from dicomfabd.performed import PerformedStepReports
from dicomfabd.plan.planner import Planner
from dicomfabd.store.opening import Store, open_archive_index, open_store
from dicomfabd.telemetry.health import Health
from dicomfabd.telemetry.history import History
from dicomfabd.telemetry.journal import Journal
from dicomfabd.telemetry.logs import EventLog
from dicomfabd.telemetry.metrics import Metrics
from dicomfabd.telemetry.sink import LocalSink
from dicomfabd.web.access.desk import AccessDesk
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.server import WebServer
from dicomfabd.worklist.desk import WorklistDesk
from dicomfabd.worklist.scp import WorklistServer

INTAKE_STOP_S: Final = 5.0
WORKERS_STOP_S: Final = 18.0
"""Together with what the other rooms take, a stop ends within 30 seconds."""

_MOST_READERS: Final = 4  # more would only wait for each other at the store
_BACKLOG_EVERY_S: Final = 2.0
_CHECKPOINT_EVERY_S: Final = 0.1

HISTORY_FILE: Final = "history.json"


class Daemon:
    """The whole daemon; `async with` starts and stops it.

    Two daemons may live in one process as long as their state directories differ.
    """

    def __init__(self, settings: Settings, log: EventLog) -> None:
        """Take the settings and the log; nothing is opened yet."""
        self._settings = settings
        self._exit = contextlib.AsyncExitStack()
        self._metrics = Metrics(__version__)
        self._sink = LocalSink(self._metrics, log)
        self.journal = Journal(self._sink)
        self.addresses: dict[str, str] = {}
        self._health = Health()
        self._is_ready = False
        self.store: Store
        self.pool: WorkerPool
        self._destinations: Destinations

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
        self._exit.push_async_callback(_end, asyncio.create_task(_keep_log_short(store)))
        self._exit.push_async_callback(_end, asyncio.create_task(keep_search_current(store.search)))
        history = History(self._metrics, settings.state_dir / HISTORY_FILE)
        self._exit.push_async_callback(_end, asyncio.create_task(keep_history(history)))
        access = await asyncio.to_thread(access_desk_of, settings.web, store.accounts)
        planner = planner_of(settings)
        check_catalog(planner.catalog)
        check_codecs(settings)
        self._health.register("store", store.problem)
        self._health.register("doors", lambda: "" if self._is_ready else "starting or stopping")
        archive = await self._build_archive(settings, store)
        web = WebServer(settings.web, self._web_desk(settings, store, planner, archive, access, history))
        await web.start()
        self._exit.push_async_callback(web.stop)
        self._note("page", "http://{}", settings.web.host, web.port)
        await archive.start()
        self._exit.push_async_callback(archive.stop)
        self._note(ARCHIVE, "{}", settings.archive.host, archive.port)
        reports = CommitmentReports(store.commitments, settings.workers, self.journal, self._wake_workers())
        performed = PerformedStepReports(store.performed, self.journal)
        more = replace(reports.services, performed=performed.handlers)
        worklist = WorklistServer(
            settings.worklist, settings.profiles, store.worklist, store.queries, self.journal, more
        )
        await worklist.start()
        self._exit.push_async_callback(worklist.stop)
        self._note("worklist", "{}", settings.worklist.host, worklist.port)
        await self._open_workers(settings, store, archive.port)
        await self._open_intake(settings, store, planner)
        self._publish_addresses(settings)
        self._is_ready = True
        self.journal.daemon_started(__version__, self.addresses)
        notify("READY=1")

    async def _build_archive(self, settings: Settings, store: Store) -> ArchiveServer:
        folder = settings.archive_dir
        opened = await asyncio.to_thread(open_archive_index, folder / "index.db")
        self._exit.push_async_callback(asyncio.to_thread, opened.close)
        destinations = Destinations([one.destination() for one in settings.destinations], store.destinations)
        others = others_of(destinations)
        return ArchiveServer(settings.archive, folder / "instances", opened.index, self.journal, others)

    async def _open_workers(self, settings: Settings, store: Store, archive_port: int) -> None:
        fixed = fixed_destinations(settings, archive_port)
        self._destinations = Destinations(fixed, store.destinations)
        # Before anybody works: what a killed daemon's workers held is free, and what has nowhere to go is said.
        await asyncio.to_thread(store.queue.release)
        await asyncio.to_thread(self._adopt, store)
        count = (os.cpu_count() or 1) if settings.workers.count == "auto" else settings.workers.count
        setups = [
            WorkerSetup(
                name=f"worker-{number}",
                store_url=settings.store_url,
                planner=planner_setup(settings),
                anatomy_dir=settings.anatomy_dir,
                workers=settings.workers,
                count=count,
                destinations=fixed,
            )
            for number in range(1, count + 1)
        ]
        self.pool = WorkerPool(setups, self._sink, self.journal, store.queue.release)
        await self.pool.start()
        self._exit.push_async_callback(self.pool.stop, WORKERS_STOP_S)

    async def _open_intake(self, settings: Settings, store: Store, planner: Planner) -> None:
        listener = MllpListener(settings.intake, self.journal)
        processes = settings.intake.processes
        count = min(os.cpu_count() or 1, _MOST_READERS) if processes == "auto" else processes
        receptions: ReaderPool | Reception
        if count:
            setup = ReaderSetup(
                desk=desk_setup(settings),
                planner=planner_setup(settings),
                store_url=settings.store_url,
                log_format=settings.log_format,
                stop_s=INTAKE_STOP_S,
            )
            receptions = pool = ReaderPool(count, setup, self._sink, self.journal, self.pool.wake, listener.ended)
            # A start that fails half way ends them too.
            self._exit.push_async_callback(pool.stop, INTAKE_STOP_S)
            await pool.start()
            self._health.register("intake", lambda: pool.problem)
        else:
            desk = desk_of(settings, store, planner)
            receptions = Reception(settings.intake, desk, self.journal, self.pool.wake, listener.ended)
        await listener.start(receptions)
        self._exit.push_async_callback(listener.stop, INTAKE_STOP_S)
        watch = self._watch_backlog(settings.intake.pause_at_jobs, store, receptions)
        self._exit.push_async_callback(_end, asyncio.create_task(watch))
        self._note("mllp", "{}", settings.intake.host, listener.port)

    async def _watch_backlog(self, most: int, store: Store, receptions: ReaderPool | Reception) -> None:
        """Let senders wait while too many deliveries do; TCP tells them, and nothing is refused."""
        is_held = False
        while True:
            await asyncio.sleep(_BACKLOG_EVERY_S)
            with contextlib.suppress(Exception):  # a store that is down says so itself
                waiting = (await asyncio.to_thread(store.figures.counts)).queued
                await asyncio.to_thread(self._adopt, store)
                if most and is_held != (waiting >= (most * 0.9 if is_held else most)):
                    is_held = not is_held
                    receptions.hold(is_held)
                    (self.journal.intake_paused if is_held else self.journal.intake_resumed)(waiting)

    def _adopt(self, store: Store) -> None:
        """Say of what is to go to destinations that do not exist that it cannot."""
        store.queue.adopt([destination.name for destination in self._destinations.all()])

    def _wake_workers(self) -> Callable[[], None]:
        """Give what wakes the workers from any thread; the pool lives on the loop."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self.pool.wake)

        return wake

    def _web_desk(
        self,
        settings: Settings,
        store: Store,
        planner: Planner,
        archive: ArchiveServer,
        access: AccessDesk,
        history: History,
    ) -> WebDesk:
        def registry() -> Destinations:
            # The archive opens after the page, and may pick its port.
            port = int(self.addresses.get(ARCHIVE, "0").rpartition(":")[2])
            return Destinations(fixed_destinations(settings, port), store.destinations)

        explainer = Explainer(settings, planner)
        replayer = Replayer(desk_of(settings, store, planner), store.messages)
        return WebDesk(
            inbox=store.inbox,
            book=store.book,
            messages=store.messages,
            destinations=registry,
            replay=replayer.replay,
            receive=replayer.receive,
            procedures=explainer.procedures,
            samples=sample_templates,
            templates=store.templates,
            patients=store.patients,
            make_up=people_maker(settings.patients, store.patients),
            choices=choices_of(planner, settings.stations),
            route=router_setup(settings).route(store.destinations),
            explain=explainer.explain,
            plan=explainer.plan,
            on_work=self._wake_workers(),
            addresses=lambda: self.addresses,
            state_dir=settings.state_dir,
            access=access,
            archive=archive_desk_of(archive.index, archive.shelf, settings.archive, settings.web.viewer_url),
            worklist=worklist_desk_of(
                WorklistDesk(settings.worklist, settings.profiles, store.worklist, store.queries)
            ),
            performed=store.performed,
            figures=store.figures,
            feed=store.feed,
            history=history,
            metrics=self._metrics,
            health=self._health,
            journal=self.journal,
        )

    def _note(self, name: str, form: str, host: str, port: int) -> None:
        self.addresses[name] = form.format(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")

    def _publish_addresses(self, settings: Settings) -> None:
        path = settings.addresses_file
        path.write_text(json.dumps(self.addresses, indent=2) + "\n")
        self._exit.callback(path.unlink, missing_ok=True)


async def _keep_log_short(store: Store) -> None:
    while True:
        await asyncio.sleep(_CHECKPOINT_EVERY_S)
        with contextlib.suppress(Exception):  # a store that is down says so itself
            await asyncio.to_thread(store.checkpoint)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


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
