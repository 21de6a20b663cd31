"""Data sets of DIMSE messages: decoded within limits, encoded, and looked into without their pixels."""

import logging
import warnings
from io import BytesIO
from typing import Final

from pydicom.config import IGNORE
from pydicom.config import settings as pydicom_settings
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.uid import ImplicitVRLittleEndian

from dicomfabd.dimse.services import IDENTIFIER_DOES_NOT_MATCH, Refusal, StoreRequest
from dicomfabd.dimse.structure import MalformedDataSet, check_structure

# What peers send is judged by us, not by warnings that quote it; Python keeps each text it warned of for ever.
pydicom_settings.reading_validation_mode = IGNORE
logging.getLogger("pydicom").propagate = False
warnings.filterwarnings("ignore", module=r"pydicom\.")

_MOST_ELEMENTS: Final = 4096
_DEEPEST: Final = 8
_PIXEL_GROUP: Final = 0x7FE00000


def decode(
    encoded: bytes,
    transfer_syntax: str,
    most_elements: int = _MOST_ELEMENTS,
    malformed: int = IDENTIFIER_DOES_NOT_MATCH,
) -> Dataset:
    """Decode an identifier, or the information of an N-service, to the last value.

    Args:
        encoded: As received.
        transfer_syntax: Implicit or explicit VR little endian.
        most_elements: How many it may hold, on all levels.
        malformed: Status for one that cannot be read.

    Raises:
        Refusal: There is none, or it cannot be read, or it is too large or nested too deep.
    """
    if not encoded:
        raise Refusal(malformed, "there is no data set")
    is_implicit = transfer_syntax == ImplicitVRLittleEndian
    try:
        check_structure(encoded, is_implicit, most_elements, _DEEPEST)
        dataset = read_dataset(BytesIO(encoded), is_implicit, True)
        for _ in dataset.iterall():  # reads every value, so that none fails later
            pass
    except MalformedDataSet as error:
        raise Refusal(malformed, f"the data set is refused: {error}") from error
    except Exception as error:  # pydicom raises many types for values that are none
        raise Refusal(malformed, "the data set cannot be read") from error
    return dataset


def encode(dataset: Dataset, transfer_syntax: str) -> bytes:
    """Encode a data set in implicit or explicit VR little endian."""
    stream = DicomBytesIO()
    stream.is_little_endian, stream.is_implicit_VR = True, transfer_syntax == ImplicitVRLittleEndian
    write_dataset(stream, dataset)
    return stream.getvalue()


def read_attributes(request: StoreRequest) -> Dataset:
    """Decode what an instance says of itself, without its pixels."""
    is_implicit = request.transfer_syntax_uid == ImplicitVRLittleEndian
    stream = BytesIO(request.dataset)
    return read_dataset(stream, is_implicit, True, stop_when=lambda tag, _vr, _length: tag >= _PIXEL_GROUP)
