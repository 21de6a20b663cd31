"""The worklist of a hospital, as long as wanted: in our store, as files for servers that read a folder, and asked for.

Whatever its length, fifty items are for station CT01, modality CT, today. The others are for other stations,
modalities and days.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

from pydicom import Dataset, Sequence
from pydicom.datadict import dictionary_VR

from dicomfabd.dimse import datasets
from dicomfabd.dimse.part10 import file_header
from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import Code, Order
from dicomfabd.domain.patient import Patient
from dicomfabd.domain.uids import derive_uid
from dicomfabd.store.interface import Submission
from dicomfabd.store.opening import open_store
from tests.builders import a_message, a_new, an_order
from tests.dimse.raw import EXPLICIT, IMPLICIT, MWL

FIFTY: Final = 50
STATION: Final = "CT01"
CALLED: Final = "WORKLIST"
"""AE title; a folder's name with wlmscpfs."""

_MODALITIES: Final = ("MR", "CT", "DX", "US", "MG", "XA", "NM", "PT")
_STATIONS: Final = 4  # of each modality
_DAYS: Final = 30
_FAMILIES: Final = ("Whitfield", "Müller", "Okafor", "Sánchez", "Ivanova", "Lindström", "Haddad", "Nguyen")
_AT_ONCE: Final = 1000  # orders in a commit
_PATIENT_KEYS: Final = """
    PatientName PatientID PatientBirthDate PatientSex PatientWeight MedicalAlerts Allergies PregnancyStatus
    SpecialNeeds PatientState ConfidentialityConstraintOnPatientDataDescription
    AdmissionID CurrentPatientLocation ReferencedPatientSequence
"""
_REQUEST_KEYS: Final = """
    AccessionNumber StudyInstanceUID ReferencedStudySequence ReferringPhysicianName RequestingPhysician
    RequestedProcedureID RequestedProcedureDescription RequestedProcedureCodeSequence RequestedProcedurePriority
    PatientTransportArrangements ReasonForTheRequestedProcedure
"""
_STEP_KEYS: Final = """
    Modality ScheduledStationAETitle ScheduledProcedureStepStartDate ScheduledProcedureStepStartTime
    ScheduledPerformingPhysicianName ScheduledProcedureStepDescription ScheduledProtocolCodeSequence
    ScheduledProcedureStepID ScheduledStationName ScheduledProcedureStepLocation PreMedication RequestedContrastAgent
"""
"""With the sequence that holds them, 38 keys: what GE, Philips and Siemens scanners ask for, taken together."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where and when a step is to be performed."""

    modality: str
    station: str
    start: datetime


class Hospital:
    """So many items."""

    def __init__(self, items: int) -> None:
        """Plan; today is that of UTC."""
        self.items = items
        self._today = datetime.combine(datetime.now(UTC), time(7), UTC)

    @cached_property
    def one(self) -> bytes:
        """Give the identifier that asks for one accession number; `one_of` asks for others."""
        return _identifier({}, AccessionNumber=accession_of(0))

    @property
    def fifty(self) -> bytes:
        """Give the identifier a scanner asks for its own steps of the day with."""
        day = f"{self._today:%Y%m%d}"
        return _identifier(
            {"Modality": "CT", "ScheduledStationAETitle": STATION, "ScheduledProcedureStepStartDate": day}
        )

    @property
    def everything(self) -> bytes:
        """Give the identifier that restricts nothing."""
        return _identifier({})

    def fill_store(self, url: str) -> None:
        """Have our store take the orders, which go nowhere."""
        store = open_store(url)
        for first in range(0, self.items, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, self.items))
            store.inbox.accept([_submission(number, self._order(number)) for number in numbers])
        store.close()

    def write_files(self, folder: Path) -> None:
        """Write the same items as DICOM files `*.wl`, beside the `lockfile` that wlmscpfs wants."""
        folder.mkdir(parents=True)
        (folder / "lockfile").touch()
        for number in range(self.items):
            order = self._order(number)
            header = file_header(MWL, order.study_instance_uid, EXPLICIT)
            encoded = datasets.encode(_dataset(order, self._slot(number)), EXPLICIT)
            (folder / f"{number:06d}.wl").write_bytes(header + encoded)

    def _slot(self, number: int) -> Slot:
        nth, rest = divmod(number, self.items // FIFTY)
        if rest == 0 and nth < FIFTY:
            return Slot("CT", STATION, self._today + timedelta(minutes=10 * nth))
        modality = _MODALITIES[number % len(_MODALITIES)]
        station = f"{modality}{number // len(_MODALITIES) % _STATIONS + 1:02d}"
        day = number // (len(_MODALITIES) * _STATIONS) % _DAYS
        if (station, day) == (STATION, 0):
            day = 1 + number % (_DAYS - 1)
        return Slot(modality, station, self._today + timedelta(days=day, minutes=number * 7 % 600))

    def _order(self, number: int) -> Order:
        slot = self._slot(number)
        code = Code(
            f"{slot.modality}{number % 40:03d}", f"{slot.modality} EXAMINATION {number % 40} WITH CONTRAST", "L"
        )
        step = StepDraft(
            code.meaning,
            slot.modality,
            slot.start,
            station_ae_titles=(slot.station,),
            scheduled_procedure_step_id=f"S{number:07d}",
            protocol_code=code,
            performing_physician="LINDHOLM^ERIK",
        )
        patient = Patient(
            f"P{number // 2:07d}",
            f"{_FAMILIES[number % len(_FAMILIES)]}^Anne {number // 2}",
            "GENERAL",
            (),
            "19610427",
            "F",
        )
        return an_order(
            accession_of(number),
            patient=replace(patient, patient_weight=71.5, allergies="PENICILLIN", medical_alerts="PACEMAKER"),
            procedure=code,
            steps=(step,),
            study_instance_uid=derive_uid("bench", "worklist", str(number)),
            requested_procedure_id=f"R{number:07d}",
            requesting_physician="OSEI^ABENA",
            reason="FOLLOW UP NODULE",
        )


def accession_of(number: int) -> str:
    """Give the accession number of an item."""
    return f"A{number:07d}"


def one_of(encoded: bytes, number: int) -> bytes:
    """Give what asks for the first item's accession number so that it asks for another's."""
    return encoded.replace(accession_of(0).encode(), accession_of(number).encode())


def _submission(number: int, order: Order) -> Submission:
    return Submission(a_message(f"W{number}", f"{number}".encode()), [a_new(order)], b"AA")


def _identifier(step: Mapping[str, str], **values: str) -> bytes:
    identifier = Dataset()
    identifier.SpecificCharacterSet = "ISO_IR 100"
    inner = Dataset()
    for dataset, names in ((identifier, _PATIENT_KEYS + _REQUEST_KEYS), (inner, _STEP_KEYS)):
        for keyword in names.split():
            vr = dictionary_VR(keyword)
            dataset.add_new(keyword, vr, [] if vr == "SQ" else {**values, **step}.get(keyword))
    identifier.ScheduledProcedureStepSequence = Sequence([inner])
    return datasets.encode(identifier, IMPLICIT)


def _dataset(order: Order, slot: Slot) -> Dataset:
    """Give an item with every attribute that is asked for."""
    item = Dataset()
    item.SpecificCharacterSet = "ISO_IR 100"
    for keyword in (_PATIENT_KEYS + _REQUEST_KEYS).split():
        vr = dictionary_VR(keyword)
        item.add_new(keyword, vr, [] if vr == "SQ" else None)
    patient = order.patient
    item.PatientName, item.PatientID, item.PatientSex = patient.patient_name, patient.patient_id, patient.patient_sex
    item.PatientBirthDate, item.PatientWeight = patient.patient_birth_date, f"{patient.patient_weight:g}"
    item.MedicalAlerts, item.Allergies = patient.medical_alerts, patient.allergies
    item.AccessionNumber, item.StudyInstanceUID = order.accession_number, order.study_instance_uid
    item.ReferringPhysicianName, item.RequestingPhysician = order.referring_physician, order.requesting_physician
    item.RequestedProcedureID, item.RequestedProcedureDescription = (
        order.requested_procedure_id,
        order.procedure.meaning,
    )
    item.RequestedProcedureCodeSequence = Sequence(_codes(order.procedure))
    item.RequestedProcedurePriority, item.ReasonForTheRequestedProcedure = order.priority, order.reason
    planned, step = order.steps[0], Dataset()
    for keyword in _STEP_KEYS.split():
        step.add_new(keyword, dictionary_VR(keyword), None if dictionary_VR(keyword) != "SQ" else [])
    step.Modality, step.ScheduledStationAETitle = slot.modality, slot.station
    step.ScheduledProcedureStepStartDate = f"{slot.start:%Y%m%d}"
    step.ScheduledProcedureStepStartTime = f"{slot.start:%H%M%S}"
    step.ScheduledPerformingPhysicianName = planned.performing_physician
    step.ScheduledProcedureStepDescription = planned.description
    step.ScheduledProtocolCodeSequence = Sequence(_codes(planned.protocol_code))
    step.ScheduledProcedureStepID = planned.scheduled_procedure_step_id
    item.ScheduledProcedureStepSequence = Sequence([step])
    return item


def _codes(code: Code) -> Iterator[Dataset]:
    coded = Dataset()
    coded.CodeValue, coded.CodingSchemeDesignator, coded.CodeMeaning = code.value, "99LOCAL", code.meaning
    yield coded
