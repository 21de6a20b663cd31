"""Small instances for PACS that are asked: one image of one study, with whatever a test wants different."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

STUDY = "1.2.3"


def a_dataset(number: int = 1, study: str = STUDY, series: int = 1, **attributes: Any) -> Dataset:
    """Give the `number`th image of a series of a study."""
    ds = Dataset()
    ds.SpecificCharacterSet = attributes.pop("SpecificCharacterSet", "ISO_IR 192")
    values = {
        "SOPClassUID": CTImageStorage,
        "SOPInstanceUID": f"{study}.{series}.{number}",
        "StudyInstanceUID": study,
        "SeriesInstanceUID": f"{study}.{series}",
        "PatientName": "DOE^JANE",
        "PatientID": "P1",
        "PatientBirthDate": "19800101",
        "PatientSex": "F",
        "StudyDate": "20260110",
        "StudyTime": "120000",
        "StudyID": "S1",
        "AccessionNumber": "A1",
        "StudyDescription": "CT CHEST",
        "Modality": "CT",
        "SeriesNumber": series,
        "InstanceNumber": number,
    }
    for keyword, value in (values | attributes).items():
        setattr(ds, keyword, value)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def a_file(*numbers: Any, **attributes: Any) -> bytes:
    """Give one as a DICOM file."""
    stream = BytesIO()
    a_dataset(*numbers, **attributes).save_as(stream, enforce_file_format=True)
    return stream.getvalue()


@dataclass(frozen=True)
class AnInstance:
    """An encoded instance, as a sender takes it."""

    sop_class_uid: str
    sop_instance_uid: str
    parts: Sequence[bytes | memoryview]


def sendable(ds: Dataset) -> AnInstance:
    """Give one to send, explicit VR little endian."""
    return AnInstance(str(ds.SOPClassUID), str(ds.SOPInstanceUID), [encoded(ds)])


def encoded(ds: Dataset) -> bytes:
    """Give a data set's bytes, explicit VR little endian."""
    stream = DicomBytesIO()
    stream.is_little_endian, stream.is_implicit_VR = True, False
    write_dataset(stream, ds)
    return stream.getvalue()
