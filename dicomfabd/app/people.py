"""Patients made up on request, each with an ID that nobody else in the registry has."""

import secrets
from collections.abc import Callable
from datetime import date

from dicomfabd.config import Patients
from dicomfabd.domain.patient import Patient
from dicomfabd.plan.people import Naming, make_up
from dicomfabd.store.interface import PatientKey
from dicomfabd.store.patients_interface import PatientRegistry

_MOST_ROUNDS = 20


def people_maker(settings: Patients, registry: PatientRegistry) -> Callable[[int, int | None], list[Patient]]:
    """Give what makes up patients: (how many, seed or None) → patients, which are not kept yet."""
    naming = Naming(settings.id_pattern, settings.issuer, tuple(settings.locales))

    def make(amount: int, seed: int | None) -> list[Patient]:
        chosen = secrets.randbits(62) if seed is None else seed
        found: dict[str, Patient] = {}
        for round_ in range(_MOST_ROUNDS):
            missing = amount - len(found)
            if not missing:
                break
            first = registry.reserve(missing, settings.id_first)
            for patient in make_up(naming, first, missing, chosen + round_, date.today()):
                if registry.get(PatientKey(patient.patient_id)) is None:
                    found.setdefault(patient.patient_id, patient)
        return list(found.values())

    return make
