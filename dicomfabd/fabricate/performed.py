"""What a RIS is told of a study as it is made: the attributes of MPPS N-CREATE and N-SET (PS3.4 Table F.7.2-1)."""

from collections.abc import Collection
from typing import Final

from pydicom.dataset import Dataset

from dicomfabd.domain.order import Code, Order, Step
from dicomfabd.domain.performed import PerformedStatus
from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate.documents.content import dcm
from dicomfabd.fabricate.headers import code_item, da, item, items, pn, public_codes, tm
from dicomfabd.fabricate.kinds import sop_class_of
from dicomfabd.fabricate.study import DOCUMENTS

# PS3.16 CID 9300.
UNSPECIFIED: Final = dcm("110513", "Discontinued for unspecified reason")
EQUIPMENT_FAILURE: Final = dcm("110501", "Equipment failure")

_CHARACTER_SET: Final = "ISO_IR 192"


def begun_step(plan: StudyPlan) -> Dataset:
    """Give the attribute list of the N-CREATE: every attribute of type 1 and 2, and what the N-SET may want to set."""
    order = plan.order
    patient = order.patient
    ds = item(
        SpecificCharacterSet=_CHARACTER_SET,
        ScheduledStepAttributesSequence=items(*(_scheduled(order, step) for step in order.steps)),
        PatientName=pn(patient.patient_name),
        PatientID=patient.patient_id,
        PatientBirthDate=patient.patient_birth_date,
        PatientSex=patient.patient_sex,
        ReferencedPatientSequence=items(),
        PerformedProcedureStepID=plan.performed_step_id,
        PerformedStationAETitle=order.steps[0].station_ae_titles[0],
        PerformedStationName=f"FAB{order.modality}"[:16],
        PerformedLocation="",
        PerformedProcedureStepStartDate=da(plan.started_at),
        PerformedProcedureStepStartTime=tm(plan.started_at),
        PerformedProcedureStepStatus=PerformedStatus.IN_PROGRESS.value,
        PerformedProcedureStepDescription=order.procedure.meaning,
        PerformedProcedureTypeDescription="",
        ProcedureCodeSequence=items(*_codes(order.procedure)),
        PerformedProcedureStepEndDate="",
        PerformedProcedureStepEndTime="",
        PerformedProcedureStepDiscontinuationReasonCodeSequence=items(),
        Modality=order.modality,
        StudyID=plan.study_id,
        PerformedProtocolCodeSequence=items(),
        PerformedSeriesSequence=items(),
    )
    if patient.issuer_of_patient_id:
        ds.IssuerOfPatientID = patient.issuer_of_patient_id
    if order.visit.admission_id:
        ds.AdmissionID = order.visit.admission_id[:64]
    return ds


def ended_step(plan: StudyPlan, held: Collection[str], retrieve_ae_title: str, reason: Code | None) -> Dataset:
    """Give the modification list of the N-SET that ends a step.

    Args:
        plan: The study.
        held: SOP Instance UIDs of what was stored; of the rest nothing is said.
        retrieve_ae_title: Where it was stored.
        reason: Why the step was discontinued (CID 9300); None for one that was completed.
    """
    status = PerformedStatus.DISCONTINUED if reason else PerformedStatus.COMPLETED
    series = [_series(plan, one, held, retrieve_ae_title) for one in plan.series if set(_uids(one)) & set(held)]
    # Also where nothing was stored a step has a series (Table F.7.2-1, note 2).
    series = series or [_series(plan, plan.series[0], (), retrieve_ae_title)]
    ds = item(
        SpecificCharacterSet=_CHARACTER_SET,
        PerformedProcedureStepStatus=status.value,
        PerformedProcedureStepEndDate=da(plan.ended_at),
        PerformedProcedureStepEndTime=tm(plan.ended_at),
        PerformedProtocolCodeSequence=items(
            *(code for step in plan.order.steps for code in public_codes(step.protocol_code))
        ),
        PerformedSeriesSequence=items(*series),
    )
    if reason:
        ds.PerformedProcedureStepDiscontinuationReasonCodeSequence = items(code_item(reason))
    return ds


def _scheduled(order: Order, step: Step) -> Dataset:
    return item(
        StudyInstanceUID=order.study_instance_uid,
        ReferencedStudySequence=items(),
        AccessionNumber=order.accession_number,
        RequestedProcedureID=order.requested_procedure_id,
        RequestedProcedureDescription=order.procedure.meaning,
        ScheduledProcedureStepID=step.scheduled_procedure_step_id,
        ScheduledProcedureStepDescription=step.description,
        ScheduledProtocolCodeSequence=items(*_codes(step.protocol_code)),
    )


def _series(plan: StudyPlan, series: SeriesPlan, held: Collection[str], retrieve_ae_title: str) -> Dataset:
    sop_class, is_document = sop_class_of(series), series.kind in DOCUMENTS
    references = items(
        *(item(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=uid) for uid in _uids(series) if uid in held)
    )
    return item(
        PerformingPhysicianName=pn(plan.order.steps[0].performing_physician),
        ProtocolName=series.description or series.key,
        OperatorsName="",
        SeriesInstanceUID=series.series_instance_uid,
        SeriesDescription=series.description,
        RetrieveAETitle=retrieve_ae_title,
        ReferencedImageSequence=items() if is_document else references,
        ReferencedNonImageCompositeSOPInstanceSequence=references if is_document else items(),
    )


def _uids(series: SeriesPlan) -> list[str]:
    return [series.sop_instance_uid(index) for index in range(series.images)]


def _codes(code: Code) -> list[Dataset]:
    """Give what goes into a code sequence for the RIS, which knows its own codes, as the worklist gives them."""
    if not code.is_complete:
        return []
    return [code_item(Code(code.value[:16], code.meaning[:64], code.designator))]
