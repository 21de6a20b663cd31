from dataclasses import replace
from random import Random

import pytest

from dicomfabd.config import WorkersSection
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.destinations import Destinations
from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import Code, OrderState
from dicomfabd.domain.patient import Patient
from dicomfabd.pacs.senders import Senders
from dicomfabd.plan.catalog import Catalog
from dicomfabd.plan.parser import Defaults
from dicomfabd.plan.planner import Making, Planner
from dicomfabd.store.interface import PatientKey
from dicomfabd.worker import Work, Worker
from tests.builders import NOON, a_message, a_new, an_order, take
from tests.peers import fake_pacs, free_port

SETTINGS = WorkersSection(retry_first_s=5, retry_max_s=900, max_attempts=3)


@pytest.fixture
def put(store):
    def accept(accession="A1", *destinations):
        order = an_order(
            accession,
            procedure=Code("X", "XR CHEST 2 VIEWS"),
            steps=(StepDraft(modality="CR", scheduled_at=NOON),),
        )
        take(store.inbox, a_message(accession), a_new(order, *destinations or ("main",)), answer=b"")
        return order

    return accept


@pytest.fixture
def worker(store, journal, bodies):
    def build(*destinations: Destination) -> Worker:
        planner = Planner(Catalog.load(), Defaults(), Making(scale="tiny"))
        registry = Destinations(destinations, store.destinations)
        work = Work(store.queue, store.commitments, store.patients, registry, Senders(workers=99))
        return Worker("worker-1", work, planner, bodies, SETTINGS, journal, Random(1))

    return build


def job(store, order_id=1):
    return store.book.jobs(order_id)[0]


def test_an_order_becomes_a_study_at_the_pacs(store, put, worker):
    """The whole line."""
    order = put()
    with fake_pacs() as pacs:
        assert worker(pacs.destination()).run_once()

    assert {order.study_instance_uid} == set(pacs.studies)
    assert (OrderState.COMPLETED, {"stored": 2}) == (store.book.get(1).state, dict(job(store).instances))


def test_without_work_nothing_is_done(worker):
    """And it says for how long."""
    idle = worker()

    assert not idle.run_once()
    assert 5.0 == idle.idle_s(5.0)


def test_a_pacs_that_is_busy_is_tried_again_with_the_rest(store, put, worker, clock):
    """What was stored is not sent again."""
    put()
    with fake_pacs(status_of=lambda number: 0xA700 if number == 1 else 0) as pacs:
        line = worker(pacs.destination())
        line.run_once()
        assert "queued" == job(store).state
        clock.advance(10)
        line.run_once()

    assert "done" == job(store).state
    assert 3 == len(pacs.received)
    assert 2 == len(set(pacs.received))


def test_a_pacs_that_is_always_busy_ends_in_the_dead_letters(store, put, worker, clock):
    """After max_attempts, with the reason."""
    put()
    with fake_pacs(status_of=lambda _number: 0xA700) as pacs:
        line = worker(pacs.destination())
        while line.run_once():
            clock.advance(1000)

    assert ("failed", 3) == (job(store).state, job(store).attempt)
    assert "0xA700" in job(store).reason


def test_a_refusal_goes_to_the_dead_letters_at_once(store, put, worker, sink):
    """What can never work is for a person, and blocks nobody."""
    put()
    with fake_pacs(status_of=lambda _number: 0xC000) as pacs:
        worker(pacs.destination()).run_once()

    assert "failed" == job(store).state
    assert "0xC000" in sink.named("study.failed")[0]["reason"]


def test_a_pacs_that_is_away_is_waited_for(store, put, worker, clock):
    """For ever, and without a step by anybody."""
    put()
    port = free_port()
    line = worker(Destination("main", "127.0.0.1", port, "FAKEPACS", timeout_s=1))
    for _ in range(8):
        assert line.run_once()
        clock.advance(901)
    assert "queued" == job(store).state

    with fake_pacs() as pacs:
        pacs.stop()
        pacs.start(port)
        line.run_once()

    assert "done" == job(store).state


def test_a_claim_that_was_lost_changes_nothing(store, put, worker, clock, sink):
    """The lease ended while the study was made; the other worker's result counts."""
    put()
    with fake_pacs() as pacs:

        def take_over(_number: int) -> int:
            clock.advance(100)
            store.queue.claim("worker-2", 60, {"main": 2})
            return 0x0000

        pacs.status_of = take_over
        worker(pacs.destination()).run_once()

    assert "leased" == job(store).state
    assert sink.named("study.claim_lost")


def test_a_bug_in_a_recipe_stops_one_order_only(store, put, worker, monkeypatch):
    """The next order is made."""
    put("A1")
    put("A2")
    with fake_pacs() as pacs:
        line = worker(pacs.destination())
        monkeypatch.setattr(line._planner, "plan", lambda *_: 1 / 0)
        line.run_once()
        monkeypatch.undo()
        line.run_once()

    assert ["failed", "completed"] == [store.book.get(n).state for n in (1, 2)]
    assert "ZeroDivisionError" in job(store).reason


def test_an_order_no_protocol_serves_is_delivered_and_said(store, worker, sink):
    """An honest page, a warning and a count."""
    order = an_order(procedure=Code("U", "GASTROSCOPY"), steps=(StepDraft(modality="ES", scheduled_at=NOON),))
    take(store.inbox, a_message(), a_new(order, "main"), answer=b"")
    with fake_pacs() as pacs:
        worker(pacs.destination()).run_once()

    assert 1 == sink.counts[("dicomfabd_fabricate_unmapped_total",)]
    assert sink.named("study.unmapped")


def test_a_patient_is_completed_from_the_registry_and_kept_there(store, worker):
    """What an order leaves out is what an earlier message said, or made up once."""
    bare = Patient("P9", "UNKNOWN", "HOSP")
    store.patients.complete(Patient("P9", "KNOWN^KIM", "HOSP", patient_sex="M"))
    order = an_order(procedure=Code("X", "XR CHEST 1 VIEW"), steps=(StepDraft(modality="CR"),), patient=bare)
    take(store.inbox, a_message(), a_new(order, "main"), answer=b"")
    with fake_pacs() as pacs:
        worker(pacs.destination()).run_once()

    kept = store.patients.get(PatientKey("P9", "HOSP")).patient
    assert ("KNOWN^KIM", "M") == (kept.patient_name, kept.patient_sex)
    assert kept.patient_birth_date and kept.patient_size and kept.patient_weight


def test_the_timeline_says_why_a_protocol_was_chosen(store, put, worker):
    """With the evidence, once for each destination."""
    put()
    with fake_pacs() as pacs:
        worker(pacs.destination()).run_once()

    (planned,) = [event.detail for event in store.book.timeline(1) if event.event == "study.planned"]
    assert ("main", "xray-chest") == (planned["destination"], planned["protocol"])
    assert "body part CHEST: the procedure says CHEST" in planned["evidence"]


def test_a_destination_may_want_studies_of_another_size(store, put, worker):
    """A laptop's archive gets small ones of the same study."""
    put("A1", "main", "other")
    with fake_pacs() as pacs:
        both = [
            replace(pacs.destination(), name=name, scale=scale) for name, scale in (("main", ""), ("other", "small"))
        ]
        line = worker(*both)
        assert line.run_once()
        assert line.run_once()

    assert 1 == len(pacs.studies)
    assert 4 == sum(len(instances) for instances in pacs.studies.values())


def test_a_study_that_ends_its_worker_every_time_is_given_up(store, put, worker, clock):
    """Nobody came to say why; it blocks nobody any longer."""
    put()
    for _ in range(SETTINGS.max_attempts):
        store.queue.claim("killed", 60, {"main": 2})
        store.queue.release("killed")
    with fake_pacs() as pacs:
        assert worker(pacs.destination()).run_once()

    assert "failed" == job(store).state
    assert "given up after 3 tries that never ended" == job(store).reason


def test_what_goes_to_a_destination_that_is_not_active_waits(store, put, worker):
    """And is sent once it is active again."""
    put()
    with fake_pacs() as pacs:
        assert not worker(replace(pacs.destination(), active=False)).run_once()
        assert "queued" == job(store).state
        assert worker(pacs.destination()).run_once()

    assert "done" == job(store).state
