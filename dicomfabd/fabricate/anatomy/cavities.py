"""Air in the head: nose and its sinuses, ears, throat; and the bones of the skull's base around it."""

from random import Random
from typing import Final

import numpy as np

from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_BONE: Final = (T.CORTICAL, T.SPONGY)


def paint_base(c: Canvas) -> None:
    """Paint sphenoid, clivus and temporal bones into what is there of the skull's floor."""
    part = c.box((-75, -60, -75), (75, 45, 0))
    if not part.labels.size:
        return
    part.path([(0, -50, -26), (0, -22, -30)], [12, 12], T.CORTICAL, (T.FAT, T.MUSCLE, T.SPONGY, T.CSF))
    for tissue, thinner, inside in ((T.CORTICAL, 0.0, ()), (T.MARROW, 1.5, (T.CORTICAL, T.MARROW))):
        for side in (-1, -0.5, 0, 0.5, 1):
            clivus = [(side * 5, -11.5, -21), (side * 9, -9, -32), (side * 12, 0, -48)]
            part.path(clivus, [3 - thinner, 6 - thinner, 5 - thinner], tissue, inside)
    part.ellipsoid((0, -17.5, -20), (7, 5.5, 5), T.CSF, (*_BONE, T.MARROW))
    part.ellipsoid((0, -17.5, -21.5), (6.5, 4.6, 3.6), T.GLAND)
    part.path([(0, -17, -19), (0, -14, -8)], 1.0, T.GLAND, (T.CSF,))
    for half in (part, part.mirrored()):
        _temporal_bone(half)


def _temporal_bone(c: Canvas) -> None:
    solid = (T.FAT, T.MUSCLE, T.SPONGY, T.CORTICAL)
    c.ellipsoid((53, 16, -50), (10, 13, 20), T.CORTICAL, solid)
    c.ellipsoid((53, 16, -50), (8.6, 11.6, 18.6), T.SPONGY, (T.CORTICAL,))
    c.path([(52, 17, -40), (34, 7, -37), (13, -7, -35)], [13, 10, 5.5], T.CORTICAL, solid)
    c.ellipsoid((17, 18, -50), (6, 10, 5), T.CORTICAL, solid)
    # Air cells of the mastoid: bubbles of a random field.
    cells = c.box((40, 4, -68), (66, 32, -26))
    bubbles = cells.texture(4.6, 81)

    place = ((cells.x - 53) / 11) ** 2 + ((cells.y - 18) / 12) ** 2 + ((cells.z + 46) / 19) ** 2
    cells.paint((bubbles > 0.02) & (place < 0.85), T.GAS, _BONE)
    c.path([(45, 6, -35), (60, 6, -34), (78, 6, -34)], [4.6, 5, 5.5], T.CORTICAL, (T.FAT, T.SPONGY, T.MUSCLE, T.GAS))
    c.path([(43, 6, -35), (60, 6, -34), (84, 6, -34)], [3.2, 3.0, 3.6], T.GAS)
    c.ellipsoid((40, 7, -33), (3, 5, 6), T.GAS)
    c.ellipsoid((42, 12, -28), (3.5, 5, 3.5), T.GAS)
    _inner_ear(c)


def _inner_ear(c: Canvas) -> None:
    c.path([(13, 9, -34), (24, 8, -34)], [3.2, 2.4], T.CSF, (T.CORTICAL, T.SPONGY))
    c.ellipsoid((28, 2, -37), (3.6, 3.2, 2.6), T.FLUID, (T.CORTICAL,))
    c.ellipsoid((32, 10, -34), (2, 3, 2.4), T.FLUID, (T.CORTICAL,))
    loop = [(32, 8, -33), (33, 11, -28), (35, 15, -29), (35, 15, -34), (32, 11, -35)]
    c.path(loop, 0.9, T.FLUID, (T.CORTICAL,))
    c.path([(33, 12, -34), (37, 15, -33), (39, 11, -33), (34, 9, -33)], 0.9, T.FLUID, (T.CORTICAL,))
    c.path([(12, 8, -33), (24, 8, -34)], 0.9, T.NERVE, (T.CSF,))


def paint_nose(c: Canvas, random: Random) -> None:
    """Paint the cavity of the nose and the sinuses, lined with mucosa."""
    part = c.box((-45, -128, -85), (45, -12, 20))
    left = [random.uniform(0.85, 1.1) for _ in range(4)]
    right = [random.uniform(0.85, 1.1) for _ in range(4)]
    bend = random.uniform(-0.9, 0.9)
    if not part.labels.size:
        return
    for half, sizes in ((part, left), (part.mirrored(), right)):
        _sinuses(half, sizes)
        _ethmoid(half)
    _nasal_cavity(part)
    part.path([(0, -110, -54), (bend, -90, -52), (0, -48, -54)], [1.0, 1.0, 1.0], T.CARTILAGE, ())
    septum = part.box((-6, -112, -74), (6, -42, -28))
    place = ((septum.y + 76) / 36) ** 2 + ((septum.z + 50) / 24) ** 2
    middle = bend * (1 - ((septum.y + 78) / 34) ** 2)
    septum.paint((place < 1) & (np.abs(septum.x - middle) < 1.2), T.CARTILAGE, (T.GAS, T.MUCOSA, T.FAT, T.CORTICAL))
    for half in (part, part.mirrored()):
        _turbinates(half)


def _sinuses(c: Canvas, sizes: list[float]) -> None:
    hollow = (T.CORTICAL, T.SPONGY, T.FAT, T.MUSCLE, T.MARROW, T.GLAND, T.MUCOSA)
    wide, deep, tall, front = sizes
    c.ellipsoid((30, -64, -56), (17 * wide, 19 * deep, 18.5 * tall), T.MUCOSA, hollow, boxy=0.3)
    c.ellipsoid((30, -64, -56), (17 * wide - 1.1, 19 * deep - 1.1, 18.5 * tall - 1.1), T.GAS, (T.MUCOSA,), boxy=0.3)
    c.ellipsoid((7.8, -37, -29), (7.4, 13 * deep, 8.6 * tall), T.MUCOSA, hollow)
    c.ellipsoid((7.8, -37, -29), (6.6, 13 * deep - 0.9, 8.6 * tall - 0.9), T.GAS, (T.MUCOSA,))
    for x, z, size in ((8, -8, 8.5), (15, -9, 7), (9, 1, 6)):
        c.ellipsoid((x, -88.5, z), (size * front, 3.6, size * front), T.GAS, _BONE)


def _ethmoid(c: Canvas) -> None:
    """Paint a honeycomb of cells between the orbits."""
    c.ellipsoid((8.5, -64, -29), (7, 20, 15), T.CORTICAL, (T.FAT, T.MUSCLE, T.SPONGY, T.CSF, T.GAS, T.MUCOSA), boxy=0.8)
    cells = c.box((2, -84, -44), (16, -44, -14))
    walls = np.abs(cells.texture(8.5, 82)) + np.float32(0.3) * np.abs(cells.texture(5.0, 83))
    place = ((cells.x - 8.5) / 6) ** 2 + ((cells.y + 64) / 19) ** 2 + ((cells.z + 29) / 14) ** 2
    cells.paint((walls > 0.15) & (place < 1) & (np.abs(cells.x - 8) > 0.6), T.GAS, (T.CORTICAL,))


def _nasal_cavity(c: Canvas) -> None:
    hollow = (T.CORTICAL, T.SPONGY, T.FAT, T.MUSCLE, T.MUCOSA, T.SKIN)
    for half in (c, c.mirrored()):
        half.path([(6, -102, -66), (6, -86, -60), (6, -48, -58)], [5.5, 8.5, 10.5], T.MUCOSA, hollow)
        half.path([(4, -90, -40), (4, -56, -40)], [6, 7], T.MUCOSA, hollow)
        half.path([(3, -88, -28), (3, -52, -26)], [4, 5], T.MUCOSA, hollow)
        half.path(
            [(7, -112, -70), (6.5, -102, -66), (6, -86, -60), (6.5, -48, -58)],
            [3.2, 4.2, 7.2, 9.2],
            T.GAS,
            (T.MUCOSA, T.SKIN, T.FAT, T.AIR),
        )
        half.path([(4, -90, -40), (4, -56, -40)], [4, 5.4], T.GAS, (T.MUCOSA,))
        half.path([(2.6, -86, -28), (2.6, -54, -26)], [2.2, 2.6], T.GAS, (T.MUCOSA,))


def _turbinates(c: Canvas) -> None:
    c.path([(9, -88, -64), (8.5, -68, -62), (8, -44, -60)], [3.2, 4.6, 3.2], T.MUCOSA, (T.GAS,))
    c.path([(8, -82, -50), (7, -66, -49), (7, -48, -50)], [2.4, 3.2, 2.4], T.MUCOSA, (T.GAS,))
    c.path([(10, -84, -63), (9, -48, -61)], [0.9, 0.9], T.CORTICAL, (T.MUCOSA,))


def paint_throat(c: Canvas) -> None:
    """Paint the pharynx from behind the nose down to the larynx."""
    part = c.box((-32, -60, -128), (32, 12, -40))
    if not part.labels.size:
        return
    nose = [(0, -44, -58), (0, -28, -59), (0, -15, -76), (0, -9, -92), (0, -8, -112), (0, -13, -126)]
    for tissue, apart, radii, inside in (
        (T.MUSCLE, 7, (9, 12, 10, 10, 12, 10), (T.FAT, T.MUSCLE)),
        (T.MUCOSA, 6, (9, 9, 6.6, 6.4, 7.4, 6), (T.FAT, T.MUSCLE, T.MUCOSA)),
        (T.GAS, 5.5, (8, 7.6, 5.2, 5.0, 6.0, 4.6), (T.MUSCLE, T.MUCOSA, T.FAT)),
    ):
        for side in (-1, 0, 1):
            part.path([(side * apart + x, y, z) for x, y, z in nose], radii, tissue, inside)
    for side in (-1, 1):
        part.ellipsoid((side * 13, -15, -88), (4, 6, 9), T.LYMPH, (T.MUSCLE, T.MUCOSA))
    part.ellipsoid((0, -12, -55), (14, 5, 10), T.LYMPH, (T.MUSCLE, T.MUCOSA, T.FAT, T.GAS))
    for x in (-8, 0, 8):
        part.path(
            [(x, -46, -73), (x * 0.9, -33, -76), (x * 0.6, -25, -84), (x * 0.2, -23, -93)], [3.4, 4, 3.8, 2.4], T.MUSCLE
        )
