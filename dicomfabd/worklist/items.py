"""An order's step as a worklist item: every attribute of PS3.4 Table K.6-1 that we keep, as text by tag."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydicom.datadict import tag_for_keyword

from dicomfabd.domain.order import Code, Order, Step, StepStatus

Item = Mapping[int, "str | tuple[Item, ...]"]
r"""Tag → value as DICOM writes it, several joined by a backslash; of a sequence its items. Known and empty is ""."""

SEQUENCE: Final = 0x00400100
"""Scheduled Procedure Step Sequence, which holds one item (K.6.1.2.2)."""

STATION: Final = 0x00400001
"""Scheduled Station AE Title."""

_LONGEST_COMMENT: Final = 10_240  # LT


def to_item(order: Order, step: Step, status: StepStatus) -> Item:
    """Give the item; an attribute without a value is there with zero length, as modalities want type 2 ones."""
    return _tagged(
        {
            **_patient(order),
            **_visit(order),
            **_request(order),
            "WorklistLabel": step.worklist_label,
            "ScheduledProcedureStepSequence": (_tagged(_scheduled(step, status)),),
        }
    )


def shown_at(item: Item, station_ae_title: str) -> Item:
    """Give an item as a station sees it that stands for another one; an empty title is nobody's."""
    step = step_of(item)
    if not station_ae_title or station_ae_title in str(step[STATION]).split("\\"):
        return item
    return {**item, SEQUENCE: ({**step, STATION: station_ae_title},)}


def step_of(item: Item) -> Item:
    """Give the scheduled procedure step of an item."""
    steps = item[SEQUENCE]
    assert isinstance(steps, tuple)  # noqa: S101 - to_item made it
    return steps[0]


def _patient(order: Order) -> dict[str, "str | tuple[Item, ...]"]:
    patient = order.patient
    others = [value[:64] for value in patient.other_patient_ids]
    return {
        "PatientName": patient.patient_name,
        "PatientID": patient.patient_id,
        "IssuerOfPatientID": patient.issuer_of_patient_id,
        "OtherPatientIDs": "\\".join(others),
        "OtherPatientIDsSequence": tuple(_tagged({"PatientID": value, "TypeOfPatientID": "TEXT"}) for value in others),
        "PatientBirthDate": patient.patient_birth_date,
        "PatientBirthTime": patient.patient_birth_time,
        "PatientSex": patient.patient_sex,
        "PatientSexNeutered": patient.patient_sex_neutered,
        "PatientSize": _decimal(patient.patient_size),
        "PatientWeight": _decimal(patient.patient_weight),
        "PatientMotherBirthName": patient.patient_mother_birth_name,
        "EthnicGroup": patient.ethnic_group,
        "PatientAddress": patient.patient_address,
        "PatientTelephoneNumbers": patient.patient_telephone,
        "PatientComments": patient.patient_comments[:_LONGEST_COMMENT],
        "PatientSpeciesDescription": patient.patient_species,
        "PatientBreedDescription": patient.patient_breed,
        "ResponsiblePerson": patient.responsible_person,
        "MedicalAlerts": patient.medical_alerts,
        "Allergies": patient.allergies,
        "PregnancyStatus": "" if patient.pregnancy_status is None else str(patient.pregnancy_status),
        "ReferencedPatientSequence": (),
    }


def _visit(order: Order) -> dict[str, "str | tuple[Item, ...]"]:
    visit = order.visit
    return {
        "AdmissionID": visit.admission_id[:64],
        "CurrentPatientLocation": visit.current_patient_location[:64],
        "PatientState": visit.patient_state[:64],
        "SpecialNeeds": visit.special_needs,
        "ConfidentialityConstraintOnPatientDataDescription": visit.confidentiality_constraint,
        "InstitutionName": order.institution_name,
        "InstitutionAddress": order.institution_address,
        "InstitutionalDepartmentName": order.department,
    }


def _request(order: Order) -> dict[str, "str | tuple[Item, ...]"]:
    return {
        "AccessionNumber": order.accession_number,
        "StudyInstanceUID": order.study_instance_uid,
        "StudyDate": "",
        "StudyTime": "",
        "ReferencedStudySequence": (),
        "ReferringPhysicianName": order.referring_physician,
        "RequestingPhysician": order.requesting_physician,
        "RequestingService": order.requesting_service,
        "PlacerOrderNumberImagingServiceRequest": order.placer_order_number,
        "FillerOrderNumberImagingServiceRequest": order.filler_order_number,
        "ImagingServiceRequestComments": "",
        "RequestedProcedureID": order.requested_procedure_id,
        "RequestedProcedureDescription": order.procedure.meaning,
        "RequestedProcedureCodeSequence": _codes(order.procedure),
        "RequestedProcedurePriority": order.priority,
        "RequestedProcedureComments": order.comments[:_LONGEST_COMMENT],
        "RequestedProcedureLocation": "",
        "ReasonForTheRequestedProcedure": order.reason,
        "NamesOfIntendedRecipientsOfResults": "\\".join(order.names_of_intended_recipients_of_results),
        "ConfidentialityCode": order.confidentiality,
        "PatientTransportArrangements": order.patient_transport,
    }


def _scheduled(step: Step, status: StepStatus) -> dict[str, "str | tuple[Item, ...]"]:
    return {
        "Modality": step.modality,
        "ScheduledStationAETitle": "\\".join(step.station_ae_titles),
        "ScheduledStationName": step.station_name,
        "ScheduledProcedureStepLocation": step.location,
        "ScheduledProcedureStepStartDate": f"{step.scheduled_at:%Y%m%d}",
        "ScheduledProcedureStepStartTime": f"{step.scheduled_at:%H%M%S}",
        "ScheduledProcedureStepEndDate": "",
        "ScheduledProcedureStepEndTime": "",
        "ScheduledPerformingPhysicianName": step.performing_physician,
        "ScheduledProcedureStepDescription": step.description,
        "ScheduledProtocolCodeSequence": _codes(step.protocol_code),
        "ScheduledProcedureStepID": step.scheduled_procedure_step_id,
        "ScheduledProcedureStepStatus": status.value,
        "CommentsOnTheScheduledProcedureStep": "",
        "PreMedication": "",
        "RequestedContrastAgent": "",
    }


def _codes(code: Code) -> tuple[Item, ...]:
    if not code.is_complete:
        return ()
    values = {"CodeValue": code.value, "CodeMeaning": code.meaning[:64], "CodingSchemeDesignator": code.designator}
    return (_tagged(values),)


def _decimal(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _tagged(values: Mapping[str, "str | tuple[Item, ...]"]) -> Item:
    return {_TAGS[keyword]: value for keyword, value in values.items()}


class _Tags(dict[str, int]):
    """Keyword → tag, looked up once."""

    def __missing__(self, keyword: str) -> int:
        tag = tag_for_keyword(keyword)
        assert tag is not None, keyword  # noqa: S101 - keywords are ours
        self[keyword] = tag
        return tag


_TAGS: Final = _Tags()

OF_STEP: Final = frozenset(_tagged(_scheduled(Step("", "", "", datetime.min, ()), StepStatus.SCHEDULED)))
"""Tags of the attributes that stand in the scheduled procedure step."""
