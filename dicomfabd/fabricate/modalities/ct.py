"""CT Image Storage (PS3.3 A.3): cross-sections in Hounsfield units, and scouts."""

from typing import ClassVar

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.anatomy.tissues import table
from dicomfabd.fabricate.marks import Marks
from dicomfabd.fabricate.modalities.recipe import Pixels
from dicomfabd.fabricate.modalities.sections import Sections, soften
from dicomfabd.fabricate.noise import crop

_LOWEST, _HIGHEST = -1024, 3071


class CtRecipe:
    """Draws a CT series; see `Recipe`."""

    sop_class_uid: ClassVar[str] = str(CTImageStorage)
    pixel_vr: ClassVar[str] = "OW"

    def __init__(self, plan: StudyPlan, series: SeriesPlan) -> None:
        """Prepare the sections and the marks."""
        self._plan = plan
        self._series = series
        self._sections = Sections(plan, series)
        self._marks = Marks(plan, series)
        self._is_scout = series.look == "scout"
        self._table = table("mu" if self._is_scout else series.look)

    def dataset(self) -> Dataset:
        """See `Recipe.dataset`."""
        series = self._series
        ds = headers.common(self._plan, series, self.sop_class_uid)
        headers.frame_of_reference(ds, self._plan)
        headers.image_plane(ds, series)
        headers.image_pixel(ds, series, bits=16, is_signed=True)
        ds.AcquisitionNumber = series.number
        ds.PatientPosition = "HFS"
        ds.RescaleIntercept, ds.RescaleSlope = "0", "1"
        ds.RescaleType = "US" if self._is_scout else "HU"
        ds.DataCollectionDiameter = "500"
        ds.ReconstructionDiameter = headers.ds_text(series.pixel_spacing * series.columns)
        ds.ProtocolName = self._plan.protocol.upper()
        headers.technique(ds, series)
        return ds

    def render(self, index: int) -> Pixels:
        """Draw one image: int16, shape (rows, columns), Hounsfield units, air = -1000."""
        series = self._series
        image = self._scout() if self._is_scout else soften(np.take(self._table, self._sections.labels(index)))
        image += crop(series.noise, series.rows, series.columns, series.seed + index)
        np.clip(image, _LOWEST, _HIGHEST, out=image)
        centre, width = series.window
        self._marks.lay_over(image, index, int(centre + width / 2))
        return image

    def _scout(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
        attenuation = self._sections.projection(self._table)
        highest = max(1, int(attenuation.max()))
        return (attenuation.astype(np.int64) * 1800 // highest - 900).astype(np.int16)
