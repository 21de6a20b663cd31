"""Digital mammography for presentation (PS3.3 A.27): four views, each breast from above and obliquely."""

from typing import Final

import numpy as np
from pydicom.dataset import Dataset

from dicomfabd.fabricate import headers
from dicomfabd.fabricate.modalities.film import HIGHEST, exposed
from dicomfabd.fabricate.modalities.projections import Shadow, blurred, shadow
from dicomfabd.fabricate.modalities.radiograph import Radiograph
from dicomfabd.fabricate.modalities.recipe import Pixels

_PLATES_MM: Final = 52
_PLATES_APART: Final = _PLATES_MM * 10_000  # in the units of a projection of `solid`
_VIEWS: Final = {
    "CC": ("399162004", "cranio-caudal"),
    "MLO": ("399368009", "medio-lateral oblique"),
}
_ORIENTATIONS: Final = {
    ("CC", "R"): ["P", "L"],
    ("CC", "L"): ["A", "R"],
    ("MLO", "R"): ["P", "FL"],
    ("MLO", "L"): ["A", "FR"],
}


class MgRecipe(Radiograph):
    """Draws a mammogram; see `Recipe`. A right breast's chest wall is at the right edge, a left one's at the left."""

    def dataset(self) -> Dataset:
        """See `Recipe.dataset`."""
        series = self._series
        ds = self._common()
        self._add_digital(ds, headers.sct("76752008", "Breast"), headers.sct(*_VIEWS[series.view]))
        ds.PatientOrientation = _ORIENTATIONS[series.view, series.side]
        ds.BodyPartExamined = ds.OrganExposed = "BREAST"
        ds.WindowCenterWidthExplanation = "NORMAL"
        self._add_equipment(ds)
        headers.technique(ds, series)
        return ds

    def render(self, index: int) -> Pixels:
        """Draw one image: uint16, shape (rows, columns), 12 bits, glandular tissue bright."""
        series = self._series
        image = exposed(blurred(self._compressed()), series, index)
        if series.side == "R":
            image = np.ascontiguousarray(image[:, ::-1])
        self._marks.lay_over(image, index, HIGHEST)
        return image

    def _compressed(self) -> Shadow:
        """Give the rays through the breast between two plates, which make it no thicker than they are apart."""
        series, body = self._series, self._plan.body_of(self._series)
        rays = shadow(self._bodies, body, series.plane, series.look).astype(np.int64)
        thickness = shadow(self._bodies, body, series.plane, "solid").astype(np.int64)
        pressed = rays * np.minimum(thickness, _PLATES_APART) // np.maximum(thickness, 1)
        return pressed.astype(np.int32)

    def _add_equipment(self, ds: Dataset) -> None:
        series = self._series
        ds.BreastImplantPresent = "NO"
        ds.QualityControlImage = "NO"
        ds.PositionerType = "MAMMOGRAPHIC"
        slant = {"L": "-45", "R": "45"}[series.side]
        ds.PositionerPrimaryAngle = slant if series.view == "MLO" else "0"
        ds.CompressionForce = "100"
        ds.BodyPartThickness = str(_PLATES_MM)
        ds.FocalSpots = "0.3"
        ds.EntranceDoseInmGy = "5.1"
        ds.OrganDose = "0.012"
        ds.FilterType = "STRIP"
        ds.AnodeTargetMaterial = "TUNGSTEN"
        ds.FilterMaterial = "RHODIUM"
        # The factor is the quotient of the two distances, exactly.
        ds.DistanceSourceToDetector = "660"
        ds.DistanceSourceToPatient = "600"
        ds.EstimatedRadiographicMagnificationFactor = "1.1"
        ds.FieldOfViewShape = "RECTANGLE"
        ds.FieldOfViewDimensions = [f"{round(edge * series.pixel_spacing)}" for edge in (series.rows, series.columns)]
