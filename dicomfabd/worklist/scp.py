"""The Modality Worklist SCP (PS3.4 Annex K): C-FIND from the store, C-ECHO."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from pydicom.dataset import Dataset

from dicomfabd.config import Worklist
from dicomfabd.dimse.query import asked_keywords, project, set_character_set
from dicomfabd.dimse.server import DicomListener
from dicomfabd.dimse.services import (
    IDENTIFIER_DOES_NOT_MATCH,
    PENDING,
    PENDING_UNSUPPORTED_KEYS,
    Answer,
    Peer,
    Refusal,
    Services,
)
from dicomfabd.store.worklist_interface import WorklistBook
from dicomfabd.telemetry.journal import Journal
from dicomfabd.worklist.items import to_item
from dicomfabd.worklist.matching import WorklistQuery

_MODALITY_WORKLIST_FIND: Final = "1.2.840.10008.5.1.4.31"
_NOTHING_MORE: Final = Services()
_SEARCH_FACTOR: Final = 20  # orders looked at for one answer given, where keys have no index


class WorklistServer:
    """Answers modalities."""

    def __init__(
        self,
        settings: Worklist,
        book: WorklistBook,
        journal: Journal,
        more: Services = _NOTHING_MORE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            settings: Its section.
            book: Where items are looked up.
            journal: Told of queries, and of associations that end badly.
            more: What is offered on the same port besides.
            clock: Gives Unix seconds.

        Raises:
            ConfigError: A file of its TLS cannot be used.
        """
        self._settings = settings
        self._book = book
        self._journal = journal
        self._clock = clock
        services = replace(more, find={**more.find, _MODALITY_WORKLIST_FIND: self._find})
        self._listener = DicomListener(
            "worklist", settings.host, settings.port, services, journal, settings.called_ae_titles, settings.tls
        )

    @property
    def port(self) -> int:
        """The port in use, once started."""
        return self._listener.port

    async def start(self) -> None:
        """Open the port; raises OSError when it is taken."""
        await self._listener.start()

    async def stop(self) -> None:
        """Let queries under way end, then close the port."""
        await self._listener.stop()

    def _find(self, identifier: Dataset, peer: Peer) -> Iterator[Answer]:
        started = time.perf_counter()
        given = 0
        try:
            query = WorklistQuery(identifier)
            keys = asked_keywords(identifier)
            for answer in self._answers(query):
                given += 1
                yield answer
        except (ValueError, RecursionError) as error:  # MalformedKey is a ValueError
            reason = str(error) or type(error).__name__
            self._journal.worklist_query_failed(peer.calling_ae_title, peer.called_ae_title, reason)
            raise Refusal(IDENTIFIER_DOES_NOT_MATCH, reason) from error
        seconds = time.perf_counter() - started
        self._journal.worklist_queried(peer.calling_ae_title, peer.called_ae_title, keys, given, seconds)

    def _answers(self, query: WorklistQuery) -> Iterator[Answer]:
        most = self._settings.max_answers
        given = 0
        # Keeping finished orders for 0 s means that none of them is finished late enough to be shown.
        since = self._clock() - self._settings.keep_done_s if self._settings.keep_done_s else float("inf")
        for listed in self._book.find(query.to_item_query(since), most * _SEARCH_FACTOR):
            for on_file in self._book.load([listed.order_id]).values():
                item = to_item(on_file.order, on_file.order.steps[listed.ordinal], on_file.steps[listed.ordinal].status)
                if not query.matches(item):
                    continue
                answer, is_complete = project(query.identifier, item)
                set_character_set(answer, query.identifier)
                yield PENDING if is_complete else PENDING_UNSUPPORTED_KEYS, answer
                given += 1
                if given == most:
                    return
