"""The vocabulary of the daemon: one method per business event, one log line and its metrics each.

Values are fields, never part of the sentence. No method takes a patient's name, birth date or address.
"""

from dicomfabd.telemetry.archive_journal import ArchiveJournal
from dicomfabd.telemetry.delivery_journal import DeliveryJournal
from dicomfabd.telemetry.dicom_journal import DicomJournal
from dicomfabd.telemetry.intake_journal import IntakeJournal

EVENTS = (
    "daemon.started",
    "daemon.stopping",
    "daemon.stopped",
    "intake.connection_closed",
    "intake.frame_discarded",
    "intake.certificate_reloaded",
    "intake.paused",
    "intake.resumed",
    "reader.started",
    "reader.died",
    "message.accepted",
    "message.repeated",
    "message.refused",
    "message.unanswered",
    "message.failed",
    "order.updated",
    "patient.updated",
    "dicom.association_closed",
    "dicom.request_failed",
    "dicom.certificate_reloaded",
    "worklist.queried",
    "worklist.query_failed",
    "worklist.item_withheld",
    "worklist.transliterated",
    "worklist.queries_not_kept",
    "worklist.folder_failed",
    "mpps.received",
    "mpps.refused",
    "mpps.sent",
    "mpps.failed",
    "study.begun",
    "study.unmapped",
    "study.delivered",
    "study.postponed",
    "study.failed",
    "study.claim_lost",
    "study.commitment_reported",
    "study.commitment_unknown",
    "destination.back",
    "worker.started",
    "worker.died",
    "archive.query_failed",
    "archive.instance_failed",
    "pacs.queried",
    "pacs.query_failed",
    "pacs.moved",
    "pacs.downloaded",
    "archive.retrieved",
    "archive.retrieve_failed",
    "archive.commitment_reported",
    "archive.commitment_refused",
    "archive.commitment_postponed",
    "archive.commitment_dropped",
    "archive.purged",
    "archive.orphans_removed",
    "archive.chore_failed",
    "web.request_failed",
    "web.signed_in",
    "web.sign_in_refused",
    "web.provider_failed",
)
"""Every event that may appear in the log."""


class Journal(IntakeJournal, DicomJournal, DeliveryJournal, ArchiveJournal):
    """Says what happened, so that log and metrics never disagree; each room's part is in a module of its own."""

    def daemon_started(self, version: str, addresses: dict[str, str]) -> None:
        """All doors are open."""
        self._say("info", "daemon.started", version=version, **addresses)

    def daemon_stopping(self) -> None:
        """A stop was asked for."""
        self._say("info", "daemon.stopping")

    def daemon_stopped(self, seconds: float) -> None:
        """Everything is closed."""
        self._say("info", "daemon.stopped", seconds=round(seconds, 3))

    def store_committed(self, changes: int, seconds: float) -> None:
        """One durable commit was made."""
        self._sink.observe("dicomfabd_store_commit_seconds", seconds)
        self._sink.observe("dicomfabd_store_commit_batch", changes)

    def request_served(self, method: str, route: str, status: int, seconds: float) -> None:
        """The web room answered."""
        self._sink.add("dicomfabd_web_requests_total", 1, method, route, str(status))
        self._sink.observe("dicomfabd_web_request_seconds", seconds, route)

    def request_failed(self, method: str, route: str, error: str) -> None:
        """The web room has a bug; somebody should look."""
        self._say("error", "web.request_failed", method=method, route=route, error=error)

    def signed_in(self, user: str, by: str, address: str) -> None:
        """Somebody has a session now."""
        self._sink.add("dicomfabd_web_sign_ins_total", 1, "signed_in")
        self._say("info", "web.signed_in", user=user, by=by, address=address)

    def sign_in_refused(self, outcome: str, address: str) -> None:
        """Somebody was not let in; what they called themselves is not said, for it may be a password."""
        self._sink.add("dicomfabd_web_sign_ins_total", 1, outcome)
        self._say("warning", "web.sign_in_refused", outcome=outcome, address=address)

    def provider_failed(self, reason: str) -> None:
        """The identity provider does not answer as it should; nobody can sign in there."""
        self._say("error", "web.provider_failed", reason=reason)
