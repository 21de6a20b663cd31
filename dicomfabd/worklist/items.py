"""An order's step as a worklist item with every attribute of PS3.4 Table K.6-1 that we keep."""

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomfabd.domain.order import Code, Order, Step, StepStatus


def to_item(order: Order, step: Step, status: StepStatus) -> Dataset:
    """Give the item; an attribute without a value is there with zero length, as modalities want type 2 ones."""
    item = Dataset()
    _patient(item, order)
    _request(item, order)
    scheduled = Dataset()
    scheduled.ScheduledStationAETitle = list(step.station_ae_titles)
    scheduled.ScheduledProcedureStepStartDate = step.scheduled_at.strftime("%Y%m%d")
    scheduled.ScheduledProcedureStepStartTime = step.scheduled_at.strftime("%H%M%S")
    scheduled.Modality = step.modality
    scheduled.ScheduledPerformingPhysicianName = step.performing_physician
    scheduled.ScheduledProcedureStepDescription = step.description
    scheduled.ScheduledProtocolCodeSequence = _codes(step.protocol_code)
    scheduled.ScheduledProcedureStepID = step.scheduled_procedure_step_id
    scheduled.ScheduledStationName = ""
    scheduled.ScheduledProcedureStepLocation = ""
    scheduled.ScheduledProcedureStepStatus = status.value
    scheduled.PreMedication = ""
    scheduled.RequestedContrastAgent = ""
    scheduled.CommentsOnTheScheduledProcedureStep = ""
    item.ScheduledProcedureStepSequence = Sequence([scheduled])
    return item


def _patient(item: Dataset, order: Order) -> None:
    patient, visit = order.patient, order.visit
    item.PatientName = patient.patient_name
    item.PatientID = patient.patient_id
    item.IssuerOfPatientID = patient.issuer_of_patient_id
    item.PatientBirthDate = patient.patient_birth_date
    item.PatientSex = patient.patient_sex
    item.PatientSize = None if patient.patient_size is None else f"{patient.patient_size:g}"
    item.PatientWeight = None if patient.patient_weight is None else f"{patient.patient_weight:g}"
    item.PatientMotherBirthName = patient.patient_mother_birth_name
    item.EthnicGroup = patient.ethnic_group
    item.PatientAddress = patient.patient_address
    item.PatientTelephoneNumbers = patient.patient_telephone
    item.PatientComments = patient.patient_comments[:10240]
    item.MedicalAlerts = patient.medical_alerts
    item.Allergies = patient.allergies
    item.PregnancyStatus = patient.pregnancy_status
    item.PatientState = visit.patient_state[:64]
    item.SpecialNeeds = ""
    item.ConfidentialityConstraintOnPatientDataDescription = order.confidentiality
    item.AdmissionID = visit.admission_id[:64]
    item.CurrentPatientLocation = visit.current_patient_location[:64]
    item.ReferencedPatientSequence = Sequence()
    if patient.patient_species or patient.patient_breed:
        item.PatientSpeciesDescription = patient.patient_species
        item.PatientBreedDescription = patient.patient_breed
        item.PatientSexNeutered = patient.patient_sex_neutered
        item.ResponsiblePerson = patient.responsible_person
    item.OtherPatientIDsSequence = Sequence([_other_id(value) for value in patient.other_patient_ids])


def _other_id(value: str) -> Dataset:
    entry = Dataset()
    entry.PatientID = value[:64]
    entry.TypeOfPatientID = "TEXT"
    return entry


def _request(item: Dataset, order: Order) -> None:
    item.AccessionNumber = order.accession_number
    item.StudyInstanceUID = order.study_instance_uid
    item.ReferencedStudySequence = Sequence()
    item.ReferringPhysicianName = order.referring_physician
    item.RequestingPhysician = order.requesting_physician
    item.RequestingService = ""
    item.InstitutionName = order.institution_name
    item.InstitutionAddress = order.institution_address
    item.InstitutionalDepartmentName = order.department
    item.PlacerOrderNumberImagingServiceRequest = order.placer_order_number
    item.FillerOrderNumberImagingServiceRequest = order.filler_order_number
    item.RequestedProcedureID = order.requested_procedure_id
    item.RequestedProcedureDescription = order.procedure.meaning
    item.RequestedProcedureCodeSequence = _codes(order.procedure)
    item.RequestedProcedurePriority = order.priority
    item.ReasonForTheRequestedProcedure = order.reason
    item.RequestedProcedureComments = order.comments[:10240]
    item.PatientTransportArrangements = order.patient_transport
    item.RequestedProcedureLocation = ""
    item.NamesOfIntendedRecipientsOfResults = ""
    item.ImagingServiceRequestComments = ""
    item.StudyDate = ""
    item.StudyTime = ""


def _codes(code: Code) -> Sequence:
    if not code.is_complete:
        return Sequence()
    entry = Dataset()
    entry.CodeValue = code.value[:16]
    # Codes of a hospital's own are private to DICOM, whose private scheme names begin with 99 (PS3.3 §8.2).
    entry.CodingSchemeDesignator = "99LOCAL" if code.scheme in ("L", "99") else code.scheme[:16]
    entry.CodeMeaning = code.meaning[:64]
    return Sequence([entry])
