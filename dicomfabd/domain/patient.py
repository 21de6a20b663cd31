"""Who is examined, and on which visit."""

from dataclasses import dataclass, replace
from typing import Final

NAMELESS: Final = "UNKNOWN"
"""What a patient without a name is called."""


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient as an order names them; attribute names are DICOM keywords (PS3.3 C.7.1.1, C.2.3, C.2.4).

    Attributes:
        patient_name: DICOM PN: `Family^Given^Middle^Prefix^Suffix`, groups joined by `=`.
        patient_birth_date: `YYYYMMDD`, or empty when unknown or only partly known.
        patient_sex: `F`, `M`, `O`, or empty.
        patient_size: Metres.
        patient_weight: Kilograms.
        pregnancy_status: 1 to 4 (PS3.3 C.2.4), or None.
        issuer_universal_id: UniversalEntityID of the issuer.
        patient_birth_time: `HHMMSS`, or empty.
        patient_sex_neutered: `ALTERED`, `UNALTERED` or empty; with species and breed for animals.
    """

    patient_id: str
    patient_name: str
    issuer_of_patient_id: str = ""
    other_patient_ids: tuple[str, ...] = ()
    patient_birth_date: str = ""
    patient_sex: str = ""
    patient_size: float | None = None
    patient_weight: float | None = None
    patient_mother_birth_name: str = ""
    ethnic_group: str = ""
    patient_address: str = ""
    patient_telephone: str = ""
    allergies: str = ""
    medical_alerts: str = ""
    pregnancy_status: int | None = None
    patient_comments: str = ""
    issuer_universal_id: str = ""
    patient_birth_time: str = ""
    patient_primary_language: str = ""
    patient_species: str = ""
    patient_breed: str = ""
    patient_sex_neutered: str = ""
    responsible_person: str = ""


_COMPLETED: Final = ("patient_birth_date", "patient_sex", "patient_size", "patient_weight")


def filled(patient: Patient, known: Patient) -> Patient:
    """Give a patient with what somebody else knows of them where they say nothing themselves."""
    gaps = {name: getattr(known, name) for name in _COMPLETED if getattr(patient, name) in ("", None)}
    if patient.patient_name in ("", NAMELESS):
        gaps["patient_name"] = known.patient_name or patient.patient_name
    return replace(patient, **gaps)


@dataclass(frozen=True, slots=True)
class Visit:
    """The visit an order belongs to (PS3.3 C.3.2).

    Attributes:
        admitting_date_time: `YYYYMMDD` or `YYYYMMDDHHMMSS`.
        special_needs: What the patient needs help with, in words.
        confidentiality_constraint: ConfidentialityConstraintOnPatientDataDescription.
    """

    admission_id: str = ""
    issuer_of_admission_id: str = ""
    admitting_date_time: str = ""
    patient_class: str = ""
    current_patient_location: str = ""
    patient_state: str = ""
    special_needs: str = ""
    confidentiality_constraint: str = ""
