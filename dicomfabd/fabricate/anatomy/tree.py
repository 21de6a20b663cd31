"""Vessels that branch until they reach everywhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random
from typing import Final

import numpy as np
import numpy.typing as npt

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.shapes import between, distance

_MOST_PIECES: Final = 6


@dataclass(frozen=True)
class Branch:
    """A piece of a vessel between two points, with its radius at either."""

    start: Vector
    end: Vector
    first_mm: float
    last_mm: float


def scatter(random: Random, low: Vector, high: Vector, count: int, accepts: Callable[[Vector], bool]) -> list[Vector]:
    """Give places in a box that pass a test; always the same number of tries for the same result."""
    places: list[Vector] = []
    for _ in range(count * 40):
        place = (random.uniform(low[0], high[0]), random.uniform(low[1], high[1]), random.uniform(low[2], high[2]))
        if accepts(place):
            places.append(place)
        if len(places) == count:
            break
    return places


def grow(
    random: Random, stem: Sequence[Vector], goals: Sequence[Vector], tip_mm: float, step_mm: float = 14.0
) -> list[Branch]:
    """Grow a tree from a stem to all goals, near ones first, each from the nearest point there is.

    Args:
        random: Bends the branches.
        stem: The trunk, root first.
        goals: Where twigs end.
        tip_mm: Radius of a twig; a branch is as thick as what it feeds demands.
        step_mm: Longest straight piece.
    """
    nodes: list[Vector] = []
    parents: list[int] = []
    reached = np.zeros((4, len(stem) + len(goals) * _MOST_PIECES))

    def add(place: Vector, parent: int) -> int:
        length = reached[3, parent] + distance(nodes[parent], place) if nodes else 0.0
        reached[:, len(nodes)] = (*place, length)
        nodes.append(place)
        parents.append(parent)
        return len(nodes) - 1

    for number, place in enumerate(stem):
        add(place, number - 1)
    for goal in sorted(goals, key=lambda place: distance(place, stem[-1])):
        last = _nearest(reached[:, : len(nodes)], goal)
        start, far = nodes[last], distance(nodes[last], goal)
        pieces = min(_MOST_PIECES, max(1, int(far / step_mm + 0.5)))
        for piece in range(1, pieces + 1):
            bend = 0.0 if piece == pieces else far * 0.06
            x, y, z = (part + random.uniform(-bend, bend) for part in between(start, goal, piece / pieces))
            last = add((x, y, z), last)
    return _branches(nodes, parents, tip_mm)


def _nearest(reached: npt.NDArray[np.float64], goal: Vector) -> int:
    """Give the node to start from: near the goal, and not by a long way round."""
    x, y, z = (reached[axis] - goal[axis] for axis in range(3))
    return int(np.argmin(np.sqrt(x * x + y * y + z * z) + 0.4 * reached[3]))


def _branches(nodes: list[Vector], parents: list[int], tip_mm: float) -> list[Branch]:
    twigs = [0] * len(nodes)
    has_child = set(parents)
    for i in range(len(nodes) - 1, -1, -1):
        twigs[i] += i not in has_child
        if parents[i] >= 0:
            twigs[parents[i]] += twigs[i]
    # Close to the third root, which is how real vessels share their flow.
    radii = [tip_mm * sqrt(sqrt(count * sqrt(sqrt(count)))) for count in twigs]
    return [
        Branch(nodes[parent], node, min(radii[parent], radius * 1.5), radius)
        for node, parent, radius in zip(nodes, parents, radii, strict=True)
        if parent >= 0
    ]
