"""What messages do to orders and patients that are there already; on every back end."""

from dataclasses import replace

import pytest

from dicomfabd.domain.delivery import InstanceResult, Outcome
from dicomfabd.domain.errors import OrderRejected
from dicomfabd.domain.order import Action, OrderControl, OrderKeys, OrderState
from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import Change, OrderQuery, PatientChange, PatientKey
from dicomfabd.store.opening import Store
from tests.builders import a_message, a_new, an_order, keys_of, take


def tell(store: Store, *changes: Change | PatientChange) -> list[Action]:
    return [done.action for done in take(store.inbox, a_message(""), *changes).applied]


def about(control: OrderControl, accession: str = "A1") -> Change:
    return Change(control, OrderKeys(accession, sender="RIS|HOSP"))


def state_of(store: Store, accession: str = "A1") -> OrderState:
    return store.book.find(OrderQuery(accession_number=accession))[0].state


def test_a_held_order_is_given_to_no_worker_until_it_is_released(store):
    """HD and RL."""
    tell(store, a_new(an_order(), "main"))

    assert [Action.HELD] == tell(store, about(OrderControl.HOLD))
    assert (OrderState.HELD, None) == (state_of(store), store.queue.claim("w", 60, {"main": 9}))
    assert [Action.RELEASED] == tell(store, about(OrderControl.RELEASE))
    assert store.queue.claim("w", 60, {"main": 9}) is not None


def test_an_order_somebody_works_on_is_not_held(store):
    """It is too late: the study will be whole."""
    tell(store, a_new(an_order(), "main"))
    store.queue.claim("w", 60, {"main": 9})

    assert [Action.TOO_LATE] == tell(store, about(OrderControl.HOLD))


def test_an_order_cancelled_before_anything_was_sent_rises_only_with_other_content(store):
    """A resend under a new control ID must not undo the cancel; a new order under the old number may."""
    tell(store, a_new(an_order(), "main"))
    tell(store, about(OrderControl.CANCEL))

    assert [Action.UNCHANGED] == tell(store, a_new(an_order(), "main"))
    assert [Action.REOPENED] == tell(store, a_new(an_order(reason="ANOTHER"), "main"))
    assert OrderState.SCHEDULED == state_of(store)
    assert store.queue.claim("w", 60, {"main": 9}) is not None


def test_a_cancel_that_races_the_worker_lets_the_study_finish(store):
    """Never half a study: what was begun is finished, and the order says which it was."""
    tell(store, a_new(an_order(), "main"))
    claim = store.queue.claim("w", 60, {"main": 9})
    store.queue.record(claim, [InstanceResult("1.2.3", "1.2", 0, Outcome.STORED)])

    assert [Action.DISCONTINUED] == tell(store, about(OrderControl.CANCEL))

    store.queue.postpone(claim, 0, "busy")
    assert store.queue.claim("w", 60, {"main": 9}) is not None
    assert OrderState.DISCONTINUED == state_of(store)


def test_a_discontinued_order_nobody_began_is_never_begun(store):
    """DC."""
    tell(store, a_new(an_order(), "main"))

    assert [Action.DISCONTINUED] == tell(store, about(OrderControl.DISCONTINUE))
    assert store.queue.claim("w", 60, {"main": 9}) is None


@pytest.mark.parametrize(
    ("control", "state"),
    [
        (OrderControl.START, OrderState.IN_PROGRESS),
        (OrderControl.COMPLETE, OrderState.COMPLETED),
        (OrderControl.HOLD, OrderState.HELD),
        (OrderControl.RELEASE, OrderState.SCHEDULED),
    ],
)
def test_a_status_feed_creates_what_it_knows_wholly(store, control, state):
    """Some departments send nothing but SC."""
    order = an_order()
    tell(store, Change(control, keys_of(order), order))

    assert state == state_of(store)


def test_a_status_of_an_order_nobody_knows_is_refused(store):
    """204: there is nothing that could be done."""
    with pytest.raises(OrderRejected) as rejected:
        tell(store, about(OrderControl.START))

    assert 204 == rejected.value.faults[0].code


def test_a_number_two_senders_use_finds_the_senders_own_order(store):
    """A cancel of the one must not end the other's."""
    tell(
        store,
        a_new(an_order("A1", placer_order_number="7")),
        a_new(an_order("B1", placer_order_number="7", sender="X|Y")),
    )

    assert [Action.CANCELLED] == tell(store, Change(OrderControl.CANCEL, OrderKeys("", "", "7", "X|Y")))
    assert [OrderState.SCHEDULED, OrderState.CANCELLED] == [state_of(store, name) for name in ("A1", "B1")]


@pytest.mark.parametrize(
    ("patient_id", "action"), [("P1", Action.CANCELLED), ("P2", Action.UNKNOWN), ("", Action.UNKNOWN)]
)
def test_another_senders_order_is_found_only_with_its_patient(store, patient_id, action):
    """An EHR places, a RIS cancels; a number alone could be anybody's."""
    tell(store, a_new(an_order("A1")))
    keys = OrderKeys("A1", sender="X|Y", patient_id=patient_id)

    assert [action] == tell(store, Change(OrderControl.CANCEL, keys))


def test_a_cancel_that_came_early_ends_only_its_senders_order(store):
    """The same number of another sender is another order."""
    tell(store, Change(OrderControl.CANCEL, OrderKeys("A1", sender="X|Y")))

    assert [Action.CREATED] == tell(store, a_new(an_order("A1")))


def test_numbers_can_be_attached_later(store):
    """NA: the filler's number comes after the order; it then finds the order."""
    tell(store, a_new(an_order(filler_order_number=""), "main"))

    attached = Change(OrderControl.ATTACH, OrderKeys("", "F9", "PL-A1", "RIS|HOSP"))
    assert [Action.ATTACHED] == tell(store, attached)
    assert [Action.CANCELLED] == tell(store, Change(OrderControl.CANCEL, OrderKeys("", "F9", "", "RIS|HOSP")))


def test_a_patient_update_reaches_the_orders_nobody_has_begun(store):
    """A08: the worklist shows the new name at once; what was fabricated keeps the old one."""
    tell(store, a_new(an_order("A1"), "main"), a_new(an_order("A2"), "other"))
    store.queue.claim("w", 60, {"main": 9})

    done = tell(store, PatientChange(Patient("P1", "MARRIED^JANE", "HOSP")))

    names = [stored.order.patient.patient_name for stored in store.book.find(OrderQuery())]
    assert ([Action.CREATED, Action.CHANGED], ["MARRIED^JANE", "DOE^JANE"]) == (done, names)


def test_what_a_patient_update_leaves_empty_stays_and_what_it_deletes_goes(store):
    """HL7: empty says nothing, two quotes delete."""
    tell(store, PatientChange(Patient("P1", "DOE", "HOSP", patient_birth_date="19800101", patient_sex="F")))
    tell(store, PatientChange(Patient("P1", "DOE", "HOSP"), cleared=frozenset({"patient_sex"})))

    patient = store.patients.get(PatientKey("P1", "HOSP")).patient
    assert ("19800101", "") == (patient.patient_birth_date, patient.patient_sex)


def test_a_merge_moves_open_orders_and_late_ones_to_the_survivor(store):
    """A40: also an order that is sent for the old number afterwards."""
    tell(store, a_new(an_order("A1"), "main"))
    merge = PatientChange(Patient("P9", "DOE^JANE", "HOSP"), priors=(PatientKey("P1"),))

    assert [Action.MERGED, Action.CHANGED] == tell(store, merge)
    tell(store, a_new(an_order("A2"), "main"))

    assert ["P9", "P9"] == [stored.order.patient.patient_id for stored in store.book.find(OrderQuery())]
    assert "P9" == store.patients.get(PatientKey("P1")).merged_into


def test_after_a_merge_both_numbers_name_the_same_patient(store):
    """A change of the order is not refused as another patient's."""
    tell(store, a_new(an_order("A1"), "main"))
    tell(store, PatientChange(Patient("P9", "DOE^JANE", "HOSP"), priors=(PatientKey("P1"),)))
    later = replace(an_order("A1", reason="LATER"), patient=Patient("P9", "DOE^JANE", "HOSP"))

    assert [Action.CHANGED] == tell(store, Change(OrderControl.CHANGE, keys_of(later), later))


def test_a_message_knows_what_it_did(store):
    """For the timeline, and for people who look at a message."""
    accepted = take(store.inbox, a_message("M1"), a_new(an_order(), "main"))

    assert (("created", "order", accepted.applied[0].order_id),) == store.messages.get(accepted.message_id).did
