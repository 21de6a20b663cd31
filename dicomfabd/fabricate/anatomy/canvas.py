"""A volume of labels one paints solids into.

Only additions, multiplications, divisions and square roots are used: IEEE 754 defines their results to the last
bit, so a body is the same on every machine.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.tissues import Tissue

Labels = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]
Turn = tuple[Literal["x", "y", "z"], float]
"""A rotation about an axis, as the tangent of its angle: no trigonometry, which differs from machine to machine."""

_PLANES: Final = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}


class Canvas:
    """A box of voxels; coordinates are LPS millimetres: x to the left, y to the back, z to the head.

    Attributes:
        labels: uint8, shape (z, y, x), feet to head, front to back, right to left.
        x, y, z: Voxel centres, float32, shaped to broadcast against `labels`.
    """

    def __init__(self, labels: Labels, axes: tuple[Field, Field, Field], voxel_mm: float) -> None:
        """Take a volume and the places of its columns, rows and layers, each ascending."""
        self.voxel_mm = voxel_mm
        self.labels = labels
        self._axes = axes
        self.x: Field = axes[0][None, None, :]
        self.y: Field = axes[1][None, :, None]
        self.z: Field = axes[2][:, None, None]

    @classmethod
    def of_air(cls, centre: Vector, extent: Vector, voxel_mm: float) -> "Canvas":
        """Make a box of air.

        Args:
            centre: Its middle.
            extent: Its size along x, y and z.
            voxel_mm: Edge of a voxel.
        """
        counts = [max(2, int(length / voxel_mm)) for length in extent]
        x, y, z = (
            (middle + (np.arange(count, dtype=np.float64) - (count - 1) / 2) * voxel_mm).astype(np.float32)
            for middle, count in zip(centre, counts, strict=True)
        )
        return cls(np.zeros((counts[2], counts[1], counts[0]), np.uint8), (x, y, z), voxel_mm)

    def moved(self, offset: Vector) -> "Canvas":
        """Give the same voxels in coordinates whose origin lies at `offset` of these."""
        x, y, z = ((axis - np.float32(shift)) for axis, shift in zip(self._axes, offset, strict=True))
        return Canvas(self.labels, (x, y, z), self.voxel_mm)

    def stretched(self, factors: Vector) -> "Canvas":
        """Give the same voxels in coordinates multiplied by some factors, so that a tube can be a flat band."""
        x, y, z = (axis * np.float32(factor) for axis, factor in zip(self._axes, factors, strict=True))
        return Canvas(self.labels, (x, y, z), self.voxel_mm)

    def mirrored(self) -> "Canvas":
        """Give the same voxels with left and right exchanged, so that one painter serves both sides."""
        x, y, z = self._axes
        return Canvas(self.labels[:, :, ::-1], (-x[::-1], y, z), self.voxel_mm)

    def head_over(self) -> "Canvas":
        """Give the same voxels turned about x by half a turn: a hand that hangs is then held up."""
        x, y, z = self._axes
        return Canvas(self.labels[::-1, ::-1], (x, -y[::-1], -z[::-1]), self.voxel_mm)

    def box(self, low: Vector, high: Vector) -> "Canvas":
        """Give the part of the canvas between two corners; it may be empty."""
        parts = [
            slice(*(int(i) for i in np.searchsorted(axis, [start, end])))
            for axis, start, end in zip(self._axes, low, high, strict=True)
        ]
        labels = self.labels[parts[2], parts[1], parts[0]]
        x, y, z = (axis[part] for axis, part in zip(self._axes, parts, strict=True))
        return Canvas(labels, (x, y, z), self.voxel_mm)

    def slabs(self, layers: int = 16) -> Iterator["Canvas"]:
        """Give the canvas in slabs of some layers, so that masks over a slab stay small; none if it is empty."""
        x, y, z = self._axes
        if self.labels.size:
            for start in range(0, z.size, layers):
                part = slice(start, start + layers)
                yield Canvas(self.labels[part], (x, y, z[part]), self.voxel_mm)

    def ellipsoid(
        self,
        centre: Vector,
        radii: Vector,
        tissue: Tissue,
        inside: Collection[Tissue] = (),
        boxy: float = 0.0,
        turn: Turn | None = None,
    ) -> None:
        """Paint an ellipsoid.

        Args:
            centre: Its middle.
            radii: Half its size along x, y and z, before it is turned.
            tissue: What it is made of.
            inside: Paint only where one of these is now; everywhere if empty.
            boxy: 0 for an ellipsoid, up to 1 for nearly a box with round edges.
            turn: How it is turned about its middle.
        """
        window = self._window(centre, reach_of(radii, turn))
        place = [self._axes[axis][window[axis]] - np.float32(centre[axis]) for axis in range(3)]
        x, y, z = place[0][None, None, :], place[1][None, :, None], place[2][:, None, None]
        u, v, w = (
            (part / np.float32(radius)) ** 2 for part, radius in zip(turned((x, y, z), turn), radii, strict=True)
        )
        if boxy:
            u = u + v - np.float32(boxy) * u * v
            mask = u + w - np.float32(boxy) * u * w < 1
        else:
            mask = u + v + w < 1
        self._paint(window, mask, tissue, inside)

    def cylinder(
        self, centre: Vector, radii: Vector, tissue: Tissue, inside: Collection[Tissue] = (), boxy: float = 0.0
    ) -> None:
        """Paint an elliptic cylinder that stands along z; the third radius is half its height."""
        window = self._window(centre, radii)
        u = (((self._axes[0][window[0]] - np.float32(centre[0])) / np.float32(radii[0])) ** 2)[None, None, :]
        v = (((self._axes[1][window[1]] - np.float32(centre[1])) / np.float32(radii[1])) ** 2)[None, :, None]
        height = np.ones((window[2].stop - window[2].start, 1, 1), bool)
        self._paint(window, (u + v - np.float32(boxy) * u * v < 1) & height, tissue, inside)

    def tube(
        self,
        start: Vector,
        end: Vector,
        radius: float,
        tissue: Tissue,
        inside: Collection[Tissue] = (),
        taper: float = 1.0,
    ) -> None:
        """Paint a rod with round ends; its radius becomes `radius * taper` at the end."""
        widest = radius * max(1.0, taper)
        middle = tuple((a + b) / 2 for a, b in zip(start, end, strict=True))
        reach = tuple(abs(b - a) / 2 + widest for a, b in zip(start, end, strict=True))
        window = self._window((middle[0], middle[1], middle[2]), (reach[0], reach[1], reach[2]))
        px, py, pz = (self._axes[axis][window[axis]] - np.float32(start[axis]) for axis in range(3))
        x, y, z = px[None, None, :], py[None, :, None], pz[:, None, None]
        dx, dy, dz = (np.float32(b - a) for a, b in zip(start, end, strict=True))
        along = (x * dx + y * dy + z * dz) / (dx * dx + dy * dy + dz * dz + np.float32(1e-6))
        np.clip(along, 0, 1, out=along)
        distance = (x - along * dx) ** 2 + (y - along * dy) ** 2 + (z - along * dz) ** 2
        along *= np.float32((taper - 1) * radius)
        along += np.float32(radius)
        along *= along
        self._paint(window, distance < along, tissue, inside)

    def path(
        self, points: Sequence[Vector], radii: float | Sequence[float], tissue: Tissue, inside: Collection[Tissue] = ()
    ) -> None:
        """Paint a bent rod through some points, of one radius or of one for each point."""
        widths = [radii] * len(points) if isinstance(radii, int | float) else list(radii)
        for start, end, first, last in zip(points, points[1:], widths, widths[1:], strict=False):
            self.tube(start, end, first, tissue, inside, taper=last / first)

    def paint(self, mask: npt.NDArray[np.bool_], tissue: Tissue, inside: Collection[Tissue] = ()) -> None:
        """Paint wherever a mask over the whole canvas says so."""
        self._paint((slice(None), slice(None), slice(None)), mask, tissue, inside)

    def line_with(self, shell: Tissue, core: Tissue, depth_mm: float, across: Collection[Tissue] = ()) -> None:
        """Turn what lies deeper than `depth_mm` inside a tissue into another: marrow inside bone, muscle inside fat.

        Args:
            shell: The tissue that keeps the rim.
            core: What its inside becomes.
            depth_mm: Thickness of the rim.
            across: Tissues that count as inside, so that no rim forms along them.
        """
        solid = self._is_one_of([shell, core, *across])
        steps = max(1, round(depth_mm / self.voxel_mm))
        deep = solid.copy()
        for _ in range(steps):
            grown = deep.copy()
            for axis in range(3):
                ahead = [slice(None)] * 3
                behind = [slice(None)] * 3
                ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
                grown[tuple(ahead)] &= deep[tuple(behind)]
                grown[tuple(behind)] &= deep[tuple(ahead)]
            deep = grown
        self.labels[deep & (self.labels == shell)] = core

    def texture(self, grain_mm: float, seed: int) -> Field:
        """Give a smooth random field over the canvas, -1 to 1, whose blobs are about `grain_mm` wide.

        It is a function of place, grain and seed: every window of one atlas sees the same field.
        """
        lattice, weights = [], []
        for axis in (2, 1, 0):
            position = self._axes[axis] / np.float32(grain_mm)
            index = np.floor(position).astype(np.int64)
            fraction = (position - index).astype(np.float32)
            lattice.append(np.arange(index[0], index[-1] + 2) if index.size else np.zeros(1, np.int64))
            weights.append((index - (index[0] if index.size else 0), fraction * fraction * (3 - 2 * fraction)))
        field = _hashed(lattice[0], lattice[1], lattice[2], seed)
        for axis, (index, weight) in enumerate(weights):
            shaped = weight.reshape([-1 if other == axis else 1 for other in range(3)])
            field = np.take(field, index, axis) * (1 - shaped) + np.take(field, index + 1, axis) * shaped
        return field

    def _window(self, centre: Vector, radii: Vector) -> tuple[slice, slice, slice]:
        bounds = []
        for axis in range(3):
            low, high = np.searchsorted(self._axes[axis], [centre[axis] - radii[axis], centre[axis] + radii[axis]])
            bounds.append(slice(int(low), int(high)))
        return bounds[0], bounds[1], bounds[2]

    def _paint(
        self,
        window: tuple[slice, slice, slice],
        mask: npt.NDArray[np.bool_],
        tissue: Tissue,
        inside: Collection[Tissue],
    ) -> None:
        part = self.labels[window[2], window[1], window[0]]
        if inside:
            mask = mask & _is_among(part, inside)
        part[np.broadcast_to(mask, part.shape)] = tissue

    def _is_one_of(self, tissues: Collection[Tissue]) -> npt.NDArray[np.bool_]:
        return _is_among(self.labels, tissues)


def _is_among(labels: Labels, tissues: Collection[Tissue]) -> npt.NDArray[np.bool_]:
    # Comparing several times is much faster than looking up once.
    found = np.zeros(labels.shape, bool)
    for tissue in tissues:
        found |= labels == tissue
    return found


def _hashed(z: npt.NDArray[np.int64], y: npt.NDArray[np.int64], x: npt.NDArray[np.int64], seed: int) -> Field:
    """Give a number in -1 to 1 for every point of a lattice, by mixing the bits of its indices."""
    mixed = (
        z.astype(np.uint64)[:, None, None] * np.uint64(0x9E3779B97F4A7C15)
        ^ y.astype(np.uint64)[None, :, None] * np.uint64(0xC2B2AE3D27D4EB4F)
        ^ x.astype(np.uint64)[None, None, :] * np.uint64(0x165667B19E3779F9)
        ^ np.uint64(seed)
    )
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ mixed >> np.uint64(shift)) * np.uint64(factor)
    field: Field = ((mixed >> np.uint64(41)).astype(np.int64) - (1 << 22)).astype(np.float32) / np.float32(1 << 22)
    return field


def turned(place: Sequence[Field], turn: Turn | None) -> tuple[Field, Field, Field]:
    """Give coordinates along x, y and z in the axes of a turned body."""
    axes = list(place)
    if turn is not None:
        axis, tangent = turn
        cosine = np.float32(1 / math.sqrt(1 + tangent * tangent))
        sine = np.float32(tangent) * cosine
        first, second = _PLANES[axis]
        a, b = axes[first], axes[second]
        axes[first], axes[second] = a * cosine + b * sine, b * cosine - a * sine
    return axes[0], axes[1], axes[2]


def reach_of(radii: Vector, turn: Turn | None) -> Vector:
    """Give half the size of a box that holds a turned ellipsoid."""
    reach = list(radii)
    if turn is not None:
        first, second = _PLANES[turn[0]]
        reach[first] = reach[second] = max(radii[first], radii[second])
    return reach[0], reach[1], reach[2]
