"""What happens to studies on their way to PACS, and what people ask of those."""

from collections.abc import Sequence

from dicomfabd.domain.delivery import Claim, Delivery, InstanceResult
from dicomfabd.domain.study import StudyPlan
from dicomfabd.telemetry.sink import Value
from dicomfabd.telemetry.voice import Voice, ms


class DeliveryJournal(Voice):
    """Studies, destinations and the workers between them."""

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

    def mpps_sent(self, claim: Claim, status: str, *, is_news: bool) -> None:
        """A RIS was told of a performed step; `is_news` is false where it knew already, from an earlier try."""
        if is_news:
            self._say("info", "mpps.sent", **_job(claim), status=status)
        self._sink.add("dicomfabd_mpps_sent_total", 1, claim.destination, "ok" if is_news else "known")

    def mpps_failed(self, claim: Claim, status: str, reason: str) -> None:
        """A RIS could not be told of a performed step; the study goes on without it."""
        self._say("warning", "mpps.failed", **_job(claim), status=status, reason=reason)
        self._sink.add("dicomfabd_mpps_sent_total", 1, claim.destination, "failed")

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
            ms=ms(seconds),
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


def _job(claim: Claim) -> dict[str, Value]:
    return {
        "order_id": claim.order_id,
        "accession": claim.order.accession_number,
        "destination": claim.destination,
        "attempt": claim.attempt,
    }
