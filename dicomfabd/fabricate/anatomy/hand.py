"""Hand and wrist, hanging, palm to the front; origin in the joint between radius and wrist."""

from itertools import pairwise
from typing import Final

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.bones import Bone, Egg, Piece, Rod, paint_bone
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.flesh import paint_spindle
from dicomfabd.fabricate.anatomy.rays import Ray, moved, paint_digit, paint_ray
from dicomfabd.fabricate.anatomy.shapes import Profile, between
from dicomfabd.fabricate.anatomy.strands import paint_artery
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

WRIST: Final[Vector] = (-16, 1, -250)
"""The wrist, from the elbow."""

_THIN: Final = Profile((0, 0.8), (1, 0.8))


def _carpal(*pieces: Piece, bites: tuple[Piece, ...] = ()) -> Bone:
    return Bone(pieces, bites, blend_mm=3.0, cortex=_THIN, gristle=pieces, gristle_mm=0.6)


_CARPALS: Final = (
    _carpal(Rod(((-10, 0, -6), (-15, -3, -13), (-18, -6, -20)), (7.6, 6.4, 6.3))),
    _carpal(Egg((2.5, 0, -8.2), (8.8, 9, 7.8)), bites=(Egg((1, 0, -19), (8, 10, 6.4)),)),
    _carpal(Egg((15, 2, -13.5), (6.6, 7.5, 8.2), turn=("y", 0.5))),
    _carpal(Egg((17, -10, -14), (4.4, 4.2, 5.4))),
    _carpal(Egg((-22, -6, -29), (8.2, 7.5, 6.6), turn=("y", 0.3), boxy=0.3)),
    _carpal(Egg((-10.2, 1, -29.3), (5.8, 8, 6.8), boxy=0.4)),
    _carpal(Rod(((0.5, 0, -18.5), (0, 1, -31)), (6.6, 7.2)), Egg((0, 1, -33), (6.6, 8, 6), boxy=0.5)),
    _carpal(Rod(((8.5, 1, -22), (12, 1, -31)), (4.5, 7.6)), Rod(((11, -4, -31), (12.5, -12, -31)), (3.6, 2.8))),
)
"""Scaphoid, lunate, triquetrum, pisiform, trapezium, trapezoid, capitate, hamate."""

_RAYS: Final = tuple(
    Ray(base, head, radii, (heading,) * len(lengths), lengths, thick, gap_mm=2.2, along=2)
    for base, head, radii, heading, lengths, thick in (
        ((-27, -10, -38), (-47, -17, -72), (7.6, 4.6, 7.6), (-0.42, -0.06, -0.9), (31, 23), 6.9),
        ((-13, 1, -41), (-23, 0, -100), (7.8, 4.0, 7.4), (-0.15, 0.0, -1.0), (41, 24, 18), 6.6),
        ((-0.5, 2, -43), (-2, 1, -103), (7.6, 4.1, 7.4), (-0.02, 0.0, -1.0), (45, 29, 19), 6.6),
        ((9, 2, -41), (16, 0, -95), (6.6, 3.6, 6.7), (0.14, 0.0, -1.0), (42, 27, 19), 6.2),
        ((18, 1, -39), (32, -2, -86), (6.6, 3.6, 6.4), (0.30, 0.0, -1.0), (33, 19, 17), 5.6),
    )
)

_SESAMOIDS: Final = ((-44, -26, -70), (-52, -24, -69))

_BALLS: Final = (
    (((-16, -12, -20), (-32, -20, -46), (-44, -22, -68)), (6, 11, 5)),
    (((-10, -14, -26), (-22, -16, -50), (-42, -14, -66)), (5, 9, 4)),
    (((16, -12, -18), (24, -11, -48), (31, -8, -80)), (5, 8, 4)),
    (((-26, -2, -46), (-30, -2, -66), (-28, -1, -88)), (5, 8, 4)),
)
"""The muscles of thumb and little finger, and the one between thumb and index."""

PALM_SHAPE: Final[tuple[Piece, ...]] = tuple(
    Rod([(x + WRIST[0], y + WRIST[1], z + WRIST[2]) for x, y, z in points], radii, flat)
    for points, radii, flat in (
        (((-8, 0, 4), (-12, -1, -40), (-22, -1, -96)), (13, 12, 11), (0.9, 1, 1)),
        (((8, 0, 4), (12, -1, -40), (28, -2, -86)), (13, 12, 10), (0.9, 1, 1)),
        (((-2, 0, -20), (-2, 0, -104)), (13, 11.5), (0.9, 1, 1)),
        (((6, 0, -40), (14, 0, -94)), (12, 11), (0.9, 1, 1)),
        (((-12, -5, -14), (-32, -11, -44), (-45, -15, -70)), (10, 14, 11), (1, 1, 1)),
        (((-12, -3, -40), (-28, -6, -66)), (11, 8), (1, 1, 1)),
        (((16, -4, -14), (22, -4, -50), (30, -3, -80)), (9, 11, 9), (1, 1, 1)),
    )
)


def paint_hand_bones(c: Canvas) -> None:
    """Paint the 27 bones of hand and wrist, and the two small ones beside the thumb."""
    c.ellipsoid((-2, 1, -18), (26, 9.5, 21), T.SOFT, (T.FAT, T.MUSCLE))
    c.ellipsoid((-2, 1, -3), (20, 8, 4), T.FLUID, (T.SOFT,))
    for bone in _CARPALS:
        paint_bone(c, bone, 1.0)
    for ray in _RAYS:
        paint_ray(c, ray)
    for place in _SESAMOIDS:
        paint_bone(c, Bone(pieces=(Egg(place, (2.6, 2.4, 3)),), cortex=_THIN), 0.9)


def paint_fingers(c: Canvas) -> None:
    """Paint the skin and fat of the fingers, with their tendons and arteries."""
    for number, ray in enumerate(_RAYS):
        line, thick = ray.line(), ray.thick
        paint_digit(c, ray, [thick + 6.5, *([thick + 3.4] * (len(line) - 2)), thick * 0.8 + 2.6], 1.3)
        for shift, radius in ((-thick - 0.8, 2.0), (thick + 0.4, 1.2)):
            c.path([(x, y + shift, z) for x, y, z in line[:-1]], radius, T.TENDON, (T.FAT,))
        for side in (-1, 1) if number else (1,):
            away = side * (thick + 1.6)
            # The head of the bone behind is wider than the finger.
            beside = [_root(ray, side), *((x + away, y - 4.0, z) for x, y, z in line[1:])]
            c.path(beside, 0.8, T.ARTERY, (T.FAT, T.SKIN))


def _root(ray: Ray, side: int) -> Vector:
    """Give where an artery of the palm becomes one of a side of a finger."""
    x, y, z = moved(ray.head, ray.headings[0], 6.0)
    return x + side * (ray.radii[2] + 2.2), y - 5.5, z


def paint_palm(c: Canvas) -> None:
    """Paint muscles and tendons of the hand."""
    for points, radii in _BALLS:
        paint_spindle(c, points, radii)
    for first, second in pairwise(_RAYS[1:]):
        start, end = between(first.base, second.base, 0.5), between(first.head, second.head, 0.5)
        for shift in (-4, 3):
            line = [(x, y + shift, z) for x, y, z in (between(start, end, part) for part in (0.1, 0.5, 0.85))]
            paint_spindle(c, line, (2.5, 4.2, 2))
    for ray, x in zip(_RAYS[1:], (-7, -3, 1, 5), strict=True):
        for y, radius, beyond in ((-12.0, 1.9, -13.0), (9.5, 1.4, 10.0)):
            goal = (ray.head[0], beyond, ray.head[2])
            course = [(x, y * 1.05, 4), (x, y, -20), between((x, y, -20), goal, 0.5), goal]
            c.path(course, radius, T.TENDON, (T.FAT, T.MUSCLE))
    c.path([(12, -15, -24), (0, -17, -24), (-18, -13, -25)], 1.2, T.TENDON, (T.FAT, T.MUSCLE))


def paint_hand_vessels(c: Canvas) -> None:
    """Paint both arches of the palm and what leaves them."""
    arch = [(19, -12, 0), (19, -13, -24), (18, -15, -44), (6, -15, -64), (-10, -15, -62), (-22, -15, -46)]
    paint_artery(c, arch, [1.3, 1.3, 1.2, 1.2, 1.1, 0.9])
    deep = [(-17, -11, 4), (-28, -4, -12), (-28, 4, -26), (-22, 2, -42), (-12, -6, -52), (4, -7, -52), (16, -8, -44)]
    paint_artery(c, deep, [1.4, 1.3, 1.3, 1.3, 1.2, 1.0, 0.8])
    place = (T.FAT, T.MUSCLE, T.TENDON, T.SKIN)
    for start, first, second in (((-8, -15, -62.5), 1, 2), ((5, -15, -64), 2, 3), ((13, -15, -54), 3, 4)):
        fork = between(between(_RAYS[first].head, _RAYS[second].head, 0.5), start, 0.3)
        c.path([start, fork], [1.0, 0.9], T.ARTERY, place)
        for ray, side in ((_RAYS[first], 1), (_RAYS[second], -1)):
            c.path([fork, _root(ray, side)], [0.9, 0.8], T.ARTERY, place)
    for start, ray, side in (
        ((18, -15, -44), _RAYS[4], 1),
        ((-22, -15, -46), _RAYS[1], -1),
        ((-22, -15, -46), _RAYS[0], 1),
    ):
        c.path([start, _root(ray, side)], [1.0, 0.8], T.ARTERY, place)
