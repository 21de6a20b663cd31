"""An ultrasound probe: beams through the body, what they bring back, and how they are laid out on a screen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from dicomfabd.domain.study import BodyPlan, Shot
from dicomfabd.fabricate.anatomy.canvas import Labels
from dicomfabd.fabricate.anatomy.tissues import Tissue, table
from dicomfabd.fabricate.noise import crop

Beams = npt.NDArray[np.uint8]
"""Shape (samples, lines): what each beam brings back, from the skin inwards."""

T = Tissue

_LINES: Final = 256
_SAMPLES: Final = 512
_SPECKLE: Final = 52
_TRANSMITTED: Final = 1024
_LOSSES: Final = {
    Tissue.CORTICAL: 120, Tissue.SPONGY: 60, Tissue.TOOTH: 200, Tissue.CALCIUM: 160, Tissue.GAS: 90, Tissue.LUNG: 40,
    Tissue.STOOL: 12, Tissue.FLUID: 0, Tissue.URINE: 0, Tissue.BILE: 0, Tissue.CSF: 0, Tissue.CYST: 0,
}  # fmt: skip
"""How much of the sound a tissue swallows on each step; the others 1."""


@dataclass(frozen=True)
class Probe:
    """The shape of a probe's field.

    Attributes:
        radius_mm: Of the curved face, 0 for a sector that starts in a point.
        slope: Tangent of half the opening angle; 0 for beams side by side.
        width_mm: Of a flat face.
        unseen: Tissues, each with what shows in its place: whoever holds the probe looks between ribs and past the
            lung.
    """

    radius_mm: float
    slope: float
    width_mm: float = 0.0
    unseen: tuple[tuple[Tissue, Tissue], ...] = ()


_BETWEEN_RIBS: Final = ((T.CORTICAL, T.MUSCLE), (T.SPONGY, T.MUSCLE), (T.MARROW, T.MUSCLE), (T.CARTILAGE, T.MUSCLE))
_PAST_LUNG: Final = ((T.LUNG, T.FAT), (T.PULMONARY, T.FAT), (T.AIRWAY, T.FAT), (T.GAS, T.FAT))
PROBES: Final[Mapping[str, Probe]] = {
    "CURVED LINEAR": Probe(50.0, 0.72, unseen=_BETWEEN_RIBS),
    "SECTOR_PHASED": Probe(4.0, 0.95, unseen=(*_BETWEEN_RIBS, *_PAST_LUNG)),
    "LINEAR": Probe(0.0, 0.0, 46.0),
}
"""TransducerType (PS3.3 C.8.5.6) → shape."""


class Fan:
    """Where the beams of a probe fall on the screen.

    Attributes:
        depth_mm: How deep the picture reaches.
        top: First row of the picture.
        pitch_mm: Of a pixel.
        lateral, deep: Place of each sample, millimetres sideways and below the skin, shape (samples, lines).
    """

    def __init__(self, probe: Probe, depth_mm: float, rows: int, columns: int, top: int) -> None:
        """Lay out the beams on a screen of some size; the picture fills what is below row `top`."""
        self.depth_mm = depth_mm
        self.top = top
        self.unseen = probe.unseen
        self._rows, self._columns = rows, columns
        # The curved face hangs lower in the middle than at its ends.
        sag = probe.radius_mm * (1 - 1 / float(1 + probe.slope * probe.slope) ** 0.5)
        self.pitch_mm = (depth_mm + sag) / (rows - top - 14)
        steps = (np.arange(_SAMPLES, dtype=np.float64) + 0.5)[:, None] * (depth_mm / _SAMPLES)
        spread = (np.arange(_LINES, dtype=np.float64)[None, :] * 2 - _LINES + 1) / _LINES
        x = (np.arange(columns, dtype=np.float64) - (columns - 1) / 2)[None, :] * self.pitch_mm
        y = (np.arange(rows, dtype=np.float64) - top)[:, None] * self.pitch_mm - sag
        if probe.slope:
            slope = spread * probe.slope
            cosine = 1 / np.sqrt(1 + slope * slope)
            reach = steps + probe.radius_mm
            self.lateral, self.deep = reach * slope * cosine, reach * cosine - probe.radius_mm
            height = y + probe.radius_mm
            line = x / np.maximum(height, 1e-6) / probe.slope
            depth = np.sqrt(x * x + height * height) - probe.radius_mm
        else:
            self.lateral, self.deep = spread * (probe.width_mm / 2) + steps * 0, steps + spread * 0
            line, depth = x / (probe.width_mm / 2) + y * 0, y + x * 0
        lines = np.floor((line + 1) / 2 * _LINES).astype(np.intp)
        samples = np.floor(depth / depth_mm * _SAMPLES).astype(np.intp)
        inside = (lines >= 0) & (lines < _LINES) & (samples >= 0) & (samples < _SAMPLES) & (y >= -sag)
        self._pixels = np.flatnonzero(inside)
        self._beams = (samples * _LINES + lines)[inside]

    def spread(self, beams: Beams) -> npt.NDArray[np.uint8]:
        """Lay beams out on the screen; uint8, shape (rows, columns), black outside."""
        screen = np.zeros(self._rows * self._columns, np.uint8)
        screen[self._pixels] = beams.reshape(-1)[self._beams]
        return screen.reshape(self._rows, self._columns)

    def box(self) -> tuple[slice, slice]:
        """Give the rows and columns of the box in which flow is shown."""
        rows, columns = self._rows, self._columns
        return slice(rows * 3 // 10, rows * 7 // 10), slice(columns * 35 // 100, columns * 65 // 100)


class Echoes:
    """What beams through a body bring back."""

    def __init__(self, body: BodyPlan, labels: Labels) -> None:
        """Take the body."""
        self._body = body
        self._labels = labels
        self._table = table("echo")
        losses = np.ones(256, np.int32)
        for tissue, loss in _LOSSES.items():
            losses[tissue] = loss
        self._losses = losses

    def listen(self, shot: Shot, fan: Fan, key: int, sway_mm: float = 0.0) -> tuple[Beams, Beams]:
        """Give the echoes of a shot and the tissues they come from.

        Args:
            shot: Where the probe is put and how it is turned.
            fan: Its field.
            key: Of the speckle.
            sway_mm: How far the probe has slipped to the side.
        """
        tissues = _pressed(_seen(self._cut(shot, fan, sway_mm), fan.unseen))
        echo = self._table[tissues].astype(np.int32)
        # Sound comes back from borders between tissues most of all.
        border = np.abs(np.diff(echo, axis=0, prepend=echo[:1]))
        way = np.cumsum(self._losses[tissues], axis=0, dtype=np.int32)
        left = np.clip(_TRANSMITTED - way, 0, _TRANSMITTED)
        bright = (echo * _speckle(key) * 3 >> 8) + (border >> 2)
        return np.clip(bright * left // _TRANSMITTED, 0, 255).astype(np.uint8), tissues

    def _cut(self, shot: Shot, fan: Fan, sway_mm: float) -> Beams:
        """Give the tissue at each sample of each beam; beams start at the skin."""
        side, inwards = {"axial": (0, 1), "sagittal": (2, 1), "coronal": (2, 0)}[shot.plane]
        at = [place - middle for place, middle in zip(shot.at, self._body.centre, strict=True)]
        voxels = [self._voxel(place, axis) for axis, place in enumerate(at)]
        from_left = inwards == 0 and at[0] > 0
        skin = self._skin(voxels, inwards, from_far_side=from_left)
        stature = self._body.stature
        mm = self._body.voxel_mm
        direction = -1 if from_left else 1
        # The head is to the left of a lengthwise picture, the patient's right of a crosswise one.
        sideways = (1 if side == 0 else -1) * (fan.lateral + sway_mm) / (stature[side] * mm)
        index: list[npt.NDArray[np.intp] | int] = [0, 0, 0]
        for axis in range(3):
            if axis == side:
                index[axis] = np.floor(voxels[axis] + sideways + 0.5).astype(np.intp)
            elif axis == inwards:
                index[axis] = np.floor(skin + direction * fan.deep / (stature[axis] * mm) + 0.5).astype(np.intp)
            else:
                index[axis] = min(max(round(voxels[axis]), 0), self._labels.shape[2 - axis] - 1)
        inside = np.ones(fan.deep.shape, bool)
        for axis in (side, inwards):
            size = self._labels.shape[2 - axis]
            inside &= (index[axis] >= 0) & (index[axis] < size)
            index[axis] = np.clip(index[axis], 0, size - 1)
        cut: Beams = self._labels[index[2], index[1], index[0]]
        cut[~inside] = Tissue.AIR
        return cut

    def _voxel(self, place: float, axis: int) -> float:
        return place / self._body.voxel_mm + float(self._labels.shape[2 - axis] - 1) / 2

    def _skin(self, voxels: list[float], inwards: int, *, from_far_side: bool) -> int:
        """Give the first voxel of the body on the way in from the probe."""
        line = [min(max(round(place), 0), self._labels.shape[2 - axis] - 1) for axis, place in enumerate(voxels)]
        beam = self._labels[line[2], :, line[0]] if inwards == 1 else self._labels[line[2], line[1], :]
        flesh = np.flatnonzero(beam)
        if not flesh.size:
            return 0
        return int(flesh[-1] if from_far_side else flesh[0])


def _speckle(key: int) -> npt.NDArray[np.int32]:
    """Give the grain of an ultrasound picture, 128 on average: finer along the beams than across them."""
    grain = np.abs(crop(_SPECKLE, "soft", _SAMPLES, _LINES // 2, key).astype(np.int32))
    grain += np.abs(crop(_SPECKLE, "sharp", _SAMPLES, _LINES // 2, key + 1_000_003))
    wide = np.repeat(grain, 2, 1)
    wide[:, 1:-1] = (wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]) >> 2
    return wide + 44


def _seen(tissues: Beams, unseen: tuple[tuple[Tissue, Tissue], ...]) -> Beams:
    shown = np.arange(256, dtype=np.uint8)
    for tissue, instead in unseen:
        shown[tissue] = instead
    return np.take(shown, tissues)


def _pressed(tissues: Beams) -> Beams:
    """Begin every beam at the skin, which gives way to the face of the probe."""
    first = np.argmax(tissues != Tissue.AIR, axis=0)
    depth = np.minimum(np.arange(_SAMPLES)[:, None] + first[None, :], _SAMPLES - 1)
    return np.take_along_axis(tissues, depth, 0)
