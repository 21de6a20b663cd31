"""What lies between the lungs: fat, great vessels, windpipe, gullet."""

from typing import Final

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas, Field
from dicomfabd.fabricate.anatomy.figure import Figure
from dicomfabd.fabricate.anatomy.shapes import Profile, Rods, curve, paint_rods, widths
from dicomfabd.fabricate.anatomy.spine import front_y
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_AORTA: Final[tuple[Vector, ...]] = (
    (2, -28, -14), (-10, -36, 12), (-15, -32, 40), (-9, -18, 63), (8, 2, 73), (22, 22, 68), (27, 38, 48),
)  # fmt: skip
RIGHT_ARTERY: Final[tuple[Vector, ...]] = ((22, -12, 28), (2, -6, 23), (-24, 0, 20), (-42, 8, 10), (-50, 18, -12))
LEFT_ARTERY: Final[tuple[Vector, ...]] = ((23, -14, 28), (34, 4, 34), (46, 20, 30), (52, 28, 12), (54, 32, -12))
_PULMONARY: Final[Rods] = (
    (((12, -50, -4), (17, -42, 10), (22, -24, 24), (24, -12, 29)), (14, 14, 13, 12.5)),
    (RIGHT_ARTERY, (12, 11, 10.5, 8.5, 6)),
    (LEFT_ARTERY, (12, 11.5, 10.5, 8.5, 6)),
)
_AIRWAYS: Final[Rods] = (
    (((0, -6, 190), (0, 2, 150), (0, 9, 100), (0, 15, 60), (0, 18, 36)), (10, 10, 10, 10, 10)),
    (((0, 18, 36), (-22, 20, 18), (-34, 21, 4), (-40, 25, -20)), (9, 8.4, 7, 5.5)),
    (((0, 18, 36), (20, 22, 20), (42, 25, 6), (50, 31, -16)), (9, 7.6, 6.8, 5)),
    (((-24, 20, 17), (-40, 16, 26), (-52, 12, 40)), (6.2, 5, 3.5)),
    (((-38, 22, -8), (-54, 2, -20), (-64, -20, -30)), (5.2, 4, 3)),
    (((44, 25, 4), (54, 8, 12), (60, -10, 24)), (6.2, 4.6, 3.4)),
)
_VEINS: Final[Rods] = (
    (((-23, -28, 78), (-26, -24, 50), (-27, -20, 10), (-27, -20, -18)), (9.2, 9.2, 9.2, 9.2)),
    (((-96, -34, 118), (-62, -40, 106), (-38, -32, 96), (-23, -28, 76)), (6, 6.5, 7.5, 8.5)),
    (((96, -34, 118), (62, -42, 106), (36, -42, 98), (8, -44, 88), (-22, -30, 76)), (6, 6.5, 7, 7.5, 8)),
    (((-38, -32, 98), (-42, -22, 140), (-40, -12, 190)), (7, 6.5, 6.5)),
    (((38, -32, 98), (42, -22, 140), (40, -12, 190)), (7, 6.5, 6.5)),
)
_ARCH_VESSELS: Final[Rods] = (
    (((-8, -17, 66), (-12, -16, 88), (-24, -14, 118)), (7.5, 6.5, 6.5)),
    (((-24, -14, 118), (-30, -10, 150), (-26, -6, 195)), (4.5, 3.8, 3.6)),
    (((-24, -14, 116), (-46, -6, 128), (-70, -8, 128), (-110, -10, 122), (-140, 8, 130)), (5, 4.8, 4.5, 4, 3.6)),
    (((6, -2, 76), (12, -4, 100), (22, -6, 130), (27, -4, 195)), (5, 4.4, 4, 3.6)),
    (
        ((17, 16, 74), (24, 16, 100), (42, 4, 124), (70, -6, 128), (110, -10, 122), (140, 8, 130)),
        (6, 5.2, 5, 4.6, 4, 3.6),
    ),
)
_HEART: Final[tuple[tuple[Vector, Vector], ...]] = (
    ((40, -28, -48), (48, 39, 38)), ((18, -40, -48), (46, 38, 36)), ((-22, -24, -44), (29, 31, 38))
)  # fmt: skip
# Lymph nodes of armpit, mediastinum and groin, on the left; the right ones are their mirror images.
_NODES: Final[tuple[tuple[Vector, Vector], ...]] = (
    ((134, -22, 84), (4, 6, 5)), ((141, -2, 66), (3.5, 5, 5)), ((128, 2, 98), (3, 5, 4)), ((138, -12, 48), (3, 4, 5)),
    ((14, 6, 52), (3, 4, 5)), ((8, 24, 22), (6, 4, 5)), ((66, -66, -426), (4, 4, 7)), ((78, -70, -440), (3.5, 4, 6)),
)  # fmt: skip
# Bodies that the fat of the mediastinum wraps: start, end, radius.
_WRAPPED: Final[tuple[tuple[Vector, Vector, float], ...]] = (
    ((0, 14, 180), (0, 18, 40), 17), ((0, 26, 150), (6, 34, -100), 13), ((0, 62, 150), (0, 62, -150), 19),
    ((-15, -34, 40), (-2, -34, -10), 21), ((-14, -26, 50), (20, 22, 68), 18), ((27, 38, 52), (24, 46, -20), 16.5),
    ((24, 46, -20), (12, 34, -110), 16), ((16, -40, 8), (24, -10, 28), 18), ((-26, -24, 90), (-28, -18, -10), 13),
    ((-2, -62, 70), (2, -74, 0), 12), ((-24, 12, -50), (-24, 14, -100), 17), ((0, 2, -20), (4, 14, -50), 26),
    ((-38, -26, 110), (-22, -26, 80), 11), ((34, -34, 105), (0, -38, 86), 11), ((20, 6, 80), (34, 8, 150), 12),
    ((-12, -18, 76), (-24, -12, 150), 13), ((-24, 2, 16), (-40, 14, 4), 13), ((24, 8, 26), (48, 24, 10), 13),
    ((36, -18, 4), (30, 4, 12), 15),
)  # fmt: skip
_SOFT: Final = (T.FAT, T.LUNG, T.MUSCLE, T.AIRWAY)


def paint_mediastinum(c: Canvas, figure: Figure) -> None:
    """Paint the fat first, then what it holds; the heart comes later. Nodes of armpit and groin come along."""
    box = c.box((-80, -110, -150), (90, 110, 170))
    _paint_fat(box)
    _paint_airways(box)
    _paint_gullet(c.box((-60, -60, -150), (60, 90, 190)), figure)
    _paint_veins(c, figure)
    _paint_arteries(c, figure)
    for side in (c, c.mirrored()):
        side.ellipsoid((18, -4, 174), (10, 11, 25), T.THYROID, (T.MUSCLE, T.FAT))
        for place, radii in _NODES:
            side.ellipsoid(place, radii, T.LYMPH, (T.FAT,))


def _paint_fat(c: Canvas) -> None:
    """Give the lungs natural borders: what pushes against them adds up to one smooth body."""
    for slab in c.slabs(8):
        total = np.zeros(slab.labels.shape, np.float32)
        for start, end, radius in _WRAPPED:
            _add(slab, total, start, end, radius)
        for centre, radii in _HEART:
            axes = zip((slab.x, slab.y, slab.z), centre, radii, strict=True)
            x, y, z = ((axis - np.float32(middle)) / np.float32(radius) for axis, middle, radius in axes)
            apart = x * x + y * y + z * z + np.float32(0.02)
            apart *= apart
            total += 1 / (apart * apart)
        slab.paint(total + slab.texture(16, 31) * np.float32(0.25) > 1, T.FAT, (T.LUNG, T.AIRWAY))


def _add(slab: Canvas, total: Field, start: Vector, end: Vector, radius: float) -> None:
    bottom, top = min(start[2], end[2]) - radius * 1.8, max(start[2], end[2]) + radius * 1.8
    near = slice(*(int(i) for i in np.searchsorted(slab.z.ravel(), [bottom, top])))
    if near.start == near.stop:
        return
    x, y, z = (axis - np.float32(a) for axis, a in zip((slab.x, slab.y, slab.z[near]), start, strict=True))
    dx, dy, dz = (np.float32(b - a) for a, b in zip(start, end, strict=True))
    along = np.clip((x * dx + y * dy + z * dz) / (dx * dx + dy * dy + dz * dz), 0, 1)
    apart = (x - along * dx) ** 2 + (y - along * dy) ** 2 + (z - along * dz) ** 2 + np.float32(4)
    push = np.float32(radius * radius) / apart
    total[near] += push * push


def _paint_airways(c: Canvas) -> None:
    for wall, tissue in ((0.0, T.AIRWAY), (1.6, T.GAS)):
        paint_rods(c, _AIRWAYS, tissue, (*_SOFT, T.GAS), wall)


def _paint_gullet(c: Canvas, figure: Figure) -> None:
    shifts = Profile(
        (180, 2), (120, 4), (40, 2), (0, 3), (-25, 4), (-50, 7), (-75, 12), (-95, 17), (-108, 26), (-118, 38)
    )
    heights = (180, 150, 120, 90, 60, 40, 20, 0, -25, -50, -75, -95, -108, -118)
    line: list[Vector] = [
        (shifts.at(z) * 0.75, front_y(figure, z) - (9 if z > 30 else 12 + (30 - z) * 0.07), float(z)) for z in heights
    ]
    wide, points = c.stretched((0.75, 1, 1)), curve(line)
    wide.path(points, 5.6, T.GUT, (*_SOFT, T.LUNG))
    wide.path(points, 2.4, T.MUCOSA, (T.GUT,))
    for place in (38, 30, 12, 8):
        wide.tube(points[place], points[place + 2], 1.5, T.GAS, (T.MUCOSA, T.GUT))


def _paint_veins(c: Canvas, figure: Figure) -> None:
    vein = (T.VEIN, (*_SOFT, T.GUT))
    paint_rods(c, _VEINS, *vein)
    azygos = [(-7.0, front_y(figure, z) - 3, z) for z in (-130.0, -80.0, -30.0, 10.0, 40.0)]
    c.path(curve([*azygos, (-14, 34, 52), (-25, 8, 52), (-27, -18, 44)]), 3.6, *vein)


def _paint_arteries(c: Canvas, figure: Figure) -> None:
    paint_rods(c, _PULMONARY, T.PULMONARY, (*_SOFT, T.VEIN))
    down = [
        (27 - (38 - z) * 0.115, front_y(figure, z) - 13 + (z + 117) * 0.085, z)
        for z in (20.0, -20.0, -60.0, -100.0, -130.0)
    ]
    artery = (T.ARTERY, (*_SOFT, T.VEIN, T.GUT))
    c.path(curve([*_AORTA, *down]), widths([15, 15.5, 15, 14, 13, 12.5, 12, 11.8, 11.5, 11, 10.5, 10]), *artery)
    paint_rods(c, _ARCH_VESSELS, *artery)
