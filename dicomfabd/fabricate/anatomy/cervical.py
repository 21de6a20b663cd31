"""The spine from the skull to the upper chest, with cord and roots."""

from itertools import pairwise
from typing import Final

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_SPINE: Final = (
    # y, z of the middle of the body; half its width and depth; tilt of its top to the front; reach of its spine
    (17.0, -84.0, 9.5, 7.5, 0.10, 25.0),
    (15.5, -101.5, 10.0, 8.0, 0.04, 20.0),
    (15.0, -118.5, 10.5, 8.0, -0.03, 20.0),
    (16.0, -135.5, 11.0, 8.2, -0.10, 22.0),
    (19.0, -152.5, 11.8, 8.4, -0.20, 28.0),
    (23.5, -169.5, 12.8, 8.8, -0.30, 38.0),
    (30.0, -187.5, 13.5, 9.2, -0.36, 40.0),
    (37.5, -206.5, 14.0, 9.8, -0.36, 40.0),
    (45.0, -226.5, 14.0, 10.4, -0.30, 42.0),
    (51.5, -247.0, 14.0, 11.0, -0.24, 42.0),
    (56.5, -268.5, 14.0, 11.6, -0.18, 42.0),
    (60.0, -290.5, 14.4, 12.2, -0.12, 42.0),
)
"""The second cervical to the sixth thoracic vertebra."""

_CERVICAL: Final = 6
_SOFT: Final = (T.FAT, T.MUSCLE, T.LUNG, T.SOFT, T.MUCOSA)


def paint_spine(c: Canvas) -> None:
    """Paint vertebrae, discs, and what lies in the canal; the muscles are there already."""
    part = c.box((-50, -5, -320), (50, 120, -40))
    if not part.labels.size:
        return
    for upper, lower in pairwise(_SPINE):
        _disc(part, upper, lower)
    for number, (y, z, wide, deep, tilt, reach) in enumerate(_SPINE):
        at = part.moved((0, y, z))
        half_height = 7.0 if number < _CERVICAL else 8.4
        _body(at, (wide, deep, half_height), tilt)
        for half in (at, at.mirrored()):
            _arch(half, number, deep, reach)
    _axis_and_atlas(part)
    _canal(part)


def _disc(c: Canvas, upper: tuple[float, ...], lower: tuple[float, ...]) -> None:
    y, z = (upper[0] + lower[0]) / 2, (upper[1] + lower[1]) / 2
    tilt = (upper[4] + lower[4]) / 2
    c.ellipsoid((0, y, z), (upper[2] + 0.6, upper[3] + 0.8, 3.6), T.DISC, boxy=0.9, turn=("x", tilt))
    c.ellipsoid((0, y + 0.5, z), (upper[2] * 0.62, upper[3] * 0.6, 1.9), T.NUCLEUS, (T.DISC,), turn=("x", tilt))


def _body(c: Canvas, radii: Vector, tilt: float) -> None:
    wide, deep, tall = radii
    c.ellipsoid((0, 0, 0), (wide, deep, tall), T.CORTICAL, boxy=0.9, turn=("x", tilt))
    c.ellipsoid((0, 0, 0), (wide - 1.1, deep - 1.1, tall - 1.1), T.MARROW, (T.CORTICAL,), boxy=0.9, turn=("x", tilt))
    c.ellipsoid((0, 0, 0), (wide - 1.1, deep - 1.1, tall - 1.1), T.SPONGY, (T.MARROW,), boxy=0.9, turn=("x", tilt))


def _arch(c: Canvas, number: int, deep: float, reach: float) -> None:
    """Paint the left half of an arch: pedicle, joint, lamina, spine and transverse process."""
    back = deep + 18.0
    is_neck = number < _CERVICAL
    bone = (*_SOFT, T.DISC, T.NUCLEUS)
    if is_neck:
        c.path([(8, 0, 6), (10.5, 1, 8.5)], [2.6, 1.6], T.CORTICAL, bone)
        c.path([(9, deep - 1, 1), (18, deep + 3, 0)], [3.2, 3.6], T.CORTICAL, bone)
        c.ellipsoid((19.5, deep + 4, 0), (6, 5.8, 9.6), T.CORTICAL, bone, boxy=0.4, turn=("x", -0.55))
        c.ellipsoid((19.5, deep + 4, 0), (4.6, 4.4, 8.2), T.SPONGY, (T.CORTICAL,), boxy=0.4, turn=("x", -0.55))
        c.path([(10, -1, -2), (22, 0, -4), (24, 4, -4)], [2.6, 2.6, 2.4], T.CORTICAL, bone)
        c.path([(18, deep + 1, -1), (24, 4, -4)], [2.6, 2.2], T.CORTICAL, bone)
        c.ellipsoid((17, 3.5, -2), (3.0, 3.2, 9), T.FAT, (T.CORTICAL, T.SPONGY))
    else:
        c.path([(9, deep - 2, 3), (15, deep + 8, 3)], [4, 4], T.CORTICAL, bone)
        c.ellipsoid((14, deep + 10, 1), (5, 5, 13), T.CORTICAL, bone, boxy=0.4)
        c.path([(14, deep + 9, 3), (36, deep + 17, 5)], [4.2, 3.4], T.CORTICAL, bone)
        c.path([(14, deep + 9, 3), (36, deep + 17, 5)], [2.8, 2.2], T.SPONGY, (T.CORTICAL,))
    for z in (-4.5, -1.5, 1.5):
        c.path([(17, deep + 9, z), (8, back - 2, z - 2), (0, back + 2, z - 3)], [2.4, 2.4, 2.8], T.CORTICAL, bone)
    end = (1.6 if number in (0, 1, 2, 3) else 0.0, deep + 16 + reach, -8 - 0.25 * reach)
    c.path([(0, back, -3), end], [3.4, 3.0], T.CORTICAL, bone)
    c.path([(0, back, -3), end], [2.0, 1.6], T.SPONGY, (T.CORTICAL,))


def _axis_and_atlas(c: Canvas) -> None:
    bone = (*_SOFT, T.CSF, T.DISC)
    for radius, tissue, inside in ((5.4, T.CORTICAL, bone), (4.2, T.SPONGY, (T.CORTICAL,))):
        c.path([(0, 17, -82), (0, 14.5, -68), (0, 15.5, -56)], [radius + 2, radius, radius - 0.8], tissue, inside)
    for half in (c, c.mirrored()):
        ring = [(0, 5.5, -63), (10, 7.5, -63), (17, 12, -62)]
        half.path(ring, [3.4, 3.0, 4.0], T.CORTICAL, bone)
        half.path(ring, [2.0, 1.6, 2.4], T.SPONGY, (T.CORTICAL,))
        half.ellipsoid((19, 17, -62), (7, 9, 9), T.CORTICAL, bone, boxy=0.3, turn=("y", 0.3))
        half.ellipsoid((19, 17, -62), (5.6, 7.6, 7.6), T.SPONGY, (T.CORTICAL,), boxy=0.3, turn=("y", 0.3))
        half.ellipsoid((17, 17, -77), (7.5, 8, 6.5), T.CORTICAL, bone, turn=("y", -0.3))
        half.ellipsoid((17, 17, -77), (6.1, 6.6, 5.1), T.SPONGY, (T.CORTICAL,), turn=("y", -0.3))
        half.path([(22, 17, -63), (37, 19, -65)], [4.5, 3.2], T.CORTICAL, bone)
        half.ellipsoid((29, 18, -64), (3, 3, 7), T.FAT, (T.CORTICAL,))
        half.path([(19, 24, -62), (18, 36, -62), (10, 46, -63), (0, 49, -64)], [3.2, 2.6, 2.8, 3.6], T.CORTICAL, bone)


def _canal(c: Canvas) -> None:
    """Paint fat, fluid, cord and roots along the canal."""
    bone = (T.CORTICAL, T.SPONGY, T.MARROW, T.FAT, T.MUSCLE, T.CSF, T.DISC)
    course: list[Vector] = [(0, 27, -50), (0, 31, -66), (0, 32.5, -84), (0, 31.5, -101), (0, 31, -118), (0, 32, -135)]
    course += [(0, y + deep + 8.0, z) for y, z, _, deep, _, _ in _SPINE[4:]]
    for tissue, radius, apart in ((T.FAT, 7.6, 4.5), (T.CSF, 6.6, 4.2), (T.CORD, 3.7, 2.6)):
        for side in (-1, 0, 1):
            path = [(side * apart, y, z) for _, y, z in course]
            c.path(path, radius, tissue, bone if tissue is not T.CORD else (T.CSF, T.WHITE))
    for upper, lower in pairwise(_SPINE):
        y, z, deep = (upper[0] + lower[0]) / 2, (upper[1] + lower[1]) / 2, upper[3]
        for side in (-1, 1):
            c.path([(side * 8, y + deep + 5, z), (side * 24, y + 2, z - 3)], [3.6, 4.0], T.FAT, (T.CORTICAL, T.SPONGY))
            root = [(side * 3, y + deep + 6, z + 3), (side * 15, y + deep, z), (side * 26, y - 2, z - 5)]
            c.path(root, [0.8, 1.7, 1.4], T.NERVE, (T.CSF, T.FAT, T.MUSCLE))
