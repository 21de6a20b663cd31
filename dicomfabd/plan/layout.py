"""Where the images of a series lie, how many they are and how large: geometry in the patient, in millimetres."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dicomfabd.domain.study import BodyPlan, Grid, Shot, Stack, Vector
from dicomfabd.plan.protocol import DOCUMENTS, Kind, Plane, Scale, SeriesProtocol, default_look


@dataclass(frozen=True, slots=True)
class Size:
    """What a scale makes of a study.

    Attributes:
        divisor: Of the matrix.
        multiple: Of the step between cross-sections, so that there are fewer.
        voxel: Multiple of the edge of the body's voxels.
        fewer: Divisor of frames and of pictures aimed by hand.
    """

    divisor: int
    multiple: int
    voxel: float
    fewer: int


SIZES: Final[Mapping[Scale, Size]] = {
    "full": Size(1, 1, 1.0, 1),
    "small": Size(2, 2, 1.5, 2),
    "tiny": Size(4, 6, 3.5, 6),
}

_SMALLEST_MATRIX: Final = 128  # the burned-in marks stay readable
_LEAST_FRAMES: Final = 4
_FILLED: Final = 0.9  # of the body's length, by the cross-sections of a series
_PAGE_ROWS: Final = 512


@dataclass(frozen=True, slots=True)
class Layout:
    """The geometry of a series."""

    images: int
    rows: int
    columns: int
    spacing: float
    frames: int = 1
    stacks: tuple[Stack, ...] = ()
    shots: tuple[Shot, ...] = ()


def lay_out(item: SeriesProtocol, kind: Kind, body: BodyPlan, size: Size) -> Layout:
    """Give the geometry of a series of a body at a scale."""
    if kind in DOCUMENTS:
        return Layout(1, 0, 0, 0.0)
    if kind in ("ct", "mr", "pt"):
        return _cross_sections(item, kind, body, size)
    if kind in ("xray", "mg"):
        return _projection(item, body, size)
    if kind in ("us", "us-clip", "xa", "rf"):
        return _aimed(item, kind, size)
    if kind in ("nm", "nm-tomo"):
        return _scintigram(item, kind, body, size)
    rows = max(_SMALLEST_MATRIX * 2, _PAGE_ROWS // size.divisor)
    return Layout(1, rows, rows, 0.0)


def _cross_sections(item: SeriesProtocol, kind: Kind, body: BodyPlan, size: Size) -> Layout:
    rows = max(_SMALLEST_MATRIX, item.matrix // size.divisor)
    planes = (item.plane, *item.also)
    edge = item.field * max(body.stature) if item.field else max(max(_edges(plane, body.size)[:2]) for plane in planes)
    spacing = round(edge / rows, 4)
    look = item.look or default_look(kind)
    stacks = tuple(
        _stack(item, plane, body, spacing, rows, size, stack_look, varying)
        for plane in planes
        for stack_look, varying in _weightings(item, look)
    )
    return Layout(sum(stack.images for stack in stacks), rows, rows, spacing, stacks=stacks)


def _weightings(item: SeriesProtocol, look: str) -> list[tuple[str, Mapping[str, str]]]:
    if not item.b_values:
        return [(look, {})]
    return [("dwi-b0" if b == 0 else look, {"SequenceName": f"ep_b{b}"}) for b in item.b_values]


def _stack(
    item: SeriesProtocol,
    plane: Plane,
    body: BodyPlan,
    spacing: float,
    rows: int,
    size: Size,
    look: str,
    varying: Mapping[str, str],
) -> Stack:
    through = _edges(plane, body.size)[2]
    step = round(item.step * size.multiple, 4)
    if plane.startswith("scout"):
        images = 1
    elif item.images:
        images = max(1, item.images // size.multiple)
    else:
        span = item.span * body.stature[2] if item.span else through * _FILLED
        images = max(2, int(span // step))
    x, y, z = _offset(item.at, body)
    half = spacing * (rows - 1) / 2
    first = -step * (images - 1) / 2
    width, depth, _ = body.size
    grids = {
        "axial": Grid((x - half, y - half, z + first), (1, 0, 0), (0, 1, 0), (0, 0, step)),
        "coronal": Grid((x - half, y + first, z + half), (1, 0, 0), (0, 0, -1), (0, step, 0)),
        "sagittal": Grid((x - first, y - half, z + half), (0, 1, 0), (0, 0, -1), (-step, 0, 0)),
        "scout": Grid((-half, -depth / 2, half), (1, 0, 0), (0, 0, -1), (0, step, 0)),
        "scout-lateral": Grid((width / 2, -half, half), (0, 1, 0), (0, 0, -1), (-step, 0, 0)),
    }
    return Stack(grids[plane], images, plane if plane.startswith("scout") else look, varying)


def _edges(plane: Plane, size: Vector) -> tuple[float, float, float]:
    """Give how far a body reaches across an image, down it, and through the stack."""
    width, depth, height = size
    return {
        "axial": (width, depth, height),
        "coronal": (width, height, depth),
        "scout": (width, height, depth),
        "sagittal": (depth, height, width),
        "scout-lateral": (depth, height, width),
        "frontal": (width, height, depth),
        "lateral": (depth, height, width),
        "oblique": ((width + depth) * 0.7, height, depth),
        "top": (width, depth, height),
        "cc": (depth, width, height),
        "mlo": (depth, height, width),
    }[plane]


def _offset(at: Vector | None, body: BodyPlan) -> Vector:
    if at is None:
        return 0.0, 0.0, 0.0
    x, y, z = (
        round((place - middle) * factor, 4) for place, middle, factor in zip(at, body.centre, body.stature, strict=True)
    )
    return x, y, z


def _projection(item: SeriesProtocol, body: BodyPlan, size: Size) -> Layout:
    across, down, _ = _edges(item.plane, body.size)
    rows = max(_SMALLEST_MATRIX, item.matrix // size.divisor)
    return Layout(1, rows, round(rows * across / down / 2) * 2, round(down / rows, 4))


def _aimed(item: SeriesProtocol, kind: Kind, size: Size) -> Layout:
    rows = max(_SMALLEST_MATRIX, item.matrix // size.divisor)
    columns = rows if kind in ("xa", "rf") else rows * 4 // 3
    shots = item.shots[:: size.fewer] or item.shots
    spacing = round((item.field or 200.0) / rows, 4)
    return Layout(
        len(shots),
        rows,
        columns,
        spacing,
        _fewer_frames(item.frames, size),
        shots=tuple(Shot(shot.name, shot.at, shot.plane, shot.depth) for shot in shots),
    )


def _scintigram(item: SeriesProtocol, kind: Kind, body: BodyPlan, size: Size) -> Layout:
    rows = max(_SMALLEST_MATRIX, item.matrix // size.divisor)
    width, _, height = body.size
    if kind == "nm-tomo":
        edge = item.field or max(body.size)
        spacing = round(edge / rows, 4)
        stack = _stack(item, item.plane, body, spacing, rows, size, item.look, {})
        return Layout(1, rows, rows, spacing, stack.images, (stack,))
    # Two heads: one frame from the front, one from the back.
    across = rows if item.field else max(64, round(rows * width / height / 2) * 2)
    return Layout(1, rows, across, round((item.field or height) / rows, 4), 2)


def _fewer_frames(frames: int, size: Size) -> int:
    return max(min(frames, _LEAST_FRAMES), frames // size.fewer)
