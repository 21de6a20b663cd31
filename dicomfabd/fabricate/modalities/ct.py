"""CT Image Storage (PS3.3 A.3): cross-sections in Hounsfield units, and scouts."""

from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.marks import Marks
from dicomfabd.fabricate.modalities.projections import resized, shadow
from dicomfabd.fabricate.modalities.recipe import Pixels
from dicomfabd.fabricate.modalities.sections import Image, Sections
from dicomfabd.fabricate.noise import crop

_LOWEST, _HIGHEST = -1024, 3071
_NATIVE: Final = "ct"
_COUCH_HU: Final = -300
_COUCH_MM: Final = 4.0
_COUCH_SAG: Final = 0.0011
"""How fast the couch rises from its middle: millimetres for each square millimetre."""


class CtRecipe:
    """Draws a CT series; see `Recipe`."""

    bits: ClassVar[int] = 16

    def __init__(self, plan: StudyPlan, series: SeriesPlan, bodies: Bodies) -> None:
        """Prepare the sections and the marks."""
        self._plan = plan
        self._series = series
        self._bodies = bodies
        self._is_scout = series.plane.startswith("scout")
        self._marks = Marks(plan, series)
        if not self._is_scout:
            self._sections = Sections(plan, series, bodies)
            self._couch = _couch(plan, series)

    def dataset(self) -> Dataset:
        """See `Recipe.dataset`."""
        series = self._series
        ds = headers.image(self._plan, series)
        headers.frame_of_reference(ds, self._plan)
        headers.image_plane(ds, series)
        headers.grey_pixels(ds, series, self.bits, is_signed=True)
        ds.AcquisitionNumber = series.number
        ds.PatientPosition = "HFS"
        ds.RescaleIntercept, ds.RescaleSlope = "0", "1"
        ds.RescaleType = "US" if self._is_scout else "HU"
        ds.DataCollectionDiameter = "500"
        ds.ReconstructionDiameter = headers.ds_text(series.pixel_spacing * series.columns)
        ds.ProtocolName = self._plan.protocol.upper()
        if series.look not in (_NATIVE, "mu") and not self._is_scout:
            ds.ContrastBolusAgent = "IODINATED CONTRAST"
        headers.technique(ds, series)
        return ds

    def render(self, index: int) -> Pixels:
        """Draw one image: int16, shape (rows, columns), Hounsfield units, air = -1000."""
        series = self._series
        image = self._scout() if self._is_scout else self._sections.draw(index)
        if not self._is_scout and self._couch.size:
            flat = image.reshape(-1)
            # The patient hides what lies behind them; only air shows the couch.
            flat[self._couch] = np.maximum(flat[self._couch], _COUCH_HU)
        image += crop(series.noise, series.kernel, series.rows, series.columns, series.seed + index)
        np.clip(image, _LOWEST, _HIGHEST, out=image)
        centre, width = series.window
        self._marks.lay_over(image, index, int(centre + width / 2))
        return image

    def _scout(self) -> Image:
        """Project the body and lay it out on the grid of the scout."""
        series, body = self._series, self._plan.body_of(self._series)
        attenuation = shadow(self._bodies, body, series.plane, "mu")
        across, _, tall = body.size if series.plane == "scout" else (body.size[1], 0.0, body.size[2])
        spacing = series.pixel_spacing
        rows, columns = min(series.rows, round(tall / spacing)), min(series.columns, round(across / spacing))
        image = np.full((series.rows, series.columns), -900, np.int16)
        part = resized(attenuation, rows, columns).astype(np.int64)
        top, left = (series.rows - rows) // 2, (series.columns - columns) // 2
        image[top : top + rows, left : left + columns] = part * 1800 // max(1, int(part.max())) - 900
        return image


def _couch(plan: StudyPlan, series: SeriesPlan) -> npt.NDArray[np.intp]:
    """Give the pixels of the couch under the patient, in an axial image as wide as the body; else none."""
    grid, depth = series.stacks[0].grid, plan.body.size[1]
    is_axial = series.plane == "axial" and grid.row_direction[0] == 1
    y = grid.origin[1] + np.arange(series.rows)[:, None] * series.pixel_spacing
    x = grid.origin[0] + np.arange(series.columns)[None, :] * series.pixel_spacing
    if not is_axial or y[-1, 0] < depth / 2:
        return np.zeros(0, np.intp)
    surface = depth / 2 + 2 - _COUCH_SAG * x * x
    return np.flatnonzero((y > surface) & (y < surface + _COUCH_MM))
