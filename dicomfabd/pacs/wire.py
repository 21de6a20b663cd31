"""An association of our own on a blocking socket: P-DATA written straight from encoded bytes.

Command and data of a request leave in one system call. Not thread-safe: one association, one thread.
"""

import contextlib
import struct
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Literal, Self

from dicomfabd.dimse.command import Operation, store_request
from dicomfabd.dimse.pdu import COMMAND, LAST, RELEASE_RP, RELEASE_RQ, PduType, abort, p_data_header
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import DestinationAway, Retryable
from dicomfabd.pacs import commands
from dicomfabd.pacs.commands import VERIFICATION, Command
from dicomfabd.pacs.line import Buffer, Line
from dicomfabd.pacs.negotiation import Accepted, Contexts, Role, offer, read_answer

_LAST_COMMAND: Final = COMMAND | LAST
_MORE_DATA: Final = 0
_LAST_DATA: Final = LAST
_LONGEST_REPLY: Final = 1 << 20
_LARGEST_FRAGMENT: Final = 1 << 20  # where the peer names no limit
_RELEASE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request ready to be sent: its message ID, and its PDUs."""

    message_id: int
    buffers: list[Buffer]


class Association:
    """An open association with a PACS; use as a context manager, which releases it."""

    def __init__(
        self,
        destination: Destination,
        contexts: Contexts,
        purpose: Literal["find", "store", "echo"] = "store",
        roles: Mapping[str, Role] | None = None,
    ) -> None:
        """Connect and negotiate.

        Args:
            destination: The peer.
            contexts: Abstract syntax → transfer syntaxes, best first; at most 128 pairs.
            purpose: Which of our AE titles is presented.
            roles: Abstract syntax → what we are for it, where that is not the usual one (PS3.7 D.3.3.4).

        Raises:
            DestinationAway: Nobody answers there, or the association is rejected; says which.
        """
        self._message_id = 0
        self._unasked: deque[tuple[int, Command, bytes]] = deque()
        self._line = Line(destination)
        self._name = self._line.name
        try:
            self._accepted = self._negotiate(offer(destination, purpose, contexts, roles or {}), contexts)
        except Retryable as error:
            self._line.close()
            raise DestinationAway(str(error)) from error
        except BaseException:
            self._line.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.release()
        else:
            self.abort()

    def transfer_syntax(self, abstract_syntax: str) -> str | None:
        """Give the transfer syntax the peer chose, or None if it takes no such objects."""
        accepted = self._accepted.contexts.get(abstract_syntax)
        return accepted[1] if accepted else None

    def store(
        self,
        sop_class_uid: str,
        sop_instance_uid: str,
        parts: Iterable[Buffer],
        origin: tuple[str, int] | None = None,
    ) -> int:
        """Send one instance (C-STORE, PS3.7 §9.1.1) and give the status of the response.

        Args:
            sop_class_uid: Its class; must have been accepted.
            sop_instance_uid: Its UID.
            parts: The data set's bytes in the accepted transfer syntax.
            origin: AE title and message ID of the C-MOVE it is sent for.

        Raises:
            Retryable: The peer closed, aborted, fell silent or answered something else.
        """
        request = self.store_request(sop_class_uid, sop_instance_uid, parts, origin)
        self.send(request)
        return self.status(request)

    def store_request(
        self,
        sop_class_uid: str,
        sop_instance_uid: str,
        parts: Iterable[Buffer],
        origin: tuple[str, int] | None = None,
    ) -> Request:
        """Make the request of `store` ready, for `send`; the response to an earlier one may still be awaited."""
        context_id, _ = self._accepted.contexts[sop_class_uid]
        message_id = self._next_message_id()
        command = store_request(message_id, sop_class_uid, sop_instance_uid, origin)
        return Request(message_id, self._buffers(context_id, command, parts))

    def send(self, request: Request) -> None:
        """Send a request without waiting for its response, so that the next can be made meanwhile.

        Raises Retryable as `store` does.
        """
        try:
            self._line.send(request.buffers)
        except OSError as error:
            raise self._line.broken(error) from error

    def hear(self) -> None:
        """Wait until the peer has answered, so that the next request may be sent before the answer is looked into.

        Raises:
            Retryable: It broke off or fell silent instead.
        """
        try:
            if self._line.next_kind() != PduType.P_DATA:
                self._read_message()
        except OSError as error:
            raise self._line.broken(error) from error

    def status(self, request: Request) -> int:
        """Give the status of the response to a request; raises Retryable as `store` does."""
        return self._response(request)[0]

    def _response(self, request: Request) -> tuple[int, Command]:
        """Give the response to a request, status first; what the peer asks of us meanwhile is kept for `event`."""
        try:
            while True:
                context_id, command, dataset = self._read_message()
                if command.answers is None and command.field == Operation.N_EVENT_REPORT:
                    self._unasked.append((context_id, command, dataset))
                    continue
                if command.answers is None or command.status is None:
                    raise Retryable(f"{self._name} sent a response without a message ID or status")
                if command.answers != request.message_id:
                    raise Retryable(f"{self._name} answered another request than the one it was sent")
                return command.status, command
        except OSError as error:
            raise self._line.broken(error) from error

    def verify(self) -> int:
        """Send one C-ECHO (PS3.7 §9.1.5) and give the status; raises Retryable as `store` does."""
        return self.request(VERIFICATION, commands.echo_request(self._next_message_id()))

    def act(self, abstract_syntax: str, dataset: bytes) -> int:
        """Ask for storage commitment (N-ACTION, PS3.7 §10.1.4) and give the status; raises Retryable."""
        return self.request(abstract_syntax, commands.commitment_request(self._next_message_id()), (dataset,))

    def tell(self, abstract_syntax: str, event_type_id: int, dataset: bytes) -> int:
        """Report on a storage commitment (N-EVENT-REPORT, PS3.7 §10.1.1) and give the status; raises Retryable."""
        command = commands.commitment_report(self._next_message_id(), event_type_id)
        return self.request(abstract_syntax, command, (dataset,))

    def create(self, abstract_syntax: str, sop_instance_uid: str, dataset: bytes) -> int:
        """Create an instance (N-CREATE, PS3.7 §10.1.5) and give the status; raises Retryable."""
        command = commands.create_request(self._next_message_id(), abstract_syntax, sop_instance_uid)
        return self.request(abstract_syntax, command, (dataset,))

    def set(self, abstract_syntax: str, sop_instance_uid: str, dataset: bytes) -> tuple[int, int | None]:
        """Change an instance (N-SET, PS3.7 §10.1.3) and give the status, and the error ID if any; raises Retryable."""
        command = commands.set_request(self._next_message_id(), abstract_syntax, sop_instance_uid)
        status, response = self._ask(abstract_syntax, command, (dataset,))
        return status, response.error_id

    def request(self, abstract_syntax: str, command: bytes, parts: Iterable[Buffer] = ()) -> int:
        """Send one request on the context of an abstract syntax and give the status; raises Retryable."""
        return self._ask(abstract_syntax, command, parts)[0]

    def _ask(self, abstract_syntax: str, command: bytes, parts: Iterable[Buffer]) -> tuple[int, Command]:
        context_id, _ = self._accepted.contexts[abstract_syntax]
        request = Request(self._message_id, self._buffers(context_id, command, parts))
        self.send(request)
        return self._response(request)

    def event(self, wait_s: float) -> tuple[int, bytes] | None:
        """Give an N-EVENT-REPORT the peer sent on this association, answered with success, or None.

        Args:
            wait_s: How long to wait for one.

        Returns:
            Its event type and its data set, encoded as its context says.

        Raises:
            Retryable: The peer closed or aborted.
        """
        if not self._unasked:
            if not self._line.hears(wait_s):
                return None
            self._unasked.append(self._read_unasked())
        context_id, command, dataset = self._unasked.popleft()
        answer = commands.event_report_response(command.message_id or 0, 0)
        self.send(Request(self._message_id, self._buffers(context_id, answer, ())))
        return command.type_id or 0, dataset

    def is_idle(self) -> bool:
        """Tell whether the peer has said nothing since the last response: no goodbye, no abort, no end."""
        return not self._line.hears(0)

    def release(self) -> None:
        """Release and close; a peer that does not answer is left at once."""
        # We have all answers; how the peer says goodbye changes nothing.
        with contextlib.suppress(OSError, Retryable):
            self._line.limit(_RELEASE_S)
            self._line.send([RELEASE_RQ])
            self._line.read()
        self._line.close()

    def abort(self) -> None:
        """Abort and close."""
        self._line.close(abort())

    def _next_message_id(self) -> int:
        self._message_id = self._message_id % 65535 + 1
        return self._message_id

    def _negotiate(self, request: bytes, contexts: Contexts) -> Accepted:
        try:
            self._line.send([request])
            kind, body = self._line.read()
        except OSError as error:
            raise DestinationAway(f"{self._name} does not negotiate: {self._line.why(error)}") from error
        accepted = read_answer(kind, body, contexts, self._name)
        # A PDU may be as long as the peer says, PDV header (6 bytes) included; an even fragment suits every peer.
        limit = accepted.max_length - 6 if accepted.max_length else _LARGEST_FRAGMENT
        self._fragment = max(128, min(_LARGEST_FRAGMENT, limit)) & ~1
        return accepted

    def _buffers(self, context_id: int, command: bytes, parts: Iterable[Buffer]) -> list[Buffer]:
        """Cut a message into PDVs without copying the data set: headers and slices, in turn."""
        views = [memoryview(part) for part in parts if len(part)]
        left = sum(map(len, views))
        buffers: list[Buffer] = [p_data_header(len(command), context_id, _LAST_COMMAND), command]
        views.reverse()
        full = p_data_header(self._fragment, context_id, _MORE_DATA)
        while left:
            size = min(self._fragment, left)
            left -= size
            buffers.append(full if left else p_data_header(size, context_id, _LAST_DATA))
            while size:
                view = views.pop()
                if len(view) > size:
                    views.append(view[size:])
                    view = view[:size]
                buffers.append(view)
                size -= len(view)
        return buffers

    def _read_unasked(self) -> tuple[int, Command, bytes]:
        try:
            message = self._read_message()
        except OSError as error:
            raise self._line.broken(error) from error
        if message[1].field != Operation.N_EVENT_REPORT:
            raise Retryable(f"{self._name} sent something it was not asked for")
        return message

    def _read_message(self) -> tuple[int, Command, bytes]:
        """Give presentation context ID, command and data set of the next message."""
        parts = {_LAST_COMMAND: b"", _LAST_DATA: b""}
        command: Command | None = None
        while True:
            kind, body = self._line.read()
            if kind != PduType.P_DATA:
                self._explain_end(kind)
            position = 0
            while position + 6 <= len(body):
                length, context_id, control = struct.unpack_from(">IBB", body, position)
                which = _LAST_COMMAND if control & 1 else _LAST_DATA
                parts[which] += body[position + 6 : position + 4 + length]
                position += 4 + length
                if control & _LAST_COMMAND == _LAST_COMMAND:
                    command = commands.parse(parts[_LAST_COMMAND])
                is_whole = control & _LAST_DATA and (which == _LAST_DATA or (command and not command.has_data))
                if is_whole and command is not None:
                    return context_id, command, parts[_LAST_DATA]
            if sum(map(len, parts.values())) > _LONGEST_REPLY:
                raise Retryable(f"{self._name} sent a message without an end")

    def _explain_end(self, kind: int) -> None:
        if kind == PduType.RELEASE_RQ:
            self._line.close(RELEASE_RP)
            raise Retryable(f"{self._name} released the association before answering")
        word = "aborted the association" if kind == PduType.ABORT else f"sent an unexpected PDU of type {kind:02X}"
        raise Retryable(f"{self._name} {word}")
