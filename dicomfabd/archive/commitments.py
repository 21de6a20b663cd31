"""Storage commitment as the archive gives it: kept durably, looked up, reported until it arrives (PS3.4 Annex J)."""

import time
from collections.abc import Callable
from typing import Final

from dicomfabd.archive.housekeeping import Chore
from dicomfabd.dimse.services import PROCESSING_FAILURE, Peer, Refusal
from dicomfabd.domain.commitment import CommitmentReport, CommitmentRequest
from dicomfabd.domain.errors import Permanent, Retryable, StoreUnavailable
from dicomfabd.store.archive_interface import ArchiveIndex, ArchiveQuery, Condition, Level, PendingCommitment
from dicomfabd.telemetry.journal import Journal

NO_SUCH_INSTANCE: Final = 0x0112
CLASS_CONFLICT: Final = 0x0119
"""Failure Reason (0008,1197), PS3.3 C.14.1.1."""

GIVE_UP_S: Final = 24 * 3600.0
FIRST_RETRY_S: Final = 5.0
LONGEST_RETRY_S: Final = 900.0
# A requester that gets the report before the answer to its request may not know yet what it is about.
_REPORT_AFTER_S: Final = 0.5
_AT_ONCE: Final = 500

SendReport = Callable[[str, CommitmentReport], None]
"""AE title and report → sent; raises Retryable, or Permanent for what can never be sent."""


class Commitments:
    """Takes requests for storage commitment, and reports on them from a thread of its own."""

    def __init__(
        self,
        index: ArchiveIndex,
        knows: Callable[[str], bool],
        report: SendReport,
        journal: Journal,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare.

        Args:
            index: What there is; keeps the requests too.
            knows: Tells whether an AE title can be reached.
            report: Sends a report.
            journal: Told what became of it.
            clock: Gives Unix seconds.
        """
        self._index = index
        self._knows = knows
        self._report = report
        self._journal = journal
        self._clock = clock
        self.chore = Chore("commitments", self.report_due, journal.archive_chore_failed)

    def ask(self, request: CommitmentRequest, peer: Peer) -> None:
        """Take a request; once this returns it is on disk and will be reported on.

        Raises:
            Refusal: Nobody knows where the report would go, or nothing can be kept.
        """
        title = peer.calling_ae_title
        if not self._knows(title):
            self._journal.archive_commitment_refused(title, request.transaction_uid, "unknown AE title")
            raise Refusal(PROCESSING_FAILURE, f"register {title} as a destination in dicomfabd")
        try:
            self._index.ask(request, title, self._clock() + _REPORT_AFTER_S)
        except StoreUnavailable as error:
            self._journal.archive_commitment_refused(title, request.transaction_uid, str(error))
            raise Refusal(PROCESSING_FAILURE, "the archive cannot write now") from error
        self.chore.wake()

    def report_due(self) -> float | None:
        """Report on the request that is due, if one is; gives in how many seconds to look again, None for never."""
        pending = self._index.due(self._clock())
        if pending is not None:
            self._try(pending)
        due = self._index.next_due()
        return None if due is None else max(0.0, due - self._clock())

    def answer(self, request: CommitmentRequest) -> CommitmentReport:
        """Say which instances of a request are here."""
        wanted = [one.sop_instance_uid for one in request.references]
        classes = {}
        for start in range(0, len(wanted), _AT_ONCE):
            condition = Condition(values=tuple(wanted[start : start + _AT_ONCE]))
            for found in self._index.instances(ArchiveQuery(Level.IMAGE, {"SOPInstanceUID": condition})):
                classes[found.sop_instance_uid] = found.sop_class_uid
        failed = []
        for one in request.references:
            if one.sop_instance_uid not in classes:
                failed.append((one, NO_SUCH_INSTANCE))
            elif classes[one.sop_instance_uid] != one.sop_class_uid:
                failed.append((one, CLASS_CONFLICT))
        lost = {one for one, _ in failed}
        return CommitmentReport(
            request.transaction_uid, tuple(one for one in request.references if one not in lost), tuple(failed)
        )

    def _try(self, pending: PendingCommitment) -> None:
        report = self.answer(pending.request)
        try:
            self._report(pending.ae_title, report)
        except Retryable as error:
            self._try_later(pending, str(error))
        except Permanent as error:
            self._drop(pending, str(error))
        else:
            self._index.settle(pending)
            self._journal.archive_commitment_reported(
                pending.ae_title, report.transaction_uid, len(report.committed), len(report.failed)
            )

    def _try_later(self, pending: PendingCommitment, reason: str) -> None:
        now = self._clock()
        delay_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(pending.attempt, 16))
        if now + delay_s > pending.asked_at + GIVE_UP_S:
            self._drop(pending, reason)
            return
        self._index.postpone(pending, now + delay_s)
        self._journal.archive_commitment_postponed(pending.ae_title, pending.request.transaction_uid, delay_s, reason)

    def _drop(self, pending: PendingCommitment, reason: str) -> None:
        self._index.settle(pending)
        self._journal.archive_commitment_dropped(pending.ae_title, pending.request.transaction_uid, reason)
