"""One query under way: items page by page, each answered from memory or encoded anew."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from pydicom.uid import ImplicitVRLittleEndian

from dicomfabd.dimse.services import OUT_OF_RESOURCES, PENDING, PENDING_UNSUPPORTED_KEYS, Refusal
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.domain.servable import problems
from dicomfabd.store.worklist_interface import ListedItem, OrderOnFile, WorklistBook
from dicomfabd.telemetry.journal import Journal
from dicomfabd.worklist.answers import Answer, Answers
from dicomfabd.worklist.encoding import encode_answer
from dicomfabd.worklist.items import Item, shown_at, to_item
from dicomfabd.worklist.question import Question

_WITHHELD: Final = 0
_PAGE: Final = 64
_LOADED: Final = 16  # orders read at once
_MOST: Final = 50  # answers that leave in one piece, if they are all
_MOST_OF_MANY: Final = 16  # answers between two looks whether the peer still wants them
_LONGEST_S: Final = 0.002  # likewise


class WorklistSearch:
    """See `dimse.services.Search`.

    Attributes:
        given: How many answers were given so far.
    """

    def __init__(
        self,
        question: Question,
        transfer_syntax: str,
        done_since: float,
        book: WorklistBook,
        answers: Answers,
        journal: Journal,
        on_close: Callable[["WorklistSearch", int], None],
    ) -> None:
        """Begin.

        Args:
            question: What is asked.
            transfer_syntax: Of the answers.
            done_since: Items that are over are given only since this Unix time.
            book: Where they are looked up.
            answers: Where encoded ones are kept.
            journal: Told of items that are not given, or not in their own letters.
            on_close: Told the final status.
        """
        narrowed = question.narrow(done_since)
        profile, identifier = question.profile, question.identifier
        self.question = question
        self.given = 0
        self.is_quick = narrowed.is_quick
        self.is_done = False
        self._query, self._checks = narrowed.query, narrowed.checks
        self._is_implicit = transfer_syntax == ImplicitVRLittleEndian
        self._way = (
            identifier.shape,
            self._is_implicit,
            identifier.character_set,
            profile.character_set,
            question.station,
        )
        self._book = book
        self._answers = answers
        self._known = answers.of(self._way)
        self._journal = journal
        self._on_close = on_close
        self._page: list[ListedItem] = []
        self._at = 0
        self._is_last_page = False
        self._orders: Mapping[int, OrderOnFile] = {}

    def next(self) -> list[tuple[int, bytes]]:
        """See `Search.next`; raises Refusal when the store cannot be read."""
        try:
            return self._next()
        except StoreUnavailable as error:
            raise Refusal(OUT_OF_RESOURCES, "the worklist cannot be read now; ask again") from error

    def _next(self) -> list[tuple[int, bytes]]:
        batch: list[tuple[int, bytes]] = []
        left = self.question.profile.max_answers - self.given
        until = time.monotonic() + _LONGEST_S
        while self._at < len(self._page) or self._turn_page():
            most = min(left, _MOST if self._is_last_page else _MOST_OF_MANY)
            for listed in self._page[self._at :]:
                if len(batch) == most or time.monotonic() > until:
                    break
                answer = self._answer(listed)
                self._at += 1
                if answer:
                    batch.append(answer)
            else:
                continue
            break
        self.given += len(batch)
        is_exhausted = self._is_last_page and self._at == len(self._page)
        self.is_done = is_exhausted or self.given == self.question.profile.max_answers
        return batch

    def close(self, status: int) -> None:
        """See `Search.close`."""
        self._on_close(self, status)

    def _turn_page(self) -> bool:
        """Look up the next items; False when there are none."""
        if self._is_last_page:
            return False
        self._page = self._book.find(self._query, _PAGE, self._page[-1] if self._page else None)
        self._at = 0
        self._is_last_page = len(self._page) < _PAGE
        return bool(self._page)

    def _answer(self, listed: ListedItem) -> tuple[int, bytes] | None:
        """Give the answer for an item, None for one that does not match or must not be given."""
        _, order_id, ordinal, revision = listed
        answer = self._known.get((order_id, ordinal))
        if answer is None or answer[0] != revision:
            answer = None
        if answer is None or self._checks:
            item = self._item(listed)
            if item is None or not all(check.fits(item) for check in self._checks):
                return None
            answer = answer or self._encode(listed, item)
        _, status, data = answer
        return (status, data) if status != _WITHHELD else None

    def _item(self, listed: ListedItem) -> Item | None:
        """Give an item as it is on file; None for one that is gone or changed since it was looked up."""
        order_id, ordinal = listed.order_id, listed.ordinal
        if order_id not in self._orders:
            coming = [row.order_id for row in self._page[self._at : self._at + _LOADED]]
            self._orders = self._book.load(coming)
        on_file = self._orders.get(order_id)
        if on_file is None or ordinal >= len(on_file.steps):
            return None
        return to_item(on_file.order, on_file.order.steps[ordinal], on_file.steps[ordinal].status)

    def _encode(self, listed: ListedItem, item: Item) -> Answer:
        on_file = self._orders[listed.order_id]
        profile = self.question.profile
        revision = on_file.steps[listed.ordinal].revision
        if faults := problems(on_file.order):
            # Refused at intake; what an older version took may still be here.
            self._journal.worklist_item_withheld(listed.order_id, on_file.order.accession_number, faults[0].text)
            answer = Answer(revision, _WITHHELD, b"")
        else:
            encoded = encode_answer(
                self.question.keys,
                shown_at(item, self.question.station),
                is_implicit=self._is_implicit,
                asked_set=self.question.identifier.character_set,
                forced_set=profile.character_set,
            )
            if not encoded.is_exact:
                self._journal.worklist_transliterated(listed.order_id, on_file.order.accession_number, profile.name)
            answer = Answer(revision, PENDING if encoded.is_complete else PENDING_UNSUPPORTED_KEYS, encoded.data)
        self._answers.keep(self._way, (listed.order_id, listed.ordinal), answer)
        return answer
