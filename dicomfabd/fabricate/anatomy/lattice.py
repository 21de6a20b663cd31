"""Smooth fields over a body, worked out on a coarse lattice and read off wherever a voxel lies."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas, Field

_MARGIN = 2
"""Points beyond the canvas: slopes need a neighbour on either side."""

_FAR_MM = 1e4


def lattice_of(c: Canvas, pitch_mm: float) -> Canvas:
    """Give a canvas whose points are multiples of a pitch and cover another; it is for working out fields only.

    Points do not depend on the window: a field worked out on them is the same in all windows of an atlas.
    """
    axes = []
    for axis in (c.x[0, 0], c.y[0, :, 0], c.z[:, 0, 0]):
        first, last = (int(np.floor(end / np.float32(pitch_mm))) for end in (axis[0], axis[-1]))
        axes.append((np.arange(first - _MARGIN, last + 2 + _MARGIN) * pitch_mm).astype(np.float32))
    x, y, z = axes
    return Canvas(np.zeros((z.size, y.size, x.size), np.uint8), (x, y, z), pitch_mm)


def read_off(lattice: Canvas, field: Field, c: Canvas) -> Field:
    """Give a field, known at the points of a lattice, at the voxels of a canvas within it."""
    (columns, along), (rows, down), (layers, up) = (
        _placed(mine.ravel(), theirs.ravel(), lattice.voxel_mm)
        for mine, theirs in ((c.x, lattice.x), (c.y, lattice.y), (c.z, lattice.z))
    )
    found = np.empty((layers.size, rows.size, columns.size), np.float32)
    # One layer at a time stays in the processor's cache.
    for plane, below, share in zip(found, layers, up, strict=True):
        coarse = field[below] + (field[below + 1] - field[below]) * share
        lines = np.take(coarse, rows, 0)
        lines += (np.take(coarse, rows + 1, 0) - lines) * down[:, None]
        np.take(lines, columns + 1, 1, out=plane, mode="clip")
        lines = np.take(lines, columns, 1)
        plane -= lines
        plane *= along
        plane += lines
    return found


def _placed(mine: Field, theirs: Field, pitch_mm: float) -> tuple[npt.NDArray[np.int64], Field]:
    """Give for each place the point of a lattice's axis before it, and how far beyond that it lies."""
    # Counted from the atlas' origin, not from the lattice's first point: rounding must not depend on the window.
    place = mine / np.float32(pitch_mm)
    first = np.rint(theirs[0] / np.float32(pitch_mm))
    before = np.clip(np.floor(place), first, first + theirs.size - 2)
    return (before - first).astype(np.int64), place - before


def depth_in(
    c: Canvas,
    centre: Vector,
    radii: Vector,
    boxy: float = 0.0,
    lower: float = 0.0,
    narrow: float = 0.0,
    mirrored: bool = False,
) -> Field:
    """Give roughly how deep each place lies in an ellipsoid, in millimetres; negative outside.

    Args:
        c: The places.
        centre: Middle of the ellipsoid.
        radii: Half its size.
        boxy: See `Canvas.ellipsoid`; here in the axial plane only.
        lower: Its third radius below the middle, if that differs from the one above.
        narrow: How much narrower it becomes per millimetre to the front.
        mirrored: Whether there is one on either side.
    """
    x, y, z = (
        (np.abs(c.x) if mirrored else c.x) - np.float32(centre[0]),
        c.y - np.float32(centre[1]),
        c.z - np.float32(centre[2]),
    )
    if narrow:
        x = x * (1 - np.float32(narrow) * y)
    tall = np.where(z < 0, np.float32(lower or radii[2]), np.float32(radii[2]))
    u, v, w = x / np.float32(radii[0]), y / np.float32(radii[1]), z / tall
    flat = np.minimum((u * u) * (v * v), 1)
    square = u * u + v * v - np.float32(boxy) * flat + w * w
    steep = (u / np.float32(radii[0])) ** 2 + (v / np.float32(radii[1])) ** 2 + (w / tall) ** 2
    reach = np.sqrt(square + np.float32(1e-9))
    depth: Field = reach * (1 - reach) / np.sqrt(steep + np.float32(1e-12))
    return depth


def depth_in_path(c: Canvas, points: Sequence[Vector], radii: Sequence[float]) -> Field:
    """Give how deep each place lies in a tapered bent rod, in millimetres; negative outside."""
    deepest = np.full((c.z.size, c.y.size, c.x.size), -_FAR_MM, np.float32)
    for (start, end), (first, last) in zip(pairwise(points), pairwise(radii), strict=True):
        np.maximum(deepest, depth_in_tube(c, start, end, first, last), out=deepest)
    return deepest


def depth_in_tube(c: Canvas, start: Sequence[float], end: Sequence[float], first: float, last: float) -> Field:
    """Give how deep each place lies in a rod whose radius goes from `first` to `last`, in millimetres."""
    dx, dy, dz = (np.float32(b - a) for a, b in zip(start, end, strict=True))
    x, y, z = c.x - np.float32(start[0]), c.y - np.float32(start[1]), c.z - np.float32(start[2])
    along = np.clip((x * dx + y * dy + z * dz) / (dx * dx + dy * dy + dz * dz + np.float32(1e-6)), 0, 1)
    away = np.sqrt((x - along * dx) ** 2 + (y - along * dy) ** 2 + (z - along * dz) ** 2)
    depth: Field = np.float32(first) + along * np.float32(last - first) - away
    return depth


def joined(first: Field, second: Field, blend_mm: float) -> Field:
    """Give the depth in the union of two solids whose seam is rounded off."""
    seam = np.maximum(np.float32(blend_mm) - np.abs(first - second), 0)
    union: Field = np.maximum(first, second) + seam * seam / np.float32(4 * blend_mm)
    return union


def slope(field: Field, pitch_mm: float) -> tuple[Field, Field, Field]:
    """Give how a field on a lattice rises along x, y and z, per millimetre."""
    rises = []
    for axis in (2, 1, 0):
        ahead, behind = [slice(None)] * 3, [slice(None)] * 3
        ahead[axis], behind[axis] = slice(2, None), slice(None, -2)
        rise = np.zeros_like(field)
        middle = [slice(None)] * 3
        middle[axis] = slice(1, -1)
        rise[tuple(middle)] = (field[tuple(ahead)] - field[tuple(behind)]) / np.float32(2 * pitch_mm)
        rises.append(rise)
    return rises[0], rises[1], rises[2]


def ripples(x: Field, y: Field, z: Field, grain_mm: float, seed: int) -> Field:
    """Give a random field of one wavelength, about two grains, at any places.

    Three fields turned against each other are added, so that no direction of the lattice shows.
    """
    turned = (
        (x, y, z),
        (0.6 * x + 0.8 * y, 0.8 * x - 0.6 * y, z + 0.37 * np.float32(grain_mm)),
        (x + 0.61 * np.float32(grain_mm), 0.28 * y + 0.96 * z, 0.96 * y - 0.28 * z),
    )
    total: Field = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), np.float32)
    for number, place in enumerate(turned):
        total += _one_ripple(*place, grain_mm, seed + number)
    return total


def _one_ripple(x: Field, y: Field, z: Field, grain_mm: float, seed: int) -> Field:
    lows, sizes, indices, weights = [], [], [], []
    for place in (z, y, x):
        position = place.astype(np.float32) / np.float32(grain_mm)
        floor = np.floor(position)
        fraction = position - floor
        weights.append(fraction * fraction * (3 - 2 * fraction))
        whole = floor.astype(np.int64)
        lows.append(int(whole.min()))
        sizes.append(int(whole.max()) - lows[-1] + 2)
        indices.append(whole - lows[-1])
    nodes = _blue_nodes(lows, sizes, seed)
    return _mixed(nodes, indices, weights)


def _blue_nodes(lows: Sequence[int], sizes: Sequence[int], seed: int) -> Field:
    """Give random numbers at whole coordinates, without what varies slowly."""
    axes = [np.arange(low - 1, low + size + 1).astype(np.float32) for low, size in zip(lows, sizes, strict=True)]
    z, y, x = axes
    noise = Canvas(np.zeros((z.size, y.size, x.size), np.uint8), (x, y, z), 1.0).texture(1.0, seed)
    inner = (slice(1, -1),) * 3
    around = np.zeros_like(noise[inner])
    for axis in range(3):
        for shift in (slice(2, None), slice(None, -2)):
            part = [slice(1, -1)] * 3
            part[axis] = shift
            around += noise[tuple(part)]
    blue: Field = noise[inner] - around / np.float32(6)
    return blue


def _mixed(nodes: Field, indices: Sequence[npt.NDArray[np.int64]], weights: Sequence[Field]) -> Field:
    """Interpolate between the eight nodes around each place."""
    flat = nodes.ravel()
    rows, columns = nodes.shape[1], nodes.shape[2]
    corner = (indices[0] * rows + indices[1]) * columns + indices[2]
    total = np.zeros(corner.shape, np.float32)
    for layer in (0, 1):
        for row in (0, 1):
            for column in (0, 1):
                step = (layer * rows + row) * columns + column
                shares = [part if up else 1 - part for part, up in zip(weights, (layer, row, column), strict=True)]
                total += flat[corner + step] * shares[0] * shares[1] * shares[2]
    return total
