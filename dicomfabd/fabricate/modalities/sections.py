"""Cross-sections through a body: shared by CT, MR, PET and SPECT."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from dicomfabd.domain.study import BodyPlan, SeriesPlan, Stack, StudyPlan, Vector
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.anatomy.canvas import Labels
from dicomfabd.fabricate.anatomy.tissues import Table, pair_table, table

Image = npt.NDArray[np.int16]

_WEIGHT_BITS: Final = 3
"""Interpolation is in eighths: differences of up to 4095 times 7 still fit in 16 bits."""

_VOXEL_AXES: Final = 3


@dataclass(frozen=True)
class _Sampling:
    """Where the pixels along one side of an image fall among the voxels of one axis.

    Attributes:
        axis: 0 for x, 1 for y, 2 for z.
        first: Index of the first pixel inside the body; the ones in `lower` follow it.
        lower: Voxel at or before each pixel.
        upper: The next voxel.
        weight: Of the next voxel, in eighths.
    """

    axis: int
    first: int
    lower: npt.NDArray[np.intp]
    upper: npt.NDArray[np.intp]
    weight: npt.NDArray[np.int16]


class Sections:
    """Cuts a body along the stacks of a series; one object draws one image at a time."""

    def __init__(self, plan: StudyPlan, series: SeriesPlan, bodies: Bodies) -> None:
        """Work out which voxels the images fall on."""
        self._series = series
        self._plan = plan.body_of(series)
        self._body = bodies.labels(self._plan)
        self._samplings = {id(stack): self._sample(stack) for stack in series.stacks}
        self._scratch: dict[tuple[str, tuple[int, ...]], Image] = {}

    def draw(self, index: int) -> Image:
        """Give image `index` in the values of its look, int16, shape (rows, columns)."""
        stack, number = self._series.place(index)
        return self._resampled(stack, self._values(stack, number), table(stack.look))

    def _values(self, stack: Stack, number: int) -> Image | None:
        """Give the values of a plane of the body, along a row of the image first; None outside the body."""
        through = next(axis for axis in range(_VOXEL_AXES) if stack.grid.step[axis])
        place = stack.grid.position(number)[through] / self._plan.stature[through]
        layer = int(np.floor(voxel_place(self._plan, self._body, place, through) + 0.5))
        if not 0 <= layer < self._body.shape[2 - through]:
            return None
        values = self._looked_up(self._body[_slice(through, layer)], stack.look)
        rows, columns = self._samplings[id(stack)]
        if columns.axis > rows.axis:
            return values
        turned = self._kept("turned values", values.shape[::-1])
        np.copyto(turned, values.T)
        return turned

    def _looked_up(self, labels: Labels, look: str) -> Image:
        """Give the values of some labels; memory that is used again costs no page faults."""
        values = self._kept("values", labels.shape)
        if labels.size % 2 or not labels.flags.c_contiguous:
            return np.take(table(look), labels, out=values, mode="clip")
        pairs = values.reshape(-1).view(np.uint32)
        # Clipping spares the check of each index.
        np.take(pair_table(look), labels.reshape(-1).view(np.uint16), out=pairs, mode="clip")
        return values

    def _resampled(self, stack: Stack, values: Image | None, look: Table) -> Image:
        series = self._series
        image = np.full((series.rows, series.columns), look[0], np.int16)
        rows, columns = self._samplings[id(stack)]
        if values is None or not rows.lower.size or not columns.lower.size:
            return image
        # Whole rows are copied ten times faster than single values are gathered, hence the turn between the two.
        across = self._interpolated("across", values, columns)
        turned = self._kept("turned", across.shape[::-1])
        np.copyto(turned, across.T)
        part = self._interpolated("down", turned, rows)
        image[rows.first : rows.first + part.shape[0], columns.first : columns.first + part.shape[1]] = part
        return image

    def _interpolated(self, name: str, values: Image, sampling: _Sampling) -> Image:
        """Resample along the first axis, linearly and in integers; the result lives until the next image is drawn."""
        shape = (sampling.lower.size, values.shape[1])
        low = np.take(values, sampling.lower, 0, self._kept(name, shape), "clip")
        step = np.take(values, sampling.upper, 0, self._kept(f"{name} step", shape), "clip")
        step -= low
        step *= sampling.weight[:, None]
        step >>= _WEIGHT_BITS
        low += step
        return low

    def _kept(self, name: str, shape: tuple[int, ...]) -> Image:
        if (name, shape) not in self._scratch:
            self._scratch[name, shape] = np.empty(shape, np.int16)
        return self._scratch[name, shape]

    def _sample(self, stack: Stack) -> tuple[_Sampling, _Sampling]:
        series, grid = self._series, stack.grid
        return (
            self._along(grid.origin, grid.column_direction, series.rows),
            self._along(grid.origin, grid.row_direction, series.columns),
        )

    def _along(self, origin: Vector, direction: Vector, count: int) -> _Sampling:
        axis = next(axis for axis in range(_VOXEL_AXES) if direction[axis])
        places = origin[axis] + np.arange(count) * (self._series.pixel_spacing * direction[axis])
        voxels = voxel_place(self._plan, self._body, places / self._plan.stature[axis], axis)
        size = self._body.shape[2 - axis]
        inside = np.flatnonzero((voxels >= 0) & (voxels <= size - 1))
        voxels = voxels[inside]
        lower = np.floor(voxels).astype(np.intp)
        weight = ((voxels - lower) * (1 << _WEIGHT_BITS)).astype(np.int16)
        first = int(inside[0]) if inside.size else 0
        return _Sampling(axis, first, lower, np.minimum(lower + 1, size - 1), weight)


def voxel_place(
    body: BodyPlan, labels: Labels, place: npt.NDArray[np.floating] | float, axis: int
) -> npt.NDArray[np.float64]:
    """Give the index, with fraction, of places along an axis; places are atlas millimetres from the body's middle."""
    index: npt.NDArray[np.float64] = np.asarray(place) / body.voxel_mm + (labels.shape[2 - axis] - 1) / 2
    return index


def _slice(axis: int, layer: int) -> tuple[slice | int, ...]:
    cut: list[slice | int] = [slice(None)] * _VOXEL_AXES
    cut[2 - axis] = layer
    return tuple(cut)


def soften(image: Image) -> Image:
    """Blur with [1 2 1]/4 both ways, as a scanner's point spread does."""
    down = image.copy()
    inner = down[1:-1]
    inner += inner
    inner += image[:-2]
    inner += image[2:]
    inner >>= 2
    across = down.copy()
    middle = across[:, 1:-1]
    middle += middle
    middle += down[:, :-2]
    middle += down[:, 2:]
    middle >>= 2
    return across
