"""X-Ray Angiographic and Radiofluoroscopic Image Storage (PS3.3 A.14, A.16): runs in which contrast fills the body."""

from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from dicomfabd.domain.study import SeriesPlan, Shot, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.marks import Marks
from dicomfabd.fabricate.modalities.film import HIGHEST, Film, developed
from dicomfabd.fabricate.modalities.projections import Shadow, blurred, resized, shadow
from dicomfabd.fabricate.modalities.recipe import Pixels
from dicomfabd.fabricate.noise import crop

_WHITE: Final = 255
_CONTRAST_BITS: Final = 13
_DARKEST_CONTRAST: Final = 170
_SUBTRACTED_GREY: Final = 150
_FRONT: Final = 6  # how steeply the contrast begins
_TO_THE_CORNERS: Final = 0.71  # of the edge of a square, from its middle
_PER_SECOND: Final = {"xa": 15, "rf": 8}
_ANGLES: Final = {"frontal": ("0", "0"), "lateral": ("90", "0"), "oblique": ("-45", "0"), "top": ("0", "0")}


class RunRecipe:
    """Draws runs, each a multi-frame instance of one shot; see `Recipe`.

    The contrast spreads from where the shot is aimed, reaches everywhere by the middle of the run and fades again.
    """

    bits: ClassVar[int] = 8

    def __init__(self, plan: StudyPlan, series: SeriesPlan, bodies: Bodies) -> None:
        """Prepare the marks."""
        self._plan = plan
        self._series = series
        self._bodies = bodies
        self._marks = Marks(plan, series)
        self._is_subtracted = "SUBTRACTED" in series.image_type or series.key.startswith("dsa")

    def dataset(self) -> Dataset:
        """See `Recipe.dataset`."""
        series = self._series
        ds = headers.image(self._plan, series)
        ds.ImageType = [*series.image_type[:2], "SINGLE PLANE"]
        headers.grey_pixels(ds, series, self.bits)
        headers.cine(ds, series.frames, _PER_SECOND[series.kind])
        ds.PatientOrientation = ""
        ds.AcquisitionNumber = series.number
        ds.PixelIntensityRelationship = "LIN"
        ds.RadiationSetting = "GR"
        ds.ImagerPixelSpacing = [headers.ds_text(series.pixel_spacing)] * 2
        if series.kind == "xa":
            ds.PositionerMotion = "STATIC"
            ds.PositionerPrimaryAngle, ds.PositionerSecondaryAngle = angles(series.shots[0])
            ds.DistanceSourceToDetector = "1100"
            ds.DistanceSourceToPatient = "750"
        headers.technique(ds, series)
        return ds

    def render(self, index: int) -> Pixels:
        """Draw one run: uint8, shape (frames, rows, columns), contrast dark."""
        series, shot = self._series, self._series.shots[index]
        still = np.full((series.rows, series.columns), _SUBTRACTED_GREY, np.int32)
        if not self._is_subtracted:
            rays = self._around(shot, "mu")
            still = _WHITE - developed(rays, Film.of(rays)).astype(np.int32) * _WHITE // (HIGHEST + 1)
        filled = np.clip(self._around(shot, series.look) * _DARKEST_CONTRAST >> _CONTRAST_BITS, 0, _DARKEST_CONTRAST)
        far = self._distance(shot)
        run = np.empty((series.frames, series.rows, series.columns), np.uint8)
        for frame in range(series.frames):
            amount = _filling(frame, series.frames)
            reached = np.clip((amount[0] - far) * _FRONT, 0, amount[1])
            picture = still - (filled * reached >> 8)
            picture += crop(series.noise, series.kernel, series.rows, series.columns, series.seed + index * 512 + frame)
            run[frame] = np.clip(picture, 0, _WHITE)
            self._marks.lay_over(run[frame], index, _WHITE)
        return run

    def _around(self, shot: Shot, look: str) -> Shadow:
        """Give the part of a projection that the detector sees, at its resolution."""
        series, body = self._series, self._plan.body_of(self._series)
        rays = blurred(shadow(self._bodies, body, shot.plane, look))
        across, down = _aim(shot, rays, body.centre, body.voxel_mm)
        edge = max(8, round(series.pixel_spacing * series.rows / body.voxel_mm))
        padded = np.pad(rays, edge, mode="constant")
        top, left = down + edge - edge // 2, across + edge - edge // 2
        return resized(np.ascontiguousarray(padded[top : top + edge, left : left + edge]), series.rows, series.columns)

    def _distance(self, shot: Shot) -> npt.NDArray[np.int32]:
        """Give how far each pixel is from the middle, in 255ths of how far the contrast goes."""
        rows, columns = self._series.rows, self._series.columns
        edge = self._series.pixel_spacing * rows
        reach = shot.depth or edge * _TO_THE_CORNERS
        down = (np.arange(rows) * 2 - rows)[:, None] * round(255 * edge / 2 / reach) // rows
        across = (np.arange(columns) * 2 - columns)[None, :] * round(255 * edge / 2 / reach) // columns
        squared = (down * down + across * across).astype(np.float64)
        return np.sqrt(squared).astype(np.int32)


def angles(shot: Shot) -> tuple[str, str]:
    """Give PositionerPrimaryAngle and PositionerSecondaryAngle of a shot, degrees."""
    return _ANGLES.get(shot.plane, ("0", "0"))


def _aim(shot: Shot, rays: Shadow, centre: tuple[float, float, float], voxel_mm: float) -> tuple[int, int]:
    """Give the column and row of a projection that a shot is aimed at."""
    x, y, z = (place - middle for place, middle in zip(shot.at, centre, strict=True))
    rows, columns = rays.shape
    across = {"lateral": y, "oblique": x + y}.get(shot.plane, x)
    down = y if shot.plane == "top" else -z
    column, row = round(across / voxel_mm + columns / 2), round(down / voxel_mm + rows / 2)
    return min(max(column, 0), columns), min(max(row, 0), rows)


def _filling(frame: int, frames: int) -> tuple[int, int]:
    """Give how far the contrast has come in a frame (255 is where it ends, but for its edge), and how dense it is."""
    if frames == 1:
        return 320, 256
    part = frame * 256 // (frames - 1)
    return min(320, part * 3), min(256, part * 6) if part < 128 else max(40, 256 - (part - 128) * 2)
