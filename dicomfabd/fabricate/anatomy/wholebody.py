"""The whole of a standing person, coarse, arms at the side; origin in the middle."""

from typing import Final

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.bones import Egg, Piece, Rod, union
from dicomfabd.fabricate.anatomy.build import Build
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.head import paint_head
from dicomfabd.fabricate.anatomy.limbs import paint_whole_arm, paint_whole_leg
from dicomfabd.fabricate.anatomy.shapes import curve
from dicomfabd.fabricate.anatomy.tissues import Tissue
from dicomfabd.fabricate.anatomy.torso import paint_torso

T = Tissue

_SCALE: Final = 1.043
"""How much larger the parts are than in their atlases, so that the person is 1.80 m tall."""

# From the middle of the chest, which is the origin of the torso.
_MIDDLE: Final[Vector] = (0, 0, 445)
_HEAD: Final[Vector] = (0, 5, 320.5)
_KNEE: Final[Vector] = (-90, 2, -837)
_ELBOW: Final[Vector] = (-172, 16, -173)
_CHIN_MM: Final = 176.0
_CROTCH_MM: Final = -494.0

_FLESH: Final = (T.MUSCLE, T.FAT, T.SKIN)
_BONES: Final = (T.CORTICAL, T.SPONGY, T.MARROW, T.CARTILAGE)
# The outline of the shoulders with the arms down, on the right; the torso's own arms are raised.
_SHOULDERS: Final[tuple[Piece, ...]] = (
    Rod(((0, 24, 260), (0, 22, 180), (0, 24, 130)), (60, 60, 74)),
    Rod(((-20, 34, 190), (-84, 34, 146), (-150, 26, 128)), (40, 38, 34)),
    Egg((-168, 18, 114), (42, 42, 52)),
    Rod(((-172, 16, 110), (-176, 16, 40)), (45, 46)),
    Rod(((-60, -40, 70), (-130, -14, 100)), (56, 40)),
    Rod(((-50, -14, 108), (-130, 6, 112)), (52, 42)),
    Egg((0, 16, 80), (146, 100, 104), boxy=0.5),
)


def paint_wholebody(c: Canvas, build: Build) -> None:
    """Paint a person from head to toe."""
    part = 1 / _SCALE
    person = c.stretched((part, part, part)).moved(_MIDDLE)
    sides = (person, person.mirrored())
    for side in sides:
        paint_whole_leg(side.box((-300, -400, -1400), (0, 300, _CROTCH_MM + 6)).moved(_KNEE), build)
    paint_torso(person.box((-300, -300, _CROTCH_MM), (300, 300, _CHIN_MM)), build)
    for side in sides:
        _lower_shoulder(side.box((-300, -300, 20), (0, 300, 400)), build)
    paint_head(person.moved(_HEAD).box((-150, -300, _CHIN_MM - _HEAD[2]), (150, 300, 300)), build)
    person.path(curve([(0, -16, 172), (0, -24, 150), (-1, -30, 128)]), 8.0, T.GAS, (*_FLESH, T.AIRWAY))
    for side in sides:
        _paint_hanging_arm(side.box((-330, -300, -800), (0, 300, 180)), build)


def _lower_shoulder(c: Canvas, build: Build) -> None:
    """Take away the raised arm of the torso and round off what is left."""
    if not c.labels.size:
        return
    fat_mm = np.float32(3 + 0.45 * build.fat_mm)
    depth = union(c, _SHOULDERS, 20.0, 400.0) + fat_mm
    raised = ((c.z > 70) & (c.x < -100)) | ((c.z > 125) & (c.x < -45))
    c.paint((depth < 0) & raised, T.AIR)
    c.paint(depth > 0, T.FAT, (T.AIR,))
    c.paint((c.z > 60) & (c.x < -138) & ~((c.z < 150) & (c.x > -150)), T.MUSCLE, _BONES)
    outer = raised & (c.x < -50)
    c.paint(outer & (depth > 0) & (depth < 3.5), T.SKIN, (T.FAT, T.MUSCLE))
    c.paint(outer & (depth > 3.5) & (depth < fat_mm), T.FAT, (T.MUSCLE, T.SKIN))
    c.paint((depth > fat_mm) & (c.x < -40), T.MUSCLE, (T.FAT, T.SKIN))


def _paint_hanging_arm(c: Canvas, build: Build) -> None:
    """Paint the right arm, led away from the hip."""
    if not c.labels.size:
        return
    x, y, z = c.x.ravel(), c.y.ravel(), c.z.ravel()
    arm = Canvas(np.zeros(c.labels.shape, np.uint8), (x, y, z), c.voxel_mm)
    paint_whole_arm(arm.moved(_ELBOW), build)
    pitch = (float(x[-1]) - float(x[0])) / max(1, x.size - 1)
    away = (0.14 if build.habitus == "large" else 0.1) * 297
    for body, limb, height in zip(c.labels, arm.labels, z.tolist(), strict=True):
        share = min(1.0, max(0.0, (124 - height) / 297))
        columns = int(away * share / pitch + 0.5)
        shifted = np.zeros_like(limb)
        shifted[:, : limb.shape[1] - columns] = limb[:, columns:]
        bone = np.isin(shifted, _BONES)
        takes = (shifted > 0) & ((body == T.AIR) | (bone & (height > -60)))
        body[takes] = shifted[takes]
