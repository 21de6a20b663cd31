"""The connection under an association."""

import asyncio
import socket

import pytest
import uvloop

from dicomfabd.dimse.limits import Reason
from dicomfabd.dimse.link import Link


class Upper:
    """Notes that it was connected, and why it was given up."""

    def __init__(self) -> None:
        self.link: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
        self.given_up: asyncio.Future[Reason] = asyncio.get_running_loop().create_future()

    def connected(self, link: Link) -> None:
        self.link.set_result(link)

    def failed(self, reason: Reason, detail: str) -> None:
        self.given_up.set_result(reason)

    def lost(self) -> None:
        pass


class Draining(asyncio.Transport):
    """A transport of whose buffer a peer takes what it is told to."""

    def __init__(self, connection: socket.socket, sizes: list[int]) -> None:
        super().__init__({"socket": connection})
        self.sizes = sizes

    def get_write_buffer_size(self) -> int:
        return self.sizes.pop(0)

    def abort(self) -> None:
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


def test_a_slow_reader_has_time_as_long_as_it_takes_something():
    """It is left once it took nothing for a while."""

    async def main() -> tuple[Reason, list[int]]:
        upper = Upper()
        link = Link(upper, None, 0.01)
        with socket.socket() as connection:
            transport = Draining(connection, [300, 200, 100, 100, 0])
            link.connection_made(transport)
            link.pause_writing()
            return await upper.given_up, transport.sizes

    assert (Reason.UNREAD, [0]) == asyncio.run(main())
