"""Projections through a body: radiographs, mammograms, scouts, angiograms and scintigrams are made of them."""

from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from dicomfabd.domain.study import BodyPlan
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.anatomy.canvas import Labels
from dicomfabd.fabricate.anatomy.tissues import Table, table

Shadow = npt.NDArray[np.int32]
Whole = TypeVar("Whole", npt.NDArray[np.int32], npt.NDArray[np.int16])

_AXES: Final = {"frontal": 1, "scout": 1, "lateral": 0, "scout-lateral": 0, "mlo": 0, "top": 2, "cc": 2}
"""Plane → the axis (x, y, z) the rays run along."""


def shadow(bodies: Bodies, body: BodyPlan, plane: str, look: str) -> Shadow:
    """Give the sum of a look's values along the rays, tenths of a millimetre times value; rows run from the head down.

    Rows and columns are voxels of the body: x across and z down from the front, y and z from the side, x and y from
    the top (chest wall to the left and x down for `cc`).
    """
    return bodies.derived(body, f"{plane}-{look}", lambda labels: _projected(labels, body, plane, table(look)))


def _projected(labels: Labels, body: BodyPlan, plane: str, values: Table) -> Shadow:
    total = _oblique(labels, values) if plane == "oblique" else _straight(labels, values, _AXES[plane])
    total *= round(body.voxel_mm * 10)
    if plane == "top":
        return np.ascontiguousarray(total)
    if plane == "cc":
        return np.ascontiguousarray(total.T[:, ::-1])
    return np.ascontiguousarray(total[::-1, ::-1] if plane == "mlo" else total[::-1])


def _straight(labels: Labels, values: Table, axis: int) -> Shadow:
    """Add layer by layer, so that memory holds two of them."""
    layers = labels.shape[2 - axis]
    first = np.take(values, np.take(labels, 0, 2 - axis))
    total: Shadow = first.astype(np.int32)
    for layer in range(1, layers):
        total += np.take(values, np.take(labels, layer, 2 - axis))
    return total


def _oblique(labels: Labels, values: Table) -> Shadow:
    """Add along rays at 45 degrees between front and side: each layer falls one column further."""
    height, depth, width = labels.shape
    total = np.zeros((height, width + depth), np.int32)
    for layer in range(depth):
        total[:, layer : layer + width] += np.take(values, labels[:, layer])
    return total


def resized(image: Whole, rows: int, columns: int, bits: int = 8) -> Whole:
    """Resize by linear interpolation, all in integers.

    Args:
        image: int32, or int16 for tones, which is twice as fast.
        rows: Of the result.
        columns: Of the result.
        bits: How finely it interpolates, in steps of 1/2**bits; values that far above the largest must fit the type.
    """
    for axis, count in ((1, columns), (0, rows)):
        size = image.shape[axis]
        places = np.arange(count, dtype=np.int64) * ((size - 1) << bits) // max(1, count - 1)
        index = np.minimum(places >> bits, size - 2)
        weight = (places - (index << bits)).astype(image.dtype).reshape((-1, 1) if axis == 0 else (1, -1))
        low = np.take(image, index, axis)
        step = np.take(image, index + 1, axis)
        step -= low
        step *= weight
        step >>= bits
        low += step
        image = low
    return image


def blurred(image: Shadow, times: int = 1) -> Shadow:
    """Blur with [1 2 1]/4 both ways, some times over, in integers."""
    for _ in range(times):
        for axis in (0, 1):
            padded = np.pad(image, [(1, 1) if axis == a else (0, 0) for a in (0, 1)], mode="edge")
            if axis == 0:
                image = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) >> 2
            else:
                image = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) >> 2
    return image
