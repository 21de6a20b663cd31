"""Bones as rods and eggs that flow into each other, with a rim of cortex around spongy bone and marrow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas, Field, Turn, reach_of, turned
from dicomfabd.fabricate.anatomy.lattice import depth_in_tube, joined, lattice_of, read_off, ripples
from dicomfabd.fabricate.anatomy.shapes import Profile
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

GIVING_WAY: Final = (T.FAT, T.MUSCLE, T.FLUID, T.TENDON, T.MENISCUS, T.SKIN, T.SOFT)
"""What the cartilage of a joint replaces."""

_OUTSIDE: Final = -1000.0
_MARGIN_MM: Final = 14.0
_BEAMS_MM: Final = 1.3


class Piece(Protocol):
    """A simple solid."""

    def bounds(self) -> tuple[Vector, Vector]:
        """Give two corners of a box that holds it."""
        ...

    def depth(self, c: Canvas) -> Field:
        """Give about how many millimetres inside it each place lies; outside it is negative."""
        ...


@dataclass(frozen=True)
class Rod:
    """A bent rod with round ends.

    Attributes:
        points: Its course.
        radii: At each point.
        flat: How much thinner it is along x, y and z than its radii say.
    """

    points: Sequence[Vector]
    radii: Sequence[float]
    flat: Vector = (1.0, 1.0, 1.0)

    def bounds(self) -> tuple[Vector, Vector]:
        """See `Piece`."""
        spans = []
        for axis in range(3):
            reach = [radius / self.flat[axis] for radius in self.radii]
            ends = [point[axis] for point in self.points]
            spans.append(
                (
                    min(end - more for end, more in zip(ends, reach, strict=True)),
                    max(end + more for end, more in zip(ends, reach, strict=True)),
                )
            )
        return (spans[0][0], spans[1][0], spans[2][0]), (spans[0][1], spans[1][1], spans[2][1])

    def depth(self, c: Canvas) -> Field:
        """See `Piece`."""
        c = c.stretched(self.flat)
        points = [tuple(p * f for p, f in zip(point, self.flat, strict=True)) for point in self.points]
        deepest: Field | None = None
        for start, end, first, last in zip(points, points[1:], self.radii, self.radii[1:], strict=False):
            depth = depth_in_tube(c, start, end, first, last)
            deepest = depth if deepest is None else np.maximum(deepest, depth)
        if deepest is None:
            raise ValueError("a rod has two points or more")
        return deepest


@dataclass(frozen=True)
class Egg:
    """An ellipsoid.

    Attributes:
        centre: Its middle.
        radii: Half its size along x, y and z, before it is turned.
        turn: How it is turned about its middle.
        boxy: 0 for an ellipsoid, towards 1 for a box with round edges.
    """

    centre: Vector
    radii: Vector
    turn: Turn | None = None
    boxy: float = 0.0

    def bounds(self) -> tuple[Vector, Vector]:
        """See `Piece`."""
        reach = reach_of(self.radii, self.turn)
        x, y, z = self.centre
        return (x - reach[0], y - reach[1], z - reach[2]), (x + reach[0], y + reach[1], z + reach[2])

    def depth(self, c: Canvas) -> Field:
        """See `Piece`."""
        place = [axis - np.float32(middle) for axis, middle in zip((c.x, c.y, c.z), self.centre, strict=True)]
        squares = [
            (part / np.float32(radius)) ** 2 for part, radius in zip(turned(place, self.turn), self.radii, strict=True)
        ]
        u, v, w = squares
        total: Field = u + v + w + np.float32(1e-6)
        steep = sum(square / np.float32(radius * radius) for square, radius in zip(squares, self.radii, strict=True))
        if self.boxy:
            total = total - np.float32(self.boxy) * np.minimum(u * v + v * w + w * u, 1)
        reach = np.sqrt(total)
        depth: Field = reach * (1 - reach) / np.sqrt(steep + np.float32(1e-8))
        # In the middle the distance to the surface is not known that way.
        return np.minimum(depth, np.float32(min(self.radii)))


@dataclass(frozen=True)
class Half:
    """Everything to one side of a plane.

    Attributes:
        point: A point of the plane.
        inwards: Where its inside lies.
    """

    point: Vector
    inwards: Vector

    def bounds(self) -> tuple[Vector, Vector]:
        """See `Piece`."""
        return (-1e4, -1e4, -1e4), (1e4, 1e4, 1e4)

    def depth(self, c: Canvas) -> Field:
        """See `Piece`."""
        nx, ny, nz = self.inwards
        length = math.sqrt(nx * nx + ny * ny + nz * nz)
        x, y, z = c.x - np.float32(self.point[0]), c.y - np.float32(self.point[1]), c.z - np.float32(self.point[2])
        depth: Field = x * np.float32(nx / length) + y * np.float32(ny / length) + z * np.float32(nz / length)
        return depth


@dataclass(frozen=True)
class Within:
    """What of a piece lies within some others.

    Attributes:
        piece: What is cut.
        limits: What it is cut down to.
    """

    piece: Piece
    limits: Sequence[Piece]

    def bounds(self) -> tuple[Vector, Vector]:
        """See `Piece`."""
        low, high = self.piece.bounds()
        for limit in self.limits:
            lows, highs = limit.bounds()
            low = (max(low[0], lows[0]), max(low[1], lows[1]), max(low[2], lows[2]))
            high = (min(high[0], highs[0]), min(high[1], highs[1]), min(high[2], highs[2]))
        return low, high

    def depth(self, c: Canvas) -> Field:
        """See `Piece`."""
        depth = self.piece.depth(c)
        for limit in self.limits:
            depth = np.minimum(depth, limit.depth(c))
        return depth


@dataclass(frozen=True)
class Bone:
    """One bone.

    Attributes:
        pieces: What it is joined from.
        bites: What is taken out of it again.
        blend_mm: How softly pieces flow into each other.
        cortex: Thickness of its rim along one axis: thick where there is a hollow shaft.
        along: That axis: 0, 1 or 2 for x, y or z.
        gristle: Where cartilage covers it.
        gristle_mm: How thick that is.
    """

    pieces: Sequence[Piece]
    bites: Sequence[Piece] = ()
    blend_mm: float = 5.0
    cortex: Profile = field(default_factory=lambda: Profile((0, 1.0), (1, 1.0)))
    along: int = 2
    gristle: Sequence[Piece] = ()
    gristle_mm: float = 2.0

    def bounds(self) -> tuple[Vector, Vector]:
        """Give two corners of a box around it and its cartilage."""
        lows, highs = zip(*(piece.bounds() for piece in self.pieces), strict=True)
        more = self.gristle_mm + 1.5
        low = tuple(min(corner[axis] for corner in lows) - more for axis in range(3))
        high = tuple(max(corner[axis] for corner in highs) + more for axis in range(3))
        return (low[0], low[1], low[2]), (high[0], high[1], high[2])

    def depth(self, lattice: Canvas) -> Field:
        """Give how deep the points of a lattice lie in it."""
        solid = union(lattice, self.pieces, self.blend_mm)
        for bite in self.bites:
            solid = -joined(-solid, bite.depth(lattice), min(self.blend_mm, 3.0))
        return solid


def union(lattice: Canvas, pieces: Sequence[Piece], blend_mm: float, margin_mm: float = _MARGIN_MM) -> Field:
    """Give the depth in the union of pieces with rounded seams; farther out than the margin it is only negative."""
    solid = np.full(lattice.labels.shape, _OUTSIDE, np.float32)
    for piece in pieces:
        low, high = piece.bounds()
        spans = []
        for axis, start, end in zip((lattice.z, lattice.y, lattice.x), low[::-1], high[::-1], strict=True):
            first, last = np.searchsorted(axis.ravel(), [start - margin_mm, end + margin_mm])
            spans.append(slice(int(first), int(last)))
        place = (spans[0], spans[1], spans[2])
        part = Canvas(
            lattice.labels[place],
            (lattice.x.ravel()[spans[2]], lattice.y.ravel()[spans[1]], lattice.z.ravel()[spans[0]]),
            lattice.voxel_mm,
        )
        if part.labels.size:
            solid[place] = joined(solid[place], piece.depth(part), blend_mm)
    return solid


def paint_bone(c: Canvas, bone: Bone, pitch_mm: float = 1.5) -> None:
    """Paint a bone and the cartilage on it; all other soft tissue gives way."""
    box = c.box(*bone.bounds())
    if not box.labels.size:
        return
    lattice = lattice_of(box, pitch_mm)
    solid = bone.depth(lattice)
    for slab in box.slabs(24):
        depth = read_off(lattice, solid, slab)
        _paint_gristle(slab, bone, depth)
        _paint_layers(slab, bone, depth)


def _paint_gristle(c: Canvas, bone: Bone, depth: Field) -> None:
    for region in bone.gristle:
        low, high = region.bounds()
        if float(c.z[-1, 0, 0]) >= low[2] and float(c.z[0, 0, 0]) <= high[2]:
            c.paint((depth > -bone.gristle_mm) & (region.depth(c) > 0), T.CARTILAGE, GIVING_WAY)


def _paint_layers(c: Canvas, bone: Bone, depth: Field) -> None:
    rim = bone.cortex.along((c.x, c.y, c.z)[bone.along])
    c.paint(depth > 0, T.CORTICAL)
    core = depth > rim
    c.paint(core, T.SPONGY)
    place = np.nonzero(core)
    if not place[0].size:
        return
    axes = [c.x.ravel()[place[2]], c.y.ravel()[place[1]], c.z.ravel()[place[0]]]
    # Its beams are longer than thick, and run along the bone.
    axes[bone.along] = axes[bone.along] * np.float32(0.45)
    beams = ripples(axes[0], axes[1], axes[2], _BEAMS_MM, 81)
    rims = np.broadcast_to(rim, depth.shape)[place]
    # Towards the hollow of the shaft they thin out.
    beams += np.clip((rims - np.float32(1.6)) * np.float32(1.5), -0.25, 2.5)
    hollow = (beams > 0) & (depth[place] > rims + np.float32(0.5))
    c.labels[tuple(axis[hollow] for axis in place)] = T.MARROW
