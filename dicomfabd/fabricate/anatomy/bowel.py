"""Duodenum, small bowel and colon: tubes with walls, in turns."""

from random import Random
from typing import Final

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.figure import Figure
from dicomfabd.fabricate.anatomy.shapes import curve, widths
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_PITCH: Final = (25.0, 26.0, 24.0)
_CELLS: Final = (7, 3, 7)
_CORNER: Final[Vector] = (-76, -68, -366)
_COLON: Final[tuple[Vector, ...]] = (
    (-84, -34, -334), (-92, -28, -306), (-98, -12, -268), (-100, 6, -232), (-96, 2, -212), (-84, -28, -214),
    (-66, -54, -230), (-30, -66, -244), (12, -68, -246), (48, -64, -226), (78, -44, -192), (98, -12, -162),
    (108, 18, -166), (108, 30, -200), (106, 26, -250), (102, 8, -296), (92, -16, -330), (70, -22, -352), (40, 0, -366),
    (12, -14, -352), (-12, 6, -344), (-14, 40, -352), (2, 58, -372), (4, 58, -400), (0, 48, -424), (0, 40, -440),
    (0, 52, -466),
)  # fmt: skip
_COLON_RADII: Final = (
    27, 28, 26, 25, 23, 21, 20, 20, 20, 20, 20, 19, 18, 17, 17, 17, 17, 16, 15, 15, 15, 15, 17, 19, 18, 12, 6,
)  # fmt: skip
_DUODENUM: Final[tuple[Vector, ...]] = (
    (-14, -52, -186), (-32, -36, -180), (-48, -18, -182), (-54, 0, -202), (-54, 6, -226), (-44, 8, -246),
    (-20, 4, -250), (8, -4, -246), (30, -6, -232), (36, -22, -212), (42, -40, -206),
)  # fmt: skip


def paint_bowel(c: Canvas, figure: Figure) -> None:
    """Paint the small bowel first: the colon frames it and presses into it."""
    random = Random(figure.build.random.getrandbits(32))  # noqa: S311 - has to be the same each time
    _paint_small(c, figure, random)
    _paint_duodenum(c)
    _paint_colon(c, figure, random)


def _winding(random: Random) -> list[tuple[int, int, int]]:
    """Give a way through all cells of a block: a snake whose ends are rewired until it is at random."""
    nx, ny, nz = _CELLS
    path = [
        (x if (y + z * ny) % 2 == 0 else nx - 1 - x, y if z % 2 == 0 else ny - 1 - y, z)
        for z in range(nz) for y in range(ny) for x in range(nx)
    ]  # fmt: skip
    for _ in range(1500):
        if random.random() < 0.5:
            path.reverse()
        x, y, z = path[-1]
        axis, step = random.randrange(3), random.choice((-1, 1))
        other = (x + step * (axis == 0), y + step * (axis == 1), z + step * (axis == 2))
        if other in path[:-2]:
            at = path.index(other)
            path[at + 1 :] = path[:at:-1]
    return path


def _paint_small(c: Canvas, figure: Figure, random: Random) -> None:
    points: list[Vector] = []
    for cell in _winding(random):
        x, y, z = (
            corner + index * pitch + random.uniform(-7, 7)
            for corner, index, pitch in zip(_CORNER, cell, _PITCH, strict=True)
        )
        # The block narrows into the pelvis, and its rows hang through.
        narrow = 1 - max(0.0, -290 - z) * 0.006
        points.append(figure.fit((x * narrow, y + x * x * 0.0022, z + x * x * 0.0035 - 8)))
    line = curve(points, 3)
    swell = [random.choice((9.0, 11.5, 12.5, 13.5)) for _ in points]
    radii = widths(swell, 3)
    c.path(line, radii, T.GUT, (T.FAT,))
    c.path(line, [radius * 0.98 - 2.2 for radius in radii], T.CHYME, (T.GUT,))
    for start in range(0, len(line) - 8, 3):
        if random.random() < 0.13:
            part = range(start, start + random.randrange(4, 9))
            bubble = [(line[i][0], line[i][1] - radii[i] * 0.42, line[i][2]) for i in part]
            c.path(bubble, [radii[i] * 0.52 for i in part], T.GAS, (T.CHYME,))


def _paint_duodenum(c: Canvas) -> None:
    line, radii = curve(_DUODENUM), widths([12, 14, 13, 13, 13, 12, 11.5, 10.5, 11, 11, 11])
    c.path(line, radii, T.GUT, (T.FAT, T.GUT, T.CHYME, T.GAS, T.LIVER))
    c.path(line, [radius - 3 for radius in radii], T.CHYME, (T.GUT,))
    c.path([(-34, -44, -181), (-30, -42, -180)], 5, T.GAS, (T.CHYME,))


def _paint_colon(c: Canvas, figure: Figure, random: Random) -> None:
    line, radii = curve([figure.fit(place, 1.12) for place in _COLON], 8), widths(_COLON_RADII, 8)
    # Haustra: three or four steps to a pouch.
    pattern = (1.0, 1.02, 0.94, 0.8, 0.94)
    radii = [radius * (pattern[i % 5] if 4 < i < 165 else 1) for i, radius in enumerate(radii)]
    c.path(line, radii, T.GUT, (T.FAT, T.GUT, T.CHYME, T.GAS))
    c.path(line, [max(1.5, radius - 2.6) for radius in radii], T.STOOL, (T.GUT,))
    start = 0
    while start < len(line) - 14:
        length = random.randrange(5, 14)
        part = range(start, start + length)
        share = random.uniform(0.62, 0.8) if 40 < start < 100 else random.uniform(0.25, 0.6)
        gas = [(line[i][0], line[i][1] - radii[i] * (0.86 - share), line[i][2]) for i in part]
        c.path(gas, [max(1.2, radii[i] * share) for i in part], T.GAS, (T.STOOL,))
        start += length + random.randrange(1, 7)
