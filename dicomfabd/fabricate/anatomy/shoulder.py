"""The girdle of the shoulder and the chest beside it; origin in the shoulder joint."""

from typing import Final

import numpy as np

from dicomfabd.fabricate.anatomy.bones import Bone, Egg, Rod, paint_bone, union
from dicomfabd.fabricate.anatomy.build import Build
from dicomfabd.fabricate.anatomy.canvas import Canvas, Field
from dicomfabd.fabricate.anatomy.flesh import packed
from dicomfabd.fabricate.anatomy.lattice import lattice_of, read_off
from dicomfabd.fabricate.anatomy.shapes import Profile, curve
from dicomfabd.fabricate.anatomy.strands import Cord, Vessel, paint_cords, paint_vessel
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_PITCH_MM: Final = 2.0
_THIN: Final = Profile((0, 1.0), (1, 1.0))

_SCAPULA: Final = Bone(
    pieces=(
        Egg((6, 3, 0), (6, 13, 18)),
        Rod(((6, 3, 0), (16, 10, 0)), (12, 10), (1, 1.2, 0.8)),
        Rod(((8, 6, -16), (34, 28, -60), (68, 52, -108), (74, 55, -122)), (6, 4.5, 5, 5)),
        Rod(((74, 55, -122), (92, 64, -60), (96, 64, -4), (84, 54, 34), (70, 44, 40)), (5, 2.8, 2.8, 3, 2.2)),
        Rod(((70, 44, 40), (44, 26, 30), (24, 12, 24)), (2.2, 2.2, 4)),
        Rod(
            ((94, 66, 4), (66, 62, 16), (36, 50, 28), (6, 38, 35), (-14, 26, 37)),
            (3, 5, 5.5, 5.5, 6.5),
            (1, 1, 1.25),
        ),
        Egg((-29, 5, 37), (14, 24, 5.2), turn=("y", 0.15), boxy=0.3),
        Rod(((12, 4, 16), (16, -8, 26), (8, -24, 30), (-4, -34, 22)), (8, 7, 6, 5.5)),
    ),
    bites=(Egg((-21, -1, 0), (24, 22, 26)),),
    blend_mm=4.0,
    cortex=_THIN,
    gristle=(Egg((0, 2, 0), (6, 14, 19)),),
    gristle_mm=1.8,
)
"""The rim, the spine, the socket and the two hooks; the plates between them are painted apart."""

_CLAVICLE: Final = Bone(
    pieces=(
        Rod(((-6, -4, 42), (8, -5, 46), (30, -12, 48), (64, -32, 46), (100, -50, 38), (140, -62, 26)),
            (7.5, 7, 6, 6, 6.5, 9), (1, 1, 1.1)),
    ),
    cortex=Profile((-20, 0.9), (10, 1.2), (50, 2.4), (100, 2.2), (140, 1.0)),
    along=0,
    gristle=(Egg((-12, -4, 41), (4, 8, 8)),),
    gristle_mm=1.2,
)  # fmt: skip

_FAT_PARTS: Final = {"slim": 0.5, "average": 1.0, "large": 2.1}
_WIDE: Final = Profile((46, 8), (36, 26), (10, 54), (-30, 78), (-80, 98), (-150, 112), (-300, 122))
_DEEP: Final = Profile((46, 8), (36, 22), (10, 42), (-30, 58), (-80, 76), (-150, 90), (-300, 98))
# Outsides of the muscles: deltoid, trapezius, those of the blade, of the chest in front, of the armpit; the chest.
_FLESH: Final = (
    Egg((-24, 2, -6), (42, 42, 54)),
    Rod(((-38, -3, -50), (-39, -4, -190)), (45, 45)),
    Rod(
        ((-20, 6, 16), (30, 14, 22), (76, 24, 26), (122, 22, 66), (142, 16, 116), (158, 16, 210)),
        (28, 30, 40, 48, 50, 56),
    ),
    Rod(((-12, -4, 34), (30, -10, 36), (64, -28, 34), (100, -42, 28), (150, -52, 14)), (18, 16, 16, 18, 20)),
    Egg((52, 34, -44), (70, 44, 84)),
    Rod(((-12, -22, -24), (40, -40, -14), (100, -50, -30)), (24, 22, 30)),
    Rod(((0, 22, -56), (44, 36, -92), (90, 40, -160)), (20, 28, 46)),
    Egg((158, 16, -170), (128, 108, 210)),
)
_MUSCLES: Final = (
    Rod(((-14, -34, 34), (-46, -38, -10), (-60, -26, -60), (-56, -12, -110)), (10, 16, 16, 6)),
    Rod(((-34, 2, 40), (-64, 2, 0), (-68, 0, -50), (-60, -6, -112)), (8, 16, 17, 6)),
    Rod(((0, 40, 34), (-46, 38, -4), (-60, 26, -50), (-58, 8, -108)), (9, 16, 15, 6)),
    Rod(((88, 56, 20), (56, 36, 26), (24, 16, 30), (2, 6, 31)), (10, 13, 11, 6)),
    Rod(((86, 74, -24), (56, 56, -26), (24, 40, -12), (-4, 30, 6)), (14, 18, 14, 7)),
    Rod(((62, 58, -80), (36, 46, -50), (8, 36, -22)), (9, 10, 8)),
    Rod(((70, 62, -112), (44, 46, -104), (4, 10, -92), (-20, -4, -100)), (13, 14, 12, 7)),
    Rod(((82, 48, -50), (56, 26, -36), (30, 6, -14), (8, -14, -2)), (14, 18, 16, 8)),
    Rod(((-6, 20, 52), (40, 28, 54), (96, 44, 80), (130, 48, 140)), (5, 10, 16, 16)),
    Rod(((20, 60, 30), (70, 84, 10), (120, 92, -20)), (8, 9, 9)),
    Rod(((110, 90, -170), (60, 60, -130), (20, 24, -108)), (16, 14, 9)),
    Rod(((92, 50, -50), (72, 14, -100), (64, -10, -170)), (12, 15, 15)),
    Rod(((140, -70, 10), (70, -56, 10), (10, -46, -20), (-34, -30, -66)), (10, 12, 13, 6)),
    Rod(((150, -90, -60), (90, -70, -50), (30, -54, -44), (-30, -26, -80)), (14, 16, 14, 6)),
    Rod(((110, -62, -80), (70, -52, -30), (10, -34, 12)), (9, 8, 4)),
    Rod(((126, 10, 130), (116, 0, 70)), (18, 14)),
    Rod(((-34, -24, -56), (-38, -30, -140)), (9, 20)),
    Rod(((4, -30, 12), (-10, -20, -60), (-22, -14, -120)), (5, 9, 7)),
    Rod(((4, 14, -26), (-12, 20, -70), (-22, 24, -150)), (6, 13, 18)),
    Rod(((-50, 18, -56), (-54, 22, -150)), (8, 17)),
)
"""Deltoid, rotator cuff, trapezius, latissimus, serratus, pectorals, scalenes, and the heads of biceps and triceps."""

_PLATES: Final = (
    ((10, 6, 4), (38, 31, -62), (94, 65, -40), (84, 55, 30)),
    ((38, 31, -62), (72, 54, -118), (92, 64, -60), (94, 65, -40)),
)


def paint_chest_wall(c: Canvas, build: Build) -> None:
    """Paint the flesh between arm and neck, and what of the chest lies in it."""
    box = c.box((-110, -150, -330), (330, 180, 240))
    if not box.labels.size:
        return
    fat_mm = 9.0 * _FAT_PARTS[build.habitus] * (1.3 if build.is_female else 1.0)
    lattice = lattice_of(box, _PITCH_MM)
    flesh = union(lattice, _FLESH, 18.0, 400.0) + lattice.texture(34.0, 91)
    best, gap = packed(lattice, _MUSCLES)
    red = np.minimum(np.minimum(flesh - np.float32(0.8), gap - np.float32(1.5)), best + np.float32(9))
    for slab in box.slabs():
        depth = read_off(lattice, flesh, slab)
        slab.paint(depth > -fat_mm - 1.8, T.SKIN)
        slab.paint(depth > -fat_mm, T.FAT)
        slab.paint(read_off(lattice, red, slab) > 0, T.MUSCLE)
        slab.paint(_chest(slab, 10) > 0, T.MUSCLE)
        slab.paint(_chest(slab, 0) > 0, T.LUNG)
    _paint_ribs(box)


def _chest(c: Canvas, more: float) -> Field:
    """Give how deep each place lies within the chest, enlarged by some millimetres."""
    wide, deep = _WIDE.along(c.z) + np.float32(more), _DEEP.along(c.z) + np.float32(more)
    x, y = c.x - np.float32(158), c.y - np.float32(16) + np.maximum(c.z, -60) * np.float32(0.12)
    reach = np.sqrt((x / wide) ** 2 + (y / deep) ** 2 + np.float32(1e-6))
    depth: Field = np.where(c.z > 46 + more * 0.4, np.float32(-50), (1 - reach) * np.minimum(wide, deep))
    return depth


def _paint_ribs(c: Canvas) -> None:
    for number in range(9):
        back = 56 - number * 24
        points = []
        for angle, drop in ((2.2, 0), (1.4, 6), (0.9, 14), (0.5, 24), (0.2, 36), (0.0, 44), (-0.3, 58), (-0.7, 72)):
            z = back - drop * (0.5 + 0.1 * number)
            wide, deep = _WIDE.at(z) + 4, _DEEP.at(z) + 4
            cosine, sine = (1 - angle * angle) / (1 + angle * angle), 2 * angle / (1 + angle * angle)
            points.append((158 - wide * cosine, 16 - max(z, -60) * 0.12 + deep * sine, z))
        line = curve(points, 5)
        flat = c.stretched((1, 1, 0.6))
        squeezed = [(x, y, z * 0.6) for x, y, z in line]
        flat.path(squeezed, 3.6, T.CORTICAL, (T.MUSCLE, T.FAT, T.LUNG))
        flat.path(squeezed, 2.8, T.SPONGY, (T.CORTICAL,))


def paint_girdle(c: Canvas) -> None:
    """Paint blade and collar bone, and what joins them to the arm."""
    paint_bone(c, _SCAPULA, 1.3)
    _paint_plates(c)
    paint_bone(c, _CLAVICLE, 1.3)


def _paint_plates(c: Canvas) -> None:
    """The blade between its borders: so thin that it has no spongy bone."""
    inside = (T.MUSCLE, T.FAT)
    for a, b, d, e in _PLATES:
        for step in range(60):
            s = step / 59
            start = tuple(p + (q - p) * s for p, q in zip(a, b, strict=True))
            end = tuple(p + (q - p) * s for p, q in zip(e, d, strict=True))
            c.tube((start[0], start[1], start[2]), (end[0], end[1], end[2]), 1.7, T.CORTICAL, inside)
    for step in range(70):
        s = step / 69
        c.tube((92 - 80 * s, 64 - 54 * s, 4 + 8 * s), (94 - 86 * s, 66 - 30 * s, 6 + 30 * s), 1.2, T.CORTICAL, inside)


def paint_joint(c: Canvas) -> None:
    """Paint the tendons around the head of the arm bone, the lip of its socket, and the fluid in joint and bursa."""
    c.ellipsoid((-22, 0, 1), (27.5, 28, 27.5), T.TENDON, (T.MUSCLE, T.FAT))
    c.ellipsoid((-22, 0, -4), (24.6, 24.6, 25), T.FLUID, (T.TENDON,))
    c.ellipsoid((2, 2, 0), (5, 16, 21), T.MENISCUS, (T.TENDON, T.FLUID, T.MUSCLE, T.FAT))
    c.ellipsoid((-26, 2, 29.5), (20, 18, 1.2), T.FLUID, (T.MUSCLE, T.FAT, T.TENDON))


_ARTERIES: Final = (
    Vessel(
        ((150, -26, 34), (110, -32, 30), (76, -36, 16), (44, -34, -10), (20, -20, -36)),
        (4.4, 4.2, 3.9, 3.6, 3.2), veins=((3, -7, -5),), nerve=(-3, 4, 5), twig_mm=1.3,
        twigs=((90, -66, 10), (70, -60, -30), (40, -66, -20), (60, -10, -80), (20, 40, -40), (-46, -6, -30)),
    ),
    Vessel(
        ((30, -28, -24), (44, 8, -52), (60, 34, -84)), (2.2, 2.0, 1.5),
        twigs=((80, 60, -60), (52, 60, -30), (70, 44, -120)), twig_mm=1.1,
    ),
    Vessel(((20, -20, -36), (0, 26, -44), (-30, 30, -46), (-50, 8, -44)), (1.8, 1.6, 1.3, 0.9)),
    Vessel(((20, -20, -36), (-14, -32, -40), (-40, -18, -38)), (1.2, 1.0, 0.8)),
)  # fmt: skip
"""Axillary, subscapular, and the two around the neck of the arm bone."""

_VEIN: Final[Cord] = (((-20, -56, -60), (4, -54, -20), (22, -52, 10), (40, -44, 24)), 1.8)


def paint_shoulder_vessels(c: Canvas) -> None:
    """Paint the arteries of the armpit with vein and nerves."""
    for vessel in _ARTERIES:
        paint_vessel(c, vessel)
    paint_cords(c, (_VEIN,), T.VEIN)
