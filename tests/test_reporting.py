"""What a RIS hears while studies are made, and what becomes of studies whose RIS does not listen."""

from dataclasses import replace
from random import Random

import pytest
from pynetdicom.sop_class import CTImageStorage

from dicomfabd.config import WorkersSection
from dicomfabd.domain.delivery import LONGEST_MPPS_WAIT_S, Destination
from dicomfabd.domain.destinations import Destinations
from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import Code, OrderControl, OrderState
from dicomfabd.pacs.senders import Senders
from dicomfabd.plan.catalog import Catalog
from dicomfabd.plan.parser import Defaults
from dicomfabd.plan.planner import Making, Planner
from dicomfabd.reporting import END_PAUSES_S
from dicomfabd.store.interface import Change
from dicomfabd.worker import Work, Worker
from tests.builders import NOON, a_message, a_new, an_order, take
from tests.peers import fake_pacs, free_port
from tests.performed import a_ris

SETTINGS = WorkersSection(retry_first_s=5, retry_max_s=900, max_attempts=3)
IMAGES = 2


@pytest.fixture
def pacs():
    with fake_pacs() as it:
        yield it


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def order(store):
    step = StepDraft(modality="CR", scheduled_at=NOON)
    order = an_order(procedure=Code("X", "XR CHEST 2 VIEWS"), steps=(step,))
    take(store.inbox, a_message(), a_new(order, "main"))
    return order


@pytest.fixture
def line(store, journal, bodies, pacs, pauses):
    """Give a function that makes a worker for a PACS whose RIS is this one."""

    def build(host="127.0.0.1", port=0, ae_title="RIS", **more):
        named = {"mpps_host": host, "mpps_port": port, "mpps_ae_title": ae_title} | more
        registry = Destinations([replace(pacs.destination(), **named)], store.destinations)
        work = Work(store.queue, store.commitments, store.patients, registry, Senders(workers=99))
        planner = Planner(Catalog.load(), Defaults(), Making(scale="tiny"))
        return Worker("worker-1", work, planner, bodies, SETTINGS, journal, Random(1), pause=pauses.append)

    return build


def at(ris):
    return {"port": ris.destination.port, "ae_title": ris.destination.ae_title}


def mpps(store):
    return [(e.event, e.detail["status"]) for e in store.book.timeline(1) if e.event.startswith("mpps.")]


def job(store):
    return store.book.jobs(1)[0]


def references(dataset):
    return [
        one.ReferencedSOPInstanceUID for item in dataset.PerformedSeriesSequence for one in item.ReferencedImageSequence
    ]


def test_a_ris_hears_before_the_first_image_and_after_the_last(store, order, line, pacs, sink):
    """With exactly what was stored."""
    heard = []
    with a_ris() as ris:
        pacs.status_of = lambda _number: heard.append(list(ris.statuses)) or 0
        line(**at(ris)).run_once()

    assert [["IN PROGRESS"]] * IMAGES == heard
    assert ["IN PROGRESS", "COMPLETED"] == ris.statuses
    assert pacs.received == references(ris.modified[0][1])
    assert "FAKEPACS" == ris.modified[0][1].PerformedSeriesSequence[0].RetrieveAETitle
    assert order.steps[0].scheduled_procedure_step_id == (
        ris.created[0][1].ScheduledStepAttributesSequence[0].ScheduledProcedureStepID
    )
    assert [("mpps.sent", "IN PROGRESS"), ("mpps.sent", "COMPLETED")] == mpps(store)
    assert ["IN PROGRESS", "COMPLETED"] == [said["status"] for said in sink.named("mpps.sent")]
    assert 2 == sink.counts["dicomfabd_mpps_sent_total", "main", "ok"]


def test_without_a_ris_nothing_is_told(store, order, line, sink):
    """Which is the usual case."""
    line(host="").run_once()

    assert ("done", [], []) == (job(store).state, mpps(store), sink.named("mpps.failed"))


@pytest.mark.parametrize("manner", ["refuses", "has no MPPS", "is away"])
def test_a_ris_that_does_not_listen_keeps_no_study_back(store, order, line, pacs, sink, manner):
    """It is sent once; timeline, log and metric say that the RIS knows nothing of it."""
    no = {"on_create": lambda _uid: 0x0110, "on_set": lambda _uid: (0x0110, None)}
    with a_ris(models=[CTImageStorage]) if manner == "has no MPPS" else a_ris(**no) as ris:
        where = {"port": free_port()} if manner == "is away" else at(ris)
        line(**where).run_once()

    assert ("done", IMAGES) == (job(store).state, len(pacs.received))
    assert [("mpps.failed", "IN PROGRESS"), ("mpps.failed", "COMPLETED")] == mpps(store)
    assert 2 == len(sink.named("mpps.failed")) == sink.counts["dicomfabd_mpps_sent_total", "main", "failed"]


def test_an_end_is_told_again_to_a_ris_that_heard_of_the_beginning(store, order, line, pacs, pauses):
    """A few times, with pauses; the study is not sent again."""
    answers = [0x0213, 0x0110]
    with a_ris(on_set=lambda _uid: (answers.pop(0) if answers else 0, None)) as ris:
        line(**at(ris)).run_once()

    assert [*END_PAUSES_S] == pauses
    assert [("mpps.sent", "IN PROGRESS"), ("mpps.sent", "COMPLETED")] == mpps(store)
    assert IMAGES == len(pacs.received)


def test_a_ris_that_takes_no_end_is_given_up(store, order, line, pauses):
    """After so many tries; a person can see it."""
    with a_ris(on_set=lambda _uid: (0x0110, None)) as ris:
        line(**at(ris)).run_once()

    assert 1 + len(END_PAUSES_S) == len(ris.modified)
    assert [("mpps.sent", "IN PROGRESS"), ("mpps.failed", "COMPLETED")] == mpps(store)
    assert "done" == job(store).state


def test_a_ris_that_was_away_is_tried_once_with_the_end(order, line, pauses):
    """It keeps the other studies waiting."""
    with a_ris(on_create=lambda _uid: 0x0110, on_set=lambda _uid: (0x0112, None)) as ris:
        line(**at(ris)).run_once()

    assert (2, 1, []) == (len(ris.created), len(ris.modified), pauses)


def test_a_retry_tells_of_the_same_step(store, order, line, pacs, clock, sink):
    """Which the RIS knows; the end lists what was stored in either try."""
    pacs.status_of = lambda number: 0xA700 if number == 1 else 0
    known = []
    with a_ris(on_create=lambda uid: 0x0111 if uid in known else known.append(uid) or 0) as ris:
        worker = line(**at(ris))
        worker.run_once()
        assert [("mpps.sent", "IN PROGRESS")] == mpps(store)
        clock.advance(901)
        worker.run_once()

    assert 1 == len({uid for uid, _ in (*ris.created, *ris.modified)})
    assert set(pacs.received) == set(references(ris.modified[0][1]))
    assert [("mpps.sent", "IN PROGRESS"), ("mpps.sent", "COMPLETED")] == mpps(store)
    assert 1 == sink.counts["dicomfabd_mpps_sent_total", "main", "known"]


def test_a_study_the_pacs_refuses_is_discontinued(store, order, line, pacs):
    """With what was stored all the same, and why."""
    pacs.status_of = lambda number: 0xC000 if number == 1 else 0
    with a_ris() as ris:
        line(**at(ris)).run_once()

    ended = ris.modified[0][1]
    assert ("failed", "DISCONTINUED", pacs.received[:1]) == (
        job(store).state,
        ended.PerformedProcedureStepStatus,
        references(ended),
    )
    assert "110501" == ended.PerformedProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue


def test_a_study_that_is_given_up_is_discontinued(store, order, line, pacs, clock):
    """Once, with the last try."""
    pacs.status_of = lambda _number: 0xA700
    with a_ris() as ris:
        worker = line(**at(ris))
        while worker.run_once():
            clock.advance(901)

    assert ("failed", ["DISCONTINUED"]) == (job(store).state, ris.statuses[-1:])
    assert 1 == len(ris.modified)


def test_an_order_that_is_discontinued_on_the_way_is_told_so(store, order, line, pacs):
    """The PACS gets it whole; nobody waits for its end."""

    def discontinue(number):
        if number == 0:
            take(store.inbox, a_message("DC"), Change(OrderControl.DISCONTINUE, order.keys))
        return 0

    pacs.status_of = discontinue
    with a_ris() as ris:
        line(**at(ris)).run_once()

    ended = ris.modified[0][1]
    assert (OrderState.DISCONTINUED, IMAGES) == (store.book.get(1).state, len(pacs.received))
    assert ("DISCONTINUED", "110513") == (
        ended.PerformedProcedureStepStatus,
        ended.PerformedProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue,
    )


def test_a_step_that_is_over_is_not_discontinued_by_what_comes_after(order, line, store):
    """The PACS has it all, and offers no storage commitment: that is no matter of the modality's."""
    with a_ris() as ris:
        line(**at(ris), commitment=True).run_once()

    assert ("failed", ["IN PROGRESS", "COMPLETED"]) == (job(store).state, ris.statuses)


def test_a_claim_that_was_lost_tells_no_end(store, order, line, pacs, clock, sink):
    """Somebody else goes on, and will."""

    def take_over(number):
        if number == IMAGES - 1:
            clock.advance(100)
            store.queue.claim("worker-2", 60, {"main": 2})
        return 0

    pacs.status_of = take_over
    with a_ris() as ris:
        line(**at(ris)).run_once()

    assert (["IN PROGRESS"], 1) == (ris.statuses, len(sink.named("study.claim_lost")))


def test_a_ris_that_takes_its_time_costs_no_claim(store, order, line, pacs, clock):
    """The lease begins anew after each message."""
    stolen = []

    def look(_number):
        clock.advance(SETTINGS.lease_s - 10)
        stolen.append(store.queue.claim("worker-2", 60, {"main": 2}))
        return 0

    pacs.status_of = look
    with a_ris(on_create=lambda _uid: clock.advance(20) or 0) as ris:
        line(**at(ris)).run_once()

    assert stolen[0] is None


def test_a_ris_that_hangs_is_waited_for_a_short_time_only():
    """Whatever its PACS may take."""
    patient = Destination("main", "h", 104, "M", timeout_s=600, mpps_host="r", mpps_port=105, mpps_ae_title="R")

    assert (LONGEST_MPPS_WAIT_S, "r", 105, "R") == (
        patient.ris.timeout_s,
        patient.ris.host,
        patient.ris.port,
        patient.ris.ae_title,
    )
    assert 5 == replace(patient, timeout_s=5).ris.timeout_s
