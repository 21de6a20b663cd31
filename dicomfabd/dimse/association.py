"""One association from the connection to its end: negotiated, its requests performed one by one, its time watched."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

from dicomfabd.dimse import pdu
from dicomfabd.dimse.acceptor import Aborted, Acceptor, Asked, Event, State
from dicomfabd.dimse.command import MESSAGE_ID_RESPONDED_TO
from dicomfabd.dimse.exchange import Exchange, Gone
from dicomfabd.dimse.limits import Budget, Limits, Reason, Violation
from dicomfabd.dimse.link import Link
from dicomfabd.dimse.message import Message
from dicomfabd.dimse.negotiation import Agreement, Context, Rejected, titles
from dicomfabd.dimse.performing import perform
from dicomfabd.dimse.services import PROCESSING_FAILURE, Peer, Refusal, Services
from dicomfabd.dimse.watch import Watch
from dicomfabd.telemetry.journal import Journal

T = TypeVar("T")

_LARGEST_PDU: Final = 131_072  # that we send, where the peer would take more


class Host(Protocol):
    """The listener, as its associations see it."""

    name: str
    services: Services
    limits: Limits
    budget: Budget
    journal: Journal
    handshake_s: float

    def run(self, function: Callable[..., T], /, *arguments: Any) -> Awaitable[T]:
        """Run a blocking function on a thread."""

    def negotiate(self, asked: Asked) -> Awaitable[Agreement]:
        """Answer an A-ASSOCIATE-RQ; raises what `Offer.negotiate` raises."""

    def connected(self, association: "Association") -> None:
        """Note a connection on which no association is open yet."""

    def admit(self, association: "Association") -> None:
        """Note an association about to be opened; raises Rejected when there are too many."""

    def ended(self, association: "Association") -> None:
        """Forget it."""


class Association:
    """What a peer asks of us over one connection: the `Upper` of its link, the `Conversation` of its exchanges.

    Attributes:
        peer: Who asks, once it was said.
        task: What is being negotiated or performed; None while the peer may be silent.
    """

    def __init__(self, host: Host) -> None:
        """Wait for the connection."""
        limits = host.limits
        self._host = host
        self._acceptor = Acceptor(host.services, limits, host.budget)
        self._watch = Watch(self._acceptor, limits, lambda: self.task is not None, self._give_up)
        self._exchange: Exchange | None = None
        self._next: Exchange | None = None
        self._is_over = self._is_stopping = False
        self._longest_pdu = _LARGEST_PDU
        self.task: asyncio.Task[None] | None = None
        self.services = host.services
        self.run = host.run
        self.space = self._acceptor.space
        self.reply_s = limits.idle_s
        self.peer = Peer("", "", "?")

    @property
    def contexts(self) -> Mapping[int, Context]:
        """The presentation contexts that were accepted."""
        return self._acceptor.contexts

    def connected(self, link: Link) -> None:
        """See `link.Upper`."""
        self._link = link
        self.peer = Peer("", "", link.host)
        if link.is_secured:
            self.secured()
        else:
            self._watch.expect(Reason.HANDSHAKE, self._host.handshake_s, "TLS was not established")
        self._host.connected(self)

    def secured(self) -> None:
        """See `link.Upper`."""
        self._watch.expect(Reason.SILENT, self._host.limits.first_pdu_s, "no association was asked for")

    def filled(self, count: int) -> None:
        """See `link.Upper`."""
        was_completed = not self._acceptor.is_inside
        try:
            for event in self._acceptor.filled(count):
                was_completed = True
                self._take(event)
        except Violation as violation:
            self.abort(violation)
        self._watch.heard(was_completed)

    def failed(self, reason: Reason, detail: str) -> None:
        """See `link.Upper`; the peer is told nothing."""
        self._end(reason, detail)

    def lost(self) -> None:
        """See `link.Upper`."""
        if self._acceptor.state is State.OPEN:
            self._end(Reason.CUT, "the connection broke")
        self._is_over = True
        self._acceptor.release()
        self._watch.end()
        if self._exchange:
            self._exchange.lost()
        if self._next:
            self._host.budget.give_back(len(self._next.data))
            self._next = None
        self._host.ended(self)

    def abort(self, violation: Violation) -> None:
        """Abort, and say why in the journal."""
        if not self._is_over:
            self._end(violation.reason, violation.detail)
            self._link.write(pdu.abort(violation.diagnostic))
            self._link.close()

    def stop(self) -> None:
        """Let what is under way come to its end, then abort; at once if there is nothing."""
        self._is_stopping = True
        self._go_on()

    def leave(self) -> None:
        """Break the connection."""
        self._link.abort()

    async def send(self, *messages: pdu.Outbound) -> None:
        """Send messages, and wait until the peer takes them; raises Gone."""
        for piece in pdu.p_data(messages, self._longest_pdu):
            self._link.write(piece)
            await self._link.drain()

    def _take(self, event: Event) -> None:
        if isinstance(event, Message):
            self._take_message(event)
        elif isinstance(event, Asked):
            self.task = asyncio.create_task(self._negotiate(event))
        elif isinstance(event, Aborted):
            self._end(Reason.ABORTED, "the peer aborted")
            self._link.close()
        else:
            if self._exchange:
                self._exchange.is_cancelled = True
            self._go_on()

    def _take_message(self, message: Message) -> None:
        command, exchange = message.command, self._exchange
        if command.is_response or command.is_cancel:
            self._host.budget.give_back(len(message.data))
            if command.is_response and exchange is None:
                raise Violation(Reason.MESSAGE, "a response came to what was not asked")
            if command.is_response and exchange:
                exchange.replied(command)
            else:
                self._cancel(command.number(MESSAGE_ID_RESPONDED_TO))
        elif self._next:
            self._host.budget.give_back(len(message.data))
            raise Violation(Reason.MESSAGE, "requests come faster than they are answered")
        else:
            # Made at once, not when its turn comes: a cancel may be in the same piece of the stream.
            self._next = Exchange(self, message)
            self._go_on()

    def _cancel(self, message_id: int) -> None:
        for exchange in (self._exchange, self._next):
            if exchange and exchange.message_id == message_id:
                exchange.is_cancelled = True

    def _go_on(self) -> None:
        """Do what comes next once nothing is under way."""
        if self.task or self._is_over:
            return
        if self._is_stopping:
            self.abort(Violation(Reason.STOPPED, "we stop"))
        elif self._next:
            self._exchange, self._next = self._next, None
            self.task = asyncio.create_task(self._perform(self._exchange))
        elif self._acceptor.state is State.RELEASING:
            self._is_over = True
            self._link.write(pdu.RELEASE_RP)
            self._link.close()

    async def _negotiate(self, asked: Asked) -> None:
        called, calling = titles(asked)
        self.peer = Peer(calling, called, self._link.host)
        try:
            agreement = await self._host.negotiate(asked)
            if not self._is_over:
                self._host.admit(self)
        except Rejected as rejected:
            self._end(rejected.reason, rejected.detail)
            self._link.write(rejected.pdu)
            self._link.close()
        except Violation as violation:
            self.abort(violation)
        else:
            if not self._is_over:
                self._longest_pdu = min(agreement.longest_pdu or _LARGEST_PDU, _LARGEST_PDU)
                self._acceptor.agree(agreement)
                self._link.write(agreement.reply)
                self._watch.go_on()
        self.task = None
        self._go_on()

    async def _perform(self, exchange: Exchange) -> None:
        try:
            await self._answer(exchange)
        except Gone:
            pass
        except Violation as violation:
            self.abort(violation)
        finally:
            self._host.budget.give_back(len(exchange.data))
            self._exchange = self.task = None
        self._watch.rest()
        self._go_on()

    async def _answer(self, exchange: Exchange) -> None:
        try:
            await perform(exchange)
        except Refusal as refusal:
            await exchange.send(
                exchange.response(
                    refusal.status, comment=refusal.comment, offending=refusal.offending, more=refusal.more
                )
            )
        except (Gone, Violation):
            raise
        except Exception as bug:  # ours must not take the association with it
            place = traceback.extract_tb(bug.__traceback__)[-1]
            what = f"{type(bug).__name__} at {place.name}:{place.lineno}"
            self._host.journal.dicom_request_failed(self._host.name, self.peer.calling_ae_title, what)
            await exchange.send(exchange.response(PROCESSING_FAILURE, comment="internal error"))

    def _give_up(self, reason: Reason, detail: str) -> None:
        self.abort(Violation(reason, detail))

    def _end(self, reason: Reason, detail: str) -> None:
        """Say once why there is no association any more."""
        if self._is_over:
            return
        self._is_over = True
        self._acceptor.end()
        if self._exchange:
            self._exchange.is_cancelled = True
        self._host.journal.association_closed(
            self._host.name,
            reason.value,
            peer=self._link.peer,
            calling=self.peer.calling_ae_title,
            called=self.peer.called_ae_title,
            detail=detail,
        )
