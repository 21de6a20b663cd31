"""One worker process: `python -m dicomfabd.app.worker_main`, started and fed by `workers.WorkerPool`.

Its first line of standard input is a `WorkerSetup` as JSON. Later lines are `wake` (there is new work) and `stop`.
Standard output carries the journal to the main process. The end of standard input, or a journal nobody reads, means
that the main process died.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from random import SystemRandom
from typing import IO, Final, NoReturn

from pydantic import BaseModel, ConfigDict

from dicomfabd.app.planning import PlannerSetup
from dicomfabd.app.priorities import let_everybody_first
from dicomfabd.config import WorkersSection
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.destinations import Destinations
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.pacs.senders import Senders
from dicomfabd.store.opening import open_store
from dicomfabd.telemetry import logs
from dicomfabd.telemetry.journal import Journal
from dicomfabd.telemetry.sink import RelaySink
from dicomfabd.worker import Work, Worker

LONGEST_IDLE_S: Final = 5.0
"""A worker looks for work at least this often, should a wake-up be lost."""


class WorkerSetup(BaseModel):
    """Everything a worker process needs to know."""

    model_config = ConfigDict(frozen=True)

    name: str
    store_url: str
    planner: PlannerSetup
    anatomy_dir: Path
    workers: WorkersSection
    count: int
    destinations: list[Destination]


def main() -> None:
    """Work until told to stop."""
    # A Ctrl-C in the terminal reaches us too; the main process says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logs.keep_values_out()
    # Unbuffered: the interpreter cannot end while a thread waits inside a buffered reader.
    commands = open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)  # noqa: SIM115 - open for life
    let_everybody_first()
    setup = WorkerSetup.model_validate_json(commands.readline())
    stopping, woken = threading.Event(), threading.Event()

    def ask_to_stop() -> None:
        stopping.set()
        woken.set()

    signal.signal(signal.SIGTERM, lambda _number, _frame: ask_to_stop())
    threading.Thread(target=_listen, args=(commands, woken, ask_to_stop), daemon=True).start()
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0) as pipe:
        store = open_store(setup.store_url)
        senders = Senders(setup.count)
        worker = Worker(
            name=setup.name,
            work=Work(
                queue=store.queue,
                commitments=store.commitments,
                patients=store.patients,
                destinations=Destinations(setup.destinations, store.destinations),
                senders=senders,
            ),
            planner=setup.planner.build(),
            bodies=Bodies(setup.anatomy_dir),
            settings=setup.workers,
            journal=Journal(RelaySink(pipe, _end_as_orphan)),
            random=SystemRandom(),
        )
        while not stopping.is_set():
            if not worker.run_once():
                woken.wait(worker.idle_s(LONGEST_IDLE_S))
                woken.clear()
        senders.close()
        store.close()


def _listen(commands: IO[bytes], woken: threading.Event, ask_to_stop: Callable[[], None]) -> None:
    for line in commands:
        if line.strip() == b"stop":
            ask_to_stop()
        woken.set()
    _end_as_orphan()


def _end_as_orphan() -> NoReturn:
    """End at once: the leases lapse or the next daemon releases them; going on would work beside it.

    Whichever notices first. What the study under way would say, and fail of, is not its order's fault.
    """
    os._exit(1)


if __name__ == "__main__":
    main()
