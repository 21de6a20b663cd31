"""What is burned into images: that they are synthetic, whose, which one of which series, and which way is left."""

import unicodedata
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from dicomfabd.domain.study import SeriesPlan, StudyPlan
from dicomfabd.domain.uids import derive_number

STAMP: Final = "SYNTHETIC - NOT FOR CLINICAL USE"
_WIDTH: Final = 6
_HEIGHT: Final = 12
_MARGIN: Final = 4

# A bitmap font: the same dots on every machine, which outlines drawn by FreeType do not promise.
_FONT = ImageFont.load_default_imagefont()

Mask = npt.NDArray[np.bool_]
Canvas = npt.NDArray[np.int16] | npt.NDArray[np.uint16] | npt.NDArray[np.uint8]


class Marks:
    """The marks of one series, as masks to lay over its images."""

    def __init__(self, plan: StudyPlan, series: SeriesPlan) -> None:
        """Draw what all images of the series share."""
        self._plan = plan
        self._series = series
        # Twice the size from 768 columns on keeps the text readable on a large image.
        self._scale = max(1, round(series.columns / 512))
        patient, order = plan.order.patient, plan.order
        stamp = tuple(wrap([STAMP], self._columns))
        identity = [
            f"{printable(patient.patient_name.split('=')[0])}  ID {patient.patient_id}",
            f"ACC {order.accession_number}",
        ]
        lines = (*stamp, *wrap(identity, self._columns))
        self._stamp = text_mask(stamp, self._scale)
        self._identity = text_mask(lines, self._scale)
        self._lines = len(lines), len(stamp)
        self._symbols = symbols_mask(symbols_of(series), self._scale)

    def lay_over(self, pixels: Canvas, index: int, value: int) -> None:
        """Write the marks into an image, in place.

        Args:
            pixels: Shape (rows, columns), or with a third axis for colours.
            index: Which image of the series, from 0.
            value: Stored value of the marks.
        """
        series, scale = self._series, self._scale
        names_patient = is_named(self._plan.burn_in, index)
        _put(pixels, self._identity if names_patient else self._stamp, _MARGIN, _MARGIN, value)
        number = text_mask((f"SE {series.number} IM {index + 1}/{series.images}",), scale)
        _put(pixels, number, _MARGIN + _HEIGHT * scale * self._lines[0 if names_patient else 1], _MARGIN, value)
        _put(pixels, self._symbols, series.rows - self._symbols.shape[0] - _MARGIN, _MARGIN, value)
        letters = self._orientation(index)
        if letters is None:
            return
        left, top = letters
        middle = series.rows // 2
        _put(pixels, text_mask((left,), scale), middle, _MARGIN, value)
        right = text_mask((_OPPOSITE[left],), scale)
        _put(pixels, right, middle, series.columns - right.shape[1] - _MARGIN, value)
        bottom = text_mask((_OPPOSITE[top],), scale)
        _put(pixels, bottom, series.rows - bottom.shape[0] - _MARGIN, series.columns // 2, value)

    @property
    def _columns(self) -> int:
        return max(8, (self._series.columns - 2 * _MARGIN) // (_WIDTH * self._scale))

    def _orientation(self, index: int) -> tuple[str, str] | None:
        """Give the letters of the left and the top edge, if the picture has any."""
        if not self._series.stacks:
            return _PROJECTED.get(self._series.plane) if self._series.kind in _WITH_LETTERS else None
        grid = self._series.place(index)[0].grid
        left = "A" if grid.row_direction[1] else "R"
        return left, "A" if grid.column_direction[1] else "H"


_WITH_LETTERS: Final = ("xray", "nm")
_PROJECTED: Final = {"frontal": ("R", "H"), "lateral": ("A", "H"), "top": ("R", "A")}
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


@lru_cache(maxsize=512)  # captions recur from study to study; names do not, and at full scale each is 100 kB
def text_mask(lines: tuple[str, ...], scale: int) -> Mask:
    """Give the dots of some lines of text; True where a dot is."""
    width = max(len(line) for line in lines) * _WIDTH + 2
    image = Image.new("1", (width, _HEIGHT * len(lines)), 0)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((1, number * _HEIGHT), printable(line), fill=1, font=_FONT)
    mask = np.asarray(image, bool)
    return mask.repeat(scale, 0).repeat(scale, 1)


def is_named(burn_in: str, index: int) -> bool:
    """Tell whether the patient is named on image `index`."""
    return burn_in == "all" or (burn_in == "first" and index == 0)


def symbols_of(series: SeriesPlan) -> tuple[str, ...]:
    """Give the names of the symbols in the corner of a series' images, which are unlike those of any other series.

    A person can compare them across two screens without reading a UID.
    """
    names = sorted(_SYMBOLS)
    number = derive_number("symbols", series.series_instance_uid)
    return tuple(names[(number >> shift) % len(names)] for shift in range(0, _SYMBOLS_SHOWN * 10, 10))


@lru_cache(maxsize=256)
def symbols_mask(names: tuple[str, ...], scale: int) -> Mask:
    """Give the dots of a row of symbols."""
    cells = []
    for name in names:
        cell = Image.new("1", (_SYMBOL, _SYMBOL), 0)
        draw = ImageDraw.Draw(cell)
        shape = _SYMBOLS[name]
        if isinstance(shape, str):
            draw.text((4, 1), shape, fill=1, font=_FONT)
        else:
            for polygon in shape:
                draw.polygon(polygon, fill=1)
        cells.append(np.asarray(cell, bool))
    return np.hstack(cells).repeat(scale, 0).repeat(scale, 1)


_SYMBOLS_SHOWN: Final = 6
_SYMBOL: Final = 14
_Polygons = tuple[tuple[tuple[int, int], ...], ...]
_SYMBOLS: Final[dict[str, str | _Polygons]] = {
    **{letter: letter for letter in "ABCDEFGHJKLMNPRSTUVWXYZ2345679"},
    "TRIANGLE": (((6, 1), (11, 11), (1, 11)),),
    "SQUARE": (((2, 2), (10, 2), (10, 10), (2, 10)),),
    "DIAMOND": (((6, 0), (12, 6), (6, 12), (0, 6)),),
    "OCTAGON": (((4, 1), (8, 1), (11, 4), (11, 8), (8, 11), (4, 11), (1, 8), (1, 4)),),
    "PENTAGON": (((6, 1), (11, 5), (9, 11), (3, 11), (1, 5)),),
    "CROSS": (((5, 1), (7, 1), (7, 11), (5, 11)), ((1, 5), (11, 5), (11, 7), (1, 7))),
    "ARROW": (((6, 0), (11, 6), (1, 6)), ((5, 6), (7, 6), (7, 12), (5, 12))),
    "HOURGLASS": (((1, 1), (11, 1), (6, 6)), ((6, 6), (11, 11), (1, 11))),
    "STAR": (((6, 0), (9, 8), (1, 3), (11, 3), (3, 8)), ((4, 4), (8, 4), (7, 7), (5, 7))),
    "FLAG": (((2, 0), (3, 0), (3, 12), (2, 12)), ((3, 0), (11, 3), (3, 6))),
}


def _put(pixels: Canvas, mask: Mask, row: int, column: int, value: int) -> None:
    target = pixels[row : row + mask.shape[0], column : column + mask.shape[1]]
    target[mask[: target.shape[0], : target.shape[1]]] = value
