"""What a RIS is told of a study, held against PS3.4 Table F.7.2-1; and that instances name the same step."""

import pytest
from pydicom.dataset import Dataset

from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import Code
from dicomfabd.domain.patient import Patient, Visit
from dicomfabd.domain.performed import MODALITY_PERFORMED_PROCEDURE_STEP, begun
from dicomfabd.domain.study import StudyPlan
from dicomfabd.fabricate.kinds import sop_class_of
from dicomfabd.fabricate.performed import EQUIPMENT_FAILURE, begun_step, ended_step
from dicomfabd.fabricate.study import DOCUMENTS, fabricate, references_of
from dicomfabd.plan.parser import Defaults
from dicomfabd.plan.planner import Making, Planner
from tests.builders import NOON, an_order
from tests.fabricate.studies import CATALOG, TINY, plan_as, plan_of, read
from tests.performed import attributes_of

SCHEDULED = {
    "StudyInstanceUID": 1,
    "ReferencedStudySequence": 2,
    "AccessionNumber": 2,
    "RequestedProcedureID": 2,
    "RequestedProcedureDescription": 2,
    "ScheduledProcedureStepID": 2,
    "ScheduledProcedureStepDescription": 2,
    "ScheduledProtocolCodeSequence": 2,
}
BEGINNING = {
    "ScheduledStepAttributesSequence": 1,
    "PatientName": 2,
    "PatientID": 2,
    "PatientBirthDate": 2,
    "PatientSex": 2,
    "ReferencedPatientSequence": 2,
    "PerformedProcedureStepID": 1,
    "PerformedStationAETitle": 1,
    "PerformedStationName": 2,
    "PerformedLocation": 2,
    "PerformedProcedureStepStartDate": 1,
    "PerformedProcedureStepStartTime": 1,
    "PerformedProcedureStepStatus": 1,
    "PerformedProcedureStepDescription": 2,
    "PerformedProcedureTypeDescription": 2,
    "ProcedureCodeSequence": 2,
    "PerformedProcedureStepEndDate": 2,
    "PerformedProcedureStepEndTime": 2,
    "PerformedProcedureStepDiscontinuationReasonCodeSequence": 2,  # to be set it has to be created (note 5)
    "Modality": 1,
    "StudyID": 2,
    "PerformedProtocolCodeSequence": 2,
    "PerformedSeriesSequence": 2,
}
FINAL = {
    "PerformedProcedureStepStatus": 1,
    "PerformedProcedureStepEndDate": 1,
    "PerformedProcedureStepEndTime": 1,
    "PerformedProtocolCodeSequence": 2,
    "PerformedSeriesSequence": 1,
}
SERIES = {
    "PerformingPhysicianName": 2,
    "ProtocolName": 1,
    "OperatorsName": 2,
    "SeriesInstanceUID": 1,
    "SeriesDescription": 2,
    "RetrieveAETitle": 2,
    "ReferencedImageSequence": 2,
    "ReferencedNonImageCompositeSOPInstanceSequence": 2,
}
LOINC = Code("24627-2", "CT Chest", "LN")


def faults(dataset: Dataset, table: dict[str, int]) -> list[str]:
    missing = [keyword for keyword in table if keyword not in dataset]
    empty = [
        keyword for keyword, kind in table.items() if kind == 1 and keyword in dataset and not dataset.get(keyword)
    ]
    return missing + empty


def a_plan(making: Making = TINY, **changes) -> StudyPlan:
    """Give a study of an order with two steps."""
    steps = tuple(
        StepDraft(modality="CT", scheduled_at=NOON, station_ae_titles=("CT01", "CT02"), protocol_code=LOINC)
        for _ in range(2)
    )
    order = {
        "procedure": Code("RPID1", "CT CHEST W", "RADLEX"),
        "visit": Visit(admission_id="V77"),
        "requested_procedure_id": "RP1",
        "steps": steps,
    }
    return Planner(CATALOG, Defaults(), making).plan(an_order(**order | changes))


def all_of(plan: StudyPlan) -> set[str]:
    return {reference.sop_instance_uid for reference in references_of(plan)}


def references(series: Dataset) -> list[tuple[str, str]]:
    both = (*series.ReferencedImageSequence, *series.ReferencedNonImageCompositeSOPInstanceSequence)
    return [(one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID) for one in both]


@pytest.mark.parametrize("bare", [False, True])
def test_a_beginning_has_what_the_table_asks_for(bare):
    """Types 1 and 2, also where the order says next to nothing."""
    plan = plan_of("", "OT", patient=Patient("P9", "X"), referring_physician="") if bare else a_plan()
    ds = begun_step(plan)

    assert [] == faults(ds, BEGINNING)
    assert [] == [fault for item in ds.ScheduledStepAttributesSequence for fault in faults(item, SCHEDULED)]
    assert "IN PROGRESS" == ds.PerformedProcedureStepStatus


@pytest.mark.parametrize("reason", [None, EQUIPMENT_FAILURE])
def test_an_end_has_what_the_table_asks_for(reason):
    """Of the final state, and of each series."""
    plan = a_plan()
    ds = ended_step(plan, all_of(plan), "PACS", reason)

    assert [] == faults(ds, FINAL)
    assert [] == [fault for item in ds.PerformedSeriesSequence for fault in faults(item, SERIES)]
    assert ("DISCONTINUED" if reason else "COMPLETED") == ds.PerformedProcedureStepStatus


def test_an_end_sets_only_what_the_beginning_created():
    """In its character set, and nothing that may not be set."""
    plan = a_plan()
    step = begun("1.2.9", attributes_of(begun_step(plan)))

    ended, left = step.amended(attributes_of(ended_step(plan, all_of(plan), "PACS", EQUIPMENT_FAILURE)))

    assert ((), "Equipment failure") == (left, ended.discontinuation_reason)
    assert begun_step(plan).SpecificCharacterSet == ended_step(plan, (), "PACS", None).SpecificCharacterSet


def test_every_step_of_the_order_is_performed():
    """By its ID, with the codes the RIS knows it by: a group."""
    plan = a_plan(procedure=Code("X1", "LOCAL", "L"))
    items = begun_step(plan).ScheduledStepAttributesSequence

    assert [step.scheduled_procedure_step_id for step in plan.order.steps] == [
        item.ScheduledProcedureStepID for item in items
    ]
    assert ["24627-2"] * 2 == [item.ScheduledProtocolCodeSequence[0].CodeValue for item in items]
    assert ("X1", "99LOCAL") == (
        begun_step(plan).ProcedureCodeSequence[0].CodeValue,
        begun_step(plan).ProcedureCodeSequence[0].CodingSchemeDesignator,
    )


def test_what_was_stored_is_listed_and_nothing_else():
    """Image or not, by class and UID; a series of which nothing was stored is left out."""
    plan = plan_as("documents")
    ds = ended_step(plan, all_of(plan), "PACS", None)
    partly = ended_step(plan, {plan.series[0].sop_instance_uid(0)}, "PACS", None)

    listed = [pair for series in ds.PerformedSeriesSequence for pair in references(series)]
    assert [(one.sop_class_uid, one.sop_instance_uid) for one in references_of(plan)] == listed
    documents = {sop_class_of(series) for series in plan.series if series.kind in DOCUMENTS}
    assert documents == {
        one.ReferencedSOPClassUID
        for series in ds.PerformedSeriesSequence
        for one in series.ReferencedNonImageCompositeSOPInstanceSequence
    }
    assert [[(sop_class_of(plan.series[0]), plan.series[0].sop_instance_uid(0))]] == [
        references(series) for series in partly.PerformedSeriesSequence
    ]


def test_a_step_of_which_nothing_was_stored_has_a_series_all_the_same():
    """An empty one (note 2 of the table)."""
    (series,) = ended_step(a_plan(), (), "PACS", EQUIPMENT_FAILURE).PerformedSeriesSequence

    assert [] == references(series)


def test_the_step_has_the_times_of_its_images(bodies):
    """It begins with the study, and is over when the last image is taken."""
    plan = a_plan()
    started, ended = begun_step(plan), ended_step(plan, (), "PACS", None)
    images = [ds for ds in map(read, fabricate(plan, bodies)) if "AcquisitionTime" in ds]

    assert (images[0].StudyDate, images[0].StudyTime) == (
        started.PerformedProcedureStepStartDate,
        started.PerformedProcedureStepStartTime,
    )
    assert max(ds.AcquisitionTime for ds in images) <= ended.PerformedProcedureStepEndTime


@pytest.mark.parametrize("protocol", ["documents", "ct-chest-contrast", "xray-chest"])
def test_every_instance_names_the_performed_step(bodies, protocol):
    """Image or document, by class and UID, whoever is told of it."""
    plan = plan_as(protocol)
    firsts = {series.sop_instance_uid(0) for series in plan.series}
    named = [
        ds.ReferencedPerformedProcedureStepSequence[0]
        for ds in map(read, fabricate(plan, bodies, wanted=firsts.__contains__))
    ]

    assert {(MODALITY_PERFORMED_PROCEDURE_STEP, plan.performed_step_uid)} == {
        (item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID) for item in named
    }


def test_images_say_what_ties_them_to_the_order_and_the_step(bodies):
    """PS3.17 J: everything a RIS or a PACS matches by."""
    plan = a_plan()
    ds = read(next(fabricate(plan, bodies)))
    step, order = begun_step(plan), plan.order

    assert (step.StudyID, step.AdmissionID, step.IssuerOfPatientID) == (
        ds.StudyID,
        ds.AdmissionID,
        ds.IssuerOfPatientID,
    )
    for keyword in ("ID", "StartDate", "StartTime", "Description"):
        name = f"PerformedProcedureStep{keyword}"
        assert step[name].value == ds[name].value
    assert ended_step(plan, (), "PACS", None).PerformedProtocolCodeSequence == ds.PerformedProtocolCodeSequence
    requests = [
        (item.StudyInstanceUID, item.AccessionNumber, item.RequestedProcedureID, item.ScheduledProcedureStepID)
        for item in ds.RequestAttributesSequence
    ]
    assert [(order.study_instance_uid, "A1", "RP1", one.scheduled_procedure_step_id) for one in order.steps] == requests
    assert ("RPID1", "24627-2") == (
        ds.RequestAttributesSequence[0].RequestedProcedureCodeSequence[0].CodeValue,
        ds.RequestAttributesSequence[0].ScheduledProtocolCodeSequence[0].CodeValue,
    )


def test_other_series_are_another_performed_step():
    """The same study in another size is done once more; the same one is the same step, wherever it goes."""
    plan = a_plan()

    assert plan.performed_step_uid == a_plan().performed_step_uid
    assert plan.performed_step_uid != a_plan(Making("small")).performed_step_uid
    assert a_plan(Making("tiny", uid_root="1.2.3")).performed_step_uid.startswith("1.2.3.")
