"""Radiographs as projections of the body: CR (PS3.3 A.2) and DX for presentation (PS3.3 A.26)."""

from functools import lru_cache
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation

from dicomfabd.domain.order import Code
from dicomfabd.domain.study import SeriesPlan, StudyPlan, Vector
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.anatomy.bodies import build_body
from dicomfabd.fabricate.anatomy.tissues import table
from dicomfabd.fabricate.marks import Marks
from dicomfabd.fabricate.modalities.recipe import Pixels
from dicomfabd.fabricate.modalities.sections import project, variant_of
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
    shadow, typical, thin, thick = _shadow(plan.region, plan.extent, plan.voxel_mm, variant_of(plan), series.look)
    enlarged = _enlarge(shadow, series.rows, series.columns)
    film = _tone(enlarged, typical)
    film -= thin
    film *= _HIGHEST - _DARKEST - 150
    film //= max(1, thick - thin)
    film += _DARKEST
    film[enlarged <= 0] = 0
    return np.clip(film, 0, _HIGHEST).astype(np.int32)


@lru_cache(maxsize=12)
def _shadow(
    region: str, extent: Vector, voxel_mm: float, variant: int, look: str
) -> tuple[npt.NDArray[np.int32], int, int, int]:
    """Project a body, head up, and measure it: typical thickness, and the tones of its thin and its thick parts."""
    body = build_body(region, extent, voxel_mm, variant)
    shadow = np.ascontiguousarray(project(body, table("mu"), 2 if look == "lateral" else 1)[::-1])
    inside = np.sort(shadow[shadow > 0])
    typical = int(inside[inside.size // 2])
    tones = _tone(inside, typical)
    return shadow, typical, int(tones[tones.size // 25]), int(tones[-(tones.size // 300 + 1)])


def _tone(thickness: npt.NDArray[np.int32], typical: int) -> npt.NDArray[np.int64]:
    """Give n/(n+k) in 1/65536."""
    return thickness.astype(np.int64) * _TONES // (thickness + typical)


def _enlarge(image: npt.NDArray[np.int32], rows: int, columns: int) -> npt.NDArray[np.int32]:
    """Resize by linear interpolation in 1/256 steps, all in integers."""
    for axis, count in ((1, columns), (0, rows)):
        size = image.shape[axis]
        places = np.arange(count, dtype=np.int64) * (size - 1) * 256 // max(1, count - 1)
        index = np.minimum(places >> 8, size - 2)
        weight = (places - (index << 8)).astype(np.int32).reshape((-1, 1) if axis == 0 else (1, -1))
        low = np.take(image, index, axis)
        step = np.take(image, index + 1, axis)
        step -= low
        step *= weight
        step >>= 8
        low += step
        image = low
    return image
