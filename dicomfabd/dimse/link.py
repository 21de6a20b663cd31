"""The connection under an association: bytes in and out, TLS or not, and patience with a slow reader only."""

import asyncio
import contextlib
import socket
from typing import Final, Protocol, cast

from dicomfabd.dimse.exchange import Gone
from dicomfabd.dimse.limits import Reason
from dicomfabd.domain.addresses import plain_address
from dicomfabd.tls.session import TlsRefused, TlsSession

_QUICK_ACK: Final = getattr(socket, "TCP_QUICKACK", None)  # Linux only, which forgets it; elsewhere it is slower
_TLS_BYTES: Final = 65_536


def names_of(transport: asyncio.BaseTransport) -> tuple[str, str]:
    """Give the address of a peer, and that with its port; question marks for one that is gone already."""
    address = transport.get_extra_info("peername")
    if address is None:
        return "?", "?"
    host = plain_address(address[0])
    return host, f"[{host}]:{address[1]}" if ":" in host else f"{host}:{address[1]}"


class Upper(Protocol):
    """What stands on a link."""

    def connected(self, link: "Link") -> None:
        """Begin."""

    def secured(self) -> None:
        """Note that TLS is established."""

    def space(self) -> memoryview:
        """Give where bytes are to be written; never empty."""

    def filled(self, count: int) -> None:
        """Take the bytes written there."""

    def failed(self, reason: Reason, detail: str) -> None:
        """Note that we give the connection up."""

    def lost(self) -> None:
        """Note that the connection is gone, whoever ended it."""


class Link(asyncio.BufferedProtocol):
    """One connection; the socket writes straight into the memory of what stands on it."""

    def __init__(self, upper: Upper, tls: TlsSession | None, write_s: float) -> None:
        """Prepare; `write_s` is how long a peer may take nothing of what is sent to it."""
        self._upper = upper
        self._tls = tls
        self._write_s = write_s
        self._encrypted = memoryview(bytearray(_TLS_BYTES if tls else 0))
        self._loop = asyncio.get_running_loop()
        self._is_lost = self._is_closing = False
        self._writable: asyncio.Future[None] | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._farewell: asyncio.TimerHandle | None = None
        self._unread = 0
        self.peer, self.host = "?", "?"

    @property
    def is_secured(self) -> bool:
        """True when the association may begin."""
        return self._tls is None or self._tls.is_established

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # uvloop's transports do what asyncio's do without being of their class.
        self._transport = cast(asyncio.Transport, transport)
        self.host, self.peer = names_of(transport)
        self._socket = transport.get_extra_info("socket")
        self._set_option(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        self._upper.connected(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Give where the socket writes."""
        return self._encrypted if self._tls else self._upper.space()

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what the socket wrote."""
        if self._is_closing:
            return
        if _QUICK_ACK is not None:
            # A peer with Nagle's algorithm sends the rest of a message only once we have acknowledged its beginning.
            self._set_option(socket.IPPROTO_TCP, _QUICK_ACK)
        if self._tls is None:
            self._upper.filled(nbytes)
        else:
            self._decrypt(self._tls, nbytes)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let nobody wait for it."""
        self._is_lost = self._is_closing = True
        self.resume_writing()
        if self._farewell:
            self._farewell.cancel()
        self._upper.lost()

    def pause_writing(self) -> None:
        """Give a peer that does not read a while."""
        self._writable = self._loop.create_future()
        self._unread = self._transport.get_write_buffer_size()
        self._patience = self._loop.call_later(self._write_s, self._lose_patience)

    def resume_writing(self) -> None:
        """It reads again."""
        if self._patience:
            self._patience.cancel()
            self._patience = None
        if self._writable and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    def write(self, data: bytes) -> None:
        """Write; nothing happens before TLS is established, or once the connection is closed."""
        if self.is_secured and not self._is_closing:
            self._transport.write(self._tls.send(data) if self._tls else data)

    async def drain(self) -> None:
        """Wait until the peer has taken most of what was written; raises Gone."""
        if self._writable:
            await self._writable
        if self._is_lost:
            raise Gone

    def close(self) -> None:
        """Close after what was written."""
        if not self._is_closing:
            if self._tls and self._tls.is_established:
                self._transport.write(self._tls.end())
            self._is_closing = True
            self._transport.close()
            # A peer that does not read would keep it open.
            self._farewell = self._loop.call_later(self._write_s, self._transport.abort)

    def abort(self) -> None:
        """Close at once."""
        self._is_closing = True
        self._transport.abort()

    def _set_option(self, level: int, option: int) -> None:
        with contextlib.suppress(OSError):  # it is gone already
            self._socket.setsockopt(level, option, 1)

    def _decrypt(self, tls: TlsSession, count: int) -> None:
        was_established = tls.is_established
        try:
            text = memoryview(tls.feed(bytes(self._encrypted[:count])))
        except TlsRefused as refused:
            self._transport.write(tls.outgoing())
            self._upper.failed(Reason.TLS, str(refused))
            self.close()
            return
        if outgoing := tls.outgoing():
            self._transport.write(outgoing)
        if tls.is_established and not was_established:
            self._upper.secured()
        while text and not self._is_closing:
            space = self._upper.space()
            size = min(len(space), len(text))
            space[:size] = text[:size]
            text = text[size:]
            self._upper.filled(size)
        if tls.is_ended:
            self.close()

    def _lose_patience(self) -> None:
        unread = self._transport.get_write_buffer_size()
        if unread < self._unread:
            self._unread = unread
            self._patience = self._loop.call_later(self._write_s, self._lose_patience)
            return
        self._upper.failed(Reason.UNREAD, f"nothing of what was sent was taken for {self._write_s:g} s")
        self.abort()
