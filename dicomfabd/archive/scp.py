"""The archive's DICOM side: what its listener offers, and the threads behind it (PS3.4 Annex B, C, J)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset

from dicomfabd.archive.answering import Finder
from dicomfabd.archive.commitments import Commitments, SendReport
from dicomfabd.archive.models import FIND, GET, MOVE
from dicomfabd.archive.purging import Purger
from dicomfabd.archive.retrieving import OpenSender, Retriever
from dicomfabd.archive.shelf import Shelf
from dicomfabd.config import Archive
from dicomfabd.dimse.datasets import read_attributes
from dicomfabd.dimse.server import DicomListener
from dicomfabd.dimse.services import (
    CANNOT_UNDERSTAND,
    IDENTIFIER_DOES_NOT_MATCH,
    OUT_OF_RESOURCES,
    Peer,
    Refusal,
    Services,
    StoreRequest,
)
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.domain.uids import is_valid_uid
from dicomfabd.store.archive_interface import ArchiveIndex
from dicomfabd.telemetry.journal import Journal

_UIDS: Final = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")


@dataclass(frozen=True, slots=True)
class Others:
    """How the archive reaches other application entities, given by the composition root.

    Attributes:
        knows: Tells whether an AE title is a destination.
        open_sender: Opens an association for C-MOVE.
        report: Sends a report on storage commitment.
    """

    knows: Callable[[str], bool]
    open_sender: OpenSender
    report: SendReport


class ArchiveServer:
    """The built-in PACS."""

    def __init__(self, settings: Archive, folder: Path, index: ArchiveIndex, journal: Journal, others: Others) -> None:
        """Prepare; nothing is opened yet.

        Args:
            settings: The settings.
            folder: Where instances lie.
            index: What knows them.
            journal: Told what happens.
            others: How to reach other application entities.
        """
        self.index = index
        self.shelf = Shelf(folder, index)
        self._journal = journal
        self._finder = Finder(index, settings.ae_title, journal)
        self._retriever = Retriever(index, self.shelf, others.open_sender, journal)
        self._commitments = Commitments(index, others.knows, others.report, journal)
        self._purger = Purger(settings, index, self.shelf, journal)
        self._listener = DicomListener("archive", settings, self.services(), journal)

    @property
    def port(self) -> int:
        """The port in use, once started."""
        return self._listener.port

    async def start(self) -> None:
        """Open the port and begin to report and to purge; raises OSError when it is taken."""
        await self._listener.start()
        self._commitments.chore.start()
        self._purger.chore.start()

    async def stop(self) -> None:
        """Let requests under way end, close the port and end the threads."""
        await self._listener.stop()
        await asyncio.to_thread(self._commitments.chore.stop)
        await asyncio.to_thread(self._purger.chore.stop)

    def services(self) -> Services:
        """Give what the listener offers."""
        return Services(
            find={sop_class: partial(self._finder.find, model) for sop_class, model in FIND.items()},
            store=self._store,
            move={sop_class: partial(self._retriever.move, model) for sop_class, model in MOVE.items()},
            get={sop_class: partial(self._retriever.get, model) for sop_class, model in GET.items()},
            commit=self._commitments.ask,
        )

    def _store(self, request: StoreRequest, peer: Peer) -> None:
        try:
            attributes = _checked(request)
            self.shelf.keep(request, attributes)
        except Refusal as refusal:
            self._journal.archive_refused(peer.calling_ae_title, refusal.comment)
            raise
        except (OSError, StoreUnavailable) as error:
            self._journal.archive_refused(peer.calling_ae_title, str(error))
            raise Refusal(OUT_OF_RESOURCES, "the archive cannot write now") from error
        self._journal.archive_stored()


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
    if uids["SOPClassUID"] != request.sop_class_uid:
        raise Refusal(IDENTIFIER_DOES_NOT_MATCH, "SOPClassUID is not that of the request")
    return attributes
