"""One connection to a PACS as PDUs: gathered writes, reads that spare the peer's wait for an acknowledgment.

TCP_QUICKACK in the middle of an answer saves the 40 ms that a peer with Nagle's algorithm would wait for our delayed
acknowledgment before it sends the rest. Not thread-safe.
"""

import contextlib
import fcntl
import select
import socket
import ssl
import sys
import termios
from typing import Final

from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import Retryable
from dicomfabd.pacs.connecting import connect

Buffer = bytes | memoryview

_HEAD: Final = 6
_LONGEST_PDU: Final = 1 << 20
_SHORT: Final = 1 << 15
_MOST_BUFFERS: Final = 1000  # IOV_MAX is 1024
_READ_BYTES: Final = 1 << 16
_QUICK_ACK: Final = getattr(socket, "TCP_QUICKACK", None)  # Linux only; elsewhere it is merely slower


class Line:
    """An open connection. What the system says is wrong with it comes as OSError."""

    def __init__(self, destination: Destination) -> None:
        """Connect; raises DestinationAway."""
        self.name = f"{destination.name} ({destination.ae_title} at {destination.host}:{destination.port})"
        self._timeout_s = destination.timeout_s
        self._inbox = bytearray()
        self._socket = connect(destination, self.name)

    def send(self, buffers: list[Buffer]) -> None:
        """Write buffers in as few system calls as may be; the list is used up."""
        # TLS copies in any case, and what is short is copied sooner than gathered.
        if isinstance(self._socket, ssl.SSLSocket) or sum(map(len, buffers)) <= _SHORT:
            self._socket.sendall(b"".join(buffers))
            return
        start = 0
        while start < len(buffers):
            sent = self._socket.sendmsg(buffers[start : start + _MOST_BUFFERS])
            while sent and sent >= len(buffers[start]):
                sent -= len(buffers[start])
                start += 1
            if sent:
                buffers[start] = memoryview(buffers[start])[sent:]

    def next_kind(self) -> int:
        """Wait until a PDU has come whole, and give its type; it is still to be read. Raises Retryable as `read`."""
        while len(self._inbox) < _HEAD or len(self._inbox) < _HEAD + self._announced():
            self._fill()
        return self._inbox[0]

    def read(self) -> tuple[int, bytes]:
        """Give type and body of the next PDU.

        Raises:
            Retryable: The peer closed the connection, or announced more than anybody would.
        """
        kind = self.next_kind()
        end = _HEAD + self._announced()
        body = bytes(self._inbox[_HEAD:end])
        del self._inbox[:end]
        return kind, body

    def hears(self, wait_s: float) -> bool:
        """Tell whether the peer says something within a time; its end counts."""
        return bool(self._inbox) or bool(select.select([self._socket], [], [], wait_s)[0])

    def limit(self, timeout_s: float) -> None:
        """Wait no longer than this, and no longer than the destination allows, from now on."""
        self._socket.settimeout(min(timeout_s, self._timeout_s))

    def close(self, farewell: bytes = b"") -> None:
        """Close, and say one last thing if the peer still listens."""
        with contextlib.suppress(OSError):
            if farewell:
                self._socket.sendall(farewell)
        self._socket.close()

    def broken(self, error: OSError) -> Retryable:
        """Give the error that says how the connection broke."""
        return Retryable(f"{self.name} broke off: {self.why(error)}")

    def why(self, error: OSError) -> str:
        """Say what the system found wrong, for people."""
        if isinstance(error, TimeoutError):
            return f"it said nothing for {self._timeout_s:g} s"
        return str(error.strerror or error)

    def _announced(self) -> int:
        """Give the length of the PDU whose head has come."""
        length = int.from_bytes(self._inbox[2:_HEAD], "big")
        if length > _LONGEST_PDU:
            raise Retryable(f"{self.name} announced a PDU of {length} bytes")
        return length

    def _fill(self) -> None:
        if self._inbox and _QUICK_ACK is not None:
            # The rest of an answer may wait for our acknowledgment of its beginning; of a whole one nobody waits.
            self._socket.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
        unread = sys.maxsize
        while True:
            try:
                part = self._socket.recv(_READ_BYTES)
                break
            except TimeoutError:
                # Megabytes may wait in our buffer for a slow line; the peer is not silent while it takes them.
                before, unread = unread, _unread(self._socket)
                if not 0 < unread < before:
                    raise
        if not part:
            raise Retryable(f"{self.name} closed the connection")
        self._inbox += part


def _unread(connection: socket.socket) -> int:
    """Give how many bytes of ours the peer has not acknowledged yet; 0 where the system does not tell."""
    try:
        answer = fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4))
    except OSError:
        return 0
    return int.from_bytes(answer, sys.byteorder)
