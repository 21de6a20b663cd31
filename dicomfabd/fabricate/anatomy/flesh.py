"""Skin, fat and muscles of a limb that runs along z."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.bones import Piece, union
from dicomfabd.fabricate.anatomy.build import Build
from dicomfabd.fabricate.anatomy.canvas import Canvas, Field
from dicomfabd.fabricate.anatomy.lattice import joined
from dicomfabd.fabricate.anatomy.shapes import Profile, curve, widths
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_STEP_MM: Final = 3.0
_ROUND_MM: Final = 20.0
_SKIN_MM: Final = 1.8
_FAT_PARTS: Final = {"slim": 0.5, "average": 1.0, "large": 2.1}
_MUSCLE_PARTS: Final = {"slim": 0.95, "average": 1.0, "large": 1.04}


@dataclass(frozen=True)
class Sleeve:
    """The fascia around the muscles of a limb.

    Attributes:
        knots: z, x and y of its middle, half its size along x and y.
        fat: Thickness of the fat over it at some heights, millimetres, for an average man.
        bulges: What stands out of it, or goes on where it ends.
        blend_mm: How softly those flow into it.
        cuts: What is taken off again: a sole is flat.
    """

    knots: Sequence[tuple[float, float, float, float, float]]
    fat: Profile
    bulges: Sequence[Piece] = ()
    blend_mm: float = 10.0
    cuts: Sequence[Piece] = ()

    def depth(self, c: Canvas, build: Build) -> Field:
        """Give about how many millimetres below the fascia each place lies."""
        size = np.float32(_MUSCLE_PARTS[build.habitus])
        x, y, wide, deep = (Profile(*((k[0], k[axis]) for k in self.knots)).along(c.z) for axis in (1, 2, 3, 4))
        wide, deep = wide * size, deep * size
        across, along = c.x - x, c.y - y
        reach = across * across + along * along
        part = (across / wide) ** 2 + (along / deep) ** 2
        tiny = np.float32(1e-4)
        reach = np.sqrt(reach + tiny * wide * deep)
        depth: Field = reach / np.sqrt(part + tiny) - reach
        low, high = min(k[0] for k in self.knots), max(k[0] for k in self.knots)
        depth -= np.maximum(0, np.maximum(np.float32(low) - c.z, c.z - np.float32(high)))
        if self.bulges:
            depth = joined(depth, union(c, self.bulges, self.blend_mm), self.blend_mm)
        for cut in self.cuts:
            depth = np.minimum(depth, -cut.depth(c))
        return depth

    def fat_mm(self, c: Canvas, build: Build) -> Field:
        """Give how thick the fat is at each height."""
        parts = _FAT_PARTS[build.habitus] * (1.35 if build.is_female else 1.0)
        thick: Field = self.fat.along(c.z) * np.float32(parts)
        return thick


@dataclass(frozen=True)
class Belly:
    """A muscle along z: z, x and y of its middle, and its radius, at some heights; round beyond its ends."""

    knots: Sequence[tuple[float, float, float, float]]

    def bounds(self) -> tuple[Vector, Vector]:
        """See `Piece`."""
        low, high = (tuple(which(knot[axis] for knot in self.knots) for axis in (1, 2, 0)) for which in (min, max))
        return (low[0], low[1], low[2]), (high[0], high[1], high[2])

    def depth(self, c: Canvas) -> Field:
        """See `Piece`."""
        x, y, radius = (Profile(*((k[0], k[axis]) for k in self.knots)).along(c.z) for axis in (1, 2, 3))
        heights = [knot[0] for knot in self.knots]
        beyond = np.maximum(0, np.maximum(np.float32(min(heights)) - c.z, c.z - np.float32(max(heights))))
        depth: Field = radius - np.sqrt((c.x - x) ** 2 + (c.y - y) ** 2 + beyond * beyond)
        return depth


def paint_flesh(c: Canvas, build: Build, sleeve: Sleeve, bellies: Sequence[Belly], septum_mm: float = 1.3) -> None:
    """Paint skin, the fat under it and the muscles below, parted by thin sheets of fat."""
    if not c.labels.size:
        return
    coarse = _layers_of(c)
    flesh = sleeve.depth(coarse, build)
    flesh += coarse.texture(34.0, 91) * np.float32(0.9)
    best, gap = packed(coarse, bellies)
    muscle = np.minimum(np.minimum(flesh - np.float32(0.8), gap - np.float32(septum_mm)), best + np.float32(2.0))
    thick = sleeve.fat_mm(coarse, build) + _SKIN_MM
    skin = flesh + thick + coarse.texture(21.0, 92) * np.float32(0.12) * thick
    for slab, fields in _refined(c, coarse, (skin, muscle)):
        deep, red = fields
        slab.paint(deep > 0, T.SKIN)
        slab.paint(deep > _SKIN_MM, T.FAT)
        slab.paint((red > 0) & (deep > _SKIN_MM), T.MUSCLE)


def _layers_of(c: Canvas) -> Canvas:
    """Give the columns and rows of a canvas on fewer layers, which lie at multiples of a step."""
    z = c.z.ravel()
    first, last = int(np.floor(z[0] / np.float32(_STEP_MM))), int(np.floor(z[-1] / np.float32(_STEP_MM))) + 1
    heights = (np.arange(first, last + 1) * _STEP_MM).astype(np.float32)
    x, y = c.x.ravel(), c.y.ravel()
    return Canvas(np.zeros((heights.size, y.size, x.size), np.uint8), (x, y, heights), c.voxel_mm)


def _refined(c: Canvas, coarse: Canvas, fields: Sequence[Field]) -> Iterator[tuple[Canvas, list[Field]]]:
    """Give a canvas in slabs, with fields of its coarse layers at their heights."""
    base = coarse.z.ravel()[0]
    for slab in c.slabs(8):
        place = (slab.z.ravel() - base) / np.float32(_STEP_MM)
        below = np.clip(np.floor(place), 0, coarse.z.size - 2).astype(np.intp)
        share = (place - below).astype(np.float32)[:, None, None]
        yield slab, [field[below] + (field[below + 1] - field[below]) * share for field in fields]


def packed(c: Canvas, bellies: Sequence[Piece]) -> tuple[Field, Field]:
    """Give how deep each place lies in the muscle it belongs to, and how far it is from belonging to another."""
    best = np.full(c.labels.shape, -60, np.float32)
    second = np.full(c.labels.shape, -60, np.float32)
    z = c.z.ravel()
    for belly in bellies:
        low, high = belly.bounds()[0][2], belly.bounds()[1][2]
        first, last = (int(i) for i in np.searchsorted(z, [low - _ROUND_MM, high + _ROUND_MM]))
        if first == last:
            continue
        layers = Canvas(c.labels[first:last], (c.x.ravel(), c.y.ravel(), z[first:last]), c.voxel_mm)
        depth = belly.depth(layers)
        mine, other = best[first:last], second[first:last]
        np.maximum(other, np.minimum(mine, depth), out=other)
        np.maximum(mine, depth, out=mine)
    return best, best - second


def paint_spindle(c: Canvas, points: Sequence[Vector], radii: Sequence[float]) -> None:
    """Paint a single muscle into fat: a bent rod of changing thickness."""
    c.path(curve(points), widths(radii), T.MUSCLE, (T.FAT,))
