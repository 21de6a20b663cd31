"""The line: claim → plan → fabricate → deliver → settle. One worker, one process, one order at a time."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Final
from uuid import uuid4

from dicomfabd.config import WorkersSection
from dicomfabd.domain.commitment import CommitmentRequest
from dicomfabd.domain.delivery import Claim, Delivery, Destination, InstanceResult, Outcome
from dicomfabd.domain.destinations import Destinations
from dicomfabd.domain.errors import ClaimLost, DestinationAway, Permanent, Retryable
from dicomfabd.domain.patient import filled
from dicomfabd.domain.study import StudyPlan
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.kinds import SOP_CLASSES
from dicomfabd.fabricate.study import fabricate, references_of
from dicomfabd.pacs.commitment import ask
from dicomfabd.pacs.senders import Senders, probe
from dicomfabd.pacs.storage import Sender
from dicomfabd.plan.planner import Planner
from dicomfabd.reporting import Reporter, StepReport
from dicomfabd.store.interface import Commitments, PatientKey, WorkQueue
from dicomfabd.store.patients_interface import PatientRegistry
from dicomfabd.telemetry.journal import Journal

RECORD_EVERY_S: Final = 1.0
"""How often results of a running study are kept; after a crash at most this much is sent again, under the same UIDs."""


@dataclass(slots=True)
class _Progress:
    """What one try has achieved so far; `held` is every instance the PACS has, from earlier tries too."""

    started: float
    recorded_at: float
    held: set[str]
    stored: int = 0
    warned: int = 0
    refused: list[InstanceResult] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Work:
    """Where a worker's jobs come from, where its studies go, and who remembers.

    Attributes:
        patients: Fills in what orders leave out of patients, and keeps what is made up.
        destinations: The registry; only jobs of active ones are claimed.
        senders: The ways to them that this worker has open.
    """

    queue: WorkQueue
    commitments: Commitments
    patients: PatientRegistry
    destinations: Destinations
    senders: Senders


class Worker:
    """Works off the queue."""

    def __init__(
        self,
        name: str,
        work: Work,
        planner: Planner,
        bodies: Bodies,
        settings: WorkersSection,
        journal: Journal,
        random: Random,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take everything the work needs.

        Args:
            name: Holder of the leases.
            work: Where work comes from and goes to.
            planner: Decides studies.
            bodies: The anatomy studies show.
            settings: Lease and retry times.
            journal: Told what happens.
            random: Spreads retries.
            clock: Monotonic seconds.
            pause: Waits so many seconds, for a RIS that does not answer.
        """
        self._name = name
        self._queue = work.queue
        self._commitments = work.commitments
        self._patients = work.patients
        self._destinations = work.destinations
        self._senders = work.senders
        self._planner = planner
        self._bodies = bodies
        self._settings = settings
        self._journal = journal
        self._random = random
        self._clock = clock
        self._reporter = Reporter(work.queue, journal, settings.lease_s, pause)

    def run_once(self) -> bool:
        """Work on one job; False if there was none to claim."""
        claim = self._queue.claim(self._name, self._settings.lease_s, self._limits())
        if claim is None:
            # Others may be waiting for their turn at the PACS.
            self._senders.close()
            return False
        try:
            self._work(claim)
        except ClaimLost:
            self._journal.claim_lost(claim)
        return True

    def idle_s(self, longest_s: float) -> float:
        """Give how long there is nothing to claim, at most `longest_s`."""
        due = self._queue.next_due(self._limits())
        return longest_s if due is None else min(longest_s, max(0.0, due - time.time()))

    def _limits(self) -> dict[str, int]:
        return {item.name: item.associations for item in self._destinations.all() if item.active}

    def _work(self, claim: Claim) -> None:
        step: StepReport | None = None
        try:
            destination = self._destination(claim)
            if claim.needs_probe:
                self._probe(destination)
            plan = self._plan(claim, destination)
            self._journal.study_begun(claim, plan)
            step = self._reporter.begin(claim, plan, destination)
            delivery = self._deliver(claim, plan, destination, step)
            step.complete()
            self._end(claim, plan, delivery, destination)
        except DestinationAway as error:
            settings, jitter = self._settings, self._random.uniform(0.5, 1.0)
            delay_s = self._queue.pause(claim, settings.retry_first_s, settings.retry_max_s, jitter, str(error))
            self._journal.study_postponed(claim, delay_s, str(error))
        except Retryable as error:
            self._try_again(claim, str(error), step)
        except Permanent as error:
            self._give_up(claim, str(error), str(error), step)
        except ClaimLost:
            raise
        except Exception as error:  # a bug in a recipe must not stop the line: the order waits for a person
            reason = f"{type(error).__name__}: {error}"
            self._give_up(claim, reason, reason, step)

    def _destination(self, claim: Claim) -> Destination:
        destination = self._destinations.get(claim.destination)
        if destination is None:
            raise Permanent(f"no destination named {claim.destination} is configured; add it, then retry")
        if claim.attempt > self._settings.max_attempts:
            # Every try ended its worker before it could say why.
            raise Permanent(f"given up after {claim.attempt - 1} tries that never ended")
        return destination

    def _probe(self, destination: Destination) -> None:
        problem = probe(destination)
        if problem:
            raise DestinationAway(problem)
        self._queue.resume(destination.name)
        self._journal.destination_back(destination.name)

    def _plan(self, claim: Claim, destination: Destination) -> StudyPlan:
        """Decide the study, with the patient as completed now or by an earlier order."""
        patient = claim.order.patient
        known = self._patients.get(PatientKey.of(patient))
        if known is not None:
            patient = filled(patient, known.patient)
        plan = self._planner.plan(replace(claim.order, patient=patient), destination.scale or None)
        self._patients.complete(plan.order.patient)
        if claim.attempt == 1:
            detail = {"destination": claim.destination, "protocol": plan.protocol, "evidence": list(plan.evidence)}
            self._queue.note(claim, "study.planned", detail)
        return plan

    def _give_up(self, claim: Claim, reason: str, said: str, step: StepReport | None) -> None:
        if step is not None:
            step.discontinue()
        self._queue.fail(claim, reason)
        self._journal.study_failed(claim, said)

    def _try_again(self, claim: Claim, reason: str, step: StepReport | None) -> None:
        if claim.attempt >= self._settings.max_attempts:
            self._give_up(claim, f"{reason} (after {claim.attempt} tries)", reason, step)
            return
        longest = min(self._settings.retry_max_s, self._settings.retry_first_s * 2 ** min(claim.attempt - 1, 30))
        delay_s = longest * self._random.uniform(0.5, 1.0)
        self._queue.postpone(claim, delay_s, reason)
        self._journal.study_postponed(claim, delay_s, reason)

    def _deliver(self, claim: Claim, plan: StudyPlan, destination: Destination, step: StepReport) -> Delivery:
        """Send what the destination does not hold yet; every answer is recorded, whatever happens next."""
        started = self._clock()
        progress = _Progress(started, started, step.held)
        if len(claim.kept) < plan.instances:
            with self._senders.use(destination, SOP_CLASSES) as sender:
                self._send(claim, plan, sender, progress)
        if progress.refused:
            worst = progress.refused[0]
            raise Permanent(
                f"{destination.name} refused {len(progress.refused)} of {plan.instances} instances,"
                f" the first with status 0x{worst.status:04X}"
            )
        return Delivery(
            destination=claim.destination,
            stored=progress.stored,
            warned=progress.warned,
            already_there=plan.instances - progress.stored - progress.warned,
            seconds=self._clock() - started,
        )

    def _send(self, claim: Claim, plan: StudyPlan, sender: Sender, progress: _Progress) -> None:
        unrecorded: list[InstanceResult] = []
        record = partial(self._record, claim, unrecorded)
        instances = fabricate(plan, self._bodies, sender.syntax_for, lambda uid: uid not in claim.kept)
        try:
            for result in sender.send_all(instances):
                unrecorded.append(result)
                self._count(progress, result)
                if self._clock() - progress.recorded_at > RECORD_EVERY_S:
                    record()
                    self._queue.renew(claim, self._settings.lease_s)
                    progress.recorded_at = self._clock()
        finally:
            record()

    def _end(self, claim: Claim, plan: StudyPlan, delivery: Delivery, destination: Destination) -> None:
        if not destination.commitment:
            self._queue.settle(claim, delivery)
            self._journal.study_delivered(claim, delivery)
            return
        request = CommitmentRequest(f"2.25.{uuid4().int}", references_of(plan))
        # Noted before it is asked: the report may be here before the answer.
        self._commitments.begin(claim, request.transaction_uid)
        report = ask(destination, request)
        settings = self._settings
        again = settings.retry_first_s, settings.max_attempts
        self._commitments.wait(claim, delivery, destination.commitment_timeout_s, *again)
        self._journal.study_delivered(claim, delivery)
        if report is not None and (done := self._commitments.report(report, *again)):
            self._journal.commitment_reported(done.order_id, done.accession_number, done.destination, done.failed)

    def _count(self, progress: _Progress, result: InstanceResult) -> None:
        if result.outcome is Outcome.RETRYABLE:
            raise Retryable(f"the PACS answered status 0x{result.status:04X}")
        if result.outcome is Outcome.PERMANENT:
            progress.refused.append(result)
            return
        progress.held.add(result.sop_instance_uid)
        if result.outcome is Outcome.WARNED:
            progress.warned += 1
        else:
            progress.stored += 1

    def _record(self, claim: Claim, results: list[InstanceResult]) -> None:
        if results:
            self._queue.record(claim, results)
            self._journal.instances_answered(claim.destination, results)
            results.clear()
