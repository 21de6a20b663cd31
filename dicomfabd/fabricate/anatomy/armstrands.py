"""Vessels, nerves and tendons of the upper limb; origin in the elbow."""

from typing import Final

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.shapes import curve
from dicomfabd.fabricate.anatomy.strands import Cord, Vessel, paint_band, paint_cords, paint_vessel
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_FLESH: Final = (T.FAT, T.MUSCLE)
_FORK: Final[Vector] = (0, -18, -14)

_ARTERIES: Final = (
    Vessel(
        ((54, -16, 261), (36, -8, 240), (24, -6, 205), (18, -8, 140), (14, -18, 70), (6, -22, 20), _FORK),
        (3.2, 3.0, 2.7, 2.5, 2.4, 2.3, 2.2), veins=((3.4, 2, 0), (-3, 2.5, 0)), nerve=(0, -5, 0), twig_mm=0.9,
        twigs=((0, -38, 240), (-20, -30, 190), (0, -40, 150), (26, 20, 160), (2, -40, 90), (26, 8, 60), (34, 6, 20)),
    ),
    Vessel(
        ((25, -6, 210), (12, 14, 196), (-4, 16, 180), (-22, 10, 130), (-30, -2, 70), (-28, -8, 20)),
        (1.5, 1.5, 1.4, 1.3, 1.0, 0.8), nerve=(0, 3, 0),
    ),
    Vessel(
        (_FORK, (-14, -22, -50), (-24, -18, -110), (-30, -13, -170), (-32, -12, -225), (-33, -10, -246)),
        (1.8, 1.7, 1.6, 1.5, 1.5, 1.4), veins=((2, 0.8, 0), (-2, 0.8, 0)), twig_mm=0.8,
        twigs=((-36, -20, -60), (-20, -28, -120), (-38, -8, -160)),
    ),
    Vessel(
        (_FORK, (10, -14, -50), (14, -14, -110), (8, -13, -170), (3, -11, -225), (3, -11, -250)),
        (2.0, 1.9, 1.7, 1.6, 1.5, 1.4), veins=((-2, 0.8, 0), (1.5, 2, 0)), nerve=(3.5, 1, 0), twig_mm=0.8,
        twigs=((28, -4, -70), (8, -28, -120), (16, -2, -170)),
    ),
    Vessel(
        ((4, -16, -30), (-4, -6, -50), (-10, -1, -90), (-14, -1, -150), (-14, -1, -215)),
        (1.4, 1.3, 1.2, 1.0, 0.8), twig_mm=0.8,
        twigs=((-10, 16, -90), (-24, 18, -130), (2, 18, -160), (-14, 12, -210)),
    ),
)  # fmt: skip
"""Brachial, deep brachial, radial, ulnar, interosseous."""

_NERVES: Final[tuple[Cord, ...]] = (
    (((6, -16, 0), (-2, -14, -50), (-8, -17, -110), (-12, -15, -180), (-13, -11, -230), (-13, -11, -252)), 1.9),
    (((26, 2, 220), (24, 10, 100), (24, 15, 20), (20, 10, -20), (17, -8, -60)), 1.9),
)

_VEINS: Final[tuple[Cord, ...]] = (
    (((-6, -46, 290), (-24, -42, 200), (-26, -38, 100), (-28, -30, 20), (-38, -24, -60), (-40, -10, -160),
      (-42, 6, -240)), 1.7),
    (((36, 8, 220), (38, 2, 120), (36, -8, 20), (30, -20, -60), (24, 4, -160), (14, 16, -240)), 1.7),
    (((-27, -32, 10), (-4, -35, 4), (28, -20, 30)), 1.6),
)  # fmt: skip
"""Those under the skin."""

_BICEPS: Final[tuple[Cord, ...]] = (
    (((-2, -24, 30), (-6, -16, 0), (-10, -8, -22), (-10, -5, -36)), 3.0),
    (((18, 2, 300), (2, -6, 322), (-4, -22, 300), (-5, -22, 262), (-2, -24, 230)), 2.3),
)
_TRICEPS: Final = ((0, 24, 110), (4, 25, 60), (7, 25, 24))
_COLLATERALS: Final = (
    ((-26, -2, 14), (-23.4, 0, 0), (-18.7, -2, -16)),
    ((31, 4, 12), (27.9, 0, 0), (26.3, -2, -16)),
)
# x and y at the wrist.
_STRETCHING: Final = ((-36, 10), (-30, 13), (-22, 14.5), (-17, 15), (-12, 15), (-6, 14.5), (6, 15))
_BENDING: Final = (
    (-27, -13), (-12, -15), (-21, -8), (-17, -12), (-9, -12.5), (-5, -12), (-13, -7.5), (-8, -7.5), (6, -12),
)  # fmt: skip


def paint_arm_vessels(c: Canvas) -> None:
    """Paint arteries with their veins and nerves, and the veins under the skin."""
    for vessel in _ARTERIES:
        paint_vessel(c, vessel)
    paint_cords(c, _NERVES, T.NERVE, _FLESH)
    paint_cords(c, _VEINS, T.VEIN, (T.FAT, T.SKIN))


def paint_arm_tendons(c: Canvas) -> None:
    """Paint the tendons of biceps and triceps and those that run to the wrist, and the ligaments beside the elbow."""
    paint_cords(c, _BICEPS, T.TENDON, (*_FLESH, T.FLUID))
    paint_band(c, _TRICEPS, (11, 0, 0), 4.0, T.TENDON)
    for course in _COLLATERALS:
        paint_band(c, course, (0, 4, 0), 2.0, T.TENDON, (*_FLESH, T.FLUID))
    for x, y in _STRETCHING:
        c.path(curve([(x * 0.8, y + 1, -170), (x, y, -225), (x, y, -250)]), 1.7, T.TENDON, _FLESH)
    for x, y in _BENDING:
        c.path(curve([(x * 0.7 - 3, y - 3, -165), (x, y, -225), (x, y, -252)]), 1.7, T.TENDON, _FLESH)
    c.path([(-20, -1, -232), (-2, 3, -232)], 1.2, T.TENDON, _FLESH)
