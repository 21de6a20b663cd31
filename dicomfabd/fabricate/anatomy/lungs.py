"""Lungs, the diaphragm below them, and the vessels and airways in them."""

from typing import Final

import numpy as np
import numpy.typing as npt

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.figure import Figure
from dicomfabd.fabricate.anatomy.shapes import smooth_min
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_BOX: Final[tuple[Vector, Vector]] = ((-160, -130, -180), (160, 130, 150))


def paint_lungs(c: Canvas, figure: Figure) -> None:
    """Fill the cavity above the diaphragm with lung, right through the middle: the mediastinum is laid over it."""
    box = c.box(*_BOX)
    if not box.labels.size:
        return
    fissures = _Fissures(box)
    for slab in box.slabs(4):
        wall = figure.cavity.depth(slab) - np.float32(1.8)
        below = figure.under_diaphragm(slab)
        inside = smooth_min(wall, np.float32(137) - slab.z, 22)
        slab.paint((inside > 0) & (below < 0), T.LUNG, (T.FAT,))
        slab.paint((wall > -2) & (below >= 0) & (below < 3), T.MUSCLE, (T.FAT,))
        slab.paint(fissures.cut(slab), T.AIRWAY, (T.LUNG,))


class _Fissures:
    """The clefts between the lobes: one slanting on each side, one level on the right."""

    def __init__(self, c: Canvas) -> None:
        # They are heights over the plane of x and y: one layer of texture does for all.
        sheet = Canvas(c.labels[:1], (c.x.ravel(), c.y.ravel(), np.zeros(1, np.float32)), c.voxel_mm)
        x = np.abs(sheet.x)
        self._oblique = sheet.y * np.float32(0.95) - 22 - x * np.float32(0.12) + sheet.texture(55, 21) * 9
        self._level = 2 - x * np.float32(0.08) + sheet.texture(60, 22) * 8
        # Thinner than a voxel: here and there a fissure is too thin to see.
        self._is_seen = sheet.texture(2.5, 23) > 0.05

    def cut(self, c: Canvas) -> npt.NDArray[np.bool_]:
        """Say which voxels they cut."""
        apart = c.z - self._oblique
        level = (np.abs(c.z - self._level) < 0.36) & (c.x < 0) & (apart > 0)
        found: npt.NDArray[np.bool_] = ((np.abs(apart) < 0.5) | level) & self._is_seen
        return found
