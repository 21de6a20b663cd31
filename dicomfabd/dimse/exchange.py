"""One request of a peer, from its arrival to the last response."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from pydicom.dataset import Dataset

from dicomfabd.dimse import datasets
from dicomfabd.dimse.command import MESSAGE_ID, MESSAGE_ID_RESPONDED_TO, Command, answer
from dicomfabd.dimse.limits import Reason, Violation
from dicomfabd.dimse.message import Message
from dicomfabd.dimse.negotiation import Context
from dicomfabd.dimse.pdu import Outbound
from dicomfabd.dimse.services import Peer, Services

T = TypeVar("T")


class Gone(Exception):  # noqa: N818 - not ours to mend
    """The peer is there no longer; there is nobody to answer."""


class Conversation(Protocol):
    """What an exchange needs of its association."""

    peer: Peer
    services: Services
    reply_s: float

    @property
    def contexts(self) -> Mapping[int, Context]:
        """The presentation contexts that were accepted."""

    def run(self, function: Callable[..., T], /, *arguments: Any) -> Awaitable[T]:
        """Run a blocking function on a thread."""

    async def send(self, *messages: Outbound) -> None:
        """Send messages, and wait until the peer takes them; raises Gone."""


class Exchange:
    """A request under way.

    Attributes:
        is_cancelled: The peer does not want the rest (C-CANCEL, release, or it is gone).
    """

    def __init__(self, conversation: Conversation, request: Message) -> None:
        """Begin with a request."""
        self._conversation = conversation
        self._request = request
        self._reply: asyncio.Future[Command | None] | None = None
        self._sub_operations = 0
        self.is_cancelled = False
        self.command = request.command
        self.data = request.data
        self.context = conversation.contexts[request.context_id]
        self.contexts = conversation.contexts
        self.peer = conversation.peer
        self.services = conversation.services
        self.run = conversation.run
        self.send = conversation.send

    @property
    def message_id(self) -> int:
        """Of the request."""
        return self.command.number(MESSAGE_ID)

    def decode(self) -> Dataset:
        """Decode the identifier, on a thread; raises Refusal."""
        return datasets.decode(self.data, self.context.transfer_syntax)

    def encode(self, dataset: Dataset) -> bytes:
        """Encode an identifier as the context wants it, on a thread."""
        return datasets.encode(dataset, self.context.transfer_syntax)

    def response(
        self,
        status: int,
        data: bytes = b"",
        comment: str = "",
        offending: int = 0,
        more: Mapping[int, int | bytes] | None = None,
    ) -> Outbound:
        """Give a response to send; see `command.answer`."""
        encoded = answer(self.command, status, has_data_set=bool(data), comment=comment, offending=offending, more=more)
        return Outbound(self.context.context_id, encoded, data)

    async def ask(self, context_id: int, make: Callable[[int], bytes], data: bytes) -> Command:
        """Send a sub-operation, made for a message ID, and give the peer's response.

        Raises:
            Gone: The peer went away.
            Violation: It does not answer, or answers something else.
        """
        self._sub_operations = self._sub_operations % 65535 + 1
        self._reply = asyncio.get_running_loop().create_future()
        try:
            await self.send(Outbound(context_id, make(self._sub_operations), data))
            async with asyncio.timeout(self._conversation.reply_s):
                reply = await self._reply
        except TimeoutError as error:
            raise Violation(Reason.IDLE, "a sub-operation is not answered") from error
        finally:
            self._reply = None
        if reply is None:
            raise Gone
        return reply

    def replied(self, reply: Command) -> None:
        """Take the response to a sub-operation; raises Violation for one to nothing that was asked."""
        if self._reply is None or reply.number(MESSAGE_ID_RESPONDED_TO) != self._sub_operations:
            raise Violation(Reason.MESSAGE, "a response came to what was not asked")
        if not self._reply.done():
            self._reply.set_result(reply)

    def lost(self) -> None:
        """Note that the peer is gone."""
        self.is_cancelled = True
        if self._reply and not self._reply.done():
            self._reply.set_result(None)
