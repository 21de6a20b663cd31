"""A contact sheet: one picture of each study, small enough that a person looks at all of them in a minute."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.marks import text_mask
from dicomfabd.fabricate.modalities.recipe import Pixels
from dicomfabd.fabricate.study import DOCUMENTS, RECIPES

_EDGE: Final = 240
_COLUMNS: Final = 10
_CAPTION: Final = 14
_WHITE: Final = 255

Tile = npt.NDArray[np.uint8]


def write_sheet(studies: Iterable[tuple[str, StudyPlan]], bodies: Bodies, path: Path) -> None:
    """Draw the most telling image of each study, with its name below, and write them as one PNG."""
    tiles = [_tile(name, plan, bodies) for name, plan in studies]
    blank = np.zeros((_EDGE + _CAPTION, _EDGE, 3), np.uint8)
    tiles += [blank] * (-len(tiles) % _COLUMNS)
    rows = [np.hstack(tiles[start : start + _COLUMNS]) for start in range(0, len(tiles), _COLUMNS)]
    Image.fromarray(np.vstack(rows)).save(path, "PNG")


def picture(pixels: Pixels, series: SeriesPlan) -> Tile:
    """Give an image as a screen shows it: uint8, shape (rows, columns, 3), windowed; the middle frame of several."""
    frame = pixels[series.frames // 2] if series.frames > 1 else pixels
    if frame.ndim == 2:
        centre, width = series.window
        low = centre - width / 2
        grey = np.clip((frame.astype(np.float64) - low) * _WHITE / width, 0, _WHITE).astype(np.uint8)
        frame = np.repeat(grey[:, :, None], 3, 2)
    return np.ascontiguousarray(frame, np.uint8)


def _tile(name: str, plan: StudyPlan, bodies: Bodies) -> Tile:
    series = _most_telling(plan)
    recipe = RECIPES[series.kind](plan, series, bodies)
    shown = Image.fromarray(picture(recipe.render(series.images // 2), series))
    shown.thumbnail((_EDGE - 2, _EDGE - 2), Image.Resampling.LANCZOS)
    tile = Image.new("RGB", (_EDGE, _EDGE + _CAPTION))
    tile.paste(shown, ((_EDGE - shown.width) // 2, (_EDGE - shown.height) // 2))
    pixels = np.array(tile)
    mask = text_mask((name,), 1)[:_CAPTION, :_EDGE]
    pixels[_EDGE : _EDGE + mask.shape[0], : mask.shape[1]][mask] = _WHITE
    return pixels


def _most_telling(plan: StudyPlan) -> SeriesPlan:
    """Give the first series of the ordered modality that is neither a scout nor a localizer, if there is one."""
    drawn = [item for item in plan.series if item.kind not in DOCUMENTS]
    drawn.sort(key=lambda item: item.modality != plan.order.modality)
    return next(
        (item for item in drawn if not item.plane.startswith("scout") and item.key != "localizer"),
        drawn[0],
    )
