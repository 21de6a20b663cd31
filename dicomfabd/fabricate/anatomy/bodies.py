"""The bodies: head, chest, abdomen, spine, limb, each with small differences from patient to patient."""

from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import Final

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas, Labels
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

VARIANTS: Final = 4
"""Bodies of one region; patients share them, so that a cache of a few serves everybody."""


@lru_cache(maxsize=6)
def build_body(region: str, extent: Vector, voxel_mm: float, variant: int) -> Labels:
    """Build the labels of a body.

    Args:
        region: head, chest, abdomen, spine or limb.
        extent: Size along x, y and z in millimetres; the centre is the origin.
        voxel_mm: Edge of a voxel.
        variant: Which of the region's bodies, 0 ≤ variant < VARIANTS.

    Returns:
        uint8 labels of `Tissue`, shape (z, y, x), read-only and shared.
    """
    canvas = Canvas(extent, voxel_mm)
    _PAINTERS[region](canvas, Random(f"{region}{variant}"))  # noqa: S311 - has to be the same each time
    canvas.labels.setflags(write=False)
    return canvas.labels


def _trunk(c: Canvas, width: float, depth: float) -> None:
    """Skin, fat and muscle of a trunk, all along z, and a hollow filled with fat."""
    tall = 1000.0
    c.cylinder((0, 0, 0), (width, depth, tall), T.SKIN, boxy=0.62)
    c.cylinder((0, 0, 0), (width - 3, depth - 3, tall), T.FAT, boxy=0.62)
    c.cylinder((0, 2, 0), (width - 20, depth - 16, tall), T.MUSCLE, boxy=0.55)
    c.cylinder((0, -2, 0), (width - 38, depth - 34, tall), T.FAT, boxy=0.45)


def _vertebrae(c: Canvas, y: float, pitch: float, size: float, half_height: float) -> None:
    """A column of vertebrae with discs, canal, cord and processes; `y` is the middle of the bodies."""
    z = np.mod(c.z, pitch) - pitch / 2
    is_bone = np.abs(z) < pitch * 0.38
    inside_height = np.abs(c.z) < half_height
    body = (c.x / size) ** 2 + ((c.y - y) / (size * 0.8)) ** 2
    core = (c.x / (size - 1.8)) ** 2 + ((c.y - y) / (size * 0.8 - 1.8)) ** 2
    c.paint((body < 1) & inside_height, T.DISC)
    c.paint((body < 1) & is_bone & inside_height, T.CORTICAL)
    c.paint((core < 1) & (np.abs(z) < pitch * 0.38 - 1.5) & inside_height, T.SPONGY)
    canal = y + size * 1.35
    arch = (c.x / (size * 0.95)) ** 2 + ((c.y - canal) / (size * 0.72)) ** 2
    c.paint((arch < 1) & is_bone & (c.y > y + size * 0.6) & inside_height, T.CORTICAL)
    spine = (
        (np.abs(c.x) < 3.2) & (c.y > canal + size * 0.4) & (c.y < canal + size * 1.9) & (np.abs(z + 3) < pitch * 0.26)
    )
    c.paint(spine & inside_height, T.SPONGY, (T.MUSCLE, T.FAT, T.CORTICAL))
    wings = (np.abs(np.abs(c.x) - size * 1.35) < size * 0.75) & (np.abs(c.y - canal) < 3.5) & (np.abs(z) < pitch * 0.16)
    c.paint(wings & inside_height, T.CORTICAL, (T.MUSCLE, T.FAT))
    c.cylinder((0, canal, 0), (size * 0.52, size * 0.46, half_height), T.CSF)
    c.cylinder((0, canal - 0.5, 0), (size * 0.28, size * 0.22, half_height), T.CORD)


def _ribs(c: Canvas, width: float, depth: float) -> None:
    """A cage of tilted rings inside the muscle, open at the back for the spine and at the front for the breast bone."""
    # The cage narrows towards the top.
    shrink = 1 - 0.42 * np.clip((c.z - 20) / 150, 0, 1) ** 2
    radius = np.sqrt((c.x / (width * shrink)) ** 2 + (c.y / (depth * shrink)) ** 2)
    across = (radius - 1) * width
    band = np.mod(c.z + 0.5 * c.y + 60, 27.0) - 13.5
    shell = (across / 4.2) ** 2 + (band / 6.0) ** 2
    side = np.abs(c.x) > 16
    c.paint((shell < 1) & side & (c.y > -depth * 0.72), T.CORTICAL, (T.MUSCLE, T.FAT))
    c.paint((shell < 0.45) & side & (c.y > -depth * 0.72), T.SPONGY, (T.CORTICAL,))
    c.paint((shell < 1) & side & (c.y <= -depth * 0.72), T.CARTILAGE, (T.MUSCLE, T.FAT))
    c.ellipsoid((0, -depth + 1, 20), (16, 5, 85), T.CORTICAL)
    c.ellipsoid((0, -depth + 1, 20), (13, 3, 82), T.SPONGY)


def _branches(c: Canvas, random: Random, root: Vector, heading: Vector, length: float, radius: float) -> None:
    """A vessel that divides until it is too thin to see, drawn inside the lung only."""
    if radius < 0.7:
        return
    end = (root[0] + heading[0] * length, root[1] + heading[1] * length, root[2] + heading[2] * length)
    c.tube(root, end, radius, T.VESSEL, (T.LUNG,), taper=0.8)
    for _ in range(2):
        bent = [part + random.uniform(-0.65, 0.65) for part in heading]
        norm = (bent[0] ** 2 + bent[1] ** 2 + bent[2] ** 2) ** 0.5 or 1.0
        unit = (bent[0] / norm, bent[1] / norm, bent[2] / norm)
        _branches(c, random, end, unit, length * random.uniform(0.66, 0.88), radius * random.uniform(0.66, 0.8))


def _chest(c: Canvas, random: Random) -> None:
    width, depth = 178 + random.uniform(-8, 8), 116 + random.uniform(-8, 8)
    _trunk(c, width, depth)
    cage_x, cage_y = width - 34, depth - 26
    _ribs(c, cage_x, cage_y)
    for side in (-1, 1):
        _lung(c, side, cage_x, cage_y)
    dome = -96 + random.uniform(-5, 5)
    c.ellipsoid((-62, 4, dome - 52), (86, 82, 92), T.LIVER, (T.LUNG, T.FAT))
    c.ellipsoid((72, 34, dome - 46), (58, 52, 66), T.SPLEEN, (T.LUNG, T.FAT))
    c.ellipsoid((62, -24, dome - 40), (50, 46, 62), T.BOWEL, (T.LUNG, T.FAT, T.SPLEEN))
    c.ellipsoid((62, -38, dome - 22), (36, 24, 34), T.GAS, (T.BOWEL,))
    _mediastinum(c)
    for side in (-1, 1):
        _shoulder(c, side)
        for _ in range(16):
            heading = (side * random.uniform(0.35, 1), random.uniform(-0.9, 0.9), random.uniform(-1, 1))
            root = (side * (34 + random.uniform(-4, 8)), random.uniform(-6, 16), random.uniform(-18, 14))
            _branches(c, random, root, heading, random.uniform(18, 26), random.uniform(2.6, 4.2))
    _vertebrae(c, depth * 0.50, 25.0, 17.0, 400)


def _lung(c: Canvas, side: int, cage_x: float, cage_y: float) -> None:
    # Wide below, pointed above: two ellipsoids that share their inner border.
    room = (T.FAT,)
    inner = 20 if side < 0 else 24
    c.ellipsoid((side * 74, 0, -40), (cage_x - 80, cage_y - 8, 158), T.LUNG, room, boxy=0.35)
    c.ellipsoid((side * 62, 10, 60), (46, cage_y - 30, 96), T.LUNG, room, boxy=0.2)
    c.paint((c.x * side < inner) & (c.x * side >= 0), T.FAT, (T.LUNG,))


def _mediastinum(c: Canvas) -> None:
    room = (T.FAT, T.LUNG)
    soft = (T.FAT, T.LUNG, T.HEART, T.BLOOD, T.MUSCLE, T.SOFT)
    c.ellipsoid((20, -22, -58), (60, 46, 54), T.FAT, (T.LUNG,))
    c.ellipsoid((20, -22, -58), (56, 43, 51), T.HEART, room)
    c.ellipsoid((36, -16, -62), (27, 18, 33), T.BLOOD, (T.HEART,))
    c.ellipsoid((-4, -38, -60), (22, 15, 30), T.BLOOD, (T.HEART,))
    c.ellipsoid((10, 8, -40), (25, 13, 18), T.BLOOD, (T.HEART,))
    c.ellipsoid((-20, -14, -50), (15, 17, 24), T.BLOOD, (T.HEART,))
    for start, end, radius in (
        ((-8, -24, -30), (-14, -26, 22), 15),
        ((-14, -26, 22), (2, -4, 42), 14),
        ((2, -4, 42), (24, 32, 30), 13),
        ((24, 32, 30), (22, 42, -60), 12),
        ((22, 42, -60), (14, 40, -170), 11),
        ((12, -30, -20), (14, -10, 12), 14),
        ((14, -8, 10), (50, 12, 6), 10),
        ((14, -6, 8), (-46, 4, 2), 10),
        ((-24, -20, 64), (-24, -14, -22), 9),
        ((-22, -22, 62), (-48, -24, 98), 7),
        ((-20, -24, 60), (52, -32, 94), 6),
        ((-10, -20, 42), (-22, -14, 170), 5),
        ((20, 8, 44), (34, 6, 170), 5),
    ):
        c.tube(start, end, radius, T.BLOOD, soft)
    c.tube((0, 6, 170), (0, 12, 20), 10, T.SOFT, soft)
    c.tube((0, 6, 170), (0, 12, 20), 8, T.GAS)
    for end in ((-40, 14, -8), (44, 18, -4)):
        c.tube((0, 12, 22), end, 8, T.SOFT, soft)
        c.tube((0, 12, 22), end, 6, T.GAS, taper=0.7)
    c.tube((4, 26, 170), (6, 30, -170), 6, T.SOFT, soft)


def _shoulder(c: Canvas, side: int) -> None:
    soft = (T.MUSCLE, T.FAT, T.CARTILAGE, T.SKIN)
    c.tube((side * 14, -66, 108), (side * 128, -20, 132), 6.5, T.CORTICAL, soft)
    c.tube((side * 14, -66, 108), (side * 128, -20, 132), 4.0, T.SPONGY, (T.CORTICAL,))
    for step in range(12):
        # The shoulder blade: a thin plate that leans along the ribs.
        x, y = side * (78 + step * 5), 84 - step * 3.2
        c.ellipsoid((x, y, 70), (4.5, 3.6, 58 - abs(step - 5) * 3), T.CORTICAL, soft)


def _abdomen(c: Canvas, random: Random) -> None:
    width, depth = 176 + random.uniform(-10, 10), 122 + random.uniform(-8, 8)
    _trunk(c, width, depth)
    room = (T.FAT,)
    c.ellipsoid((-66, -8, 110), (80, 84, 92), T.LIVER, (T.FAT, T.MUSCLE))
    c.ellipsoid((-10, -48, 130), (62, 34, 44), T.LIVER, room)
    for offset in range(7):
        c.tube(
            (-30, 0, 110), (-110 + offset * 12, -50 + offset * 16, 90 + offset * 8), 3.2, T.BLOOD, (T.LIVER,), taper=0.5
        )
    c.ellipsoid((-44, -46, 66), (15, 17, 24), T.FLUID, (T.LIVER, T.FAT))
    c.ellipsoid((98, 34, 128), (34, 46, 52), T.SPLEEN, room)
    c.ellipsoid((58, -44, 116), (46, 36, 50), T.BOWEL, room)
    c.ellipsoid((58, -58, 122), (34, 18, 36), T.GAS, (T.BOWEL,))
    c.tube((-30, -18, 72), (62, 6, 96), 11, T.SOFT, room)
    for side in (-1, 1):
        c.ellipsoid((side * 64, 42, 48 + side * 8), (27, 24, 54), T.KIDNEY, (T.FAT, T.LIVER))
        c.ellipsoid((side * 54, 40, 48 + side * 8), (13, 11, 30), T.FAT, (T.KIDNEY,))
        c.ellipsoid((side * 32, 46, -40), (22, 20, 150), T.MUSCLE, room)
        _hip(c, side)
    c.tube((8, 34, 200), (8, 34, -40), 11, T.BLOOD, (T.FAT, T.MUSCLE))
    c.tube((-20, 32, 200), (-20, 32, -40), 12, T.BLOOD, (T.FAT, T.MUSCLE, T.LIVER))
    for side in (-1, 1):
        c.tube((side * 10, 34, -40), (side * 64, -8, -150), 7, T.BLOOD, (T.FAT, T.MUSCLE))
    for _ in range(30):
        centre = (random.uniform(-90, 90), random.uniform(-76, -8), random.uniform(-110, 44))
        radius = random.uniform(13, 21)
        c.ellipsoid(centre, (radius, radius * 0.85, radius * 0.9), T.BOWEL, room)
        if random.random() < 0.4:
            c.ellipsoid(
                (centre[0], centre[1] - 4, centre[2]), (radius * 0.6, radius * 0.5, radius * 0.6), T.GAS, (T.BOWEL,)
            )
    for side in (-1, 1):
        for z in range(-90, 110, 24):
            c.ellipsoid((side * 112, -2, z), (19, 20, 15), T.BOWEL, room)
            c.ellipsoid((side * 112, -6, z), (13, 12, 11), T.GAS, (T.BOWEL,))
    c.ellipsoid((0, -34, -150), (42, 36, 32), T.FLUID, (T.FAT, T.BOWEL, T.GAS))
    _vertebrae(c, 58, 34.0, 23.0, 400)


def _hip(c: Canvas, side: int) -> None:
    soft = (T.MUSCLE, T.FAT)
    for step in range(10):
        c.ellipsoid(
            (side * (54 + step * 7.5), 62 - step * 9.5, -92 + step * 1.5), (8, 8, 54 - step * 2), T.CORTICAL, soft
        )
        c.ellipsoid(
            (side * (54 + step * 7.5), 62 - step * 9.5, -92 + step * 1.5),
            (5.5, 5.5, 50 - step * 2),
            T.SPONGY,
            (T.CORTICAL,),
        )
    c.ellipsoid((side * 96, 0, -172), (26, 26, 26), T.CORTICAL, soft)
    c.ellipsoid((side * 96, 0, -172), (23, 23, 23), T.SPONGY, (T.CORTICAL,))
    c.tube((side * 96, 0, -172), (side * 134, 6, -200), 15, T.CORTICAL, soft)


def _spine(c: Canvas, random: Random) -> None:
    width, depth = 92 + random.uniform(-5, 5), 94 + random.uniform(-5, 5)
    c.cylinder((0, 0, 0), (width, depth, 500), T.SKIN, boxy=0.5)
    c.cylinder((0, 0, 0), (width - 3, depth - 3, 500), T.FAT, boxy=0.5)
    c.cylinder((0, 4, 0), (width - 14, depth - 14, 500), T.MUSCLE, boxy=0.4)
    c.cylinder((0, -34, 0), (52, 34, 500), T.FAT)
    c.cylinder((0, -46, 0), (11, 10, 500), T.SOFT)
    c.cylinder((0, -46, 0), (8, 7.5, 500), T.GAS)
    for side in (-1, 1):
        c.cylinder((side * 27, -26, 0), (6, 6, 500), T.BLOOD)
        c.cylinder((side * 26, 20, 0), (9, 15, 500), T.FAT, (T.MUSCLE,))
    _vertebrae(c, -2, 33.0, 20.0, 500)


def _limb(c: Canvas, random: Random) -> None:
    girth = 62 + random.uniform(-5, 5)
    c.cylinder((0, 0, 0), (girth, girth + 4, 500), T.SKIN)
    c.cylinder((0, 0, 0), (girth - 2, girth + 2, 500), T.FAT)
    c.cylinder((0, 10, 0), (girth - 12, girth - 16, 500), T.MUSCLE)
    soft = (T.MUSCLE, T.FAT, T.FLUID)
    shaft_top, shaft_bottom = (2, 4, 160), (0, 2, 30)
    c.ellipsoid((0, -4, 2), (46, 40, 34), T.FLUID, (T.MUSCLE, T.FAT))
    c.tube(shaft_top, shaft_bottom, 15, T.CORTICAL, soft, taper=1.4)
    for side in (-1, 1):
        c.ellipsoid((side * 21, 6, 22), (23, 30, 23), T.CORTICAL, soft)
        c.ellipsoid((side * 21, 6, 21), (25, 32, 24), T.CARTILAGE, (T.FLUID,))
    c.tube((0, 2, -24), (4, 4, -170), 21, T.CORTICAL, soft, taper=0.7)
    c.ellipsoid((0, 2, -18), (43, 29, 16), T.CORTICAL, soft)
    c.ellipsoid((0, 2, -15), (45, 31, 16), T.CARTILAGE, (T.FLUID,))
    c.tube((40, 18, -34), (36, 18, -170), 7, T.CORTICAL, soft)
    c.ellipsoid((0, -38, 26), (21, 10, 22), T.CORTICAL, soft)
    # Marrow: what lies a little inside the bone's surface.
    bone = c.labels == T.CORTICAL
    depth = max(1, int(3.0 / c.voxel_mm))
    core = bone.copy()
    for axis in range(3):
        for shift in (-depth, depth):
            core &= np.roll(bone, shift, axis)
    c.paint(core, T.SPONGY)


def _head(c: Canvas, random: Random) -> None:
    wide, long = 76 + random.uniform(-3, 3), 94 + random.uniform(-3, 3)
    tall, up = 104.0, -2.0

    def shell(shrink: float) -> tuple[float, float, float]:
        return wide - shrink, long - shrink, tall - shrink

    c.cylinder((0, 14, -90), (48, 56, 40), T.SKIN)
    c.cylinder((0, 14, -90), (46, 54, 40), T.MUSCLE)
    c.ellipsoid((0, 0, up), shell(0), T.SKIN, boxy=0.12)
    c.ellipsoid((0, 0, up), shell(2), T.FAT, boxy=0.12)
    c.ellipsoid((0, 0, up), shell(6), T.CORTICAL, boxy=0.12)
    c.ellipsoid((0, 0, up), shell(8), T.SPONGY, boxy=0.12)
    c.ellipsoid((0, 0, up), shell(11), T.CORTICAL, boxy=0.12)
    c.ellipsoid((0, 0, up), shell(13), T.CSF, boxy=0.12)
    _brain(c, random, wide, long, tall, up)
    _face(c)


def _brain(c: Canvas, random: Random, wide: float, long: float, tall: float, up: float) -> None:
    folds = np.abs(c.texture(13.0, random)) + 0.25 * np.abs(c.texture(6.0, random))
    radius = np.sqrt((c.x / (wide - 13)) ** 2 + (c.y / (long - 13)) ** 2 + ((c.z - up) / (tall - 13)) ** 2)
    inward = (1 - radius) * (long - 13)
    c.paint((inward > 1.8), T.GREY, (T.CSF,))
    # Furrows follow the zero lines of the field; a grey ribbon lines them, white matter fills the rest.
    c.paint((inward > 5.5) & (folds > 0.22) | (inward > 24), T.WHITE, (T.GREY,))
    c.paint((inward < 22) & (folds < 0.075), T.CSF, (T.GREY, T.WHITE))
    brain = (T.WHITE, T.GREY, T.CSF)
    c.paint((np.abs(c.x) < 1.4) & (c.z > up - 4) & ((np.abs(c.y) > 36) | (c.z > up + 34)), T.CSF, brain)
    for side in (-1, 1):
        c.ellipsoid((side * 24, 0, 4), (26, 42, 26), T.WHITE, (T.GREY,))
        c.ellipsoid((side * 13, -20, 10), (6, 14, 13), T.DEEP_GREY, brain)
        c.ellipsoid((side * 26, -4, 6), (7, 18, 13), T.DEEP_GREY, brain)
        c.ellipsoid((side * 10, 14, 7), (9, 14, 11), T.DEEP_GREY, brain)
        c.tube((side * 7, -30, 16), (side * 11, 8, 24), 5.0, T.CSF)
        c.tube((side * 11, 8, 24), (side * 22, 36, 14), 6.0, T.CSF)
        c.ellipsoid((side * 50, -4, 2), (12, 2.4, 14), T.CSF, brain)
        c.ellipsoid((side * 26, 48, -42), (27, 25, 19), T.CSF, brain)
        c.ellipsoid((side * 25, 48, -42), (25, 23, 17), T.GREY, (T.CSF,))
        for step in range(6):
            c.ellipsoid((side * 24, 48, -54 + step * 5), (21, 19, 1.6), T.WHITE, (T.GREY,))
    c.ellipsoid((0, 6, 4), (2.2, 12, 12), T.CSF, (T.WHITE, T.GREY, T.DEEP_GREY))
    c.tube((0, 18, -12), (0, 26, -110), 12, T.WHITE, (*brain, T.MUSCLE, T.CORTICAL, T.SPONGY), taper=0.6)
    c.ellipsoid((0, 38, -36), (6, 5, 9), T.CSF)


def _face(c: Canvas) -> None:
    for side in (-1, 1):
        c.ellipsoid((side * 31, -70, -38), (17, 20, 16), T.FAT)
        c.ellipsoid((side * 31, -76, -38), (12.5, 12.5, 12.5), T.EYE)
        c.ellipsoid((side * 14, -56, -52), (9, 20, 13), T.GAS, (T.WHITE, T.GREY, T.CSF, T.FAT, T.SPONGY, T.CORTICAL))
        c.ellipsoid(
            (side * 30, -52, -72), (15, 16, 15), T.GAS, (T.WHITE, T.GREY, T.CSF, T.FAT, T.SPONGY, T.CORTICAL, T.MUSCLE)
        )
        c.ellipsoid((side * 56, 24, -52), (11, 14, 15), T.CORTICAL)
        c.ellipsoid((side * 57, 25, -56), (6, 8, 9), T.GAS)
    c.ellipsoid((0, -84, -58), (9, 18, 18), T.SKIN)


_PAINTERS: Final[dict[str, Callable[[Canvas, Random], None]]] = {
    "head": _head,
    "chest": _chest,
    "abdomen": _abdomen,
    "spine": _spine,
    "limb": _limb,
}
