"""What one peer, and all of them together, may cost us."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why an association ended otherwise than by release, or never began; a label of a metric."""

    ABORTED = "aborted"  # by the peer
    ADDRESS = "address"  # not one that may connect
    BUSY = "busy"  # too many associations, or too many bytes being received at once
    CALLED = "called"  # the called AE title is none of ours
    CALLING = "calling"  # the calling AE title is none that is answered
    CUT = "cut"  # the connection broke
    HANDSHAKE = "handshake"  # TLS was not established in time
    IDLE = "idle"
    MESSAGE = "message"  # malformed, too long, or out of turn
    NEGOTIATION = "negotiation"  # what was asked for cannot be agreed to
    PDU = "pdu"  # malformed, too long, or out of turn
    SILENT = "silent"  # no association was asked for in time
    SLOW = "slow"  # a PDU or a message does not come to its end
    STOPPED = "stopped"  # by us
    TLS = "tls"
    UNREAD = "unread"  # the peer takes no answers


class Violation(Exception):  # noqa: N818 - the peer's doing, not a bug
    """The association cannot go on; it is aborted (PS3.8 §9.3.8)."""

    def __init__(self, reason: Reason, detail: str, diagnostic: int = 0) -> None:
        """Take the reason, a sentence without anything received, and the diagnostic of the A-ABORT PDU."""
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.diagnostic = diagnostic


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a listener; each is looked at before memory is taken. How many may associate is a setting.

    Attributes:
        pdu_bytes: Longest PDU, and what peers are told of it.
        command_bytes: Longest command set; ours and DCMTK's have some 200 bytes.
        identifier_bytes: Longest identifier of a C-FIND, C-MOVE or C-GET.
        references_bytes: Longest list of a commitment request or report, about 150 bytes an instance.
        performed_bytes: Longest attribute list of a performed procedure step, about 150 bytes an instance.
        instance_bytes: Longest data set of a C-STORE.
        receiving_bytes: Most bytes of messages held at a time, over all associations.
        waiting: Most connections that have not asked for an association yet; the oldest makes room.
        first_pdu_s: Within so many seconds an association is asked for.
        message_s: A PDU or message is complete after so many seconds, and one more for each `bytes_per_s` of it.
        bytes_per_s: The slowest peer.
        idle_s: Longest silence between messages.
        write_s: A peer that takes nothing for so long is left.
        stop_s: How long requests under way may go on when we stop.
    """

    pdu_bytes: int = 131_072
    command_bytes: int = 16_384
    identifier_bytes: int = 262_144
    references_bytes: int = 4 << 20
    performed_bytes: int = 4 << 20
    instance_bytes: int = 1 << 30
    receiving_bytes: int = 1 << 30
    waiting: int = 128
    first_pdu_s: float = 10
    message_s: float = 30
    bytes_per_s: int = 16_384
    idle_s: float = 120
    write_s: float = 30
    stop_s: float = 3


class Budget:
    """How much all associations of a listener hold together."""

    def __init__(self, most: int) -> None:
        """Take the most bytes that may be held at a time."""
        self._most = most
        self.held = 0

    def take(self, count: int) -> None:
        """Account for bytes about to be held; raises Violation when they are too many."""
        if self.held + count > self._most:
            raise Violation(Reason.BUSY, f"more than {self._most} bytes would be held at a time")
        self.held += count

    def give_back(self, count: int) -> None:
        """Account for bytes that are held no longer."""
        self.held -= count
