"""C-MOVE: have a PACS send what it holds to another one, with progress, and say in plain words why it did not.

Standard: PS3.4 C.4.2.
"""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pydicom.dataset import Dataset
from pynetdicom.presentation import build_context

from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import Permanent, Retryable
from dicomfabd.pacs.query import SYNTAXES, has_study, model_for
from dicomfabd.pacs.scu import associate, hang_up, why_it_ended
from dicomfabd.pacs.selection import Selection
from dicomfabd.pacs.statuses import CANCELLED, SUCCESS, UNKNOWN_MOVE_DESTINATION, explain, is_pending

SILENCE_S: Final = 600.0
"""A PACS need not say anything between the first image and the last."""

CANCEL_GRACE_S: Final = 10.0
"""A PACS that goes on all the same is then left."""

MODELS: Final = ("1.2.840.10008.5.1.4.1.2.2.2", "1.2.840.10008.5.1.4.1.2.1.2")  # study root, patient root
_MESSAGE_ID: Final = 1


class MoveState(StrEnum):
    """Where a move stands."""

    RUNNING = "running"
    DONE = "done"
    PARTLY = "partly"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Progress:
    """Images so far; `remaining` is None where the PACS does not say."""

    remaining: int | None = None
    completed: int = 0
    failed: int = 0
    warning: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """How a move ended; `reason` says why it is not `done`, and what to do."""

    state: MoveState
    progress: Progress
    reason: str = ""


class Move:
    """One C-MOVE. `run` is for one thread, `cancel` for any."""

    def __init__(self, source: Destination, receiver: Destination, selection: Selection) -> None:
        """Prepare; nothing is sent yet."""
        self._source = source
        self._receiver = receiver
        self._selection = selection
        self._is_cancelled = False
        self._association: Any = None
        self._model = ""
        self._lock = threading.Lock()
        self._grace: threading.Timer | None = None
        self.ae_title = source.move_ae_titles.get(receiver.name, receiver.ae_title)

    def run(self, on_progress: Callable[[Progress], None] = lambda _progress: None) -> Moved:
        """Move, and tell of every response; never raises for what a peer does."""
        try:
            final, progress = self._exchange(on_progress)
        except (Retryable, Permanent) as error:
            return Moved(MoveState.FAILED, Progress(), str(error))
        return self._judge(final, progress)

    def cancel(self) -> None:
        """Stop as soon as the source does; it keeps sending what is under way."""
        with self._lock:
            self._is_cancelled = True
            association = self._association
            if association is None or self._grace:
                return
            # It may have ended this very moment.
            with contextlib.suppress(RuntimeError, ValueError):
                association.send_c_cancel(_MESSAGE_ID, query_model=self._model)
            self._grace = threading.Timer(CANCEL_GRACE_S, hang_up, [association])
            self._grace.daemon = True
            self._grace.start()

    def _exchange(self, on_progress: Callable[[Progress], None]) -> tuple[Dataset, Progress]:
        """Give the final status, without `Status` where it never came, and the last progress."""
        contexts = [build_context(model, SYNTAXES) for model in MODELS]
        progress = Progress()
        with associate(self._source, contexts, silence_s=SILENCE_S) as association:
            self._model = model_for(association, prefers_patient=False, models=MODELS)
            identifier = identifier_of(self._selection, needs_patient=self._model == MODELS[1])
            if self._is_cancelled:
                return Dataset(), progress
            responses = association.send_c_move(identifier, self.ae_title, self._model, msg_id=_MESSAGE_ID)
            with self._lock:
                self._association = association
            if self._is_cancelled:  # while it was sent
                self.cancel()
            status = Dataset()
            try:
                for status, _ in responses:
                    if "Status" not in status:
                        status.ErrorComment = why_it_ended(association)
                        break
                    progress = _progress(status, progress)
                    on_progress(progress)
                    if not is_pending(status.Status):
                        break
            finally:
                self._let_go()
        return status, progress

    def _let_go(self) -> None:
        """Cancel no more: nothing may be sent once the association is being released."""
        with self._lock:
            self._association = None
            if self._grace:
                self._grace.cancel()

    def _judge(self, final: Dataset, progress: Progress) -> Moved:
        if self._is_cancelled and final.get("Status") != SUCCESS:
            return Moved(MoveState.CANCELLED, progress, "stopped as it was told to; what had been sent stays there")
        if "Status" not in final:
            return Moved(MoveState.FAILED, progress, f"{self._source.name}: {final.get('ErrorComment', '')}")
        sent = progress.completed + progress.warning
        if final.Status == SUCCESS and sent and not progress.failed:
            return Moved(MoveState.DONE, progress)
        if sent:
            return Moved(MoveState.PARTLY, progress, f"{progress.failed} of {sent + progress.failed} were not sent")
        return Moved(MoveState.FAILED, progress, self._why_nothing(final, progress))

    def _why_nothing(self, final: Dataset, progress: Progress) -> str:
        source, receiver = self._source, self._receiver
        where = f"{receiver.host}:{receiver.port}"
        if final.Status == UNKNOWN_MOVE_DESTINATION:
            return f"{source.name} does not know AE title {self.ae_title}: register it there with {where}"
        if not has_study(source, self._selection.study_uid):
            return f"{source.name} has nothing that fits: no such study, series or image is there"
        if progress.failed:
            return (
                f"{source.name} could not send to {self.ae_title}: see that it has {where} for it and can reach that, "
                f"and that {receiver.name} takes studies from it"
            )
        said = explain(final.Status, final.get("ErrorComment", ""))
        if final.Status == SUCCESS:
            said = "says that it is done and sent nothing"
        advice = f"it has the study: see that AE title {self.ae_title} is registered there with {where}"
        return f"{source.name} {said}; {advice}"


def identifier_of(selection: Selection, *, needs_patient: bool) -> Dataset:
    """Give the identifier of a C-MOVE or C-GET (PS3.4 C.4.2.1.4).

    Raises:
        Permanent: The PACS has the patient root only, and no patient is named.
    """
    identifier = Dataset()
    identifier.QueryRetrieveLevel = selection.level.upper()
    if needs_patient:
        if not selection.patient_id:
            raise Permanent("it has the patient root only: name the patient ID too")
        identifier.PatientID = selection.patient_id
    for keyword, value in selection.keys().items():
        setattr(identifier, keyword, value)
    return identifier


def _progress(status: Dataset, before: Progress) -> Progress:
    def count(name: str, otherwise: int | None) -> int | None:
        value = status.get(f"NumberOf{name}Suboperations")
        return int(value) if isinstance(value, int) else otherwise

    is_over = not is_pending(status.Status)
    return Progress(
        remaining=0 if is_over and status.Status != CANCELLED else count("Remaining", before.remaining),
        completed=count("Completed", before.completed) or 0,
        failed=count("Failed", before.failed) or 0,
        warning=count("Warning", before.warning) or 0,
    )
