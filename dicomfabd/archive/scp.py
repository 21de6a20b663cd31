"""The archive's DICOM side: C-STORE into the shelf, C-FIND (study root) from its index (PS3.4 Annex B and C)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from dicomfabd.archive.shelf import Shelf
from dicomfabd.config import Archive
from dicomfabd.dimse.datasets import read_attributes
from dicomfabd.dimse.matching import MalformedKey
from dicomfabd.dimse.query import item_matches, keys_of, project, set_character_set, text_of
from dicomfabd.dimse.server import DicomListener
from dicomfabd.dimse.services import (
    CANNOT_UNDERSTAND,
    IDENTIFIER_DOES_NOT_MATCH,
    OUT_OF_RESOURCES,
    PENDING,
    PENDING_UNSUPPORTED_KEYS,
    Answer,
    Peer,
    Refusal,
    Services,
    StoreRequest,
)
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.domain.uids import is_valid_uid
from dicomfabd.store.interface import ArchiveIndex, Level
from dicomfabd.telemetry.journal import Journal

_STUDY_ROOT_FIND: Final = "1.2.840.10008.5.1.4.1.2.2.1"
_UNIQUE_KEYS: Final = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PatientID", "AccessionNumber")
_UIDS: Final = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


class ArchiveServer:
    """The built-in PACS."""

    def __init__(self, settings: Archive, folder: Path, index: ArchiveIndex, journal: Journal) -> None:
        """Prepare; nothing is opened yet."""
        self._settings = settings
        self._shelf = Shelf(folder, index)
        self._index = index
        self._journal = journal
        services = Services(find={_STUDY_ROOT_FIND: self._find}, store=self._store)
        self._listener = DicomListener("archive", settings.host, settings.port, services, journal, tls=settings.tls)

    @property
    def port(self) -> int:
        """The port in use, once started."""
        return self._listener.port

    async def start(self) -> None:
        """Open the port; raises OSError when it is taken."""
        await self._listener.start()

    async def stop(self) -> None:
        """Let requests under way end, then close the port."""
        await self._listener.stop()

    def _store(self, request: StoreRequest, peer: Peer) -> None:
        try:
            attributes = _checked(request)
            self._shelf.keep(request, attributes)
        except Refusal as refusal:
            self._journal.archive_refused(peer.calling_ae_title, refusal.comment)
            raise
        except (OSError, StoreUnavailable) as error:
            self._journal.archive_refused(peer.calling_ae_title, str(error))
            raise Refusal(OUT_OF_RESOURCES, "the archive cannot write now") from error
        self._journal.archive_stored()

    def _find(self, identifier: Dataset, peer: Peer) -> Iterator[Answer]:
        try:
            yield from self._answers(identifier)
        except ValueError as error:  # MalformedKey, or a value pydicom cannot read
            self._journal.archive_query_failed(peer.calling_ae_title, str(error))
            raise Refusal(IDENTIFIER_DOES_NOT_MATCH, str(error)) from error
        self._journal.archive_queried()

    def _answers(self, identifier: Dataset) -> Iterator[Answer]:
        name = str(identifier.get("QueryRetrieveLevel", "")).strip()
        if name not in list(Level):
            raise MalformedKey("QueryRetrieveLevel is not STUDY, SERIES or IMAGE")
        keys = {key.keyword: text_of(key) for key in keys_of(identifier) if key.keyword in _UNIQUE_KEYS}
        exact = {keyword: value for keyword, value in keys.items() if not set(value) & set("*?\\")}
        for row in self._index.find(Level(name), exact):
            item = _item(row, self._settings.ae_title)
            if item_matches(identifier, item):
                answer, is_complete = project(identifier, item)
                answer.QueryRetrieveLevel = name
                answer.RetrieveAETitle = self._settings.ae_title
                set_character_set(answer, identifier)
                yield PENDING if is_complete else PENDING_UNSUPPORTED_KEYS, answer


def _checked(request: StoreRequest) -> Dataset:
    """Decode an instance and refuse one that cannot be filed."""
    try:
        attributes = read_attributes(request)
        uids = {keyword: str(attributes.get(keyword, "")) for keyword in _UIDS}
    except Exception as error:  # pydicom raises many types for bytes that are no data set
        raise Refusal(CANNOT_UNDERSTAND, "the data set cannot be read") from error
    for keyword, value in uids.items():
        if not is_valid_uid(value):
            raise Refusal(IDENTIFIER_DOES_NOT_MATCH, f"{keyword} is missing or not a UID")
    if uids["SOPInstanceUID"] != request.sop_instance_uid:
        raise Refusal(IDENTIFIER_DOES_NOT_MATCH, "SOPInstanceUID is not that of the request")
    return attributes


def _item(row: Mapping[str, str], ae_title: str) -> Dataset:
    item = Dataset()
    for keyword, value in row.items():
        vr = dictionary_VR(keyword)
        parts: list[str | int] = [int(part) if vr == "US" else part for part in value.split("\\")] if value else []
        stored = parts if len(parts) > 1 else parts[0] if parts else None
        # What others sent is given back as it came, valid or not.
        item.add(DataElement(keyword, vr, stored, validation_mode=IGNORE))
    item.RetrieveAETitle = ae_title
    item.InstanceAvailability = "ONLINE"
    return item
