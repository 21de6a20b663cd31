"""A volume of labels one paints solids into.

Only additions, multiplications, divisions and square roots are used: IEEE 754 defines their results to the last
bit, so a body is the same on every machine.
"""

from collections.abc import Collection
from random import Random

import numpy as np
import numpy.typing as npt

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.tissues import Tissue

Labels = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float64]


class Canvas:
    """A box of voxels centred on the origin; coordinates are LPS millimetres.

    Attributes:
        labels: uint8, shape (z, y, x), feet to head, front to back, right to left.
        x, y, z: Voxel centres, shaped to broadcast against `labels`.
    """

    def __init__(self, extent: Vector, voxel_mm: float) -> None:
        """Make a box of air.

        Args:
            extent: Its size along x, y and z.
            voxel_mm: Edge of a voxel.
        """
        counts = [max(2, int(length / voxel_mm)) for length in extent]
        axes: list[Field] = [(np.arange(count, dtype=np.float64) - (count - 1) / 2) * voxel_mm for count in counts]
        self.voxel_mm = voxel_mm
        self.labels: Labels = np.zeros((counts[2], counts[1], counts[0]), np.uint8)
        self._axes = axes
        self.x: Field = axes[0][None, None, :]
        self.y: Field = axes[1][None, :, None]
        self.z: Field = axes[2][:, None, None]

    def ellipsoid(
        self, centre: Vector, radii: Vector, tissue: Tissue, inside: Collection[Tissue] = (), boxy: float = 0.0
    ) -> None:
        """Paint an ellipsoid.

        Args:
            centre: Its middle.
            radii: Half its size along x, y and z.
            tissue: What it is made of.
            inside: Paint only where one of these is now; everywhere if empty.
            boxy: 0 for an ellipsoid, up to 1 for nearly a box with round edges.
        """
        x, y, z = (
            ((self._axes[axis][part] - centre[axis]) / radii[axis]) ** 2
            for axis, part in enumerate(self._window(centre, radii))
        )
        u, v, w = x[None, None, :], y[None, :, None], z[:, None, None]
        plane = u + v - boxy * u * v
        self._paint(self._window(centre, radii), plane + w - boxy * plane * w < 1, tissue, inside)

    def cylinder(
        self, centre: Vector, radii: Vector, tissue: Tissue, inside: Collection[Tissue] = (), boxy: float = 0.0
    ) -> None:
        """Paint an elliptic cylinder that stands along z; the third radius is half its height."""
        window = self._window(centre, radii)
        u = (((self._axes[0][window[0]] - centre[0]) / radii[0]) ** 2)[None, None, :]
        v = (((self._axes[1][window[1]] - centre[1]) / radii[1]) ** 2)[None, :, None]
        height = np.ones((window[2].stop - window[2].start, 1, 1), bool)
        self._paint(window, (u + v - boxy * u * v < 1) & height, tissue, inside)

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
        px = (self._axes[0][window[0]] - start[0])[None, None, :]
        py = (self._axes[1][window[1]] - start[1])[None, :, None]
        pz = (self._axes[2][window[2]] - start[2])[:, None, None]
        dx, dy, dz = (b - a for a, b in zip(start, end, strict=True))
        along = np.clip((px * dx + py * dy + pz * dz) / (dx * dx + dy * dy + dz * dz + 1e-9), 0.0, 1.0)
        distance = (px - along * dx) ** 2 + (py - along * dy) ** 2 + (pz - along * dz) ** 2
        self._paint(window, distance < (radius + (taper - 1) * radius * along) ** 2, tissue, inside)

    def paint(self, mask: npt.NDArray[np.bool_], tissue: Tissue, inside: Collection[Tissue] = ()) -> None:
        """Paint wherever a mask over the whole canvas says so."""
        self._paint((slice(None), slice(None), slice(None)), mask, tissue, inside)

    def texture(self, grain_mm: float, random: Random) -> Field:
        """Give a smooth random field over the canvas, -1 to 1, whose blobs are about `grain_mm` wide."""
        weights = []
        shape = []
        for axis in (2, 1, 0):
            position = (self._axes[axis] - self._axes[axis][0]) / grain_mm
            index = position.astype(np.int64)
            fraction = position - index
            weights.append((index, fraction * fraction * (3 - 2 * fraction)))
            shape.append(int(index[-1]) + 2)
        field: Field = np.array([random.random() * 2 - 1 for _ in range(shape[0] * shape[1] * shape[2])]).reshape(shape)
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
            allowed = np.zeros(256, bool)
            allowed[[int(item) for item in inside]] = True
            mask = mask & allowed[part]
        part[np.broadcast_to(mask, part.shape)] = tissue
