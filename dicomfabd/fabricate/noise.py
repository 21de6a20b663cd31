"""Scanner noise from integer arithmetic: the same on every machine, and cheap because it is cropped, not drawn."""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

_EDGE: Final = 1024
_SEED: Final = 20


@cache
def _bank(sigma: int) -> npt.NDArray[np.int16]:
    """A square of noise with a standard deviation of about `sigma`, slightly smooth as reconstruction makes it."""
    # Raw generator output is stable across versions of numpy, distributions are not promised to be.
    raw = np.random.PCG64(_SEED).random_raw(_EDGE * _EDGE)
    halves = (raw & 0xFFFF) + (raw >> 16 & 0xFFFF) + (raw >> 32 & 0xFFFF) + (raw >> 48)
    centred = halves.astype(np.int64).reshape(_EDGE, _EDGE) - 2 * 0xFFFF
    smooth = 2 * centred + np.roll(centred, 1, 0) + np.roll(centred, 1, 1)
    # Four uniform 16 bit numbers add up to a standard deviation of 37837; the smoothing makes it 92681.
    bank: npt.NDArray[np.int16] = (smooth * sigma // 92681).astype(np.int16)
    bank.setflags(write=False)
    return bank


def crop(sigma: int, rows: int, columns: int, key: int) -> npt.NDArray[np.int16]:
    """Give noise for one image; the same key gives the same noise.

    Args:
        sigma: Standard deviation in stored values.
        rows: Height, any.
        columns: Width, any.
        key: Any number of at least 0.
    """
    bank = _bank(sigma)
    mixed = key * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    if rows <= _EDGE and columns <= _EDGE:
        y, x = (mixed >> 20) % (_EDGE - rows + 1), (mixed >> 42) % (_EDGE - columns + 1)
        return bank[y : y + rows, x : x + columns]
    shifted = np.roll(bank, ((mixed >> 20) % _EDGE, (mixed >> 42) % _EDGE), (0, 1))
    return np.tile(shifted, (-(-rows // _EDGE), -(-columns // _EDGE)))[:rows, :columns]
