"""ADT → what it says of patients: who they are, whom they were merged into, which ID they have now."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from dicomfabd.domain.draft import Choices, OrderDraft, StepDraft, build_order
from dicomfabd.domain.errors import Fault, OrderRejected
from dicomfabd.domain.order import Code, OrderControl
from dicomfabd.domain.text import Cleaner
from dicomfabd.intake import fields
from dicomfabd.intake.er7 import ABSENT, Message, Segment
from dicomfabd.intake.orders import Asks, OrderRequest
from dicomfabd.intake.patients import read_patient, read_visit
from dicomfabd.intake.senders import Sender
from dicomfabd.store.interface import PatientChange, PatientKey

UPDATES: Final = frozenset({"A01", "A04", "A05", "A08", "A28", "A31"})
MERGES: Final = frozenset({"A18", "A30", "A34", "A36", "A40"})
EVENTS: Final = frozenset(f"A{number:02}" for number in range(1, 63))
"""HL7 table 0003; those that change no patient here are taken and not acted on."""

CHANGES_OF_ID: Final = frozenset({"A46", "A47"})
_CLEARABLE: Final = {
    "patient_birth_date": 7,
    "patient_sex": 8,
    "patient_address": 11,
    "patient_telephone": 13,
    "patient_mother_birth_name": 6,
    "patient_primary_language": 15,
}
_NULL: Final = '""'


def read_patient_changes(message: Message, event: str, authority: str) -> tuple[list[PatientChange], list[Fault]]:
    """Read what an ADT message says of patients; an event that changes none gives nothing.

    Args:
        message: The split message.
        event: MSH-9.2.
        authority: Preferred assigning authority of PID-3.

    Raises:
        OrderRejected: With every fault found.
    """
    if event in UPDATES:
        return _updates(message, authority)
    if event in MERGES | CHANGES_OF_ID:
        return _merges(message, authority)
    return [], []


def read_visit_order(message: Message, sender: Sender, choices: Choices, now: datetime) -> Asks:
    """Read an arrival as an order too, for senders whose worklist is made of visits (setting `visits_are_orders`).

    The visit number is the accession number; PV1-10, the hospital service, stands for the procedure.

    Raises:
        OrderRejected: With every fault found.
    """
    pid, pv1 = message.first("PID"), message.first("PV1")
    visit = read_visit(pid, pv1, "")
    procedure = fields.code(message.first("PV2"), 3)
    if not procedure.meaning and not procedure.value:
        procedure = Code(meaning=pv1.component(10, 1))
    places = {"accession_number": pv1.where(19), "procedure": pv1.where(10), "patient_id": pid.where(3)}
    draft = OrderDraft(
        patient=read_patient(pid, pv1, message.all("AL1"), [*message.all("OBX")], (), sender.patient_authority),
        visit=visit,
        procedure=procedure,
        steps=(StepDraft(scheduled_at=fields.moment(pv1.component(44, 1))),),
        default_start=fields.moment(message.header.component(7, 1)) or now,
        accession_candidates=(visit.admission_id,) if visit.admission_id else (),
        placer_order_number=visit.admission_id,
        referring_physician=fields.person_name(pv1, 8),
        diagnostic_service=pv1.component(10, 1).upper(),
        sender=message.sender,
        where=lambda attribute: places.get(attribute, "PID^1"),
    )
    order, warnings = build_order(draft, choices)
    return Asks(requests=[OrderRequest(OrderControl.NEW, order.keys, order)], warnings=[*warnings])


def _updates(message: Message, authority: str) -> tuple[list[PatientChange], list[Fault]]:
    pid = message.first("PID")
    if not pid.name:
        raise OrderRejected(Fault(100, "PID^1", "there is no PID segment", "Send PID."))
    change, warnings = _change(message, pid, authority, ())
    return [change], warnings


def _merges(message: Message, authority: str) -> tuple[list[PatientChange], list[Fault]]:
    """Read pairs of PID (who stays) and MRG (who that was); PV1 may stand between, pairs may repeat."""
    changes: list[PatientChange] = []
    warnings: list[Fault] = []
    faults: list[Fault] = []
    pid = ABSENT
    for segment in message.segments:
        if segment.name == "PID":
            pid = segment
        elif segment.name == "MRG":
            try:
                change, mended = _change(message, pid, authority, _priors(segment))
            except OrderRejected as rejected:
                faults += rejected.faults
                continue
            warnings += mended
            if any(_is_same(change, prior) for prior in change.priors):
                text = "names the patient who is to stay"
                faults.append(Fault(103, segment.where(1), text, "Send the old identifier in MRG-1."))
            changes.append(change)
    if not changes and not faults:
        faults.append(Fault(100, "MRG^1", "there is no MRG segment", "Send MRG after PID."))
    if faults:
        raise OrderRejected(*faults)
    return changes, warnings


def _priors(mrg: Segment) -> tuple[PatientKey, ...]:
    found = [*fields.identifiers(mrg, 1)] or [*fields.identifiers(mrg, 4)] or [*fields.identifiers(mrg, 2)]
    if not found:
        raise OrderRejected(Fault(101, mrg.where(1), "names no patient", "Fill MRG-1."))
    return tuple(PatientKey(value, authority) for value, authority, _, _ in found)


def _is_same(change: PatientChange, prior: PatientKey) -> bool:
    issuers = {change.patient.issuer_of_patient_id, prior.issuer_of_patient_id} - {""}
    return change.patient.patient_id == prior.patient_id and len(issuers) < 2


def _change(
    message: Message, pid: Segment, authority: str, priors: Iterable[PatientKey]
) -> tuple[PatientChange, list[Fault]]:
    if not pid.name:
        raise OrderRejected(Fault(100, "PID^1", "there is no PID segment before MRG", "Send PID before MRG."))
    observations = [*message.all("OBX")]
    patient = read_patient(pid, message.first("PV1"), message.all("AL1"), observations, (), authority)
    cleaner = Cleaner(lambda attribute: pid.where(5 if attribute == "patient_name" else 3))
    patient = cleaner.patient(patient)
    if cleaner.faults:
        raise OrderRejected(*cleaner.faults)
    cleared = frozenset(name for name, position in _CLEARABLE.items() if pid.raw(position) == _NULL)
    return PatientChange(patient, cleared, tuple(priors)), cleaner.warnings
