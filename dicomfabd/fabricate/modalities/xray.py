"""Radiographs as projections of the body: CR (PS3.3 A.2) and DX for presentation (PS3.3 A.26)."""

from typing import ClassVar, Final

from pydicom.dataset import Dataset

from dicomfabd.domain.order import Code
from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.marks import Marks
from dicomfabd.fabricate.modalities.film import HIGHEST, exposed
from dicomfabd.fabricate.modalities.projections import blurred, shadow
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


class XrayRecipe:
    """Draws a radiograph, computed or digital as the series' modality says; see `Recipe`."""

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
        ds.ViewPosition = series.view
        ds.PatientOrientation = _ORIENTATIONS[series.plane]
        ds.ImagerPixelSpacing = [headers.ds_text(series.pixel_spacing)] * 2
        ds.AcquisitionNumber = series.number
        if series.modality == "CR":
            ds.PlateID = "01"
        else:
            self._add_digital(ds)
        headers.technique(ds, series)
        return ds

    def render(self, index: int) -> Pixels:
        """Draw one image: uint16, shape (rows, columns), 12 bits, dense tissue bright."""
        series = self._series
        rays = shadow(self._bodies, self._plan.body_of(series), series.plane, series.look)
        image = exposed(blurred(rays), series, index)
        self._marks.lay_over(image, index, HIGHEST)
        return image

    def _add_digital(self, ds: Dataset) -> None:
        series = self._series
        ds.ImageType = [*series.image_type, ""]
        ds.PresentationIntentType = "FOR PRESENTATION"
        ds.ImageLaterality = series.side or "U"
        region = self._plan.anatomic_region
        ds.AnatomicRegionSequence = headers.items(*([headers.code_item(region)] if region.is_complete else []))
        if series.view in _VIEW_CODES:
            view = headers.code_item(_VIEW_CODES[series.view])
            view.ViewModifierCodeSequence = headers.items()
            ds.ViewCodeSequence = headers.items(view)
        ds.PixelIntensityRelationship = "LOG"
        ds.PixelIntensityRelationshipSign = 1
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
        ds.PresentationLUTShape = "IDENTITY"
        ds.DetectorType = "DIRECT"
        ds.DetectorID = "D1"
        ds.PositionerType = "NONE"
        ds.AcquisitionContextSequence = headers.items()
        ds.DistanceSourceToDetector = "1800"
        ds.FocalSpots = "1.2"
        ds.EntranceDose = 1
        ds.FilterType = "NONE"
