"""C-FIND in the archive: identifier in, matching rows of the index out (PS3.4 C.4.1)."""

from collections.abc import Iterator

from pydicom.dataset import Dataset

from dicomfabd.archive.models import Model
from dicomfabd.archive.query import Search, search
from dicomfabd.dimse.query import project, set_character_set
from dicomfabd.dimse.services import (
    IDENTIFIER_DOES_NOT_MATCH,
    PENDING,
    PENDING_UNSUPPORTED_KEYS,
    Answer,
    Peer,
    Refusal,
)
from dicomfabd.store.archive_interface import ArchiveIndex
from dicomfabd.telemetry.journal import Journal


class Finder:
    """Answers queries of every information model and level."""

    def __init__(self, index: ArchiveIndex, ae_title: str, journal: Journal) -> None:
        """Take what is searched, and the AE title answers name for retrieval."""
        self._index = index
        self._ae_title = ae_title
        self._journal = journal

    def find(self, model: Model, identifier: Dataset, peer: Peer) -> Iterator[Answer]:
        """Give an answer for each match; raises Refusal A900 for an identifier that is none of the model."""
        try:
            yield from self._answers(model, identifier)
        except ValueError as error:  # MalformedKey, or a value pydicom cannot read
            self._journal.archive_query_failed(peer.calling_ae_title, str(error))
            raise Refusal(IDENTIFIER_DOES_NOT_MATCH, str(error)) from error
        self._journal.archive_queried()

    def _answers(self, model: Model, identifier: Dataset) -> Iterator[Answer]:
        level = model.level_of(identifier)
        for item in search(self._index, Search(level, identifier, self._ae_title)):
            answer, is_complete = project(identifier, item)
            answer.QueryRetrieveLevel = level.value
            answer.RetrieveAETitle = self._ae_title
            set_character_set(answer, identifier)
            yield PENDING if is_complete else PENDING_UNSUPPORTED_KEYS, answer
