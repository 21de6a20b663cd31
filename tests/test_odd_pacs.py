"""What becomes of a study at a PACS that misbehaves, one manner after another."""

from dataclasses import replace
from random import Random

import pytest

from dicomfabd.config import WorkersSection
from dicomfabd.domain.destinations import Destinations
from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import Code
from dicomfabd.pacs.senders import Senders
from dicomfabd.plan.catalog import Catalog
from dicomfabd.plan.parser import Defaults
from dicomfabd.plan.planner import Making, Planner
from dicomfabd.worker import Work, Worker
from tests.builders import NOON, a_message, a_new, an_order, take
from tests.odd_pacs import REFUSED, TAKEN, TRIED_AGAIN, WAITED_FOR, Manner, odd_pacs

IMAGES = 2
TRIES = 3


@pytest.fixture
def line(store, journal, bodies):
    """Give a function that makes a worker for a PACS, with one order waiting."""

    def build(pacs):
        step = StepDraft(modality="CR", scheduled_at=NOON)
        order = an_order(procedure=Code("X", "XR CHEST 2 VIEWS"), steps=(step,))
        take(store.inbox, a_message(), a_new(order, "main"), answer=b"")
        settings = WorkersSection(retry_first_s=5, retry_max_s=900, max_attempts=TRIES)
        registry = Destinations([pacs.destination()], store.destinations)
        work = Work(store.queue, store.commitments, store.patients, registry, Senders(workers=99))
        planner = Planner(Catalog.load(), Defaults(), Making(scale="tiny"))
        return Worker("worker-1", work, planner, bodies, settings, journal, Random(1))

    return build


def job(store):
    (found,) = store.book.jobs(1)
    return found


@pytest.mark.parametrize("name", WAITED_FOR)
def test_a_pacs_that_does_not_associate_is_waited_for(name, store, line, clock):
    """However often; no try is counted, and when it is well it gets the study."""
    with odd_pacs(*[WAITED_FOR[name]] * 2) as pacs:
        worker = line(pacs)
        for _ in range(2):
            assert worker.run_once()
            assert ("queued", 0) == (job(store).state, job(store).attempt)
            assert not worker.run_once()
            clock.advance(901)
        worker.run_once()

    assert ("done", IMAGES) == (job(store).state, len(set(pacs.stored)))


@pytest.mark.parametrize("name", TRIED_AGAIN)
def test_what_a_pacs_did_not_answer_well_is_sent_again(name, store, line, clock):
    """And what it had confirmed is not."""
    manner = TRIED_AGAIN[name]
    with odd_pacs(manner) as pacs:
        worker = line(pacs)
        worker.run_once()
        confirmed = list(pacs.stored)
        assert ("queued", 1) == (job(store).state, job(store).attempt)
        clock.advance(901)
        worker.run_once()

    assert ("done", IMAGES) == (job(store).state, len(set(pacs.stored)))
    assert confirmed == [uid for uid in pacs.stored if uid in confirmed]


@pytest.mark.parametrize("name", TRIED_AGAIN)
def test_a_pacs_that_never_mends_its_ways_is_given_up_for_this_study(name, store, line, clock):
    """After so many tries, with the reason, and it blocks nobody."""
    with odd_pacs(*[replace(TRIED_AGAIN[name], at=0)] * 10) as pacs:
        worker = line(pacs)
        while worker.run_once():
            clock.advance(901)

    assert ("failed", TRIES) == (job(store).state, job(store).attempt)
    assert job(store).reason


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_pacs_refuses_is_for_a_person(name, store, line):
    """At once, and the reason says what it said."""
    manner, said = REFUSED[name]
    with odd_pacs(manner) as pacs:
        line(pacs).run_once()

    assert "failed" == job(store).state
    assert said in job(store).reason


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_merely_unusual_is_delivered(name, store, line):
    """With a warning where there was one."""
    with odd_pacs(TAKEN[name]) as pacs:
        line(pacs).run_once()

    assert ("done", IMAGES) == (job(store).state, len(set(pacs.stored)))
    assert {"warned" if TAKEN[name].status else "stored": IMAGES} == dict(job(store).instances)


def test_a_pacs_nobody_listens_at_is_waited_for(store, line, clock):
    """The port is closed."""
    with odd_pacs() as pacs:
        worker = line(pacs)
    worker.run_once()

    assert ("queued", 0) == (job(store).state, job(store).attempt)
    assert "cannot be reached" in job(store).reason


def test_only_one_worker_looks_whether_a_pacs_is_back(store, line, clock, sink):
    """With a C-ECHO, before a study is made for it."""
    with odd_pacs(Manner(reject=(2, 3, 1))) as pacs:
        worker = line(pacs)
        worker.run_once()
        clock.advance(901)
        first = store.queue.claim("other", 60, {"main": 9})
        assert first.needs_probe
        assert store.queue.claim("another", 60, {"main": 9}) is None
        store.queue.release("other")
        worker.run_once()

    assert [{"destination": "main"}] == sink.named("destination.back")
    assert "done" == job(store).state
