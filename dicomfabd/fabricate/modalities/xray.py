"""Radiographs as projections of the body: CR (PS3.3 A.2) and DX for presentation (PS3.3 A.26)."""

from typing import Final

from pydicom.dataset import Dataset

from dicomfabd.domain.order import Code
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.modalities.film import HIGHEST, exposed
from dicomfabd.fabricate.modalities.projections import blurred, shadow
from dicomfabd.fabricate.modalities.radiograph import Radiograph
from dicomfabd.fabricate.modalities.recipe import Pixels

_VIEW_CODES: Final = {
    "PA": Code("399348003", "postero-anterior", "SCT"),
    "AP": Code("399352003", "antero-posterior", "SCT"),
    "LL": Code("399173006", "left lateral", "SCT"),
    "RL": Code("399198007", "right lateral", "SCT"),
    "RLO": Code("399368009", "medio-lateral oblique", "SCT"),
    "LLO": Code("399368009", "medio-lateral oblique", "SCT"),
}
_ORIENTATIONS: Final = {"lateral": ["P", "F"], "top": ["L", "P"], "oblique": ["L", "F"], "frontal": ["L", "F"]}


class XrayRecipe(Radiograph):
    """Draws a radiograph, computed or digital as the series' modality says; see `Recipe`."""

    def dataset(self) -> Dataset:
        """See `Recipe.dataset`."""
        series = self._series
        ds = self._common()
        ds.PatientOrientation = _ORIENTATIONS[series.plane]
        if series.modality == "CR":
            ds.PlateID = "01"
        else:
            region, view = self._plan.anatomic_region, _VIEW_CODES.get(series.view)
            self._add_digital(
                ds,
                headers.code_item(region) if region.is_complete else None,
                headers.code_item(view) if view else None,
            )
            ds.PositionerType = "NONE"
            ds.DistanceSourceToDetector = "1800"
            ds.FocalSpots = "1.2"
            ds.FilterType = "NONE"
        headers.technique(ds, series)
        return ds

    def render(self, index: int) -> Pixels:
        """Draw one image: uint16, shape (rows, columns), 12 bits, dense tissue bright."""
        series = self._series
        rays = shadow(self._bodies, self._plan.body_of(series), series.plane, series.look)
        image = exposed(blurred(rays), series, index)
        self._marks.lay_over(image, index, HIGHEST)
        return image
