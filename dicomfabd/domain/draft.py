"""Orders as messages give them, and the one builder that checks and completes them, whatever door they came through."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from dicomfabd.domain.errors import Fault, Unservable
from dicomfabd.domain.order import SH_LENGTH, Code, Order, Step
from dicomfabd.domain.patient import Patient, Visit
from dicomfabd.domain.servable import is_ae_title, is_modality, problems
from dicomfabd.domain.stations import NO_RULES, Asked, Station, Stations
from dicomfabd.domain.text import Cleaner
from dicomfabd.domain.uids import UID_ROOT, derive_uid, is_valid_uid

LONGEST_AE_TITLE: Final = 16  # PS3.5 §6.2: AE
LONGEST_RECOGNISED: Final = 256  # characters
_DOES_NOT_FIT: Final = "does not fit {} (SH, 16 characters, each its own); {} stands for it"


@dataclass(slots=True)
class StepDraft:
    """A step as a message gives it; empty values are completed by the builder."""

    description: str = ""
    modality: str = ""
    scheduled_at: datetime | None = None
    station_ae_titles: tuple[str, ...] = ()
    scheduled_procedure_step_id: str = ""
    protocol_code: Code = Code()
    performing_physician: str = ""
    station_name: str = ""
    location: str = ""
    worklist_label: str = ""


@dataclass(slots=True)
class OrderDraft:
    """An order as HL7 or JSON gives it, before it is checked and completed.

    Attributes:
        accession_candidates: Best first; the first that fits in 16 characters becomes the accession number.
        where: Attribute name → location in the message, for faults.
        default_start: When nothing says when, e.g. the message's own time.
    """

    patient: Patient
    procedure: Code
    steps: tuple[StepDraft, ...]
    default_start: datetime
    accession_candidates: tuple[str, ...] = ()
    visit: Visit = Visit()
    study_instance_uid: str = ""
    requested_procedure_id: str = ""
    placer_order_number: str = ""
    filler_order_number: str = ""
    priority: str = "ROUTINE"
    referring_physician: str = ""
    requesting_physician: str = ""
    reason: str = ""
    comments: str = ""
    institution_name: str = ""
    diagnostic_service: str = ""
    sender: str = ""
    parent_order_number: str = ""
    referring_physician_id: str = ""
    requesting_physician_id: str = ""
    institution_address: str = ""
    department: str = ""
    confidentiality: str = ""
    patient_transport: str = ""
    requesting_service: str = ""
    names_of_intended_recipients_of_results: tuple[str, ...] = ()
    where: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class Choices:
    """What a site chooses where an order says nothing.

    Attributes:
        modality: (procedure, OBR-24) → Modality (PS3.3 C.7.3.1.1.1); never empty.
        uid_root: What the UIDs we derive begin with.
        stations: Where steps are to be done.
    """

    modality: Callable[[Code, str], str]
    uid_root: str = UID_ROOT
    stations: Stations = NO_RULES


def build_order(draft: OrderDraft, choices: Choices) -> tuple[Order, tuple[Fault, ...]]:
    """Check a draft and complete it: accession, UIDs, modality, step IDs and dates.

    Args:
        draft: What the sender gave.
        choices: What stands in for what the draft has not.

    Returns:
        The order, and what had to be mended on the way (warnings, code 0).

    Raises:
        Unservable: Every value that is missing or unusable for a worklist item.
    """
    cleaner = Cleaner(draft.where, _values(draft))
    text, name = cleaner.text, cleaner.name
    patient = cleaner.patient(draft.patient)
    accession = _accession(draft, cleaner)
    procedure = _procedure(draft.procedure, cleaner)
    if cleaner.faults:
        raise Unservable(*cleaner.faults)
    study_uid, origin = _study_uid(draft, accession, choices.uid_root, cleaner)
    procedure_id = _procedure_id(draft, accession, cleaner)
    visit = cleaner.visit(draft.visit)
    asked = Asked(procedure, draft.sender, visit.current_patient_location)
    steps = _steps(draft, procedure_id, asked, choices, cleaner)
    order = Order(
        accession_number=accession,
        patient=patient,
        visit=visit,
        study_instance_uid=study_uid,
        study_uid_origin=origin,
        modality=steps[0].modality,
        procedure=procedure,
        requested_procedure_id=procedure_id,
        steps=steps,
        placer_order_number=text("placer_order_number", draft.placer_order_number, 64),
        filler_order_number=text("filler_order_number", draft.filler_order_number, 64),
        priority=draft.priority,
        referring_physician=name("referring_physician", draft.referring_physician),
        requesting_physician=name("requesting_physician", draft.requesting_physician),
        reason=text("reason", draft.reason, 64),
        comments=text("comments", draft.comments, 1024),
        institution_name=text("institution_name", draft.institution_name, 64),
        diagnostic_service=text("diagnostic_service", draft.diagnostic_service, 64),
        sender=draft.sender,
        parent_order_number=text("parent_order_number", draft.parent_order_number, 64),
        referring_physician_id=text("referring_physician", draft.referring_physician_id, 64),
        requesting_physician_id=text("requesting_physician", draft.requesting_physician_id, 64),
        institution_address=text("institution_address", draft.institution_address, 1024),
        department=text("department", draft.department, 64),
        confidentiality=text("confidentiality", draft.confidentiality, 64),
        patient_transport=text("patient_transport", draft.patient_transport, 64),
        requesting_service=text("requesting_service", draft.requesting_service, 64),
        names_of_intended_recipients_of_results=cleaner.names(
            "names_of_intended_recipients_of_results", draft.names_of_intended_recipients_of_results
        ),
    )
    if faults := problems(order):
        # What could be mended is; the rest would cost a modality its whole list.
        raise Unservable(*[replace(fault, location=draft.where(fault.location)) for fault in faults])
    return order, tuple(cleaner.warnings)


def _values(draft: OrderDraft) -> list[str]:
    patient, procedure = draft.patient, draft.procedure
    values = [
        patient.patient_id,
        patient.patient_name,
        patient.issuer_of_patient_id,
        patient.issuer_universal_id,
        patient.patient_address,
        patient.patient_comments,
        patient.patient_telephone,
        patient.patient_primary_language,
        patient.patient_species,
        patient.patient_breed,
        patient.responsible_person,
        patient.ethnic_group,
        patient.allergies,
        patient.medical_alerts,
        procedure.value,
        procedure.meaning,
        procedure.scheme,
        draft.placer_order_number,
        draft.filler_order_number,
        draft.referring_physician,
        draft.requesting_physician,
        draft.referring_physician_id,
        draft.requesting_physician_id,
        draft.reason,
        draft.comments,
        draft.institution_name,
        draft.institution_address,
        draft.diagnostic_service,
        patient.patient_mother_birth_name,
        draft.visit.admission_id,
        draft.visit.issuer_of_admission_id,
        draft.visit.patient_class,
        draft.visit.current_patient_location,
        draft.visit.patient_state,
        draft.parent_order_number,
        draft.department,
        draft.confidentiality,
        draft.patient_transport,
        draft.requesting_service,
        draft.visit.special_needs,
        draft.visit.confidentiality_constraint,
        *draft.names_of_intended_recipients_of_results,
        *patient.other_patient_ids,
    ]
    for step in draft.steps:
        code = step.protocol_code
        values += (step.description, step.performing_physician, step.station_name, step.location, step.worklist_label)
        values += (code.value, code.meaning, code.scheme)
    return values


def short_id(*parts: str) -> str:
    """Give a 16 character identifier that stands for longer ones, the same each time."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return "X" + base64.b32encode(digest).decode()[: SH_LENGTH - 1]


def _procedure(given: Code, cleaner: Cleaner) -> Code:
    procedure = _code(given, cleaner)
    if procedure.meaning:
        return procedure
    if not procedure.value:
        cleaner.refuse(101, "procedure", "the order names no procedure", "Fill OBR-4 with a code or a text.")
    return Code(procedure.value, procedure.value, procedure.scheme)


def _code(given: Code, cleaner: Cleaner) -> Code:
    text = cleaner.text
    value, meaning = text("procedure", given.value, 64), text("procedure", given.meaning, 64)
    scheme = text("procedure", given.scheme, 64)
    same = value == given.value and meaning == given.meaning and scheme == given.scheme
    return given if same else Code(value, meaning, scheme)


def _is_id(value: str) -> bool:
    return 0 < len(value) <= SH_LENGTH and Cleaner.is_plain(value)


def _accession(draft: OrderDraft, cleaner: Cleaner) -> str:
    candidates = [value for value in draft.accession_candidates if value]
    for value in candidates:
        if _is_id(value):
            return value
    if not candidates:
        cleaner.refuse(
            101,
            "accession_number",
            "the order has no number: no accession, filler or placer number",
            "Fill OBR-18, OBR-3 or ORC-2.",
        )
        return ""
    # Cutting a long number would let two orders collide; a hash of it cannot in practice.
    made = short_id(draft.sender, candidates[0])
    cleaner.warn("accession_number", f"does not fit AccessionNumber (SH, 16 characters); {made} stands for it")
    return made


def _study_uid(draft: OrderDraft, accession: str, root: str, cleaner: Cleaner) -> tuple[str, str]:
    if draft.study_instance_uid:
        if is_valid_uid(draft.study_instance_uid):
            return draft.study_instance_uid, "order"
        cleaner.warn("study_instance_uid", "is not a valid UID (PS3.5 §9.1); one was derived")
    # The patient belongs to the name of the study: two sites may use one accession number.
    patient = draft.patient
    return derive_uid("study", patient.issuer_of_patient_id, patient.patient_id, accession, root=root), "derived"


def _procedure_id(draft: OrderDraft, accession: str, cleaner: Cleaner) -> str:
    given = draft.requested_procedure_id
    if _is_id(given):
        return given
    if given:
        cleaner.warn("requested_procedure_id", _DOES_NOT_FIT.format("RequestedProcedureID", accession))
    return accession


def _steps(draft: OrderDraft, procedure_id: str, asked: Asked, choices: Choices, cleaner: Cleaner) -> tuple[Step, ...]:
    steps: list[Step] = []
    for step, step_id in zip(draft.steps, _step_ids(draft, procedure_id, cleaner), strict=True):
        modality = _modality(step, draft, choices, cleaner)
        station = choices.stations.place(_station(step, cleaner), modality, asked)
        steps.append(
            Step(
                scheduled_procedure_step_id=step_id,
                description=cleaner.text("procedure", step.description, 64) or asked.procedure.meaning,
                modality=modality,
                scheduled_at=step.scheduled_at or draft.default_start,
                station_ae_titles=station.ae_titles or (f"FAB{modality}"[:LONGEST_AE_TITLE],),
                protocol_code=_code(step.protocol_code, cleaner),
                performing_physician=cleaner.name("performing_physician", step.performing_physician),
                station_name=station.station_name,
                location=station.location,
                worklist_label=station.worklist_label,
                station_origin=station.origin or "modality",
            )
        )
    return tuple(steps)


def _step_ids(draft: OrderDraft, procedure_id: str, cleaner: Cleaner) -> list[str]:
    """Give each step an ID no other step of the order has: modalities know an examination by it alone."""
    given = [step.scheduled_procedure_step_id for step in draft.steps]
    chosen: list[str] = []
    for number, step_id in enumerate(given, start=1):
        if not _is_id(step_id) or step_id in chosen:
            made = f"{procedure_id}-{number}"
            made = made if len(made) <= SH_LENGTH and made not in given else short_id(made)
            if step_id:
                cleaner.warn("step_id", _DOES_NOT_FIT.format("ScheduledProcedureStepID", made))
            step_id = made
        chosen.append(step_id)
    return chosen


def _modality(step: StepDraft, draft: OrderDraft, choices: Choices, cleaner: Cleaner) -> str:
    if not step.modality:
        return _recognised(draft, choices)
    modality = step.modality.strip().upper()
    if is_modality(modality):
        return modality
    chosen = _recognised(draft, choices)
    cleaner.warn("modality", f"is no modality (CS, 16 characters); {chosen} was read from the procedure")
    return chosen


def _station(step: StepDraft, cleaner: Cleaner) -> Station:
    """Give what a message itself says of a step's station."""
    text, titles = cleaner.text, _titles(step, cleaner)
    return Station(
        titles,
        text("station_name", step.station_name, SH_LENGTH),
        text("location", step.location, SH_LENGTH),
        text("worklist_label", step.worklist_label, 64),
        "order" if titles else "",
    )


def _titles(step: StepDraft, cleaner: Cleaner) -> tuple[str, ...]:
    """Give the AE titles a message names; what no modality can be called is left out, for cut it would be another."""
    named = {part.strip(): None for title in step.station_ae_titles if title for part in title.split("\\")}
    titles = tuple(filter(is_ae_title, named))
    if len(titles) < len(named):
        cleaner.warn("station", "is no AE title (16 ASCII characters, no backslash) and was left out")
    return titles


def _recognised(draft: OrderDraft, choices: Choices) -> str:
    """Choose a modality by the procedure's words; beyond a few hundred characters there are none that matter."""
    procedure = draft.procedure
    if len(procedure.value) > LONGEST_RECOGNISED or len(procedure.meaning) > LONGEST_RECOGNISED:
        procedure = Code(procedure.value[:LONGEST_RECOGNISED], procedure.meaning[:LONGEST_RECOGNISED])
    return choices.modality(procedure, draft.diagnostic_service[:LONGEST_RECOGNISED])
