"""An instance as a picture for a screen: PNG or JPEG (PS3.18 §10.4.1.1.3, PS3.3 C.7.6.3, C.11.1, C.11.2).

The only module of the archive that knows numpy and Pillow; see docs/decisions/0008.
"""

from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from dicomfabd.archive.describing import GREY, RGB, is_inverse, kind_of_pixels
from dicomfabd.archive.frame_attributes import attributes_of, number_in
from dicomfabd.archive.reading import frame_bytes, frames_in
from dicomfabd.domain.errors import Permanent

JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
PDF: Final = "application/pdf"

_WHITE: Final = 255
Window = tuple[float, float, str]
Pixels = npt.NDArray[Any]


def render(
    path: Path, frame: int, media_type: str, window: Window | None, viewport: tuple[int, int] | None, quality: int
) -> bytes:
    """Draw one frame.

    Args:
        path: The file.
        frame: From 1.
        media_type: `image/jpeg` or `image/png`.
        window: Centre, width and function (`linear`, `linear-exact`, `sigmoid`) instead of the image's own.
        viewport: Most columns and rows; the proportions stay.
        quality: Of a JPEG, 1 to 100.

    Raises:
        LookupError: There is no such frame.
        Permanent: There are no pixels, or none that can be read here; says why.
        OSError: The file is gone.
    """
    pixels, dataset = _decoded(path, frame)
    try:
        shown = _shown(pixels, dataset, frame - 1, window)
        image = Image.fromarray(shown)
    except Exception as error:  # tables and windows of others may be anything
        raise Permanent("the instance cannot be drawn: its attributes do not fit its pixels") from error
    if viewport:
        image.thumbnail(viewport, Image.Resampling.LANCZOS)
    stream = BytesIO()
    image.save(stream, "PNG" if media_type == PNG else "JPEG", quality=quality)
    return stream.getvalue()


def raw_frame(path: Path, frame: int) -> bytes:
    """Give one frame decompressed, little endian; raises as `render`."""
    pixels, _ = _decoded(path, frame, is_raw=True)
    return pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()


def values(path: Path, frame: int) -> bytes:
    """Give one frame as `describing.kind_of_pixels` says; raises as `render`."""
    pixels, dataset = _decoded(path, frame)
    kind = kind_of_pixels(dataset)
    if not kind:
        raise Permanent(f"an image with {dataset.get('BitsAllocated')} bits a pixel cannot be shown")
    try:
        if kind == RGB:
            return _colour(pixels, dataset).tobytes()
        if dataset.get("ModalityLUTSequence"):
            pixels = apply_modality_lut(pixels, dataset)
        return pixels.astype(np.dtype(kind).newbyteorder("<"), copy=False).tobytes()
    except Exception as error:  # tables of others may be anything
        raise Permanent("the instance cannot be drawn: its attributes do not fit its pixels") from error


def document_in(path: Path) -> bytes | None:
    """Give the PDF a file encapsulates, or None if it holds none; raises OSError for a file that is gone."""
    dataset = dcmread(path, stop_before_pixels=True)
    if dataset.get("MIMETypeOfEncapsulatedDocument") != PDF:
        return None
    content = bytes(dataset.get("EncapsulatedDocument") or b"")
    length = dataset.get("EncapsulatedDocumentLength")
    return content[:length] if isinstance(length, int) else content


def _decoded(path: Path, frame: int, *, is_raw: bool = False) -> tuple[Pixels, Dataset]:
    dataset = dcmread(path, stop_before_pixels=True)
    if "PhotometricInterpretation" not in dataset or "Rows" not in dataset:
        raise Permanent("the instance has no image")
    frame_bytes(dataset)  # refuses what would not fit into memory
    count = frames_in(dataset)
    if not 1 <= frame <= count:
        raise LookupError(f"there is no frame {frame}; the instance has {count}")
    try:
        return pixel_array(path, index=frame - 1, raw=is_raw), dataset
    except FileNotFoundError:
        raise
    except Exception as error:  # codecs and pydicom raise many types
        syntax = UID(dataset.file_meta.TransferSyntaxUID)
        hint = (
            f"pixel data in {syntax.name} cannot be decoded here; install dicomfabd with the extra `codecs`"
            if syntax.is_compressed
            else "the pixel data of the instance is not what its attributes say"
        )
        raise Permanent(hint) from error


def _shown(pixels: Pixels, dataset: Dataset, index: int, window: Window | None) -> npt.NDArray[np.uint8]:
    if dataset.PhotometricInterpretation not in GREY:
        return _colour(pixels, dataset)
    attributes = attributes_of(dataset, index)
    shares = _window(apply_modality_lut(pixels, attributes), attributes, window)
    grey: npt.NDArray[np.uint8] = (np.clip(shares, 0, 1) * _WHITE).astype(np.uint8)
    return np.invert(grey) if is_inverse(dataset) else grey


def _window(values: Pixels, attributes: Dataset, window: Window | None) -> Pixels:
    """Give values as shares of white, 0 to 1 where they are within the window (PS3.3 C.11.2.1.2)."""
    if window is None and attributes.get("VOILUTSequence"):
        bits = attributes.VOILUTSequence[0].LUTDescriptor[2]
        return np.asarray(apply_voi(values.astype(np.int64), attributes) / (2.0**bits - 1))
    if window is None:
        window = _own_window(attributes)
    if window is None:
        low, high = float(values.min()), float(values.max())
        return (values - low) / ((high - low) or 1)
    centre, width, function = window
    if function == "sigmoid":
        return 1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -700, 700)))
    if function == "linear-exact":
        return (values - centre) / width + 0.5
    return (values - (centre - 0.5)) / max(width - 1, 1e-6) + 0.5


def _own_window(attributes: Dataset) -> Window | None:
    centre, width = (number_in(attributes.get(keyword)) for keyword in ("WindowCenter", "WindowWidth"))
    if centre is None or width is None or width <= 0:
        return None
    return centre, width, str(attributes.get("VOILUTFunction") or "LINEAR").lower().replace("_", "-")


def _colour(pixels: Pixels, dataset: Dataset) -> npt.NDArray[np.uint8]:
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, dataset)[..., :3]
        bits = pixels.dtype.itemsize * 8
    else:
        bits = int(dataset.BitsStored)
    return np.ascontiguousarray(pixels >> max(0, bits - 8), np.uint8)
