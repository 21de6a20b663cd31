"""MR Image Storage (PS3.3 A.4): cross-sections with the contrast of a pulse sequence."""

from typing import ClassVar, Final

import numpy as np
from pydicom.dataset import Dataset

from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.marks import Marks
from dicomfabd.fabricate.modalities.recipe import Pixels
from dicomfabd.fabricate.modalities.sections import Sections
from dicomfabd.fabricate.noise import crop

_HIGHEST: Final = 4095
_ENHANCED: Final = ("t1-contrast", "t1-fs-contrast", "ce-mra")
_SHADING_BITS: Final = 7
_SHADING: Final = 24
"""By how many 128ths the coil is more sensitive at the edge of the image than in its middle."""


class MrRecipe:
    """Draws an MR series; see `Recipe`."""

    bits: ClassVar[int] = 12

    def __init__(self, plan: StudyPlan, series: SeriesPlan, bodies: Bodies) -> None:
        """Prepare the sections and the marks."""
        self._plan = plan
        self._series = series
        self._sections = Sections(plan, series, bodies)
        self._marks = Marks(plan, series)
        self._sensitivity = _sensitivity(series.rows, series.columns)

    def dataset(self) -> Dataset:
        """See `Recipe.dataset`."""
        series = self._series
        ds = headers.image(self._plan, series)
        headers.frame_of_reference(ds, self._plan)
        headers.image_plane(ds, series)
        headers.grey_pixels(ds, series, self.bits)
        ds.AcquisitionNumber = series.number
        ds.PatientPosition = "HFS"
        ds.SpacingBetweenSlices = headers.ds_text(_step_mm(series))
        ds.ScanOptions = ""
        ds.MagneticFieldStrength = "1.5"
        ds.ImagingFrequency = "63.87"
        ds.ImagedNucleus = "1H"
        ds.NumberOfAverages = "2"
        ds.EchoNumbers = 1
        ds.PixelBandwidth = "200"
        ds.PercentSampling = ds.PercentPhaseFieldOfView = "100"
        ds.AcquisitionMatrix = [0, series.rows, series.columns, 0]
        ds.InPlanePhaseEncodingDirection = "ROW"
        ds.ProtocolName = self._plan.protocol.upper()
        if series.look in _ENHANCED:
            ds.ContrastBolusAgent = "GADOLINIUM CHELATE"
        headers.technique(ds, series)
        return ds

    def render(self, index: int) -> Pixels:
        """Draw one image: uint16, shape (rows, columns), 12 bits."""
        series = self._series
        image = self._sections.draw(index)
        shading = image >> _SHADING_BITS
        shading *= self._sensitivity
        image += shading
        image += crop(series.noise, series.kernel, series.rows, series.columns, series.seed + index)
        # Magnitude images have no negative values: what noise makes of the air is positive too.
        np.abs(image, out=image)
        np.clip(image, 0, _HIGHEST, out=image)
        pixels = image.view(np.uint16)
        centre, width = series.window
        self._marks.lay_over(pixels, index, int(centre + width / 2))
        return pixels


def _step_mm(series: SeriesPlan) -> float:
    x, y, z = series.stacks[0].grid.step
    length: float = (x * x + y * y + z * z) ** 0.5
    return length


def _sensitivity(rows: int, columns: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """Give how much brighter each pixel is for lying near the coil, in 128ths."""
    down = (np.arange(rows, dtype=np.int64) * 2 - rows) ** 2 * _SHADING // (rows * rows)
    across = (np.arange(columns, dtype=np.int64) * 2 - columns) ** 2 * _SHADING // (columns * columns)
    return (down[:, None] + across[None, :]).astype(np.int16)
