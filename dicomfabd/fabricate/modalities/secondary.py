"""Secondary Capture (PS3.3 A.8): pages of text, such as the one that says that no protocol serves an order."""

from typing import ClassVar, Final

import numpy as np
from pydicom.dataset import Dataset

from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.dose import events_of
from dicomfabd.fabricate.marks import Marks, text_mask, wrap
from dicomfabd.fabricate.modalities.recipe import Pixels

_PAPER, _INK, _MARK = 30, 255, 200
_LETTER: Final = 6


class PageRecipe:
    """Draws a page of text; see `Recipe`."""

    bits: ClassVar[int] = 8

    def __init__(self, plan: StudyPlan, series: SeriesPlan, bodies: Bodies) -> None:
        """Prepare the marks; a page shows no body."""
        self._plan = plan
        self._series = series
        self._marks = Marks(plan, series)

    def dataset(self) -> Dataset:
        """See `Recipe.dataset`."""
        ds = headers.image(self._plan, self._series)
        headers.grey_pixels(ds, self._series, self.bits)
        ds.PatientOrientation = ""
        ds.ConversionType = "SYN"
        return ds

    def render(self, index: int) -> Pixels:
        """Draw the page: uint8, shape (rows, columns)."""
        series = self._series
        image = np.full((series.rows, series.columns), _PAPER, np.uint8)
        self._marks.lay_over(image, index, _MARK)
        mask = text_mask(tuple(wrap(self._lines(), (series.columns - 8) // _LETTER)), 1)
        top = series.rows // 3
        target = image[top : top + mask.shape[0], 4 : 4 + mask.shape[1]]
        target[mask[: target.shape[0], : target.shape[1]]] = _INK
        return image

    def _lines(self) -> list[str]:
        return list(self._series.lines)


class DosePageRecipe(PageRecipe):
    """Draws the page on which a CT scanner sums up its dose; see `Recipe`."""

    def _lines(self) -> list[str]:
        events = events_of(self._plan)
        lines = ["DOSE REPORT", "", "SERIES            CTDIVOL (MGY)   DLP (MGY.CM)"]
        lines += [f"{event.name[:16]:16}  {event.ctdi_vol_mgy:13.2f}  {event.dlp_mgy_cm:13.1f}" for event in events]
        total = sum(event.dlp_mgy_cm for event in events)
        return [*lines, "", f"TOTAL EXAM DLP    {total:.1f} MGY.CM", "PHANTOM IEC BODY 32 CM"]
