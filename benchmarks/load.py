"""A sender that costs little, so that two processors are left to who is measured: plain sockets and epoll.

Each connection works in lock step, as interface engines do: it waits for its answer before it sends the next message.
"""

import select
import socket
import statistics
import time
from dataclasses import dataclass

from dicomfabd.intake.mllp import wrap

_ANSWERED = b"\x1c\r"


@dataclass(frozen=True, slots=True)
class Result:
    """What one run saw: answers a second, and milliseconds from the last byte sent to the answer."""

    rate: float
    p50_ms: float
    p99_ms: float


class Message:
    """A template with two holes: the control ID and the numbers of the order, new for each message."""

    def __init__(self, text: str, prefix: str) -> None:
        self._parts = wrap(text.replace("\n", "\r").encode()).replace(b"@@CTRL@@", b"@@ACC@@").split(b"@@ACC@@")
        self._prefix = prefix
        self._count = 0

    def next(self) -> bytes:
        """Give the next message."""
        self._count += 1
        return f"{self._prefix}{self._count:x}".encode().join(self._parts)


def run(port: int, connections: int, message: Message, seconds: float, rate: float = 0.0) -> Result:
    """Send for a while.

    Args:
        port: On loopback.
        connections: How many, in lock step.
        message: What to send.
        seconds: How long.
        rate: Messages a second over all connections; 0 is as fast as they are answered.

    Raises:
        AssertionError: An answer was not AA.
        ConnectionError: The server closed a connection.
    """
    poll = select.epoll()
    sockets: dict[int, socket.socket] = {}
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sockets[connection.fileno()] = connection
        poll.register(connection.fileno(), select.EPOLLIN)
    times: list[float] = []
    sent = dict.fromkeys(sockets, 0.0)
    partial = dict.fromkeys(sockets, b"")
    idle = list(sockets)
    clock = time.perf_counter
    begin = clock()
    end, due = begin + seconds, begin
    step = 1 / rate if rate else 0.0
    while clock() < end:
        while idle and due <= clock():
            number = idle.pop()
            data = message.next()
            sent[number] = clock()
            sockets[number].sendall(data)
            due += step
        for number, _ in poll.poll(max(0.0, min(due - clock(), 0.1)) if idle and rate else 0.1):
            answer = partial[number] + sockets[number].recv(65536)
            if not answer.endswith(_ANSWERED):
                if not answer:
                    raise ConnectionError("the server closed the connection")
                partial[number] = answer
                continue
            times.append(clock() - sent[number])
            partial[number] = b""
            if b"|AA|" not in answer:
                raise AssertionError(answer.decode(errors="replace"))
            idle.append(number)
    took = clock() - begin
    for connection in sockets.values():
        connection.close()
    quantiles = statistics.quantiles(times, n=100)
    return Result(len(times) / took, quantiles[49] * 1000, quantiles[98] * 1000)
