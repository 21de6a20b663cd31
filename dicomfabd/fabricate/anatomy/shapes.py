"""Curves and outlines that organs are made of; plain arithmetic only, as everything painted."""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from itertools import pairwise
from math import sqrt

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas, Field
from dicomfabd.fabricate.anatomy.tissues import Tissue

Rods = Sequence[tuple[Sequence[Vector], Sequence[float]]]
"""Bent rods: the points each goes through, and its radius at each."""


class Profile:
    """A smooth curve through some knots, level beyond its ends."""

    def __init__(self, *knots: tuple[float, float]) -> None:
        """Take places and values, in any order."""
        self._places = [place for place, _ in sorted(knots)]
        self._values = [value for _, value in sorted(knots)]
        last = len(knots) - 1
        self._slopes = [self._slope(max(0, i - 1), min(last, i + 1)) if 0 < i < last else 0.0 for i in range(last + 1)]

    def _slope(self, first: int, last: int) -> float:
        return (self._values[last] - self._values[first]) / (self._places[last] - self._places[first])

    def at(self, place: float) -> float:
        """Give the value at one place."""
        after = bisect_right(self._places, place)
        if after == 0:
            return self._values[0]
        if after == len(self._places):
            return self._values[-1]
        step = self._places[after] - self._places[after - 1]
        t = (place - self._places[after - 1]) / step
        rise = t * t * (3 - 2 * t)
        leave = t * (1 - t) * (1 - t) * step * self._slopes[after - 1]
        arrive = t * t * (t - 1) * step * self._slopes[after]
        return self._values[after - 1] * (1 - rise) + self._values[after] * rise + leave + arrive

    def along(self, axis: Field) -> Field:
        """Give the values at all places of an axis, in its shape."""
        values: Field = np.array([self.at(place) for place in axis.ravel().tolist()], np.float32).reshape(axis.shape)
        return values


class Outline:
    """A rounded contour in every axial plane, symmetric left to right, that changes smoothly along z."""

    def __init__(
        self, knots: Sequence[tuple[float, float, float, float]], boxy: float = 0.25, waist: float = 0.52
    ) -> None:
        """Take the contour at some heights.

        Args:
            knots: z, half the width, y of the front, y of the back.
            boxy: 0 for an ellipse, towards 1 for a box with round corners.
            waist: Where it is widest, from 0 at the front to 1 at the back.
        """
        self.width = Profile(*((z, width) for z, width, _, _ in knots))
        self.front = Profile(*((z, front) for z, _, front, _ in knots))
        self.back = Profile(*((z, back) for z, _, _, back in knots))
        self._boxy = boxy
        self._waist = waist

    def depth(self, c: Canvas) -> Field:
        """Give about how many millimetres inside the contour each voxel lies; outside it is negative."""
        width, front, back = self.width.along(c.z), self.front.along(c.z), self.back.along(c.z)
        middle = front + (back - front) * np.float32(self._waist)
        reach = np.where(c.y < middle, middle - front, back - middle)
        u = np.minimum((c.x / width) ** 2, np.float32(4))
        v = np.minimum(((c.y - middle) / reach) ** 2, np.float32(4))
        both = u + v
        scale = (u * width + v * reach) / (both + np.float32(1e-4))
        both -= u * (v * np.float32(self._boxy))
        depth: Field = (np.float32(1) - np.sqrt(both)) * scale
        return depth

    def lean(self, c: Canvas) -> Field:
        """Give how far to the front (-1) or to the back (+1) of the contour each row lies, shape (z, y, 1)."""
        front, back = self.front.along(c.z), self.back.along(c.z)
        lean: Field = np.clip((c.y - (front + back) / 2) / ((back - front) / 2), -1, 1)
        return lean

    def point(self, z: float, heading: tuple[float, float], outward: float = 0.0) -> Vector:
        """Give the point of the contour in a direction (x, y) from its middle, moved out of it by some millimetres."""
        front, back, width = self.front.at(z), self.back.at(z), self.width.at(z)
        middle = front + (back - front) * self._waist
        reach = (middle - front if heading[1] < 0 else back - middle) + outward
        across, along = heading[0] / (width + outward), heading[1] / reach
        p, q = across * across, along * along
        root = max(0.0, (p + q) * (p + q) - 4 * self._boxy * p * q)
        radius = sqrt(2 / (p + q + sqrt(root)))
        return heading[0] * radius, middle + heading[1] * radius, z

    def contains(self, place: Vector, margin: float) -> bool:
        """Say whether a place lies at least about `margin` millimetres inside."""
        x, y, z = place
        front, back, width = self.front.at(z) + margin, self.back.at(z) - margin, self.width.at(z) - margin
        middle = front + (back - front) * self._waist
        if width <= 0 or not front < middle < back:
            return False
        across, along = x / width, (y - middle) / (middle - front if y < middle else back - middle)
        u, v = across * across, along * along
        return u <= 1 and v <= 1 and u + v - self._boxy * u * v < 1


def curve(points: Sequence[Vector], pieces: int = 4) -> list[Vector]:
    """Give a smooth line through some points, each stretch cut into some pieces."""
    line = [points[0]]
    for i in range(len(points) - 1):
        before, start, end, after = points[max(0, i - 1)], points[i], points[i + 1], points[min(len(points) - 1, i + 2)]
        for step in range(1, pieces + 1):
            t = step / pieces
            weights = (t * (t * (2 - t) - 1), t * t * (3 * t - 5) + 2, t * (t * (4 - 3 * t) + 1), t * t * (t - 1))
            x, y, z = (
                sum(weight * knot[axis] for weight, knot in zip(weights, (before, start, end, after), strict=True)) / 2
                for axis in range(3)
            )
            line.append((x, y, z))
    return line


def widths(radii: Sequence[float], pieces: int = 4) -> list[float]:
    """Give the radii along a `curve` whose points have some radii."""
    line = [radii[0]]
    for start, end in pairwise(radii):
        line += [start + (end - start) * step / pieces for step in range(1, pieces + 1)]
    return line


def paint_rods(c: Canvas, rods: Rods, tissue: Tissue, inside: Collection[Tissue], wall: float = 0.0) -> None:
    """Paint smooth bent rods, each thinner than it says by a wall."""
    for points, radii in rods:
        c.path(curve(points), [radius - wall for radius in widths(radii)], tissue, inside)


def between(start: Vector, end: Vector, part: float) -> Vector:
    """Give a point between two, 0 at the start and 1 at the end."""
    x, y, z = (a + (b - a) * part for a, b in zip(start, end, strict=True))
    return x, y, z


def distance(a: Vector, b: Vector) -> float:
    """Give how far two points lie apart."""
    x, y, z = (end - start for start, end in zip(a, b, strict=True))
    return sqrt(x * x + y * y + z * z)


def smooth_min(a: Field, b: Field, rounding: float) -> Field:
    """Give the smaller of two fields, the edge between them rounded where they differ by less than some millimetres."""
    lower: Field = np.minimum(a, b) - _blend(a, b, rounding)
    return lower


def smooth_max(a: Field, b: Field, rounding: float) -> Field:
    """Give the larger of two fields, the crease between them filled where they differ by less than some millimetres."""
    upper: Field = np.maximum(a, b) + _blend(a, b, rounding)
    return upper


def _blend(a: Field, b: Field, rounding: float) -> Field:
    """Give a bump that is nothing, to the last bit, where two fields differ by more than the rounding."""
    near = np.maximum(np.float32(rounding) - np.abs(a - b), 0)
    bump: Field = near * near * np.float32(0.25 / rounding)
    return bump


def egg(c: Canvas, centre: Vector, radii: Vector) -> Field:
    """Give about how many millimetres inside an ellipsoid each voxel lies; outside it is negative."""
    axes = zip((c.x, c.y, c.z), centre, radii, strict=True)
    u, v, w = (((axis - np.float32(middle)) / np.float32(radius)) ** 2 for axis, middle, radius in axes)
    field: Field = (np.float32(1) - np.sqrt(u + v + w)) * np.float32(min(radii))
    return field
