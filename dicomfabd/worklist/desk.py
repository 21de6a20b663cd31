"""The worklist as people and scripts ask for it: the same items, found by the same checks."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dicomfabd.config import ProfileSection, Worklist
from dicomfabd.dimse.keys import Identifier
from dicomfabd.store.worklist_interface import LoggedQuery, WorklistBook
from dicomfabd.worklist.asking import from_file, identifier_from, read_keys
from dicomfabd.worklist.dicom_json import to_json
from dicomfabd.worklist.explaining import Explanation, explain
from dicomfabd.worklist.items import to_item
from dicomfabd.worklist.profiles import Profiles
from dicomfabd.worklist.question import Question

_PAGE = 500


class WorklistDesk:
    """Looks items up without DICOM's protocol, and says why a query does not find one. Thread-safe; blocks."""

    def __init__(
        self,
        settings: Worklist,
        profiles: Sequence[ProfileSection],
        book: WorklistBook,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the settings and the store; raises ConfigError as `Profiles`."""
        self._settings = settings
        self._profiles = Profiles(settings, profiles)
        self._book = book
        self._clock = clock

    def find(self, values: Mapping[str, str], limit: int, offset: int = 0) -> list[dict[str, Any]]:
        """Give items that match keys, by keyword or tag, in the DICOM JSON Model.

        Raises:
            ValueError: A name is no attribute, or a value is none of its value representation; says which.
        """
        question = Question(identifier_from(values), self._profiles.everybody)
        narrowed = question.narrow(self._done_since())
        found: list[dict[str, Any]] = []
        page = None
        seen = 0
        while page := self._book.find(narrowed.query, _PAGE, page[-1] if page else None):
            orders = self._book.load({listed.order_id for listed in page})
            for listed in page:
                on_file = orders.get(listed.order_id)
                if on_file is None or listed.ordinal >= len(on_file.steps):
                    continue
                item = to_item(on_file.order, on_file.order.steps[listed.ordinal], on_file.steps[listed.ordinal].status)
                if all(check.fits(item) for check in narrowed.checks):
                    seen += 1
                    if seen > offset:
                        found.append(to_json(item))
                    if len(found) == limit:
                        return found
        return found

    def queries(self, limit: int, before_id: int | None) -> list[LoggedQuery]:
        """Give what modalities asked, newest first."""
        return self._book.queries(limit, before_id)

    def why(self, accession_number: str, asked: str, calling: str = "", called: str = "") -> Explanation:
        """Say what a query does with an order.

        Args:
            accession_number: The order's.
            asked: Keys as `asking.read_keys` takes them, or the number of a query that was asked.
            calling: AE title of who asks; of a query that was asked it is known.
            called: AE title that is asked.

        Raises:
            LookupError: There is no such order, or no such query; says which.
            ValueError: The keys are none.
        """
        on_file = self._book.by_accession(accession_number)
        if on_file is None:
            raise LookupError(f"there is no order with accession number {accession_number}")
        logged = self._logged(int(asked)) if asked.isdecimal() else None
        identifier: Identifier = from_file(logged.keys) if logged else read_keys(asked)
        if logged:
            calling, called = logged.calling_ae_title, logged.called_ae_title
        question = Question(identifier, self._profiles.of(calling, called))
        return explain(on_file, question, self._clock(), self._settings.keep_done_s, logged)

    def _logged(self, query_id: int) -> LoggedQuery:
        logged = self._book.query(query_id)
        if logged is None:
            raise LookupError(f"there is no query {query_id}; the log line worklist.queried says their numbers")
        return logged

    def _done_since(self) -> float:
        return self._clock() - self._settings.keep_done_s if self._settings.keep_done_s else float("inf")
