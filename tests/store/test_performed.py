"""What performed steps do to scheduled ones and to orders, on every back end."""

import itertools

import pytest

from dicomfabd.domain.delivery import Delivery, InstanceResult, Outcome
from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import OrderControl, OrderState, StepStatus
from dicomfabd.domain.performed import StepFault, StepRefused, begun
from dicomfabd.store.interface import Change
from dicomfabd.store.worklist_interface import ItemQuery
from tests.builders import NOON, a_cancel, a_message, a_new, an_order, take
from tests.performed import a_beginning, a_reference, an_end, an_item, attributes_of

S = OrderState
SCHEDULED, STARTED = StepStatus.SCHEDULED, StepStatus.STARTED
COMPLETED, DISCONTINUED = StepStatus.COMPLETED, StepStatus.DISCONTINUED

_numbers = itertools.count()


@pytest.fixture
def put(store):
    """Accept an order of so many steps, with a delivery to each destination."""

    def accept(accession="A1", *destinations, steps=1, control=None):
        drafts = tuple(StepDraft(modality="CT", scheduled_at=NOON, station_ae_titles=("CT01",)) for _ in range(steps))
        order = an_order(accession, steps=drafts)
        changes = [a_new(order, *destinations)]
        if control:
            changes.append(Change(control, order.keys))
        take(store.inbox, a_message(f"M{next(_numbers)}"), *changes)
        return order

    return accept


@pytest.fixture
def begin(store):
    return lambda *scheduled, uid="1.2.9": store.performed.create(
        begun(uid, attributes_of(a_beginning(*scheduled))), "CT01"
    )


@pytest.fixture
def end(store):
    return lambda status="COMPLETED", uid="1.2.9", **changes: store.performed.amend(
        uid, attributes_of(an_end(status, **changes)), "CT01"
    )


def statuses(store, accession="A1"):
    return [step.status for step in store.worklist.by_accession(accession).steps]


def state(store, order_id=1):
    return store.book.get(order_id).state


def events(store, order_id=1):
    return [event.event for event in store.book.timeline(order_id)]


def deliver(store):
    claim = store.queue.claim("w", 60, {"main": 1})
    store.queue.settle(claim, Delivery("main", 2, 0, 0, 0.1))


def test_a_step_that_begins_starts_its_order(store, put, begin):
    """And only the scheduled step it is for."""
    order = put(steps=2)

    taken = begin(a_reference(order))

    assert [(1, "A1")] == [(one.order_id, one.accession_number) for one in taken.orders]
    assert ([STARTED, SCHEDULED], S.IN_PROGRESS) == (statuses(store), state(store))


def test_the_timeline_says_who_did_what(store, put, begin, end):
    """AE title, performed step, scheduled steps, and what came of it."""
    order = put()
    begin(a_reference(order))
    reason = an_item(CodeValue="110501", CodingSchemeDesignator="DCM", CodeMeaning="Equipment failure")
    end("DISCONTINUED", PerformedProcedureStepDiscontinuationReasonCodeSequence=[reason])

    said = {event.event: event.detail for event in store.book.timeline(1)}
    told = {"calling": "CT01", "sop_instance_uid": "1.2.9", "steps": [order.steps[0].scheduled_procedure_step_id]}
    assert told | {"series": 0, "instances": 0} == said["mpps.in_progress"]
    assert told | {"series": 1, "instances": 2, "reason": "Equipment failure"} == said["mpps.discontinued"]
    assert {"mpps": "1.2.9"} == said["order.discontinued"]


def test_an_order_is_completed_with_its_last_step(store, put, begin, end):
    """Not with the first."""
    order = put(steps=2)
    begin(a_reference(order, 0), uid="1.1")
    end(uid="1.1")
    assert ([COMPLETED, SCHEDULED], S.IN_PROGRESS) == (statuses(store), state(store))

    begin(a_reference(order, 1), uid="1.2")
    end(uid="1.2")

    assert ([COMPLETED, COMPLETED], S.COMPLETED) == (statuses(store), state(store))
    assert ["mpps.completed", "order.completed"] == events(store)[-2:]


def test_an_order_whose_study_is_still_to_be_delivered_is_completed_with_that(store, put, begin, end):
    """As it would be without any performed step."""
    order = put("A1", "main")
    begin(a_reference(order))
    end()
    assert ([COMPLETED], S.IN_PROGRESS) == (statuses(store), state(store))

    deliver(store)

    assert S.COMPLETED == state(store)


def test_an_order_none_of_whose_steps_could_be_done_is_discontinued(store, put, begin, end):
    """And no PACS gets a study of it."""
    order = put("A1", "main")
    begin(a_reference(order))
    end("DISCONTINUED")

    assert ([DISCONTINUED], S.DISCONTINUED, ["cancelled"]) == (
        statuses(store),
        state(store),
        [job.state for job in store.book.jobs(1)],
    )


def test_a_study_a_pacs_has_a_part_of_gets_the_rest(store, put, begin, end):
    """As for an order somebody discontinues."""
    order = put("A1", "main")
    claim = store.queue.claim("w", 60, {"main": 1})
    store.queue.record(claim, [InstanceResult("1.2", "1.3", 0, Outcome.STORED)])
    store.queue.postpone(claim, 0, "busy")
    begin(a_reference(order))
    end("DISCONTINUED")

    assert (S.DISCONTINUED, "queued") == (state(store), store.book.jobs(1)[0].state)


def test_an_order_of_which_something_was_done_is_completed(store, put, begin, end):
    """One step discontinued, the other completed."""
    order = put(steps=2)
    for number, status in enumerate(("DISCONTINUED", "COMPLETED")):
        begin(a_reference(order, number), uid=f"1.{number}")
        end(status, uid=f"1.{number}")

    assert ([DISCONTINUED, COMPLETED], S.COMPLETED) == (statuses(store), state(store))


def test_one_performed_step_may_be_for_several_orders(store, put, begin, end):
    """Group case: all of them advance, each on its own timeline, also where the study is not theirs."""
    one, two = put("A1"), put("A2")
    other = a_reference(two)
    other.StudyInstanceUID = one.study_instance_uid
    begin(a_reference(one), other)
    assert ([STARTED], [STARTED]) == (statuses(store, "A1"), statuses(store, "A2"))

    end()

    assert [S.COMPLETED] * 2 == [state(store, 1), state(store, 2)]
    assert ["mpps.in_progress", "mpps.completed", "order.completed"] == events(store, 2)[-3:]


def test_without_a_step_id_all_steps_of_the_study_are_performed(store, put, begin):
    """The study is known all the same."""
    order = put(steps=2)

    begin(an_item(StudyInstanceUID=order.study_instance_uid, ScheduledProcedureStepID=""))

    assert [STARTED, STARTED] == statuses(store)


def test_what_nobody_scheduled_is_kept_and_moves_nothing(store, put, begin, end):
    """Unscheduled case; also where a step ID is of somebody else's order."""
    order = put()
    strange = a_reference(order)
    strange.StudyInstanceUID, strange.AccessionNumber = "1.2.77", "OTHER"
    taken = begin(strange)
    end()

    (kept,) = store.performed.unmatched(10)
    assert ((), S.SCHEDULED, [SCHEDULED]) == (taken.orders, state(store), statuses(store))
    assert ("1.2.9", "CT01", False) == (kept.step.sop_instance_uid, kept.calling_ae_title, kept.is_matched)
    assert kept == store.performed.get("1.2.9")


def test_an_order_that_comes_late_is_performed_from_then_on(store, put, begin, end):
    """An emergency is examined first and ordered afterwards."""
    order = an_order("A1")
    begin(a_reference(order))
    take(store.inbox, a_message(), a_new(order))

    end()

    assert ([COMPLETED], S.COMPLETED, []) == (statuses(store), state(store), store.performed.unmatched(10))


def test_more_may_be_appended_to_a_completed_step(store, put, begin, end):
    """It goes on until that is over too; the order stays completed."""
    order = put()
    begin(a_reference(order), uid="1.1")
    end(uid="1.1")
    begin(a_reference(order), uid="1.2")
    assert ([STARTED], S.COMPLETED) == (statuses(store), state(store))

    end("DISCONTINUED", uid="1.2")

    assert ([COMPLETED], S.COMPLETED) == (statuses(store), state(store))


def test_a_step_is_over_when_nothing_of_it_is_in_progress(store, put, begin, end):
    """Two modalities at one patient."""
    order = put()
    begin(a_reference(order), uid="1.1")
    begin(a_reference(order), uid="1.2")
    end(uid="1.1")
    assert ([STARTED], S.IN_PROGRESS) == (statuses(store), state(store))

    end(uid="1.2")

    assert ([COMPLETED], S.COMPLETED) == (statuses(store), state(store))


def test_a_step_that_goes_on_is_on_the_worklist_again(store, put, begin, end, clock):
    """Also at its station, long after it was taken off."""
    order = put()
    begin(a_reference(order), uid="1.1")
    end(uid="1.1")
    store.worklist.retire(clock.now + 1)
    begin(a_reference(order), uid="1.2")

    assert 1 == len(store.worklist.find(ItemQuery(frozenset({STARTED}), 0, stations=("CT01",)), 9))


def test_the_worklist_shows_a_change_at_once(store, put, begin):
    """Its revision is another one."""
    order = put()
    before = store.worklist.revision()

    begin(a_reference(order))

    assert before != store.worklist.revision()


def test_an_order_that_was_cancelled_stays_so(store, put, begin, end):
    """Its timeline says that it was examined all the same."""
    order = put()
    take(store.inbox, a_message("C"), a_cancel(accession_number="A1"))
    begin(a_reference(order))
    end()

    assert ([StepStatus.CANCELED], S.CANCELLED) == (statuses(store), state(store))
    assert ["mpps.in_progress", "mpps.completed"] == events(store)[-2:]


def test_an_order_that_was_held_is_begun(store, put, begin):
    """The hold was overtaken, for its deliveries too."""
    order = put("A1", "main", control=OrderControl.HOLD)
    assert ["held"] == [job.state for job in store.book.jobs(1)]

    begin(a_reference(order))

    assert (S.IN_PROGRESS, ["queued"]) == (state(store), [job.state for job in store.book.jobs(1)])


def test_an_order_whose_delivery_failed_may_be_examined(store, put, begin, end):
    """That ends well, and the dead letter waits for a person as before."""
    order = put("A1", "main")
    store.queue.fail(store.queue.claim("w", 60, {"main": 1}), "refused")
    begin(a_reference(order))
    assert S.IN_PROGRESS == state(store)

    end()

    assert (S.COMPLETED, "failed") == (state(store), store.book.jobs(1)[0].state)


def test_a_uid_is_taken_once(store, put, begin):
    """The second N-CREATE changes nothing."""
    order = put()
    begin()

    with pytest.raises(StepRefused) as refused:
        begin(a_reference(order))

    assert (StepFault.DUPLICATE, S.SCHEDULED) == (refused.value.fault, state(store))


def test_what_never_began_cannot_end(store, end):
    """No such instance."""
    with pytest.raises(StepRefused) as refused:
        end()

    assert StepFault.UNKNOWN == refused.value.fault


def test_what_is_refused_changes_nothing(store, put, begin, end):
    """All or nothing."""
    order = put()
    begin(a_reference(order))
    before = store.performed.get("1.2.9"), events(store), store.worklist.revision()

    with pytest.raises(StepRefused):
        end(PerformedSeriesSequence=[])

    assert before == (store.performed.get("1.2.9"), events(store), store.worklist.revision())
