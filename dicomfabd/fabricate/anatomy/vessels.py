"""The vessels of belly and pelvis, and those that branch inside lungs, liver and mesentery."""

from random import Random
from typing import Final

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.abdomen import depth_in_liver
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.figure import Figure
from dicomfabd.fabricate.anatomy.mediastinum import LEFT_ARTERY, RIGHT_ARTERY
from dicomfabd.fabricate.anatomy.shapes import Rods, curve, paint_rods, widths
from dicomfabd.fabricate.anatomy.spine import front_y
from dicomfabd.fabricate.anatomy.tissues import Tissue
from dicomfabd.fabricate.anatomy.tree import Branch, grow, scatter

T = Tissue

_ROOM: Final = (T.FAT, T.MUSCLE)
_FORK_Z: Final = -262.0
# Coeliac trunk to liver and spleen, superior and inferior mesenteric, renal arteries.
_BRANCHES: Final[Rods] = (
    (((9, 8, -136), (9, -4, -136), (7, -10, -136)), (4, 3.8, 3.6)),
    (((7, -10, -136), (-14, -16, -140), (-34, -8, -146), (-48, -18, -142)), (3.2, 2.8, 2.6, 2.4)),
    (
        ((7, -10, -136), (22, 0, -144), (36, 10, -148), (54, 22, -146), (74, 36, -138), (84, 42, -136)),
        (3.4, 3, 2.9, 2.8, 2.6, 2.4),
    ),
    (
        ((9, 8, -150), (7, -8, -158), (4, -16, -185), (2, -22, -215), (-2, -26, -250), (-18, -28, -285)),
        (4, 4, 3.8, 3.4, 3, 2),
    ),
    (((5, -3, -232), (14, 0, -250), (30, 2, -280)), (2, 1.8, 1.6)),
    (((8, 11, -178), (26, 32, -182), (44, 38, -186)), (3.2, 3, 2.8)),
    (((6, 11, -180), (-14, 40, -188), (-44, 42, -200)), (3.2, 3, 2.8)),
)
_RENAL_VEINS: Final[Rods] = (
    (((-18, 11, -186), (6, 4, -184), (26, 20, -186), (46, 34, -190)), (4, 3.6, 4.5, 4)),
    (((-22, 14, -196), (-36, 30, -200), (-46, 38, -204)), (4.5, 4.5, 4)),
)
# From the fork of the common iliac artery down the thigh.
_ILIAC: Final[tuple[Vector, ...]] = (
    (30, 26, -312), (62, -8, -362), (80, -48, -408), (84, -54, -430), (80, -48, -500), (70, -40, -640)
)  # fmt: skip
_PORTAL: Final[Rods] = (
    (((-20, -34, -285), (-12, -34, -250), (-10, -30, -215), (-12, -16, -184)), (3.5, 5, 5.6, 6.5)),
    (((80, 44, -142), (58, 31, -152), (28, 9, -164), (0, -6, -178), (-12, -16, -184)), (4, 4.4, 4.6, 5, 6)),
    (((-12, -16, -184), (-26, -14, -164), (-44, -14, -148), (-60, -8, -140)), (7, 7.2, 7, 6.5)),
    (((-52, -12, -144), (-34, -30, -130), (-12, -46, -124), (10, -58, -118)), (5, 4.5, 4.2, 3)),
)
_LIVER_STEMS: Final[tuple[tuple[Vector, ...], ...]] = (
    ((-60, -8, -140), (-78, -2, -142)), ((-26, 14, -94), (-62, 20, -106)), ((-26, 10, -92), (-44, -34, -106)),
    ((-24, 6, -90), (2, -30, -100)),
)  # fmt: skip


def paint_trunk_vessels(c: Canvas, figure: Figure) -> None:
    """Paint aorta and cava below the diaphragm with what leaves them; gut is painted later, over small ones."""
    box = c.box((-130, -120, -660), (130, 110, -60))
    _paint_cava(box, figure)
    _paint_aorta(box, figure)
    for side in (box, box.mirrored()):
        _paint_iliac(side, figure, is_left=side is box)


def _paint_aorta(c: Canvas, figure: Figure) -> None:
    down = [(11 - (-118 - z) * 0.055, front_y(figure, z) - 12, z) for z in (-118.0, -150.0, -185.0, -225.0, _FORK_Z)]
    c.path(curve(down), widths([10.5, 10, 9.5, 9, 8.5]), T.ARTERY, (*_ROOM, T.VEIN))
    paint_rods(c, _BRANCHES, T.ARTERY, (*_ROOM, T.VEIN, T.PANCREAS))


def _paint_cava(c: Canvas, figure: Figure) -> None:
    low = [(-19.0, front_y(figure, z) - 10, z) for z in (-274.0, -240.0, -205.0)]
    line = curve([*low, (-21, 20, -170), (-24, 16, -140), (-25, 14, -110), (-24, 8, -88), (-26, 0, -74)])
    c.stretched((0.82, 1, 1)).path([(x * 0.82, y, z) for x, y, z in line], 9.6, T.VEIN, (*_ROOM, T.LIVER, T.HEART))
    paint_rods(c, _RENAL_VEINS, T.VEIN, _ROOM)


def _paint_iliac(c: Canvas, figure: Figure, is_left: bool) -> None:
    """Both sides, except where artery and vein start."""
    fork: Vector = (3.0 if is_left else -3.0, front_y(figure, _FORK_Z) - 12, _FORK_Z + 2)
    common, *leg = _ILIAC
    c.path(curve([fork, *_ILIAC]), widths([7, 6, 5.2, 4.8, 4.6, 4, 3.6]), T.ARTERY, (*_ROOM, T.VEIN))
    c.path(curve([common, (42, 46, -345), (46, 52, -372)]), widths([4.5, 4, 2.5]), T.ARTERY, (*_ROOM, T.VEIN))
    start: Vector = (-19.0 if is_left else 19.0, front_y(figure, -274) - 9, -272.0)
    behind = [(x - 9 + i * 0.5, y + 8 - i, z) for i, (x, y, z) in enumerate((common, *leg))]
    c.path(curve([start, *behind]), widths([9, 7.5, 6.6, 6.2, 6, 5, 4]), T.VEIN, _ROOM)
    c.path(curve([behind[0], (40, 54, -345), (44, 58, -374)]), widths([5, 4.5, 3]), T.VEIN, _ROOM)


def paint_portal_vessels(c: Canvas, figure: Figure) -> None:
    """Paint the veins of gut and spleen, and those inside the liver."""
    box = c.box((-150, -120, -330), (110, 110, -60))
    paint_rods(box, _PORTAL, T.VEIN, (T.FAT, T.PANCREAS, T.LIVER))
    random = Random(figure.build.random.getrandbits(32))  # noqa: S311 - has to be the same each time
    if not box.labels.size:
        return
    goals = scatter(random, (-132, -88, -215), (70, 70, -82), 150, lambda place: depth_in_liver(figure, place))
    for number, stem in enumerate(_LIVER_STEMS):
        part = goals[number::4] + (goals[1::4][:10] if number == 0 else [])
        _paint_tree(box, grow(random, stem, part, 1.0), T.VEIN, (T.LIVER,))


def paint_mesentery(c: Canvas, figure: Figure) -> None:
    """Paint thin vessels through the fat between the loops; nothing but fat makes room for them."""
    box = c.box((-110, -110, -360), (110, 60, -190))
    random = Random(figure.build.random.getrandbits(32))  # noqa: S311 - has to be the same each time
    if not box.labels.size:
        return
    goals = scatter(random, (-80, -76, -340), (84, 2, -205), 110, lambda place: True)
    for number, tissue in enumerate((T.ARTERY, T.VEIN)):
        stem = [(2 - number * 10.0, -24.0, -215.0), (-4 - number * 10.0, -28.0, -255.0)]
        _paint_tree(box, grow(random, stem, goals[number::2], 0.75), tissue, (T.FAT,))


def paint_lung_vessels(c: Canvas, figure: Figure) -> None:
    """Paint arteries and veins of the lungs to their edges."""
    box = c.box((-150, -110, -150), (150, 110, 140))
    random = Random(figure.build.random.getrandbits(32))  # noqa: S311 - has to be the same each time
    if not box.labels.size:
        return
    for sign, trunk, count in ((-1, RIGHT_ARTERY, 1500), (1, LEFT_ARTERY, 1350)):
        low, high = (min(sign * 22.0, sign * 140.0), -95.0, -140.0), (max(sign * 22.0, sign * 140.0), 95.0, 135.0)
        goals = scatter(random, low, high, count, lambda place: figure.is_lung(place, 6))
        hilum = trunk[3]
        arteries = [goal for i, goal in enumerate(goals) if i % 5 < 3]
        veins = [goal for i, goal in enumerate(goals) if i % 5 >= 3]
        _paint_tree(box, grow(random, trunk[2:], arteries, 0.95), T.PULMONARY, (T.LUNG, T.AIRWAY))
        root = [(sign * 34.0, 10.0, -10.0), (hilum[0] + sign * 4, 4.0, -6.0)]
        _paint_tree(box, grow(random, root, veins, 0.85), T.PULMONARY, (T.LUNG, T.AIRWAY))


def _paint_tree(c: Canvas, branches: list[Branch], tissue: Tissue, inside: tuple[Tissue, ...]) -> None:
    thinnest, bottom, top = c.voxel_mm * 0.45, float(c.z[0, 0, 0]), float(c.z[-1, 0, 0])
    for branch in branches:
        first, last = max(branch.first_mm, thinnest), max(branch.last_mm, thinnest)
        reach, low, high = max(first, last), min(branch.start[2], branch.end[2]), max(branch.start[2], branch.end[2])
        # Most lie outside a small window; to see that here is much cheaper than to paint nothing.
        if low - reach < top and high + reach > bottom:
            c.tube(branch.start, branch.end, first, tissue, inside, last / first)
