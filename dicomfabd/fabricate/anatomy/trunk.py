"""The wall of the torso: skin, fat, muscles, and the hollow they enclose."""

from typing import Final

import numpy as np

from dicomfabd.fabricate.anatomy.canvas import Canvas, Field
from dicomfabd.fabricate.anatomy.figure import Figure
from dicomfabd.fabricate.anatomy.muscles import paint_layers
from dicomfabd.fabricate.anatomy.shapes import Profile, egg, smooth_max
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

# Thickness of the fat under the skin in front, at the sides and behind, in parts of that of the belly.
_FRONT: Final = Profile(
    (120, 0.5), (40, 0.55), (-60, 0.6), (-150, 0.95), (-240, 1.15), (-330, 1.2), (-400, 1.0), (-470, 0.8)
)  # fmt: skip
_SIDE: Final = Profile(
    (150, 0.5), (40, 0.55), (-60, 0.6), (-180, 0.8), (-260, 1.15), (-320, 1.2), (-400, 1.1), (-560, 0.8)
)  # fmt: skip
_BACK: Final = Profile(
    (150, 0.6), (0, 0.45), (-150, 0.6), (-240, 1.2), (-330, 1.35), (-400, 1.4), (-470, 1.1), (-560, 0.8)
)  # fmt: skip


def paint_trunk(c: Canvas, figure: Figure) -> None:
    """Paint skin, fat and muscle around a hollow filled with fat."""
    for slab in c.slabs(4):
        flesh = _flesh(slab, figure)
        fat = flesh + _fat_mm(slab, figure)
        slab.paint(fat > 0, T.SKIN)
        nipple = (np.abs(slab.x) - 86) ** 2 + (slab.z + 20) ** 2 < 22
        slab.paint(nipple & (fat > -3.5) & (slab.y < -40), T.SKIN, (T.AIR,))
        slab.paint(fat > 2, T.FAT)
        slab.paint(flesh > 0, T.MUSCLE)
        if float(slab.z[-1, 0, 0]) > 60:
            # Planes of fat between the muscles of the shoulder, in no order one could name.
            planes = np.abs(slab.texture(31, 72)) + np.float32(0.5) * np.abs(slab.texture(17, 73))
            slab.paint((planes < 0.1) & (np.abs(slab.x) > 60) & (slab.z > 60) & (flesh > 3), T.FAT, (T.MUSCLE,))
        _paint_wall(slab, flesh, figure)
    if figure.build.is_female:
        for side in (c, c.mirrored()):
            _paint_gland(side, figure)


def _paint_wall(c: Canvas, flesh: Field, figure: Figure) -> None:
    """Paint the hollow, and fat between the layers around it."""
    if float(c.z[0, 0, 0]) > 151 or float(c.z[-1, 0, 0]) < -480:
        return
    hollow = figure.cavity.depth(c)
    hollow[(c.z > 151)[:, 0, 0] | (c.z < -480)[:, 0, 0]] = -50
    paint_layers(c, flesh, hollow)
    c.paint(hollow > 0, T.FAT)


def _flesh(c: Canvas, figure: Figure) -> Field:
    """Give how deep below the fascia each voxel lies."""
    depth = figure.fascia.depth(c)
    if float(c.z[-1, 0, 0]) > -60:
        depth = smooth_max(depth, _shoulders(c), 50)
    if float(c.z[0, 0, 0]) < -380:
        depth = smooth_max(depth, _thighs(c), 14)
    return depth - _furrows(c)


def _shoulders(c: Canvas) -> Field:
    """Arms raised: a thick rod on each side, up and outwards."""
    x, y, z = np.abs(c.x) - np.float32(100), c.y - np.float32(16), c.z - np.float32(92)
    dx, dz = np.float32(0.74), np.float32(0.67)
    along = np.clip(x * dx + z * dz, np.float32(-10), np.float32(190))
    apart = np.sqrt((x - along * dx) ** 2 + (y * np.float32(0.82)) ** 2 + (z - along * dz) ** 2)
    # Below the shoulder it shrinks into the chest, so that no step shows where it ends.
    shoulder: Field = np.float32(54) - along * np.float32(0.02) - apart
    shoulder -= np.maximum(np.float32(84) - c.z, np.float32(0)) * np.float32(0.7)
    return shoulder


def _thighs(c: Canvas) -> Field:
    down = np.clip((np.float32(-440) - c.z) / np.float32(160), np.float32(0), np.float32(1.5))
    u = (np.abs(c.x) - 86 - 4 * down) / (80 - 8 * down)
    v = (c.y - 8 - 6 * down) / (86 - 6 * down)
    # They grow out of the trunk without a step.
    thigh: Field = (np.float32(1) - np.sqrt(u * u + v * v)) * np.float32(78)
    thigh -= np.maximum(c.z + np.float32(476), np.float32(0)) * np.float32(0.5)
    return thigh


def _furrows(c: Canvas) -> Field:
    """Give the depth of the furrow of the back and of the cleft between the buttocks."""
    back = np.clip((c.y - 40) / 50, 0, 1)
    cleft = Profile((-345, 0), (-385, 20), (-420, 44), (-470, 60)).along(c.z)
    loin = Profile((60, 3), (-100, 5), (-230, 8), (-300, 6), (-350, 2)).along(c.z)
    narrow = 1 / (1 + (c.x / 9) ** 2) ** 2
    wide = 1 / (1 + (c.x / 18) ** 2) ** 2
    # Between the thighs it goes all the way through.
    crotch = np.clip((-474 - c.z) * np.float32(4), 0, 60)
    depth: Field = back * (cleft * narrow + loin * wide) + crotch * narrow
    return depth


def _fat_mm(c: Canvas, figure: Figure) -> Field:
    lean = figure.fascia.lean(c)
    square = lean * lean
    front, side, back = _FRONT.along(c.z), _SIDE.along(c.z), _BACK.along(c.z)
    parts = side + (np.where(lean < 0, front, back) - side) * square
    thick: Field = parts * np.float32(figure.build.fat_mm) + np.float32(2.5)
    if figure.build.is_female and float(c.z[-1, 0, 0]) > -90 and float(c.z[0, 0, 0]) < 70:
        thick = thick + _breast_mm(c, figure)
    return thick


def _breast_mm(c: Canvas, figure: Figure) -> Field:
    """Give how much thicker the fat is in the breasts, flattened as they are when she lies on her back."""
    low = np.where(c.z < -16, np.float32(56), np.float32(78))
    room = 1 - ((np.abs(c.x) - 82) / 62) ** 2 - ((c.z + 16) / low) ** 2
    mound = np.maximum(room, 0)
    front = np.clip((-10 - c.y) / 70, 0, 1)
    thick: Field = mound * (2 - mound) * front * np.float32(figure.build.fat_mm * 0.45 + 22)
    return thick


def _paint_gland(c: Canvas, figure: Figure) -> None:
    """Fill the left breast."""
    front, size = figure.fascia.front.at(-16), figure.build.fat_mm * 0.3 + 13
    box = c.box((20, -260, -90), (170, -20, 70))
    for slab in box.slabs():
        core = egg(slab, (84, front - size * 0.75, -20), (40, size, 40))
        slab.paint(core + slab.texture(11, 71) * 9 + slab.texture(5, 74) * 4 > 1, T.BREAST, (T.FAT,))
