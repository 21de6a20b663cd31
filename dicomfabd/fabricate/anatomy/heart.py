"""The heart: chambers, muscle, the fat around it and the arteries on it."""

from typing import Final

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas, Field
from dicomfabd.fabricate.anatomy.figure import Figure
from dicomfabd.fabricate.anatomy.shapes import Rods, curve, paint_rods
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

# The left ventricle points to the left, the front and the feet; the right one lies at its right front.
_BASE: Final[Vector] = (18, -12, -34)
_AXES: Final[tuple[Vector, Vector, Vector]] = (
    (0.730, -0.495, -0.471), (-0.596, -0.799, -0.082), (-0.336, 0.341, -0.878)
)  # fmt: skip
_PULMONARY_VEINS: Final[Rods] = (
    (((-14, 14, -10), (-34, 6, -2), (-52, -2, 8)), (8, 6.5, 5)),
    (((-16, 18, -24), (-36, 24, -28), (-54, 34, -36)), (8, 6.5, 5)),
    (((30, 14, -8), (46, 8, 2), (58, -4, 14)), (8, 6.5, 5)),
    (((30, 20, -20), (46, 30, -24), (60, 40, -36)), (8, 6.5, 5)),
)
# Places in the atlas, then places in the axes of the heart, then the radius: anterior descending, circumflex, right,
# posterior descending, a diagonal.
_CORONARIES: Final[tuple[tuple[tuple[Vector, ...], tuple[Vector, ...], float], ...]] = (
    (
        ((6, -36, -4), (24, -34, -8)),
        ((4, 19.5, -26.4), (16, 18.1, -24.8), (30, 16.4, -22.8), (44, 14.7, -20.8), (58, 13, -18.9), (70, 11.6, -17.2)),
        2.0,
    ),
    (((24, -34, -8), (42, -20, -14)), ((-5, -22, -22), (-5, -30, -4), (-5, -24, 18), (-5, -8, 30)), 1.8),
    (((-8, -42, 0), (-22, -54, -12)), ((-5, 54, 0), (-5, 50, 22), (-5, 36, 38), (-5, 16, 42), (-5, 2, 36)), 1.9),
    ((), ((-4, 5.6, 35.7), (14, 7.4, 32.5), (32, 9.2, 29.2), (50, 11, 26)), 1.5),
    ((), ((14, 17, -25), (26, -8, -31), (44, -18, -24)), 1.3),
)
_SOFT: Final = (T.FAT, T.LUNG, T.MUSCLE, T.AIRWAY, T.LIVER)


def heart_point(along: float, right: float, down: float) -> Vector:
    """Give the place of a point in the axes of the left ventricle: from its base, to the right one, downwards."""
    parts = zip(_BASE, *_AXES, strict=True)
    x, y, z = (base + along * u + right * v + down * w for base, u, v, w in parts)
    return x, y, z


def paint_heart(c: Canvas, figure: Figure) -> None:
    """Paint it into the fat of the mediastinum; the great vessels are there."""
    box = c.box((-62, -92, -92), (100, 46, 34))
    for slab in box.slabs():
        _paint_chambers(slab)
    _paint_vessels(box)
    _paint_coronaries(box)


def _blob(axes: tuple[Field, Field, Field], centre: Vector, radii: Vector) -> Field:
    x, y, z = ((axis - np.float32(m)) / np.float32(r) for axis, m, r in zip(axes, centre, radii, strict=True))
    field: Field = x * x + y * y + z * z
    return field


def _own_axes(c: Canvas) -> tuple[Field, Field, Field]:
    x, y, z = (axis - np.float32(base) for axis, base in zip((c.x, c.y, c.z), _BASE, strict=True))
    along, right, down = (x * np.float32(u) + y * np.float32(v) + z * np.float32(w) for u, v, w in _AXES)
    return along, right, down


def _paint_chambers(c: Canvas) -> None:
    own, world = _own_axes(c), (c.x, c.y, c.z)
    along, right, _ = own
    left = _blob(own, (31, 0, 0), (48, 31, 31))
    right_wall = _blob(own, (24, 25, 6), (45, 31, 37))
    atrium = _blob(world, (-24, -22, -42), (23, 27, 33))
    back = _blob(world, (8, 14, -18), (31, 17, 23))
    ear = _blob(world, (42, -10, 2), (11, 16, 9))
    ventricles, atria = np.minimum(left, right_wall), np.minimum(atrium, back)
    c.paint(np.minimum(ventricles, atria) < 1.22, T.FAT, (T.LUNG, T.AIRWAY))
    c.paint((ventricles < 1) & (along > -10) | (atria < 1) | (ear < 1), T.HEART, (*_SOFT, T.GUT))
    # A groove full of fat parts the chambers from the forecourts.
    groove = np.abs(along + 6 + right * np.float32(0.08)) < 3.2
    c.paint(groove & (ventricles > 0.62) & (atria > 0.9), T.FAT, (T.HEART,))
    ridges = c.texture(7, 41) * np.float32(0.12)
    cavity = _blob(own, (22, 25, 6), (41, 28, 34)) + ridges
    c.paint((cavity < 1) & (left > 1.02) & (along > -6), T.RIGHT_HEART, (T.HEART,))
    c.paint(_blob(world, (-24, -22, -42), (21, 25, 31)) < 1, T.RIGHT_HEART, (T.HEART, T.FAT))
    cavity = _blob(own, (26, 0, 0), (41, 20.5, 20.5)) + ridges
    c.paint((cavity < 1) & (along > -6), T.LEFT_HEART, (T.HEART,))
    cavity = np.minimum(_blob(world, (8, 14, -18), (29, 15, 21)), _blob(world, (42, -10, 2), (9, 14, 7)))
    c.paint(cavity < 1, T.LEFT_HEART, (T.HEART, T.FAT, T.AIRWAY))
    for row, column in ((-9.0, 9.0), (10.0, -6.0)):
        c.paint(_blob(own, (26, row, column), (17, 4.5, 4.5)) < 1, T.HEART, (T.LEFT_HEART,))


def _paint_vessels(c: Canvas) -> None:
    """Openings between the chambers, the outlets and the veins of the lungs."""
    for start, end, radius, tissue in (
        (heart_point(-8, 0, -2), heart_point(10, 0, 0), 14.0, T.LEFT_HEART),
        (heart_point(4, 8, -8), (1.0, -27.0, -14.0), 11.0, T.LEFT_HEART),
        ((-22.0, -28.0, -46.0), heart_point(6, 30, 8), 15.0, T.RIGHT_HEART),
        (heart_point(8, 26, -20), (11.0, -52.0, -6.0), 13.0, T.RIGHT_HEART),
    ):
        c.tube(start, end, radius, tissue, (T.HEART, T.FAT, tissue))
    root = [(2, -27, -16), (0, -30, -4), (-5, -34, 6)]
    c.path(root, [14.5, 16.5, 15], T.ARTERY, (T.HEART, T.FAT, T.LUNG, T.PULMONARY))
    c.path(curve([(-24, 8, -92), (-26, 2, -78), (-28, -8, -62)]), 11.5, T.VEIN, (*_SOFT, T.HEART))
    paint_rods(c, _PULMONARY_VEINS, T.PULMONARY, (T.FAT, T.LUNG, T.AIRWAY, T.HEART))


def _paint_coronaries(c: Canvas) -> None:
    """Each runs on the surface, in fat; it starts in the root of the aorta or in another one."""
    for start, course, size in _CORONARIES:
        line = curve([*start, *(heart_point(*place) for place in course)])
        radii = [size * (1 - 0.5 * i / len(line)) for i in range(len(line))]
        c.path(line, [radius + 2.6 for radius in radii], T.FAT, (T.LUNG, T.HEART, T.AIRWAY))
        c.path(line, radii, T.CORONARY, (T.FAT, T.HEART, T.LUNG, T.AIRWAY))
