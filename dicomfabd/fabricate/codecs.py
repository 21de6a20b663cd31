"""Lossless compression of pixel data, by libraries that are extras of the installation (PS3.5 §8.2, Annex A.4)."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from pydicom.pixels.encoders.base import (
    Encoder,
    JPEG2000LosslessEncoder,
    JPEGLSLosslessEncoder,
    RLELosslessEncoder,
)
from pydicom.uid import HTJ2KLossless, JPEG2000Lossless, JPEGLSLossless, RLELossless

from dicomfabd.domain.errors import Permanent
from dicomfabd.fabricate.modalities.recipe import Pixels

_ITEM: Final = b"\xfe\xff\x00\xe0"
_DELIMITER: Final = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"


@dataclass(frozen=True)
class Codec:
    """A compressed transfer syntax.

    Attributes:
        module: The importable package it needs.
        extra: The extra of our package that brings it.
        encoder: pydicom's, and the name of its plugin; None where the package is asked itself.
    """

    name: str
    module: str
    encoder: Encoder | None = None
    plugin: str = ""
    extra: str = "codecs"

    @property
    def is_installed(self) -> bool:
        """Whether the package is there."""
        return importlib.util.find_spec(self.module) is not None


CODECS: Final[Mapping[str, Codec]] = {
    str(RLELossless): Codec("RLE Lossless", "rle", RLELosslessEncoder, "pylibjpeg"),
    str(JPEGLSLossless): Codec("JPEG-LS Lossless", "jpeg_ls", JPEGLSLosslessEncoder, "pyjpegls"),
    str(JPEG2000Lossless): Codec("JPEG 2000 Lossless", "openjpeg", JPEG2000LosslessEncoder, "pylibjpeg"),
    str(HTJ2KLossless): Codec("High-Throughput JPEG 2000 Lossless", "imagecodecs", extra="htj2k"),
}
"""Transfer syntax UID → what compresses into it."""


def encapsulated(pixels: Pixels, frames: int, bits: int, syntax: str) -> bytes:
    """Give compressed pixel data: an offset table, an item for each frame, the delimiter.

    Args:
        pixels: Shape (rows, columns), with frames before and colours behind.
        frames: How many frames there are.
        bits: BitsStored.
        syntax: One of `CODECS`.

    Raises:
        Permanent: The package is not installed; says which extra has it.
    """
    coded = [_even(_compressed(frame, bits, syntax)) for frame in (pixels if frames > 1 else [pixels])]
    offsets, place = [], 0
    for frame in coded:
        offsets.append(place)
        place += len(frame) + 8
    table = np.asarray(offsets, "<u4").tobytes()
    parts = [_item(table), *map(_item, coded), _DELIMITER]
    return b"".join(parts)


def _compressed(frame: Any, bits: int, syntax: str) -> bytes:
    codec = CODECS[syntax]
    if not _is_installed(syntax):
        raise Permanent(
            f"{codec.name} needs the package {codec.module}; install dicomfabd with the extra `{codec.extra}`"
        )
    if codec.encoder is None:
        import imagecodecs  # an extra of 80 MB: only where a destination asks for it

        return bytes(imagecodecs.htj2k_encode(frame, reversible=True))
    is_colour = frame.ndim == 3
    coded: bytes = codec.encoder.encode(
        np.ascontiguousarray(frame),
        encoding_plugin=codec.plugin,
        rows=frame.shape[0],
        columns=frame.shape[1],
        samples_per_pixel=3 if is_colour else 1,
        photometric_interpretation="RGB" if is_colour else "MONOCHROME2",
        bits_allocated=frame.dtype.itemsize * 8,
        bits_stored=bits,
        pixel_representation=int(frame.dtype.kind == "i"),
        number_of_frames=1,
        planar_configuration=0,
    )
    return coded


@cache
def _is_installed(syntax: str) -> bool:
    return CODECS[syntax].is_installed


def _item(data: bytes) -> bytes:
    return _ITEM + len(data).to_bytes(4, "little") + data


def _even(data: bytes) -> bytes:
    return data + b"\0" * (len(data) % 2)
