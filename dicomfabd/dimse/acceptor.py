"""The association as its acceptor sees it: bytes in, events out (PS3.8 §9.2). No sockets, no clock."""

from collections.abc import Iterator, Mapping
from enum import Enum, auto

from dicomfabd.dimse.limits import Budget, Limits, Reason, Violation
from dicomfabd.dimse.message import Message, MessageAssembler
from dicomfabd.dimse.negotiation import Agreement, Context
from dicomfabd.dimse.pdu import (
    INVALID_PARAMETER,
    UNEXPECTED_PDU,
    PduBuffer,
    PduType,
    fragments,
)
from dicomfabd.dimse.services import Services


class State(Enum):
    """Where an association is; states of PS3.8 §9.2.1 in brackets."""

    WAITING = auto()  # for an A-ASSOCIATE-RQ (2)
    ASKED = auto()  # for our own answer to it (3)
    OPEN = auto()  # (6)
    RELEASING = auto()  # the peer asked for release and gets it once its last request is answered (8)
    ENDED = auto()  # (13)


class Asked(bytes):
    """The peer asked for an association; the body of its PDU."""


class ReleaseAsked:
    """The peer asked for release."""


class Aborted:
    """The peer aborted."""


Event = Asked | Message | ReleaseAsked | Aborted


class Acceptor:
    """Turns what a peer sends into events, and refuses what comes out of turn."""

    def __init__(self, services: Services, limits: Limits, budget: Budget) -> None:
        """Wait for an A-ASSOCIATE-RQ."""
        self._buffer = PduBuffer(limits.pdu_bytes)
        self._assembler = MessageAssembler(services, limits, budget)
        self.state = State.WAITING
        self.contexts: Mapping[int, Context] = {}
        self.space = self._buffer.space

    @property
    def is_inside(self) -> bool:
        """True when a PDU or message has begun and not ended."""
        return self._buffer.is_inside or self._assembler.is_inside

    @property
    def held_bytes(self) -> int:
        """How much of a message has come."""
        return self._assembler.held_bytes

    def filled(self, count: int) -> Iterator[Event]:
        """Take the bytes written to `space`; gives what they mean, to be gone through to the end.

        Raises:
            Violation: The association is to be aborted.
        """
        self._buffer.filled(count)
        for kind, body in self._buffer.pdus():
            yield from self._take(kind, body)

    def agree(self, agreement: Agreement) -> None:
        """Open the association that was asked for."""
        self.contexts = agreement.contexts
        self.state = State.OPEN

    def end(self) -> None:
        """Take nothing more."""
        self.state = State.ENDED
        self._assembler.discard()

    def release(self) -> None:
        """Give back the memory; the connection is gone."""
        self.end()
        self._buffer.release()

    def _take(self, kind: PduType, body: memoryview) -> Iterator[Event]:
        if self.state is State.ENDED:
            return
        if kind is PduType.ABORT:
            self.end()
            yield Aborted()
        elif kind is PduType.ASSOCIATE_RQ and self.state is State.WAITING:
            self.state = State.ASKED
            yield Asked(body)
        elif kind is PduType.P_DATA and self.state is State.OPEN:
            yield from self._messages(body)
        elif kind is PduType.RELEASE_RQ and self.state is State.OPEN:
            if self._assembler.is_inside:
                raise Violation(Reason.MESSAGE, "release was asked for within a message", UNEXPECTED_PDU)
            self.state = State.RELEASING
            yield ReleaseAsked()
        else:
            detail = f"a PDU of type {kind:02X} came out of turn"
            raise Violation(Reason.PDU, detail, UNEXPECTED_PDU)

    def _messages(self, body: memoryview) -> Iterator[Message]:
        for fragment in fragments(body):
            if fragment.context_id not in self.contexts:
                detail = "a message uses a presentation context that was not accepted"
                raise Violation(Reason.MESSAGE, detail, INVALID_PARAMETER)
            message = self._assembler.take(fragment)
            if message:
                yield message
