"""MR Image Storage (PS3.3 A.4): cross-sections with the contrast of a pulse sequence."""

from typing import ClassVar

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.anatomy.tissues import table
from dicomfabd.fabricate.marks import Marks
from dicomfabd.fabricate.modalities.recipe import Pixels
from dicomfabd.fabricate.modalities.sections import Sections, soften
from dicomfabd.fabricate.noise import crop

_HIGHEST = 4095


class MrRecipe:
    """Draws an MR series; see `Recipe`."""

    sop_class_uid: ClassVar[str] = str(MRImageStorage)
    pixel_vr: ClassVar[str] = "OW"

    def __init__(self, plan: StudyPlan, series: SeriesPlan) -> None:
        """Prepare the sections and the marks."""
        self._plan = plan
        self._series = series
        self._sections = Sections(plan, series)
        self._marks = Marks(plan, series)
        self._table = table(series.look)

    def dataset(self) -> Dataset:
        """See `Recipe.dataset`."""
        series = self._series
        ds = headers.common(self._plan, series, self.sop_class_uid)
        headers.frame_of_reference(ds, self._plan)
        headers.image_plane(ds, series)
        headers.image_pixel(ds, series, bits=12, is_signed=False)
        step = series.grid.step if series.grid else (0.0, 0.0, 0.0)
        ds.SpacingBetweenSlices = headers.ds_text(sum(abs(part) for part in step))
        ds.AcquisitionNumber = series.number
        ds.PatientPosition = "HFS"
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
        headers.technique(ds, series)
        return ds

    def render(self, index: int) -> Pixels:
        """Draw one image: uint16, shape (rows, columns), 12 bits."""
        series = self._series
        image = soften(np.take(self._table, self._sections.labels(index)))
        image += crop(series.noise, series.rows, series.columns, series.seed + index)
        # Magnitude images have no negative values: what noise makes of the air is positive too.
        np.abs(image, out=image)
        np.clip(image, 0, _HIGHEST, out=image)
        pixels = image.view(np.uint16)
        centre, width = series.window
        self._marks.lay_over(pixels, index, int(centre + width / 2))
        return pixels
