"""The tone of a radiograph: how bright a pixel is for how much the rays were weakened, all in integers."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from dicomfabd.domain.study import SeriesPlan
from dicomfabd.fabricate.modalities.projections import Shadow, resized
from dicomfabd.fabricate.noise import crop

HIGHEST: Final = 4095

_DARKEST: Final = 350  # of the body; the air around it is black
_HEADROOM: Final = 150
_TONES: Final = 1 << 16
_TONE_STEPS: Final = 3  # eighths: tones of 12 bits times 8 fit in 16


@dataclass(frozen=True)
class Film:
    """How a projection is exposed.

    Attributes:
        typical: The median attenuation of the body.
        thin: Tone of its thinnest parts, which are darkest.
        thick: Tone of its densest, which are white.
    """

    typical: int
    thin: int
    thick: int

    @classmethod
    def of(cls, rays: Shadow) -> Self:
        """Measure a projection."""
        inside = np.sort(rays[rays > 0])
        if not inside.size:
            return cls(1, 0, 1)
        typical = max(1, int(inside[inside.size // 2]))
        tones = _tone(inside, typical)
        return cls(typical, int(tones[tones.size // 25]), int(tones[-(tones.size // 300 + 1)]))


def developed(rays: Shadow, film: Film) -> npt.NDArray[np.int16]:
    """Give the tones of a projection, 0 to 4095; where nothing weakened the rays it is black.

    Film density follows attenuation in a curve that is steep for thin parts and flat for thick ones; n/(n+k) is one
    without transcendental functions, so that it is the same on every machine.
    """
    tones = _tone(rays, film.typical)
    tones -= film.thin
    tones *= HIGHEST - _DARKEST - _HEADROOM
    tones //= max(1, film.thick - film.thin)
    tones += _DARKEST
    tones[rays <= 0] = 0
    return np.clip(tones, 0, HIGHEST).astype(np.int16)


def exposed(rays: Shadow, series: SeriesPlan, index: int) -> npt.NDArray[np.uint16]:
    """Give a projection as the detector of a series sees it: uint16, shape (rows, columns), 12 bits, with its noise."""
    pixels = resized(developed(rays, Film.of(rays)), series.rows, series.columns, _TONE_STEPS)
    pixels += crop(series.noise, series.kernel, series.rows, series.columns, series.seed + index)
    np.clip(pixels, 0, HIGHEST, out=pixels)
    return pixels.view(np.uint16)


def _tone(attenuation: Shadow, typical: int) -> npt.NDArray[np.int64]:
    """Give n/(n+k) in 1/65536."""
    return attenuation.astype(np.int64) * _TONES // (attenuation + typical)
