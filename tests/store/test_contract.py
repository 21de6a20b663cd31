"""What every back end must do. A second one joins by a line in BACK_ENDS."""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dicomfabd.domain.delivery import Claim, Delivery, Destination, InstanceResult, Outcome
from dicomfabd.domain.destinations import Destinations, Removed
from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.errors import ClaimLost, Fault, OrderRejected
from dicomfabd.domain.order import Action, Code, Order, OrderControl, OrderState
from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import BulkAct, Change, MessageQuery, OrderQuery, PatientKey, Submission
from dicomfabd.store.opening import Store, open_store
from tests.builders import NOON, a_cancel, a_message, a_new, an_order, keys_of, take
from tests.conftest import Clock

BACK_ENDS: dict[str, Callable[[Path], str]] = {"sqlite": lambda folder: f"sqlite:///{folder / 'store.db'}"}


@pytest.fixture(params=BACK_ENDS)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    opened = open_store(BACK_ENDS[request.param](tmp_path), clock=clock)
    yield opened
    opened.close()


_numbers = itertools.count()


def accept(store: Store, *changes: Change) -> list[Action]:
    message = a_message(f"M{next(_numbers)}")
    return [done.action for done in take(store.inbox, message, *changes).applied]


def accepted(store: Store, order: Order, *destinations: str) -> None:
    accept(store, a_new(order, *destinations or ("main",)))


def claim(store: Store, *destinations: str) -> Claim | None:
    return store.queue.claim("worker-1", 60, dict.fromkeys(destinations or ("main",), 9))


def delivered(destination: str = "main") -> Delivery:
    return Delivery(destination, 2, 0, 0, 0.5)


def state_of(store: Store, accession: str = "A1") -> OrderState:
    return store.book.find(OrderQuery(accession_number=accession))[0].state


def test_an_accepted_order_is_there_as_it_was_given(store):
    """Nothing is lost on the way to disk and back."""
    order = an_order(
        patient=Patient("P1", "Yamada=山田", "HOSP", ("X", "Y"), patient_weight=70.5, pregnancy_status=3),
        steps=(
            StepDraft(modality="CT", scheduled_at=NOON, protocol_code=Code("1", "x", "LN")),
            StepDraft(modality="MR"),
        ),
    )
    accepted(store, order)

    assert order == store.book.find(OrderQuery(accession_number="A1"))[0].order


def test_a_resend_changes_nothing_and_gets_the_first_answer(store):
    """P3: same sender, control ID and body."""
    take(store.inbox, a_message("M1"), a_new(an_order(), "main"), answer=b"first")

    again = take(store.inbox, a_message("M1"), a_new(an_order("A2"), "main"), answer=b"second")

    assert (b"first", True, ()) == (again.answer, again.is_duplicate, again.applied)
    assert [] == store.book.find(OrderQuery(accession_number="A2"))


def test_the_same_control_id_with_another_body_is_another_message(store):
    """Some senders never change it."""
    take(store.inbox, a_message("M1", b"one"), a_new(an_order(), "main"), answer=b"")

    again = take(store.inbox, a_message("M1", b"two"), a_new(an_order("A2"), "main"), answer=b"")

    assert not again.is_duplicate


def test_a_message_without_control_id_is_never_a_resend(store):
    """M5."""
    for _ in range(2):
        assert not take(store.inbox, a_message("")).is_duplicate


def test_a_message_is_taken_whole_or_not_at_all(store):
    """One refused order of two leaves neither."""
    accepted(store, an_order())
    stranger = replace(an_order(), patient=Patient("P2", "ROE", "HOSP"))

    with pytest.raises(OrderRejected) as rejected:
        accept(store, a_new(an_order("A2"), "main"), a_new(stranger, "main"))

    assert 205 == rejected.value.faults[0].code
    assert [] == store.book.find(OrderQuery(accession_number="A2"))


def test_a_refused_operation_leaves_the_others_of_its_commit(store):
    """Sixty-four senders share a commit; one's mistake is not theirs."""
    accepted(store, an_order())
    stranger = replace(an_order(), patient=Patient("P2", "ROE", "HOSP"))
    submissions = [
        Submission(a_message(f"N{n}"), [a_new(stranger if n == 5 else an_order(f"N{n}"), "main")]) for n in range(10)
    ]

    outcomes = [not isinstance(outcome, OrderRejected) for outcome in store.inbox.accept(submissions)]

    assert [n != 5 for n in range(10)] == outcomes


def test_a_refused_message_is_kept_with_its_reasons(store):
    """People want to see what a sender sent."""
    fault = Fault(101, "PID^1^3", "empty", "Fill PID-3.")
    store.inbox.accept([Submission(a_message(), answer=b"AE!", code="AE", faults=[fault])])

    (kept,) = store.messages.find(MessageQuery(codes=frozenset({"AE"})))
    whole = store.messages.get(kept.message_id)

    assert ((fault,), b"", b"MSH|body", b"AE!") == (kept.faults, kept.raw, whole.raw, whole.answer)


def test_an_order_sent_again_unchanged_is_unchanged(store):
    """Idempotent also under a new control ID."""
    accepted(store, an_order())

    assert [Action.UNCHANGED] == accept(store, a_new(an_order(), "main"))


def test_a_change_before_work_begins_changes_all_but_the_study_uid(store):
    """The worklist has shown the UID already."""
    first = an_order()
    accepted(store, first)
    changed = an_order(procedure=Code("CTH", "CT HEAD", "L"), study_instance_uid="1.2.3")

    assert [Action.CHANGED] == accept(store, Change(OrderControl.CHANGE, keys_of(changed), changed))
    stored = store.book.find(OrderQuery(accession_number="A1"))[0].order
    assert ("CT HEAD", first.study_instance_uid) == (stored.procedure.meaning, stored.study_instance_uid)


def test_a_change_after_work_began_is_too_late(store):
    """A study is never half one order and half another."""
    accepted(store, an_order())
    claim(store)

    changed = an_order(reason="other")
    assert [Action.TOO_LATE] == accept(store, Change(OrderControl.CHANGE, keys_of(changed), changed))


def test_a_change_may_name_the_order_by_its_placer_number(store):
    """A change often leaves the accession number out."""
    accepted(store, an_order())
    changed = replace(an_order(reason="other"), accession_number="PL-A1")

    assert [Action.CHANGED] == accept(store, Change(OrderControl.CHANGE, keys_of(changed), changed))
    assert "other" == store.book.find(OrderQuery(accession_number="A1"))[0].order.reason


@pytest.mark.parametrize(
    "keys",
    [{"accession_number": "A1"}, {"filler_order_number": "FL-A1"}, {"placer_order_number": "PL-A1"}],
)
def test_a_cancel_finds_its_order_by_any_number(store, keys):
    """Many cancels carry one number only."""
    accepted(store, an_order())

    assert [Action.CANCELLED] == accept(store, a_cancel(**keys))
    assert OrderState.CANCELLED == state_of(store)
    assert claim(store) is None


def test_a_cancel_that_comes_first_keeps_its_order_down(store):
    """A late order must not rise from the dead."""
    assert [Action.UNKNOWN] == accept(store, a_cancel(placer_order_number="PL-A1"))

    assert [Action.CANCELLED] == accept(store, a_new(an_order(), "main"))
    assert claim(store) is None


def test_a_cancel_while_a_study_is_made_lets_it_finish(store):
    """No PACS holds half a study; the order says what happened."""
    accepted(store, an_order())
    held = claim(store)

    assert [Action.DISCONTINUED] == accept(store, a_cancel(accession_number="A1"))
    store.queue.settle(held, delivered())
    assert OrderState.DISCONTINUED == state_of(store)


def test_a_cancel_spares_what_no_pacs_has_seen(store):
    """The second destination, which has nothing yet, gets nothing."""
    accepted(store, an_order(), "main", "second")
    claim(store, "main")

    accept(store, a_cancel(accession_number="A1"))

    assert claim(store, "second") is None


def test_a_cancel_lets_a_pacs_that_has_a_part_get_the_rest(store):
    """Also while nobody works on it: the PACS was busy, the next try is due."""
    accepted(store, an_order())
    held = claim(store)
    store.queue.record(held, [InstanceResult("1.1", "1.2", 0, Outcome.STORED)])
    store.queue.postpone(held, 0, "busy")

    assert [Action.DISCONTINUED] == accept(store, a_cancel(accession_number="A1"))

    assert frozenset({"1.1"}) == claim(store).kept


def test_a_job_is_claimed_once(store):
    """Two workers never make one study side by side."""
    accepted(store, an_order())

    assert claim(store) is not None
    assert claim(store) is None


def test_many_workers_share_the_work_without_overlap(store):
    """Every job to one, none to two."""
    for number in range(40):
        accepted(store, an_order(f"N{number}"))
    claimed: list[int] = []
    lock = threading.Lock()

    def work(holder: str) -> None:
        while (got := store.queue.claim(holder, 60, {"main": 40})) is not None:
            with lock:
                claimed.append(got.order_id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, [f"worker-{n}" for n in range(4)]))

    assert 40 == len(claimed) == len(set(claimed))


def test_urgent_orders_come_first(store):
    """STAT before routine, whatever came first."""
    accepted(store, an_order("SLOW", priority="LOW"))
    accepted(store, an_order("FAST", priority="STAT"))

    assert "FAST" == claim(store).order.accession_number


def test_an_expired_claim_goes_to_the_next_worker(store, clock):
    """A worker that died keeps its order for the lease only."""
    accepted(store, an_order())
    first = claim(store)

    clock.advance(61)
    second = store.queue.claim("worker-2", 60, {"main": 9})

    assert (first.order_id, 2) == (second.order_id, second.attempt)
    with pytest.raises(ClaimLost):
        store.queue.settle(first, delivered())


def test_a_renewed_claim_stays(store, clock):
    """A long study is not taken away from a worker that is alive."""
    accepted(store, an_order())
    held = claim(store)
    clock.advance(50)
    store.queue.renew(held, 60)

    clock.advance(50)

    assert claim(store) is None


def test_released_work_is_free_at_once(store):
    """A dead worker's orders do not wait for the lease."""
    accepted(store, an_order())
    claim(store)

    assert 1 == store.queue.release("worker-1")
    assert claim(store) is not None


def test_work_waits_until_it_is_due(store, clock):
    """when = scheduled."""
    accept(store, a_new(an_order(), "main", not_before=clock.now + 100))

    assert claim(store) is None
    assert clock.now + 100 == store.queue.next_due({"main": 9})
    clock.advance(101)
    assert claim(store) is not None


def test_an_order_is_completed_with_its_last_delivery(store):
    """Unit of work is order x destination."""
    accepted(store, an_order(), "main", "second")
    store.queue.settle(claim(store, "main"), delivered())
    assert OrderState.IN_PROGRESS == state_of(store)

    store.queue.settle(claim(store, "second"), delivered("second"))

    assert OrderState.COMPLETED == state_of(store)


def test_what_a_pacs_holds_is_known_to_the_next_try(store):
    """After a crash only the rest is sent."""
    accepted(store, an_order())
    held = claim(store)
    store.queue.record(
        held,
        [InstanceResult("1.1", "1.2", 0, Outcome.STORED), InstanceResult("1.3", "1.2", 0xA700, Outcome.RETRYABLE)],
    )
    store.queue.postpone(held, 0, "busy")

    assert frozenset({"1.1"}) == claim(store).kept


def test_a_postponed_job_waits(store, clock):
    """Back-off."""
    accepted(store, an_order())
    store.queue.postpone(claim(store), 30, "busy")

    assert claim(store) is None
    clock.advance(31)
    assert 2 == claim(store).attempt


def test_a_destination_that_is_away_pauses_alone(store, clock):
    """One dead PACS slows no other, and its jobs are not tried one after the other."""
    for number in range(3):
        accepted(store, an_order(f"N{number}"), "dead", "alive")

    delay = store.queue.pause(claim(store, "dead"), 5, 900, 1.0, "nobody there")

    assert 5 == delay
    assert claim(store, "dead") is None
    assert all(claim(store, "dead", "alive").destination == "alive" for _ in range(3))
    clock.advance(5.1)
    assert "dead" == claim(store, "dead").destination


def test_pauses_double_up_to_the_longest_and_end_with_success(store, clock):
    """5 s, 10 s, 20 s ... 15 min, for ever; the first success forgets them."""
    accepted(store, an_order())
    delays = []
    for _ in range(10):
        delays.append(store.queue.pause(claim(store), 5, 900, 1.0, "away"))
        clock.advance(delays[-1] + 0.1)
    store.queue.settle(claim(store), delivered())
    accepted(store, an_order("A2"))

    assert [5, 10, 20, 40, 80, 160, 320, 640, 900, 900] == delays
    assert 5 == store.queue.pause(claim(store), 5, 900, 1.0, "away")


def test_being_away_costs_no_attempt(store, clock):
    """A PACS may be away for as long as it likes."""
    accepted(store, an_order())
    for _ in range(5):
        clock.advance(store.queue.pause(claim(store), 5, 900, 1.0, "away") + 0.1)

    assert 1 == claim(store).attempt


def test_a_dead_letter_waits_for_a_person(store):
    """Poison blocks nobody; retry makes it an order again."""
    accepted(store, an_order())
    store.queue.fail(claim(store), "refused")
    assert OrderState.FAILED == state_of(store)
    assert claim(store) is None

    assert store.book.request_retry(1)

    assert 1 == claim(store).attempt


def test_work_for_a_destination_nobody_knows_is_said(store):
    """A destination that was taken out of the settings."""
    accepted(store, an_order(), "gone")

    assert 1 == store.queue.adopt(["main"])
    assert "no destination named gone" in store.book.jobs(1)[0].reason


def test_every_change_is_on_the_timeline(store):
    """Events are written in the transaction of the change they tell."""
    accepted(store, an_order())
    held = claim(store)
    store.queue.postpone(held, 0, "busy")
    store.queue.settle(claim(store), delivered())

    events = [event.event for event in store.book.timeline(1)]

    assert [
        "order.created",
        "study.begun",
        "study.postponed",
        "study.begun",
        "study.delivered",
        "order.completed",
    ] == events


def test_orders_are_found_by_their_state(store):
    """And only those."""
    accepted(store, an_order("CT1"))
    accepted(store, an_order("MR1"))
    accept(store, a_cancel(accession_number="MR1"))

    found = store.book.find(OrderQuery(states=frozenset({OrderState.SCHEDULED})))

    assert ["CT1"] == [stored.order.accession_number for stored in found]


def test_pages_follow_each_other(store):
    """Newest first, `before_id` goes on."""
    for number in range(5):
        accepted(store, an_order(f"N{number}"))

    first = store.book.find(OrderQuery(limit=2))
    second = store.book.find(OrderQuery(limit=2, before_id=first[-1].order_id))

    assert ["N4", "N3", "N2", "N1"] == [stored.order.accession_number for stored in first + second]


def test_counts_name_every_state(store):
    """A gauge that is absent is not zero."""
    accepted(store, an_order())

    assert set(OrderState) == set(store.book.counts())
    assert {("main", "queued"): 1} == store.book.job_counts()


def test_what_was_accepted_survives_a_new_start(tmp_path, clock):
    """Nothing lives in memory only."""
    url = BACK_ENDS["sqlite"](tmp_path)
    first = open_store(url, clock=clock)
    take(first.inbox, a_message(), a_new(an_order(), "main"))
    first.close()

    second = open_store(url, clock=clock)

    assert OrderState.SCHEDULED == state_of(second)
    assert take(second.inbox, a_message()).is_duplicate
    second.close()


def test_what_is_made_up_of_a_patient_is_kept_and_never_replaces_what_is_known(store):
    """The next order finds it; an ADT message still has the last word."""
    store.patients.complete(Patient("P1", "DOE^JANE", "HOSP", patient_sex="F", patient_size=1.7))
    store.patients.complete(Patient("P1", "ROE^RITA", "HOSP", patient_sex="M", patient_weight=60.0))
    kept = store.patients.get(PatientKey("P1", "HOSP")).patient

    assert ("DOE^JANE", "F", 1.7, 60.0) == (
        kept.patient_name,
        kept.patient_sex,
        kept.patient_size,
        kept.patient_weight,
    )


def a_managed(name: str = "west", **fields: Any) -> Destination:
    return Destination(name, "pacs.example", 104, "WEST", **fields)


def test_a_destination_is_there_as_it_was_given(store):
    """Every field, in the order of names; the revision changes with every change."""
    whole = a_managed(
        tls=True, transfer_syntaxes=("jpeg-ls", "explicit"), move_ae_titles={"east": "EAST1"}, timeout_s=2.5
    )
    before = store.destinations.revision()

    store.destinations.put(whole, a_managed("east"))

    assert [a_managed("east"), whole] == store.destinations.list()
    assert before != store.destinations.revision()


def test_a_destination_is_added_once(store):
    """The second of a name changes nothing; `put` replaces it."""
    assert store.destinations.add(a_managed())
    before = store.destinations.revision()

    assert not store.destinations.add(a_managed(description="another"))
    assert ([a_managed()], before) == (store.destinations.list(), store.destinations.revision())

    store.destinations.put(a_managed(description="another"))
    assert [a_managed(description="another")] == store.destinations.list()


def test_what_goes_with_a_destination_is_said(store):
    """Its open deliveries are dead letters, and nobody keeps an AE title for it."""
    store.destinations.put(a_managed(), a_managed("east", move_ae_titles={"west": "W1", "archive": "A1"}))
    accepted(store, an_order("A1"), "west", "east")
    accepted(store, an_order("A2"), "west")

    removed = store.destinations.remove("west")

    assert Removed(2, ("east",)) == removed
    assert [a_managed("east", move_ae_titles={"archive": "A1"})] == store.destinations.list()
    assert {("west", "failed"): 2, ("east", "queued"): 1} == store.book.job_counts()
    assert None is store.destinations.remove("west")


def test_all_who_keep_a_copy_see_a_change(store):
    """A registry in another process looks at the revision only."""
    registry = Destinations([a_managed("fixed")], store.destinations)
    assert ["fixed"] == [it.name for it in registry.all()]

    store.destinations.put(a_managed(), a_managed("fixed", description="hidden by the fixed one"))

    assert ["fixed", "west"] == [it.name for it in registry.all()]
    assert "" == registry.get("fixed").description


def test_a_page_says_where_the_list_goes_on(store):
    """None at the end, also of a page that is just full."""
    for number in range(4):
        accepted(store, an_order(f"N{number}"))

    pages = [store.book.find(OrderQuery(limit=limit)) for limit in (3, 5)]
    last = store.book.find(OrderQuery(limit=3, before_id=pages[0].next, modality="CT"))

    assert [pages[0][-1].order_id, None] == [page.next for page in pages]
    assert (["N0"], None) == ([stored.order.accession_number for stored in last], last.next)


def test_many_orders_are_acted_on_at_once(store):
    """To each what its own request does; those that are not there are said."""
    for number in range(60):
        accepted(store, an_order(f"N{number}"))
    failed = claim(store)
    store.queue.fail(failed, "never")

    retried = store.book.request_bulk(BulkAct.RETRY, [failed.order_id, 99])
    sent = store.book.request_bulk(BulkAct.SEND, [5, 99], ["east"])
    cancelled = store.book.request_bulk(BulkAct.CANCEL, [*range(1, 60), 99])

    assert [(failed.order_id, ("main",)), (99, ())] == [(it.order_id, it.destinations) for it in retried]
    assert [(5, ("east",)), (99, ())] == [(it.order_id, it.destinations) for it in sent]
    assert [Action.CANCELLED] * 59 + [Action.UNKNOWN] == [it.applied.action for it in cancelled]
    assert 59 == store.book.counts()[OrderState.CANCELLED]
