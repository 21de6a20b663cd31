"""What radiographs and mammograms share: their preparation, and the attributes of digital images for presentation."""

from typing import ClassVar

from pydicom.dataset import Dataset

from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.marks import Marks


class Radiograph:
    """One projection on a detector; recipes say which and how it is developed."""

    bits: ClassVar[int] = 12

    def __init__(self, plan: StudyPlan, series: SeriesPlan, bodies: Bodies) -> None:
        """Prepare the marks."""
        self._plan = plan
        self._series = series
        self._bodies = bodies
        self._marks = Marks(plan, series)

    def _common(self) -> Dataset:
        series = self._series
        ds = headers.image(self._plan, series)
        headers.grey_pixels(ds, series, self.bits)
        ds.ViewPosition = series.view
        ds.ImagerPixelSpacing = [headers.ds_text(series.pixel_spacing)] * 2
        ds.AcquisitionNumber = series.number
        return ds

    def _add_digital(self, ds: Dataset, region: Dataset | None, view: Dataset | None) -> None:
        """Add the DX modules (PS3.3 C.8.11.1 to C.8.11.5) for presentation.

        Args:
            ds: The image.
            region: Code item of what is shown, if it has a code.
            view: Code item of the view, if it has one.
        """
        series = self._series
        ds.ImageType = [*series.image_type, ""]
        ds.PresentationIntentType = "FOR PRESENTATION"
        ds.ImageLaterality = series.side or "U"
        ds.AnatomicRegionSequence = headers.items(*([region] if region else []))
        if view is not None:
            view.ViewModifierCodeSequence = headers.items()
            ds.ViewCodeSequence = headers.items(view)
        ds.PixelIntensityRelationship = "LOG"
        ds.PixelIntensityRelationshipSign = 1
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
        ds.PresentationLUTShape = "IDENTITY"
        ds.DetectorType = "DIRECT"
        ds.DetectorID = "D1"
        ds.AcquisitionContextSequence = headers.items()
        ds.EntranceDose = 1
