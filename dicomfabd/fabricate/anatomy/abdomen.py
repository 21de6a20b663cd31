"""The solid organs of the belly and the stomach."""

from typing import Final

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas, Field
from dicomfabd.fabricate.anatomy.figure import Figure
from dicomfabd.fabricate.anatomy.shapes import Profile, Rods, curve, egg, paint_rods, smooth_min, widths
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

# The liver: how far down it reaches and how far back, from right to left.
_LOWER_EDGE: Final = Profile(
    (-135, -232), (-105, -226), (-70, -206), (-35, -178), (0, -158), (40, -132), (75, -108), (105, -86)
)  # fmt: skip
_REAR: Final = Profile(
    (-120, 80), (-60, 74), (-38, 52), (-28, 30), (-8, 14), (12, 2), (30, -18), (60, -40), (100, -54)
)  # fmt: skip
STOMACH: Final[tuple[Vector, ...]] = (
    (58, 30, -104), (66, 6, -104), (72, -22, -122), (66, -42, -150), (44, -60, -182), (12, -64, -192), (-14, -52, -186)
)  # fmt: skip
_STOMACH_RADII: Final = (34.0, 38.0, 36.0, 30.0, 23.0, 19.0, 12.0)
_AIR_LEVEL_Y: Final = -56.0
PANCREAS: Final[tuple[Vector, ...]] = (
    (-30, -2, -208), (-28, -10, -196), (-16, -18, -186), (2, -22, -178), (24, -10, -168), (48, 12, -158),
    (74, 30, -148), (86, 36, -142),
)  # fmt: skip

# Common duct, cystic duct, right and left hepatic ducts with a few branches.
_DUCTS: Final[Rods] = (
    (((-52, -22, -138), (-42, -24, -152), (-36, -18, -172), (-30, -6, -192), (-34, 0, -214)), (2.4, 2.8, 3, 2.8, 2)),
    (((-36, -28, -176), (-33, -24, -170), (-37, -20, -168)), (2, 1.8, 1.8)),
    (((-52, -22, -138), (-70, -14, -134), (-92, -6, -142), (-112, 2, -160)), (2, 1.7, 1.4, 0.9)),
    (((-70, -14, -134), (-90, -2, -122), (-106, 18, -116)), (1.6, 1.2, 0.8)),
    (((-92, -6, -142), (-100, -30, -152), (-104, -46, -166)), (1.3, 1, 0.8)),
    (((-52, -22, -138), (-34, -36, -126), (-12, -50, -120), (14, -58, -112)), (2, 1.7, 1.4, 0.9)),
    (((-12, -50, -120), (-4, -66, -128), (2, -74, -136)), (1.2, 1, 0.8)),
)


def paint_organs(c: Canvas, figure: Figure) -> None:
    """Paint liver, gall bladder, spleen, stomach, pancreas and adrenals."""
    for slab in c.box((-150, -150, -245), (110, 110, -50)).slabs():
        _paint_liver(slab, figure)
    for slab in c.box((40, -60, -215), (150, 110, -70)).slabs():
        _paint_spleen(slab, figure)
    _paint_stomach(c.box((-40, -140, -240), (130, 90, -50)), figure)
    _paint_pancreas(c.box((-60, -60, -240), (110, 70, -120)))
    _paint_adrenals(c)
    _paint_bile(c)


def _paint_liver(c: Canvas, figure: Figure) -> None:
    under = figure.under_diaphragm(c) - 3
    inside = smooth_min(figure.cavity.depth(c) - np.float32(2.5), under * np.float32(0.85), 8)
    # The lower face rises to the back, where kidney, gut and duodenum press into it.
    lower = c.z - _LOWER_EDGE.along(c.x) - np.clip((c.y + 70) * np.float32(0.28), -8, 40)
    inside = smooth_min(inside, lower * np.float32(0.75), 36)
    rear = _REAR.along(c.x) - c.y + np.minimum((c.z + 150) * np.float32(0.12), 8)
    inside = smooth_min(inside, rear * np.float32(0.8), 26)
    inside = inside + c.texture(26, 51) * np.float32(2.5)
    c.paint(inside > 0, T.LIVER, (T.FAT,))
    wedge = np.clip((-30 - c.y) * np.float32(0.05), 0, 1) * np.float32(3.4)
    wedge = wedge - np.clip((c.z + 132) * np.float32(0.1), 0, 4)
    cleft = np.abs(c.x + 13 + c.y * np.float32(0.12) + c.texture(18, 55) * 4) < wedge
    c.paint(cleft, T.FAT, (T.LIVER,))
    fossa = egg(c, (-52, -66, -222), (17, 30, 34))
    c.paint(fossa > 0, T.FAT, (T.LIVER,))


def _paint_spleen(c: Canvas, figure: Figure) -> None:
    inside = smooth_min(figure.cavity.depth(c) - np.float32(3), (figure.under_diaphragm(c) - 4) * np.float32(0.85), 10)
    inside = smooth_min(inside, egg(c, (104, 40, -140), (47, 58, 58)), 16)
    hollow = -egg(c, (70, 20, -140), (38, 40, 70))
    inside = smooth_min(inside, hollow, 16) + 2.5 + c.texture(22, 52) * np.float32(2.5)
    c.paint(inside > 0, T.SPLEEN, (T.FAT,))


def _paint_stomach(c: Canvas, figure: Figure) -> None:
    line, radii = curve([figure.fit(place) for place in STOMACH]), widths(_STOMACH_RADII)
    room = (T.FAT, T.GUT, T.SPLEEN)
    c.path(line, radii, T.GUT, room)
    c.path([(40, 12, -112), (52, 16, -112)], 9, T.GUT, room)
    c.path(line, [radius - 4.5 for radius in radii], T.CHYME, (T.GUT, T.MUCOSA))
    for slab in c.slabs():
        slab.paint(np.abs(slab.texture(9, 53)) < 0.16, T.MUCOSA, (T.CHYME,))
    c.path(line, [radius - 9 for radius in radii], T.CHYME, (T.MUCOSA,))
    for slab in c.slabs():
        slab.paint(np.broadcast_to(slab.y < _AIR_LEVEL_Y, slab.labels.shape), T.GAS, (T.CHYME, T.MUCOSA))


def _paint_pancreas(c: Canvas) -> None:
    line, radii = curve(PANCREAS), widths((12.0, 16.0, 12.0, 10.0, 11.0, 11.5, 10.5, 7.0))
    c.path(line, radii, T.PANCREAS, (T.FAT,))
    for slab in c.slabs():
        slab.paint(slab.texture(5, 54) > 0.42, T.FAT, (T.PANCREAS,))
    c.path(line[3:], 1.2, T.BILE, (T.PANCREAS, T.FAT))


def _paint_adrenals(c: Canvas) -> None:
    room = (T.FAT,)
    for points in (
        [(-33, 36, -152), (-38, 44, -150), (-44, 52, -152)], [(-38, 44, -150), (-36, 54, -152)],
        [(36, 26, -152), (40, 36, -150), (48, 46, -154)], [(40, 36, -150), (36, 48, -154)],
    ):  # fmt: skip
        for low in (-8, -4, 0, 4, 8):
            c.path([(x, y, z + low) for x, y, z in points], 2.4, T.ADRENAL, room)


def _paint_bile(c: Canvas) -> None:
    line = curve([(-36, -28, -176), (-42, -40, -188), (-50, -56, -204), (-55, -66, -216)])
    radii = widths([3.5, 9, 15, 14])
    c.path(line, [radius + 1.6 for radius in radii], T.GUT, (T.FAT, T.LIVER))
    c.path(line, radii, T.BILE)
    paint_rods(c, _DUCTS, T.BILE, (T.FAT, T.LIVER, T.PANCREAS, T.VEIN))


def depth_in_liver(figure: Figure, place: Vector) -> bool:
    """Say whether a place lies well inside the liver."""
    x, y, z = place
    above = _LOWER_EDGE.at(x) + min(40.0, max(-8.0, (y + 70) * 0.28)) + 10
    return above < z < -80 and y < _REAR.at(x) - 8 and figure.cavity.contains(place, 9)


def own_axes(c: Canvas, centre: Vector, axes: tuple[Vector, Vector, Vector]) -> tuple[Field, Field, Field]:
    """Give coordinates along three directions of one's own."""
    x, y, z = (axis - np.float32(middle) for axis, middle in zip((c.x, c.y, c.z), centre, strict=True))
    first, second, third = (x * np.float32(u) + y * np.float32(v) + z * np.float32(w) for u, v, w in axes)
    return first, second, third
