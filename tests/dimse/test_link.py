"""The connection under an association."""

import asyncio
import socket

import pytest
import uvloop

from dicomfabd.dimse.link import Link


class Upper:
    """Notes that it was connected."""

    def __init__(self) -> None:
        self.link: asyncio.Future[Link] = asyncio.get_running_loop().create_future()

    def connected(self, link: Link) -> None:
        self.link.set_result(link)

    def lost(self) -> None:
        pass


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_no_answer_waits_for_an_acknowledgment(run):
    """TCP_NODELAY, which both event loops set: without it every answer in two writes takes 40 ms."""

    async def main() -> tuple[int, int]:
        upper = Upper()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Link(upper, None, 1), "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()):
            link = await upper.link
            accepted = link._transport.get_extra_info("socket")
            options = (socket.IPPROTO_TCP, socket.TCP_NODELAY), (socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            found = tuple(accepted.getsockopt(*option) for option in options)
            link.abort()
        server.close()
        return found

    assert (1, 1) == run(main())
