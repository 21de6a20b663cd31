"""Ultrasound Image Storage and Ultrasound Multi-frame Image Storage (PS3.3 A.6, A.7): stills and clips of a probe."""

from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from dicomfabd.domain.study import SeriesPlan, Shot, StudyPlan
from dicomfabd.fabricate import headers
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.anatomy.tissues import Tissue
from dicomfabd.fabricate.marks import Marks, text_mask
from dicomfabd.fabricate.modalities.probe import PROBES, Echoes, Fan
from dicomfabd.fabricate.modalities.recipe import Pixels

_PER_SECOND: Final = 25
_WHITE: Final = 255
_SWAY_MM: Final = 6.0
_TOP_MARGIN: Final = 0.09  # of the height: room for the marks
_FLOWS: Final = {Tissue.ARTERY: (230, 40, 30), Tissue.VEIN: (40, 70, 230)}


class UsRecipe:
    """Draws what a probe sees; see `Recipe`."""

    bits: ClassVar[int] = 8

    def __init__(self, plan: StudyPlan, series: SeriesPlan, bodies: Bodies) -> None:
        """Prepare the marks and the probe."""
        self._plan = plan
        self._series = series
        body = plan.body_of(series)
        self._echoes = Echoes(body, bodies.labels(body))
        self._marks = Marks(plan, series)
        self._probe = PROBES[str(series.technique.get("TransducerType", "CURVED LINEAR"))]
        self._fans: dict[float, Fan] = {}

    def dataset(self) -> Dataset:
        """See `Recipe.dataset`."""
        series = self._series
        ds = headers.image(self._plan, series)
        headers.colour_pixels(ds, series)
        if series.kind == "us-clip":
            headers.cine(ds, series.frames, _PER_SECOND)
        ds.PatientOrientation = ""
        fan = self._fan(series.shots[0].depth)
        ds.SequenceOfUltrasoundRegions = headers.items(
            headers.item(
                RegionSpatialFormat=1,
                RegionDataType=1,
                RegionFlags=2,
                RegionLocationMinX0=0,
                RegionLocationMinY0=fan.top,
                RegionLocationMaxX1=series.columns - 1,
                RegionLocationMaxY1=series.rows - 1,
                ReferencePixelX0=series.columns // 2,
                ReferencePixelY0=0,
                PhysicalUnitsXDirection=3,
                PhysicalUnitsYDirection=3,
                PhysicalDeltaX=fan.pitch_mm / 10,
                PhysicalDeltaY=fan.pitch_mm / 10,
            )
        )
        headers.technique(ds, series)
        return ds

    def render(self, index: int) -> Pixels:
        """Draw one still or clip: uint8, shape (rows, columns, 3), for clips with frames before."""
        series, shot = self._series, self._series.shots[index]
        if series.kind == "us":
            return self._picture(shot, index, 0, 0.0)
        sway = [_SWAY_MM * (abs(4 * frame - 2 * series.frames) / series.frames - 1) for frame in range(series.frames)]
        return np.stack([self._picture(shot, index, frame, shift) for frame, shift in enumerate(sway)])

    def _picture(self, shot: Shot, index: int, frame: int, sway_mm: float) -> npt.NDArray[np.uint8]:
        series = self._series
        fan = self._fan(series.shots[0].depth)
        grey, labels = self._echoes.listen(shot, fan, series.seed + index * 512 + frame, sway_mm)
        picture = np.repeat(fan.spread(grey)[:, :, None], 3, 2)
        if series.look == "doppler":
            _colour_flows(picture, fan.spread(labels), fan.box())
        _lay_out(picture, fan, shot.name)
        self._marks.lay_over(picture, index, _WHITE)
        return picture

    def _fan(self, depth_mm: float) -> Fan:
        if depth_mm not in self._fans:
            top = round(self._series.rows * _TOP_MARGIN)
            self._fans[depth_mm] = Fan(self._probe, depth_mm, self._series.rows, self._series.columns, top)
        return self._fans[depth_mm]


def _colour_flows(picture: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8], box: tuple[slice, slice]) -> None:
    inside, where = picture[box], labels[box]
    for tissue, colour in _FLOWS.items():
        inside[where == tissue] = colour
    top, left = box
    picture[top.start, left] = picture[top.stop - 1, left] = _WHITE
    picture[top, left.start] = picture[top, left.stop - 1] = _WHITE


def _lay_out(picture: npt.NDArray[np.uint8], fan: Fan, name: str) -> None:
    """Add what surrounds the picture on a scanner: a grey scale, ticks each centimetre, and what is seen."""
    rows, columns, _ = picture.shape
    scale = max(1, columns // 512)
    bar = (np.arange(rows // 3)[::-1] * _WHITE // (rows // 3)).astype(np.uint8)
    top = rows // 4
    picture[top : top + bar.size, columns - 14 * scale : columns - 8 * scale] = bar[:, None, None]
    for centimetre in range(int(fan.depth_mm / 10) + 1):
        row = fan.top + round(centimetre * 10 / fan.pitch_mm)
        if row < rows:
            width = (6 if centimetre % 5 == 0 else 3) * scale
            picture[row, columns - 24 * scale : columns - 24 * scale + width] = _WHITE
    mask = text_mask((name,), scale)
    row, column = rows - mask.shape[0] - 4, max(0, (columns - mask.shape[1]) // 2)
    picture[row : row + mask.shape[0], column : column + mask.shape[1]][mask[:, : columns - column]] = _WHITE
