"""Muscles that do not belong to the wall of the trunk alone: of loin, buttock and thigh, and the fat between them."""

from itertools import pairwise
from typing import Final

import numpy as np

from dicomfabd.domain.study import Vector
from dicomfabd.fabricate.anatomy.canvas import Canvas, Field
from dicomfabd.fabricate.anatomy.figure import Figure
from dicomfabd.fabricate.anatomy.shapes import Profile, curve, widths
from dicomfabd.fabricate.anatomy.tissues import Tissue

T = Tissue

# Lines and how thick: what lies nearest to a line belongs to its muscle, fat keeps them apart.
_BUNDLES: Final[tuple[tuple[float, tuple[Vector, ...]], ...]] = (
    (31, ((64, 92, -296), (60, 98, -335), (90, 96, -392), (132, 66, -476))),
    (24, ((112, 40, -276), (134, 22, -310), (142, 24, -352), (150, 28, -415))),
    (15, ((112, 14, -335), (142, 6, -405))),
    (15, ((134, -30, -318), (160, -14, -420), (164, 2, -560))),
    (10, ((124, -50, -345), (92, -72, -440), (62, -66, -600))),
    (17, ((102, -42, -385), (116, -62, -470), (108, -72, -620))),
    (19, ((96, -34, -372), (100, -34, -425), (118, 8, -482))),
    (13, ((36, -48, -424), (100, -14, -486))),
    (17, ((18, -44, -452), (72, -38, -600))),
    (16, ((28, -20, -476), (50, 0, -620))),
    (25, ((48, 14, -486), (92, 24, -620))),
    (22, ((64, 44, -488), (84, 62, -640))),
    (28, ((152, 4, -458), (150, -4, -640))),
    (22, ((112, -30, -500), (104, -34, -640))),
    (11, ((48, 2, -432), (58, 34, -410), (120, 30, -428))),
    (12, ((40, -14, -460), (96, 18, -462))),
    (12, ((78, 42, -432), (132, 26, -452))),
    (11, ((40, 66, -372), (130, 30, -412))),
)

_PSOAS: Final[tuple[Vector, ...]] = (
    (24, 42, -140), (31, 42, -180), (40, 38, -225), (48, 30, -270), (58, 14, -315), (74, -8, -355), (90, -26, -392),
    (98, -30, -420),
)  # fmt: skip


def paint_layers(c: Canvas, flesh: Field, hollow: Field) -> None:
    """Part the wall of the trunk by thin fat: layers at the flanks, straight muscles in front, the pectorals.

    Args:
        c: A slab.
        flesh: Depth below the fascia.
        hollow: Depth inside the cavity, negative in the wall.
    """
    bottom, top = float(c.z[0, 0, 0]), float(c.z[-1, 0, 0])
    if bottom > 130 or top < -400:
        return
    part = flesh / np.maximum(flesh - hollow, np.float32(2))
    wall = (flesh > 1.5) & (hollow < -1)
    x = np.abs(c.x)
    if bottom < -95 and top > -318:
        flank = (c.z < -95) & (c.z > -318) & (c.y < 58) & (x > 66 + (c.z + 95) * np.float32(0.02))
        wave = np.mod(c.z + c.y * np.float32(0.7), 47) * np.float32(0.0012)
        thin = np.minimum(0.044, np.minimum(-90 - c.z, c.z + 320) * np.float32(0.0018))
        lines = (np.abs(part - np.float32(0.36) - wave) < thin) | (np.abs(part - np.float32(0.7) - wave) < thin)
        c.paint(lines & wall & flank, T.FAT, (T.MUSCLE,))
    if bottom < -40:
        edge = 62 - np.maximum(-330 - c.z, 0) * np.float32(0.4)
        gap = (x < 1.6 + np.maximum(c.z + 240, 0) * np.float32(0.01)) | (np.abs(x - edge) < 1.8) & (c.z < -95)
        c.paint(gap & wall & (c.z < -40) & (c.z > -400) & (c.y < 0), T.FAT, (T.MUSCLE,))
    if top > -60:
        _part_chest(c, flesh, hollow, part)


def _part_chest(c: Canvas, flesh: Field, hollow: Field, part: Field) -> None:
    rough = c.texture(14, 81)
    x = np.abs(c.x)
    chest = (c.z > -60) & (c.z < 118) & (flesh > 2)
    plane = np.abs(part - np.float32(0.52) + rough * np.float32(0.12)) < 0.07
    c.paint(chest & plane & ((c.y < 40) | (x > 46)), T.FAT, (T.MUSCLE,))
    c.paint(chest & (c.y < -40) & (x < 19 - flesh * np.float32(0.8) + rough * 4), T.FAT, (T.MUSCLE,))
    armpit = ((x - 132 - (c.z - 80) * np.float32(0.3)) / 17) ** 2 + ((c.y + 14) / 30) ** 2 + ((c.z - 82) / 48) ** 2
    c.paint((armpit + rough * np.float32(0.3) < 1) & (hollow < -9), T.FAT, (T.MUSCLE,))


def paint_loin(c: Canvas, figure: Figure) -> None:
    """Paint the muscles beside the spine."""
    for slab in c.box((-80, 0, -420), (80, 140, 190)).slabs():
        _paint_erector(slab, figure)
    for side in (c, c.mirrored()):
        line = curve([(x, y * 0.9, z) for x, y, z in _PSOAS])
        side.stretched((1, 0.9, 1)).path(line, widths([7, 12, 18, 22, 22, 19, 16, 16]), T.MUSCLE, (T.FAT,))
        loin = curve([(62, 66, -150), (66, 64, -200), (72, 64, -240), (80, 62, -278)])
        side.stretched((0.45, 1, 1)).path([(x * 0.45, y, z) for x, y, z in loin], [7.0] * len(loin), T.MUSCLE, (T.FAT,))
        crus = [(28.0, 43.0, -92.0), (14.0, 25.0, -150.0), (14.0, 20.0, -205.0)]
        side.path(curve(crus), widths([4, 6, 3]), T.MUSCLE, (T.FAT,))


def _paint_erector(c: Canvas, figure: Figure) -> None:
    middle = np.array([figure.spine.at(z) for z in c.z.ravel().tolist()], np.float32).reshape(c.z.shape)
    depth = Profile((160, 34), (0, 42), (-120, 47), (-230, 52), (-330, 38), (-400, 22)).along(c.z)
    wide = Profile((160, 17), (0, 22), (-150, 31), (-250, 34), (-330, 26), (-400, 8)).along(c.z)
    thick = Profile((160, 14), (0, 19), (-150, 25), (-250, 27), (-330, 18), (-400, 5)).along(c.z)
    x = np.abs(c.x) - wide + 2
    y = c.y - middle - depth
    own = (x / wide) ** 2 + (y / thick) ** 2 + c.texture(12, 82) * np.float32(0.16)
    c.paint((own > 1) & (own < 1.11) & (x > -wide * np.float32(0.5)), T.FAT, (T.MUSCLE,))
    streak = np.abs(x + wide * np.float32(0.3) + y * np.float32(0.4) + c.texture(9, 83) * 6)
    c.paint((own < 0.9) & (streak < 0.7) & (c.z < -60), T.FAT, (T.MUSCLE,))


def paint_hip_muscles(c: Canvas, figure: Figure) -> None:
    """Part the flesh around the hips into muscles."""
    for side in (c, c.mirrored()):
        for slab in side.box((0, -200, -660), (230, -30, -285)).slabs(5):
            _part(slab, figure)
        for slab in side.box((0, -30, -660), (230, 200, -285)).slabs(5):
            _part(slab, None)


def _part(c: Canvas, belly: Figure | None) -> None:
    """Part one slab; the wall of a belly that is given is left alone."""
    if not c.labels.size:
        return
    nearest = np.full(c.labels.shape, 4000, np.float32)
    second = nearest.copy()
    for radius, line in _BUNDLES:
        spans = _spans(c, line, radius + 36)
        near, other = nearest[spans], second[spans]
        if near.size:
            power = _power(c, spans, line, radius)
            np.minimum(other, np.maximum(near, power), out=other)
            np.minimum(near, power, out=near)
    rough = c.texture(13, 84)
    high = np.maximum(c.z + 330, 0)
    apart = (second - nearest < 70 + 50 * rough - high * 4) | (nearest > 1300 + 300 * rough + high * 80)
    if belly is not None and float(c.z[-1, 0, 0]) > -425:
        apart &= (c.z < -425) | (belly.cavity.depth(c) < -13)
    c.paint(apart, T.FAT, (T.MUSCLE,))


def _spans(c: Canvas, line: tuple[Vector, ...], reach: float) -> tuple[slice, slice, slice]:
    """Give the part of a slab, along z, y and x, that lies near a line."""
    spans = [
        slice(*(int(i) for i in np.searchsorted(axis.ravel(), [min(places) - reach, max(places) + reach])))
        for axis, places in zip((c.x, c.y, c.z), zip(*line, strict=True), strict=True)
    ]
    return spans[2], spans[1], spans[0]


def _power(c: Canvas, spans: tuple[slice, slice, slice], line: tuple[Vector, ...], radius: float) -> Field:
    """Give the squared distance from a line, less the square of its muscle's radius."""
    z, y, x = c.z[spans[0]], c.y[:, spans[1]], c.x[:, :, spans[2]]
    least: Field | None = None
    for start, end in pairwise(line):
        u, v, w = (axis - np.float32(origin) for axis, origin in zip((x, y, z), start, strict=True))
        dx, dy, dz = (np.float32(b - a) for a, b in zip(start, end, strict=True))
        length = dx * dx + dy * dy + dz * dz
        ahead = u * dx + v * dy + w * dz
        # |p - td|² = |p|² + t (t|d|² - 2 p·d), with t the part of the way along the line.
        along = np.clip(ahead / length, 0, 1)
        apart: Field = (u * u + v * v + w * w) + along * (along * length - ahead * np.float32(2))
        least = apart if least is None else np.minimum(least, apart)
    if least is None:
        raise ValueError("a line has two points at least")
    least -= np.float32(radius * radius)
    return least
