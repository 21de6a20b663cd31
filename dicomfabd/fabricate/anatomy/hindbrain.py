"""Brain stem and cerebellum. All counts from the anterior commissure."""

from typing import Final

import numpy as np

from dicomfabd.fabricate.anatomy.brain import COMMISSURE, above_tentorium
from dicomfabd.fabricate.anatomy.canvas import Canvas, Field
from dicomfabd.fabricate.anatomy.lattice import depth_in, joined, lattice_of, read_off, ripples, slope
from dicomfabd.fabricate.anatomy.skull import Shape
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_BRAIN: Final = (T.GREY, T.WHITE, T.CSF, T.DEEP_GREY)


def paint_hindbrain(c: Canvas, shape: Shape) -> None:
    """Paint cerebellum, brain stem and the ventricle between them; `c` counts from the atlas' origin."""
    part = c.box((-60, 0, -62), (60, 92, 22))
    if not part.labels.size:
        return
    _cerebellum(part, shape)
    b = part.moved(COMMISSURE)
    _stem(b)
    for half in (b, b.mirrored()):
        _peduncles(half)
    _fourth_ventricle(b)


def _cerebellum(c: Canvas, shape: Shape) -> None:
    lattice = lattice_of(c, 1.5)
    b = lattice.moved(COMMISSURE)
    hull = _hull(b, read_off(shape.lattice, shape.hollow, lattice))
    beside = _folia(b, hull)
    for slab in c.slabs():
        depth, furrow = (read_off(lattice, field, slab) for field in (hull, beside))
        at = slab.moved(COMMISSURE)
        # The white core of a hemisphere; in the middle the furrows go deep and leave a tree.
        core = depth_in(at, (22, 52, -34), (17, 16, 11), mirrored=True)
        below = np.maximum(depth - 9 - 6 * np.clip(1 - np.abs(at.x) / 10, 0, 1), 0) + np.maximum(core, 0)
        inward = np.minimum(np.sqrt(furrow * furrow + below * below) - 0.3, depth)
        slab.paint(depth > 0, T.GREY, (T.CSF,))
        slab.paint((inward < 0) & (depth > 0) & (depth < 6), T.CSF, (T.GREY,))
        slab.paint((depth > 1.6) & (inward > 1.35), T.WHITE, (T.GREY,))


def _hull(b: Canvas, hollow: Field) -> Field:
    hull = depth_in(b, (0, 60, -26), (12, 30, 31))
    for side in (-1, 1):
        hemisphere = depth_in(b, (side * 26, 63, -32), (34, 39, 36))
        tonsil = depth_in(b, (side * 7, 53, -50), (6.5, 9, 10))
        hull = joined(joined(hull, hemisphere, 4), tonsil, 3)
    hull = np.minimum(hull, hollow - 1.5)
    hull = np.minimum(hull, -above_tentorium(b) - 0.9)
    # The notch between the hemispheres, with the falx of the cerebellum.
    notch = np.abs(b.x) + np.maximum(104 - b.y, 0) * np.float32(0.5) - np.float32(3)
    parted: Field = np.minimum(hull, notch).astype(np.float32)
    return parted


def _folia(b: Canvas, hull: Field) -> Field:
    """Give the distance from the nearest furrow: long across, narrow up and down."""
    dx, dy, dz = slope(hull, b.voxel_mm)
    steep = np.maximum(np.sqrt(dx * dx + dy * dy + dz * dz), np.float32(0.3))
    out = np.clip(hull, -3, 16) * np.float32(0.8) / steep
    x, y, z = b.x - dx / steep * out, b.y - dy / steep * out, b.z - dz / steep * out
    wave = ripples(x * np.float32(0.22), y * np.float32(0.8), z, 3.4, 70)
    gx, gy, gz = slope(wave, b.voxel_mm)
    rise = np.sqrt(gx * gx + gy * gy + gz * gz)
    beside: Field = np.clip(wave / np.maximum(rise, np.float32(0.05)), -6, 6)
    return beside


def _stem(b: Canvas) -> None:
    b.ellipsoid((0, 28, -12), (13, 8, 9), T.WHITE, _BRAIN)
    b.ellipsoid((0, 26.5, -29), (16.5, 14.5, 12.5), T.WHITE, _BRAIN)
    b.ellipsoid((0, 33, -24), (12, 8, 14), T.WHITE, _BRAIN)
    b.path([(0, 35, -40), (0, 38, -48), (0, 42, -63)], [7.8, 7.2, 6.2], T.WHITE, _BRAIN)
    b.ellipsoid((0, 0, -10), (7, 3, 2.5), T.WHITE, _BRAIN)
    b.path([(0, 2, -8), (0, 1, -15)], [4, 1.4], T.GREY, _BRAIN)


def _peduncles(b: Canvas) -> None:
    b.path([(14, 14, -4), (9, 19, -12), (5, 22, -20)], [7, 6, 5], T.WHITE, _BRAIN)
    b.path([(8, 28, -30), (18, 38, -31), (24, 50, -33)], [9, 7, 6], T.WHITE, _BRAIN)
    b.ellipsoid((5, 35, -7), (4, 3.5, 3.2), T.GREY, _BRAIN)
    b.ellipsoid((4.5, 35.5, -13.5), (3.6, 3, 2.8), T.GREY, _BRAIN)
    b.ellipsoid((8, 18, -12), (4.5, 1.4, 4), T.DEEP_GREY, (T.WHITE,), turn=("z", 0.5))
    b.ellipsoid((4, 22, -11), (2.6, 2.6, 3), T.DEEP_GREY, (T.WHITE,))
    b.ellipsoid((13, 58, -32), (6, 5, 4), T.DEEP_GREY, (T.WHITE, T.GREY), turn=("z", -0.6))
    # Medulla's olive and pyramid.
    b.ellipsoid((4.5, 31, -47), (3, 3, 7), T.WHITE, _BRAIN)


def _fourth_ventricle(b: Canvas) -> None:
    b.path([(0, 29, -4), (0, 32, -10), (0, 36, -18), (0, 41, -26)], [1.3, 1.1, 1.3, 2.6], T.CSF, _BRAIN)
    b.ellipsoid((0, 43, -31), (8, 4, 9), T.CSF, _BRAIN)
    b.path([(0, 43, -32), (0, 48.5, -32)], [4.5, 1.0], T.CSF, _BRAIN)
    b.path([(0, 44, -38), (0, 46, -50), (0, 50, -58)], [3.0, 1.5, 4.0], T.CSF, _BRAIN)
