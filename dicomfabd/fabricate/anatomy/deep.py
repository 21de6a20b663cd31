"""The middle of the brain: callosum, ventricles, deep grey matter. All counts from the anterior commissure."""

from typing import Final

from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_BRAIN: Final = (T.GREY, T.WHITE, T.CSF, T.DEEP_GREY)
_CALLOSUM: Final = (
    ((-10, -3), 1.0),
    ((-22, -5), 1.6),
    ((-30, 0), 3.2),
    ((-31, 8), 4.3),
    ((-26, 16), 4.2),
    ((-16, 22), 3.4),
    ((-2, 25), 3.1),
    ((14, 25.5), 2.8),
    ((28, 22), 3.0),
    ((38, 15), 4.8),
    ((38, 8), 4.4),
)
"""Where the callosum runs in the middle plane (y, z), rostrum to splenium, and half its thickness."""


def paint_deep(b: Canvas, swelling: float) -> None:
    """Paint the middle of the cerebrum; `swelling` is how wide the ventricles are beside average ones."""
    part = b.box((-45, -50, -32), (45, 80, 40))
    if not part.labels.size:
        return
    # Both sides first: what lies in the middle plane is painted over them.
    for half in (part, part.mirrored()):
        _deep_grey(half)
    part.ellipsoid((0, -9, 12), (3.4, 17, 10), T.CSF, _BRAIN)
    _callosum(part)
    for half in (part, part.mirrored()):
        _lateral_ventricle(half, swelling)
        _around_ventricle(half)
    _third_ventricle(part, swelling)


def _deep_grey(b: Canvas) -> None:
    """Paint the white core of one hemisphere and the nuclei in it."""
    b.ellipsoid((19.5, 3, 6), (16, 27, 16), T.WHITE, (T.GREY, T.CSF))
    b.ellipsoid((26, 1, 2), (5.2, 16.5, 11.5), T.GREY, _BRAIN, turn=("z", -0.22))
    b.ellipsoid((19.5, 3, 0), (4.4, 9.5, 7.5), T.DEEP_GREY, _BRAIN, turn=("z", -0.42))
    b.ellipsoid((10, 17, 7), (7.6, 15, 8.5), T.DEEP_GREY, _BRAIN, turn=("z", -0.30))
    b.ellipsoid((16, 29, 5), (6.5, 6.5, 6), T.DEEP_GREY, _BRAIN)
    b.ellipsoid((5.5, 19, -10), (3.0, 3.0, 4.0), T.DEEP_GREY, _BRAIN)
    # Hippocampus and amygdala, beside them the temporal horn.
    b.path([(21, 4, -19), (25, 12, -17), (28, 24, -12), (27, 34, -3)], [6.5, 5, 4, 3], T.GREY, _BRAIN)
    b.path([(24, 12, -20), (28, 26, -14)], [2.4, 2.0], T.WHITE, (T.GREY,))


def _callosum(b: Canvas) -> None:
    points, radii = [point for point, _ in _CALLOSUM], [radius for _, radius in _CALLOSUM]
    for step in range(-5, 6):
        x = step * 2.6
        # The fibres of the knee sweep forwards and those of the splenium backwards.
        path = [(x, y + (0.022 * x * x if y > 30 else -0.022 * x * x if y < -15 else 0), z) for y, z in points]
        b.path(path, radii, T.WHITE, _BRAIN)


def _lateral_ventricle(b: Canvas, swelling: float) -> None:
    def size(*radii: float) -> list[float]:
        return [radius * swelling for radius in radii]

    tissues = (*_BRAIN, T.DURA)
    b.ellipsoid((9.5, -20, 11), (4.0 * swelling, 11, 8), T.CSF, tissues, turn=("z", 0.45))
    b.path([(6, -12, 15), (5.6, 2, 18), (8.5, 14, 19), (16, 27, 17)], size(4.5, 4.0, 3.8, 4.2), T.CSF, tissues)
    b.path([(10, 0, 20), (13, 14, 21), (18, 26, 19)], size(3.2, 3.2, 3.4), T.CSF, tissues)
    b.path([(16, 27, 17), (24, 37, 11), (26, 42, 7)], size(4.4, 5.6, 5.0), T.CSF, tissues)
    b.path([(25, 44, 8), (25, 56, 7), (23, 68, 6)], size(4.4, 2.6, 1.0), T.CSF, tissues)
    b.path([(27, 40, 5), (32, 34, -4), (33, 22, -13), (32, 8, -18)], size(4.2, 2.6, 1.8, 1.9), T.CSF, tissues)
    b.ellipsoid((24.5, 38, 9), (2.6, 5, 4), T.GREY, (T.CSF,))
    b.ellipsoid((24.5, 38.5, 8), (1.5, 2.2, 1.6), T.CALCIUM, (T.GREY,))


def _around_ventricle(b: Canvas) -> None:
    """Paint the caudate nucleus, which bulges into the ventricle, and the septum in the middle."""
    b.ellipsoid((14.5, -14, 7), (5.2, 11, 9), T.GREY, _BRAIN, turn=("z", 0.35))
    b.path(
        [(15, -6, 14), (16, 6, 17), (19, 18, 16), (22, 27, 12)], [4, 3, 2.4, 1.6], T.GREY, (T.WHITE, T.DEEP_GREY, T.CSF)
    )
    b.path(
        [(1.2, 0, 0), (1.6, -3, 8), (2.0, 4, 14), (3.5, 18, 15.5), (12, 32, 11)],
        [1.4, 1.6, 1.8, 2.0, 1.8],
        T.WHITE,
        _BRAIN,
    )
    septum = b.box((-1, -27, 3), (0.85, 16, 26))
    septum.paint((septum.z > 3) & (septum.x < 0.85), T.GREY, (T.CSF,))


def _third_ventricle(b: Canvas, swelling: float) -> None:
    wide = 1.7 * swelling
    b.ellipsoid((0, 14, 1), (wide, 12.5, 8.5), T.CSF, _BRAIN)
    b.path([(0, 4, -6), (0, 3, -12)], [wide, 1.2], T.CSF, _BRAIN)
    b.ellipsoid((0, 13, 4), (3, 5, 3.5), T.DEEP_GREY, (T.CSF,))
    b.path([(0, 2, -9), (0, 11, -9.5), (0, 20, -7)], [2, 2.8, 2.2], T.GREY, _BRAIN)
    b.tube((-14, 0, 0), (14, 0, 0), 1.5, T.WHITE, _BRAIN)
    b.ellipsoid((0, 30, 0.5), (3.2, 5, 3), T.GREY, (*_BRAIN, T.DURA))
    b.ellipsoid((0, 31, 0.5), (1.6, 2.2, 1.4), T.CALCIUM, (T.GREY,))
