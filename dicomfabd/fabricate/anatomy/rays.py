"""Fingers and toes: a long bone of hand or foot with the phalanges in front of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.bones import Bone, Egg, Piece, Rod, paint_bone
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.shapes import Profile, between
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_PITCH_MM = 0.9
_SMALLER = (1.0, 0.84, 0.72)
"""How thick each phalanx is beside the first."""


@dataclass(frozen=True)
class Ray:
    """One finger or toe.

    Attributes:
        base: Near end of the bone in the palm or the sole.
        head: Its far end.
        radii: Its radius at the base, between, and at the head.
        headings: Where each phalanx points.
        lengths: Of the phalanges.
        thick: Radius of the base of the first.
        gap_mm: How far the joint before the first is from touching.
        along: The axis the ray runs along: 1 for a foot, 2 for a hand.
    """

    base: Vector
    head: Vector
    radii: Vector
    headings: Sequence[Vector]
    lengths: Sequence[float]
    thick: float
    gap_mm: float
    along: int

    def phalanges(self) -> list[tuple[Vector, Vector, float]]:
        """Give where each phalanx begins and ends, and its radius."""
        found = []
        start = self.head
        gap = self.radii[2] + self.gap_mm + self.thick * 0.5
        for number, (heading, length) in enumerate(zip(self.headings, self.lengths, strict=True)):
            thick = self.thick * _SMALLER[number]
            start = moved(start, heading, gap)
            end = moved(start, heading, length - thick * 1.15)
            found.append((start, end, thick))
            start, gap = end, thick * 1.2 + self.gap_mm * 0.8
        return found

    def line(self) -> list[Vector]:
        """Give the head of the long bone, the joints in front of it, and the tip."""
        spans = self.phalanges()
        return [self.head, *(start for start, _, _ in spans), spans[-1][1]]


def moved(place: Vector, heading: Vector, mm: float) -> Vector:
    """Give the place so far ahead of another."""
    dx, dy, dz = heading
    size = math.sqrt(dx * dx + dy * dy + dz * dz)
    return place[0] + dx / size * mm, place[1] + dy / size * mm, place[2] + dz / size * mm


def paint_ray(c: Canvas, ray: Ray) -> None:
    """Paint the bones of a finger or toe."""
    paint_bone(c, _long_bone(ray), _PITCH_MM)
    spans = ray.phalanges()
    for number, (start, end, thick) in enumerate(spans):
        paint_bone(c, _phalanx(ray, start, end, thick, is_last=number == len(spans) - 1), _PITCH_MM)


def _radii(ray: Ray, across: float, deep: float, long: float) -> Vector:
    return (across, deep, long) if ray.along == 2 else (across, long, deep)


def _long_bone(ray: Ray) -> Bone:
    (wide, waist, knob), base, head = ray.radii, ray.base, ray.head
    near, middle, far = (between(base, head, part) for part in (0.22, 0.5, 0.8))
    pieces = (
        Rod((base, near, middle, far, head), (wide * 0.87, waist * 1.12, waist, waist * 1.12, knob * 0.78)),
        Egg(head, _radii(ray, knob * 0.95, knob, knob)),
        Egg(base, _radii(ray, wide, wide * 1.1, wide * 0.75), boxy=0.45),
    )
    at = [place[ray.along] for place in (base, near, middle, far, head)]
    cortex = Profile(*zip(at, (0.7, waist * 0.32, waist * 0.46, waist * 0.28, 0.7), strict=True))
    gristle = (Egg(moved(head, ray.headings[0], knob * 0.5), _radii(ray, knob, knob, knob * 0.8)),)
    return Bone(pieces, blend_mm=3.0, cortex=cortex, along=ray.along, gristle=gristle, gristle_mm=0.9)


def _phalanx(ray: Ray, start: Vector, end: Vector, thick: float, *, is_last: bool) -> Bone:
    waist = thick * 0.56
    slim = waist * 0.75 if is_last else waist
    pieces: list[Piece] = [
        Rod(
            (start, between(start, end, 0.35), between(start, end, 0.7), end),
            (thick * 0.8, waist * 1.1, slim, thick * 0.62),
        ),
        Egg(start, _radii(ray, thick, thick * 0.86, thick * 0.62), boxy=0.2),
    ]
    if not is_last:
        pieces.append(Egg(end, _radii(ray, thick * 0.82, thick * 0.7, thick * 0.68)))
    # The base is hollow for the head behind it.
    behind = moved(start, (start[0] - end[0], start[1] - end[1], start[2] - end[2]), thick)
    bites = (Egg(behind, _radii(ray, thick * 0.8, thick * 0.85, thick * 0.6)),)
    first, last = start[ray.along], end[ray.along]
    cortex = Profile((first, 0.6), ((first + last) / 2, waist * 0.46), (last, 0.6))
    return Bone(pieces, bites, blend_mm=2.5, cortex=cortex, along=ray.along)


def paint_digit(c: Canvas, ray: Ray, radii: Sequence[float], skin_mm: float) -> None:
    """Paint the skin and fat of a finger or toe; radii from the head of the long bone to the tip."""
    line = ray.line()
    c.path(line, radii, T.SKIN, (T.AIR,))
    c.path(line, [mm - skin_mm for mm in radii], T.FAT, (T.SKIN,))
