"""What a viewer needs to know of an instance before it shows it: size, values, windows, place in the patient."""

import re
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydicom import dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.uid import UID

from dicomfabd.archive.frame_attributes import KEYWORDS, attributes_of, number_in, numbers_in
from dicomfabd.archive.reading import frames_in
from dicomfabd.domain.errors import Permanent

GREY: Final = frozenset({"MONOCHROME1", "MONOCHROME2"})
RGB: Final = "rgb"
"""Kind of pixels that are three bytes each, whatever they are stored as."""

_VALUES: Final[Mapping[tuple[int, int], str]] = {
    (8, 0): "uint8",
    (8, 1): "int8",
    (16, 0): "uint16",
    (16, 1): "int16",
    (32, 0): "uint32",
    (32, 1): "int32",
}
_OWN: Final = re.findall(
    r"\w+",
    "SOPInstanceUID SOPClassUID InstanceNumber NumberOfFrames Rows Columns BitsAllocated BitsStored "
    "PixelRepresentation SamplesPerPixel PhotometricInterpretation PresentationLUTShape FrameOfReferenceUID "
    "PatientOrientation PixelAspectRatio ImagerPixelSpacing NominalScannedPixelSpacing RescaleType Units Modality "
    "ImageLaterality Laterality ViewPosition SliceLocation AcquisitionNumber ContentDate ContentTime CineRate "
    "RecommendedDisplayFrameRate FrameTime SequenceOfUltrasoundRegions SharedFunctionalGroupsSequence "
    "PerFrameFunctionalGroupsSequence MIMETypeOfEncapsulatedDocument DocumentTitle ContentSequence WaveformSequence",
)
_TAGS: Final = [tag for keyword in (*_OWN, *KEYWORDS) if (tag := tag_for_keyword(keyword)) is not None]
_MOST_FRAMES: Final = 10_000
_MOST_WINDOWS: Final = 16
_MOST_TABLES: Final = 2
_LARGEST_TABLE: Final = 65_536
_LONGEST: Final = 64
_CENTIMETRES: Final = 3  # PS3.3 C.8.5.5.1.15
_UNSPECIFIED: Final = "US"  # PS3.3 C.11.1.1.2
_PDF: Final = "application/pdf"


def describe(path: Path) -> Mapping[str, Any]:
    """Describe an instance; `frame` applies to every frame, `frames_differ` adds what one says by itself.

    Raises:
        Permanent: It has values that are none.
        OSError: The file is gone.
    """
    try:
        return _described(_readable(dcmread(path, stop_before_pixels=True, specific_tags=_TAGS)))
    except OSError:
        raise
    except Exception as error:  # pydicom raises many types for values that are none
        raise Permanent("the instance has values that cannot be read") from error


def kind_of_pixels(dataset: Dataset) -> str:
    """Give how a frame is handed to a viewer: `uint8` to `int32`, little endian, or `rgb`; empty for what cannot be.

    Values of an image with a modality LUT are those after it, because they mean nothing before.
    """
    if dataset.get("PhotometricInterpretation") not in GREY:
        return RGB
    if dataset.get("ModalityLUTSequence"):
        return "int32"
    bits, sign = _whole(dataset, "BitsAllocated") or 0, _whole(dataset, "PixelRepresentation") or 0
    return _VALUES.get((bits, sign), "")


def is_inverse(dataset: Dataset) -> bool:
    """Tell whether low values are bright.

    An inverse shape on MONOCHROME1 says again what that says already (PS3.3 C.7.6.3.1.2, C.11.6).
    """
    said = dataset.get("PhotometricInterpretation"), dataset.get("PresentationLUTShape")
    return said[0] == "MONOCHROME1" or bool(said[1] == "INVERSE")


def _readable(dataset: Dataset) -> Dataset:
    """Leave out the elements whose values are none: an image is shown without its bad window, too."""
    for tag in list(dataset.keys()):
        try:
            dataset[tag]
        except Exception:  # pydicom raises many types for values that are none
            del dataset[tag]
    return dataset


def _described(dataset: Dataset) -> Mapping[str, Any]:
    said: dict[str, Any] = {
        "sop_instance_uid": _text(dataset, "SOPInstanceUID"),
        "sop_class_uid": _text(dataset, "SOPClassUID"),
        "sop_class": UID(_text(dataset, "SOPClassUID")).name,
        "transfer_syntax": UID(str(dataset.file_meta.get("TransferSyntaxUID", ""))).name,
        "instance_number": _whole(dataset, "InstanceNumber"),
        "kind": _kind(dataset),
        "title": _text(dataset, "DocumentTitle"),
        "content_date": _text(dataset, "ContentDate"),
        "content_time": _text(dataset, "ContentTime"),
    }
    return {**said, **_image(dataset)} if said["kind"] == "image" else said


def _kind(dataset: Dataset) -> str:
    if "Rows" in dataset and "PhotometricInterpretation" in dataset:
        return "image"
    if "MIMETypeOfEncapsulatedDocument" in dataset:
        return "document" if dataset.MIMETypeOfEncapsulatedDocument == _PDF else "other"
    if "WaveformSequence" in dataset:
        return "waveform"
    return "report" if "ContentSequence" in dataset else "other"


def _image(dataset: Dataset) -> Mapping[str, Any]:
    count = frames_in(dataset)
    first = _frame(attributes_of(dataset, 0), dataset)
    spacing, of = _spacing(dataset, first)
    return {
        "frames": count,
        "rows": _whole(dataset, "Rows") or 0,
        "columns": _whole(dataset, "Columns") or 0,
        "bits_allocated": _whole(dataset, "BitsAllocated") or 0,
        "bits_stored": _whole(dataset, "BitsStored") or 0,
        "is_signed": _whole(dataset, "PixelRepresentation") == 1,
        "samples": _whole(dataset, "SamplesPerPixel") or 1,
        "photometric_interpretation": _text(dataset, "PhotometricInterpretation"),
        "pixels": kind_of_pixels(dataset),
        "is_inverse": is_inverse(dataset),
        "units": _units(dataset),
        "pixel_spacing": spacing,
        "pixel_spacing_of": of,
        "pixel_aspect": _aspect(dataset, spacing),
        "frame_of_reference_uid": _text(dataset, "FrameOfReferenceUID"),
        "patient_orientation": [str(part)[:3] for part in (dataset.get("PatientOrientation") or [])][:2],
        "laterality": _text(dataset, "ImageLaterality") or _text(dataset, "Laterality"),
        "view": _text(dataset, "ViewPosition"),
        "frames_per_second": _speed(dataset),
        "frame": first,
        "frames_differ": _differences(dataset, count, first),
    }


def _differences(dataset: Dataset, count: int, first: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give what each frame says otherwise than the first; nothing for images without functional groups."""
    if "PerFrameFunctionalGroupsSequence" not in dataset:
        return []
    each = (_frame(attributes_of(dataset, index), dataset) for index in range(min(count, _MOST_FRAMES)))
    return [{name: value for name, value in frame.items() if value != first[name]} for frame in each]


def _frame(attributes: Dataset, dataset: Dataset) -> dict[str, Any]:
    has_table = bool(dataset.get("ModalityLUTSequence"))
    slope = None if has_table else number_in(attributes.get("RescaleSlope"))
    intercept = None if has_table else number_in(attributes.get("RescaleIntercept"))
    position, orientation = (
        numbers_in(attributes.get(keyword)) for keyword in ("ImagePositionPatient", "ImageOrientationPatient")
    )
    return {
        "rescale_slope": 1.0 if slope is None else slope,
        "rescale_intercept": intercept or 0.0,
        "windows": _windows(attributes),
        "tables": _tables(attributes),
        "position": position if len(position) == 3 else None,
        "orientation": orientation if len(orientation) == 6 else None,
        "spacing": numbers_in(attributes.get("PixelSpacing"))[:2],
        "thickness": number_in(attributes.get("SliceThickness")),
        "spacing_between": number_in(attributes.get("SpacingBetweenSlices")),
        "location": number_in(dataset.get("SliceLocation")),
    }


def _windows(attributes: Dataset) -> list[dict[str, Any]]:
    centres, widths = (numbers_in(attributes.get(keyword)) for keyword in ("WindowCenter", "WindowWidth"))
    said = attributes.get("WindowCenterWidthExplanation") or ""
    names = [said] if isinstance(said, str) else [str(name) for name in said]
    function = str(attributes.get("VOILUTFunction") or "LINEAR").lower().replace("_", "-")
    return [
        {
            "centre": centre,
            "width": width,
            "function": function,
            "explanation": names[number][:_LONGEST] if number < len(names) else "",
        }
        for number, (centre, width) in enumerate(zip(centres, widths, strict=False))
        if width > 0
    ][:_MOST_WINDOWS]


def _tables(attributes: Dataset) -> list[dict[str, Any]]:
    """Give the VOI LUTs as base64 of 16 bits each, little endian."""
    found = []
    for item in (attributes.get("VOILUTSequence") or [])[:_MOST_TABLES]:
        count, first, bits = ([*numbers_in(item.get("LUTDescriptor")), 0, 0, 0])[:3]
        table = _table(item.get("LUTData"), int(count) or _LARGEST_TABLE)
        if table and 1 <= bits <= 16:
            explanation = str(item.get("LUTExplanation") or "")[:_LONGEST]
            content = b64encode(table).decode()
            found.append({"first": int(first), "bits": int(bits), "explanation": explanation, "content": content})
    return found


def _table(data: Any, count: int) -> bytes:
    if isinstance(data, bytes):
        wide = data if len(data) >= 2 * count else b"".join(bytes((one, 0)) for one in data)
        return wide[: 2 * count]
    try:
        return b"".join(int(value).to_bytes(2, "little") for value in (data or [])[:count])
    except (TypeError, ValueError, OverflowError):
        return b""


def _spacing(dataset: Dataset, first: Mapping[str, Any]) -> tuple[list[float] | None, str]:
    """Give millimetres between rows and columns, and what they are measured at; None where nobody says."""
    candidates = (
        (first["spacing"], "patient"),
        (numbers_in(dataset.get("ImagerPixelSpacing"))[:2], "detector"),
        (numbers_in(dataset.get("NominalScannedPixelSpacing"))[:2], "film"),
        (_region_spacing(dataset), "region"),
    )
    for spacing, of in candidates:
        if len(spacing) == 2 and min(spacing) > 0:
            return spacing, of
    return None, ""


def _region_spacing(dataset: Dataset) -> list[float]:
    """Give the spacing of an ultrasound image, where all its calibrated regions agree (PS3.3 C.8.5.5)."""
    found = set()
    for region in (dataset.get("SequenceOfUltrasoundRegions") or [])[:16]:
        if {region.get("PhysicalUnitsXDirection"), region.get("PhysicalUnitsYDirection")} == {_CENTIMETRES}:
            across, down = (number_in(region.get(keyword)) for keyword in ("PhysicalDeltaX", "PhysicalDeltaY"))
            found.add((abs(down or 0) * 10, abs(across or 0) * 10))
    return list(found.pop()) if len(found) == 1 else []


def _aspect(dataset: Dataset, spacing: list[float] | None) -> float:
    """Give how much higher than wide a pixel is shown."""
    pair = spacing or numbers_in(dataset.get("PixelAspectRatio"))[:2]
    aspect = pair[0] / pair[1] if len(pair) == 2 and min(pair) > 0 else 1.0
    return aspect if 0.01 <= aspect <= 100 else 1.0


def _units(dataset: Dataset) -> str:
    said = _text(dataset, "RescaleType") or _text(dataset, "Units")
    if said == _UNSPECIFIED:
        return ""
    return said or ("HU" if dataset.get("Modality") == "CT" else "")


def _speed(dataset: Dataset) -> float | None:
    for keyword in ("RecommendedDisplayFrameRate", "CineRate"):
        if found := number_in(dataset.get(keyword)):
            return found
    time_ms = number_in(dataset.get("FrameTime"))
    return 1000 / time_ms if time_ms else None


def _text(dataset: Dataset, keyword: str) -> str:
    value = dataset.get(keyword)
    return "" if value is None else str(value)[:_LONGEST]


def _whole(dataset: Dataset, keyword: str) -> int | None:
    found = number_in(dataset.get(keyword))
    return None if found is None else int(found)
