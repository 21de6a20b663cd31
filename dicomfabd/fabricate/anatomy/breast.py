"""One right breast: y from the nipple to the chest wall, x from its outer to its inner side, z to the head."""

from random import Random
from typing import Final

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.build import Build
from dicomfabd.fabricate.anatomy.canvas import Canvas, Field
from dicomfabd.fabricate.anatomy.lattice import depth_in, joined, lattice_of, read_off, ripples
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_SIZE: Final = {"slim": 0.88, "average": 1.0, "large": 1.1}
_DENSITY: Final = {"slim": 1.0, "average": 0.55, "large": 0.1}
_NIPPLE: Final[Vector] = (0.0, -56.0, -22.0)
_PITCH_MM: Final = 1.5


def paint_breast(c: Canvas, build: Build) -> None:
    """Paint what of a breast lies in a canvas."""
    size, density = _SIZE[build.habitus], _DENSITY[build.habitus]
    axes = [axis.ravel() / size for axis in (c.x, c.y, c.z)]
    at = Canvas(c.labels, (axes[0], axes[1], axes[2]), c.voxel_mm / size)
    lattice = lattice_of(at, _PITCH_MM)
    skin = _depth(lattice)
    gland, strand, ligament = _gland(lattice, density), _strands(lattice), _ligaments(lattice)
    fibres = _fibres(lattice)
    for slab in at.slabs():
        depth = read_off(lattice, skin, slab)
        slab.paint(depth > 0, T.SKIN)
        slab.paint(depth > 1.7 + 0.8 * np.clip((-40 - slab.y) / 10, 0, 1), T.FAT)
        fields = (read_off(lattice, field, slab) for field in (gland, strand, ligament))
        _paint_tissue(slab, depth, *fields)
        _paint_muscle(slab, depth, read_off(lattice, fibres, slab))
    _nipple(at)
    _ducts(at, build.random)
    _vessels(at, build.random)
    _node(at, (-4, 26, 82), (5.5, 6, 9))
    _node(at, (8, 34, 98), (4, 4, 6))
    _calcium(at, build.random)


def _depth(c: Canvas) -> Field:
    """Give the depth under the skin: what both views show the outline of, with round edges between."""
    above = depth_in(c, (0, 50, 0), (80, 105, 1e4)) - np.maximum(c.z - 25, 0) * np.float32(0.35)
    beside = depth_in(c, (0, 52, -24), (1e4, 107, 74)) * np.ones_like(c.x)
    # The armpit's fold leans back, so that seen from above it throws no edge.
    lean = (c.y + 8 - (c.z - 25) * np.float32(0.5)) * np.float32(0.88)
    beside = joined(beside, np.minimum(lean, c.z + 40).astype(np.float32), 34)
    edge = np.float32(30)
    p, q = np.maximum(edge - above, 0), np.maximum(edge - beside, 0)
    depth: Field = edge - np.sqrt(p * p + q * q) + np.float32(1.2) * c.texture(34.0, 101)
    return depth


def _gland(c: Canvas, density: float) -> Field:
    """Give how deep a place lies in the glandular tissue: a fan whose tip is the nipple, frayed at its edges."""
    wide = 30 + 18 * density
    body = depth_in(c, (-8, 2, -12), (wide + 4, 34 + 6 * density, wide))
    tail = depth_in(c, (-22, 12, 22), (18, 18, 30 + 8 * density))
    cone = joined(joined(body, tail, 14), depth_in(c, (0, -34, -20), (15, 24, 15)), 12)
    fray = 11 * c.texture(23.0, 102) + 8 * c.texture(11.0, 103) + 5 * c.texture(5.5, 104)
    depth: Field = cone + fray - np.float32(10 - 12 * density)
    return depth


def _strands(c: Canvas) -> Field:
    """Give a field whose zeros are sheets that run towards the nipple."""
    x, y, z = c.x - _NIPPLE[0], c.y - (_NIPPLE[1] - 12), c.z - _NIPPLE[2]
    away = np.sqrt(x * x + y * y + z * z) + np.float32(8)
    turn = np.float32(46) / away
    ones = np.ones_like(away)
    wave = ripples(x * turn, y * turn + away * np.float32(0.22), z * turn * ones, 7.0, 110)
    return wave + np.float32(0.35) * c.texture(4.4, 111)


def _ligaments(c: Canvas) -> Field:
    """Give a field whose zeros are the ligaments that hang the gland from the skin."""
    ones = np.ones((c.z.size, c.y.size, c.x.size), np.float32)
    return ripples(c.x * ones, c.y * ones, c.z * ones, 11.0, 120)


def _paint_tissue(c: Canvas, depth: Field, gland: Field, strand: Field, ligament: Field) -> None:
    inner = depth > 4
    c.paint(inner & (np.abs(ligament) < 0.022) & (gland > -26), T.BREAST, (T.FAT,))
    lace = np.clip((gland + 14) / 26, 0, 1)
    c.paint(inner & (gland > -14) & (np.abs(strand) < 0.10 + 0.22 * lace), T.BREAST, (T.FAT,))
    c.paint((depth > 6) & (gland > 7) & (np.abs(ligament) < 0.45), T.BREAST, (T.FAT,))


def _fibres(c: Canvas) -> Field:
    """Give a field whose ridges run along the pectoral muscle, from the armpit down to the breast bone."""
    along, across = c.z * np.float32(0.9) - c.y * np.float32(0.44), c.y * np.float32(0.9) + c.z * np.float32(0.44)
    ones = np.ones_like(c.x)
    return ripples(c.x * np.ones_like(across), across * ones, along * np.float32(0.12) * ones, 4.5, 130)


def _paint_muscle(c: Canvas, depth: Field, fibres: Field) -> None:
    front = c.y - (22 + (112 - c.z) * np.float32(0.52) + ((c.z - 60) / 14) ** 2 * np.float32(0.25))
    front = front + np.float32(1.5) * c.texture(26.0, 105)
    muscle = (front > 0) & (depth > 6)
    c.paint(muscle, T.MUSCLE)
    c.paint(muscle & (fibres > 0.7), T.FAT, (T.MUSCLE,))


def _nipple(c: Canvas) -> None:
    x, y, z = _NIPPLE
    c.ellipsoid((x, y + 3, z), (13, 4, 13), T.SKIN, (T.FAT, T.BREAST, T.SKIN))
    c.path([(x, y + 4, z), (x, y - 8, z)], [6, 5], T.SKIN)


def _ducts(c: Canvas, random: Random) -> None:
    x, y, z = _NIPPLE
    for _ in range(12):
        way = (random.uniform(-0.6, 0.6), 1.0, random.uniform(-0.6, 0.6))
        middle = (x + way[0] * 16, y + 20, z + way[2] * 16)
        end = (middle[0] + way[0] * 30 + random.uniform(-6, 6), y + 48, middle[2] + way[2] * 30 + random.uniform(-6, 6))
        c.path([(x + way[0] * 3, y, z + way[2] * 3), middle, end], [1.0, 1.1, 0.6], T.BREAST, (T.FAT,))


def _vessels(c: Canvas, random: Random) -> None:
    for number in range(7):
        side = -1 if number % 2 else 1
        place = (side * random.uniform(30, 52), random.uniform(30, 50), random.uniform(-40, 60))
        points = [place]
        for _ in range(6):
            x, y, z = points[-1]
            points.append(
                (x * 0.84 + random.uniform(-4, 4), y - 9 + random.uniform(-4, 4), z * 0.9 + random.uniform(-6, 6))
            )
        c.path(points, [1.5, 1.4, 1.3, 1.2, 1.0, 0.9, 0.8], T.VEIN if number % 2 else T.ARTERY, (T.FAT, T.BREAST))


def _node(c: Canvas, centre: Vector, radii: Vector) -> None:
    x, y, z = radii
    c.ellipsoid(centre, radii, T.LYMPH, (T.FAT, T.MUSCLE))
    c.ellipsoid((centre[0], centre[1] + y * 0.45, centre[2]), (x * 0.5, y * 0.5, z * 0.6), T.FAT, (T.LYMPH,))


def _calcium(c: Canvas, random: Random) -> None:
    for _ in range(6):
        centre = (random.uniform(-40, 30), random.uniform(-25, 30), random.uniform(-50, 30))
        radius = random.uniform(0.5, 0.95)
        c.ellipsoid(centre, (radius, radius, radius), T.CALCIUM, (T.FAT, T.BREAST))
