"""Hand and wrist, hanging, palm to the front; origin in the joint between radius and wrist."""

from typing import Final

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.bones import Bone, Egg, Piece, Rod, paint_bone
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.flesh import paint_artery
from dicomfabd.fabricate.anatomy.shapes import Profile, between, curve
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

WRIST: Final[Vector] = (-16, 1, -250)
"""The wrist, from the elbow."""

_THIN: Final = Profile((0, 0.8), (1, 0.8))
_FLAT: Final[Vector] = (1.0, 1.15, 1.0)


def _carpal(*pieces: Piece, bites: tuple[Piece, ...] = ()) -> Bone:
    return Bone(pieces, bites, blend_mm=3.0, cortex=_THIN, gristle=pieces, gristle_mm=0.6)


_CARPALS: Final = (
    _carpal(Rod(((-10, 0, -6), (-15, -3, -13), (-18, -6, -20)), (7, 5.8, 5.6))),
    _carpal(Egg((2, 0, -8), (8, 8.5, 7)), bites=(Egg((1, 0, -18), (8, 10, 6)),)),
    _carpal(Egg((14, 2, -13), (6.2, 7, 7.5), turn=("y", 0.5))),
    _carpal(Egg((16, -9, -14), (4.6, 4.6, 5.6))),
    _carpal(Egg((-22, -6, -29), (7.6, 7, 6.2), turn=("y", 0.3), boxy=0.3)),
    _carpal(Egg((-10.5, 1, -29), (5.4, 7.5, 6.2), boxy=0.4)),
    _carpal(Rod(((0.5, 0, -18.5), (0, 1, -31)), (6.6, 7.2)), Egg((0, 1, -33), (6.6, 8, 6), boxy=0.5)),
    _carpal(Rod(((8.5, 1, -22), (12, 1, -31)), (4.5, 7.6)), Rod(((11, -4, -31), (12.5, -12, -31)), (3.6, 2.8))),
)
"""Scaphoid, lunate, triquetrum, pisiform, trapezium, trapezoid, capitate, hamate."""

_RAYS: Final[tuple[tuple[tuple[Vector, Vector], tuple[float, float, float], tuple[float, float, float], tuple[float, ...], float], ...]] = (
    (((-27, -10, -38), (-47, -17, -72)), (7.6, 4.6, 7.6), (-0.42, -0.06, -0.9), (31, 23), 6.9),
    (((-13, 1, -41), (-23, 0, -100)), (7.8, 4.0, 7.4), (-0.15, 0.0, -1.0), (41, 24, 18), 6.6),
    (((-0.5, 2, -43), (-2, 1, -103)), (7.6, 4.1, 7.4), (-0.02, 0.0, -1.0), (45, 29, 19), 6.6),
    (((9, 2, -41), (16, 0, -95)), (6.6, 3.6, 6.7), (0.14, 0.0, -1.0), (42, 27, 19), 6.2),
    (((18, 1, -39), (32, -2, -86)), (6.6, 3.6, 6.4), (0.30, 0.0, -1.0), (33, 19, 17), 5.6),
)  # fmt: skip
"""For each finger: the metacarpal's base and head, its radii there and between, the finger's heading, the phalanges'
lengths, and their radius."""

_SESAMOIDS: Final = ((-44, -26, -70), (-52, -24, -69))

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
        for bone in _ray(*ray):
            paint_bone(c, bone, 0.9)
    for place in _SESAMOIDS:
        paint_bone(c, Bone(pieces=(Egg(place, (2.6, 2.4, 3)),), cortex=_THIN), 0.9)


def _ray(
    ends: tuple[Vector, Vector],
    radii: tuple[float, float, float],
    heading: tuple[float, float, float],
    lengths: tuple[float, ...],
    thick: float,
) -> list[Bone]:
    base, head = ends
    bones = [_metacarpal(base, head, radii)]
    size = (heading[0] ** 2 + heading[1] ** 2 + heading[2] ** 2) ** 0.5
    step = (heading[0] / size, heading[1] / size, heading[2] / size)
    start = _along(head, step, radii[2] + 2.2 + thick * 0.5)
    for number, length in enumerate(lengths):
        part = thick * (1.0, 0.84, 0.72)[number + (len(lengths) == 2)] if number else thick
        end = _along(start, step, length - part * 1.15)
        bones.append(_phalanx(start, end, part, is_last=number == len(lengths) - 1))
        start = _along(end, step, part * 1.15 + 2.0)
    return bones


def _along(place: Vector, step: Vector, mm: float) -> Vector:
    return place[0] + step[0] * mm, place[1] + step[1] * mm, place[2] + step[2] * mm


def _metacarpal(base: Vector, head: Vector, radii: tuple[float, float, float]) -> Bone:
    wide, waist, knob = radii
    near, far = between(base, head, 0.25), between(base, head, 0.78)
    rod = Rod(
        (base, near, between(base, head, 0.5), far, head),
        (wide * 0.85, waist * 1.1, waist, waist * 1.12, knob * 0.78),
        _FLAT,
    )
    pieces = (
        rod,
        Egg(head, (knob * 0.95, knob, knob)),
        Egg((base[0], base[1], base[2] - 1), (wide, wide * 1.05, wide * 0.75), boxy=0.5),
    )
    middle = (base[2] + head[2]) / 2
    cortex = Profile(
        (base[2], 0.7), (near[2], waist * 0.3), (middle, waist * 0.46), (far[2], waist * 0.28), (head[2], 0.7)
    )
    gristle = (Egg(_along(head, (0, 0, -1), knob * 0.5), (knob, knob, knob * 0.8)),)
    return Bone(pieces, blend_mm=3.0, cortex=cortex, gristle=gristle, gristle_mm=0.8)


def _phalanx(start: Vector, end: Vector, thick: float, *, is_last: bool) -> Bone:
    waist = thick * 0.55
    pieces: list[Piece] = [
        Rod(
            (start, between(start, end, 0.35), between(start, end, 0.7), end),
            (thick * 0.8, waist * 1.1, waist if not is_last else waist * 0.7, thick * 0.62),
            _FLAT,
        ),
        Egg(start, (thick, thick * 0.85, thick * 0.62), boxy=0.2),
    ]
    if not is_last:
        pieces.append(Egg(end, (thick * 0.82, thick * 0.7, thick * 0.68)))
    bites = (Egg((start[0], start[1], start[2] + thick * 1.05), (thick * 0.8, thick * 0.9, thick * 0.62)),)
    cortex = Profile((start[2], 0.6), ((start[2] + end[2]) / 2, waist * 0.46), (end[2], 0.6))
    return Bone(pieces, bites, blend_mm=2.5, cortex=cortex)


def paint_fingers(c: Canvas) -> None:
    """Paint the skin and fat of the fingers, with their tendons and arteries."""
    for number, ray in enumerate(_RAYS):
        line = [ray[0][1], *_joints(ray)]
        thick = ray[4]
        radius = [thick + 6.5, *([thick + 3.4] * (len(line) - 2)), thick * 0.8 + 2.6]
        c.path(line, radius, T.SKIN, (T.AIR,))
        c.path(line, [mm - 1.3 for mm in radius], T.FAT, (T.SKIN,))
        for y, thin in ((-thick - 0.8, 2.0), (thick + 0.4, 1.2)):
            c.path([(x, yy + y, z) for x, yy, z in line[:-1]], thin, T.TENDON, (T.FAT,))
        for side in (-1, 1) if number else (1,):
            away = side * (thick + 0.6)
            c.path([(x + away, y - 3.5, z) for x, y, z in line], 0.8, T.ARTERY, (T.FAT, T.SKIN))


def _joints(
    ray: tuple[tuple[Vector, Vector], tuple[float, float, float], tuple[float, float, float], tuple[float, ...], float],
) -> list[Vector]:
    places: list[Vector] = []
    for bone in _ray(*ray)[1:]:
        rod = bone.pieces[0]
        if isinstance(rod, Rod):
            x, y, z = rod.points[0]
            places.append((x, y, z))
            last = rod.points[-1]
    return [*places, (last[0], last[1], last[2])]


def paint_palm(c: Canvas) -> None:
    """Paint muscles and tendons of the hand."""
    for points, radii in (
        ([(-16, -12, -20), (-32, -20, -46), (-44, -22, -68)], [6, 11, 5]),
        ([(-10, -14, -26), (-22, -16, -50), (-42, -14, -66)], [5, 9, 4]),
        ([(16, -12, -18), (24, -11, -48), (31, -8, -80)], [5, 8, 4]),
        ([(-26, -2, -46), (-30, -2, -66), (-28, -1, -88)], [5, 8, 4]),
    ):
        rounded = [radii[0]] + [
            a + (b - a) * s / 4 for a, b in zip(radii, radii[1:], strict=False) for s in (1, 2, 3, 4)
        ]
        c.path(curve([(x, y, z) for x, y, z in points]), [float(mm) for mm in rounded], T.MUSCLE, (T.FAT,))
    for first, second in zip(_RAYS[1:], _RAYS[2:], strict=False):
        start, end = between(first[0][0], second[0][0], 0.5), between(first[0][1], second[0][1], 0.5)
        for y in (-4, 3):
            c.path(
                [(p[0], p[1] + y, p[2]) for p in (between(start, end, s) for s in (0.1, 0.5, 0.85))],
                [2.5, 4.2, 2],
                T.MUSCLE,
                (T.FAT,),
            )
    for number, x in enumerate((-7, -3, 1, 5)):
        head = _RAYS[number + 1][0][1]
        for y, thin in ((-12, 1.9), (9.5, 1.4)):
            goal = (head[0], y - 1.0 if y < 0 else y + 0.5, head[2])
            c.path(
                [(x, y * 1.05, 4), (x, y, -20), between((x, y, -20), goal, 0.5), goal],
                thin,
                T.TENDON,
                (T.FAT, T.MUSCLE),
            )
    c.path([(12, -15, -24), (0, -17, -24), (-18, -13, -25)], 1.2, T.TENDON, (T.FAT, T.MUSCLE))


def paint_hand_vessels(c: Canvas) -> None:
    """Paint both arches of the palm and what leaves them."""
    paint_artery(
        c,
        [(19, -12, 0), (19, -13, -24), (18, -15, -44), (6, -15, -64), (-10, -15, -62), (-22, -15, -46)],
        [1.3, 1.3, 1.2, 1.2, 1.1, 0.9],
    )
    deep = [(-17, -11, 4), (-28, -4, -12), (-28, 4, -26), (-22, 2, -42), (-12, -6, -52), (4, -7, -52), (16, -8, -44)]
    paint_artery(c, deep, [1.4, 1.3, 1.3, 1.3, 1.2, 1.0, 0.8])
    for x, first, second in ((-8, 1, 2), (4, 2, 3), (14, 3, 4)):
        a, b = _RAYS[first][0][1], _RAYS[second][0][1]
        c.path(
            [(x, -15, -63), between(between(a, b, 0.5), (x, -15, -63), 0.2)],
            [1.0, 0.9],
            T.ARTERY,
            (T.FAT, T.MUSCLE, T.TENDON),
        )
        fork = between(between(a, b, 0.5), (x, -15, -63), 0.2)
        for head, side in ((a, 1), (b, -1)):
            c.path(
                [fork, (head[0] + side * 7.5, head[1] - 4, head[2] - 16)],
                [0.9, 0.8],
                T.ARTERY,
                (T.FAT, T.MUSCLE, T.SKIN),
            )
