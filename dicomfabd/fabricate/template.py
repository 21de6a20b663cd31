"""A series' header, encoded once; each instance fills a few holes of fixed width.

Encoding a data set costs a hundred times more than copying its bytes, and within a series all but a handful of
values are the same. The holes are padded as PS3.5 §6.2 allows: blanks behind strings, a NUL behind a UID.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Final

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import ImplicitVRLittleEndian

# Keyword → width in bytes and padding of its hole; each sentinel below is that wide and legal for its VR.
_HOLES: Final[Mapping[str, tuple[int, bytes]]] = {
    "SOPInstanceUID": (64, b"\0"),
    "AcquisitionDate": (8, b" "),
    "AcquisitionTime": (14, b" "),
    "ContentDate": (8, b" "),
    "ContentTime": (14, b" "),
    "InstanceNumber": (12, b" "),
    "ImagePositionPatient": (50, b" "),
    "SliceLocation": (16, b" "),
}
_SENTINELS: Final[Mapping[str, str | list[str]]] = {
    "SOPInstanceUID": "1." + "7" * 62,
    "AcquisitionDate": "17770101",
    "AcquisitionTime": "171717.171717",
    "ContentDate": "17770202",
    "ContentTime": "171717.272727",
    "InstanceNumber": "1777777777",
    "ImagePositionPatient": ["1777777777777771", "1777777777777772", "1777777777777773"],
    "SliceLocation": "1777777777777774",
}
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
            setattr(model, keyword, _SENTINELS[keyword])
        is_implicit = transfer_syntax == ImplicitVRLittleEndian
        encoded = _encode(model, is_implicit)
        self._holes: list[tuple[str, int, int, bytes]] = []
        for keyword in varying:
            width, padding = _HOLES[keyword]
            sentinel = _SENTINELS[keyword]
            needle = ("\\".join(sentinel) if isinstance(sentinel, list) else sentinel).encode()
            start = encoded.index(needle)
            # The length in front of the value is already right where the sentinel fills its hole; widen the others.
            encoded = _widen(encoded, start, _even(len(needle)), width, is_implicit, padding)
            self._holes = [
                (k, s + (width - _even(len(needle)) if s > start else 0), w, p) for k, s, w, p in self._holes
            ]
            self._holes.append((keyword, start, width, padding))
        self._head = encoded
        self._pixel_prefix = _PIXEL_DATA_TAG + (b"" if is_implicit else pixel_vr.encode() + b"\0\0")

    def header(self, values: Mapping[str, str], pixel_bytes: int) -> bytes:
        """Give the encoded attributes of one instance, up to and with the length of its pixel data.

        Args:
            values: One value for each varying keyword; multiple values joined by backslashes.
            pixel_bytes: Length of the pixel data, even.
        """
        head = bytearray(self._head)
        for keyword, start, width, padding in self._holes:
            value = values[keyword].encode()
            if len(value) > width:
                raise ValueError(f"{keyword} is longer than its {width} bytes")
            head[start : start + width] = value.ljust(width, padding)
        return bytes(head) + self._pixel_prefix + pixel_bytes.to_bytes(4, "little")


def _encode(dataset: Dataset, is_implicit: bool) -> bytes:
    stream = DicomBytesIO()
    stream.is_little_endian = True
    stream.is_implicit_VR = is_implicit
    write_dataset(stream, dataset)
    return stream.getvalue()


def _even(length: int) -> int:
    return length + length % 2


def _widen(encoded: bytes, start: int, length: int, width: int, is_implicit: bool, padding: bytes) -> bytes:
    """Give the value at `start` another length, in its header too; every hole has a VR with a short header."""
    size = 4 if is_implicit else 2
    return b"".join(
        (
            encoded[: start - size],
            width.to_bytes(size, "little"),
            encoded[start : start + length].ljust(width, padding),
            encoded[start + length :],
        )
    )
