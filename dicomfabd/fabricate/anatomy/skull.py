"""The skull's hollow and the skin around head and neck, as depths; and the bone and scalp between them."""

from dataclasses import dataclass

import numpy as np

from dicomfabd.fabricate.anatomy.build import Build
from dicomfabd.fabricate.anatomy.canvas import Canvas, Field
from dicomfabd.fabricate.anatomy.lattice import depth_in, depth_in_path, joined, lattice_of, read_off
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

PITCH_MM = 2.0
BELOW_SKULL = -66.0
"""Nothing that is derived from the skull's hollow lies below this."""


@dataclass(frozen=True)
class Shape:
    """The outlines of a head, on a lattice.

    Attributes:
        lattice: Where the depths are known.
        hollow: Depth in the hollow of the skull, millimetres; negative outside.
        case: Depth in the hollow and the thick bones of its floor together.
        skin: Depth under the skin, millimetres; negative outside.
    """

    lattice: Canvas
    hollow: Field
    case: Field
    skin: Field

    @classmethod
    def around(cls, c: Canvas, build: Build) -> "Shape":
        """Work out the outlines for a canvas."""
        lattice = lattice_of(c, PITCH_MM)
        case = _case(lattice, 20, 12)
        hollow = joined(_without(_case(lattice, 12, 8), _ridges(lattice), 5), _great_hole(lattice), 6)
        return cls(lattice, hollow, case, _skin(lattice, case, build))


def paint_outline(c: Canvas, shape: Shape) -> None:
    """Paint skin, the fat under it, the skull and its hollow."""
    for slab in c.slabs():
        skin = read_off(shape.lattice, shape.skin, slab)
        slab.paint(skin > 0, T.SKIN)
        slab.paint(skin > 2.0, T.FAT)
        if slab.z.ravel()[-1] < BELOW_SKULL:
            continue
        hollow, case = (read_off(shape.lattice, field, slab) for field in (shape.hollow, shape.case))
        _paint_skull(slab, hollow, case, skin)


def _paint_skull(c: Canvas, hollow: Field, case: Field, skin: Field) -> None:
    bone = _thickness(c)
    outside = -case
    place = ((c.y + 24) / 48) ** 2 + ((c.z + 2) / 56) ** 2
    temple = (np.abs(c.x) > 32 + np.maximum(-22 - c.z, 0) * np.float32(0.55)) & (place < 1) & (c.z < 60)
    c.paint(temple & (outside > 0) & (skin > 4.5), T.MUSCLE, (T.FAT,))
    c.paint((outside < bone) & (c.z > BELOW_SKULL), T.CORTICAL)
    table = np.minimum(np.float32(1.7), bone * np.float32(0.34))
    c.paint((hollow < -table) & (outside < bone - table) & (bone > 4), T.SPONGY, (T.CORTICAL,))
    c.paint((hollow > 0) & (c.z > BELOW_SKULL), T.CSF)
    c.paint((hollow > 0) & (hollow < 0.7), T.DURA)


def _thickness(c: Canvas) -> Field:
    """Give how thick the skull is: thin at the temples, thick at forehead and back of the head."""
    vault = np.clip((c.z + 10) / 40, 0, 1)
    ends = np.clip((np.abs(c.y) - 40) / 45, 0, 1)
    thickness: Field = 3.6 + 1.6 * vault + 1.8 * ends * (0.4 + 0.6 * vault) + 0.7 * c.texture(38.0, 21)
    return thickness


def _case(c: Canvas, behind_mm: float, beside_mm: float) -> Field:
    """Give the depth in the three hollows of the skull, their seams rounded off so much."""
    case = depth_in(c, (0, 0, 24), (66.5, 88, 62), boxy=0.22, lower=45, narrow=0.0013)
    case = joined(case, depth_in(c, (0, 45, -20), (53, 41, 34)), behind_mm)
    for side in (-1, 1):
        case = joined(case, depth_in(c, (side * 38, -9, -12), (26, 30, 22)), beside_mm)
    case = joined(case, depth_in(c, (0, -40, -1), (49, 40, 14), boxy=0.35), 12)
    case += np.float32(1.3) * c.texture(47.0, 22)
    return case


def _great_hole(c: Canvas) -> Field:
    return depth_in_path(c, [(0, 26, -40), (0, 28, -90)], [15, 14])


def _ridges(c: Canvas) -> Field:
    """Give the depth in what stands up into the hollow: petrous bones, clivus, sphenoid, roofs of the orbits."""
    ridges = depth_in_path(c, [(0, -12, -18), (0, -9, -31), (0, 1, -50)], [3, 5.5, 5])
    ridges = joined(ridges, depth_in_path(c, [(0, -52, -22), (0, -18, -31)], [11, 12]), 4)
    for side in (-1, 1):
        petrous = depth_in_path(c, [(side * 56, 20, -38), (side * 34, 7, -33), (side * 12, -7, -33)], [16, 12, 6])
        wing = depth_in_path(c, [(side * 12, -36, -8), (side * 40, -42, -6), (side * 60, -36, 4)], [3, 3.5, 4])
        orbit = depth_in_path(c, [(side * 31, -78, -27), (side * 25, -58, -24), (side * 13, -38, -19)], [20, 16, 5])
        ridges = joined(joined(joined(ridges, petrous, 4), wing, 5), orbit, 4)
    return ridges


def _without(solid: Field, bite: Field, blend_mm: float) -> Field:
    return -joined(-solid, bite, blend_mm)


def _skin(c: Canvas, case: Field, build: Build) -> Field:
    skull = np.maximum(case, np.float32(-40)) + _thickness(c) + 5.5
    skull = np.where(c.z < -30, skull + (c.z + 30) * np.float32(0.5), skull)
    skin = joined(skull, _face(c), 14)
    skin = joined(skin, _neck(c, build), 22)
    for side in (-1, 1):
        orbit = depth_in(c, (side * 32, -109, -27), (17, 13, 11))
        skin = _without(skin, orbit, 8)
    plump = np.float32(14 * (build.girth - 1)) * np.clip((-15 - c.z) / 30, 0, 1)
    return skin + plump + np.float32(0.8) * c.texture(29.0, 23)


def _face(c: Canvas) -> Field:
    face = depth_in(c, (0, -36, -46), (66, 62, 70), boxy=0.35, lower=84)
    face = joined(face, depth_in(c, (0, -80, -112), (24, 23, 20)), 14)
    for side in (-1, 1):
        jaw = depth_in_path(c, [(side * 46, -18, -92), (side * 30, -68, -112), (0, -84, -114)], [20, 18, 18])
        temple = depth_in_path(c, [(side * 45, -64, -14), (side * 54, -44, 4)], [8, 12])
        face = joined(face, temple, 14)
        cheek = depth_in_path(c, [(side * 60, -20, -42), (side * 44, -72, -48)], [13, 20])
        face = joined(joined(face, jaw, 12), cheek, 12)
        face = joined(face, depth_in_path(c, [(0, -104, -58), (side * 11, -104, -65)], [9, 7]), 4)
    face = joined(face, depth_in_path(c, [(0, -94, -18), (0, -106, -46), (0, -112, -60)], [7, 8, 9]), 6)
    return joined(face, depth_in(c, (0, -92, -90), (26, 14, 14)), 6)


def _neck(c: Canvas, build: Build) -> Field:
    girth = np.float32(1.0 if build.sex == "M" else 0.94) * np.float32(build.girth)
    squeezed = c.x * np.float32(1.04)
    throat = Canvas(c.labels, (squeezed.ravel(), c.y.ravel(), c.z.ravel()), c.voxel_mm)
    radii = [float(radius * girth) for radius in (60, 60, 62, 68)]
    neck = depth_in_path(throat, [(0, 22, -50), (0, 20, -100), (0, 17, -160), (0, 26, -215)], radii)
    for side in (-1, 1):
        slope = depth_in_path(c, [(side * 20, 52, -170), (side * 70, 44, -222), (side * 150, 34, -262)], [30, 40, 52])
        neck = joined(neck, slope, 24)
        collar = [(side * 12, -34, -248), (side * 40, -37, -240), (side * 68, -24, -232), (side * 100, -2, -226)]
        neck = joined(neck, depth_in_path(c, [*collar, (side * 160, 12, -224)], [15, 15, 18, 21, 23]), 12)
    return joined(neck, depth_in(c, (0, 32, -340), (196, 104, 150), boxy=0.4), 24)
