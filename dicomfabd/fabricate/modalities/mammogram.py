"""Digital mammography for presentation (PS3.3 A.27): four views, each breast from above and obliquely."""

from typing import ClassVar, Final

import numpy as np
from pydicom.dataset import Dataset

from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.marks import Marks
from dicomfabd.fabricate.modalities.film import HIGHEST, exposed
from dicomfabd.fabricate.modalities.projections import Shadow, blurred, shadow
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


class MgRecipe:
    """Draws a mammogram; see `Recipe`. A right breast's chest wall is at the right edge, a left one's at the left."""

    bits: ClassVar[int] = 12

    def __init__(self, plan: StudyPlan, series: SeriesPlan, bodies: Bodies) -> None:
        """Prepare the marks."""
        self._plan = plan
        self._series = series
        self._bodies = bodies
        self._marks = Marks(plan, series)

    def dataset(self) -> Dataset:
        """See `Recipe.dataset`."""
        series = self._series
        ds = headers.image(self._plan, series)
        headers.grey_pixels(ds, series, self.bits)
        ds.ImageType = [*series.image_type, ""]
        ds.PresentationIntentType = "FOR PRESENTATION"
        ds.ImageLaterality = series.side
        ds.PatientOrientation = _ORIENTATIONS[series.view, series.side]
        ds.AnatomicRegionSequence = headers.items(headers.sct("76752008", "Breast"))
        ds.BodyPartExamined = "BREAST"
        ds.OrganExposed = "BREAST"
        ds.ViewPosition = series.view
        view = headers.sct(*_VIEWS[series.view])
        view.ViewModifierCodeSequence = headers.items()
        ds.ViewCodeSequence = headers.items(view)
        ds.PixelIntensityRelationship = "LOG"
        ds.PixelIntensityRelationshipSign = 1
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
        ds.PresentationLUTShape = "IDENTITY"
        ds.WindowCenterWidthExplanation = "NORMAL"
        ds.AcquisitionContextSequence = headers.items()
        ds.AcquisitionNumber = series.number
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
        ds.DetectorType = "DIRECT"
        ds.DetectorID = "D1"
        ds.ImagerPixelSpacing = [headers.ds_text(series.pixel_spacing)] * 2
        ds.PositionerType = "MAMMOGRAPHIC"
        slant = {"L": "-45", "R": "45"}[series.side]
        ds.PositionerPrimaryAngle = slant if series.view == "MLO" else "0"
        ds.CompressionForce = "100"
        ds.BodyPartThickness = str(_PLATES_MM)
        ds.FocalSpots = "0.3"
        ds.EntranceDose = 1
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
