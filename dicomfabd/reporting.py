"""What a RIS is told of a study as it is made (MPPS): a modality's step that begins, and ends.

Nothing of it is worth a study: what cannot be told is said on the order's timeline and in the log, and the study goes
on. A try after a crash tells of the same step again, and a RIS that knows it says so.
"""

from collections.abc import Callable
from typing import Final

from dicomfabd.domain.delivery import Claim, Destination
from dicomfabd.domain.errors import Permanent, Retryable
from dicomfabd.domain.order import Code
from dicomfabd.domain.performed import PerformedStatus
from dicomfabd.domain.study import StudyPlan
from dicomfabd.fabricate.performed import EQUIPMENT_FAILURE, UNSPECIFIED, begun_step, ended_step
from dicomfabd.pacs.performed import send_begin, send_end
from dicomfabd.store.interface import WorkQueue
from dicomfabd.telemetry.journal import Journal

END_PAUSES_S: Final = (1.0, 3.0)
"""Between the tries of telling how a step ended; the worker waits meanwhile."""


class Reporter:
    """Tells for one worker."""

    def __init__(self, queue: WorkQueue, journal: Journal, lease_s: float, pause: Callable[[float], None]) -> None:
        """Take what is needed.

        Args:
            queue: Keeps the orders' timelines and the leases.
            journal: Told what was told.
            lease_s: How long a claim is ours after each message.
            pause: Waits so many seconds.
        """
        self.queue = queue
        self.journal = journal
        self.lease_s = lease_s
        self.pause = pause

    def begin(self, claim: Claim, plan: StudyPlan, destination: Destination) -> "StepReport":
        """Tell the destination's RIS, if it has one, that a study's step has begun; raises ClaimLost."""
        report = StepReport(self, claim, plan, destination)
        report.begin()
        return report


class StepReport:
    """One step, as far as it was told.

    Attributes:
        held: SOP Instance UIDs of what the destination holds; grows while the study is sent.
    """

    def __init__(self, reporter: Reporter, claim: Claim, plan: StudyPlan, destination: Destination) -> None:
        """Take the step; nothing is told yet."""
        self._reporter = reporter
        self._claim = claim
        self._plan = plan
        self._ris = destination.ris
        self._retrieve_ae_title = destination.ae_title
        self._tries = 1 + len(END_PAUSES_S)
        self._is_over = False
        self.held = set(claim.kept)

    def begin(self) -> None:
        """Tell that it has begun; raises ClaimLost."""
        if self._ris is not None:
            ris, plan = self._ris, self._plan
            reason = self._tell(
                PerformedStatus.IN_PROGRESS, lambda: send_begin(ris, plan.performed_step_uid, begun_step(plan))
            )
            if reason:
                # What is away keeps the next studies waiting too: it gets one chance more, with the end.
                self._tries = 1
                self._failed(PerformedStatus.IN_PROGRESS, reason)

    def complete(self) -> None:
        """Tell that it is over, and what came of it; raises ClaimLost."""
        is_discontinued = self._ris is not None and self._reporter.queue.is_discontinued(self._claim)
        self._end(UNSPECIFIED if is_discontinued else None)

    def discontinue(self) -> None:
        """Tell that not all of it reached the PACS, nor will unless a person helps; raises ClaimLost."""
        self._end(EQUIPMENT_FAILURE)

    def _end(self, reason: Code | None) -> None:
        if self._ris is None or self._is_over:
            return
        self._is_over = True
        status = PerformedStatus.DISCONTINUED if reason else PerformedStatus.COMPLETED
        ris, plan = self._ris, self._plan
        beginning, ending = begun_step(plan), ended_step(plan, self.held, self._retrieve_ae_title, reason)
        problem = ""
        for number in range(self._tries):
            if number:
                self._reporter.pause(END_PAUSES_S[number - 1])
            problem = self._tell(status, lambda: send_end(ris, plan.performed_step_uid, beginning, ending))
            if not problem:
                return
        self._failed(status, problem)

    def _tell(self, status: PerformedStatus, send: Callable[[], bool]) -> str:
        """Tell once; gives why it did not work, or nothing."""
        problem, is_news = "", False
        try:
            is_news = send()
        except (Retryable, Permanent) as error:
            problem = str(error)
        reporter, claim = self._reporter, self._claim
        reporter.queue.renew(claim, reporter.lease_s)
        if not problem:
            reporter.journal.mpps_sent(claim, status, is_news=is_news)
        if is_news:
            reporter.queue.note(claim, "mpps.sent", self._detail(status))
        return problem

    def _failed(self, status: PerformedStatus, reason: str) -> None:
        self._reporter.journal.mpps_failed(self._claim, status, reason)
        self._reporter.queue.note(self._claim, "mpps.failed", self._detail(status) | {"reason": reason})

    def _detail(self, status: PerformedStatus) -> dict[str, object]:
        return {
            "destination": self._claim.destination,
            "status": status,
            "sop_instance_uid": self._plan.performed_step_uid,
            "instances": len(self.held),
        }
