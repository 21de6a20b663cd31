"""Kidneys, ureters and the bladder's neighbours above the pelvis."""

from typing import Final

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.abdomen import own_axes
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.shapes import curve
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

# Long axis up, in and back; then outwards and a little back.
_LONG: Final[Vector] = (-0.225, 0.170, 0.959)
_OUT: Final[Vector] = (0.829, 0.548, 0.097)
_ACROSS: Final[Vector] = (-0.509, 0.817, -0.264)
_URETER: Final[tuple[Vector, ...]] = (
    (40, 24, -250), (36, 14, -300), (42, 22, -345), (48, 40, -380), (30, 22, -412), (14, 12, -418)
)  # fmt: skip
_CENTRES: Final[tuple[Vector, Vector]] = ((61, 44, -203), (62, 42, -188))


def paint_kidneys(c: Canvas) -> None:
    """Paint both, the left one a little higher, with their ureters."""
    for side, centre in zip((c.mirrored(), c), _CENTRES, strict=True):
        low = (centre[0] - 50, centre[1] - 50, centre[2] - 68)
        high = (centre[0] + 50, centre[1] + 50, centre[2] + 68)
        for slab in side.box(low, high).slabs():
            _paint_kidney(slab, centre)
        _paint_pelvis(side, centre)


def _paint_kidney(c: Canvas, centre: Vector) -> None:
    out, across, long = own_axes(c, centre, (_OUT, _ACROSS, _LONG))
    bend = out + long * long * np.float32(0.0035)
    bumps = c.texture(20, 61) * np.float32(0.06)
    hull = (bend / 28) ** 2 + (across / 24) ** 2 + (long / 56) ** 2 + bumps
    c.paint(hull < 1, T.KIDNEY, (T.FAT, T.LIVER, T.SPLEEN, T.MUSCLE))
    sinus = ((bend + 15) / 22) ** 2 + (across / 10) ** 2 + (long / 33) ** 2 + c.texture(7, 62) * np.float32(0.25)
    # Pyramids: a ring of lumps between the sinus and the rind, apart by columns of cortex.
    lumps = np.abs(np.mod(long + 60, 17) - np.float32(8.5)) + np.abs(across) * np.float32(0.12)
    deep = (bend / 21) ** 2 + (across / 17.5) ** 2 + (long / 48) ** 2
    c.paint((deep < 1) & (lumps < 6), T.MEDULLA, (T.KIDNEY,))
    c.paint(sinus < 1, T.FAT, (T.KIDNEY, T.MEDULLA))


def _paint_pelvis(c: Canvas, centre: Vector) -> None:
    def place(out: float, across: float, long: float) -> Vector:
        x, y, z = (m + out * a + across * b + long * d for m, a, b, d in zip(centre, _OUT, _ACROSS, _LONG, strict=True))
        return x, y, z

    room = (T.FAT, T.KIDNEY, T.MEDULLA, T.MUSCLE)
    middle = place(-20, 0, -2)
    for long in (-26.0, -4.0, 20.0):
        c.path([place(2, 0, long * 1.15), place(-6, 0, long), middle], [3.2, 1.8, 4.0], T.URINE, room)
    c.path([place(-12, 0, 2), place(-24, 0, -6), place(-32, 0, -16)], [6, 6, 2.5], T.URINE, room)
    c.path(curve([place(-32, 0, -16), *_URETER]), 2.1, T.URINE, (T.FAT, T.MUSCLE))
