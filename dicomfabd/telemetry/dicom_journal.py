"""What happens on our DICOM ports."""

from dicomfabd.telemetry.voice import Voice, ms


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

    def worklist_queried(self, calling: str, called: str, keys: list[str], answers: int, seconds: float) -> None:
        """A modality asked and was answered; `keys` are keywords without their values."""
        self._say(
            "info", "worklist.queried", calling=calling, called=called, keys=keys, answers=answers, ms=ms(seconds)
        )
        self._sink.add("dicomfabd_worklist_queries_total", 1, "ok")
        self._sink.add("dicomfabd_worklist_answers_total", answers)
        self._sink.observe("dicomfabd_worklist_query_seconds", seconds)

    def worklist_query_failed(self, calling: str, called: str, reason: str) -> None:
        """A modality asked and got a failure status."""
        self._say("warning", "worklist.query_failed", calling=calling, called=called, reason=reason)
        self._sink.add("dicomfabd_worklist_queries_total", 1, "failed")
