"""The cerebrum: folded grey matter over white, with the clefts that part it."""

from dataclasses import dataclass

import numpy as np

from dicomfabd.fabricate.anatomy.canvas import Canvas, Field
from dicomfabd.fabricate.anatomy.lattice import depth_in, joined, lattice_of, read_off, ripples, slope
from dicomfabd.fabricate.anatomy.skull import Shape
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

COMMISSURE = (0.0, -17.0, 10.0)
"""The anterior commissure in the atlas: the brain's painters count from there."""

_GREY_MM = 2.9


@dataclass(frozen=True)
class _Folds:
    """What the folding of the cerebrum follows, on a lattice.

    Attributes:
        depth: Depth under the cerebrum's hull, millimetres.
        beside: Distance from the nearest furrow, millimetres, signed.
        reach: How deep the furrows go here, millimetres.
    """

    lattice: Canvas
    depth: Field
    beside: Field
    reach: Field


def paint_brain(c: Canvas, shape: Shape) -> None:
    """Paint the cerebrum into the hollow of the skull."""
    part = c.box((-72, -92, -50), (72, 92, 92))
    if not part.labels.size:
        return
    folds = _folds(part, shape)
    for slab in part.slabs():
        fields = (read_off(folds.lattice, field, slab) for field in (folds.depth, folds.beside, folds.reach))
        _paint_cortex(slab.moved(COMMISSURE), *fields)


def over_tentorium(b: Canvas) -> Field:
    """Give the height over the sheet of the tentorium."""
    height = b.z - 5.2 + np.float32(0.42) * np.sqrt(b.x * b.x + 40) + np.float32(0.40) * np.maximum(b.y - 48, 0)
    over: Field = height * np.float32(0.93)
    return over


def before_petrous(b: Canvas) -> Field:
    """Give how far a place lies before the petrous bones and the notch of the tentorium between them."""
    side = np.abs(b.x)
    edge = np.maximum(7 + np.float32(0.64) * side, 42 - np.float32(0.8) * side)
    before: Field = (edge - b.y) * np.float32(0.83)
    return before


def above_tentorium(b: Canvas) -> Field:
    """Give how far a place lies above the tentorium, or before what it hangs from; negative behind and below."""
    return joined(over_tentorium(b), before_petrous(b), 10)


def midline(b: Canvas) -> Field:
    """Give how far to the left the fissure between the hemispheres runs here."""
    away = np.clip((_over_callosum(b) - 2) / 6, 0, 1)
    return np.clip(away * b.texture(27.0, 61) * 8, -2.4, 2.4).astype(np.float32)


def _folds(c: Canvas, shape: Shape) -> _Folds:
    lattice = lattice_of(c, 2.0)
    b = lattice.moved(COMMISSURE)
    depth = read_off(shape.lattice, shape.hollow, lattice) - 1.7
    depth = np.minimum(depth, above_tentorium(b) - 1.0)
    cisterns = -depth_in(b, (0, 20, -30), (17.5, 34, 22))
    depth = np.minimum(depth, cisterns)
    hull = np.where(_over_callosum(b) > 0, np.minimum(depth, np.abs(b.x)), depth)
    dx, dy, dz = slope(hull, 2.0)
    steep = np.maximum(np.sqrt(dx * dx + dy * dy + dz * dz), np.float32(0.3))
    out = np.clip(hull, -4, 24) * np.float32(0.9) / steep
    x = b.x - dx / steep * out
    y, z = b.y - dy / steep * out, b.z - dz / steep * out
    x = x + np.where(b.x < 0, np.float32(-31.7), np.float32(0))
    wave = ripples(x, y, z, 8.8, 40)
    gx, gy, gz = slope(wave, 2.0)
    rise = np.sqrt(gx * gx + gy * gy + gz * gz)
    beside = np.clip(wave / np.maximum(rise, np.float32(0.02)), -14, 14)
    # Half way between two surfaces neither has furrows.
    beside = np.where((steep < 0.5) & (hull > 5), np.float32(14), beside)
    reach = np.clip(15 + 9 * ripples(x, y, z, 15.0, 50), 6, 24)
    reach = reach * np.clip((cisterns - 3) / 16, 0.1, 1)
    # No furrow enters the basal ganglia and what surrounds them.
    reach = np.maximum(reach - np.maximum(depth_in(b, (0, 8, 4), (36, 44, 24)) + 4, 0) * np.float32(1.4), 0.5)
    return _Folds(lattice, depth, beside, reach.astype(np.float32))


def _over_callosum(b: Canvas) -> Field:
    """Give how far the fissure between the hemispheres is open here: positive above the callosum and before it."""
    outside: Field = -depth_in(b, (0, 5, 4), (1e4, 38, 25)) * np.ones_like(b.x)
    below = np.where(b.z < 2, np.where(b.y < -8, -8 - b.y, np.maximum(b.y - 30, -20)), 99)
    opened: Field = np.minimum(outside, below.astype(np.float32))
    return opened


def _paint_cortex(b: Canvas, depth: Field, beside: Field, reach: Field) -> None:
    middle = _from_fissure(b)
    depth = np.minimum(depth, middle)
    below = np.maximum(depth - reach, 0)
    gap = 0.3 + 0.6 * np.clip(1 - depth / 7, 0, 1)
    inward = np.sqrt(beside * beside + below * below) - gap
    np.minimum(inward, depth, out=inward)
    np.minimum(inward, _from_clefts(b), out=inward)
    b.paint(inward > 0, T.GREY, (T.CSF, T.DURA))
    b.paint(inward > _GREY_MM, T.WHITE, (T.GREY,))


def _from_fissure(b: Canvas) -> Field:
    """Give the distance from the fissure between the hemispheres."""
    closed = np.maximum(-_over_callosum(b), 0)
    beside = b.x - midline(b)
    distance: Field = np.sqrt(beside * beside + closed * closed) - 0.9
    return distance


def _from_clefts(b: Canvas) -> Field:
    """Give the distance from the Sylvian fissures and the clefts over the insulae."""
    side = np.abs(b.x)
    wave = b.texture(19.0, 60) + np.float32(0.5) * b.texture(9.0, 62)
    height = (b.z + 3 - np.float32(0.52) * b.y + np.float32(6.0) * wave) * np.float32(0.87)
    beyond = np.maximum(np.maximum(b.y - 44, -26 - b.y), 40 - side)
    beyond = np.maximum(beyond, 0)
    sylvian = np.sqrt(height * height + beyond * beyond) - 0.6
    plate = np.maximum((np.sqrt((b.y / 23) ** 2 + ((b.z - 3) / 14) ** 2) - 1) * 18, 0)
    insula = np.sqrt((side - 40.5 + np.float32(0.013) * (b.y - 3) ** 2 + wave) ** 2 + plate * plate) - 1.0
    nearest: Field = np.minimum(sylvian, insula)
    return nearest
