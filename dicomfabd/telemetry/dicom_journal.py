"""What happens on our DICOM ports."""

from collections.abc import Sequence
from typing import Final

from dicomfabd.telemetry.voice import Voice, ms

_RESULTS: Final = {0x0000: "ok", 0xFE00: "cancelled"}


class DicomJournal(Voice):
    """Associations, and what modalities ask."""

    def association_opened(self, listener: str) -> None:
        """A peer has an association with a DICOM port of ours, `worklist` or `archive`."""
        self._sink.add("dicomfabd_dicom_associations", 1, listener)

    def association_ended(self, listener: str) -> None:
        """It is over, however."""
        self._sink.add("dicomfabd_dicom_associations", -1, listener)

    def association_closed(self, listener: str, reason: str, peer: str, calling: str, called: str, detail: str) -> None:
        """An association was refused, or ended otherwise than by release."""
        self._say(
            "warning",
            "dicom.association_closed",
            listener=listener,
            reason=reason,
            peer=peer,
            calling=calling,
            called=called,
            detail=detail,
        )
        self._sink.add("dicomfabd_dicom_associations_closed_total", 1, listener, reason)

    def dicom_request_failed(self, listener: str, calling: str, bug: str) -> None:
        """A bug of ours; the peer got status 0110 (processing failure)."""
        self._say("error", "dicom.request_failed", listener=listener, calling=calling, bug=bug)

    def dicom_certificate_reloaded(self, listener: str, problem: str) -> None:
        """The files of a DICOM port's TLS changed on disk; `problem` says why the old ones stay in use, if they do."""
        level = "error" if problem else "info"
        self._say(level, "dicom.certificate_reloaded", listener=listener, problem=problem)

    def worklist_queried(
        self, query: int, calling: str, called: str, keys: list[str], answers: int, status: int, seconds: float
    ) -> None:
        """A modality asked and was answered; `keys` are keywords without their values."""
        self._say(
            "info",
            "worklist.queried",
            query=query,
            calling=calling,
            called=called,
            keys=keys,
            answers=answers,
            status=f"{status:04X}",
            ms=ms(seconds),
        )
        self._sink.add("dicomfabd_worklist_queries_total", 1, _RESULTS.get(status, "failed"))
        self._sink.add("dicomfabd_worklist_answers_total", answers)
        self._sink.observe("dicomfabd_worklist_query_seconds", seconds)

    def mpps_received(
        self, calling: str, operation: str, status: str, sop_instance_uid: str, orders: Sequence[tuple[int, str]]
    ) -> None:
        """A modality said what it does; one line for each order it does it for.

        Args:
            calling: AE title of the modality.
            operation: `create` or `set`.
            status: Of the performed step.
            sop_instance_uid: Of the performed step.
            orders: Order ID and accession number of each.
        """
        told: Sequence[tuple[int | None, str]] = orders or [(None, "")]
        for order_id, accession_number in told:
            self._say(
                "info",
                "mpps.received",
                calling=calling,
                operation=operation,
                status=status,
                sop_instance_uid=sop_instance_uid,
                order_id=order_id,
                accession=accession_number,
            )
        self._sink.add("dicomfabd_mpps_received_total", 1, operation, "matched" if orders else "unmatched")

    def mpps_refused(self, calling: str, operation: str, reason: str) -> None:
        """A modality said something of a performed step that cannot be taken, or not now."""
        self._say("warning", "mpps.refused", calling=calling, operation=operation, reason=reason)
        self._sink.add("dicomfabd_mpps_received_total", 1, operation, "refused")

    def worklist_query_failed(self, query: int, calling: str, called: str, reason: str) -> None:
        """A modality asked and got a failure status."""
        self._say("warning", "worklist.query_failed", query=query, calling=calling, called=called, reason=reason)
        self._sink.add("dicomfabd_worklist_queries_total", 1, "failed")

    def worklist_item_withheld(self, order_id: int, accession: str, reason: str) -> None:
        """An item is given to nobody, because a strict modality would end the association for it."""
        self._say("error", "worklist.item_withheld", order=order_id, accession=accession, reason=reason)

    def worklist_transliterated(self, order_id: int, accession: str, profile: str) -> None:
        """An item was given in other letters, because its modality can show no others."""
        self._say("info", "worklist.transliterated", order=order_id, accession=accession, profile=profile)

    def worklist_folder_failed(self, reason: str) -> None:
        """The folder of .wl files is not in step; it is tried again."""
        self._say("error", "worklist.folder_failed", reason=reason)

    def worklist_queries_not_kept(self, reason: str) -> None:
        """Queries could not be kept for people to look at; they were answered."""
        self._say("warning", "worklist.queries_not_kept", reason=reason)
