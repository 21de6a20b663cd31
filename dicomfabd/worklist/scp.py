"""The Modality Worklist SCP (PS3.4 Annex K): C-FIND from the store, C-ECHO."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from dicomfabd.config import ProfileSection, Worklist
from dicomfabd.dimse.keys import Identifier, read_identifier
from dicomfabd.dimse.server import DicomListener
from dicomfabd.dimse.services import IDENTIFIER_DOES_NOT_MATCH, Peer, Refusal, Search, Services
from dicomfabd.dimse.structure import MalformedDataSet
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.domain.order import StepStatus
from dicomfabd.store.worklist_interface import ItemQuery, QueryBook, WorklistBook
from dicomfabd.telemetry.journal import Journal
from dicomfabd.worklist.answers import Answers
from dicomfabd.worklist.checks import MalformedQuery
from dicomfabd.worklist.folder import WorklistFolder
from dicomfabd.worklist.profiles import Profiles
from dicomfabd.worklist.querylog import Asked, QueryLog
from dicomfabd.worklist.question import Question, done_since
from dicomfabd.worklist.search import WorklistSearch

_MODALITY_WORKLIST_FIND: Final = "1.2.840.10008.5.1.4.31"
_NOTHING_MORE: Final = Services()
_ANSWERS_BYTES: Final = 64 << 20
_QUESTIONS: Final = 1024
_LONGEST_REMEMBERED: Final = 4096  # bytes of an identifier
_RETIRE_EVERY_S: Final = 30.0


class WorklistServer:
    """Answers modalities."""

    def __init__(
        self,
        settings: Worklist,
        profiles: Sequence[ProfileSection],
        book: WorklistBook,
        queries: QueryBook,
        journal: Journal,
        more: Services = _NOTHING_MORE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            settings: Its section.
            profiles: How some modalities are answered differently.
            book: Where items are looked up.
            queries: Keeps what was asked.
            journal: Told of queries, and of associations that end badly.
            more: What is offered on the same port besides.
            clock: Gives Unix seconds.

        Raises:
            ConfigError: A file of its TLS cannot be used, or a profile names what is none of DICOM.
        """
        self._settings = settings
        self._profiles = Profiles(settings, profiles)
        self._book = book
        self._journal = journal
        self._clock = clock
        self._answers = Answers(_ANSWERS_BYTES)
        self._log = QueryLog(queries, settings.keep_queries, journal.worklist_queries_not_kept)
        self._remembered = lru_cache(_QUESTIONS)(self._question)
        services = replace(more, search={**more.search, _MODALITY_WORKLIST_FIND: self._begin})
        self._listener = DicomListener("worklist", settings, services, journal)
        self._folder = (
            WorklistFolder(Path(settings.folder), book, self._shown_to_all, journal.worklist_folder_failed)
            if settings.folder
            else None
        )
        self._retiring: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port in use, once started."""
        return self._listener.port

    async def start(self) -> None:
        """Open the port; raises OSError when it is taken, or when the folder for items cannot be used."""
        if self._folder:
            await self._folder.start()
        await self._log.start()
        await self._listener.start()
        self._retiring = asyncio.create_task(self._retire())

    async def stop(self) -> None:
        """Let queries under way end, then close the port."""
        await self._listener.stop()
        if self._retiring:
            self._retiring.cancel()
        await self._log.stop()
        if self._folder:
            await self._folder.stop()

    def _begin(self, data: bytes, transfer_syntax: str, peer: Peer) -> Search:
        """Begin to answer a query; see `dimse.services.SearchHandler`."""
        started = time.perf_counter()
        query_id = self._log.next_id()
        read = self._remembered if len(data) <= _LONGEST_REMEMBERED else self._question
        try:
            question = read(data, transfer_syntax, peer.calling_ae_title, peer.called_ae_title)
        except (MalformedDataSet, MalformedQuery) as error:
            self._refused(query_id, peer, error, time.perf_counter() - started)
            raise Refusal(IDENTIFIER_DOES_NOT_MATCH, str(error), getattr(error, "tag", 0)) from error

        def closed(search: WorklistSearch, status: int) -> None:
            self._answered(query_id, peer, search, status, time.perf_counter() - started)

        return WorklistSearch(
            question, transfer_syntax, self._done_since(), self._book, self._answers, self._journal, closed
        )

    def _question(self, data: bytes, transfer_syntax: str, calling: str, called: str) -> Question:
        return Question(read_identifier(data, transfer_syntax), self._profiles.of(calling, called))

    def _shown_to_all(self) -> ItemQuery:
        return ItemQuery(frozenset(map(StepStatus, self._settings.statuses)), self._done_since())

    def _done_since(self) -> float:
        return done_since(self._clock(), self._settings.keep_done_s)

    def _answered(self, query_id: int, peer: Peer, search: WorklistSearch, status: int, seconds: float) -> None:
        question = search.question
        self._journal.worklist_queried(
            query_id, peer.calling_ae_title, peer.called_ae_title, question.names, search.given, status, seconds
        )
        asked = Asked(query_id, self._clock(), peer, question.identifier, search.given, seconds, status)
        self._log.add(asked)

    def _refused(self, query_id: int, peer: Peer, error: ValueError, seconds: float) -> None:
        self._journal.worklist_query_failed(query_id, peer.calling_ae_title, peer.called_ae_title, str(error))
        asked = Asked(query_id, self._clock(), peer, Identifier(()), 0, seconds, IDENTIFIER_DOES_NOT_MATCH, str(error))
        self._log.add(asked)

    async def _retire(self) -> None:
        """Keep the index short: what is over and was shown long enough leaves it."""
        while True:
            with contextlib.suppress(StoreUnavailable):  # a store that is down says so itself
                await asyncio.to_thread(self._book.retire, self._clock() - self._settings.keep_done_s)
            await asyncio.sleep(_RETIRE_EVERY_S)
