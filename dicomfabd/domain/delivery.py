"""Where studies go, and what became of each instance on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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


LONGEST_MPPS_WAIT_S: Final = 10.0
"""A RIS that says nothing must not keep studies from their PACS for long."""

Transport = Literal["c-store", "pynetdicom", "stow"]
Scale = Literal["", "full", "small", "tiny"]


@dataclass(frozen=True, slots=True)
class Destination:
    """A PACS: where studies go, and what may be asked.

    Attributes:
        name: Unique; used in logs, metrics and the store.
        ae_title: The called AE title.
        calling_ae_title: The AE title we present.
        find_ae_title: The one we present when we ask (C-FIND, C-MOVE, C-GET); empty is `calling_ae_title`.
        store_ae_title: The one we present when we send; empty is `calling_ae_title`.
        echo_ae_title: The one we present when we only look whether it is there; empty is `calling_ae_title`.
        environment: `prod` gets nothing by default: a routing rule or a person has to name it.
        active: Whether it gets anything and may be asked; what waits for it goes on waiting while it is not.
        receives_orders: Whether studies go there that no routing rule sends elsewhere.
        transport: How studies are sent: P-DATA of our own, pynetdicom's C-STORE, or STOW-RS to `web_url`.
        web_url: Base of its DICOMweb services, with user and password if it wants them; empty is none.
        tls: Whether associations are secured; the PEM files that follow are as in `tls.door.client_context`.
        tls_check_name: Whether its certificate must be for `host`.
        max_pdu: Largest PDU we are ready to receive, in bytes.
        timeout_s: Longest wait for a connection, a reply or a write, in seconds.
        associations: Most studies sent to it at once.
        transfer_syntaxes: How images are best sent, best first, by names of `TRANSFER_SYNTAXES`.
        scale: How large its studies are; empty is as elsewhere.
        commitment: Whether it has to commit to what it stored before a delivery counts as done.
        commitment_timeout_s: How long its report may take before it is asked again.
        mpps_host: Of the RIS that is told of its studies as they are made (MPPS); empty is nobody.
        mpps_port: Of that RIS.
        mpps_ae_title: Of that RIS.
        move_ae_titles: Name of another destination → the AE title by which this PACS knows it; else that one's own.
    """

    name: str
    host: str
    port: int
    ae_title: str
    calling_ae_title: str = "DICOMFABD"
    find_ae_title: str = ""
    store_ae_title: str = ""
    echo_ae_title: str = ""
    description: str = ""
    environment: Literal["test", "prod"] = "test"
    active: bool = True
    receives_orders: bool = True
    transport: Transport = "c-store"
    web_url: str = ""
    tls: bool = False
    tls_ca: str = ""
    tls_certificate: str = ""
    tls_key: str = ""
    tls_check_name: bool = True
    max_pdu: int = 131072
    timeout_s: float = 30.0
    associations: int = 2
    transfer_syntaxes: tuple[str, ...] = ("explicit", "implicit")
    scale: Scale = ""
    commitment: bool = False
    commitment_timeout_s: float = 600.0
    mpps_host: str = ""
    mpps_port: int = 0
    mpps_ae_title: str = ""
    move_ae_titles: Mapping[str, str] = field(default_factory=dict)

    def calling(self, purpose: Literal["find", "store", "echo"]) -> str:
        """Give the AE title we present for a purpose."""
        own = {"find": self.find_ae_title, "store": self.store_ae_title, "echo": self.echo_ae_title}
        return own[purpose] or self.calling_ae_title

    @property
    def ris(self) -> "Destination | None":
        """The RIS that is told of its studies, called as the PACS is but for the address; None if there is none."""
        if not self.mpps_host:
            return None
        return replace(
            self,
            name=f"the RIS of {self.name}",
            host=self.mpps_host,
            port=self.mpps_port,
            ae_title=self.mpps_ae_title,
            timeout_s=min(self.timeout_s, LONGEST_MPPS_WAIT_S),
        )


@dataclass(frozen=True, slots=True)
class Leg:
    """One delivery an order asks for.

    Attributes:
        destination: Name of a destination.
        not_before: Unix time in seconds at which work may begin; 0 is at once.
        by_hand: It waits until a person sends it.
    """

    destination: str
    not_before: float = 0.0
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Routing:
    """Where one order's study goes; no destination twice."""

    legs: tuple[Leg, ...] = ()


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
        needs_probe: The destination was away; see with a C-ECHO whether it is back before a study is made for it.
    """

    job_id: int
    order_id: int
    order: Order
    destination: str
    attempt: int
    token: int
    kept: frozenset[str]
    needs_probe: bool = False
