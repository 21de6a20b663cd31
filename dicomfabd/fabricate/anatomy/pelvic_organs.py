"""Bladder and the organs of reproduction."""

from typing import Final

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.figure import Figure
from dicomfabd.fabricate.anatomy.shapes import Rods, curve, egg, paint_rods, widths
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_SEMINAL: Final[Rods] = ((((4, 20, -424), (16, 24, -418), (32, 24, -410)), (4, 6.5, 4.5)),)
_SHAFT: Final[Rods] = ((((6, -62, -470), (5, -80, -480), (5, -84, -506)), (11, 11, 11)),)
_ERECTILE: Final[Rods] = (
    (((26, -2, -478), (10, -38, -470), (6, -68, -472), (5, -80, -484), (5, -84, -506)), (6, 7.5, 7.5, 7.5, 7)),
)
_CORD: Final[Rods] = ((((19, -62, -512), (22, -60, -470), (40, -62, -425), (62, -50, -395)), (4, 4, 4, 3)),)
_FLOOR: Final[tuple[Vector, ...]] = ((52, -18, -428), (46, 30, -420), (26, 60, -432), (6, 62, -448))


def paint_pelvic_organs(c: Canvas, figure: Figure) -> None:
    """Paint the bladder, and what she or he has behind and below it."""
    female = figure.build.is_female
    centre: Vector = (0, -20, -404) if female else (0, -14, -402)
    radii: Vector = (40, 24, 26) if female else (42, 30, 28)
    for slab in c.box((-60, -70, -445), (60, 40, -360)).slabs():
        inside = egg(slab, centre, radii) + slab.texture(24, 91) * 2
        slab.paint(inside > 0, T.BLADDER, (T.FAT, T.GUT, T.CHYME, T.GAS, T.MUSCLE))
        slab.paint(inside > 3.2, T.URINE, (T.BLADDER,))
    for side in (c, c.mirrored()):
        for low in range(0, 30, 2):
            points = [(x * (1 - low * 0.022), y, z - low) for x, y, z in _FLOOR]
            side.path(curve(points), 2.6, T.MUSCLE, (T.FAT,))
    (_paint_female if female else _paint_male)(c.box((-90, -140, -580), (90, 90, -340)))


def _paint_male(c: Canvas) -> None:
    room = (T.FAT, T.MUSCLE, T.BLADDER)
    c.ellipsoid((0, 6, -440), (24, 16, 17), T.PROSTATE, room, boxy=0.2)
    c.ellipsoid((0, 0, -436), (11, 9, 10), T.SOFT, (T.PROSTATE,))
    c.tube((0, -2, -428), (0, 0, -456), 2, T.URINE, (T.PROSTATE, T.SOFT))
    for side in (c, c.mirrored()):
        paint_rods(side, _SEMINAL, T.PROSTATE, (T.FAT,))
        paint_rods(side, _SHAFT, T.SKIN, (T.AIR,))
        paint_rods(side, _ERECTILE, T.SOFT, (*room, T.SKIN))
        side.ellipsoid((19, -62, -530), (17, 20, 27), T.SKIN, (T.AIR,))
        side.ellipsoid((19, -62, -530), (13, 15, 21), T.GLAND, (T.SKIN, T.FAT, T.MUSCLE))
        paint_rods(side, _CORD, T.SOFT, (T.FAT,))
    c.tube((0, -2, -470), (0, -36, -478), 8, T.SOFT, room)


def _paint_female(c: Canvas) -> None:
    room = (T.FAT, T.GUT, T.CHYME, T.GAS, T.MUSCLE, T.BLADDER)
    for slab in c.slabs():
        body = egg(slab, (3, -2, -372), (25, 33, 20)) + slab.texture(20, 92) * 2
        slab.paint(body > 0, T.UTERUS, room)
    c.path(curve([(2, 6, -378), (1, 22, -396), (0, 26, -412)]), widths([17, 14, 12]), T.UTERUS, room)
    c.ellipsoid((3, -4, -372), (13, 21, 3.2), T.MUCOSA, (T.UTERUS,))
    c.tube((2, 14, -384), (0, 26, -412), 2.2, T.MUCOSA, (T.UTERUS,))
    c.stretched((0.45, 1, 1)).path([(0, 28, -414), (0, 24, -438), (0, 14, -470)], 6.0, T.SOFT, room)
    c.stretched((0.3, 1, 1)).path([(0, 28, -416), (0, 24, -438), (0, 14, -468)], 1.6, T.MUCOSA, (T.SOFT,))
    c.tube((0, 0, -428), (0, -8, -462), 5, T.SOFT, room)
    for side in (c, c.mirrored()):
        side.ellipsoid((46, 10, -368), (10, 17, 13), T.OVARY, (*room, T.VEIN))
        for place, size in (((45, 2, -366), 4.5), ((47, 14, -372), 5.5), ((43, 18, -362), 3.0)):
            side.ellipsoid((float(place[0]), float(place[1]), float(place[2])), (size, size, size), T.FLUID, (T.OVARY,))
        side.path(curve([(18, -6, -368), (34, -2, -364), (42, 4, -362)]), 3.0, T.SOFT, (T.FAT,))
