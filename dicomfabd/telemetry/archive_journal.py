"""What happens in the built-in archive."""

from dicomfabd.telemetry.voice import Voice


class ArchiveJournal(Voice):
    """What it keeps, gives, commits to and lets go."""

    def archive_stored(self) -> None:
        """The archive holds one more instance."""
        self._sink.add("dicomfabd_archive_instances_total", 1, "ok")

    def archive_refused(self, calling: str, reason: str) -> None:
        """The archive could not keep an instance."""
        self._say("error", "archive.instance_failed", calling=calling, reason=reason)
        self._sink.add("dicomfabd_archive_instances_total", 1, "failed")

    def archive_queried(self) -> None:
        """The archive answered a query."""
        self._sink.add("dicomfabd_archive_queries_total", 1, "ok")

    def archive_query_failed(self, calling: str, reason: str) -> None:
        """The archive could not answer a query."""
        self._say("warning", "archive.query_failed", calling=calling, reason=reason)
        self._sink.add("dicomfabd_archive_queries_total", 1, "failed")

    def archive_retrieved(self, service: str, calling: str, destination: str, sent: int, failed: int) -> None:
        """The archive sent what was asked for; `service` is C-MOVE or C-GET."""
        self._say(
            "warning" if failed else "info",
            "archive.retrieved",
            service=service,
            calling=calling,
            destination=destination,
            sent=sent,
            failed=failed,
        )
        self._sink.add("dicomfabd_archive_sent_total", sent, "sent")
        self._sink.add("dicomfabd_archive_sent_total", failed, "failed")

    def archive_retrieve_failed(self, calling: str, reason: str) -> None:
        """The archive could not send anything of what was asked for."""
        self._say("warning", "archive.retrieve_failed", calling=calling, reason=reason)

    def archive_commitment_reported(self, ae_title: str, transaction_uid: str, committed: int, failed: int) -> None:
        """Somebody was told which instances the archive holds."""
        self._say(
            "info",
            "archive.commitment_reported",
            ae_title=ae_title,
            transaction_uid=transaction_uid,
            committed=committed,
            failed=failed,
        )
        self._sink.add("dicomfabd_archive_commitments_total", 1, "reported")

    def archive_commitment_refused(self, calling: str, transaction_uid: str, reason: str) -> None:
        """A request for storage commitment was refused."""
        self._say(
            "warning",
            "archive.commitment_refused",
            calling=calling,
            transaction_uid=transaction_uid,
            reason=reason,
        )
        self._sink.add("dicomfabd_archive_commitments_total", 1, "refused")

    def archive_commitment_postponed(self, ae_title: str, transaction_uid: str, delay_s: float, reason: str) -> None:
        """A report on storage commitment did not arrive and will be sent again."""
        self._say(
            "warning",
            "archive.commitment_postponed",
            ae_title=ae_title,
            transaction_uid=transaction_uid,
            retry_in_s=round(delay_s, 1),
            reason=reason,
        )
        self._sink.add("dicomfabd_archive_commitments_total", 1, "postponed")

    def archive_commitment_dropped(self, ae_title: str, transaction_uid: str, reason: str) -> None:
        """A report on storage commitment could not be sent for a day, or never can be."""
        self._say(
            "error",
            "archive.commitment_dropped",
            ae_title=ae_title,
            transaction_uid=transaction_uid,
            reason=reason,
        )
        self._sink.add("dicomfabd_archive_commitments_total", 1, "dropped")

    def archive_purged(self, study_uid: str, instances: int, reason: str) -> None:
        """A study left the archive because of its age or the quota."""
        self._say("info", "archive.purged", study_uid=study_uid, instances=instances, reason=reason)
        self._sink.add("dicomfabd_archive_purged_studies_total", 1, reason)

    def archive_orphans_removed(self, files: int) -> None:
        """Files were removed that a crash had left without an entry in the index."""
        self._say("warning", "archive.orphans_removed", files=files)

    def archive_chore_failed(self, chore: str, error: BaseException) -> None:
        """A bug, or a disk that fails, kept a chore of the archive from its turn; it tries again in a minute."""
        self._say("error", "archive.chore_failed", chore=chore, error=f"{type(error).__name__}: {error}")
