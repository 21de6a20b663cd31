"""A series' header, encoded once; each instance fills a few holes of fixed width.

Encoding a data set costs a hundred times more than copying its bytes, and within a series all but a handful of
values are the same. The holes are padded as PS3.5 §6.2 allows: blanks behind strings, a NUL behind a UID.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomfabd.dimse.datasets import encode


@dataclass(frozen=True)
class _Hole:
    """Room for one attribute's value.

    Attributes:
        width: Bytes, even.
        sentinel: A value that is legal, that wide and nowhere else in the data set.
        padding: What follows a shorter value.
    """

    width: int
    sentinel: str | list[str]
    padding: bytes = b" "

    @property
    def needle(self) -> bytes:
        """The encoded sentinel."""
        return ("\\".join(self.sentinel) if isinstance(self.sentinel, list) else self.sentinel).encode()


_HOLES: Final[Mapping[str, _Hole]] = {
    "SOPInstanceUID": _Hole(64, "1." + "7" * 62, b"\0"),
    "AcquisitionDate": _Hole(8, "17770101"),
    "AcquisitionTime": _Hole(14, "171717.171717"),
    "ContentDate": _Hole(8, "17770202"),
    "ContentTime": _Hole(14, "171717.272727"),
    "InstanceNumber": _Hole(12, "1777777777"),
    "ImagePositionPatient": _Hole(50, ["2666666666666671", "2666666666666672", "2666666666666673"]),
    "ImageOrientationPatient": _Hole(40, ["17771", "17772", "17773", "17774", "17775", "17776"]),
    "SliceLocation": _Hole(16, "2666666666666674"),
    "ImageComments": _Hole(64, "2666666666666675"),
    "BurnedInAnnotation": _Hole(4, "NNYN"),
    "PositionerPrimaryAngle": _Hole(16, "2666666666666676"),
    "PositionerSecondaryAngle": _Hole(16, "2666666666666678"),
    "SequenceName": _Hole(16, "2666666666666679"),
}
ENCAPSULATED: Final = 0xFFFFFFFF
"""The length of compressed pixel data: undefined, for it ends with a delimiter (PS3.5 A.4)."""

_PIXEL_DATA_TAG: Final = b"\xe0\x7f\x10\x00"


class SeriesTemplate:
    """The bytes that all instances of a series share, with holes for what differs."""

    def __init__(self, dataset: Dataset, varying: Sequence[str], transfer_syntax: str, pixel_vr: str) -> None:
        """Encode the data set of any instance of the series.

        Args:
            dataset: All attributes but PixelData.
            varying: Keywords whose values differ between instances; each is one of the known holes.
            transfer_syntax: Implicit or Explicit VR Little Endian.
            pixel_vr: OW or OB.
        """
        model = copy.copy(dataset)
        for keyword in varying:
            setattr(model, keyword, _HOLES[keyword].sentinel)
        is_implicit = transfer_syntax == ImplicitVRLittleEndian
        encoded = encode(model, str(ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian))
        starts: list[tuple[str, int]] = []
        for keyword in varying:
            hole = _HOLES[keyword]
            start, length = encoded.index(hole.needle), _even(len(hole.needle))
            # The length in front of the value is already right where the sentinel fills its hole; widen the others.
            encoded = _widen(encoded, start, length, hole, is_implicit)
            starts = [(other, place + (hole.width - length if place > start else 0)) for other, place in starts]
            starts.append((keyword, start))
        self._head = encoded
        self._holes = [(keyword, start, _HOLES[keyword]) for keyword, start in starts]
        self._pixel_prefix = _PIXEL_DATA_TAG + (b"" if is_implicit else pixel_vr.encode() + b"\0\0")

    def header(self, values: Mapping[str, str], pixel_bytes: int) -> bytes:
        """Give the encoded attributes of one instance, up to and with the length of its pixel data.

        Args:
            values: One value for each varying keyword; multiple values joined by backslashes.
            pixel_bytes: Length of the pixel data, even; `ENCAPSULATED` when it is compressed.
        """
        head = bytearray(self._head)
        for keyword, start, hole in self._holes:
            value = values[keyword].encode()
            if len(value) > hole.width:
                raise ValueError(f"{keyword} is longer than its {hole.width} bytes")
            head[start : start + hole.width] = value.ljust(hole.width, hole.padding)
        return bytes(head) + self._pixel_prefix + pixel_bytes.to_bytes(4, "little")


def _even(length: int) -> int:
    return length + length % 2


def _widen(encoded: bytes, start: int, length: int, hole: _Hole, is_implicit: bool) -> bytes:
    """Give the value at `start` another length, in its header too; every hole has a VR with a short header."""
    size = 4 if is_implicit else 2
    return b"".join(
        (
            encoded[: start - size],
            hole.width.to_bytes(size, "little"),
            encoded[start : start + length].ljust(hole.width, hole.padding),
            encoded[start + length :],
        )
    )
