"""Ribs with their cartilages, breast bone, collar bones and shoulder blades."""

from itertools import pairwise
from typing import Final

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.figure import Figure
from dicomfabd.fabricate.anatomy.shapes import between, curve
from dicomfabd.fabricate.anatomy.spine import LEVELS, vertebra_at
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_FLESH: Final = (T.MUSCLE, T.FAT, T.LUNG)
# For each rib: how far it sinks to its front end, and where it ends: from 0 at the back over 1 at the side.
_RIBS: Final = (
    (30, 2.9), (48, 2.5), (60, 2.3), (70, 2.2), (78, 2.15), (84, 2.1), (88, 2.05), (88, 1.9), (82, 1.7), (74, 1.5),
    (64, 1.15), (48, 0.66),
)  # fmt: skip
# Where the cartilages of the first seven reach the breast bone.
_STERNAL: Final = (92, 60, 40, 20, 2, -16, -30)
_TALL: Final = 0.58
# Height and radius along the two parts of the breast bone.
_MANUBRIUM: Final = ((96.0, 9.5), (84.0, 9.0), (72.0, 7.0), (63.0, 5.6))
_STERNUM: Final = ((54.0, 5.4), (30.0, 5.8), (0.0, 6.6), (-25.0, 6.6), (-42.0, 4.6))
# Height, direction and distance from the cavity along the borders of a shoulder blade.
_BLADE_OUTER: Final = ((84.0, (0.8, 0.6), 21.0), (45.0, (0.82, 0.57), 15.0), (4.0, (0.8, 0.6), 13.0))
_BLADE_INNER: Final = ((116.0, (0.62, 0.78), 24.0), (80.0, (0.52, 0.85), 18.0), (45.0, (0.62, 0.78), 14.0))


def sternum_y(z: float) -> float:
    """Give the y of the middle of the breast bone."""
    return -62 - (100 - z) * 0.42 if z > 58 else -79.6 - (58 - z) * 0.15


def paint_cage(c: Canvas, figure: Figure) -> None:
    """Paint the bones of the chest and of the shoulder."""
    for side in (c, c.mirrored()):
        ends = [_paint_rib(side, figure, number) for number in range(12)]
        _paint_cartilages(side, figure, ends)
        _paint_shoulder(side, figure)
    _paint_sternum(c)


def _paint_rib(c: Canvas, figure: Figure, number: int) -> Vector:
    """Paint one and give its front end."""
    vertebra = vertebra_at(figure, LEVELS[number + 3])
    sink, end = _RIBS[number]
    high = vertebra.z + vertebra.half_height * 0.8
    points: list[Vector] = [
        (vertebra.half_width + 1, vertebra.y + vertebra.half_depth * 0.5, high),
        (vertebra.canal_wide + 19, vertebra.canal + 3, high - 1),
    ]
    steps = 11
    for step in range(1, steps + 1):
        angle = 0.42 + (end - 0.42) * step / steps
        z = high - sink * (0.06 + 0.94 * (angle - 0.3) / (end - 0.3))
        points.append(figure.cavity.point(z, (2 * angle, 1 - angle * angle), 4.5))
    if number == 0:
        points = points[:2] + points[4:]
    thick = 3.6 if number < 11 else 2.8
    _band(c, points, thick, T.CORTICAL, _FLESH)
    _band(c, points, thick - 1.4, T.SPONGY, (T.CORTICAL,))
    return points[-1]


def _band(c: Canvas, points: list[Vector], radius: float, tissue: Tissue, inside: tuple[Tissue, ...]) -> None:
    """A rod that is higher than wide."""
    tall = c.stretched((1, 1, _TALL))
    tall.path([(x, y, z * _TALL) for x, y, z in curve(points, 3)], radius, tissue, inside)


def _paint_cartilages(c: Canvas, figure: Figure, ends: list[Vector]) -> None:
    meeting: list[Vector] = []
    for number, end in enumerate(ends[:10]):
        if number < 7:
            goal = (13.0 if number < 6 else 9.0, sternum_y(_STERNAL[number]) + 1, float(_STERNAL[number]))
            low = min(end[2], goal[2]) - (0 if number < 3 else 2.0 * number)
            middle = (end[0] * 0.62 + 6, min(end[1], goal[1]) * 0.9 + 0.1 * goal[1] - 1.5, low * 0.6 + goal[2] * 0.4)
            points = [end, middle, goal]
        else:
            # The lower ones lean on the one above.
            above = meeting[number - 1]
            x, y, z = above
            points = [end, between(end, (x, y, z - 9), 0.55), (x - 6, y - 2, z - 7)]
        meeting.append(points[1])
        _band(c, points, 3.6, T.CARTILAGE, _FLESH)


def _paint_sternum(c: Canvas) -> None:
    flat = c.stretched((0.36, 1, 1))
    for shrink, tissue, inside in ((0.0, T.CORTICAL, (*_FLESH, T.CARTILAGE)), (1.0, T.SPONGY, (T.CORTICAL,))):
        for part in (_MANUBRIUM, _STERNUM):
            line = [(0.0, sternum_y(z), z) for z, _ in part]
            flat.path(line, [radius - shrink for _, radius in part], tissue, inside)
    xiphoid: list[Vector] = [(0, sternum_y(-47), -47), (0, sternum_y(-60) + 3, -60), (0, sternum_y(-72) + 6, -72)]
    c.path(xiphoid, [5.5, 4.5, 3], T.CARTILAGE, _FLESH)


def _paint_shoulder(c: Canvas, figure: Figure) -> None:
    collar = curve([(14, -66, 100), (42, -68, 110), (84, -44, 124), (112, -18, 134), (138, 2, 142)])
    c.path(collar, 6.2, T.CORTICAL, _FLESH)
    c.path(collar, 4.0, T.SPONGY, (T.CORTICAL,))
    head = (156.0, 22.0, 128.0)
    c.ellipsoid(head, (26, 26, 26), T.CARTILAGE, _FLESH)
    arm = [head, (168, 18, 165), (184, 14, 210), (200, 10, 260)]
    for radii, tissue, inside in (
        ([23.5, 17, 13, 12], T.CORTICAL, (*_FLESH, T.CARTILAGE)),
        ([22, 15, 6.5, 6], T.SPONGY, (T.CORTICAL,)),
    ):
        c.path(arm, radii, tissue, inside)
    _paint_blade(c.box((40, -60, -20), (200, 160, 200)), figure)


def _paint_blade(c: Canvas, figure: Figure) -> None:
    """A plate between two borders that lean on the ribs, its spine and its process in front."""
    bone = (T.CORTICAL, _FLESH)
    neck: Vector = (126.0, 36.0, 118.0)
    lateral = [figure.cavity.point(z, heading, out) for z, heading, out in _BLADE_OUTER]
    outer = curve([neck, *lateral], 8)
    inner = curve([*(figure.cavity.point(z, heading, out) for z, heading, out in _BLADE_INNER), outer[-1]], 8)
    for a, b in zip(outer, inner, strict=True):
        c.tube(a, b, 3.6, *bone, taper=0.55)
        c.tube(b, between(a, b, 0.5), 2.0, *bone)
    for start, end in pairwise(inner[:10]):
        for part in range(3):
            c.tube(neck, between(start, end, part / 3), 3.0, *bone, taper=0.6)
    c.path(outer, 4.4, *bone)
    c.path(inner, 2.6, *bone)
    c.ellipsoid((127, 32, 122), (9, 14, 19), *bone)
    c.path(curve([inner[5], (116, 84, 112), (150, 52, 146), (160, 22, 158)]), [3] * 4 + [5] * 5 + [6] * 4, *bone)
    c.path([(126, 24, 130), (122, -2, 142), (126, -20, 132)], [7, 6, 5], *bone)
    c.line_with(T.CORTICAL, T.SPONGY, 1.5, (T.SPONGY,))
