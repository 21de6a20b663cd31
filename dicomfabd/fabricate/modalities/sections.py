"""Cross-sections through a body: shared by CT and MR."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from dicomfabd.domain.study import SeriesPlan, StudyPlan, Vector
from dicomfabd.fabricate.anatomy.bodies import VARIANTS, build_body
from dicomfabd.fabricate.anatomy.canvas import Labels

Sheet = TypeVar("Sheet", npt.NDArray[np.uint8], npt.NDArray[np.int32])


def body_of(plan: StudyPlan) -> Labels:
    """Give the body of a study's patient."""
    return build_body(plan.region, plan.extent, plan.voxel_mm, variant_of(plan))


def variant_of(plan: StudyPlan) -> int:
    """Give which of the bodies of its region a study's patient has."""
    return plan.seed % VARIANTS


class Sections:
    """Cuts a body along the grid of a series."""

    def __init__(self, plan: StudyPlan, series: SeriesPlan) -> None:
        """Work out which voxels each row and column of the images falls on."""
        if series.grid is None:
            raise ValueError(f"series {series.key} has no grid")
        self._body = body_of(plan)
        self._series = series
        self._grid = series.grid
        self._voxel_mm = plan.voxel_mm
        self._rows = self._indices(self._grid.column_direction, series.rows)
        self._columns = self._indices(self._grid.row_direction, series.columns)

    def labels(self, index: int) -> Labels:
        """Give the tissue labels of image `index`, shape (rows, columns)."""
        position = self._grid.position(index)
        through = next(axis for axis in range(3) if self._grid.step[axis])
        layer = self._voxel(position[through], through)
        return self._plane(through, layer)

    def projection(self, table: npt.NDArray[np.int16]) -> npt.NDArray[np.int32]:
        """Give the sum of table values along the way through the body, for a scout; shape (rows, columns)."""
        front = project(self._body, table, axis=1)
        (row_axis, rows), (column_axis, columns) = self._rows, self._columns
        assert (row_axis, column_axis) == (2, 0)  # noqa: S101 - scouts are planned from the front
        return _spread(front, rows, columns)

    def _plane(self, through: int, layer: int) -> Labels:
        count = self._body.shape[2 - through]
        if not 0 <= layer < count:
            return np.zeros((self._series.rows, self._series.columns), np.uint8)
        sheet = np.take(self._body, layer, 2 - through)
        (row_axis, rows), (_, columns) = self._rows, self._columns
        # What is left of the body's axes z, y, x; rows of the image may run along either of the two.
        left = [axis for axis in (2, 1, 0) if axis != through]
        if left[0] != row_axis:
            sheet = sheet.T
        return _spread(sheet, rows, columns)

    def _indices(self, direction: Vector, count: int) -> tuple[int, npt.NDArray[np.int64]]:
        axis = next(axis for axis in range(3) if direction[axis])
        places = self._grid.origin[axis] + np.arange(count) * (self._series.pixel_spacing * direction[axis])
        size = self._body.shape[2 - axis]
        return axis, np.floor(places / self._voxel_mm + (size - 1) / 2 + 0.5).astype(np.int64)

    def _voxel(self, place: float, axis: int) -> int:
        size = self._body.shape[2 - axis]
        return int(np.floor(place / self._voxel_mm + (size - 1) / 2 + 0.5))


def project(body: Labels, table: npt.NDArray[np.int16], axis: int) -> npt.NDArray[np.int32]:
    """Give the sum of table values along an axis of the body, layer by layer to keep memory small."""
    shape = tuple(size for index, size in enumerate(body.shape) if index != axis)
    total = np.zeros(shape, np.int32)
    for layer in range(body.shape[axis]):
        total += np.take(table, np.take(body, layer, axis))
    return total


def _spread(sheet: Sheet, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> Sheet:
    """Give the values at every row and column, 0 where they lie outside the sheet; both run one way only."""
    inside_rows = np.flatnonzero((rows >= 0) & (rows < sheet.shape[0]))
    inside_columns = np.flatnonzero((columns >= 0) & (columns < sheet.shape[1]))
    image = np.zeros((rows.size, columns.size), sheet.dtype)
    if inside_rows.size and inside_columns.size:
        target = image[inside_rows[0] : inside_rows[-1] + 1, inside_columns[0] : inside_columns[-1] + 1]
        target[...] = np.take(np.take(sheet, rows[inside_rows], 0), columns[inside_columns], 1)
    return image


def soften(image: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
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
