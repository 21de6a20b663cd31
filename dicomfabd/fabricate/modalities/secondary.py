"""Secondary Capture (PS3.3 A.8): the page that says that no protocol serves an order."""

from typing import ClassVar

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.marks import Marks, text_mask, wrap
from dicomfabd.fabricate.modalities.recipe import Pixels


class PageRecipe:
    """Draws a page of text; see `Recipe`."""

    sop_class_uid: ClassVar[str] = str(SecondaryCaptureImageStorage)
    pixel_vr: ClassVar[str] = "OW"

    def __init__(self, plan: StudyPlan, series: SeriesPlan) -> None:
        """Prepare the marks."""
        self._plan = plan
        self._series = series
        self._marks = Marks(plan, series)

    def dataset(self) -> Dataset:
        """See `Recipe.dataset`."""
        ds = headers.common(self._plan, self._series, self.sop_class_uid)
        headers.image_pixel(ds, self._series, bits=8, is_signed=False)
        ds.PatientOrientation = ""
        ds.ConversionType = "SYN"
        return ds

    def render(self, index: int) -> Pixels:
        """Draw the page: uint16, shape (rows, columns), 8 bits used."""
        series = self._series
        image = np.full((series.rows, series.columns), 30, np.uint16)
        self._marks.lay_over(image, index, 200)
        lines = tuple(wrap(list(series.lines), (series.columns - 8) // 6))
        mask = text_mask(lines, 1)
        top = series.rows // 3
        target = image[top : top + mask.shape[0], 4 : 4 + mask.shape[1]]
        target[mask[: target.shape[0], : target.shape[1]]] = 255
        return image
