"""Hears what PACS say of the storage they were asked to commit to (N-EVENT-REPORT, PS3.4 J.3.3)."""

from collections.abc import Callable

from dicomfabd.config import WorkersSection
from dicomfabd.dimse.services import OUT_OF_RESOURCES, Peer, Refusal, Services
from dicomfabd.domain.commitment import CommitmentReport
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.store.interface import Commitments
from dicomfabd.telemetry.journal import Journal


class CommitmentReports:
    """Takes reports on a DICOM listener; the worklist's, because that is where a PACS knows us."""

    def __init__(
        self, commitments: Commitments, settings: WorkersSection, journal: Journal, on_work: Callable[[], None]
    ) -> None:
        """Take who remembers what was asked.

        Args:
            commitments: Keeps requests and takes reports.
            settings: When and how often what was not committed is sent again.
            journal: Told of each report.
            on_work: Told when something has to be sent again; from any thread.
        """
        self._commitments = commitments
        self._settings = settings
        self._journal = journal
        self._on_work = on_work

    @property
    def services(self) -> Services:
        """What a listener has to offer for it."""
        return Services(report=self.take)

    def take(self, report: CommitmentReport, peer: Peer) -> None:
        """Take one report; raises Refusal when it cannot be kept, so that the PACS reports again."""
        try:
            done = self._commitments.report(report, self._settings.retry_first_s, self._settings.max_attempts)
        except StoreUnavailable as error:
            raise Refusal(OUT_OF_RESOURCES, "the report cannot be kept now") from error
        if done is None:
            self._journal.commitment_unknown(peer.calling_ae_title)
            return
        self._journal.commitment_reported(done.order_id, done.accession_number, done.destination, done.failed)
        if done.failed:
            self._on_work()
