"""Where instances lie: files named by the index's own numbers, never by anything that was received."""

import contextlib
import os
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset

from dicomfabd.dimse.part10 import file_header
from dicomfabd.dimse.query import text_of
from dicomfabd.dimse.services import StoreRequest
from dicomfabd.store.interface import ArchivedInstance, ArchiveIndex

_PER_FOLDER: Final = 1000

STUDY_KEYWORDS: Final = (
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
)
SERIES_KEYWORDS: Final = (
    "SeriesInstanceUID",
    "SeriesNumber",
    "SeriesDescription",
    "SeriesDate",
    "SeriesTime",
    "Modality",
    "BodyPartExamined",
    "Laterality",
    "StationName",
    "PerformedProcedureStepID",
)
IMAGE_KEYWORDS: Final = (
    "SOPInstanceUID",
    "SOPClassUID",
    "InstanceNumber",
    "ImageType",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "ContentDate",
    "ContentTime",
)


class Shelf:
    """Keeps instances: file first, then index, each flushed; success means it survives a power cut. Thread-safe."""

    def __init__(self, folder: Path, index: ArchiveIndex) -> None:
        """Use a folder, which is made."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._index = index

    def keep(self, request: StoreRequest, attributes: Dataset) -> bool:
        """Keep an instance; False if it was there already.

        Raises:
            OSError: The disk is full or broken; nothing was kept.
        """
        if self._index.contains(request.sop_instance_uid):
            return False
        instance_id = self._index.new_id()
        path = self._path(instance_id)
        size = self._write(path, request)
        was_new = self._index.add(
            ArchivedInstance(
                instance_id,
                study=_values(attributes, STUDY_KEYWORDS),
                series=_values(attributes, SERIES_KEYWORDS),
                image=_values(attributes, IMAGE_KEYWORDS),
                size=size,
            )
        )
        if not was_new:
            path.unlink()
        return was_new

    def _path(self, instance_id: int) -> Path:
        return self._folder / f"{instance_id // _PER_FOLDER:06d}" / f"{instance_id}.dcm"

    def _write(self, path: Path, request: StoreRequest) -> int:
        path.parent.mkdir(exist_ok=True)
        header = file_header(request.sop_class_uid, request.sop_instance_uid, request.transfer_syntax_uid)
        try:
            # Not "x": an unindexed file of this number is what a crash left behind.
            with path.open("wb") as stream:
                stream.write(header)
                stream.write(request.dataset)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        return len(header) + len(request.dataset)


def _values(attributes: Dataset, keywords: tuple[str, ...]) -> dict[str, str]:
    return {keyword: text_of(attributes[keyword]) if keyword in attributes else "" for keyword in keywords}
