"""Who may connect at all, looked at before anything is kept for them."""

import asyncio
from collections.abc import Callable
from typing import cast

from dicomfabd.dimse.link import Link, names_of
from dicomfabd.domain.addresses import Addresses


class Gate(asyncio.Protocol):
    """Hands a new connection over to a link of its own, or closes it."""

    def __init__(self, allowed: Addresses, link: Callable[[], Link], refused: Callable[[str], None]) -> None:
        """Prepare.

        Args:
            allowed: Who may connect.
            link: Makes what takes the connection over.
            refused: Told address and port of who may not.
        """
        self._allowed = allowed
        self._link = link
        self._refused = refused

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look at the address."""
        host, peer = names_of(transport)
        if host in self._allowed:
            link = self._link()
            transport.set_protocol(link)
            link.connection_made(transport)
        else:
            cast(asyncio.Transport, transport).abort()
            self._refused(peer)
