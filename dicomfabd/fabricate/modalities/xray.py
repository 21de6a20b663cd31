"""Radiographs as projections of the body: CR (PS3.3 A.2) and DX for presentation (PS3.3 A.26)."""

from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation

from dicomfabd.domain.order import Code
from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.anatomy.tissues import table
from dicomfabd.fabricate.marks import Marks
from dicomfabd.fabricate.modalities.recipe import Pixels
from dicomfabd.fabricate.modalities.sections import body_of, project
from dicomfabd.fabricate.noise import crop

_HIGHEST: Final = 4095
_DARKEST: Final = 350  # of the body; the air around it is black
_TONES: Final = 1 << 16
_VIEW_CODES: Final = {
    "PA": Code("399348003", "postero-anterior", "SCT"),
    "AP": Code("399352003", "antero-posterior", "SCT"),
    "LL": Code("399173006", "left lateral", "SCT"),
}


class CrRecipe:
    """Draws a computed radiograph; see `Recipe`."""

    sop_class_uid: ClassVar[str] = str(ComputedRadiographyImageStorage)
    pixel_vr: ClassVar[str] = "OW"

    def __init__(self, plan: StudyPlan, series: SeriesPlan) -> None:
        """Prepare the marks."""
        self._plan = plan
        self._series = series
        self._marks = Marks(plan, series)

    def dataset(self) -> Dataset:
        """See `Recipe.dataset`."""
        series = self._series
        ds = self._shared()
        ds.PlateID = "01"
        headers.technique(ds, series)
        return ds

    def render(self, index: int) -> Pixels:
        """Draw one image: uint16, shape (rows, columns), 12 bits, dense tissue bright."""
        series = self._series
        pixels = _film(self._plan, series)
        pixels += crop(series.noise, series.rows, series.columns, series.seed + index)
        np.clip(pixels, 0, _HIGHEST, out=pixels)
        image = pixels.astype(np.uint16)
        self._marks.lay_over(image, index, _HIGHEST)
        return image

    def _shared(self) -> Dataset:
        series = self._series
        ds = headers.common(self._plan, series, self.sop_class_uid)
        headers.image_pixel(ds, series, bits=12, is_signed=False)
        ds.ViewPosition = series.view
        ds.PatientOrientation = ["P", "F"] if series.look == "lateral" else ["L", "F"]
        ds.ImagerPixelSpacing = [headers.ds_text(series.pixel_spacing)] * 2
        ds.AcquisitionNumber = series.number
        return ds


class DxRecipe(CrRecipe):
    """Draws a digital radiograph for presentation; the picture is that of CR."""

    sop_class_uid: ClassVar[str] = str(DigitalXRayImageStorageForPresentation)

    def dataset(self) -> Dataset:
        """See `Recipe.dataset`."""
        series = self._series
        ds = self._shared()
        ds.ImageType = [*series.image_type, ""]
        ds.PresentationIntentType = "FOR PRESENTATION"
        ds.ImageLaterality = self._plan.laterality or "U"
        region = self._plan.anatomic_region
        ds.AnatomicRegionSequence = Sequence([headers.code_item(region)] if region.is_complete else [])
        view = headers.code_item(_VIEW_CODES[series.view])
        view.ViewModifierCodeSequence = Sequence([])
        ds.ViewCodeSequence = Sequence([view])
        ds.PixelIntensityRelationship = "LOG"
        ds.PixelIntensityRelationshipSign = 1
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
        ds.PresentationLUTShape = "IDENTITY"
        ds.DetectorType = "DIRECT"
        ds.DetectorID = "D1"
        ds.PositionerType = "NONE"
        ds.AcquisitionContextSequence = Sequence([])
        ds.DistanceSourceToDetector = "1800"
        ds.FocalSpots = "1.2"
        ds.EntranceDose = 1
        ds.FilterType = "NONE"
        headers.technique(ds, series)
        return ds


def _film(plan: StudyPlan, series: SeriesPlan) -> npt.NDArray[np.int32]:
    """Project the body on the detector and give it the tone of a film, 0-4095.

    Film density follows attenuation in a curve that is steep for thin parts and flat for thick ones; n/(n+k) is one
    without transcendental functions, so that it is the same on every machine.
    """
    axis = 2 if series.look == "lateral" else 1
    thickness = project(body_of(plan), table("mu"), axis)[::-1]
    enlarged = _enlarge(thickness, series.rows, series.columns).astype(np.int64)
    body = np.sort(enlarged[enlarged > 0])
    if not body.size:
        return enlarged.astype(np.int32)
    toned = enlarged * _TONES // (enlarged + body[body.size // 2])
    thin, thick = (
        int(value) * _TONES // int(value + body[body.size // 2])
        for value in body[[len(body) // 25, -(len(body) // 300 + 1)]]
    )
    film = _DARKEST + (toned - thin) * (_HIGHEST - _DARKEST - 150) // max(1, thick - thin)
    return np.clip(np.where(enlarged > 0, film, 0), 0, _HIGHEST).astype(np.int32)


def _enlarge(image: npt.NDArray[np.int32], rows: int, columns: int) -> npt.NDArray[np.int32]:
    """Resize by linear interpolation in 1/256 steps, all in integers."""
    for axis, count in ((0, rows), (1, columns)):
        size = image.shape[axis]
        places = np.arange(count, dtype=np.int64) * (size - 1) * 256 // max(1, count - 1)
        index = np.minimum(places >> 8, size - 2)
        weight = (places - (index << 8)).reshape((-1, 1) if axis == 0 else (1, -1))
        low = np.take(image, index, axis).astype(np.int64)
        high = np.take(image, index + 1, axis)
        image = (low + ((high - low) * weight >> 8)).astype(np.int32)
    return image
