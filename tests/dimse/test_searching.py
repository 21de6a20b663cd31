"""Searches whose answers come encoded, a batch at a time."""

import threading
from collections.abc import Callable

import pytest

from dicomfabd.dimse.command import MESSAGE_ID_RESPONDED_TO, STATUS, Operation
from dicomfabd.dimse.services import CANCELLED, PENDING, PENDING_UNSUPPORTED_KEYS, SUCCESS, Peer, Refusal, Services
from tests.dimse.raw import DATA, IMPLICIT, MWL, RawPeer, a_command, a_fragment

KEYS = b"\x10\0\x20\0\2\0\0\0P1"
BATCH = 50


class Scripted:
    """A search that gives batches as told."""

    def __init__(self, batches: list[list[tuple[int, bytes]]], is_quick: bool, forever: bool = False) -> None:
        self.is_quick = is_quick
        self.is_done = False
        self.given = 0
        self.threads: set[str] = set()
        self.closed = threading.Event()
        self.status = -1
        self._batches = batches
        self._forever = forever

    def next(self) -> list[tuple[int, bytes]]:
        self.threads.add(threading.current_thread().name)
        batch = self._batches[0] if self._forever else self._batches.pop(0)
        self.is_done = not self._batches
        self.given += len(batch)
        return batch

    def close(self, status: int) -> None:
        self.status = status
        self.closed.set()


def begin_with(search: Scripted) -> Callable[[bytes, str, Peer], Scripted]:
    return lambda data, syntax, peer: search


def ask(peer: RawPeer, message_id: int = 1) -> None:
    peer.associate((MWL, [IMPLICIT]))
    peer.ask(a_command(Operation.C_FIND, DATA, message_id), KEYS)


ONE, OTHER = (PENDING, b"\x10\0\x20\0\2\0\0\0P1"), (PENDING_UNSUPPORTED_KEYS, b"\x10\0\x20\0\2\0\0\0P2")
BOTH = pytest.mark.parametrize("is_quick", [True, False], ids=["quick", "slow"])


@BOTH
@pytest.mark.parametrize("batches", [[[]], [[ONE]], [[ONE, OTHER], [], [OTHER]], [[ONE] * 60, []]])
def test_answers_come_in_order_and_then_the_end(listen, is_quick, batches):
    """Each with its status; the last response has no data."""
    expected = [answer for batch in batches for answer in batch]
    search = Scripted(list(batches), is_quick)
    with RawPeer(listen(Services(search={MWL: begin_with(search)})).port) as peer:
        ask(peer, message_id=9)
        said = [peer.read_message() for _ in range(len(expected) + 1)]

    assert [*expected, (SUCCESS, b"")] == [(command.number(STATUS), data) for command, data in said]
    assert {9} == {command.number(MESSAGE_ID_RESPONDED_TO) for command, _ in said}
    assert search.closed.wait(20) and SUCCESS == search.status


@BOTH
def test_who_looks_long_has_a_thread(listen, is_quick):
    """A quick search is asked on the event loop."""
    search = Scripted([[ONE], [OTHER]], is_quick)
    with RawPeer(listen(Services(search={MWL: begin_with(search)})).port) as peer:
        ask(peer)
        assert search.closed.wait(20)

    assert is_quick is not any(name.startswith("archive-dicom") for name in search.threads)


@BOTH
def test_a_cancel_stops_a_search_that_has_no_end(listen, is_quick):
    """After the batch under way; others are answered meanwhile."""
    search = Scripted([[ONE] * BATCH], is_quick, forever=True)
    port = listen(Services(search={MWL: begin_with(search)})).port
    with RawPeer(port) as peer, RawPeer(port) as other:
        ask(peer)
        peer.read_message()
        ask(other, message_id=3)
        assert PENDING == other.read_message()[0].number(STATUS)
        peer.send(a_fragment(a_command(Operation.C_CANCEL)))
        while (status := peer.read_message()[0].number(STATUS)) == PENDING:
            pass

    assert CANCELLED == status


def test_an_answer_longer_than_a_pdu_comes_in_parts(listen):
    """As the peer agreed to."""
    long = b"\x10\0\x20\0" + (50_000).to_bytes(4, "little") + b"x" * 50_000
    search = Scripted([[(PENDING, long), ONE]], is_quick=True)
    with RawPeer(listen(Services(search={MWL: begin_with(search)})).port) as peer:
        peer.associate((MWL, [IMPLICIT]), longest_pdu=4096)
        peer.ask(a_command(Operation.C_FIND, DATA), KEYS)

        assert [long, ONE[1], b""] == [peer.read_message()[1] for _ in range(3)]


@pytest.mark.parametrize(
    ("error", "status"), [(Refusal(0xA900, "no such key", 0x00100020), 0xA900), (KeyError("x"), 0x0110)]
)
def test_a_search_that_cannot_begin_fails_alone(listen, error, status):
    """The association lives on; a refusal names what is at fault."""

    def begin(data, syntax, peer):
        raise error

    with RawPeer(listen(Services(search={MWL: begin})).port) as peer:
        ask(peer)
        command, _ = peer.read_message()
        peer.ask(a_command(Operation.C_ECHO))

        assert (status, SUCCESS) == (command.number(STATUS), peer.read_message()[0].number(STATUS))
    assert (b"\x10\0\x20\0" if status == 0xA900 else None) == command.elements.get(0x0901)


@BOTH
def test_a_search_that_breaks_is_closed(listen, is_quick):
    """And its peer told."""
    search = Scripted([], is_quick)
    with RawPeer(listen(Services(search={MWL: begin_with(search)})).port) as peer:
        ask(peer)

        assert 0x0110 == peer.read_message()[0].number(STATUS)
    assert search.closed.wait(20) and 0x0110 == search.status


def test_a_peer_that_leaves_ends_its_search(listen):
    """Whatever it had left to say."""
    search = Scripted([[ONE] * BATCH], is_quick=True, forever=True)
    with RawPeer(listen(Services(search={MWL: begin_with(search)})).port) as peer:
        ask(peer)
        peer.read_message()

    assert search.closed.wait(20)
