"""The line: claim → plan → fabricate → deliver → settle. One worker, one process, one order at a time."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Final

from dicomfabd.config import WorkersSection
from dicomfabd.domain.delivery import Claim, Delivery, Destination, InstanceResult, Outcome
from dicomfabd.domain.errors import ClaimLost, DestinationAway, Permanent, Retryable
from dicomfabd.domain.patient import filled
from dicomfabd.domain.study import StudyPlan
from dicomfabd.fabricate.anatomy.bodies import Bodies
from dicomfabd.fabricate.study import fabricate, sop_class_uids
from dicomfabd.pacs.storage import StorageAssociation
from dicomfabd.plan.planner import Planner
from dicomfabd.store.interface import PatientKey, PatientRegistry, WorkQueue
from dicomfabd.telemetry.journal import Journal

RECORD_EVERY_S: Final = 1.0
"""How often results of a running study are kept; after a crash at most this much is sent again, under the same UIDs."""


@dataclass(slots=True)
class _Progress:
    """What one try has achieved so far."""

    started: float
    recorded_at: float
    stored: int = 0
    warned: int = 0
    refused: list[InstanceResult] = field(default_factory=list)


class Worker:
    """Works off the queue."""

    def __init__(
        self,
        name: str,
        queue: WorkQueue,
        patients: PatientRegistry,
        planner: Planner,
        bodies: Bodies,
        destinations: Mapping[str, Destination],
        settings: WorkersSection,
        journal: Journal,
        random: Random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take everything the work needs.

        Args:
            name: Holder of the leases.
            queue: Where work comes from.
            patients: Fills in what orders leave out of patients, and keeps what is made up.
            planner: Decides studies.
            bodies: The anatomy studies show.
            destinations: By name; only their jobs are claimed.
            settings: Lease and retry times.
            journal: Told what happens.
            random: Spreads retries.
            clock: Monotonic seconds.
        """
        self._name = name
        self._queue = queue
        self._patients = patients
        self._planner = planner
        self._bodies = bodies
        self._destinations = destinations
        self._settings = settings
        self._journal = journal
        self._random = random
        self._clock = clock

    def run_once(self) -> bool:
        """Work on one job; False if there was none to claim."""
        claim = self._queue.claim(self._name, self._settings.lease_s, list(self._destinations))
        if claim is None:
            return False
        try:
            self._work(claim)
        except ClaimLost:
            self._journal.claim_lost(claim)
        return True

    def idle_s(self, longest_s: float) -> float:
        """Give how long there is nothing to claim, at most `longest_s`."""
        due = self._queue.next_due(list(self._destinations))
        return longest_s if due is None else min(longest_s, max(0.0, due - time.time()))

    def _work(self, claim: Claim) -> None:
        try:
            plan = self._plan(claim)
            self._journal.study_begun(claim, plan)
            delivery = self._deliver(claim, plan)
        except DestinationAway as error:
            settings, jitter = self._settings, self._random.uniform(0.5, 1.0)
            delay_s = self._queue.pause(claim, settings.retry_first_s, settings.retry_max_s, jitter, str(error))
            self._journal.study_postponed(claim, delay_s, str(error))
        except Retryable as error:
            self._try_again(claim, str(error))
        except Permanent as error:
            self._queue.fail(claim, str(error))
            self._journal.study_failed(claim, str(error))
        except ClaimLost:
            raise
        except Exception as error:  # a bug in a recipe must not stop the line: the order waits for a person
            self._queue.fail(claim, f"{type(error).__name__}: {error}")
            self._journal.study_failed(claim, f"{type(error).__name__}: {error}")
        else:
            self._queue.settle(claim, delivery)
            self._journal.study_delivered(claim, delivery)

    def _plan(self, claim: Claim) -> StudyPlan:
        """Decide the study, with the patient as completed now or by an earlier order."""
        patient = claim.order.patient
        known = self._patients.get(PatientKey(patient.patient_id, patient.issuer_of_patient_id))
        if known is not None:
            patient = filled(patient, known.patient)
        scale = self._destinations[claim.destination].scale or None
        plan = self._planner.plan(replace(claim.order, patient=patient), scale)
        self._patients.complete(plan.order.patient)
        if claim.attempt == 1:
            detail = {"destination": claim.destination, "protocol": plan.protocol, "evidence": list(plan.evidence)}
            self._queue.note(claim, "study.planned", detail)
        return plan

    def _try_again(self, claim: Claim, reason: str) -> None:
        if claim.attempt >= self._settings.max_attempts:
            self._queue.fail(claim, f"{reason} (after {claim.attempt} tries)")
            self._journal.study_failed(claim, reason)
            return
        longest = min(self._settings.retry_max_s, self._settings.retry_first_s * 2 ** min(claim.attempt - 1, 30))
        delay_s = longest * self._random.uniform(0.5, 1.0)
        self._queue.postpone(claim, delay_s, reason)
        self._journal.study_postponed(claim, delay_s, reason)

    def _deliver(self, claim: Claim, plan: StudyPlan) -> Delivery:
        """Send what the destination does not hold yet; every answer is recorded, whatever happens next."""
        destination = self._destinations[claim.destination]
        started = self._clock()
        progress = _Progress(started, started)
        unrecorded: list[InstanceResult] = []
        record = partial(self._record, claim, unrecorded)
        with StorageAssociation(destination, sop_class_uids(plan)) as association:
            try:
                for instance in fabricate(
                    plan, self._bodies, association.syntax_for, lambda uid: uid not in claim.kept
                ):
                    result = association.send(instance.sop_class_uid, instance.sop_instance_uid, instance.parts)
                    unrecorded.append(result)
                    self._count(progress, result)
                    if self._clock() - progress.recorded_at > RECORD_EVERY_S:
                        record()
                        self._queue.renew(claim, self._settings.lease_s)
                        progress.recorded_at = self._clock()
            finally:
                record()
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

    def _count(self, progress: _Progress, result: InstanceResult) -> None:
        if result.outcome is Outcome.RETRYABLE:
            raise Retryable(f"the PACS answered status 0x{result.status:04X}")
        if result.outcome is Outcome.PERMANENT:
            progress.refused.append(result)
        elif result.outcome is Outcome.WARNED:
            progress.warned += 1
        else:
            progress.stored += 1

    def _record(self, claim: Claim, results: list[InstanceResult]) -> None:
        if results:
            self._queue.record(claim, results)
            self._journal.instances_answered(claim.destination, results)
            results.clear()
