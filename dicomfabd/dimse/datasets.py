"""Data sets as bytes."""

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset


def encode(dataset: Dataset, *, is_implicit: bool) -> bytes:
    """Give a whole data set's bytes, little endian."""
    stream = DicomBytesIO()
    stream.is_little_endian = True
    stream.is_implicit_VR = is_implicit
    write_dataset(stream, dataset)
    return stream.getvalue()
