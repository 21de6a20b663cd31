"""PID, PV1, AL1 and OBX → the patient (IHE RAD TF-2 Appendix B)."""

from dicomfabd.domain.patient import Patient
from dicomfabd.intake import fields
from dicomfabd.intake.er7 import Message, Segment


def read_patient(message: Message, pid: Segment, pv1: Segment) -> Patient:
    """Read the patient of a message; `pv1` may be an absent segment."""
    found = [*fields.identifiers(pid, 3)] or [*fields.identifiers(pid, 2)] or [*fields.identifiers(pid, 4)]
    chosen = next((item for item in found if item[2] in ("MR", "PI")), found[0] if found else ("", "", ""))
    weight, size = _measures(message)
    return Patient(
        patient_id=chosen[0],
        patient_name=fields.patient_name(pid, 5),
        issuer_of_patient_id=chosen[1],
        other_patient_ids=tuple(value for value, _, _ in found if value != chosen[0]),
        patient_birth_date=fields.birth_date(pid.component(7, 1)),
        patient_sex=fields.sex(pid.component(8, 1)),
        patient_size=size,
        patient_weight=weight,
        patient_mother_birth_name=fields.patient_name(pid, 6),
        ethnic_group=fields.first(pid.component(22, 1), pid.component(10, 1))[:16],
        patient_address=" ".join(part for part in pid.raw(11).split(message.delimiters.component) if part),
        patient_telephone=pid.component(13, 1)[:16],
        allergies=", ".join(fields.first(al1.component(3, 2), al1.component(3, 1)) for al1 in message.all("AL1")),
        pregnancy_status=3 if "B6" in pv1.raw(15) else None,
        patient_comments=_patient_notes(message),
    )


def _patient_notes(message: Message) -> str:
    notes = []
    for segment in message.segments:
        if segment.name == "ORC":
            break
        if segment.name == "NTE":
            notes.append(segment.component(3, 1))
    return " ".join(notes)


def _measures(message: Message) -> tuple[float | None, float | None]:
    weight = size = None
    for obx in message.all("OBX"):
        name = f"{obx.component(3, 1)} {obx.component(3, 2)}".lower()
        value = fields.quantity(obx.component(5, 1), obx.component(6, 1))
        if "29463-7" in name or "body weight" in name:
            weight = value
        elif "8302-2" in name or "body height" in name:
            size = value
    return weight, size
