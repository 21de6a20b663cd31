"""PID, PV1, AL1, OBX and NTE → the patient and the visit (IHE RAD TF-2 Appendix B)."""

from collections.abc import Iterable, Sequence

from dicomfabd.domain.patient import Patient, Visit
from dicomfabd.intake import fields
from dicomfabd.intake.er7 import Segment

_NEUTERED = {"Y": "ALTERED", "N": "UNALTERED"}
_PREFERRED = ("MR", "PI")  # identifier types, HL7 table 0203
_PREGNANT = "B6"
_NEEDS = {
    "A1": "ambulates with assistive device",
    "A2": "wheelchair or stretcher bound",
    "A3": "comatose, non-responsive",
    "A4": "disoriented",
    "A5": "vision impaired",
    "A6": "hearing impaired",
    "A7": "speech impaired",
    "A8": "non-English speaking",
    "B1": "oxygen therapy",
    "B2": "special equipment",
    "B3": "amputee",
    "B4": "mastectomy",
    "B5": "paraplegic",
}  # HL7 table 0009
_NO_NEEDS = ("A0", "A9", _PREGNANT)  # none, unknown, and what PregnancyStatus says


def read_patient(
    pid: Segment,
    pv1: Segment,
    allergies: Iterable[Segment] = (),
    observations: Sequence[Segment] = (),
    notes: Sequence[str] = (),
    authority: str = "",
    medical_alerts: str = "",
) -> Patient:
    """Read the patient of a message.

    Args:
        pid: Its PID segment.
        pv1: Its PV1 segment, or an absent one.
        allergies: Its AL1 segments.
        observations: Its OBX segments, of which weight and height count.
        notes: Texts of the NTE segments that follow PID.
        authority: Preferred assigning authority of PID-3.
        medical_alerts: What the order's clinical information (OBR-13) says.
    """
    chosen, others = choose_identifier(pid, authority)
    weight, size = measures(observations) if observations else (None, None)
    name = pid.component
    return Patient(
        patient_id=chosen[0],
        patient_name=fields.patient_name(pid, 5),
        issuer_of_patient_id=chosen[1],
        other_patient_ids=others,
        patient_birth_date=fields.whole_date(name(7, 1)),
        patient_sex=fields.sex(name(8, 1)),
        patient_size=size,
        patient_weight=weight,
        patient_mother_birth_name=fields.patient_name(pid, 6),
        ethnic_group=name(22, 1) or name(22, 2) or name(10, 1),
        patient_address=_address(pid),
        patient_telephone=name(13, 1) or name(14, 1) or name(13, 12),
        allergies=", ".join(filter(None, (al1.component(3, 2) or al1.component(3, 1) for al1 in allergies))),
        medical_alerts=medical_alerts,
        pregnancy_status=3 if _PREGNANT in pv1.raw(15) else None,
        patient_comments=" ".join(notes),
        issuer_universal_id=chosen[2],
        patient_birth_time=fields.time_of_day(name(7, 1)),
        patient_primary_language=name(15, 1),
        patient_species=name(35, 2) or name(35, 1),
        patient_breed=name(36, 2) or name(36, 1),
        patient_sex_neutered=_NEUTERED.get(name(8, 2).upper(), ""),
        responsible_person=fields.patient_name(pid, 9) if pid.raw(35) else "",
    )


def read_visit(pid: Segment, pv1: Segment, patient_state: str) -> Visit:
    """Read the visit of a message; `pv1` may be absent."""
    admission = next(fields.identifiers(pv1, 19), None) or next(fields.identifiers(pid, 18), None) or ("", "", "", "")
    return Visit(
        admission_id=admission[0],
        issuer_of_admission_id=admission[1],
        admitting_date_time=_admitted(pv1.component(44, 1)),
        patient_class=pv1.component(2, 1),
        current_patient_location=pv1.raw(3).replace(pv1.delimiters.component, " ").strip(),
        patient_state=patient_state,
        special_needs=_special_needs(pv1),
        confidentiality_constraint=pv1.component(16, 2) or pv1.component(16, 1),
    )


def _special_needs(pv1: Segment) -> str:
    """Say the ambulatory status in words: the sender's own, or those of HL7 table 0009."""
    if not pv1.raw(15):
        return ""
    needs = []
    for repetition in pv1.repetitions(15):
        code, words = pv1.part(repetition, 1), pv1.part(repetition, 2)
        if code.upper() not in _NO_NEEDS:
            needs.append(words or _NEEDS.get(code.upper(), code))
    return ", ".join(filter(None, needs))


def _admitted(value: str) -> str:
    day = fields.whole_date(value) if value else ""
    return day + fields.time_of_day(value) if day else ""


def choose_identifier(pid: Segment, authority: str) -> tuple[tuple[str, str, str], tuple[str, ...]]:
    """Choose the patient's identifier: (value, authority, its universal ID), and the values of the others.

    PID-3 by preferred authority, then by type, then the first filled one; before HL7 v2.3 PID-2 or PID-4.
    """
    found = [*fields.identifiers(pid, 3)]
    found += [item for item in (*fields.identifiers(pid, 2), *fields.identifiers(pid, 4)) if item[0]]
    if not found:
        return ("", "", ""), ()
    chosen = found[0]
    if len(found) > 1:
        by_authority = [item for item in found if authority and authority in item[1:3]]
        by_type = [item for item in found if item[3] in _PREFERRED]
        chosen = (by_authority or by_type or found)[0]
    return chosen[:3], tuple(dict.fromkeys(item[0] for item in found if item[0] != chosen[0]))


def measures(observations: Iterable[Segment]) -> tuple[float | None, float | None]:
    """Give (weight in kilograms, height in metres) of OBX segments."""
    weight = size = None
    for obx in observations:
        name = f"{obx.component(3, 1)} {obx.component(3, 2)}".lower()
        value = fields.quantity(obx.component(5, 1), obx.component(6, 1))
        if "29463-7" in name or "body weight" in name:
            weight = value
        elif "8302-2" in name or "body height" in name:
            size = value
    return weight, size


def _address(pid: Segment) -> str:
    value = pid.raw(11)
    if not value:
        return ""
    d = pid.delimiters
    components = value.split(d.repetition, 1)[0].split(d.component)
    return " ".join(part for part in components[:6] if part and part != '""')
