"""What is burned into every image: that it is synthetic, whose it is, which one it is, and which way is left."""

import unicodedata
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from dicomfabd.domain.study import SeriesPlan, StudyPlan

STAMP: Final = "SYNTHETIC - NOT FOR CLINICAL USE"
_WIDTH: Final = 6
_HEIGHT: Final = 12
_MARGIN: Final = 4

# A bitmap font: the same dots on every machine, which outlines drawn by FreeType do not promise.
_FONT = ImageFont.load_default_imagefont()

Mask = npt.NDArray[np.bool_]


class Marks:
    """The marks of one series, as masks to lay over its images."""

    def __init__(self, plan: StudyPlan, series: SeriesPlan) -> None:
        """Draw what all images of the series share."""
        self._plan = plan
        self._series = series
        # Twice the size from 512 columns on keeps the text readable on a large image.
        self._scale = max(1, round(series.columns / 512))
        patient = plan.order.patient
        self._lines = wrap(
            [
                STAMP,
                f"{printable(patient.patient_name.split('=')[0])}  ID {patient.patient_id}",
                f"ACC {plan.order.accession_number}",
            ],
            self._columns,
        )
        self._block = text_mask(tuple(self._lines), self._scale)

    def lay_over(self, pixels: npt.NDArray[np.int16] | npt.NDArray[np.uint16], index: int, value: int) -> None:
        """Write the marks into an image, in place.

        Args:
            pixels: Shape (rows, columns).
            index: Which image of the series, from 0.
            value: Stored value of the marks.
        """
        series = self._series
        step = _HEIGHT * self._scale
        _put(pixels, self._block, _MARGIN, _MARGIN, value)
        number = text_mask((f"SE {series.number} IM {index + 1}/{series.images}",), self._scale)
        _put(pixels, number, _MARGIN + step * len(self._lines), _MARGIN, value)
        left, top = self._orientation()
        middle = series.rows // 2
        _put(pixels, text_mask((left,), self._scale), middle, _MARGIN, value)
        right = text_mask((_OPPOSITE[left],), self._scale)
        _put(pixels, right, middle, series.columns - right.shape[1] - _MARGIN, value)
        bottom = text_mask((_OPPOSITE[top],), self._scale)
        _put(pixels, bottom, series.rows - bottom.shape[0] - _MARGIN, series.columns // 2, value)

    @property
    def _columns(self) -> int:
        return max(8, (self._series.columns - 2 * _MARGIN) // (_WIDTH * self._scale))

    def _orientation(self) -> tuple[str, str]:
        """Give the letters of the left and the top edge."""
        grid = self._series.grid
        if grid is None:
            return ("A", "H") if self._series.look == "lateral" else ("R", "H")
        left = "A" if grid.row_direction[1] else "R"
        return left, "A" if grid.column_direction[1] else "H"


_OPPOSITE: Final = {"R": "L", "A": "P", "H": "F", "L": "R", "P": "A", "F": "H"}


def printable(text: str) -> str:
    """Give a text in the letters the font has: Latin-1; others lose their accents or become a dot."""
    result = []
    for letter in unicodedata.normalize("NFC", text):
        if letter.isprintable() and ord(letter) < 256:
            result.append(letter)
        else:
            plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
            result.append(plain if plain and plain.isprintable() else ".")
    return "".join(result)


def wrap(lines: list[str], columns: int) -> list[str]:
    """Break lines at blanks so that none is longer than `columns`; words that are longer are cut."""
    result: list[str] = []
    for line in lines:
        current = ""
        for word in line.split():
            joined = f"{current} {word}".strip()
            if len(joined) > columns and current:
                result.append(current)
                joined = word
            while len(joined) > columns:
                result.append(joined[:columns])
                joined = joined[columns:]
            current = joined
        result.append(current)
    return result


@lru_cache(maxsize=4096)
def text_mask(lines: tuple[str, ...], scale: int) -> Mask:
    """Give the dots of some lines of text; True where a dot is."""
    width = max(len(line) for line in lines) * _WIDTH + 2
    image = Image.new("1", (width, _HEIGHT * len(lines)), 0)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((1, number * _HEIGHT), printable(line), fill=1, font=_FONT)
    mask = np.asarray(image, bool)
    return mask.repeat(scale, 0).repeat(scale, 1)


def _put(pixels: npt.NDArray[np.int16] | npt.NDArray[np.uint16], mask: Mask, row: int, column: int, value: int) -> None:
    target = pixels[row : row + mask.shape[0], column : column + mask.shape[1]]
    target[mask[: target.shape[0], : target.shape[1]]] = value
