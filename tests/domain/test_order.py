import itertools

import pytest

from dicomfabd.domain.draft import Choices, StepDraft, build_order
from dicomfabd.domain.errors import OrderRejected
from dicomfabd.domain.order import ENDED, LEGAL_MOVES, MOVES, Action, Code, OrderControl, OrderState, action_for
from dicomfabd.domain.patient import Patient
from tests.builders import a_draft, an_order


def test_the_first_candidate_that_fits_becomes_the_accession_number():
    """AccessionNumber is SH: 16 characters; a longer number gives way to the next."""
    order = an_order(accession_candidates=("PLACER-NUMBER-TOO-LONG", "FILLER7"))

    assert "FILLER7" == order.accession_number


def test_a_number_that_fits_nowhere_is_hashed_and_never_cut():
    """Two long numbers that begin alike must not collide."""
    first = an_order(accession_candidates=("1234567890123456-A",))
    second = an_order(accession_candidates=("1234567890123456-B",))

    assert 16 == len(first.accession_number)
    assert first.accession_number != second.accession_number


def test_all_faults_are_reported_at_once():
    """A sender should not have to mend its order one refusal at a time."""
    draft = a_draft(patient=Patient("", "DOE"), accession_candidates=(), procedure=Code())

    with pytest.raises(OrderRejected) as rejected:
        build_order(draft, Choices(lambda _procedure, _service: "OT"))

    assert ["patient_id", "accession_number", "procedure"] == [fault.location for fault in rejected.value.faults]


def test_the_study_uid_of_the_order_is_kept():
    """The sender's Study Instance UID is what its images will be looked for by."""
    order = an_order(study_instance_uid="1.2.840.1")

    assert ("1.2.840.1", "order") == (order.study_instance_uid, order.study_uid_origin)


def test_an_invalid_study_uid_is_replaced_by_a_derived_one():
    """A component with a leading zero is not a UID (PS3.5 §9.1)."""
    order, warnings = build_order(a_draft(study_instance_uid="1.02.3"), Choices(lambda _procedure, _service: "OT"))

    assert "derived" == order.study_uid_origin
    assert any("not a valid UID" in warning.text for warning in warnings)


def test_the_same_order_derives_the_same_study_uid():
    """A resend lands on the same study."""
    assert an_order().study_instance_uid == an_order().study_instance_uid
    assert an_order("A1").study_instance_uid != an_order("A2").study_instance_uid


def test_a_modality_is_recognised_only_where_none_is_given():
    """What the order says beats what its words suggest."""
    said, _ = build_order(a_draft(), Choices(lambda _procedure, _service: "OT"))
    unsaid, _ = build_order(a_draft(steps=(StepDraft(),)), Choices(lambda _procedure, _service: "OT"))

    assert ("CT", "OT") == (said.modality, unsaid.modality)


def test_backslashes_and_control_characters_never_pass():
    """A backslash separates values in DICOM (PS3.5 §6.4)."""
    order = an_order(referring_physician="A\\B^C\x07", reason="one\ntwo\\three")

    assert ("A B^C", "one two three") == (order.referring_physician, order.reason)


def test_step_ids_are_unique_within_an_order_and_fit():
    """Modalities tell examinations apart by this ID alone."""
    order = an_order("A" * 16, steps=(StepDraft(modality="CT"), StepDraft(modality="CT")))

    ids = [step.scheduled_procedure_step_id for step in order.steps]

    assert 2 == len(set(ids))
    assert all(len(one) <= 16 for one in ids)


@pytest.mark.parametrize(
    ("state", "has_begun", "action"),
    [
        (OrderState.SCHEDULED, False, Action.CANCELLED),
        (OrderState.IN_PROGRESS, False, Action.CANCELLED),
        (OrderState.IN_PROGRESS, True, Action.DISCONTINUED),
        (OrderState.COMPLETED, True, Action.TOO_LATE),
        (OrderState.CANCELLED, False, Action.UNCHANGED),
    ],
)
def test_a_cancel_does_what_the_state_allows(state, has_begun, action):
    """No PACS is ever left with half a study."""
    assert action == action_for(OrderControl.CANCEL, state, has_begun=has_begun)


@pytest.mark.parametrize(
    ("state", "is_same", "has_begun", "action"),
    [
        (OrderState.SCHEDULED, True, False, Action.UNCHANGED),
        (OrderState.SCHEDULED, False, False, Action.CHANGED),
        (OrderState.HELD, False, False, Action.CHANGED),
        (OrderState.FAILED, False, False, Action.CHANGED),
        (OrderState.FAILED, False, True, Action.TOO_LATE),
        (OrderState.IN_PROGRESS, False, False, Action.CHANGED),
        (OrderState.IN_PROGRESS, False, True, Action.TOO_LATE),
        (OrderState.COMPLETED, False, True, Action.REOPENED),
        (OrderState.CANCELLED, False, False, Action.REOPENED),
        (OrderState.CANCELLED, True, False, Action.UNCHANGED),
    ],
)
def test_an_order_placed_again_does_what_the_state_allows(state, is_same, has_begun, action):
    """What a PACS has a part of is not rewritten; what ended rises with other content only."""
    assert action == action_for(OrderControl.NEW, state, is_same=is_same, has_begun=has_begun)


@pytest.mark.parametrize("state", sorted(ENDED))
def test_a_change_never_raises_an_order_that_ended(state):
    """A late XO is not a new order."""
    assert Action.TOO_LATE == action_for(OrderControl.CHANGE, state)


@pytest.mark.parametrize(
    ("control", "state", "has_begun", "action"),
    [
        (OrderControl.HOLD, OrderState.SCHEDULED, False, Action.HELD),
        (OrderControl.HOLD, OrderState.HELD, False, Action.UNCHANGED),
        (OrderControl.HOLD, OrderState.IN_PROGRESS, True, Action.TOO_LATE),
        (OrderControl.RELEASE, OrderState.HELD, False, Action.RELEASED),
        (OrderControl.RELEASE, OrderState.SCHEDULED, False, Action.UNCHANGED),
        (OrderControl.RELEASE, OrderState.COMPLETED, True, Action.TOO_LATE),
        (OrderControl.START, OrderState.SCHEDULED, False, Action.STARTED),
        (OrderControl.START, OrderState.IN_PROGRESS, True, Action.UNCHANGED),
        (OrderControl.START, OrderState.COMPLETED, True, Action.TOO_LATE),
        (OrderControl.COMPLETE, OrderState.SCHEDULED, False, Action.COMPLETED),
        (OrderControl.COMPLETE, OrderState.HELD, False, Action.COMPLETED),
        (OrderControl.COMPLETE, OrderState.CANCELLED, False, Action.TOO_LATE),
    ],
)
def test_a_status_moves_an_order_where_it_may_go(control, state, has_begun, action):
    """Status feeds arrive late, twice and out of order."""
    assert action == action_for(control, state, has_begun=has_begun)


def test_whatever_an_action_leads_to_is_a_legal_move():
    """The table of moves and the table of actions agree."""
    for control, state, begun in itertools.product(OrderControl, OrderState, (False, True)):
        action = action_for(control, state, has_begun=begun)
        if action in MOVES:
            assert MOVES[action] in LEGAL_MOVES[state], (control, state, begun)
