"""A pregnant womb with its child, as a probe on the belly sees it; origin in the middle of the womb."""

from typing import Final

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.bones import Egg
from dicomfabd.fabricate.anatomy.build import Build
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.fetus import NAVEL, paint_fetus
from dicomfabd.fabricate.anatomy.shapes import curve
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_HEAD: Final[Vector] = (-14, 8, 70)
"""The middle of the child's head; it lies with the head up and looks to the front."""

_GROWN: Final = 1.1
"""How much larger this child is than the one that is painted: two weeks older."""

_WOMB: Final = Egg((0, 8, 0), (94, 78, 124))
_WATER: Final = Egg((0, 8, 0), (86, 70, 116))
_CAKE: Final = Egg((78, -2, 14), (50, 66, 74))
_ROUND: Final = (
    (1.0, 0.0), (0.7, 0.7), (0.0, 1.0), (-0.7, 0.7), (-1.0, 0.0), (-0.7, -0.7), (0.0, -1.0), (0.7, -0.7),
)  # fmt: skip


def paint_pregnancy(c: Canvas, build: Build) -> None:
    """Paint a belly in the middle of a pregnancy, of some 24 weeks."""
    _paint_belly(c, build)
    _paint_womb(c)
    part = 1 / _GROWN
    paint_fetus(c.moved(_HEAD).stretched((part, part, part)))
    _paint_cord(c)


def _paint_belly(c: Canvas, build: Build) -> None:
    """Paint the wall of the belly, and fat, bowel and spine behind it."""
    fat_mm = np.float32(6 + 0.75 * build.fat_mm)
    for slab in c.slabs():
        flesh = Egg((0, 30, 0), (150, 119, 260)).depth(slab) + slab.texture(40.0, 31)
        slab.paint(flesh > -fat_mm - 2, T.SKIN)
        slab.paint(flesh > -fat_mm, T.FAT)
        # The fat is parted by thin sheets along the skin.
        sheets = np.abs(slab.texture(14.0, 32) + (flesh + fat_mm) * np.float32(0.05))
        slab.paint((flesh > -fat_mm + 3) & (flesh < -2) & (sheets < 0.035), T.SOFT, (T.FAT,))
        slab.paint(flesh > 0, T.TENDON, (T.FAT,))
        straight = (flesh > 0.8) & (flesh < 8.0) & (np.abs(slab.x) > 5)
        slab.paint((flesh > 0.8) & (flesh < 8.0), T.TENDON)
        slab.paint(straight, T.MUSCLE)
        slab.paint(flesh > 8.6, T.FAT)
        coils = slab.texture(26.0, 33)
        behind = (flesh > 10) & (slab.y > -20)
        slab.paint(behind & (coils > 0.05), T.GUT, (T.FAT,))
        slab.paint(behind & (coils > 0.25), T.CHYME, (T.GUT,))
    c.cylinder((0, 122, 0), (23, 18, 400), T.CORTICAL, (T.FAT, T.GUT, T.CHYME, T.MUSCLE))
    c.path([(8, 98, -200), (8, 98, 200)], 8, T.ARTERY, (T.FAT, T.GUT, T.CHYME))
    c.path([(-14, 98, -200), (-14, 98, 200)], 10, T.VEIN, (T.FAT, T.GUT, T.CHYME))


def _paint_womb(c: Canvas) -> None:
    """Paint the wall, the water in it and the cake on the mother's left, in front."""
    for slab in c.box((-110, -90, -130), (110, 110, 130)).slabs():
        wall = _WOMB.depth(slab) + slab.texture(48.0, 34)
        water = _WATER.depth(slab) + slab.texture(48.0, 34)
        slab.paint(wall > -1.2, T.FAT)
        slab.paint(wall > 0, T.UTERUS)
        slab.paint((wall > 0) & (wall < 6) & (slab.texture(7.0, 35) > 0.42), T.VEIN, (T.UTERUS,))
        slab.paint(water > 0, T.FLUID)
        cake = _CAKE.depth(slab) + slab.texture(16.0, 36) * np.float32(1.2)
        slab.paint((cake > 0) & (water > 0), T.PLACENTA, (T.FLUID,))
        slab.paint((cake > 3) & (slab.texture(6.0, 37) > 0.5), T.VEIN, (T.PLACENTA,))
        slab.paint((cake > 0) & (cake < 0.9) & (water > 0), T.SOFT, (T.PLACENTA,))


def _paint_cord(c: Canvas) -> None:
    """Paint the cord from the navel to the cake: a vein with two arteries wound around it."""
    x, y, z = (a + _GROWN * b for a, b in zip(_HEAD, NAVEL, strict=True))
    line = curve(
        [
            (x, y, z),
            (x + 6, y - 14, z - 14),
            (x + 30, y - 16, z - 30),
            (x + 46, y + 4, z - 22),
            (58, -6, -10),
            (64, -4, 6),
        ],
        10,
    )
    place = (T.FLUID, T.SOFT)
    c.path(line, 6.4, T.SOFT, (T.FLUID,))
    for start in (0, 4):
        wound = []
        for step, (px, py, pz) in enumerate(line):
            across, up = _ROUND[(step + start) % 8]
            wound.append((px + 3.6 * across, py + 2.0 * up, pz + 3.6 * up))
        c.path(wound, 1.5, T.ARTERY, place)
    c.path(line, 2.7, T.VEIN, place)
