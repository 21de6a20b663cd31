"""What runs along a limb: bands and cords of tendon, and vessels with what goes with them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.shapes import between, curve, widths
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

SOFT: Final = (T.FAT, T.MUSCLE, T.SOFT, T.TENDON)

Cord = tuple[Sequence[Vector], float]
"""The course of something thin, and its radius."""


@dataclass(frozen=True)
class Vessel:
    """An artery with what goes with it.

    Attributes:
        course: Some points of it.
        radii: At each of them.
        veins: How far beside it veins run.
        nerve: How far beside it a nerve runs.
        twigs: Where its small branches end.
        twig_mm: How thick those are.
    """

    course: Sequence[Vector]
    radii: Sequence[float]
    veins: Sequence[Vector] = ()
    nerve: Vector | None = None
    twigs: Sequence[Vector] = ()
    twig_mm: float = 1.0


def paint_band(
    c: Canvas, points: Sequence[Vector], side: Vector, thick_mm: float, tissue: Tissue, inside: Sequence[Tissue] = SOFT
) -> None:
    """Paint a flat band along some points: as wide as from minus to plus `side`."""
    line = curve(points)
    reach = math.sqrt(side[0] * side[0] + side[1] * side[1] + side[2] * side[2])
    count = max(1, int(4 * reach / thick_mm + 0.5))
    for strand in range(count + 1):
        part = 2 * strand / count - 1
        c.path(
            [(x + side[0] * part, y + side[1] * part, z + side[2] * part) for x, y, z in line],
            thick_mm / 2,
            tissue,
            inside,
        )


def paint_artery(
    c: Canvas,
    points: Sequence[Vector],
    radii: Sequence[float],
    veins: Sequence[Vector] = (),
    nerve: Vector | None = None,
) -> None:
    """Paint an artery in its fat, with veins and a nerve that lie some way beside it."""
    line, radius = curve(points), widths(radii)
    beside = [(offset, T.VEIN, 1.15 if len(veins) == 1 else 0.75) for offset in veins]
    if nerve is not None:
        beside.append((nerve, T.NERVE, 0.9))
    sheath = [mm + 1.2 for mm in radius]
    c.path(line, sheath, T.FAT, (T.MUSCLE,))
    for (dx, dy, dz), tissue, part in beside:
        shifted = [(x + dx, y + dy, z + dz) for x, y, z in line]
        c.path(shifted, [mm * part + 1.0 for mm in radius], T.FAT, (T.MUSCLE,))
        c.path(shifted, [mm * part for mm in radius], tissue, SOFT)
    c.path(line, radius, T.ARTERY, (*SOFT, T.VEIN, T.NERVE))


def paint_vessel(c: Canvas, vessel: Vessel) -> None:
    """Paint an artery with its branches."""
    paint_artery(c, vessel.course, vessel.radii, vessel.veins, vessel.nerve)
    line, count = curve(vessel.course), len(vessel.twigs)
    for number, end in enumerate(vessel.twigs):
        start = line[(number + 1) * (len(line) - 1) // (count + 1)]
        x, y, z = between(start, end, 0.5)
        bent = (x, y + (3 if number % 2 else -3), z + 5)
        radii = (vessel.twig_mm, vessel.twig_mm * 0.8, vessel.twig_mm * 0.45)
        c.path(curve([start, bent, end]), widths(radii), T.ARTERY, SOFT)


def paint_cords(c: Canvas, cords: Sequence[Cord], tissue: Tissue, inside: Sequence[Tissue] = SOFT) -> None:
    """Paint smooth cords of one tissue."""
    for points, radius in cords:
        c.path(curve(points), radius, tissue, inside)
