"""What a store keeps of performed procedure steps; `tests/store/test_performed.py` holds every back end to it."""

from dataclasses import dataclass
from typing import Protocol

from dicomfabd.domain.performed import Attributes, PerformedStep


@dataclass(frozen=True, slots=True)
class MatchedOrder:
    """An order of which scheduled steps are performed."""

    order_id: int
    accession_number: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a message about a performed step.

    Attributes:
        step: As it is now.
        orders: What it performs; nothing for an unscheduled step.
        left: Tags of what the message may not set and was left as it was.
    """

    step: PerformedStep
    orders: tuple[MatchedOrder, ...]
    left: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredPerformedStep:
    """A performed step on file; times are Unix seconds.

    Attributes:
        calling_ae_title: Of who told of it last.
        is_matched: Whether any scheduled step of ours is known to be performed by it.
    """

    step: PerformedStep
    calling_ae_title: str
    is_matched: bool
    created_at: float
    updated_at: float


class PerformedSteps(Protocol):
    """Keeps what modalities say they do, and moves the orders they do it for. Thread-safe.

    A message and all that follows from it (scheduled steps, orders, timelines) is one transaction, on disk when a
    method returns. Scheduled steps are found by study and step ID, else by accession and step ID, and all of a study
    by the study alone where no step ID is given; orders that were cancelled or discontinued stay as they are.
    """

    def create(self, step: PerformedStep, calling_ae_title: str) -> Taken:
        """Keep a step that begins.

        Raises:
            StepRefused: There is one of that UID.
            StoreUnavailable: Nothing could be kept.
        """

    def amend(self, sop_instance_uid: str, modifications: Attributes, calling_ae_title: str) -> Taken:
        """Change a step as `PerformedStep.amended` does.

        Raises:
            StepRefused: There is none of that UID, or it may not be changed so.
            StoreUnavailable: Nothing could be kept.
        """

    def get(self, sop_instance_uid: str) -> StoredPerformedStep | None:
        """Give one, or None."""

    def unmatched(self, limit: int) -> list[StoredPerformedStep]:
        """Give those that perform nothing we know of, newest first."""
