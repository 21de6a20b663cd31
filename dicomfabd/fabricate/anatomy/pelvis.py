"""The bones of the pelvis, the sacrum and the hips."""

from typing import Final

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.figure import Figure
from dicomfabd.fabricate.anatomy.shapes import Profile, Rods, between, curve, paint_rods
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

HIP: Final[Vector] = (88, -4, -412)
_FLESH: Final = (T.MUSCLE, T.FAT)
_CREST: Final[tuple[Vector, ...]] = (
    (100, -40, -374), (118, -48, -344), (124, -44, -328), (137, -22, -298), (137, 8, -276), (118, 38, -271),
    (88, 66, -284), (62, 84, -306), (46, 92, -330), (42, 86, -350),
)  # fmt: skip
_BRIM: Final[tuple[Vector, ...]] = (
    (96, -34, -382), (98, -28, -380), (99, -20, -378), (100, -8, -376), (96, 6, -372), (86, 24, -364), (74, 40, -356),
    (62, 54, -348), (50, 66, -346), (46, 74, -350),
)  # fmt: skip

# Upper branch of the pubis, its body, the lower branch, the seat bone with its spine.
_RAMI: Final[Rods] = (
    (((96, -30, -384), (84, -26, -396), (60, -34, -410), (34, -44, -420), (14, -44, -428)), (9, 10, 8, 7.5, 9.5)),
    (((13, -44, -424), (11, -42, -436), (12, -38, -448)), (9, 9, 7.5)),
    (((12, -38, -446), (26, -26, -462), (42, -4, -476), (56, 16, -482)), (7, 5.6, 5.6, 8)),
    (((80, 26, -408), (70, 38, -432), (64, 40, -456), (60, 30, -476)), (13, 12, 13, 14.5)),
    (((62, 30, -476), (56, 14, -483)), (13, 8)),
    (((66, 36, -416), (50, 48, -414)), (8, 3)),
)
_SACRUM_WIDE: Final = Profile((-310, 25), (-345, 21), (-380, 15), (-412, 10))
_SACRUM_DEEP: Final = Profile((-310, 15), (-345, 13), (-380, 9.5), (-412, 6))
_ALA: Final = Profile((-310, 40), (-322, 54), (-345, 53), (-362, 44), (-385, 31), (-400, 21), (-412, 12))
_ALA_THICK: Final = Profile((-310, 9), (-325, 13), (-345, 12), (-370, 9), (-400, 6))


def paint_pelvis_bones(c: Canvas, figure: Figure) -> None:
    """Paint sacrum, coccyx, hip bones and thigh bones."""
    box = c.box((-190, -90, -640), (190, 130, -255))
    _paint_sacrum(box, figure)
    for side in (box, box.mirrored()):
        half = side.box((0, -90, -640), (190, 130, -255))
        _paint_wing(half)
        _paint_ischium(half)
        _paint_socket(half)
    bones = box.box((-190, -90, -520), (190, 130, -255))
    bones.line_with(T.CORTICAL, T.SPONGY, 1.8, (T.SPONGY,))
    _paint_clefts(box, figure)
    for side in (box, box.mirrored()):
        _paint_femur(side)


def _paint_wing(c: Canvas) -> None:
    """A plate between the crest and the brim, hollow inwards, thin in its middle."""
    crest, brim = curve(_CREST, 7), curve(_BRIM, 7)
    for top, low in zip(crest, brim, strict=True):
        middle = between(low, top, 0.5)
        bulge = (middle[0] + 5, middle[1] + 5, middle[2])
        inner = [(x - 11, y - 5, z) for x, y, z in (between(low, bulge, 0.4), bulge, between(bulge, top, 0.75))]
        c.path(curve(inner), [9, 10, 10, 10, 10, 8, 7, 6, 5], T.MUSCLE, (T.FAT,))
        c.path(curve([low, bulge, top], 4), [10, 9, 7, 5, 4.0, 3.8, 4.2, 4.8, 5.4], T.CORTICAL, _FLESH)
    c.path(crest, 5.6, T.CORTICAL, _FLESH)


def _paint_ischium(c: Canvas) -> None:
    paint_rods(c, _RAMI, T.CORTICAL, _FLESH)


def _paint_socket(c: Canvas) -> None:
    """A cup around the head of the thigh bone, open to the side, the front and below."""
    x, y, z = HIP
    box = c.box((x - 44, y - 44, z - 44), (x + 44, y + 44, z + 44))
    dx, dy, dz = box.x - x, box.y - y, box.z - z
    apart = dx * dx + dy * dy + dz * dz
    opening = dx * np.float32(0.72) - dy * np.float32(0.36) - dz * np.float32(0.59)
    roof = (dx + 4) ** 2 + (dy - 2) ** 2 + (dz - 6) ** 2
    box.paint((roof < 34.5 * 34.5) & (opening < 0), T.CORTICAL, _FLESH)
    box.paint((apart < 27.5 * 27.5), T.MUSCLE, (T.CORTICAL, T.FAT))
    box.paint((apart < 27.5 * 27.5) & (opening < 12), T.CARTILAGE, (T.MUSCLE,))


def _paint_femur(c: Canvas) -> None:
    flesh = (*_FLESH, T.CARTILAGE, T.CORTICAL, T.SPONGY)
    neck = [HIP, (110, -2, -428), (134, 6, -446)]
    shaft = curve([(136, 6, -444), (136, 4, -476), (130, 2, -520), (122, -2, -580), (116, -2, -660)])
    for shrink, tissue, inside in ((0.0, T.CORTICAL, flesh), (1.6, T.SPONGY, (T.CORTICAL,))):
        c.ellipsoid(HIP, (24.5 - shrink, 24.5 - shrink, 24.5 - shrink), tissue, inside)
        c.path(neck, [19 - shrink, 16.5 - shrink, 18 - shrink], tissue, inside)
        c.ellipsoid((148, 16, -434), (13 - shrink, 17 - shrink, 23 - shrink), tissue, inside)
        c.path([(140, 12, -436), (140, 8, -462)], [18 - shrink, 17 - shrink], tissue, inside)
        c.path([(128, 12, -468), (117, 20, -477)], [13 - shrink, 8.5 - shrink], tissue, inside)
        radii = [18 - 4 * min(1.0, i / 6) for i in range(len(shaft))]
        cortex = [shrink + 5.5 * min(1.0, i / 7) * (shrink > 0) for i in range(len(shaft))]
        c.path(shaft, [radius - less for radius, less in zip(radii, cortex, strict=True)], tissue, inside)
    c.path(shaft[6:], 7, T.MARROW, (T.SPONGY,))


def _paint_sacrum(c: Canvas, figure: Figure) -> None:
    """Five vertebrae grown together: a curved wedge with wings, hollow to the front."""
    for step in range(33):
        z = -313 - step * 3.0
        y, wide, deep = figure.spine.at(z), _SACRUM_WIDE.at(z), _SACRUM_DEEP.at(z)
        c.ellipsoid((0, y, z), (wide, deep, 6), T.CORTICAL, _FLESH, boxy=0.6)
        reach, thick = _ALA.at(z), _ALA_THICK.at(z)
        for side in (c, c.mirrored()):
            side.tube(
                (wide * 0.5, y + 2, z), (reach - thick, y + 9, z - 4), thick + 1.5, T.CORTICAL, _FLESH, taper=0.95
            )
            side.tube((9, y + deep + 12, z), (reach * 0.6, y + deep + 3, z), 4.5, T.CORTICAL, _FLESH)
    for number, z in enumerate((-322, -345, -367, -387)):
        y = figure.spine.at(z) + _SACRUM_DEEP.at(z) + 17 - number * 1.5
        c.ellipsoid((0, y, z - 2), (4, 9, 9), T.CORTICAL, _FLESH)
    for z, size in ((-414, 9.0), (-424, 7.5), (-433, 6.0), (-440, 4.5)):
        c.ellipsoid((0, figure.spine.at(z), z), (size, size * 0.7, 6), T.CORTICAL, _FLESH)


def _paint_clefts(c: Canvas, figure: Figure) -> None:
    """Canal and holes of the sacrum, the joints beside it, the symphysis."""
    bone = (T.CORTICAL, T.SPONGY)
    canal = [(0.0, figure.spine.at(z) + 21 - (-300 - z) * 0.09, z) for z in (-306.0, -325.0, -345.0, -365.0, -385.0)]
    for z, slope in ((-334.0, 0.55), (-356.0, 0.4), (-377.0, 0.1), (-396.0, -0.2)):
        middle, wide, deep = (0.0, figure.spine.at(z), z), _SACRUM_WIDE.at(z) * 0.8, _SACRUM_DEEP.at(z) * 0.9
        c.ellipsoid(middle, (wide, deep, 1.5), T.DISC, bone, turn=("x", -slope))
    c.path(canal, [10, 9, 7.5, 6, 4.5], T.FAT, (*bone, T.MUSCLE))
    c.path(canal[:4], [8.5, 7, 5, 2], T.CSF, (T.FAT,))
    for side in (c, c.mirrored()):
        for number, z in enumerate((-335.0, -357.0, -378.0, -397.0)):
            y, x = figure.spine.at(z), 21 - number * 2.0
            hole = [(x + 3, y - 16, z - 3.0), (x, y + 4, z), (x - 3, y + 14, z + 2.0), (x, y + 34, z - 4.0)]
            side.path(hole, [5, 4.6, 4.6, 3.4], T.FAT, bone)
            root = [(x - 4, y + 14, z + 3.0), (x + 1, y + 2, z), (x + 9, y - 14, z - 9.0)]
            side.path(root, [1.8, 2.6, 2.2], T.NERVE, (T.FAT,))
        for row in range(12):
            low = -322 - row * 3.4
            joint = [
                (56 - row * 0.5, 52 + row * 0.8, low),
                (50 - row * 0.4, 66 + row * 0.7, low),
                (46 - row * 0.3, 84.0, low - 2),
            ]
            side.path(joint, 1.5, T.CARTILAGE, bone)
    c.ellipsoid((0, -42, -434), (3.4, 15, 22), T.CARTILAGE, (*bone, *_FLESH))
