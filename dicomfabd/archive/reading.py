"""Files of the archive as WADO-RS gives them: metadata, bulk data, frames, whole files (PS3.18 §10.4, Annex F)."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from dicomfabd.archive.stored import can_become, encoded_as, read_encoded, syntax_of
from dicomfabd.dimse.part10 import file_header
from dicomfabd.domain.errors import Permanent

PIXEL_DATA: Final = "7FE00010"
OCTETS: Final = "application/octet-stream"
LARGEST_FRAME_BYTES: Final = 512 * 1024 * 1024

_PIXEL_TAG: Final = b"\xe0\x7f\x10\x00"
_INLINE_BYTES: Final = 1024
_CHUNK_BYTES: Final = 1 << 18
_LONG_VRS: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
# PS3.18 Table 8.7.3-5.
_MEDIA_TYPES: Final[Mapping[str, str]] = {
    str(JPEGBaseline8Bit): "image/jpeg",
    str(JPEGExtended12Bit): "image/jpeg",
    str(JPEGLossless): "image/jpeg",
    str(JPEGLosslessSV1): "image/jpeg",
    str(JPEGLSLossless): "image/jls",
    str(JPEGLSNearLossless): "image/jls",
    str(JPEG2000Lossless): "image/jp2",
    str(JPEG2000): "image/jp2",
    str(HTJ2KLossless): "image/jphc",
    str(HTJ2K): "image/jphc",
    str(RLELossless): "image/dicom-rle",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file, read when it is sent.

    Attributes:
        media_type: Without parameters.
        transfer_syntax_uid: Of pixel data; empty for anything else.
    """

    media_type: str
    transfer_syntax_uid: str
    content: Iterable[bytes]


def metadata(path: Path, url: str) -> Mapping[str, Any]:
    """Give what a file says as a DICOM JSON object; long values stand at `{url}/bulkdata/PATH`.

    Raises:
        OSError: The file is gone.
    """
    with path.open("rb") as stream:
        dataset = dcmread(stream, stop_before_pixels=True)
        has_pixels = stream.read(4) == _PIXEL_TAG
    places = {id(element): place for place, element in _long_values(dataset)}
    said = {
        f"{int(element.tag):08X}": _said(element, lambda value: f"{url}/bulkdata/{places[id(value)]}")
        for element in _elements(dataset)
    }
    if has_pixels:
        vr = "OB" if dataset.get("BitsAllocated") == 8 else "OW"
        said[PIXEL_DATA] = {"vr": vr, "BulkDataURI": f"{url}/bulkdata/{PIXEL_DATA}"}
    return said


def bulk(path: Path, place: str) -> Iterator[Piece]:
    """Give a value that `metadata` names; compressed pixel data frame by frame.

    Raises:
        LookupError: There is no such value.
        Permanent: The pixel data is not what the attributes say.
        OSError: The file is gone.
    """
    if place == PIXEL_DATA:
        count = frames_in(_header(path))
        found = frames(path, range(1, count + 1))
        if UID(syntax_of(path)).is_compressed:
            return found
        whole = (data for frame in found for data in frame.content)
        return iter((Piece(OCTETS, syntax_of(path), whole),))
    for at, element in _long_values(_header(path)):
        if at == place:
            return iter((Piece(OCTETS, "", (bytes(element.value),)),))
    raise LookupError(f"there is no bulk data {place}")


def frames(path: Path, numbers: Sequence[int]) -> Iterator[Piece]:
    """Give frames as they are stored, compressed or not.

    Args:
        path: The file.
        numbers: From 1.

    Raises:
        LookupError: There is no such frame.
        Permanent: The pixel data is not what the attributes say; also while the frames are read.
        OSError: The file is gone; also while the frames are read.
    """
    with path.open("rb") as stream:
        dataset = dcmread(stream, stop_before_pixels=True)
        syntax = dataset.file_meta.TransferSyntaxUID
        if stream.read(4) != _PIXEL_TAG:
            raise LookupError("the instance has no frames")
        start = stream.tell() + (4 if syntax.is_implicit_VR else 8)
    count = frames_in(dataset)
    if bad := [number for number in numbers if not 1 <= number <= count]:
        raise LookupError(f"there is no frame {bad[0]}; the instance has {count}")
    if syntax.is_compressed:
        media_type = _MEDIA_TYPES.get(str(syntax), OCTETS)
        read = (_encapsulated(path, start, number - 1, count) for number in numbers)
    else:
        media_type, length = OCTETS, frame_bytes(dataset)
        read = (_slice(path, start + (number - 1) * length, length) for number in numbers)
    return (Piece(media_type, str(syntax), (data,)) for data in read)


def file_as(path: Path, wanted: str) -> Iterator[bytes]:
    """Give a DICOM file in a transfer syntax, piece by piece; `*` is as it is stored.

    Raises:
        Permanent: It cannot be had in that syntax.
        OSError: The file is gone.
    """
    stored = syntax_of(path)
    if wanted not in ("*", stored):
        if not can_become(stored, wanted):
            raise Permanent(f"the instance is stored in {UID(stored).name} and cannot be given in another syntax")
        header = _header(path)
        head = file_header(header.SOPClassUID, header.SOPInstanceUID, wanted)
        return iter((head, encoded_as(read_encoded(path), wanted)))
    return _pieces(path.open("rb"))


def frame_bytes(dataset: Dataset) -> int:
    """Give the length of one native frame; raises Permanent for one that cannot be."""
    edges = [dataset.get(keyword) for keyword in ("Rows", "Columns", "BitsAllocated")]
    factors = [*edges, dataset.get("SamplesPerPixel", 1)]
    if not all(isinstance(factor, int) for factor in factors):
        raise Permanent("the instance does not say how large its frames are")
    bits = math.prod(factors)
    if not 0 < bits <= LARGEST_FRAME_BYTES * 8:
        raise Permanent(f"a frame of the instance has more than {LARGEST_FRAME_BYTES} bytes, or none")
    if bits % 8:
        raise Permanent("the frames of the instance do not begin at whole bytes")
    return int(bits // 8)


def frames_in(dataset: Dataset) -> int:
    """Give how many frames an instance says it has; 1 where it says nothing that makes sense."""
    try:
        return max(1, int(dataset.get("NumberOfFrames") or 1))
    except (TypeError, ValueError):
        return 1


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while piece := stream.read(_CHUNK_BYTES):
            yield piece


def _header(path: Path) -> Dataset:
    return dcmread(path, stop_before_pixels=True)


def _encapsulated(path: Path, start: int, index: int, count: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(start)
        try:
            return get_frame(stream, index, number_of_frames=count)
        except Exception as error:  # pydicom raises many types for items that are none
            raise Permanent("the compressed pixel data of the instance cannot be read") from error


def _slice(path: Path, start: int, length: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(start)
        data = stream.read(length)
    if len(data) != length:
        raise Permanent("the pixel data of the instance is shorter than its attributes say")
    return data


def _elements(dataset: Dataset) -> Iterator[DataElement]:
    """Give the elements whose values can be read."""
    for tag in dataset.keys():  # noqa: SIM118 - iterating a data set reads every value
        try:
            element = dataset[tag]
        except Exception:  # noqa: S112 - pydicom raises many types for values that are none; the others are given
            continue
        yield element


def _said(element: DataElement, place_of: Callable[[DataElement], str]) -> dict[str, Any]:
    """Give an element as DICOM JSON, without its value where JSON cannot hold it."""
    try:
        said: dict[str, Any] = element.to_json_dict(place_of, _INLINE_BYTES)
    except Exception:  # pydicom raises many types for values that are none
        return {"vr": element.VR}
    return said


def _long_values(dataset: Dataset, prefix: str = "") -> Iterator[tuple[str, DataElement]]:
    """Give the binary values too long to stand in JSON, with their places: `TAG`, or `TAG-item-TAG` in sequences."""
    for element in _elements(dataset):
        place = f"{prefix}{int(element.tag):08X}"
        if element.VR == "SQ":
            for number, item in enumerate(element.value, start=1):
                yield from _long_values(item, f"{place}-{number}-")
        elif element.VR in _LONG_VRS and len(element.value or b"") > _INLINE_BYTES:
            yield place, element
