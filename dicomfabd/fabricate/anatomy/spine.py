"""The column of vertebrae from the neck to the last lumbar one, with discs, cord and nerves."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.figure import Figure
from dicomfabd.fabricate.anatomy.shapes import Profile
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

LEVELS: Final = (
    185, 168, 151, 133, 113.5, 93.5, 73, 52, 30.5, 8, -15, -39, -64, -90, -117.5, -148, -181.5, -217, -253.5, -290
)  # fmt: skip
"""Heights of the middles of C5 to L5."""

_HALF_WIDTH: Final = Profile(
    (168, 12), (133, 15), (100, 14), (52, 14.5), (-15, 16), (-117, 20.5), (-217, 23.5), (-290, 26)
)  # fmt: skip
_HALF_DEPTH: Final = Profile((168, 8), (133, 8.5), (73, 11), (-15, 13.5), (-117, 15), (-217, 17), (-290, 17.5))
_HALF_HEIGHT: Final = Profile((168, 6.5), (133, 7.8), (52, 9.0), (-15, 10.0), (-117, 11.9), (-181, 12.9), (-290, 13.6))
_CANAL_WIDE: Final = Profile((168, 11), (113, 9), (-64, 8.5), (-148, 11), (-290, 13))
_CANAL_DEEP: Final = Profile((168, 7.5), (113, 8), (-64, 7.5), (-148, 9), (-290, 9))
_CORD: Final = Profile((200, 5.6), (120, 5.0), (60, 4.2), (-80, 4.2), (-115, 5.0), (-140, 3.0), (-156, 0.2))
_FLESH: Final = (T.MUSCLE, T.FAT, T.LUNG)


@dataclass(frozen=True)
class Vertebra:
    """The measures of one; lengths in millimetres.

    Attributes:
        y, z: Middle of its body.
        slope: How its body leans: dy/dz of the line of the spine.
        canal: y of the middle of its canal.
    """

    y: float
    z: float
    slope: float
    half_width: float
    half_depth: float
    half_height: float
    canal: float
    canal_wide: float
    canal_deep: float

    @property
    def is_lumbar(self) -> bool:
        """Whether it has stout processes and no ribs."""
        return self.z < -130


def canal_y(figure: Figure, z: float) -> float:
    """Give the y of the middle of the canal at a height."""
    return figure.spine.at(z) + _HALF_DEPTH.at(z) + _CANAL_DEEP.at(z) + 1.5


def front_y(figure: Figure, z: float) -> float:
    """Give the y of the front of the vertebral bodies at a height: great vessels lie there."""
    return figure.spine.at(z) - _HALF_DEPTH.at(z)


def vertebra_at(figure: Figure, z: float) -> Vertebra:
    """Measure the vertebra whose middle is at a height."""
    slope = (figure.spine.at(z + 12) - figure.spine.at(z - 12)) / 24
    sizes = (_HALF_WIDTH.at(z), _HALF_DEPTH.at(z), _HALF_HEIGHT.at(z))
    return Vertebra(figure.spine.at(z), z, slope, *sizes, canal_y(figure, z), _CANAL_WIDE.at(z), _CANAL_DEEP.at(z))


def paint_spine(c: Canvas, figure: Figure) -> None:
    """Paint the column with what runs in its canal."""
    box = c.box((-75, -20, -320), (75, 150, 200))
    column = [vertebra_at(figure, z) for z in LEVELS]
    for upper, lower in zip(column, [*column[1:], vertebra_at(figure, -322)], strict=True):
        _paint_disc(box, upper, lower)
    for vertebra in column:
        _paint_body(box, vertebra)
        _paint_arch(box, vertebra)
    box.box((-75, -20, -310), (75, 150, 200)).line_with(T.CORTICAL, T.SPONGY, 1.2, (T.SPONGY,))
    for upper, lower in zip(column, [*column[1:], vertebra_at(figure, -322)], strict=True):
        _paint_joints(box, upper, lower)
    _paint_canal(box, figure)
    for upper, lower in pairwise(column):
        for side in (box, box.mirrored()):
            _paint_foramen(side, upper, lower)


def _paint_disc(c: Canvas, upper: Vertebra, lower: Vertebra) -> None:
    top, bottom = upper.z - upper.half_height, lower.z + lower.half_height
    y, z = (upper.y + lower.y) / 2, (top + bottom) / 2
    half = (top - bottom) / 2
    slope = (upper.slope + lower.slope) / 2
    reach = upper.half_width + 3
    box = c.box((-reach, y - reach, z - half - 14), (reach, y + reach, z + half + 14))
    tilted = box.z - z + np.float32(slope) * (box.y - y)
    round_ = (box.x / (upper.half_width + 0.8)) ** 2 + ((box.y - y) / (upper.half_depth + 0.6)) ** 2
    # Bodies are painted over what is too much of it.
    box.paint((round_ < 1) & (np.abs(tilted) < half + 4), T.DISC)
    core = round_ * np.float32(2.1) + ((box.y - y - 1.5) / upper.half_depth) ** 2 * np.float32(0.3)
    box.paint((core + (tilted / np.float32(half * 1.15)) ** 2 < 1), T.NUCLEUS, (T.DISC,))


def _paint_body(c: Canvas, v: Vertebra) -> None:
    reach = v.half_width + 4
    box = c.box((-reach, v.y - reach, v.z - v.half_height - 9), (reach, v.y + reach, v.z + v.half_height + 9))
    y = box.y - np.float32(v.y)
    z = box.z - np.float32(v.z) + np.float32(v.slope) * y
    height = np.abs(z) / np.float32(v.half_height)
    waist = 1 - np.float32(0.12) * (1 - height * height)
    # The back of a body is hollow towards the canal.
    hollow = np.maximum(y, 0) * (1 - np.minimum(np.abs(box.x) / np.float32(v.half_width), 1)) * np.float32(0.1)
    u = (box.x / np.float32(v.half_width)) ** 2
    radius = np.sqrt(u + ((y + hollow) / np.float32(v.half_depth)) ** 2 * (1 - u * np.float32(0.2)))
    inside = (waist - radius) * np.float32(v.half_depth)
    body = (inside > 0) & (height < 1)
    box.paint(body, T.CORTICAL, (*_FLESH, T.DISC, T.NUCLEUS))
    box.paint(body & (inside > 1.3) & (np.abs(z) < v.half_height - 1.1), T.SPONGY, (T.CORTICAL,))
    vein = (0.0, v.y + v.half_depth - 5, v.z)
    box.ellipsoid(vein, (3.5, 5, 1.3), T.VEIN, (T.SPONGY,))


def _paint_arch(c: Canvas, v: Vertebra) -> None:
    for side in (c, c.mirrored()):
        high = v.z + v.half_height * 0.35
        inner = v.canal_wide + 3.2
        bone = (T.CORTICAL, (*_FLESH, T.DISC))
        root, corner = (v.half_width * 0.68, v.y + v.half_depth * 0.6, high), (inner, v.canal + 2, high)
        tall = side.stretched((1, 1, 0.62))
        for start, end, radius in ((root, corner, 4.0), (corner, (3.0, v.canal + v.canal_deep + 4, v.z - 3), 3.4)):
            tall.tube(_low(start), _low(end), radius, *bone)
        if v.is_lumbar:
            side.stretched((1, 1, 0.6)).tube(_low(corner, 0.6), (43, v.canal + 1, (v.z + 3) * 0.6), 3.0, *bone)
        elif v.z < 140:
            side.tube(corner, (30 - (133 - v.z) * 0.02, v.canal + 9, high + 1), 4.6, *bone)
        overlap = v.half_height + 3
        side.ellipsoid((inner + 2.5, v.canal + 4.5, v.z + overlap - 3), (5.0, 4.2, 8.5), *bone)
        side.ellipsoid((inner - 0.5, v.canal + 8.0, v.z - overlap), (4.4, 4.6, 9.0), *bone)
    _paint_spinous(c, v)


def _low(place: Vector, factor: float = 0.62) -> Vector:
    return place[0], place[1], place[2] * factor


def _paint_spinous(c: Canvas, v: Vertebra) -> None:
    start = v.canal + v.canal_deep + 3
    bone = (T.CORTICAL, (*_FLESH, T.SPONGY))
    if v.is_lumbar:
        c.ellipsoid((0, start + 14, v.z - 6), (3.4, 18, 10.5), *bone, boxy=0.5)
        return
    tip = (0.0, start + 21, v.z - min(26.0, max(6.0, 15 + (60 - abs(v.z - 10)) * 0.2)))
    c.path([(0, start, v.z - 2), (0, start + 8, v.z - 8), tip], [4.4, 3.8, 3.4], *bone)


def _paint_joints(c: Canvas, upper: Vertebra, lower: Vertebra) -> None:
    """The cleft between the facets of two neighbours."""
    z = (upper.z - upper.half_height + lower.z + lower.half_height) / 2
    y = (upper.canal + lower.canal) / 2 + 6.4
    for side in (c, c.mirrored()):
        centre = (lower.canal_wide + 4.2, y, z)
        side.ellipsoid(centre, (1.1, 6.5, 8), T.CARTILAGE, (T.CORTICAL, T.SPONGY), turn=("z", -0.7))


def _paint_canal(c: Canvas, figure: Figure) -> None:
    for slab in c.slabs():
        heights = slab.z.ravel().tolist()
        middle = np.array([canal_y(figure, z) for z in heights], np.float32).reshape(slab.z.shape)
        wide, deep = _CANAL_WIDE.along(slab.z), _CANAL_DEEP.along(slab.z)
        y = slab.y - middle
        canal = (slab.x / wide) ** 2 + (y / deep) ** 2
        # Fat fills the back of the canal, the more the lower.
        slab.paint(canal < 1, T.FAT)
        sack = (slab.x / (wide - np.float32(1.2))) ** 2 + ((y + np.float32(0.9)) / (deep - np.float32(1.6))) ** 2
        slab.paint(sack < 1, T.CSF)
        cord = _CORD.along(slab.z)
        where = (slab.x / (cord * np.float32(1.15))) ** 2 + ((y + np.float32(0.6)) / (cord * np.float32(0.86))) ** 2
        slab.paint((where < 1) & (slab.z > -156), T.CORD)
    _paint_cauda(c, figure)


def _paint_cauda(c: Canvas, figure: Figure) -> None:
    """Threads from the end of the cord to their foramina, along the back of the sack as one lies."""
    for side in (c, c.mirrored()):
        for thread in range(5):
            end = -335 + thread * 32.0
            points: list[Vector] = []
            for step in range(8):
                part = step / 7
                z = -128 + (end + 128) * part
                x = (0.9 + thread * 1.6) * (0.3 + 0.7 * min(1.0, part * 2))
                points.append((x, canal_y(figure, z) + 4.4 - thread * 1.35, z))
            side.path(points, 0.65, T.NERVE, (T.CSF,))


def _paint_foramen(c: Canvas, upper: Vertebra, lower: Vertebra) -> None:
    z = upper.z - upper.half_height * 0.9
    y = (upper.canal + lower.canal) / 2 - 2.5
    inner, outer = upper.canal_wide - 2, upper.half_width + 8
    size = 4.4 if upper.is_lumbar else 3.6
    low = c.stretched((1, 1, 0.7))
    solid = (T.CORTICAL, T.SPONGY, T.MUSCLE, T.CARTILAGE)
    low.tube((inner, y, z * 0.7), (outer, y, z * 0.7), size, T.FAT, solid)
    nerve = [(inner - 2, y, z + 3), (inner + 5, y, z), (outer + 8, y - 3, z - 12)]
    c.path(nerve, [1.4, 2.4, 1.8], T.NERVE, (T.FAT, T.MUSCLE))
