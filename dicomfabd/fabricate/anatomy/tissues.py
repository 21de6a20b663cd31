"""The tissues a body is made of, and how each modality sees them."""

from enum import IntEnum, auto
from typing import Final

import numpy as np
import numpy.typing as npt


class Tissue(IntEnum):
    """A label in a body; 0 is the air around it."""

    AIR = 0
    SKIN = auto()
    FAT = auto()
    MUSCLE = auto()
    SOFT = auto()
    LUNG = auto()
    VESSEL = auto()
    BLOOD = auto()
    HEART = auto()
    LIVER = auto()
    SPLEEN = auto()
    KIDNEY = auto()
    BOWEL = auto()
    GAS = auto()
    FLUID = auto()
    SPONGY = auto()
    CORTICAL = auto()
    DISC = auto()
    CORD = auto()
    CARTILAGE = auto()
    CSF = auto()
    WHITE = auto()
    GREY = auto()
    DEEP_GREY = auto()
    EYE = auto()


T = Tissue
_COLUMNS: Final = ("ct", "ct-contrast", "t1", "t2", "flair", "mu")
_VALUES: Final[dict[Tissue, tuple[int, int, int, int, int, int]]] = {
    # CT and contrast CT in Hounsfield units; MR in arbitrary units; mu is attenuation, 1000 = water
    T.AIR: (-1000, -1000, 0, 0, 0, 0),
    T.SKIN: (20, 30, 500, 400, 400, 1000),
    T.FAT: (-95, -95, 1300, 850, 720, 880),
    T.MUSCLE: (55, 65, 520, 260, 300, 1060),
    T.SOFT: (40, 55, 560, 420, 380, 1040),
    T.LUNG: (-830, -820, 60, 80, 70, 230),
    T.VESSEL: (40, 160, 130, 90, 80, 1300),
    T.BLOOD: (45, 175, 150, 80, 70, 1060),
    T.HEART: (48, 115, 520, 300, 320, 1060),
    T.LIVER: (60, 112, 640, 300, 340, 1070),
    T.SPLEEN: (50, 122, 500, 520, 480, 1060),
    T.KIDNEY: (34, 185, 520, 640, 520, 1050),
    T.BOWEL: (30, 55, 480, 700, 500, 1030),
    T.GAS: (-950, -950, 10, 10, 10, 20),
    T.FLUID: (8, 8, 260, 1500, 120, 1000),
    T.SPONGY: (230, 240, 850, 480, 420, 1380),
    T.CORTICAL: (950, 950, 50, 30, 30, 2300),
    T.DISC: (85, 90, 480, 620, 400, 1120),
    T.CORD: (38, 42, 700, 480, 560, 1040),
    T.CARTILAGE: (130, 135, 600, 520, 420, 1140),
    T.CSF: (6, 6, 170, 1600, 90, 1000),
    T.WHITE: (27, 30, 900, 430, 520, 1030),
    T.GREY: (39, 46, 650, 650, 720, 1040),
    T.DEEP_GREY: (37, 44, 700, 520, 640, 1040),
    T.EYE: (10, 12, 200, 1500, 110, 1010),
}


def table(look: str) -> npt.NDArray[np.int16]:
    """Give the look-up table of a look: 256 entries, indexed by tissue label."""
    column = _COLUMNS.index(look)
    values = np.zeros(256, np.int16)
    for tissue, row in _VALUES.items():
        values[tissue] = row[column]
    return values
