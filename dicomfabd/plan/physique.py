"""Who lies on the table: what an order leaves out of a patient, and the body that goes with them."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, Literal

from dicomfabd.domain.patient import NAMELESS, Patient
from dicomfabd.domain.study import BodyPlan, Vector
from dicomfabd.domain.uids import derive_number
from dicomfabd.plan.protocol import Region

_BORN_FROM: Final = 1936
_BORN_YEARS: Final = 68
_ADULT_M: Final = {"F": 1.64, "M": 1.77}
_ATLAS_M: Final = 1.71
# Age in years → part of the adult height; in between it grows evenly.
_GROWTH: Final = ((0.0, 0.30), (1.0, 0.44), (2.0, 0.51), (5.0, 0.64), (10.0, 0.81), (14.0, 0.93), (18.0, 1.0))
_LEAN_BMI: Final = 20.5
_HEAVY_BMI: Final = 29.0


def complete(patient: Patient, on: date) -> Patient:
    """Give a patient with birth date, sex, size and weight, and a name if nobody gave one.

    What is missing is made up from the patient's identifier, so that it is the same in every order.

    Args:
        patient: As the order and the registry know them.
        on: The day of the examination; nobody is born after it.
    """
    seed = derive_number("person", patient.issuer_of_patient_id, patient.patient_id)
    sex = patient.patient_sex or "FM"[seed % 2]
    born = patient.patient_birth_date or _birth_date(seed, on)
    years = _age_years(born, on)
    size = patient.patient_size or _height_m(seed, sex, years)
    return replace(
        patient,
        patient_name=_name(seed, sex) if patient.patient_name in ("", NAMELESS) else patient.patient_name,
        patient_sex=sex,
        patient_birth_date=born,
        patient_size=size,
        patient_weight=patient.patient_weight or _weight_kg(seed, size, years),
    )


def body_of(patient: Patient, name: str, region: Region, side: str, voxel: float) -> BodyPlan:
    """Give the body of a complete patient.

    Args:
        patient: With sex, size and weight; see `complete`.
        name: Of the region.
        region: What is drawn.
        side: `L`, `R` or empty.
        voxel: Multiple of the region's voxels.
    """
    size, weight = patient.patient_size or _ATLAS_M, patient.patient_weight or 70.0
    seed = derive_number("body", patient.issuer_of_patient_id, patient.patient_id)
    sex = region.sex or (patient.patient_sex if patient.patient_sex in ("F", "M") else "FM"[seed % 2])
    mass_index = weight / (size * size)
    habitus: Literal["slim", "average", "large"] = (
        "slim" if mass_index < _LEAN_BMI else "large" if mass_index > _HEAVY_BMI else "average"
    )
    return BodyPlan(
        region=name,
        atlas=region.atlas,
        # An atlas holds the right one of a pair; the left one lies as far on the other side.
        centre=(-region.centre[0] if side == "L" else region.centre[0], *region.centre[1:]),
        extent=region.extent,
        voxel_mm=round(region.voxel_mm * voxel, 2),
        sex="F" if sex == "F" else "M",
        habitus=habitus,
        side="L" if side == "L" else "R" if side == "R" else "",
        stature=_stature(region.atlas, size, seed),
    )


def _stature(atlas: str, size: float, seed: int) -> Vector:
    """Give how a patient differs from the atlas; heads grow least, and everybody is a little different."""
    ratio = min(1.25, max(0.25, size / _ATLAS_M))
    along = 0.62 + 0.38 * ratio if atlas == "head" else ratio
    across = 0.62 + 0.38 * ratio if atlas == "head" else 0.3 + 0.7 * ratio
    wide, deep, tall = (((seed >> shift) % 61 - 30) / 1000 for shift in (4, 14, 24))
    return round(across * (1 + wide), 3), round(across * (1 + deep), 3), round(along * (1 + tall / 2), 3)


def _age_years(born: str, on: date) -> float:
    try:
        day = date(int(born[:4]), int(born[4:6]), int(born[6:8]))
    except ValueError:
        return 50.0
    return max(0.0, (on - day).days / 365.25)


def _birth_date(seed: int, on: date) -> str:
    year = _BORN_FROM + (seed >> 8) % _BORN_YEARS
    if year >= on.year:
        year = on.year - 1
    return f"{date(year, 1, 1) + timedelta(days=(seed >> 20) % 365):%Y%m%d}"


def _height_m(seed: int, sex: str, years: float) -> float:
    adult = _ADULT_M.get(sex, _ATLAS_M)
    part = _GROWTH[-1][1]
    for (young, before), (old, after) in pairwise(_GROWTH):
        if years < old:
            part = before + (after - before) * (years - young) / (old - young)
            break
    return round(adult * part * (1 + ((seed >> 32) % 101 - 50) / 1000), 2)


def _weight_kg(seed: int, size: float, years: float) -> float:
    mass_index = 16.0 if years < 10 else 19.0 if years < 16 else 19.0 + (seed >> 40) % 150 / 10
    return round(mass_index * size * size, 1)


def _name(seed: int, sex: str) -> str:
    # Costs a tenth of a second to import, and most orders name their patient.
    from faker import Faker

    people = Faker("en_US")
    people.seed_instance(seed)
    given = people.first_name_female() if sex == "F" else people.first_name_male()
    return f"{people.last_name()}^{given}".upper()
