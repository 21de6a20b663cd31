"""The knee: kneecap, menisci, ligaments and the fluid between the bones; origin in the joint."""

from typing import Final

import numpy as np

from dicomfabd.fabricate.anatomy.bones import Bone, Egg, Half, paint_bone
from dicomfabd.fabricate.anatomy.canvas import Canvas
from dicomfabd.fabricate.anatomy.shapes import Profile, curve, egg
from dicomfabd.fabricate.anatomy.strands import paint_band
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

_PATELLA: Final = Bone(
    pieces=(
        Egg((-3, -42, 30), (21.5, 11.5, 17), boxy=0.3),
        Egg((-3, -43, 17), (12.5, 9.5, 13)),
    ),
    bites=(
        Half((-3, -31.5, 28), (0.5, 1, 0)),
        Half((-3, -31.5, 28), (-0.42, 1, 0)),
        Half((-3, -37, 14), (0, 1, -0.55)),
    ),
    blend_mm=6.0,
    cortex=Profile((0, 1.2), (60, 1.2)),
    gristle=(Egg((-3, -34, 31), (19, 9, 14)),),
    gristle_mm=2.4,
)
_YIELDING: Final = (T.FAT, T.MUSCLE, T.FLUID, T.TENDON)


def paint_knee_inside(c: Canvas) -> None:
    """Paint what lies within the joint's capsule, before the bones that are bedded in it."""
    part = c.box((-60, -70, -70), (60, 60, 110))
    if not part.labels.size:
        return
    part.ellipsoid((0, 2, 12), (47, 40, 26), T.FAT, (T.MUSCLE,))
    part.ellipsoid((-2, -26, 34), (36, 22, 40), T.FAT, (T.MUSCLE,))
    for x in (-22, 22):
        part.ellipsoid((x, 3, 0), (19, 25, 2.6), T.FLUID, (T.FAT,))
    part.ellipsoid((-3, -31, 31), (22, 3.6, 15), T.FLUID, (T.FAT,))
    part.ellipsoid((0, -37, -4), (30, 14, 16), T.FAT, (T.FLUID, T.MUSCLE))
    _paint_bursa(part)
    _paint_menisci(part)


def _paint_bursa(c: Canvas) -> None:
    """A thin film of fluid behind the tendon above the kneecap."""
    for slab in c.slabs():
        depth = egg(slab, (-4, -30, 58), (18, 2.6, 32)) + slab.texture(9.0, 83)
        slab.paint(depth > 0.6, T.FLUID, (T.FAT, T.MUSCLE))


def _paint_menisci(c: Canvas) -> None:
    for x, wide, deep in ((22.0, 20.0, 23.0), (-22.0, 19.0, 21.0)):
        box = c.box((x - 24, -30, -9), (x + 24, 36, 9))
        for slab in box.slabs():
            out = np.sqrt(((slab.x - x) / wide) ** 2 + ((slab.y - 4) / deep) ** 2)
            # A wedge: thick at the rim, sharp inwards, open to the middle of the knee.
            thick = (out - np.float32(0.42)) * np.float32(9.0)
            wedge = (np.abs(slab.z - np.float32(0.3)) < thick) & (out < 1.06) & (slab.x * np.float32(x) > 7 * abs(x))
            slab.paint(wedge, T.MENISCUS, _YIELDING)


def paint_kneecap(c: Canvas) -> None:
    """Paint the kneecap and the tendons above and below it."""
    paint_band(c, [(-12, -44, 128), (-8, -44, 90), (-4, -44, 60), (-3, -46, 44)], (14, 0, 0), 6.0, T.TENDON)
    paint_band(c, [(-3, -47, 10), (-3, -44, -10), (-2, -33, -36), (-2, -26, -50)], (11, 0, 0), 4.6, T.TENDON)
    paint_band(c, [(-3, -53.5, 44), (-3, -53.5, 10)], (12, 0, 0), 1.6, T.TENDON)
    paint_bone(c, _PATELLA, 1.2)
    for side in (1, -1):
        paint_band(
            c,
            [(side * 16 - 3, -46, 28), (side * 34, -30, 26), (side * 43, -6, 26)],
            (0, 0, 11),
            1.4,
            T.TENDON,
            (T.FAT, T.SKIN),
        )


def paint_knee_ligaments(c: Canvas) -> None:
    """Paint cruciate and collateral ligaments between the bones, and the fluid around them."""
    notch = (T.FAT, T.FLUID, T.MUSCLE)
    paint_band(c, [(-8, 17, 19), (-4, 9, 10), (2, -6, 0), (3, -10, -3)], (2.5, 0, 1.5), 4.5, T.TENDON, notch)
    paint_band(c, [(8, -3, 15), (6, 10, 14), (2, 24, 2), (0, 28, -16)], (2.5, 0, 0), 6.0, T.TENDON, notch)
    paint_band(c, [(42, 4, 34), (44, 3, 10), (43, 1, -10), (36, -2, -34), (24, -4, -62)], (0, 5, 0), 2.4, T.TENDON)
    c.path(curve([(-42, 3, 32), (-44, 10, 5), (-40, 18, -16)]), 2.4, T.TENDON, (T.FAT, T.MUSCLE, T.SKIN))
    c.path(curve([(-41, 0, 20), (-38, 18, 6), (-26, 26, -8)]), 2.2, T.TENDON, notch)
