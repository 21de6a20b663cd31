"""What can go wrong, named by what the caller must do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

CONDITIONS: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "Message accepted",
        100: "Segment sequence error",
        101: "Required field missing",
        102: "Data type error",
        103: "Table value not found",
        104: "Value too long",
        200: "Unsupported message type",
        201: "Unsupported event code",
        202: "Unsupported processing id",
        203: "Unsupported version id",
        204: "Unknown key identifier",
        205: "Duplicate key identifier",
        206: "Application record locked",
        207: "Application internal error",
    }
)
"""HL7 table 0357."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a message or an order.

    Attributes:
        code: HL7 table 0357 error condition, e.g. 101 (required field missing).
        location: Where, as an HL7 error location (`PID^1^3`) or a JSON key (`patient_id`).
        text: What is wrong, without any value of the message in it.
        hint: What the sender can do about it.
    """

    code: int
    location: str
    text: str
    hint: str = ""


class OrderRejected(Exception):  # noqa: N818 - it is the sender's error, not ours
    """An order cannot be taken as it stands; every fault found is listed."""

    def __init__(self, *faults: Fault) -> None:
        """Collect at least one fault."""
        super().__init__("; ".join(f"{fault.code} at {fault.location}: {fault.text}" for fault in faults))
        self.faults = faults


class Unservable(OrderRejected):
    """An order cannot be taken because a strict modality would choke on its worklist item; people should look at it."""


class Retryable(Exception):  # noqa: N818 - the name says what to do
    """It did not work now and may work later: the peer is away, busy or out of resources."""


class DestinationAway(Retryable):
    """The whole destination cannot be reached; nothing else for it is worth trying now."""


class Permanent(Exception):  # noqa: N818 - the name says what to do
    """It can never work as it stands; a human has to change something first."""


class ClaimLost(Exception):  # noqa: N818 - a state of affairs, not a mistake
    """The lease ended and somebody else holds the work now."""


class StoreUnavailable(Exception):  # noqa: N818 - a state of affairs, not a mistake
    """The store could not commit; nothing of the request was kept."""
