"""What every recipe offers; `study` knows recipes by this alone."""

from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate.anatomy.bodies import Bodies

Pixels = npt.NDArray[np.int16] | npt.NDArray[np.uint16] | npt.NDArray[np.uint8]


class Recipe(Protocol):
    """Draws the instances of one series.

    Attributes:
        bits: BitsStored of a sample.
    """

    bits: ClassVar[int]

    def __init__(self, plan: StudyPlan, series: SeriesPlan, bodies: Bodies) -> None:
        """Prepare what all instances share."""

    def dataset(self) -> Dataset:
        """Give all attributes of the first instance but PixelData."""

    def render(self, index: int) -> Pixels:
        """Draw one image; C order, ready to be sent as it is.

        Shape (rows, columns), with frames before and colours behind where there are several.
        """
