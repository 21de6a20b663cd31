"""Arteries and veins of head and neck."""

from math import sqrt
from random import Random
from typing import Final

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.brain import COMMISSURE, before_petrous, midline, over_tentorium
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_BRAIN: Final = (T.CSF, T.GREY, T.WHITE, T.DEEP_GREY, T.DURA)
_SOFT: Final = (T.FAT, T.MUSCLE, T.MUCOSA, T.GLAND, T.LYMPH, T.SOFT)
_BONE: Final = (T.CORTICAL, T.SPONGY, T.MARROW)

_VAULT: Final = ((0.0, 0.0, 24.0), (64.0, 85.0, 59.5))
"""Middle and radii of the surface on which the branches over the hemispheres run."""


def paint_neck_vessels(c: Canvas, random: Random) -> None:
    """Paint carotids, vertebral arteries and jugular veins below the skull."""
    kinks = [random.uniform(-2.5, 2.5) for _ in range(4)]
    part = c.box((-130, -80, -320), (130, 100, -30))
    if not part.labels.size:
        return
    for half, kink, width in ((part, kinks[0], 5.4), (part.mirrored(), kinks[1], 6.6)):
        _veins_of_neck(half, width)
        _carotids(half, kink)
        _vertebral(half)
    _great_vessels(part)


def _veins_of_neck(c: Canvas, width: float) -> None:
    course = [
        (30, 13, -46),
        (33, 10, -70),
        (36, 6, -110),
        (36, -1, -150),
        (33, -6, -190),
        (26, -16, -232),
        (18, -26, -250),
    ]
    c.path(course, [width - 1, width - 1, width, width + 0.4, width + 1, width + 1.6, 7], T.VEIN, _SOFT)
    c.path([(62, -4, -84), (58, 6, -120), (54, 6, -170), (52, -4, -215)], [1.6, 2.2, 2.4, 2.6], T.VEIN, (T.FAT,))
    c.path([(36, -2, -112), (34, -28, -108), (38, -46, -104)], [1.6, 1.8, 1.2], T.VEIN, (T.FAT,))
    for x, y, z in ((44, 12, -98), (47, 8, -125), (44, 14, -150), (40, 0, -112), (42, 16, -175)):
        c.ellipsoid((x, y, z), (2.6, 3.2, 4.6), T.LYMPH, (T.FAT,))


def _carotids(c: Canvas, kink: float) -> None:
    soft = (*_SOFT, T.VEIN, T.THYROID)
    common = [(16, -10, -262), (21, -6, -225), (25, -4, -190), (27, -4 + kink, -155), (27, -4, -124)]
    c.path(common, [4.2, 3.9, 3.7, 3.6, 3.8], T.ARTERY, soft)
    inner = [(27, -4, -124), (29, 0, -114), (29, 4, -98), (27 + 0.4 * kink, 4 + kink, -78), (26, 4, -58), (26, 5, -46)]
    c.path(inner, [3.8, 4.1, 2.9, 2.7, 2.6, 2.6], T.ARTERY, (*soft, *_BONE))
    outer = [(27, -4, -124), (26, -11, -112), (30, -12, -96), (42, -8, -76), (49, -5, -56)]
    c.path(outer, [3.2, 2.6, 2.3, 2.0, 1.6], T.ARTERY, soft)
    c.path([(26, -11, -112), (24, -20, -126), (20, -22, -142)], [1.6, 1.3, 1.1], T.ARTERY, soft)
    c.path(
        [(28, -12, -104), (38, -34, -104), (46, -44, -108), (44, -66, -88), (26, -92, -78)],
        [1.6, 1.5, 1.4, 1.2, 1],
        T.ARTERY,
        soft,
    )
    c.path([(27, -12, -108), (20, -34, -108), (14, -60, -100)], [1.6, 1.4, 1.1], T.ARTERY, soft)
    c.path(
        [(49, -5, -56), (66, -2, -40), (71, -8, -10), (68, -24, 22), (62, -34, 44)],
        [1.4, 1.3, 1.2, 1.1, 0.9],
        T.ARTERY,
        soft,
    )
    c.path([(46, -6, -62), (40, -18, -56), (30, -34, -58)], [1.5, 1.3, 1.1], T.ARTERY, soft)
    c.path(
        [(30, -10, -98), (41, 4, -84), (52, 26, -66), (52, 50, -50), (42, 72, -30), (34, 86, 0)],
        [1.4, 1.3, 1.2, 1.1, 1, 0.9],
        T.ARTERY,
        soft,
    )


def _vertebral(c: Canvas) -> None:
    soft = (*_SOFT, T.NERVE, *_BONE, T.CSF, T.WHITE)
    low: list[Vector] = [
        (25, 4, -232),
        (22, 14, -190),
        (17, 22, -158),
        (17, 20, -137),
        (17, 18.5, -120),
        (17, 19, -103),
    ]
    high: list[Vector] = [
        (17, 20.5, -88),
        (26, 19, -76),
        (29, 18, -64),
        (24, 31, -56),
        (14, 33, -54),
        (9, 22, -47),
        (3, 6, -40),
    ]
    c.path([*low, *high], [2.0] * len(low) + [1.9] * len(high), T.ARTERY, soft)


def _great_vessels(c: Canvas) -> None:
    soft = (*_SOFT, T.LUNG)
    c.path(
        [(-14, -12, -276), (-22, -10, -240), (-44, 4, -212), (-80, 0, -222), (-140, 10, -250)],
        [6, 5.4, 5, 4.6, 4.2],
        T.ARTERY,
        soft,
    )
    c.path(
        [(18, 0, -285), (28, 2, -240), (46, 6, -212), (80, 2, -222), (140, 12, -250)],
        [5.4, 5.2, 4.8, 4.6, 4.2],
        T.ARTERY,
        soft,
    )
    c.path([(16, -10, -262), (8, -12, -290)], [4.4, 5], T.ARTERY, soft)
    c.path([(-16, -10, -262), (-12, -14, -290)], [5, 6], T.ARTERY, soft)
    for side in (-1, 1):
        c.path(
            [(side * 18, -26, -250), (side * 50, -20, -230), (side * 90, -8, -232), (side * 140, 4, -258)],
            [7, 5.6, 5.2, 5],
            T.VEIN,
            soft,
        )
    c.path([(18, -26, -250), (0, -32, -270), (-18, -26, -292)], [7, 7.4, 8], T.VEIN, soft)
    c.path([(-18, -26, -250), (-18, -24, -300)], [7, 8], T.VEIN, soft)


def paint_head_vessels(c: Canvas, random: Random) -> None:
    """Paint the arteries of the brain, the sinuses of the dura, falx and tentorium."""
    seeds = [random.random() for _ in range(2)]
    part = c.box((-72, -95, -56), (72, 95, 92))
    if not part.labels.size:
        return
    _dura(part)
    _sinuses(part)
    for half, seed in zip((part, part.mirrored()), seeds, strict=True):
        _siphon(half)
        _circle(half)
        _middle_cerebral(half, Random(seed))  # noqa: S311 - has to be the same each time
        _front_cerebral(half)
        _behind(half)
    part.path([(0, 1, -40), (0, -3, -30), (0.5, -5, -18), (0, -5, -8)], 1.7, T.ARTERY, (*_BRAIN, *_BONE))


def _dura(c: Canvas) -> None:
    for slab in c.slabs():
        b = slab.moved(COMMISSURE)
        slab.paint((np.abs(over_tentorium(b)) < 0.45) & (before_petrous(b) < 0), T.DURA, (T.CSF,))
        beyond = ((b.y - 5) / 52) ** 2 + ((b.z - 4) / 38) ** 2
        slab.paint((np.abs(b.x - midline(b)) < 0.5) & (beyond > 1) & (b.z > -8), T.DURA, (T.CSF,))


def _sinuses(c: Canvas) -> None:
    hollow = (*_BRAIN, T.CORTICAL, T.SPONGY)
    arc: list[Vector] = [
        (0, -77, 50),
        (0, -56, 70),
        (0, -30, 81),
        (0, 0, 84),
        (0, 30, 80),
        (0, 55, 71),
        (0, 75, 52),
        (0, 85, 28),
    ]
    c.path([*arc, (0, 85, 8), (0, 82, -10)], [1.4, 1.8, 2.1, 2.4, 2.6, 2.8, 3.1, 3.4, 3.6, 4.4], T.VEIN, hollow)
    c.path([(0, 34, 15), (0, 56, 5), (0, 82, -10)], [1.8, 2.0, 2.6], T.VEIN, _BRAIN)
    for half in (c, c.mirrored()):
        half.path([(0, 82, -10), (30, 74, -13), (50, 52, -16), (55, 34, -18)], [4.4, 4.2, 4, 4], T.VEIN, hollow)
        half.path([(55, 34, -18), (51, 26, -28), (43, 22, -40), (31, 14, -47)], [4.2, 4.6, 4.6, 4.6], T.VEIN, hollow)
        half.path([(2, -10, 26), (2.5, 8, 20), (1.5, 28, 16)], [0.8, 1.0, 1.4], T.VEIN, _BRAIN)


def _siphon(c: Canvas) -> None:
    course = [
        (26, 5, -46),
        (25, 2, -38),
        (17, -6, -36),
        (10, -12, -31),
        (9, -22, -28),
        (9.5, -30, -22),
        (10.5, -28, -14),
        (11, -20, -9),
    ]
    c.path(
        course,
        [2.6, 2.5, 2.4, 2.3, 2.3, 2.2, 2.1, 1.9],
        T.ARTERY,
        (*_BRAIN, *_BONE, T.FAT, T.MUSCLE, T.MUCOSA, T.GAS, T.GLAND),
    )
    c.path([(10, -29, -18), (16, -40, -18), (24, -58, -22)], [0.9, 0.8, 0.7], T.ARTERY, (T.FAT, T.CSF, *_BONE))


def _circle(c: Canvas) -> None:
    c.path([(11, -20, -9), (4, -26, -5), (1.6, -28, -3)], [1.3, 1.2, 1.2], T.ARTERY, _BRAIN)
    c.path([(1.6, -28, -3), (0, -28.5, -3)], 1.0, T.ARTERY, _BRAIN)
    c.path([(11, -18, -9), (9, -10, -9), (7, -3, -8)], 0.8, T.ARTERY, _BRAIN)


def _front_cerebral(c: Canvas) -> None:
    course = [
        (1.6, -28, -3),
        (1.6, -42, -1),
        (1.6, -52, 8),
        (1.5, -53, 20),
        (1.5, -44, 32),
        (1.5, -28, 38),
        (1.5, -8, 41),
        (1.5, 14, 40),
    ]
    c.path(course, [1.2, 1.2, 1.2, 1.1, 1, 0.9, 0.8, 0.7], T.ARTERY, _BRAIN)
    for start, turn, end in (
        ((1.6, -46, 1), (2, -60, 2), (3, -76, 12)),
        ((1.5, -53, 14), (2, -66, 24), (2.5, -76, 40)),
        ((1.5, -50, 26), (2, -58, 44), (3, -60, 62)),
        ((1.5, -36, 36), (2, -36, 56), (4, -32, 78)),
        ((1.5, -16, 40), (2, -10, 60), (4, 0, 80)),
        ((1.5, 8, 41), (2, 22, 56), (3, 36, 74)),
    ):
        c.path([start, turn, end], [0.9, 0.8, 0.6], T.ARTERY, _BRAIN)


def _behind(c: Canvas) -> None:
    course = [(0, -5, -8), (6, -4, -7), (14, 4, -6), (18, 16, -4), (16, 28, -1), (12, 42, 4), (9, 60, 8), (7, 78, 10)]
    c.path(course, [1.4, 1.3, 1.3, 1.2, 1.1, 1, 0.8, 0.6], T.ARTERY, _BRAIN)
    c.path([(15, 30, 0), (26, 42, 0), (34, 56, 0)], [0.9, 0.8, 0.6], T.ARTERY, _BRAIN)
    c.path([(10, 52, 6), (12, 66, 18), (12, 72, 30)], [0.9, 0.7, 0.6], T.ARTERY, _BRAIN)
    c.path([(0, -4, -11), (8, 0, -12), (16, 14, -12), (18, 34, -4)], [0.9, 0.9, 0.8, 0.6], T.ARTERY, _BRAIN)
    c.path([(0, -1, -33), (12, 6, -35), (22, 14, -38), (34, 32, -40)], [0.9, 0.8, 0.7, 0.6], T.ARTERY, _BRAIN)
    c.path([(5, 12, -43), (10, 24, -48), (10, 38, -48), (14, 56, -46)], [0.9, 0.9, 0.8, 0.6], T.ARTERY, _BRAIN)


def _middle_cerebral(c: Canvas, random: Random) -> None:
    """Paint the middle cerebral artery: over the insula, out through the Sylvian fissure, over the hemisphere."""
    c.path([(11, -20, -9), (22, -21, -7), (33, -18, -7), (37, -14, -5)], [1.7, 1.6, 1.5, 1.4], T.ARTERY, _BRAIN)
    for number in range(7):
        y = -36 + 9.5 * number
        z = 16 + 0.52 * y
        rises = number % 3 != 2
        out = _on_vault((62, y + 4, z + random.uniform(-1.5, 1.5)))
        on_insula: Vector = (39.5, 0.6 * y - 5, z + (8 if rises else 0) - 0.2 * y)
        c.path([(37, -14, -5), on_insula, (43, y, z), out], [1.2, 1.1, 1.0, 1.0], T.ARTERY, _BRAIN)
        ahead = (y + 8) / 50
        _twigs(c, random, out, (0.0, ahead, 0.9) if rises else (0.0, 0.7, -0.6), 8.0, 1.0)


def _twigs(c: Canvas, random: Random, start: Vector, heading: Vector, length: float, radius: float) -> None:
    """Paint a branch on the surface of the hemisphere and those that spring from it."""
    if radius < 0.5:
        return
    here, way = start, heading
    for _ in range(4):
        way = (0.0, way[1] + random.uniform(-0.35, 0.35), way[2] + random.uniform(-0.35, 0.35))
        there = _on_vault((here[0], here[1] + way[1] * length, here[2] + way[2] * length))
        c.tube(here, there, radius, T.ARTERY, _BRAIN, taper=0.95)
        here = there
    for spread in (-0.45, 0.45):
        turned = (0.0, way[1] + spread * way[2] + random.uniform(-0.2, 0.2), way[2] - spread * way[1])
        _twigs(c, random, here, turned, length * 0.8, radius * 0.76)


def _on_vault(place: Vector) -> Vector:
    """Give the point of the surface of the hemispheres above a place, seen from their middle."""
    (x0, y0, z0), (rx, ry, rz) = _VAULT
    x, y, z = place[0] - x0, place[1] - y0, place[2] - z0
    reach = sqrt((x / rx) ** 2 + (y / ry) ** 2 + (z / rz) ** 2)
    return x0 + x / reach, y0 + y / reach, z0 + z / reach
