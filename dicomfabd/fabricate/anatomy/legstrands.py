"""Vessels, nerves and tendons of the lower limb; origin in the knee."""

from typing import Final

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.shapes import curve, widths
from dicomfabd.fabricate.anatomy.strands import Cord, Vessel, paint_band, paint_cords, paint_vessel
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_FLESH: Final = (T.FAT, T.MUSCLE)
_GROIN: Final[Vector] = (14, -42, 402)
_FORK: Final[Vector] = (-6, 24, -52)
_LOWER_FORK: Final[Vector] = (-2, 22, -80)

_ARTERIES: Final = (
    Vessel(
        ((14, -46, 450), (14, -42, 400), (20, -38, 330), (26, -30, 250), (27, -14, 180), (20, 14, 115), (6, 30, 70)),
        (4.6, 4.5, 4.0, 3.8, 3.6, 3.5, 3.3), veins=((7, 6, 0),), twig_mm=1.1,
        twigs=((2, -50, 360), (44, -20, 330), (0, -50, 250), (50, 4, 200), (36, -20, 110), (30, -30, 40)),
    ),
    Vessel(
        (_GROIN, (-2, -28, 360), (-12, -16, 300), (-16, 4, 230), (-18, 8, 170)),
        (3.6, 3.0, 2.5, 2.0, 1.4), veins=((5, 4, 0),), twig_mm=1.4,
        twigs=((-70, 10, 320), (-40, 40, 270), (10, 56, 240), (-66, 0, 230), (-40, 44, 170), (20, 44, 160)),
    ),
    Vessel(
        (_GROIN, (-20, -36, 376), (-52, -30, 366)), (1.9, 1.7, 1.5),
        twigs=((-64, -10, 340), (-60, -34, 300), (-48, -40, 250)), twig_mm=1.5,
    ),
    Vessel(
        ((6, 30, 70), (2, 33, 30), (0, 30, -5), (-4, 28, -38), _FORK),
        (3.3, 3.2, 3.1, 2.9, 2.7), veins=((-3, 8, 0),), nerve=(-4, 15, 0),
    ),
    Vessel(
        (_FORK, (-14, 8, -62), (-16, -2, -90), (-15, -2, -200), (-10, -8, -300), (-1, -19, -352), (0, -21, -380)),
        (2.2, 2.1, 2.0, 1.9, 1.7, 1.6, 1.5), veins=((2.6, 1.5, 0), (-2.6, 1.5, 0)), nerve=(-4.5, -1, 0), twig_mm=0.9,
        twigs=((-26, -10, -120), (-10, -20, -150), (-30, 0, -210), (-6, -20, -240)),
    ),
    Vessel((_FORK, _LOWER_FORK), (2.6, 2.4), veins=((3, 2, 0), (-3, 2, 0))),
    Vessel(
        (_LOWER_FORK, (6, 22, -150), (10, 22, -250), (16, 22, -330), (20, 22, -372), (20, 16, -398)),
        (2.2, 2.1, 2.0, 1.9, 1.8, 1.7), veins=((2.8, 1.5, 0), (-2.8, 1.5, 0)), nerve=(0, 5.5, 0), twig_mm=0.9,
        twigs=((14, 36, -150), (0, 38, -190), (22, 26, -220), (8, 34, -270)),
    ),
    Vessel(
        (_LOWER_FORK, (-16, 19, -140), (-19, 18, -240), (-18, 20, -320), (-20, 24, -385)),
        (1.9, 1.7, 1.5, 1.3, 0.9), veins=((2.2, 1.5, 0), (-2.2, 1.5, 0)), twig_mm=0.9,
        twigs=((-36, 14, -160), (-24, 34, -190), (-36, 14, -250), (-28, 22, -300)),
    ),
)  # fmt: skip
"""Femoral, deep femoral, its circumflex, popliteal, both tibial ones with the trunk between them, peroneal."""

_VEINS: Final[tuple[Cord, ...]] = (
    (((34, -60, 400), (52, -40, 250), (56, 0, 100), (48, 26, 10), (46, 14, -60), (40, -4, -180), (32, -10, -300),
      (24, -14, -380)), 2.0),
    (((0, 44, 10), (4, 66, -40), (0, 64, -140), (-10, 52, -250), (-28, 30, -360), (-34, 20, -400)), 1.7),
)  # fmt: skip
"""Those under the skin."""

_NERVES: Final[tuple[Cord, ...]] = (
    (((-16, 34, 420), (-14, 36, 250), (-10, 36, 130), (-6, 42, 80)), 4.4),
    (((-12, 40, 90), (-30, 36, 30), (-40, 26, -20), (-42, 14, -42)), 2.0),
)

_TENDONS: Final[tuple[Cord, ...]] = (
    (((-4, -17, -260), (4, -22, -330), (9, -23, -370), (16, -30, -396), (20, -44, -412), (18, -54, -424)), 2.6),
    (((-12, -15, -300), (-6, -21, -345), (-4, -23, -375), (6, -42, -398), (14, -80, -420), (20, -130, -436),
      (22, -168, -440)), 1.8),
    (((-18, -12, -300), (-14, -20, -350), (-14, -22, -378), (-14, -40, -396), (-10, -70, -412), (-4, -120, -432),
      (2, -150, -438)), 1.8),
    (((-14, -40, -396), (-18, -70, -414), (-18, -115, -436), (-18, -140, -441)), 1.6),
    (((12, 20, -310), (17, 18, -350), (21, 15, -378), (24, 2, -396), (22, -18, -402), (16, -36, -406)), 2.6),
    (((14, 22, -320), (17, 22, -355), (20, 20, -380), (21, 6, -404), (10, -24, -420), (0, -60, -436)), 1.9),
    (((-4, 24, -340), (2, 27, -372), (8, 22, -398), (12, 0, -412), (14, -40, -428), (22, -100, -448)), 2.0),
    (((-32, 18, -320), (-31, 22, -365), (-30, 22, -388), (-31, 8, -408), (-28, -18, -420), (-24, -34, -430)), 2.2),
    (((-40, 28, 20), (-38, 25, -10)), 3.4),
    (((28, 44, 40), (36, 36, 0), (34, 10, -40), (24, -8, -60)), 2.0),
    (((42, 34, 20), (40, 30, -10), (34, 6, -45), (22, -10, -62)), 1.8),
)  # fmt: skip
"""Of the shin and calf muscles at the ankle, and of those that pass the knee behind."""

_ACHILLES: Final = ((4, 36, -180), (3, 40, -250), (2, 42, -320), (1, 43, -370), (0, 45, -412), (0, 46, -424))
_OUTER_FASCIA: Final = ((-76, -14, 300), (-66, -8, 200), (-52, -4, 100), (-47, -3, 40), (-36, -16, -16))


def paint_leg_vessels(c: Canvas) -> None:
    """Paint arteries with their veins and nerves, and the veins under the skin."""
    for vessel in _ARTERIES:
        paint_vessel(c, vessel)
    _paint_around_knee(c)
    paint_cords(c, _VEINS, T.VEIN, (T.FAT, T.SKIN))
    paint_cords(c, _NERVES, T.NERVE, _FLESH)


def _paint_around_knee(c: Canvas) -> None:
    for side in (1, -1):
        upper = ((2, 33, 38), (side * 26, 26, 48), (side * 38, 2, 48), (side * 28, -28, 44), (side * 8, -50, 36))
        lower = ((0, 31, -8), (side * 26, 30, -20), (side * 43, 10, -24), (side * 34, -22, -14), (side * 10, -46, -6))
        for course in (upper, lower):
            c.path(curve(course), widths((1.4, 1.3, 1.2, 1.0, 0.7)), T.ARTERY, (*_FLESH, T.TENDON))
        to_calf = ((1, 31, 8), (side * 14, 42, -10), (side * 20, 46, -60), (side * 22, 48, -120))
        c.path(curve(to_calf), widths((1.3, 1.2, 1.0, 0.7)), T.ARTERY, _FLESH)


def paint_leg_tendons(c: Canvas) -> None:
    """Paint the tendons of knee and ankle that lie outside the joints, and the fascia on the outside of the thigh."""
    paint_band(c, _ACHILLES, (8, 0, 0), 5.0, T.TENDON)
    paint_cords(c, _TENDONS, T.TENDON, _FLESH)
    paint_band(c, _OUTER_FASCIA, (0, 9, 0), 1.6, T.TENDON, (T.FAT,))
