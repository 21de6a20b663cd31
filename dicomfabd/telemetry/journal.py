"""The vocabulary of the daemon: one method per business event, one log line and its metrics each.

Values are fields, never part of the sentence. No method takes a patient's name, birth date or address.
"""

from collections.abc import Sequence
from typing import Protocol

from dicomfabd.domain.delivery import Claim, Delivery, InstanceResult
from dicomfabd.domain.errors import Fault
from dicomfabd.domain.study import StudyPlan
from dicomfabd.telemetry.sink import Sink, Value

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
)
"""Every event that may appear in the log."""


_MESSAGE_KINDS = frozenset({"ORM", "OMI", "OMG", "ADT", "SIU"})


class Done(Protocol):
    """What a message did, as the store says it."""

    @property
    def subject(self) -> str:
        """`order` or `patient`."""

    @property
    def action(self) -> str:
        """What was done."""

    @property
    def accession_number(self) -> str:
        """Of the order."""

    @property
    def modality(self) -> str:
        """Of the order."""

    @property
    def order_id(self) -> int | None:
        """None for an order we do not have."""


class Journal:
    """Says what happened, so that log and metrics never disagree."""

    def __init__(self, sink: Sink) -> None:
        """Take the place everything is said to."""
        self._sink = sink
        self.together = sink.together

    def daemon_started(self, version: str, addresses: dict[str, str]) -> None:
        """All doors are open."""
        self._say("info", "daemon.started", version=version, **addresses)

    def daemon_stopping(self) -> None:
        """A stop was asked for."""
        self._say("info", "daemon.stopping")

    def daemon_stopped(self, seconds: float) -> None:
        """Everything is closed."""
        self._say("info", "daemon.stopped", seconds=round(seconds, 3))

    def connection_opened(self) -> None:
        """A sender connected."""
        self._sink.add("dicomfabd_intake_connections", 1)

    def connection_ended(self) -> None:
        """A sender's connection is gone."""
        self._sink.add("dicomfabd_intake_connections", -1)

    def connection_closed(self, peer: str, reason: str, detail: str = "") -> None:
        """We closed a sender's connection."""
        self._say("warning", "intake.connection_closed", peer=peer, reason=reason, detail=detail)
        self._sink.add("dicomfabd_intake_connections_closed_total", 1, reason)

    def frame_discarded(self, peer: str, reason: str, size: int) -> None:
        """Bytes were dropped that cannot be answered."""
        self._say("warning", "intake.frame_discarded", peer=peer, reason=reason, bytes=size)
        self._sink.add("dicomfabd_intake_frames_discarded_total", 1, reason)

    def message_accepted(
        self, control_id: str, message_type: str, peer: str, seconds: float, applied: Sequence[Done]
    ) -> None:
        """A message is safe on disk and was answered AA; where it touched orders, their lines tell the rest."""
        touches_orders = False
        for done in applied:
            if done.subject == "order":
                touches_orders = True
                self.order_updated(done.order_id, done.accession_number, done.action, done.modality, control_id)
            else:
                self.patient_updated(done.action, control_id)
        if not touches_orders:
            self._say("info", "message.accepted", control_id=control_id, type=message_type, peer=peer, ms=_ms(seconds))
        self._answered(message_type, "AA", seconds)

    def message_failed(self, peer: str, bug: str) -> None:
        """A bug of ours kept a message from being read; it was answered AR and is in quarantine."""
        self._say("error", "message.failed", peer=peer, bug=bug)

    def patient_updated(self, action: str, asked_by: str) -> None:
        """A message said something of a patient; orders it changed have lines of their own."""
        self._say("info", "patient.updated", action=action, asked_by=asked_by)
        self._sink.add("dicomfabd_patient_changes_total", 1, action)

    def certificate_reloaded(self, problem: str) -> None:
        """The files of the HL7 port's TLS changed on disk; `problem` says why the old ones stay in use, if they do."""
        self._say("error" if problem else "info", "intake.certificate_reloaded", problem=problem)

    def intake_paused(self, waiting: int) -> None:
        """So many deliveries wait that senders are made to wait too."""
        self._say("warning", "intake.paused", waiting=waiting)

    def intake_resumed(self, waiting: int) -> None:
        """Senders may go on."""
        self._say("info", "intake.resumed", waiting=waiting)

    def reader_started(self, name: str, pid: int) -> None:
        """A process that reads messages runs."""
        self._say("info", "reader.started", reader=name, pid=pid)

    def reader_died(self, name: str, code: int) -> None:
        """A process that reads messages ended without being asked to; it is replaced."""
        self._say("error", "reader.died", reader=name, exit_code=code)
        self._sink.add("dicomfabd_intake_readers_died_total", 1)

    def message_repeated(self, control_id: str, message_type: str, peer: str, seconds: float) -> None:
        """A message came again and got the answer it got before."""
        self._say("info", "message.repeated", control_id=control_id, type=message_type, peer=peer, ms=_ms(seconds))
        self._sink.add("dicomfabd_intake_duplicates_total", 1)
        self._answered(message_type, "AA", seconds)

    def message_refused(
        self, control_id: str, message_type: str, peer: str, code: str, faults: Sequence[Fault], seconds: float
    ) -> None:
        """A message was answered AE or AR."""
        reasons = [f"{fault.code} {fault.location} {fault.text}" for fault in faults]
        self._say(
            "warning",
            "message.refused",
            control_id=control_id,
            type=message_type,
            peer=peer,
            code=code,
            reasons=reasons,
            ms=_ms(seconds),
        )
        self._answered(message_type, code, seconds)

    def message_unanswered(self, control_id: str, peer: str, reason: str) -> None:
        """A message got no answer, so that its sender sends it again."""
        self._say("error", "message.unanswered", control_id=control_id, peer=peer, reason=reason)

    def order_updated(
        self, order_id: int | None, accession_number: str, action: str, modality: str, asked_by: str
    ) -> None:
        """A message or a person did something to an order.

        Args:
            order_id: None for an order we do not have.
            accession_number: As kept.
            action: What was done.
            modality: Of the order.
            asked_by: MSH-10 of the message, or `person`.
        """
        self._say(
            "info",
            "order.updated",
            order_id=order_id,
            accession=accession_number,
            action=action,
            modality=modality,
            asked_by=asked_by,
        )
        self._sink.add("dicomfabd_order_changes_total", 1, action)

    def store_committed(self, changes: int, seconds: float) -> None:
        """One durable commit was made."""
        self._sink.observe("dicomfabd_store_commit_seconds", seconds)
        self._sink.observe("dicomfabd_store_commit_batch", changes)

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
            "info", "worklist.queried", calling=calling, called=called, keys=keys, answers=answers, ms=_ms(seconds)
        )
        self._sink.add("dicomfabd_worklist_queries_total", 1, "ok")
        self._sink.add("dicomfabd_worklist_answers_total", answers)
        self._sink.observe("dicomfabd_worklist_query_seconds", seconds)

    def worklist_query_failed(self, calling: str, called: str, reason: str) -> None:
        """A modality asked and got a failure status."""
        self._say("warning", "worklist.query_failed", calling=calling, called=called, reason=reason)
        self._sink.add("dicomfabd_worklist_queries_total", 1, "failed")

    def study_begun(self, claim: Claim, plan: StudyPlan) -> None:
        """A worker began to fabricate and send."""
        self._say(
            "info",
            "study.begun",
            **_job(claim),
            protocol=plan.protocol,
            study_uid=plan.order.study_instance_uid,
            instances=plan.instances,
        )
        self._sink.add("dicomfabd_fabricate_studies_total", 1, plan.order.modality)
        if plan.is_fallback:
            self._say("warning", "study.unmapped", **_job(claim), evidence=list(plan.evidence))
            self._sink.add("dicomfabd_fabricate_unmapped_total", 1)

    def instances_answered(self, destination: str, results: Sequence[InstanceResult]) -> None:
        """A PACS answered C-STORE requests."""
        for outcome in {result.outcome for result in results}:
            amount = sum(result.outcome is outcome for result in results)
            self._sink.add("dicomfabd_deliver_instances_total", amount, destination, outcome)

    def study_delivered(self, claim: Claim, delivery: Delivery) -> None:
        """A destination holds the whole study."""
        self._say(
            "info",
            "study.delivered",
            **_job(claim),
            instances=delivery.instances,
            warned=delivery.warned,
            already_there=delivery.already_there,
            seconds=round(delivery.seconds, 3),
        )
        self._sink.add("dicomfabd_deliver_studies_total", 1, claim.destination, "delivered")
        self._sink.observe("dicomfabd_deliver_study_seconds", delivery.seconds, claim.destination)

    def study_postponed(self, claim: Claim, delay_s: float, reason: str) -> None:
        """A delivery did not work and will be tried again."""
        self._say("warning", "study.postponed", **_job(claim), retry_in_s=round(delay_s, 1), reason=reason)
        self._sink.add("dicomfabd_deliver_studies_total", 1, claim.destination, "postponed")

    def study_failed(self, claim: Claim, reason: str) -> None:
        """A delivery can never work as it stands and went to the dead letters."""
        self._say("error", "study.failed", **_job(claim), reason=reason)
        self._sink.add("dicomfabd_deliver_studies_total", 1, claim.destination, "failed")

    def destination_back(self, destination: str) -> None:
        """A PACS that was away answers again."""
        self._say("info", "destination.back", destination=destination)

    def commitment_reported(self, order_id: int, accession_number: str, destination: str, failed: int) -> None:
        """A PACS said whether it will keep what it stored; what it will not is sent again."""
        level, outcome = ("warning", "failed") if failed else ("info", "committed")
        self._say(
            level,
            "study.commitment_reported",
            order_id=order_id,
            accession=accession_number,
            destination=destination,
            failed=failed,
        )
        self._sink.add("dicomfabd_deliver_commitments_total", 1, destination, outcome)

    def commitment_unknown(self, calling: str) -> None:
        """A report on storage commitment came that nobody waits for: late, or meant for somebody else."""
        self._say("warning", "study.commitment_unknown", calling=calling)

    def claim_lost(self, claim: Claim) -> None:
        """The lease ended before the work did; somebody else goes on."""
        self._say("warning", "study.claim_lost", **_job(claim))
        self._sink.add("dicomfabd_deliver_studies_total", 1, claim.destination, "lost")

    def worker_started(self, name: str, pid: int) -> None:
        """A worker process runs."""
        self._say("info", "worker.started", worker=name, pid=pid)
        self._sink.add("dicomfabd_workers", 1)

    def worker_ended(self) -> None:
        """A worker process ended as asked."""
        self._sink.add("dicomfabd_workers", -1)

    def worker_died(self, name: str, code: int) -> None:
        """A worker process ended without being asked to; it is replaced."""
        self._say("error", "worker.died", worker=name, exit_code=code)
        self._sink.add("dicomfabd_workers", -1)
        self._sink.add("dicomfabd_workers_died_total", 1)

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

    def pacs_queried(
        self, destination: str, level: str, keys: list[str], state: str, rows: int, seconds: float
    ) -> None:
        """A person asked a PACS; `keys` are keywords without their values."""
        level_of_log, event = ("info", "pacs.queried") if state == "answered" else ("warning", "pacs.query_failed")
        self._say(
            level_of_log,
            event,
            destination=destination,
            level_asked=level,
            keys=keys,
            state=state,
            rows=rows,
            ms=_ms(seconds),
        )
        self._sink.add("dicomfabd_pacs_queries_total", 1, destination, state)

    def pacs_moved(self, source: str, destination: str, state: str, sent: int, failed: int) -> None:
        """A move a person asked for has ended."""
        level = "info" if state == "done" else "warning"
        self._say(level, "pacs.moved", source=source, destination=destination, state=state, sent=sent, failed=failed)
        self._sink.add("dicomfabd_pacs_moves_total", 1, source, state)

    def study_downloaded(self, source: str, via: str, instances: int, *, is_whole: bool) -> None:
        """A download a person asked for has ended."""
        level = "info" if is_whole else "warning"
        self._say(level, "pacs.downloaded", source=source, via=via, instances=instances, is_whole=is_whole)
        self._sink.add("dicomfabd_pacs_downloads_total", 1, source, "whole" if is_whole else "incomplete")

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

    def request_served(self, method: str, route: str, status: int, seconds: float) -> None:
        """The web room answered."""
        self._sink.add("dicomfabd_web_requests_total", 1, method, route, str(status))
        self._sink.observe("dicomfabd_web_request_seconds", seconds, route)

    def request_failed(self, method: str, route: str, error: str) -> None:
        """The web room has a bug; somebody should look."""
        self._say("error", "web.request_failed", method=method, route=route, error=error)

    def _answered(self, message_type: str, code: str, seconds: float) -> None:
        kind = message_type[:3] if message_type[:3] in _MESSAGE_KINDS else "other"
        self._sink.add("dicomfabd_intake_messages_total", 1, kind, code)
        self._sink.observe("dicomfabd_intake_ack_seconds", seconds)

    def _say(self, level: str, event: str, **fields: Value) -> None:
        self._sink.log(level, event, fields)


def _job(claim: Claim) -> dict[str, Value]:
    return {
        "order_id": claim.order_id,
        "accession": claim.order.accession_number,
        "destination": claim.destination,
        "attempt": claim.attempt,
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
