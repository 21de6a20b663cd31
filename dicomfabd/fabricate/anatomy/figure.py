"""The measures of a torso that its painters share: outlines, the line of the spine, the domes of the diaphragm."""

from dataclasses import dataclass
from math import sqrt
from random import Random

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.build import Build
from dicomfabd.fabricate.anatomy.canvas import Canvas, Field
from dicomfabd.fabricate.anatomy.shapes import Outline, Profile, smooth_max

# z, half the width, front, back: the inside of ribs, belly and pelvis.
_CAVITY = (
    (152, 26, 10, 40), (140, 46, -8, 48), (125, 67, -30, 58), (105, 88, -49, 69), (80, 104, -62, 78),
    (55, 115, -71, 84), (25, 124, -80, 88), (0, 130, -85, 90), (-40, 136, -90, 91), (-80, 139, -92, 90),
    (-120, 138, -90, 87), (-160, 133, -86, 83), (-200, 126, -84, 80), (-240, 119, -84, 78), (-275, 117, -84, 76),
    (-310, 114, -83, 74), (-345, 102, -79, 77), (-375, 84, -73, 80), (-400, 66, -66, 79), (-430, 54, -50, 72),
    (-460, 40, -36, 62), (-478, 18, -10, 50),
)  # fmt: skip
_AVERAGE = Outline(_CAVITY)
# The same for the outside of the muscles.
_FASCIA = (
    (220, 54, -44, 70), (175, 66, -50, 84), (150, 84, -56, 95), (120, 118, -66, 106), (95, 136, -78, 112),
    (60, 150, -93, 117), (30, 156, -102, 119), (0, 159, -107, 119), (-40, 158, -109, 118), (-80, 156, -107, 115),
    (-120, 152, -104, 112), (-160, 147, -101, 109), (-200, 141, -98, 106), (-240, 137, -96, 105), (-275, 147, -96, 105),
    (-310, 153, -95, 108), (-345, 158, -93, 113), (-380, 163, -88, 117), (-415, 167, -82, 116), (-450, 165, -72, 108),
    (-470, 160, -64, 101), (-490, 118, -50, 84), (-506, 30, -20, 60),
)  # fmt: skip
# Which heights of the trunk grow with the habitus, and how much.
_GROWTH = Profile(
    (150, 0.0), (60, 0.12), (0, 0.2), (-80, 0.45), (-160, 0.8), (-230, 1.0), (-290, 1.0), (-340, 0.6), (-400, 0.2)
)  # fmt: skip
_SHRINKAGE = Profile((-190, 1.0), (-240, 0.5), (-262, 0.1), (-340, 0.1), (-380, 0.6))
_SPINE = (
    (185, 24), (168, 24), (151, 28), (133, 35), (113, 43), (93, 50), (73, 55.5), (52, 59.5), (30, 62), (8, 63),
    (-15, 62.5),
    (-39, 61), (-64, 58), (-90, 54), (-117, 49.5), (-148, 44), (-181, 39), (-217, 35), (-253, 34), (-290, 39),
    (-306, 44), (-328, 56), (-350, 69), (-372, 79), (-392, 82), (-410, 78), (-425, 69), (-437, 60),
)  # fmt: skip

# Radii of the halves of the diaphragm: flat to the middle and the front, steep to the back and, above all, the ribs.
_INWARD, _FORWARD, _BACKWARD, _UPWARD = 120.0, 134.0, 98.0, 96.0


@dataclass(frozen=True)
class Figure:
    """One person's torso.

    Attributes:
        build: Whose.
        cavity: Inside of the chest, belly and pelvis.
        fascia: Outside of the muscles; fat and skin lie around it.
        spine: y of the middle of the spine at a height.
        domes: Centres of the ellipsoids that the two halves of the diaphragm are, right and left.
        outward: Their radius to the side; it reaches the ribs in every build.
    """

    build: Build
    cavity: Outline
    fascia: Outline
    spine: Profile
    domes: tuple[Vector, Vector]
    outward: float

    def under_diaphragm(self, c: Canvas) -> Field:
        """Give about how many millimetres below the diaphragm each voxel lies; above it is negative."""
        return smooth_max(_dome(c, self.domes[0], self.outward), _dome(c, self.domes[1], self.outward), 16)

    def fit(self, place: Vector, most: float = 1.0) -> Vector:
        """Move a place of an average belly to where it lies in this one, at most so much farther out."""
        x, y, z = place
        wide = min(most, self.cavity.width.at(z) / _AVERAGE.width.at(z))
        deep = min(most, self.cavity.front.at(z) / _AVERAGE.front.at(z)) if y < 0 and z > -400 else 1.0
        return x * wide, y * deep, z

    def is_lung(self, place: Vector, margin: float) -> bool:
        """Say whether a place lies in the lungs, or where the heart makes room in them."""
        x, y, z = place
        if z > 137 - margin or not self.cavity.contains(place, margin):
            return False
        centre = self.domes[0] if x < 0 else self.domes[1]
        u = (x - centre[0]) / (self.outward if abs(x) > abs(centre[0]) else _INWARD)
        v = (y - centre[1]) / (_FORWARD if y < centre[1] else _BACKWARD)
        return z > centre[2] + _UPWARD * sqrt(max(0.0, 1 - u * u - v * v)) + margin


def figure_of(build: Build) -> Figure:
    """Measure a person: a few millimetres differ from one to the next."""
    random = Random(build.random.getrandbits(32))  # noqa: S311 - has to be the same each time
    chest = (0.95 if build.is_female else 1.0) * random.uniform(0.985, 1.015)
    belly = 1 + (build.girth - 1) * 1.5
    cavity = Outline([_grown(knot, chest, belly) for knot in _CAVITY], boxy=0.3, waist=0.54)
    fascia = Outline([_grown(knot, chest, belly) for knot in _FASCIA], boxy=0.34, waist=0.54)
    lift = random.uniform(-4, 4)
    domes = ((-72.0, -6.0, -164 + lift), (72.0, -6.0, -175 + lift))
    return Figure(build, cavity, fascia, Profile(*_SPINE), domes, max(72.0, cavity.width.at(-110) - 68))


def _grown(knot: tuple[float, float, float, float], chest: float, belly: float) -> tuple[float, float, float, float]:
    z, width, front, back = knot
    # Iliac crests are as wide in a slim person.
    wide = 1 + (belly - 1) * _GROWTH.at(z) * (_SHRINKAGE.at(z) if belly < 1 else 1)
    slender = chest if z > -150 else 1 + (chest - 1) * max(0.0, (z + 250) / 100)
    # A belly grows forward more than it grows wide.
    forward = 1 + (wide - 1) * (2.6 if wide > 1 else 1.4)
    return z, width * slender * (1 + (wide - 1) * 0.8), front * forward * slender, back + (wide - 1) * 12


def _dome(c: Canvas, centre: Vector, outward: float) -> Field:
    x, y = np.abs(c.x) - np.float32(abs(centre[0])), c.y - np.float32(centre[1])
    # Beyond the midline each half goes on falling, so that the higher of the two is the diaphragm.
    x = np.where(c.x * np.float32(centre[0]) < 0, abs(c.x) + np.float32(abs(centre[0])), x)
    across = x / np.where((x > 0) & (c.x * np.float32(centre[0]) > 0), np.float32(outward), np.float32(_INWARD))
    along = y / np.where(y < 0, np.float32(_FORWARD), np.float32(_BACKWARD))
    room = 1 - along * along - across * across
    height: Field = np.float32(centre[2]) + np.float32(_UPWARD) * np.sqrt(np.maximum(room, 0)) - c.z
    return height
