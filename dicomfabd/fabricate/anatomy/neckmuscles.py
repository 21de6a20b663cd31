"""The muscles from the skull to the shoulders: bundles that fill the space between them but for thin planes of fat."""

from typing import Final

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas, Field
from dicomfabd.fabricate.anatomy.lattice import depth_in_path, lattice_of, read_off
from dicomfabd.fabricate.anatomy.skull import Shape
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_Bundle = tuple[tuple[Vector, ...], tuple[float, ...]]

_BUNDLES: Final[tuple[_Bundle, ...]] = (
    # Trapezius, down the back and out to the shoulder.
    (
        ((8, 78, -40), (9, 80, -90), (14, 81, -135), (34, 79, -178), (80, 62, -218), (140, 40, -244)),
        (3, 3.5, 4.5, 6, 8, 10),
    ),
    (((14, 82, -140), (15, 92, -200), (18, 100, -260), (18, 104, -320)), (4, 4, 5, 5)),
    # Semispinalis, splenius, multifidus.
    (((13, 62, -44), (12, 64, -100), (13, 68, -150), (15, 78, -200), (15, 90, -320)), (8, 8, 8, 8, 9)),
    (((26, 66, -46), (27, 66, -100), (25, 70, -150), (24, 80, -200), (20, 92, -250)), (6, 6, 6, 5, 4)),
    (((9, 48, -58), (9, 48, -120), (10, 55, -170), (13, 72, -230), (13, 82, -320)), (6, 6, 6, 8, 9)),
    (((26, 50, -56), (25, 50, -110), (26, 55, -160), (32, 68, -210), (34, 78, -320)), (5, 5, 6, 7, 8)),
    # Levator of the shoulder blade, rhomboids.
    (((39, 38, -66), (38, 42, -110), (39, 52, -150), (50, 68, -200), (58, 84, -250)), (4, 5, 6, 6, 6)),
    (((30, 94, -230), (44, 94, -260), (60, 92, -320)), (4, 5, 6)),
    # Sternocleidomastoid.
    (
        ((55, 24, -50), (54, 15, -80), (49, 2, -118), (39, -17, -165), (23, -33, -210), (12, -39, -236)),
        (5, 6.5, 7, 6.5, 5, 4),
    ),
    (((54, 30, -66), (51, 14, -112), (44, -8, -165), (37, -28, -218), (36, -34, -232)), (4, 5.5, 4.5, 3.5, 3)),
    # Scalenes.
    (((25, 11, -100), (28, 12, -140), (35, 12, -180), (50, 4, -222)), (3.5, 5, 6, 6)),
    (((29, 22, -108), (33, 25, -160), (48, 30, -205), (60, 32, -225)), (4, 5.5, 6, 6)),
    (((30, 31, -130), (36, 38, -170), (54, 46, -215)), (3.5, 5, 6)),
    # Long muscles before the spine.
    (((7, 4, -56), (7.5, 4.5, -100), (8, 4.5, -135), (10, 10, -170), (9, 21, -210)), (1.5, 1.5, 1.2, 1.2, 1)),
    (((15, 8, -58), (17, 7, -90), (18, 7, -118)), (2, 2, 1.5)),
    # Above and before the shoulder.
    (((62, 56, -228), (110, 52, -250), (150, 46, -270)), (8, 12, 14)),
    (((40, -46, -262), (80, -40, -258), (130, -14, -256)), (7, 10, 12)),
    (((66, 84, -270), (100, 74, -290), (140, 50, -300)), (10, 14, 14)),
    # Straps before the larynx.
    (((8, -37, -120), (11, -38, -150), (12, -36, -190), (8, -36, -232)), (2, 2.4, 2.6, 2.6)),
    (((16, -28, -122), (20, -29, -150), (20, -26, -180), (15, -30, -226)), (1.8, 2.2, 2.4, 2.2)),
)
"""The muscles of the left side: where they run, and half their thickness."""

_REACH_MM: Final = 30
"""No muscle reaches farther beyond the ends of its bundle, thickness included."""


def paint_neck_muscles(c: Canvas, shape: Shape, fat_mm: float) -> None:
    """Paint the muscles of both sides into the fat; `fat_mm` of it stay under the skin."""
    part = c.box((-200, -80, -320), (200, 130, -28))
    if not part.labels.size:
        return
    lattice = lattice_of(part, 2.0)
    first, lead = _packed(lattice)
    skin = read_off(shape.lattice, shape.skin, lattice)
    inside = np.minimum(first + _spread(lattice), skin - np.float32(fat_mm))
    for slab in part.slabs():
        muscle, plane = read_off(lattice, inside, slab), read_off(lattice, lead, slab)
        is_parted = (plane > 1.5) & ((np.abs(slab.x) > 0.8) | (slab.y < 64))
        slab.paint((muscle > 0) & is_parted, T.MUSCLE, (T.FAT,))


def _spread(c: Canvas) -> Field:
    """Give how far a muscle swells beyond its bundle: it fills the shoulders, but not the chest."""
    shoulder = np.clip((-180 - c.z) / 25, 0, 1) * np.clip((np.abs(c.x) + np.maximum(c.y, 0) - 50) / 30, 0, 1)
    return (4.5 + 8 * shoulder).astype(np.float32)


def _packed(lattice: Canvas) -> tuple[Field, Field]:
    """Give the depth in the nearest muscle, and by how much it is nearer than the next."""
    x, y, z = (axis.ravel() for axis in (lattice.x, lattice.y, lattice.z))
    first = np.full(lattice.labels.shape, -99, np.float32)
    second = first.copy()
    for points, radii in _BUNDLES:
        ends = [min(point[2] for point in points) - _REACH_MM, max(point[2] for point in points) + _REACH_MM]
        layers = slice(*(int(i) for i in np.searchsorted(z, ends)))
        part = Canvas(lattice.labels[layers], (x, y, z[layers]), lattice.voxel_mm)
        # Both sides at once: the bundles are given for the left one.
        part.x = np.abs(part.x)
        depth = depth_in_path(part, points, radii)
        np.maximum(second[layers], np.minimum(first[layers], depth), out=second[layers])
        np.maximum(first[layers], depth, out=first[layers])
    return first, first - second
