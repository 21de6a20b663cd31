"""The face: orbits, jaws with teeth, tongue, muscles and glands, ears."""

from typing import Final

from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_TEETH: Final = (
    # x, y, half width, root length
    (4.0, -90.0, 3.9, 12.0),
    (11.0, -88.0, 3.3, 12.0),
    (17.0, -83.5, 3.7, 15.0),
    (21.0, -77.0, 3.4, 12.0),
    (23.5, -70.0, 3.4, 12.0),
    (25.5, -61.0, 4.8, 11.0),
    (27.0, -51.0, 4.7, 10.0),
    (28.0, -42.0, 4.3, 9.0),
)
"""The teeth of half a jaw, from the middle backwards."""


def paint_face(c: Canvas) -> None:
    """Paint the face around the cavities of the nose, which are painted later."""
    part = c.box((-90, -130, -135), (90, 45, 12))
    if not part.labels.size:
        return
    for half in (part, part.mirrored()):
        _muscles(half)
        _glands(half)
    _mouth(part)
    for half in (part, part.mirrored()):
        _upper_jaw(half)
        _lower_jaw(half)
    jaws = part.box((-72, -110, -130), (72, 10, -34))
    jaws.line_with(T.CORTICAL, T.SPONGY, 1.8)
    for half in (part, part.mirrored()):
        _teeth(half)
        _orbit(half)
        _ear(half)


def _muscles(c: Canvas) -> None:
    fat = (T.FAT,)
    c.ellipsoid((53, -40, -36), (7, 21, 30), T.MUSCLE, fat)
    c.ellipsoid((56, -30, -80), (6.5, 15, 30), T.MUSCLE, fat, turn=("x", 0.22))
    c.path([(19, -37, -60), (30, -30, -76), (41, -25, -102)], [6, 8.5, 5], T.MUSCLE, fat)
    c.path([(17, -42, -56), (32, -28, -54), (46, -12, -49)], [7, 10, 6], T.MUSCLE, fat)
    c.path([(24, -8, -48), (15, -26, -66)], [3, 3.5], T.MUSCLE, fat)
    c.path([(20, -76, -108), (27, -56, -106), (30, -36, -104)], [3, 3.5, 3], T.MUSCLE, fat)
    c.path([(36, -50, -90), (34, -72, -90), (22, -92, -90)], [3, 3, 2.5], T.MUSCLE, fat)
    c.path([(30, -90, -50), (24, -96, -70), (22, -96, -88)], [1.8, 1.8, 1.8], T.MUSCLE, fat)
    c.ellipsoid((10, -99, -90), (15, 4, 12), T.MUSCLE, fat)
    c.path([(46, 8, -66), (34, -20, -108), (20, -50, -116), (6, -80, -120)], [4, 3, 4, 4], T.MUSCLE, fat)


def _glands(c: Canvas) -> None:
    c.ellipsoid((60, -8, -68), (9, 12, 25), T.GLAND, (T.FAT,))
    c.ellipsoid((63, -24, -66), (5, 18, 14), T.GLAND, (T.FAT,))
    c.ellipsoid((36, -35, -112), (9.5, 16, 13), T.GLAND, (T.FAT,), turn=("z", 0.3))
    for x, y, z in ((30, -52, -116), (42, -22, -104), (45, -8, -98)):
        c.ellipsoid((x, y, z), (3, 4.5, 3), T.LYMPH, (T.FAT,))


def _mouth(c: Canvas) -> None:
    """Paint the tongue and the floor of the mouth below it, and what is soft in the nose."""
    c.path([(0, -97, -28), (0, -106, -46), (0, -112, -60)], [4, 7, 9], T.SOFT, (T.FAT,))
    c.ellipsoid((0, -58, -113), (27, 30, 8), T.MUSCLE, (T.FAT,))
    c.ellipsoid((0, -60, -93), (23, 27, 15), T.MUSCLE)
    c.ellipsoid((0, -39, -102), (20, 21, 19), T.MUSCLE)
    c.path([(0, -80, -108), (0, -62, -112), (0, -40, -114)], [7, 8, 8], T.MUSCLE)
    for side in (-1, 1):
        c.ellipsoid((side * 17, -66, -106), (4, 14, 5), T.GLAND, (T.MUSCLE, T.FAT))


def _upper_jaw(c: Canvas) -> None:
    c.path([(8, -90, -13), (30, -87, -9), (46, -76, -16)], [6, 5, 5], T.CORTICAL)
    c.path([(46, -76, -16), (48, -72, -30), (48, -74, -42)], [4.5, 3.5, 5], T.CORTICAL)
    c.path(
        [(44, -82, -43), (53, -70, -47), (64, -48, -46), (66, -22, -43), (60, -8, -40)], [6, 7, 3.4, 3, 4], T.CORTICAL
    )
    c.ellipsoid((29, -66, -57), (20, 22, 22), T.CORTICAL, boxy=0.3)
    c.path([(14, -88, -22), (16, -90, -44), (18, -88, -60)], [3, 3.5, 5], T.CORTICAL)
    c.path(
        [(0, -89, -80), (11, -86, -80), (20, -76, -80), (25, -60, -79), (27, -42, -78)],
        [6.5, 6.5, 6.5, 7, 7],
        T.CORTICAL,
    )
    c.ellipsoid((0, -66, -74), (26, 24, 3), T.CORTICAL)
    c.path([(3, -94, -20), (4, -101, -40)], [2.4, 2.0], T.CORTICAL)
    for x in (13, 19):
        c.path([(x, -42, -48), (x + 1, -38, -76)], [2.4, 1.6], T.CORTICAL)
    c.path([(44, 3, -48), (38, -6, -80)], [2.2, 1.4], T.CORTICAL)


def _lower_jaw(c: Canvas) -> None:
    c.ellipsoid((51, -4, -47), (9, 4.5, 5), T.CORTICAL)
    c.path([(50, -5, -50), (49, -9, -66), (48, -14, -96), (46, -22, -106)], [4.5, 4, 4, 5], T.CORTICAL)
    c.path([(46, -36, -52), (46, -34, -66), (44, -38, -92)], [1.5, 4, 5], T.CORTICAL)
    c.ellipsoid((47, -24, -84), (4.4, 17, 24), T.CORTICAL, boxy=0.5)
    low = [(46, -22, -104), (40, -46, -111), (27, -72, -115), (12, -88, -117), (0, -91, -117)]
    high = [(43, -34, -96), (31, -46, -100), (25, -64, -102), (13, -84, -104), (0, -88, -104)]
    for share in (0.0, 0.33, 0.67, 1.0):
        path = [tuple(a + (b - a) * share for a, b in zip(p, q, strict=True)) for p, q in zip(low, high, strict=True)]
        c.path([(x, y, z) for x, y, z in path], [6.5, 6.8, 6.5, 6.5, 7], T.CORTICAL)


def _teeth(c: Canvas) -> None:
    """Paint the teeth of one side, which meet at z = -93."""
    for number, (x, y, half, root) in enumerate(_TEETH):
        deep = half if number > 4 else 4.0
        for up in (-1, 1):
            inward = 1.0 if up < 0 else 0.0
            c.ellipsoid((x - 0.6 * inward, y + 2 * inward, -93 + up * 4.6), (half, deep, 4.8), T.TOOTH, boxy=0.5)
            ends = (-1.8, 1.8) if number > 4 else (0.0,)
            for end in ends:
                c.path(
                    [
                        (x - inward, y + 2 * inward, -93 + up * 8),
                        (x - 2 * inward, y + 3 * inward + end, -93 + up * (8 + root)),
                    ],
                    [2.6, 1.2],
                    T.TOOTH,
                )


def _orbit(c: Canvas) -> None:
    c.path([(31, -78, -27), (25, -58, -24), (13, -38, -19)], [20, 15.5, 5], T.CORTICAL, (T.FAT, T.MUSCLE, T.SPONGY))
    c.path(
        [(32, -92, -27), (31, -78, -27), (25, -59, -25), (12, -35, -18)],
        [17, 18, 14, 3.5],
        T.FAT,
        (T.CORTICAL, T.SPONGY, T.MUSCLE, T.FAT),
    )
    apex = (13, -39, -19)
    for start, middle in (
        ((19.5, -80, -27), (17, -64, -26)),
        ((43, -79, -27), (38, -62, -26)),
        ((31, -78, -15.5), (26, -60, -15)),
        ((31, -78, -38.5), (26, -60, -36)),
    ):
        c.path([start, middle, apex], [1.3, 2.4, 1.2], T.MUSCLE, (T.FAT,))
    c.path([(30, -68, -27), (24, -54, -25), (12, -36, -18), (3, -23, -8)], [2.6, 2.6, 2.2, 2.0], T.CSF, (T.FAT,))
    c.path([(30, -68, -27), (24, -54, -25), (12, -36, -18), (2, -22, -6)], [1.6, 1.6, 1.7, 2.0], T.NERVE)
    c.path([(2, -22, -6), (9, -12, -4), (15, -2, -6)], 1.6, T.NERVE, (T.CSF,))
    c.ellipsoid((31, -80, -27), (12.6, 12.4, 12.4), T.DURA)
    c.ellipsoid((31, -80, -27), (11.6, 11.4, 11.4), T.EYE)
    c.ellipsoid((31, -91, -27), (5.5, 3, 5.5), T.EYE)
    c.ellipsoid((31, -88, -27), (4.8, 2.1, 4.8), T.LENS)
    c.ellipsoid((43, -83, -19), (3, 6, 4), T.GLAND, (T.FAT,))


def _ear(c: Canvas) -> None:
    c.ellipsoid((73, 12, -30), (3.6, 18, 30), T.SKIN, (T.AIR, T.SKIN, T.FAT), turn=("z", -0.5))
    c.ellipsoid((73, 12, -27), (1.4, 14, 24), T.CARTILAGE, (T.SKIN,), turn=("z", -0.5))
    c.ellipsoid((75, 5, -34), (5, 5, 7), T.AIR, (T.SKIN, T.CARTILAGE, T.FAT))
