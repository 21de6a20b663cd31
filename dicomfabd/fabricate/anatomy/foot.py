"""The foot, at a right angle to the leg; origin in the ankle joint, sole at the bottom, toes to the front."""

from itertools import pairwise
from typing import Final

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.bones import Bone, Egg, Half, Piece, Rod, Within, paint_bone
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.flesh import paint_spindle
from dicomfabd.fabricate.anatomy.rays import Ray, paint_digit, paint_ray
from dicomfabd.fabricate.anatomy.shapes import Profile, between, curve
from dicomfabd.fabricate.anatomy.strands import paint_artery, paint_band
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

ANKLE: Final[Vector] = (-3, 6, -376)
"""The ankle joint, from the knee."""

_THIN: Final = Profile((0, 0.8), (1, 0.8))


def _down(piece: Piece) -> Piece:
    """Give a piece of the foot in the coordinates of the leg."""
    if isinstance(piece, Rod):
        points = [(x + ANKLE[0], y + ANKLE[1], z + ANKLE[2]) for x, y, z in piece.points]
        return Rod(points, piece.radii, piece.flat)
    if isinstance(piece, Egg):
        x, y, z = piece.centre
        return Egg((x + ANKLE[0], y + ANKLE[1], z + ANKLE[2]), piece.radii, piece.turn, piece.boxy)
    return piece


SOLE: Final = Half((0, 0, ANKLE[2] - 88), (0, 0, -1))
"""What lies below the foot, from the knee."""

FOOT_SHAPE: Final[tuple[Piece, ...]] = tuple(
    _down(piece)
    for piece in (
        Rod(((0, 10, -10), (-1, 34, -52), (-1, 44, -66)), (30, 27, 25)),
        Rod(((2, 0, -14), (6, -40, -40), (4, -80, -58), (0, -128, -70)), (27, 29, 25, 14)),
        Rod(((0, 30, -62), (-12, -20, -66), (-24, -80, -70), (-28, -116, -73)), (24, 22, 18, 12)),
        Rod(((8, -40, -52), (17, -90, -62), (22, -134, -70)), (22, 19, 15)),
        Rod(((24, -128, -71), (-34, -110, -73)), (13.5, 11.5)),
    )
)

_UNDER_TALUS: Final = Half((0, 4, -32.5), (0, -0.38, 1))
_TALUS: Final = Bone(
    pieces=(
        Within(
            Rod(((-60, 0, -22), (60, 0, -22)), (20, 20)),
            (
                Half((13, 0, -14), (-1, 0, 0.06)),
                Half((-15.5, 0, -14), (1, -0.06, 0.1)),
                _UNDER_TALUS,
                Egg((-1, 0, -10), (30, 30, 40)),
            ),
        ),
        Rod(((0, -4, -20), (3, -14, -20), (8, -28, -23)), (15, 13.5, 11), (1, 1, 1.1)),
        Egg((9, -33, -24), (12.5, 8.5, 11.5)),
        Rod(((-1, 14, -20), (-2, 25, -22)), (8, 4)),
        Rod(((-12, 0, -22), (-19, 0, -28)), (8, 3.5)),
    ),
    bites=(Rod(((-20, -17, -40), (20, -13, -38)), (7, 5)), Egg((2, -21, -1), (14, 6, 6))),
    blend_mm=4.0,
    cortex=_THIN,
    gristle=(Egg((0, 0, -8), (17, 22, 14)), Egg((10, -38, -25), (12, 8, 11)), Egg((0, 6, -33), (18, 15, 6))),
    gristle_mm=1.3,
)
_CALCANEUS: Final = Bone(
    pieces=(
        Rod(((-7, -28, -47), (-5, -8, -49), (-3, 18, -48), (-1, 42, -51)), (12.5, 14, 17.5, 19), (1.25, 1, 1)),
        Egg((-1, 45, -53), (14, 16, 21)),
        Rod(((-4, -4, -42), (14, -4, -40)), (7, 5)),
        Egg((-4, 6, -42), (14, 14, 12)),
        Rod(((-7, -22, -44), (-9, -36, -46)), (12, 12), (1, 1, 0.95)),
        Rod(((2, 50, -68), (3, 42, -71)), (6, 4)),
    ),
    bites=(
        Within(Half((0, 4, -35.5), (0, -0.38, 1)), (Egg((-2, 3, -32), (26, 17, 14)),)),
        Rod(((-20, -18, -33), (14, -15, -34)), (5.5, 4)),
        Within(Half((-8, -38, -45), (0, -1, 0.12)), (Egg((-8, -46, -45), (20, 12, 20)),)),
    ),
    cortex=Profile((-40, 1.2), (60, 1.0)),
    along=1,
    gristle=(Egg((-3, 4, -35), (14, 13, 6)), Egg((-8, -38, -45), (11, 4, 11))),
    gristle_mm=1.2,
)
_TARSALS: Final = (
    Bone(
        pieces=(Egg((11, -46, -27), (16.5, 7.5, 12.5), turn=("z", -0.22)), Rod(((22, -43, -31), (27, -40, -33)),
            (7, 5))),
        bites=(Egg((9, -32.5, -23), (14, 10.2, 13)),),
        blend_mm=3.0, cortex=_THIN, gristle=(Egg((11, -46, -27), (18, 11, 14)),), gristle_mm=0.9,
    ),
    Bone(
        pieces=(Egg((-14, -52, -47), (12, 14.5, 12), turn=("z", 0.2), boxy=0.45),),
        bites=(Rod(((-30, -58, -60), (0, -62, -58)), (3.5, 3)),),
        cortex=_THIN, gristle=(Egg((-14, -52, -47), (13, 17, 13)),), gristle_mm=0.9,
    ),
    Bone(pieces=(Egg((18, -64, -36), (8, 12, 15), boxy=0.45),), cortex=_THIN),
    Bone(pieces=(Egg((5.5, -61, -27), (6.8, 9, 9.5), boxy=0.5),), cortex=_THIN),
    Bone(pieces=(Egg((-6, -62, -32), (7, 11.5, 11.5), boxy=0.5),), cortex=_THIN),
)  # fmt: skip

_STEPS: Final[tuple[Vector, ...]] = ((-0.04, -1, -0.08), (-0.06, -1, 0.08), (-0.06, -1, -0.3))
"""Where the phalanges of a toe point."""

_RAYS: Final = tuple(
    Ray(base, head, radii, _STEPS[: len(lengths)], lengths, thick, gap_mm=2.4, along=1)
    for base, head, radii, lengths, thick in (
        ((19, -82, -42), (24, -134, -70), (10.5, 6.6, 10.5), (33, 23), 8.6),
        ((5, -76, -33), (6, -143, -70), (8, 4.3, 6.8), (27, 13, 10), 6.0),
        ((-7, -79, -37), (-8, -140, -71), (7.5, 3.9, 6.4), (25, 12, 9.5), 5.6),
        ((-16, -73, -44), (-21, -132, -72), (7.3, 3.8, 6.2), (23, 10, 9), 5.3),
        ((-25, -68, -53), (-34, -120, -73), (7.5, 3.9, 6.0), (20, 8, 8.5), 5.0),
    )
)

_SOLE_MUSCLES: Final = (
    (((18, 34, -62), (22, 0, -62), (22, -50, -62), (22, -110, -72)), (8, 11, 11, 6)),
    (((0, 34, -72), (0, -10, -70), (2, -60, -68), (2, -110, -76)), (7, 11, 11, 5)),
    (((-18, 30, -68), (-24, -20, -68), (-28, -70, -70), (-32, -108, -76)), (7, 10, 9, 5)),
    (((0, -10, -56), (8, -50, -56), (6, -90, -62)), (7, 9, 6)),
    (((-16, -22, -32), (-14, -56, -30), (-8, -90, -46)), (7, 7, 4)),
)
"""The muscles of the sole, and the one on the back of the foot."""

_SESAMOIDS: Final = ((19.5, -131, -82), (29.5, -130, -81.5))


def paint_foot_bones(c: Canvas) -> None:
    """Paint the 26 bones of the foot and the two small ones under the big toe."""
    for bone in (_CALCANEUS, _TALUS, *_TARSALS):
        paint_bone(c, bone, 1.2)
    for ray in _RAYS:
        paint_ray(c, ray)
    # The knob at the outer edge, where the tendon of a calf muscle pulls.
    x, y, z = _RAYS[-1].base
    paint_bone(c, Bone(pieces=(Rod(((x - 2, y + 2, z), (x - 7, y + 12, z - 3)), (6, 3.2)),), cortex=_THIN), 1.0)
    for x, y, z in _SESAMOIDS:
        paint_bone(c, Bone(pieces=(Egg((x, y, z), (4.6, 6, 3.6)),), cortex=_THIN), 1.0)


def paint_toes(c: Canvas) -> None:
    """Paint the skin and fat of the toes."""
    for ray in _RAYS:
        beyond = len(ray.lengths)
        paint_digit(c, ray, [ray.thick + 6.5, ray.thick + 4.5, *([ray.thick * 0.9 + 3.8] * beyond)], 1.6)


def paint_foot_flesh(c: Canvas) -> None:
    """Paint the muscles and the fascia of the sole, and the fluid of the ankle joint."""
    for points, radii in _SOLE_MUSCLES:
        paint_spindle(c, points, radii)
    for first, second in pairwise(_RAYS):
        start, end = between(first.base, second.base, 0.5), between(first.head, second.head, 0.5)
        paint_spindle(c, [between(start, end, part) for part in (0.12, 0.5, 0.9)], (4.5, 6, 3.5))
    paint_band(
        c, [(2, 44, -75), (3, -10, -78), (4, -70, -79), (2, -115, -82)], (12, 0, 0), 2.4, T.TENDON, (T.FAT, T.MUSCLE)
    )
    c.ellipsoid((0, 0, -8), (17, 22, 13), T.FLUID, (T.FAT, T.MUSCLE))
    for line, side in (
        ([(-24, 4, -18), (-22, -16, -22)], (0, 0, 3)),
        ([(-24, 6, -22), (-20, 10, -36)], (0, 3, 0)),
        ([(20, 0, -10), (18, 2, -24), (16, 0, -34)], (0, 9, 0)),
    ):
        paint_band(c, [(x, y, z) for x, y, z in line], (float(side[0]), float(side[1]), float(side[2])), 2.4, T.TENDON)


def paint_foot_vessels(c: Canvas) -> None:
    """Paint the arteries of the foot."""
    top = [(3, -27, -4), (9, -44, -9), (12, -64, -18), (12, -82, -32), (12, -96, -42)]
    paint_artery(c, top, [1.5, 1.5, 1.4, 1.3, 1.1], veins=[(2.2, 0.5, 0.5), (-2.2, 0.5, 0.5)])
    arch = [(12, -82, -32), (4, -84, -32), (-12, -84, -40), (-26, -78, -50)]
    c.path(curve(arch), 0.9, T.ARTERY, (T.FAT, T.MUSCLE))
    for x in (0, -13, -26):
        c.path([(x, -84, -39 + x * 0.3), (x - 2, -120, -60), (x - 1, -145, -66)], 0.8, T.ARTERY, (T.FAT, T.MUSCLE))
    inner = [(23, 10, -22), (23, -10, -46), (20, -50, -62), (16, -100, -74), (15, -132, -78)]
    outer = [(23, 10, -22), (14, 4, -58), (-8, -30, -68), (-18, -70, -66), (-6, -100, -66), (12, -98, -60)]
    paint_artery(c, inner, [1.5, 1.3, 1.2, 1.0, 0.8], veins=[(0, 0, 2.4)], nerve=(2.6, 0, -1))
    paint_artery(c, outer, [1.6, 1.5, 1.4, 1.3, 1.1, 0.9], veins=[(0, 0, 2.4)], nerve=(2.4, 0, -1))
    for x, y in ((-30, -118), (-15, -126), (-1, -132), (14, -134)):
        c.path([(x * 0.7 + 2, -96, -66), (x, y, -76), (x, y - 30, -75)], 0.8, T.ARTERY, (T.FAT, T.MUSCLE))
