"""Scanner noise from integer arithmetic: the same on every machine, and cheap because it is cropped, not drawn."""

from functools import cache
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

_EDGE: Final = 1024
_SEED: Final = 20
# Four uniform 16 bit numbers add up to a standard deviation of 37837; each filter multiplies it by the root of the sum
# of its squared weights.
_SPREAD: Final = {"soft": 227022, "sharp": 84606}

Kernel = Literal["soft", "sharp"]
Noise = npt.NDArray[np.int16]


@cache
def _bank(sigma: int, kernel: Kernel) -> Noise:
    """A square of noise with a standard deviation of about `sigma`; it wraps round."""
    # Raw generator output is stable across versions of numpy, distributions are not promised to be.
    quarters = np.random.PCG64(_SEED).random_raw(_EDGE * _EDGE).view(np.uint16).reshape(-1, 4)
    # 32 bits hold the filtered sums times the largest standard deviation in use, and are twice as fast as 64.
    grain = quarters[:, 0].astype(np.int32)
    for quarter in range(1, 4):
        grain += quarters[:, quarter]
    grain -= 2 * 0xFFFF
    grain = grain.reshape(_EDGE, _EDGE)
    grain = _smooth(grain) if kernel == "soft" else 2 * grain - np.roll(grain, (1, 1), (0, 1))
    grain *= sigma
    grain //= _SPREAD[kernel]
    bank = grain.astype(np.int16)
    bank.setflags(write=False)
    return bank


def _smooth(grain: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Filter with [1 2 1] both ways, wrapping round."""
    for axis in (0, 1):
        filtered = grain << 1
        filtered += np.roll(grain, 1, axis)
        filtered += np.roll(grain, -1, axis)
        grain = filtered
    return grain


def crop(sigma: int, kernel: Kernel, rows: int, columns: int, key: int) -> Noise:
    """Give noise for one image; the same key gives the same noise.

    Args:
        sigma: Standard deviation in stored values.
        kernel: `soft` as a smooth reconstruction has it, `sharp` as an edge enhancing one.
        rows: Height, any.
        columns: Width, any.
        key: Any number of at least 0.
    """
    bank = _bank(sigma, kernel)
    mixed = key * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    if rows <= _EDGE and columns <= _EDGE:
        y, x = (mixed >> 20) % (_EDGE - rows + 1), (mixed >> 42) % (_EDGE - columns + 1)
        return bank[y : y + rows, x : x + columns]
    shifted = np.roll(bank, ((mixed >> 20) % _EDGE, (mixed >> 42) % _EDGE), (0, 1))
    return np.tile(shifted, (-(-rows // _EDGE), -(-columns // _EDGE)))[:rows, :columns]
