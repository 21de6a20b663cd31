"""The neck: larynx, thyroid, gullet; and what of shoulders and chest lies below."""

from typing import Final

from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_FAT: Final = (T.FAT,)


def paint_throat_organs(c: Canvas) -> None:
    """Paint larynx, windpipe, gullet and thyroid."""
    part = c.box((-60, -60, -320), (60, 60, -95))
    if not part.labels.size:
        return
    part.path(
        [(0, -1, -146), (1, 2, -165), (4, 10, -200), (4, 22, -240), (3, 36, -320)],
        [5, 5, 5.5, 6, 6.5],
        T.GUT,
        (T.FAT, T.MUSCLE),
    )
    part.path([(1, 2, -160), (4, 10, -200), (4, 22, -240), (3, 36, -320)], [0.9, 1.4, 1.2, 1.2], T.MUCOSA, (T.GUT,))
    _larynx(part)
    _windpipe(part)
    for half in (part, part.mirrored()):
        half.ellipsoid(
            (16, -12, -165),
            (7.5, 9.5, 22),
            T.THYROID,
            (T.FAT, T.MUSCLE, T.AIRWAY, T.GUT, T.CARTILAGE),
            turn=("y", -0.10),
        )
    part.path(
        [(-14, -21, -177), (0, -26.5, -178), (14, -21, -177)], [5, 3.4, 5], T.THYROID, (T.FAT, T.MUSCLE, T.AIRWAY)
    )


def _larynx(c: Canvas) -> None:
    for x in (-4, 4):
        wall = [(x, -20, -116), (x, -22, -132), (x, -23, -150), (x * 0.3, -21, -162)]
        c.path(wall, [14, 13, 12, 11], T.MUSCLE, (T.FAT, T.MUSCLE, T.MUCOSA))
    c.path([(0, -16, -112), (0, -18, -124), (0, -21, -136)], [11, 8, 6], T.GAS, (T.MUSCLE, T.MUCOSA, T.FAT))
    for half in (c, c.mirrored()):
        half.path([(12, -9, -118), (12, -8, -134), (8, -6, -143)], [3.5, 4.0, 2], T.GAS, (T.MUSCLE, T.MUCOSA, T.FAT))
        half.path([(5, -6, -120), (5, -7, -136)], [3, 3], T.MUCOSA, (T.GAS, T.MUSCLE))
        half.path([(0, -37, -116), (9, -34, -115), (20, -14, -110)], [3.6, 3.0, 2.0], T.CORTICAL)
        half.path([(0, -37, -116), (9, -34, -115)], [2.2, 1.6], T.SPONGY, (T.CORTICAL,))
        for step in range(11):
            z = -124 - 2.6 * step
            front = -36.5 - 0.16 * min(step, 12 - step) + max(2 - 0.4 * step, 0)
            half.path([(1.0, front, z), (11, -27, z), (17.5, -10, z - 1)], [1.5, 1.3, 1.7], T.CARTILAGE)
        half.path([(17.5, -9, -114), (17.5, -9, -150), (14, -12, -158)], [1.6, 2.0, 1.8], T.CARTILAGE)
        half.path([(17, -10, -136), (17, -10, -150)], [1.3, 1.4], T.CALCIUM, (T.CARTILAGE,))
        half.path([(6, -28, -151), (12, -20, -150)], [0.9, 0.9], T.CALCIUM, (T.CARTILAGE,))
        half.path([(4, -8, -144), (4, -9, -148)], [2.4, 3], T.CARTILAGE)
    c.ellipsoid((0, -27, -115), (8, 1.5, 15), T.CARTILAGE, turn=("x", 0.25))
    c.ellipsoid((0, -20, -143), (2.2, 12, 3), T.GAS, (T.MUSCLE,))
    _cricoid(c)


def _cricoid(c: Canvas) -> None:
    for z, back in ((-150, 4.5), (-153, 5.0), (-156, 5.0), (-159, 4.5)):
        at = c.moved((0, -21, z))
        at.ellipsoid((0, 0, 0), (13, 13.5, 2.2), T.CARTILAGE, (T.FAT, T.MUSCLE, T.GUT, T.MUCOSA), boxy=0.2)
        at.ellipsoid((0, back, 0), (11.5, 4.4, 1.8), T.CALCIUM if z == -156 else T.CARTILAGE, (T.CARTILAGE,))
    c.box((-40, -20, -152), (40, 10, -140)).ellipsoid(
        (0, -11, -148), (11, 4, 8), T.CARTILAGE, (T.MUSCLE, T.FAT, T.CARTILAGE)
    )
    c.path([(0, -22, -146), (0, -22, -164)], [8.5, 8.8], T.GAS)


def _windpipe(c: Canvas) -> None:
    course = [(0, -20, -160), (0, -14, -185), (-1, -5, -220), (-2, 3, -250), (-3, 12, -320)]
    c.path(course, 9.8, T.AIRWAY, (T.FAT, T.MUSCLE, T.GUT))
    for step in range(40):
        share = step / 40
        y, z = -20 + 23 * share, -162 - 90 * share
        c.path([(-8, y - 2, z), (0, y - 9.4, z), (8, y - 2, z)], [0.8, 0.8, 0.8], T.CARTILAGE, (T.AIRWAY,))
    c.path(course, 8.2, T.GAS, (T.FAT, T.MUSCLE, T.AIRWAY, T.GUT, T.CARTILAGE))


def paint_chest_inlet(c: Canvas) -> None:
    """Paint the tops of the lungs, the first ribs, collar bones and breast bone."""
    part = c.box((-220, -90, -320), (220, 130, -190))
    if not part.labels.size:
        return
    for half in (part, part.mirrored()):
        half.path([(18, -12, -320), (16, -14, -250)], [16, 12], T.FAT, _FAT)
        _ribs(half)
        half.ellipsoid((52, 22, -310), (40, 52, 94), T.MUSCLE, (T.FAT, T.MUSCLE))
        half.ellipsoid((52, 22, -310), (37, 49, 91), T.LUNG, (T.FAT, T.MUSCLE))
        _collar_bone(half)
    part.path([(0, -42, -240), (0, -52, -320)], [10, 10], T.CORTICAL, (T.FAT, T.MUSCLE))
    for x in (-8, 8):
        part.path([(x, -42, -240), (x, -52, -320)], [8, 8], T.CORTICAL, (T.FAT, T.MUSCLE))
    part.box((-30, -80, -320), (30, -30, -225)).line_with(T.CORTICAL, T.SPONGY, 1.6)


def _ribs(c: Canvas) -> None:
    soft = (T.FAT, T.MUSCLE, T.LUNG)
    first = [(18, 44, -186), (44, 52, -190), (68, 34, -200), (72, 6, -216), (54, -24, -234), (22, -38, -246)]
    second = [(18, 54, -205), (50, 72, -208), (86, 54, -222), (98, 12, -246), (80, -34, -268), (26, -50, -284)]
    third = [(18, 62, -226), (54, 86, -232), (98, 66, -250), (112, 14, -280), (96, -40, -306)]
    for rib in (first, second, third):
        c.path(rib, [4.6] * len(rib), T.CORTICAL, soft)
        c.path(rib, [3.2] * len(rib), T.SPONGY, (T.CORTICAL,))


def _collar_bone(c: Canvas) -> None:
    course = [(13, -40, -240), (36, -43, -233), (66, -31, -226), (100, -4, -218), (140, 10, -214), (170, 8, -216)]
    c.path(course, [8, 6, 5.5, 5.5, 6, 7], T.CORTICAL)
    c.path(course, [6.4, 4.2, 3.6, 3.6, 4.2, 5], T.SPONGY, (T.CORTICAL,))
    spine = [(80, 88, -266), (110, 78, -250), (150, 46, -228), (172, 22, -222)]
    c.path(spine, [3, 4.5, 6, 7], T.CORTICAL, (T.FAT, T.MUSCLE, T.SKIN))
    c.path(spine, [1.8, 3, 4.4, 5.4], T.SPONGY, (T.CORTICAL,))
