"""A child of some 22 weeks, upright, looking to the front; origin in the middle of its head."""

from typing import Final

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.bones import Egg, Piece, Rod, union
from dicomfabd.fabricate.anatomy.canvas import Canvas, Field
from dicomfabd.fabricate.anatomy.shapes import Profile, between, curve
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

NAVEL: Final[Vector] = (0, -21, -108)

_SKULL: Final = Egg((0, 0, 2), (27, 35, 28))
_BODY: Final[tuple[Piece, ...]] = (
    Egg((0, 0, 2), (28.5, 36.5, 29.5)),
    Egg((0, -16, -17), (20, 20, 20)),
    Rod(((0, 6, -18), (0, 11, -44)), (15, 16)),
    Egg((0, 8, -66), (25, 23, 32)),
    Egg((0, 6, -96), (27, 26.5, 28)),
    Egg((0, 10, -122), (20, 18, 19)),
)
_FACE: Final[tuple[Piece, ...]] = (
    Rod(((0, -33, -9), (0, -40, -16)), (4.0, 4.4)),
    Rod(((-4, -37, -18), (4, -37, -18)), (3.4, 3.4)),
    Rod(((-5, -36.2, -23.6), (5, -36.2, -23.6)), (3.0, 3.0)),
    Rod(((-4.5, -35.4, -28.6), (4.5, -35.4, -28.6)), (2.9, 2.9)),
    Egg((0, -30.5, -35), (9, 7, 6)),
    Egg((11, -24, -24), (10, 11, 11)),
    Egg((-11, -24, -24), (10, 11, 11)),
)
_BACK: Final = Profile((-18, 18), (-45, 24), (-75, 27.5), (-105, 26), (-136, 21))
"""y of the middle of the spinal canal."""

_LIMBS: Final = (
    # The two ends of a bone, its radius, and that of the flesh around it.
    ((14, 1, -131), (22, -26, -104), 1.7, 8.0),
    ((22, -27, -103), (17, -30, -138), 1.4, 6.0),
    ((25, -27, -104), (20, -27, -137), 1.0, 5.0),
    ((-14, 1, -131), (-21, -27, -106), 1.7, 8.0),
    ((-21, -28, -105), (-9, -33, -137), 1.4, 6.0),
    ((-24, -27, -106), (-12, -30, -137), 1.0, 5.0),
    ((23, 6, -48), (31, -4, -80), 1.6, 6.5),
    ((31, -5, -80), (20, -32, -64), 1.2, 5.0),
    ((29, -8, -82), (17, -33, -67), 1.0, 4.6),
    ((-23, 6, -48), (-31, -2, -81), 1.6, 6.5),
    ((-31, -3, -81), (-18, -30, -68), 1.2, 5.0),
    ((-29, -6, -83), (-16, -30, -71), 1.0, 4.6),
)
_WATERY: Final = (T.FLUID, T.SOFT)


def paint_fetus(c: Canvas) -> None:
    """Paint a child in the water around it."""
    child = c.box((-60, -60, -170), (60, 60, 50))
    if not child.labels.size:
        return
    _paint_flesh(child)
    _paint_limbs(child)
    _paint_head(child)
    _paint_face(child)
    _paint_chest(child)
    _paint_belly(child)
    _paint_spine(child)


def _paint_flesh(c: Canvas) -> None:
    depth: Field = union(c, _BODY, 8.0, 30.0)
    depth = np.maximum(depth, union(c, _FACE, 2.5, 30.0))
    c.paint(depth > 0, T.SKIN, _WATERY)
    c.paint(depth > 1.0, T.FETUS, (T.SKIN,))
    trunk = union(c, _BODY[3:], 8.0, 30.0)
    c.paint((trunk > 1.0) & (trunk < 3.2) & (c.z < -40), T.MUSCLE, (T.FETUS,))
    # The mouth, a little open.
    c.ellipsoid((0, -36, -26.2), (6, 5, 0.8), T.FLUID, (T.SKIN, T.FETUS))


def _paint_limbs(c: Canvas) -> None:
    for start, end, _, flesh in _LIMBS:
        c.tube(start, end, flesh, T.SKIN, (*_WATERY, T.FETUS))
        c.tube(start, end, flesh - 1.0, T.MUSCLE, (T.SKIN, T.FETUS))
    for wrist, tips in (((18, -33, -63), (9, -38, -52)), ((-17, -31, -68), (-9, -38, -60))):
        for finger in range(4):
            apart = finger * 2.6 - 4
            c.path(
                [
                    wrist,
                    (tips[0] + apart * 0.6, tips[1], tips[2] + apart * 0.5),
                    (tips[0] + apart, tips[1] + 3, tips[2] + 9),
                ],
                [3.6, 2.2, 1.4],
                T.SKIN,
                _WATERY,
            )
    for ankle, toe in (((17, -30, -138), (19, -45, -144)), ((-9, -33, -137), (-8, -48, -141))):
        c.path([(ankle[0], ankle[1] + 5, ankle[2] - 4), toe], [5, 4], T.SKIN, _WATERY)
        c.path([(ankle[0], ankle[1] + 5, ankle[2] - 4), toe], [4, 3], T.FETUS, (T.SKIN,))
    for start, end, bone, _ in _LIMBS:
        c.tube(between(start, end, 0.04), between(start, end, 0.96), bone, T.CORTICAL)


def _paint_head(c: Canvas) -> None:
    """Paint the skull and the brain in it, with what is measured and looked for at this age."""
    head = c.box((-40, -45, -35), (40, 45, 40))
    for slab in head.slabs():
        depth = _SKULL.depth(slab)
        inside = depth > 0.9
        shell = (depth > 0) & ~inside & (slab.z > -20)
        slab.paint(shell, T.CORTICAL)
        # So young a skull lets most of the sound through; real bone would hide the brain from the probe.
        slab.paint(shell & (slab.y < 8), T.DURA)
        slab.paint(inside, T.WHITE)
        slab.paint((depth > 0.9) & (depth < 2.6), T.CSF)
        slab.paint((depth > 2.6) & (depth < 4.2) & (slab.texture(5.0, 41) > -0.1), T.GREY)
        slab.paint(inside & (np.abs(slab.x) < 0.7) & (slab.z > -10), T.DURA)
    brain = (T.WHITE, T.GREY, T.DURA)
    head.ellipsoid((0, -14, 5), (2.6, 5.5, 3), T.CSF, brain)
    for x in (-3.2, 3.2):
        head.ellipsoid((x, -14, 5), (0.6, 5.5, 3), T.DURA, (*brain, T.CSF))
    for half in (head, head.mirrored()):
        half.ellipsoid((5.2, -1, 2), (4.6, 8, 6), T.GREY, (T.WHITE,))
        half.path(
            curve([(6, -16, 8), (9, -2, 10), (12, 12, 8), (11, 19, 5)]), [2.2] * 5 + [2.6] * 4 + [3.4] * 4, T.CSF, brain
        )
        half.ellipsoid((10.6, 7, 9), (2.0, 8, 2.6), T.MUCOSA, (T.CSF,))
        half.ellipsoid((8.5, 18, -10), (8, 6, 6.5), T.DURA, (T.WHITE, T.CSF))
        half.ellipsoid((8.5, 18, -10), (7.2, 5.2, 5.7), T.GREY, (T.DURA,))
    head.ellipsoid((0, 18, -10), (3, 4, 5), T.MUCOSA, (T.DURA, T.WHITE))
    head.ellipsoid((0, 27, -12), (12, 4.5, 6), T.CSF, (T.WHITE, T.GREY))


def _paint_face(c: Canvas) -> None:
    soft = (T.FETUS, T.SKIN)
    c.path([(0, -34.5, -7), (0, -38.5, -12)], 0.9, T.CORTICAL, soft)
    for half in (c, c.mirrored()):
        half.ellipsoid((12.5, -25, -8), (7, 7, 7), T.CORTICAL, soft)
        half.ellipsoid((12.5, -26, -8), (6.4, 6.6, 6.4), T.EYE, (T.CORTICAL, *soft))
        half.ellipsoid((13, -30, -8), (2.2, 1.4, 2.2), T.DURA, (T.EYE,))
        half.path([(0, -32, -20.5), (8, -29, -20.5), (14, -18, -19)], 1.0, T.CORTICAL, soft)
        half.path([(0, -31, -32), (8, -27, -31), (16, -10, -26)], 1.0, T.CORTICAL, soft)
        half.path([(27.5, 2, -8), (30, 5, -4), (28.5, 6, -13)], 1.6, T.SKIN, _WATERY)
    c.path([(0, -24, -26), (0, -14, -26)], 3.0, T.MUSCLE, (T.FETUS,))
    c.path([(0, -6, -28), (0, 0, -50)], 1.6, T.FLUID, (T.FETUS,))


def _paint_chest(c: Canvas) -> None:
    """Paint ribs, and the heart as it is cut across: tip to the left and the front."""
    for number in range(11):
        z = -44.0 - 4.6 * number
        wide = 22.6 - 0.09 * (number - 7) ** 2
        ring = [(3, 23, z), (14, 24, z - 1), (wide, 12, z - 3), (wide, 0, z - 6), (16, -10, z - 8)]
        for half in (c, c.mirrored()):
            half.path(
                curve([(float(x), float(y), zz) for x, y, zz in ring[: 4 + (number < 8)]]),
                0.75,
                T.CORTICAL,
                (T.MUSCLE, T.FETUS),
            )
    for side in (7, -7):
        c.path([(side, -9, -50), (side * 3.2, -3, -46)], 0.8, T.CORTICAL, (T.FETUS, T.MUSCLE, T.SKIN))
    c.ellipsoid((3, -2, -66), (12, 14, 12), T.HEART, (T.FETUS,), turn=("z", 0.7))
    for x, y, wide, tissue in (
        (6.5, -4.5, 3.2, T.LEFT_HEART), (3.6, 4.6, 4.0, T.LEFT_HEART),
        (0.2, -8.6, 3.4, T.RIGHT_HEART), (-3.6, 0.6, 4.0, T.RIGHT_HEART),
    ):  # fmt: skip
        c.ellipsoid((x, y, -66), (wide, 5.6 if y < -2 else 4.0, 7), tissue, (T.HEART,), turn=("z", 0.7))
    c.path(
        [(3, 2, -58), (1, 4, -52), (3, 14, -52), (3, 19, -62), (3, 19, -130)],
        2.0,
        T.ARTERY,
        (T.FETUS, T.HEART, T.LIVER),
    )
    c.path([(-5, 4, -62), (-5, 12, -78), (-5, 17, -96), (-4, 18, -130)], 2.0, T.VEIN, (T.FETUS, T.LIVER))


def _paint_belly(c: Canvas) -> None:
    room = (T.FETUS,)
    c.ellipsoid((-4, 0, -88), (21, 20, 13), T.LIVER, room)
    c.ellipsoid((0, -2, -77.5), (20, 18, 1.6), T.MUSCLE, (T.FETUS, T.LIVER))
    c.ellipsoid((12, 4, -92), (5.5, 8, 7), T.GUT, (T.FETUS, T.LIVER))
    c.ellipsoid((12, 4, -92), (4.7, 7.2, 6.2), T.FLUID, (T.GUT,))
    c.path(
        curve([NAVEL, (-1, -13, -98), (-4, -4, -92), (-8, 2, -91)]), 1.7, T.VEIN, (T.FETUS, T.LIVER, T.MUSCLE, T.SKIN)
    )
    for half in (c, c.mirrored()):
        half.ellipsoid((9.5, 15, -104), (5.6, 5.6, 11), T.KIDNEY, room)
        half.ellipsoid((9, 13.5, -104), (1.6, 1.6, 5), T.FLUID, (T.KIDNEY,))
        half.path([(4, -4, -124), (6, -12, -116), (1, -19, -109)], 1.0, T.ARTERY, (T.FETUS, T.MUSCLE, T.GUT))
        half.path([(8, 14, -126), (15, 4, -124), (10, -4, -122)], 1.6, T.CORTICAL, (T.FETUS, T.MUSCLE))
    for slab in c.box((-22, -18, -122), (22, 12, -98)).slabs():
        slab.paint(slab.texture(5.0, 42) > 0.1, T.GUT, room)
    c.ellipsoid((0, -2, -125), (6, 6, 6), T.BLADDER, (T.FETUS, T.GUT))
    c.ellipsoid((0, -2, -125), (5.2, 5.2, 5.2), T.URINE, (T.BLADDER,))


def _paint_spine(c: Canvas) -> None:
    canal = [(0.0, _BACK.at(z), float(z)) for z in range(-16, -138, -6)]
    c.path(canal, 3.0, T.CSF, (T.FETUS, T.MUSCLE))
    c.path(canal[:16], 1.4, T.CORD, (T.CSF,))
    for number in range(27):
        z = -17 - 4.4 * number
        y = _BACK.at(z)
        c.ellipsoid((0, y - 4.6, z), (2.2, 1.7, 1.5), T.CORTICAL, (T.FETUS, T.MUSCLE, T.CSF, T.ARTERY, T.VEIN))
        for x in (-3.4, 3.4):
            c.ellipsoid((x, y + 2.0, z), (1.3, 1.7, 1.4), T.CORTICAL, (T.FETUS, T.MUSCLE, T.CSF))
