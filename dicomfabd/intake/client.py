"""The other end: sends messages to a receiver that may answer once, twice, in a batch or not at all."""

import socket
import ssl
import time
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from dicomfabd.domain.errors import OrderRejected
from dicomfabd.intake import batches
from dicomfabd.intake.er7 import header_fields, parse
from dicomfabd.intake.mllp import Frame, Framer, wrap

LONGEST_ANSWER: Final = 1024 * 1024
LAST_WORDS_S: Final = 1.0
"""How long a receiver may take to say something nobody has asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An acknowledgment as a sender sees it."""

    code: str
    control_id: str
    text: str
    errors: tuple[str, ...]
    raw: bytes


class MllpClient:
    """One connection to a receiver. Not thread-safe."""

    def __init__(self, host: str, port: int, timeout_s: float = 30.0, context: ssl.SSLContext | None = None) -> None:
        """Connect, with TLS if there is a context.

        Raises:
            OSError: Nobody is there.
            ssl.SSLError: The receiver speaks no TLS, or is not who it should be.
        """
        self._timeout_s = timeout_s
        self._framer = Framer(LONGEST_ANSWER)
        self._frames: deque[bytes] = deque()
        self._socket = socket.create_connection((host, port), timeout=timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            try:
                self._socket = context.wrap_socket(self._socket, server_hostname=host)
            except BaseException:
                self.close()
                raise

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
        """Send one message and wait for its first answer; raises as `ask` does."""
        self._socket.sendall(wrap(message))
        return read_answer(self._receive(self._timeout_s))

    def ask(self, message: bytes) -> list[Answer]:
        """Send a message or a batch and wait for all its answers.

        In enhanced mode (HL7 v2.5.1 §2.9.3) the receiver says CA at once, and AA, AE or AR later if MSH-16 asks for
        it; what depends on the outcome may not come, so it is waited for only for a moment.

        Raises:
            ConnectionError: The receiver closed without an answer: it could not keep the message now.
            TimeoutError: No answer in time.
        """
        self._socket.sendall(wrap(message))
        wanted = len(batches.split(message)) if batches.is_batch(message) else 1
        answers: list[Answer] = []
        while len(answers) < wanted:
            raw = self._receive(self._timeout_s)
            if batches.is_batch(raw):
                return answers + [read_answer(part) for part in batches.split(raw)]
            answers.append(read_answer(raw))
        if wanted == 1 and answers[0].code == "CA":
            answers += self._later(message)
        return answers

    def tell(self, message: bytes) -> None:
        """Send a message and wait for nothing (MSH-15 and MSH-16 NE)."""
        self._socket.sendall(wrap(message))

    def last_words(self) -> list[Answer]:
        """Give answers that came although nobody waited for them."""
        answers = []
        until = time.monotonic() + LAST_WORDS_S
        try:
            while (left := until - time.monotonic()) > 0:
                answers.append(read_answer(self._receive(left)))
        except OSError:
            pass  # silence, or the end: both are what was asked for
        return answers

    def _later(self, message: bytes) -> list[Answer]:
        fields, _ = header_fields(message)
        asked = fields[16].strip().upper() if len(fields) > 16 else b""
        if asked not in (b"AL", b"ER", b"SU"):
            return []
        try:
            return [read_answer(self._receive(self._timeout_s if asked == b"AL" else LAST_WORDS_S))]
        except TimeoutError:
            if asked == b"AL":
                raise
            return []

    def _receive(self, timeout_s: float) -> bytes:
        self._socket.settimeout(timeout_s)
        while not self._frames:
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError("the receiver closed the connection without an answer")
            self._frames += [event.data for event in self._framer.feed(data) if isinstance(event, Frame)]
        return self._frames.popleft()


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
