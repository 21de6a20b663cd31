"""Where studies go, and what became of each instance on the way."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

from dicomfabd.domain.order import Order

TRANSFER_SYNTAXES: Final = MappingProxyType(
    {
        "explicit": "1.2.840.10008.1.2.1",
        "implicit": "1.2.840.10008.1.2",
        "rle": "1.2.840.10008.1.2.5",
        "jpeg-ls": "1.2.840.10008.1.2.4.80",
        "jpeg-2000": "1.2.840.10008.1.2.4.90",
        "htj2k": "1.2.840.10008.1.2.4.201",
    }
)
"""Name → UID of the transfer syntaxes we can send (PS3.5 §10, all lossless)."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A PACS that receives studies.

    Attributes:
        name: Unique; used in logs, metrics and the store.
        ae_title: The called AE title.
        calling_ae_title: The AE title we present.
        max_pdu: Largest PDU we are ready to receive, in bytes.
        timeout_s: Longest wait for a connection, a reply or a write, in seconds.
        transfer_syntaxes: How images are best sent, best first, by names of `TRANSFER_SYNTAXES`.
        scale: How large its studies are; empty is as elsewhere.
    """

    name: str
    host: str
    port: int
    ae_title: str
    calling_ae_title: str = "DICOMFABD"
    max_pdu: int = 131072
    timeout_s: float = 30.0
    transfer_syntaxes: tuple[str, ...] = ("explicit", "implicit")
    scale: Literal["", "full", "small", "tiny"] = ""


@dataclass(frozen=True, slots=True)
class Routing:
    """Where one order's study goes and when work on it may begin.

    Attributes:
        destinations: Names of destinations.
        not_before: Unix time in seconds; 0 is at once.
    """

    destinations: tuple[str, ...]
    not_before: float = 0.0


class Outcome(StrEnum):
    """What a C-STORE response means for the instance (PS3.4 B.2.3)."""

    STORED = "stored"
    WARNED = "warned"
    RETRYABLE = "retryable"
    PERMANENT = "permanent"


@dataclass(frozen=True, slots=True)
class InstanceResult:
    """The answer to one C-STORE request."""

    sop_instance_uid: str
    sop_class_uid: str
    status: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Delivery:
    """A study that reached its destination whole."""

    destination: str
    stored: int
    warned: int
    already_there: int
    seconds: float

    @property
    def instances(self) -> int:
        """How many instances of the study the destination holds."""
        return self.stored + self.warned + self.already_there


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one order for one destination until the lease ends.

    Attributes:
        job_id: The unit of work, order x destination.
        token: Changes with every claim, so that a late worker is noticed.
        attempt: 1 for the first try.
        kept: SOP Instance UIDs the destination is known to hold from earlier tries.
    """

    job_id: int
    order_id: int
    order: Order
    destination: str
    attempt: int
    token: int
    kept: frozenset[str]
