"""A worker whose main process was killed; its standard input may take a moment to say so."""

import subprocess
import sys

import pytest

from dicomfabd.app.planning import planner_setup
from dicomfabd.app.worker_main import WorkerSetup
from dicomfabd.config import Settings
from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import Code
from dicomfabd.store.opening import open_store
from tests.builders import NOON, a_message, a_new, an_order, take
from tests.peers import fake_pacs


@pytest.fixture
def setup(tmp_path):
    settings = Settings(state_dir=tmp_path)
    with fake_pacs() as pacs:
        yield WorkerSetup(
            name="worker-1",
            store_url=settings.store_url,
            planner=planner_setup(settings),
            anatomy_dir=settings.anatomy_dir,
            workers=settings.workers,
            count=1,
            destinations=[pacs.destination("main")],
        )


def test_an_orphan_ends_without_blaming_the_order_it_works_on(setup):
    """Nobody reads its journal any more: that is no reason to give the order up."""
    store = open_store(setup.store_url)
    order = an_order(procedure=Code("X", "XR CHEST"), steps=(StepDraft(modality="CR", scheduled_at=NOON),))
    take(store.inbox, a_message(), a_new(order, "main"))

    command = [sys.executable, "-m", "dicomfabd.app.worker_main"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        worker.stdout.close()
        worker.stdin.write(setup.model_dump_json().encode() + b"\n")
        worker.stdin.flush()
        code = worker.wait(60)

    assert 1 == code
    assert [("leased", 1)] == [(job.state, job.attempt) for job in store.book.jobs(1)]
    assert 1 == store.queue.release("worker-1")
    store.close()
