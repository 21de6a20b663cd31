"""The tissues a body is made of, and how each modality sees them."""

import tomllib
from enum import IntEnum, auto
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.int16]


class Tissue(IntEnum):
    """A label in a body; 0 is the air around it."""

    AIR = 0
    SKIN = auto()
    FAT = auto()
    MUSCLE = auto()
    TENDON = auto()
    SOFT = auto()
    CARTILAGE = auto()
    MENISCUS = auto()
    CORTICAL = auto()
    SPONGY = auto()
    MARROW = auto()
    TOOTH = auto()
    DISC = auto()
    NUCLEUS = auto()
    CORD = auto()
    NERVE = auto()
    CSF = auto()
    WHITE = auto()
    GREY = auto()
    DEEP_GREY = auto()
    DURA = auto()
    EYE = auto()
    LENS = auto()
    GLAND = auto()
    THYROID = auto()
    LYMPH = auto()
    MUCOSA = auto()
    LUNG = auto()
    AIRWAY = auto()
    GAS = auto()
    ARTERY = auto()
    VEIN = auto()
    PULMONARY = auto()
    CORONARY = auto()
    LEFT_HEART = auto()
    RIGHT_HEART = auto()
    HEART = auto()
    LIVER = auto()
    BILE = auto()
    SPLEEN = auto()
    PANCREAS = auto()
    ADRENAL = auto()
    KIDNEY = auto()
    MEDULLA = auto()
    URINE = auto()
    BLADDER = auto()
    GUT = auto()
    CHYME = auto()
    STOOL = auto()
    PROSTATE = auto()
    UTERUS = auto()
    OVARY = auto()
    FLUID = auto()
    BREAST = auto()
    PLACENTA = auto()
    FETUS = auto()
    LESION = auto()
    CYST = auto()
    BLEEDING = auto()
    INFARCT = auto()
    CALCIUM = auto()


@cache
def table(look: str) -> Table:
    """Give the look-up table of a look of `looks.toml`: 256 entries, indexed by tissue label, read-only.

    The look `solid` is 1000 for every tissue: its projection is how thick the body is.

    Raises:
        KeyError: There is no such look.
    """
    values = np.zeros(256, np.int16)
    if look == "solid":
        values[1:] = 1000
        return values
    for tissue, value in _values(look).items():
        values[Tissue[tissue]] = value
    values.setflags(write=False)
    return values


@cache
def pair_table(look: str) -> npt.NDArray[np.uint32]:
    """Give the table of a look for two neighbouring labels at once: 65536 entries, each two int16 side by side.

    Half as many look-ups are twice as fast; most of the entries are never touched.
    """
    labels = np.arange(1 << 16, dtype=np.uint16).view(np.uint8).reshape(-1, 2)
    table_of_pairs: npt.NDArray[np.uint32] = table(look)[labels].view(np.uint32).reshape(-1)
    table_of_pairs.setflags(write=False)
    return table_of_pairs


def looks() -> frozenset[str]:
    """Give the names of all looks."""
    return frozenset(_sheet())


def _values(look: str) -> dict[str, int]:
    section = dict(_sheet()[look])
    base = section.pop("base", None)
    return {**_values(base), **section} if base else section


@cache
def _sheet() -> dict[str, dict[str, Any]]:
    return tomllib.loads((files("dicomfabd.fabricate.anatomy") / "looks.toml").read_text(encoding="utf-8"))
