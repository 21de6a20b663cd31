"""The other end: sends messages over MLLP and reads their answers."""

import socket
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from dicomfabd.domain.errors import OrderRejected
from dicomfabd.intake.er7 import parse
from dicomfabd.intake.mllp import Frame, Framer, wrap

LONGEST_ANSWER: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """An acknowledgment as a sender sees it."""

    code: str
    control_id: str
    text: str
    errors: tuple[str, ...]
    raw: bytes


class MllpClient:
    """One connection to a receiver; one message at a time. Not thread-safe."""

    def __init__(self, host: str, port: int, timeout_s: float = 30.0) -> None:
        """Connect; raises OSError when nobody is there."""
        self._socket = socket.create_connection((host, port), timeout=timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._framer = Framer(LONGEST_ANSWER)
        self._frames: deque[bytes] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def send(self, message: bytes) -> Answer:
        """Send one message and wait for its answer.

        Raises:
            ConnectionError: The receiver closed without an answer: it could not keep the message now.
            TimeoutError: No answer in time.
        """
        self._socket.sendall(wrap(message))
        while not self._frames:
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError("the receiver closed the connection without an answer")
            self._frames += [event.data for event in self._framer.feed(data) if isinstance(event, Frame)]
        return read_answer(self._frames.popleft())


def read_answer(raw: bytes) -> Answer:
    """Read an acknowledgment; one that is none has an empty code."""
    try:
        message = parse(raw)
    except OrderRejected:
        return Answer("", "", "not an HL7 acknowledgment", (), raw)
    msa = next(message.all("MSA"), None)
    if msa is None:
        return Answer("", "", "no MSA segment", (), raw)
    errors = tuple(" ".join(value for value in segment.fields[1:] if value) for segment in message.all("ERR"))
    return Answer(msa.component(1, 1), msa.component(2, 1), msa.component(3, 1), errors, raw)
