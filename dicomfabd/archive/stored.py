"""A file of the shelf → its data set, in the transfer syntax it has or another that only spells it otherwise."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset, read_file_meta_info
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomfabd.domain.errors import Permanent

PLAIN: Final = (str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian))
"""Transfer syntaxes that differ in spelling only: one can be had from the other (PS3.5 Annex A.1, A.2)."""

_PREAMBLE: Final = 132
_GROUP_LENGTH: Final = 12  # of (0002,0000) itself


@dataclass(frozen=True, slots=True)
class Encoded:
    """A data set as it is sent, without file meta information."""

    transfer_syntax_uid: str
    dataset: bytes


def read_encoded(path: Path) -> Encoded:
    """Give a file's data set; raises OSError for a file that is gone."""
    data = path.read_bytes()
    length = int.from_bytes(data[_PREAMBLE + 8 : _PREAMBLE + _GROUP_LENGTH], "little")
    end = _PREAMBLE + _GROUP_LENGTH + length
    # File meta information is explicit little endian (PS3.10 §7.1).
    meta = read_dataset(BytesIO(data[_PREAMBLE:end]), is_implicit_VR=False, is_little_endian=True)
    return Encoded(str(meta.TransferSyntaxUID), data[end:])


def syntax_of(path: Path) -> str:
    """Give a file's transfer syntax."""
    return str(read_file_meta_info(path).TransferSyntaxUID)


def can_become(stored: str, wanted: str) -> bool:
    """Tell whether a data set can be had in another transfer syntax."""
    return stored == wanted or (stored in PLAIN and wanted in PLAIN)


def encoded_as(encoded: Encoded, wanted: str) -> bytes:
    """Give a data set in a transfer syntax it `can_become`; raises Permanent for one with values that are none."""
    if encoded.transfer_syntax_uid == wanted:
        return encoded.dataset
    is_implicit = encoded.transfer_syntax_uid == ImplicitVRLittleEndian
    stream = DicomBytesIO()
    stream.is_little_endian, stream.is_implicit_VR = True, wanted == ImplicitVRLittleEndian
    try:
        write_dataset(stream, read_dataset(BytesIO(encoded.dataset), is_implicit, True))
    except Exception as error:  # pydicom raises many types for values that are none
        raise Permanent("the instance has values that cannot be read, and can only be given as it came") from error
    return stream.getvalue()
