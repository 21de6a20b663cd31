"""Turns, limits, what people send, and storage commitment, on every back end."""

import itertools

import pytest

from dicomfabd.domain.commitment import CommitmentReport, Reference
from dicomfabd.domain.delivery import Delivery, InstanceResult, Leg, Outcome, Routing
from dicomfabd.domain.order import OrderControl, OrderState
from dicomfabd.store.interface import Change, Committed
from tests.builders import a_message, an_order, keys_of, take

DELIVERED = Delivery("main", 2, 0, 0, 0.5)
ONE, TWO = Reference("1.2", "1.2.1"), Reference("1.2", "1.2.2")
AGAIN = 5.0, 3

_numbers = itertools.count()


def accepted(store, accession="A1", *destinations, priority="ROUTINE", **leg):
    order = an_order(accession, priority=priority)
    routing = Routing(tuple(Leg(name, **leg) for name in destinations or ("main",)))
    message = a_message(f"M{next(_numbers)}")
    take(store.inbox, message, Change(OrderControl.NEW, keys_of(order), order, routing))


def claim(store, **destinations):
    return store.queue.claim("worker-1", 60, destinations or {"main": 9})


def states(store, order_id=1):
    return {job.destination: job.state for job in store.book.jobs(order_id)}


def events(store, order_id=1):
    return [event.event for event in store.book.timeline(order_id)]


def kept(claimed, *references):
    return [InstanceResult(one.sop_instance_uid, one.sop_class_uid, 0, Outcome.STORED) for one in references]


def test_a_destination_has_as_many_jobs_under_way_as_it_takes(store):
    """The others wait for one of them to end."""
    for number in range(3):
        accepted(store, f"A{number}")
    first, second = claim(store, main=2), claim(store, main=2)

    assert claim(store, main=2) is None
    assert store.queue.next_due({"main": 2}) is None
    store.queue.settle(first, DELIVERED)
    assert second.order_id != claim(store, main=2).order_id


def test_destinations_take_turns(store, clock):
    """A long queue for two of them keeps nobody from the third."""
    for number in range(10):
        accepted(store, f"A{number}", "one", "two")
    clock.advance(1)
    accepted(store, "LATE", "three")
    served = []
    for _ in range(6):
        clock.advance(1)
        got = claim(store, one=9, two=9, three=9)
        served.append(got.destination)
        store.queue.settle(got, DELIVERED)

    assert {"one", "two", "three"} == set(served[:3])
    assert {"one", "two"} == set(served[3:])


def test_a_destination_with_nothing_under_way_comes_before_one_that_is_busy(store):
    """Whoever was served last."""
    for number in range(3):
        accepted(store, f"A{number}", "one", "two")

    assert {"one", "two"} == {claim(store, one=9, two=9).destination for _ in range(2)}


def test_new_work_gets_through_an_old_backlog(store, clock):
    """Of four jobs one is the newest; the rest are done in order."""
    for number in range(8):
        accepted(store, f"OLD{number}")
        clock.advance(1)
    accepted(store, "NEW")
    order = []
    for _ in range(5):
        got = claim(store)
        order.append(got.order.accession_number)
        store.queue.settle(got, DELIVERED)

    assert ["OLD0", "OLD1", "OLD2", "NEW", "OLD3"] == order


def test_urgent_work_comes_first_at_every_destination(store):
    """A turn is only among equals."""
    accepted(store, "SLOW", "one", "two")
    accepted(store, "FAST", "one", priority="STAT")

    assert ("FAST", "one") == ((got := claim(store, one=9, two=9)).order.accession_number, got.destination)


def test_a_destination_that_was_away_is_tried_by_one_worker(store, clock):
    """With a look first; once it answers, everybody may."""
    for number in range(3):
        accepted(store, f"A{number}")
    store.queue.pause(claim(store), 5, 900, 1.0, "nobody there")
    clock.advance(6)
    probing = claim(store)

    assert probing.needs_probe
    assert claim(store) is None
    assert {"main": pytest.approx(clock.now - 1)} == store.book.pauses()
    store.queue.resume("main")
    assert not claim(store).needs_probe
    assert {} == store.book.pauses()


def test_a_destination_that_only_answers_is_paused_longer_and_longer(store, clock):
    """It echoes and rejects every study; the first one it takes makes it well."""
    accepted(store)
    pauses = []
    for _ in range(3):
        pauses.append(store.queue.pause(claim(store), 5, 900, 1.0, "rejected"))
        clock.advance(901)
        store.queue.resume("main")
    store.queue.settle(claim(store), DELIVERED)
    accepted(store, "A2")

    assert [5, 10, 20, 5] == [*pauses, store.queue.pause(claim(store), 5, 900, 1.0, "rejected")]


def test_what_a_person_has_to_send_waits_for_them(store, clock):
    """And the order stays scheduled meanwhile."""
    accepted(store, "A1", "main", by_hand=True)
    clock.advance(10_000)

    assert claim(store) is None
    assert (OrderState.SCHEDULED, "by_hand") == (store.book.get(1).state, states(store)["main"])
    assert ["main"] == store.book.request_send(1, ())
    assert claim(store) is not None


def test_a_study_can_be_sent_elsewhere_and_once_more(store):
    """To a destination it never was for, and whole to one that has it."""
    accepted(store)
    got = claim(store)
    store.queue.record(got, kept(got, ONE, TWO))
    store.queue.settle(got, DELIVERED)
    assert OrderState.COMPLETED == store.book.get(1).state

    assert ["main", "other"] == store.book.request_send(1, ("main", "other", "main"))
    again, other = claim(store), claim(store, other=1)
    assert (frozenset(), 1) == (again.kept, again.attempt)
    store.queue.settle(again, DELIVERED)
    store.queue.settle(other, DELIVERED)

    assert (OrderState.COMPLETED, {"main": "done", "other": "done"}) == (store.book.get(1).state, states(store))
    assert "order.send" in events(store)


def test_what_is_being_sent_is_not_sent_beside_itself(store):
    """Nor is a cancelled order."""
    accepted(store)
    claim(store)
    assert [] == store.book.request_send(1, ("main",))
    accepted(store, "A2")
    store.book.request_cancel(2)

    assert [] == store.book.request_send(2, ("main",))
    assert [] == store.book.request_send(99, ("main",))


def test_a_changed_order_goes_where_orders_like_it_go_now(store):
    """As long as nobody has begun."""
    accepted(store, "A1", "one", "two")
    changed = an_order("A1", priority="STAT")
    routing = Routing((Leg("two"), Leg("three", by_hand=True)))
    take(store.inbox, a_message("X"), Change(OrderControl.CHANGE, keys_of(changed), changed, routing))

    assert {"two": "queued", "three": "by_hand"} == states(store)


def begun(store, transaction="1.9"):
    accepted(store)
    got = claim(store)
    store.queue.record(got, kept(got, ONE, TWO))
    store.commitments.begin(got, transaction)
    return got


def test_an_order_is_completed_when_its_pacs_has_committed(store):
    """Not when it was sent."""
    got = begun(store)
    store.commitments.wait(got, DELIVERED, 600, *AGAIN)
    assert ("committing", OrderState.IN_PROGRESS) == (states(store)["main"], store.book.get(1).state)

    done = store.commitments.report(CommitmentReport("1.9", (ONE, TWO)), *AGAIN)

    assert Committed(1, "A1", "main", 0) == done
    assert ("committed", OrderState.COMPLETED) == (states(store)["main"], store.book.get(1).state)
    assert ["study.delivered", "study.commitment_asked", "study.committed", "order.completed"] == events(store)[-4:]


def test_a_report_may_come_before_the_answer_to_the_request(store):
    """It is kept until the request has been answered."""
    got = begun(store)
    store.commitments.report(CommitmentReport("1.9", (ONE, TWO)), *AGAIN)
    assert "leased" == states(store)["main"]

    store.commitments.wait(got, DELIVERED, 600, *AGAIN)

    assert "committed" == states(store)["main"]


@pytest.mark.parametrize(
    "report",
    [CommitmentReport("1.9", (ONE,), ((TWO, 0x0112),)), CommitmentReport("1.9", (ONE,))],
    ids=["refused", "not mentioned"],
)
def test_what_a_pacs_does_not_commit_is_sent_again(store, clock, report):
    """And only that."""
    store.commitments.wait(begun(store), DELIVERED, 600, *AGAIN)

    assert 1 == store.commitments.report(report, *AGAIN).failed
    assert claim(store) is None
    clock.advance(6)

    assert frozenset({ONE.sop_instance_uid}) == claim(store).kept


def test_what_a_pacs_never_commits_ends_in_the_dead_letters(store, clock):
    """After as many tries as any other study."""
    for number in range(3):
        if number == 0:
            got = begun(store)
        else:
            clock.advance(6)
            got = claim(store)
            store.commitments.begin(got, f"1.9.{number}")
        store.commitments.wait(got, DELIVERED, 600, *AGAIN)
        uid = f"1.9.{number}" if number else "1.9"
        store.commitments.report(CommitmentReport(uid, (ONE,), ((TWO, 0x0112),)), *AGAIN)

    assert ("failed", OrderState.FAILED) == (states(store)["main"], store.book.get(1).state)
    assert "did not commit 1 instances, the first for reason 0x0112" in store.book.jobs(1)[0].reason


def test_a_report_that_never_comes_is_asked_for_again(store, clock):
    """With nothing left to send."""
    store.commitments.wait(begun(store), DELIVERED, 600, *AGAIN)
    clock.advance(601)
    again = claim(store)

    assert (2, frozenset({ONE.sop_instance_uid, TWO.sop_instance_uid})) == (again.attempt, again.kept)
    store.commitments.begin(again, "1.10")
    store.commitments.wait(again, DELIVERED, 600, *AGAIN)
    assert store.commitments.report(CommitmentReport("1.9", (ONE, TWO)), *AGAIN) is None
    assert store.commitments.report(CommitmentReport("1.10", (ONE, TWO)), *AGAIN) is not None


def test_a_report_nobody_waits_for_changes_nothing(store):
    """Late, doubled, or somebody else's."""
    store.commitments.wait(begun(store), DELIVERED, 600, *AGAIN)
    report = CommitmentReport("1.9", (ONE, TWO))
    store.commitments.report(report, *AGAIN)

    assert store.commitments.report(report, *AGAIN) is None
    assert store.commitments.report(CommitmentReport("1.77", (ONE,)), *AGAIN) is None
    assert "committed" == states(store)["main"]


def test_deliveries_to_a_destination_that_is_gone_are_said_to_be(store):
    """And nobody else's."""
    store.commitments.wait(begun(store), DELIVERED, 600, *AGAIN)
    accepted(store, "A2", "main", by_hand=True)
    accepted(store, "A3", "other")

    assert 1 == store.queue.adopt(["main"])
    assert {"other": "failed"} == states(store, 3)
