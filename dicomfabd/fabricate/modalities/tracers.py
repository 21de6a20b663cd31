"""What is injected for nuclear medicine and PET, as their images describe it (PS3.3 C.8.4.10, C.8.9.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomfabd.fabricate import headers

Concept = tuple[str, str]
"""Code value and meaning in SNOMED CT."""

_TECHNETIUM: Final = ("72454006", "^99m^Technetium")
_FLUORINE: Final = ("77004003", "^18^Fluorine")
_GALLIUM: Final = ("80751004", "^68^Gallium")


@dataclass(frozen=True)
class Tracer:
    """A radiopharmaceutical.

    Attributes:
        dose_bq: What an adult gets.
        positrons: Part of the decays that give one; 0 for gamma emitters.
        window_kev: Energies a gamma camera counts.
    """

    name: str
    code: Concept
    nuclide: Concept
    half_life_s: float
    dose_bq: float
    positrons: float = 0.0
    window_kev: tuple[int, int] = (126, 154)


TRACERS: Final[Mapping[str, Tracer]] = {
    "FDG": Tracer("FDG", ("35321007", "Fluorodeoxyglucose F^18^"), _FLUORINE, 6586.2, 3.0e8, 0.967),
    "PSMA": Tracer("PSMA-11", ("", "Ga^68^ PSMA-11"), _GALLIUM, 4062.6, 1.5e8, 0.889),
    "DOTATATE": Tracer("DOTATATE", ("", "Ga^68^ DOTATATE"), _GALLIUM, 4062.6, 1.5e8, 0.889),
    "FLORBETAPIR": Tracer("FLORBETAPIR", ("", "Florbetapir F^18^"), _FLUORINE, 6586.2, 3.7e8, 0.967),
    "MDP": Tracer("MDP", ("404707004", "Technetium Tc^99m^ medronate"), _TECHNETIUM, 21624.12, 7.4e8),
    "SESTAMIBI": Tracer("SESTAMIBI", ("404706008", "Technetium Tc^99m^ sestamibi"), _TECHNETIUM, 21624.12, 9.25e8),
    "MAA": Tracer("MAA", ("404704001", "Technetium Tc^99m^ albumin aggregated"), _TECHNETIUM, 21624.12, 1.5e8),
    "PERTECHNETATE": Tracer(
        "PERTECHNETATE", ("404698005", "Technetium Tc^99m^ pertechnetate"), _TECHNETIUM, 21624.12, 1.85e8
    ),
    "MAG3": Tracer("MAG3", ("404711005", "Technetium Tc^99m^ mertiatide"), _TECHNETIUM, 21624.12, 1.85e8),
    "MEBROFENIN": Tracer("MEBROFENIN", ("404709000", "Technetium Tc^99m^ mebrofenin"), _TECHNETIUM, 21624.12, 1.85e8),
    "HMPAO": Tracer("HMPAO", ("404703007", "Technetium Tc^99m^ exametazime"), _TECHNETIUM, 21624.12, 7.4e8),
}
"""Name in a protocol's `agent` → what it is."""


def injected(tracer: Tracer, at: datetime) -> Dataset:
    """Give an item of RadiopharmaceuticalInformationSequence; the dose is in Bq for PET and in MBq for the rest."""
    is_positron = tracer.positrons > 0
    ds = headers.item(
        RadionuclideCodeSequence=headers.items(headers.sct(*tracer.nuclide)),
        Radiopharmaceutical=tracer.name,
        RadiopharmaceuticalRoute="IV",
        AdministrationRouteCodeSequence=headers.items(headers.sct("47625008", "Intravenous route")),
        RadiopharmaceuticalStartTime=headers.tm(at),
        RadionuclideTotalDose=f"{tracer.dose_bq:.0f}" if is_positron else f"{tracer.dose_bq / 1e6:g}",
        RadiopharmaceuticalCodeSequence=headers.items(*([headers.sct(*tracer.code)] if tracer.code[0] else [])),
    )
    if is_positron:
        ds.RadiopharmaceuticalStartDateTime = f"{headers.da(at)}{headers.tm(at)}"
        ds.RadionuclideHalfLife = f"{tracer.half_life_s:g}"
        ds.RadionuclidePositronFraction = f"{tracer.positrons:g}"
    return ds


def lying() -> tuple[Sequence, Sequence]:
    """Give PatientOrientationCodeSequence and PatientGantryRelationshipCodeSequence of a patient on their back."""
    recumbent = headers.sct("102538003", "recumbent")
    recumbent.PatientOrientationModifierCodeSequence = headers.items(headers.sct("40199007", "supine"))
    return headers.items(recumbent), headers.items(headers.sct("102540001", "headfirst"))
