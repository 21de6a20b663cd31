"""What an N-CREATE and an N-SET may say (PS3.4 F.7)."""

import pytest

from dicomfabd.domain import performed
from dicomfabd.domain.order import StepStatus
from dicomfabd.domain.performed import PerformedSeries, PerformedStatus, StepFault, StepRefused, begun, step_status
from tests.performed import UNSCHEDULED, a_beginning, a_series, an_end, an_item, attributes_of

TYPE_1 = {
    "PerformedStationAETitle": 0x00400241,
    "PerformedProcedureStepStartDate": 0x00400244,
    "PerformedProcedureStepStartTime": 0x00400245,
    "PerformedProcedureStepStatus": 0x00400252,
    "PerformedProcedureStepID": 0x00400253,
    "Modality": 0x00080060,
    "ScheduledStepAttributesSequence": 0x00400270,
}


def a_step(*scheduled, **changes):
    return begun("1.2.9", attributes_of(a_beginning(*scheduled, **changes)))


def amended(step=None, **changes):
    return (step or a_step()).amended(attributes_of(an_end(**changes)))


def refusal(function, *arguments, **changes):
    with pytest.raises(StepRefused) as raised:
        function(*arguments, **changes)
    return raised.value.fault, raised.value.tags


@pytest.mark.parametrize("keyword", TYPE_1)
def test_what_is_of_type_1_must_be_there_and_have_a_value(keyword):
    """The two are told apart, and the attribute is named."""
    is_sequence = keyword.endswith("Sequence")

    assert (StepFault.MISSING, (TYPE_1[keyword],)) == refusal(a_step, **{keyword: None})
    assert (StepFault.EMPTY, (TYPE_1[keyword],)) == refusal(a_step, **{keyword: [] if is_sequence else ""})


def test_every_missing_attribute_is_named():
    """So that it can be mended in one go."""
    fault, tags = refusal(a_step, Modality=None, PerformedProcedureStepID=None)

    assert (StepFault.MISSING, {0x00080060, 0x00400253}) == (fault, set(tags))


def test_a_scheduled_step_must_name_its_study():
    """All else of it may be empty."""
    assert (StepFault.MISSING, (0x0020000D,)) == refusal(a_step, an_item(ScheduledProcedureStepID="S1"))


@pytest.mark.parametrize("status", ["COMPLETED", "DISCONTINUED", "DONE"])
def test_a_step_begins_in_progress(status):
    """With no other status."""
    changes = {"PerformedProcedureStepEndDate": "20260302", "PerformedProcedureStepEndTime": "12"}
    sequences = {"PerformedSeriesSequence": [a_series()]}

    fault, tags = refusal(a_step, PerformedProcedureStepStatus=status, **changes, **sequences)

    assert (StepFault.INVALID, (0x00400252,)) == (fault, tags)


def test_a_step_performs_a_hundred_scheduled_ones_at_most():
    """Each is looked for while others wait."""
    assert 100 == len(a_step(*[UNSCHEDULED] * 100).scheduled)
    assert (StepFault.INVALID, (0x00400270,)) == refusal(a_step, *[UNSCHEDULED] * 101)


def test_what_was_made_is_counted_image_or_not():
    """As the step says in the end."""
    series = a_series(images=3)
    series.ReferencedNonImageCompositeSOPInstanceSequence = [an_item(ReferencedSOPInstanceUID="1.2.4")]

    step, left = amended(PerformedSeriesSequence=[series])

    assert (PerformedSeries("1.2.3", "CHEST", 4),) == step.series
    assert (PerformedStatus.COMPLETED, ()) == (step.status, left)


def test_a_step_may_grow_while_it_is_in_progress():
    """A sequence takes the place of the one before."""
    step, _ = amended(PerformedProcedureStepStatus=None, PerformedSeriesSequence=[a_series(1)])
    step, _ = amended(step, PerformedProcedureStepStatus=None, PerformedSeriesSequence=[a_series(2)])

    assert (PerformedStatus.IN_PROGRESS, 2) == (step.status, step.series[0].instances)


@pytest.mark.parametrize("status", ["COMPLETED", "DISCONTINUED"])
def test_a_step_that_is_over_is_not_changed(status):
    """Not even to say the same again."""
    over, _ = amended(PerformedProcedureStepStatus=status)

    assert (StepFault.OVER, ()) == refusal(amended, over, PerformedProcedureStepStatus=status)


@pytest.mark.parametrize("status", ["COMPLETED", "DISCONTINUED"])
@pytest.mark.parametrize(
    ("keyword", "tag"), [("PerformedProcedureStepEndDate", 0x00400250), ("PerformedProcedureStepEndTime", 0x00400251)]
)
def test_a_step_that_is_over_has_an_end(status, keyword, tag):
    """Created empty, and never set."""
    assert (StepFault.EMPTY, (tag,)) == refusal(amended, PerformedProcedureStepStatus=status, **{keyword: None})


@pytest.mark.parametrize("status", ["COMPLETED", "DISCONTINUED"])
def test_a_step_that_is_over_has_a_series(status):
    """Though it may hold nothing."""
    empty = {"PerformedProcedureStepStatus": status, "PerformedSeriesSequence": []}

    assert (StepFault.EMPTY, (0x00400340,)) == refusal(amended, **empty)
    assert (
        0 == amended(PerformedProcedureStepStatus=status, PerformedSeriesSequence=[a_series(0)])[0].series[0].instances
    )


@pytest.mark.parametrize(("keyword", "tag"), [("ProtocolName", 0x00181030), ("SeriesInstanceUID", 0x0020000E)])
def test_a_series_has_a_protocol_and_a_uid(keyword, tag):
    """From the first moment it is told of."""
    series = a_series()
    delattr(series, keyword)
    changes = {"PerformedProcedureStepStatus": None, "PerformedSeriesSequence": [series]}

    assert (StepFault.MISSING, (tag,)) == refusal(amended, **changes)


def test_whom_and_what_a_step_is_for_cannot_be_changed():
    """It is left as it was and named; to repeat it is no fault."""
    step, left = amended(
        PatientID="P2", Modality="CT", ScheduledStepAttributesSequence=[an_item(StudyInstanceUID="1.9")]
    )

    assert {0x00100020, 0x00400270} == set(left)
    assert ("P1", "1.2.77") == (step.attributes["00100020"]["Value"][0], step.scheduled[0].study_instance_uid)


def test_only_what_was_created_can_be_set():
    """But for what the table names, such as a reason nobody thought of in the beginning."""
    beginning = a_step(PerformedProcedureStepDiscontinuationReasonCodeSequence=None, StudyComments="a")
    reason = an_item(CodeValue="110514", CodingSchemeDesignator="DCM", CodeMeaning="Incorrect worklist entry selected")

    step, left = amended(
        beginning,
        PerformedProcedureStepDiscontinuationReasonCodeSequence=[reason],
        StudyComments="b",
        SeriesDescription="new",
    )

    assert "Incorrect worklist entry selected" == step.discontinuation_reason
    assert ((0x0008103E,), "b") == (left, step.attributes["00324000"]["Value"][0])


def test_text_is_kept_as_unicode_whatever_set_it_came_in():
    """An N-SET's character set is its own (F.7.2.2.3)."""
    step, left = amended(SpecificCharacterSet="ISO_IR 192", PerformedProcedureStepDescription="胸部")

    assert ((), "胸部") == (left, step.attributes["00400254"]["Value"][0])
    assert ("Müller^Eva", "ISO_IR 100") == (
        step.attributes["00100010"]["Value"][0]["Alphabetic"],
        step.attributes["00080005"]["Value"][0],
    )


def test_a_step_does_not_grow_for_ever(monkeypatch):
    """Each N-SET is within its limit; all of them together are too."""
    monkeypatch.setattr(performed, "LONGEST_DOCUMENT", len(a_step().document) + 100)

    fault, _ = refusal(amended, PerformedSeriesSequence=[a_series(9)])

    assert StepFault.INVALID == fault


@pytest.mark.parametrize(
    ("performed_as", "expected"),
    [
        ({"IN PROGRESS"}, StepStatus.STARTED),
        ({"COMPLETED"}, StepStatus.COMPLETED),
        ({"DISCONTINUED"}, StepStatus.DISCONTINUED),
        ({"COMPLETED", "IN PROGRESS"}, StepStatus.STARTED),
        ({"DISCONTINUED", "COMPLETED"}, StepStatus.COMPLETED),
        ({"DISCONTINUED", "IN PROGRESS"}, StepStatus.STARTED),
    ],
)
def test_a_scheduled_step_stands_as_all_that_was_performed_for_it(performed_as, expected):
    """Once, or more often (append)."""
    assert expected == step_status({PerformedStatus(status) for status in performed_as})
