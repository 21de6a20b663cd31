"""Storage commitment: a PACS says which instances it will keep (PS3.4 Annex J)."""

from dataclasses import dataclass
from typing import Final

STORAGE_COMMITMENT: Final = "1.2.840.10008.1.20.1"
STORAGE_COMMITMENT_INSTANCE: Final = "1.2.840.10008.1.20.1.1"
"""The well-known SOP instance both sides speak of."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One instance, as commitment requests and reports name it."""

    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class CommitmentRequest:
    """What a PACS is asked to keep (N-ACTION type 1, PS3.4 Table J.3-1)."""

    transaction_uid: str
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class CommitmentReport:
    """What it says of it (N-EVENT-REPORT type 1 or 2, PS3.4 Table J.3-2).

    Attributes:
        failed: What it does not keep → why (Failure Reason, 0008,1197).
    """

    transaction_uid: str
    committed: tuple[Reference, ...]
    failed: tuple[tuple[Reference, int], ...] = ()
