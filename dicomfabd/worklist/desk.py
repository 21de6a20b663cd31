"""The worklist as people and scripts ask for it: the same items, found by the same checks."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from dicomfabd.config import ProfileSection, Worklist
from dicomfabd.dimse.keys import Identifier
from dicomfabd.store.worklist_interface import ItemQuery, ListedItem, LoggedQuery, QueryBook, WorklistBook
from dicomfabd.worklist.asking import from_file, identifier_from, read_keys
from dicomfabd.worklist.checks import Check
from dicomfabd.worklist.dicom_json import to_json
from dicomfabd.worklist.explaining import Explanation, explain
from dicomfabd.worklist.items import Item, to_item
from dicomfabd.worklist.profiles import Profiles
from dicomfabd.worklist.question import Narrowed, Question, done_since

_PAGE: Final = 500
_LOADED: Final = 100  # orders read at once


class WorklistDesk:
    """Looks items up without DICOM's protocol, and says why a query does not find one. Thread-safe; blocks."""

    def __init__(
        self,
        settings: Worklist,
        profiles: Sequence[ProfileSection],
        book: WorklistBook,
        queries: QueryBook,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the settings and the store; raises ConfigError as `Profiles`."""
        self._settings = settings
        self._profiles = Profiles(settings, profiles)
        self._book = book
        self._queries = queries
        self._clock = clock

    def find(self, values: Mapping[str, str], limit: int, offset: int = 0) -> list[dict[str, Any]]:
        """Give items that match keys, by keyword or tag, in the DICOM JSON Model.

        Raises:
            ValueError: A name is no attribute, or a value is none of its value representation; says which.
        """
        narrowed = self._narrowed(values)
        matching = (item for page in self._pages(narrowed.query) for item in self._matching(page, narrowed.checks))
        return [to_json(item) for item in islice(matching, offset, offset + limit)]

    def count(self, values: Mapping[str, str], most: int | None = None) -> int:
        """Say how many items match keys, or `most` if there are more; raises ValueError as `find`."""
        narrowed = self._narrowed(values)
        matching = (
            item
            for page in self._pages(narrowed.query)
            for item in (self._matching(page, narrowed.checks) if narrowed.checks else page)
        )
        return sum(1 for _ in islice(matching, most))

    def queries(self, limit: int, before_id: int | None) -> list[LoggedQuery]:
        """Give what modalities asked, newest first."""
        return self._queries.queries(limit, before_id)

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

    def _narrowed(self, values: Mapping[str, str]) -> Narrowed:
        return Question(identifier_from(values), self._profiles.everybody).narrow(
            done_since(self._clock(), self._settings.keep_done_s)
        )

    def _pages(self, query: ItemQuery) -> Iterator[list[ListedItem]]:
        page: list[ListedItem] = []
        while page := self._book.find(query, _PAGE, page[-1] if page else None):
            yield page

    def _matching(self, page: Sequence[ListedItem], checks: Sequence[Check]) -> Iterator[Item]:
        for first in range(0, len(page), _LOADED):
            yield from self._matching_few(page[first : first + _LOADED], checks)

    def _matching_few(self, page: Sequence[ListedItem], checks: Sequence[Check]) -> Iterator[Item]:
        orders = self._book.load({listed.order_id for listed in page})
        for listed in page:
            on_file = orders.get(listed.order_id)
            if on_file is None or listed.ordinal >= len(on_file.steps):
                continue  # changed since it was looked up
            item = to_item(on_file.order, on_file.order.steps[listed.ordinal], on_file.steps[listed.ordinal].status)
            if all(check.fits(item) for check in checks):
                yield item

    def _logged(self, query_id: int) -> LoggedQuery:
        logged = self._queries.query(query_id)
        if logged is None:
            raise LookupError(f"there is no query {query_id}; the log line worklist.queried says their numbers")
        return logged
