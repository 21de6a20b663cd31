"""Very many of what one alone does no harm with; honest peers are served meanwhile and memory does not grow."""

import contextlib
import os
import resource
import socket
import threading
from collections.abc import Iterator

import pytest
from pydicom.dataset import Dataset

from dicomfabd.dimse.command import STATUS, Operation
from dicomfabd.dimse.pdu import RELEASE_RQ, abort
from dicomfabd.dimse.services import CANCELLED, PENDING, Services
from tests.dimse.honest import (
    MOST_GROWTH_MIB,
    PATIENT_ID,
    SERVICES,
    echo,
    find,
    find_one,
    memory_mib,
    threads_and_files,
)
from tests.dimse.raw import (
    ABORTED,
    DATA,
    IMPLICIT,
    MWL,
    REJECTED,
    RELEASED,
    RawPeer,
    a_command,
    a_fragment,
    associate_rq,
)

ABORT = abort()
OFTEN = 1000
GROWTH_OF_MANY_MIB = 2
AT_ONCE = 20
TCP_REPAIR = 19


def ended(peer: RawPeer) -> None:
    """Wait until the other side has closed."""
    while peer.read_pdu()[0]:
        pass


def by_abort(port: int) -> None:
    with RawPeer(port) as peer:
        peer.associate((MWL, [IMPLICIT]))
        ended(peer.send(ABORT))


def by_vanishing_within_a_query(port: int) -> None:
    with RawPeer(port) as peer:
        peer.associate((MWL, [IMPLICIT]))
        peer.ask(a_command(Operation.C_FIND, DATA), PATIENT_ID)


def by_a_called_title(port: int) -> None:
    with RawPeer(port) as peer:
        assert REJECTED == peer.send(associate_rq(called="../../etc")).read_pdu()[0]


def by_a_request_cut_short(port: int) -> None:
    with RawPeer(port) as peer:
        assert ABORTED == peer.send(b"\1\0\0\0\0\x50", associate_rq()[6:86]).read_pdu()[0]


def by_half_a_request(port: int) -> None:
    with RawPeer(port) as peer:
        peer.send(associate_rq()[:100])


def by_release(port: int) -> None:
    assert (0, (0, "")) == (echo(port), find(port))


def by_reset(port: int) -> None:
    with RawPeer(port) as peer:
        peer.associate((MWL, [IMPLICIT]))
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


@pytest.mark.parametrize(
    "end",
    [
        by_release,
        by_abort,
        by_reset,
        by_vanishing_within_a_query,
        by_a_called_title,
        by_a_request_cut_short,
        by_half_a_request,
    ],
)
def test_associations_that_come_to_nothing_leave_nothing(listen, sink, end):
    """A thousand in turn: no memory, no thread, no file, and no place taken."""
    listener = listen(SERVICES, called_ae_titles=["ANY"], max_associations=AT_ONCE)
    for _ in range(200):
        end(listener.port)
    sink.events.clear()
    before, (threads, files) = memory_mib(), threads_and_files()

    for _ in range(OFTEN):
        end(listener.port)

    assert (0, (0, "")) == (echo(listener.port), find(listener.port))
    sink.events.clear()
    after_threads, after_files = threads_and_files()
    assert memory_mib() - before < GROWTH_OF_MANY_MIB
    # What a peer left is still being ended when the next one comes.
    assert after_threads <= threads + AT_ONCE
    assert after_files <= files + AT_ONCE


def test_a_hundred_that_connect_while_we_are_busy_get_through(listen):
    """They wait in the backlog; none has to try again after a second."""
    begun, may_end = threading.Event(), threading.Event()

    def hold(identifier: bytes, transfer_syntax: str, peer: object) -> None:
        """Keep the event loop, on which searches begin."""
        begun.set()
        assert may_end.wait(20)
        raise AssertionError("nobody is answered")

    listener = listen(Services(search={MWL: hold}), max_associations_per_address=200)
    with contextlib.ExitStack() as open_peers:
        busy = open_peers.enter_context(RawPeer(listener.port))
        busy.associate((MWL, [IMPLICIT]))
        busy.ask(a_command(Operation.C_FIND, DATA), PATIENT_ID)
        assert begun.wait(20)
        peers = [open_peers.enter_context(RawPeer(listener.port, patience_s=1)) for _ in range(100)]
        may_end.set()

        for peer in peers:
            peer.associate((MWL, [IMPLICIT]))
            assert RELEASED == peer.send(RELEASE_RQ).read_pdu()[0]


def test_more_descriptors_than_select_takes_are_no_bound(listen):
    """FD_SETSIZE is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    listener = listen(SERVICES)
    with contextlib.ExitStack() as undo:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
        undo.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1024):
            undo.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        with RawPeer(listener.port) as peer:
            assert peer.socket.fileno() > 1024

        assert (0, (0, "")) == (echo(listener.port), find(listener.port))


class Endless:
    """Answers as long as somebody takes them, as data sets or encoded."""

    is_quick = True
    is_done = False

    def __init__(self) -> None:
        self.given = 0
        self.statuses: list[int] = []

    def find(self, identifier: Dataset, peer: object) -> Iterator[tuple[int, Dataset]]:
        answer = Dataset()
        answer.PatientComments = "x" * 10_000
        while True:
            self.given += 1
            yield PENDING, answer

    def search(self, identifier: bytes, transfer_syntax: str, peer: object) -> "Endless":
        return self

    def next(self) -> list[tuple[int, bytes]]:
        self.given += 10
        return [(PENDING, PATIENT_ID + b"\x10\0\0\x40\x10\x27\0\0" + b"x" * 10_000)] * 10

    def close(self, status: int) -> None:
        self.statuses.append(status)


ENDLESS = "1.2.840.10008.5.1.4.1.2.2.1"


def endless_services(endless: Endless, kind: str) -> Services:
    """Offer an endless query beside one that ends."""
    if kind == "search":
        return Services(find={MWL: find_one}, search={ENDLESS: endless.search})
    return Services(find={MWL: find_one, ENDLESS: endless.find})


@pytest.mark.parametrize("kind", ["find", "search"])
def test_a_storm_of_cancels_ends_one_query(listen, kind):
    """However many there are, during it and after; the association goes on, and so do the others."""
    listener = listen(endless_services(Endless(), kind))
    before = memory_mib()
    storm = a_fragment(a_command(Operation.C_CANCEL, message_id=5)) * 10_000
    with RawPeer(listener.port) as peer:
        peer.associate((ENDLESS, [IMPLICIT]), (MWL, [IMPLICIT]))
        for _ in range(3):
            peer.ask(a_command(Operation.C_FIND, DATA, 5), PATIENT_ID).read_message()
            sending = threading.Thread(target=peer.send, args=(storm,))
            sending.start()
            assert (0, (0, "")) == (echo(listener.port), find(listener.port))
            while (status := peer.read_message()[0].number(STATUS)) == PENDING:
                pass
            assert CANCELLED == status
            sending.join(20)

        peer.ask(a_command(Operation.C_FIND, DATA), PATIENT_ID, context_id=3)
        assert [PENDING, 0] == [peer.read_message()[0].number(STATUS) for _ in range(2)]
    assert memory_mib() - before < MOST_GROWTH_MIB


@pytest.mark.parametrize("kind", ["find", "search"])
def test_what_a_slow_reader_has_not_read_waits_at_its_source(listen, reasons, kind):
    """It is not left either, as long as it reads something."""
    endless = Endless()
    listener = listen(endless_services(endless, kind), write_s=0.2)
    before = memory_mib()
    with RawPeer(listener.port) as peer:
        peer.associate((ENDLESS, [IMPLICIT]))
        peer.ask(a_command(Operation.C_FIND, DATA), PATIENT_ID)
        for _ in range(100):
            assert PENDING == peer.read_message()[0].number(STATUS)
            assert 0 == echo(listener.port)
        assert (0, "") == find(listener.port)

        assert [] == reasons()
        assert endless.given < 2000
    assert memory_mib() - before < MOST_GROWTH_MIB


def test_a_peer_that_vanished_gives_its_place_back(listen, reasons):
    """Without a FIN, as when its power is cut: its silence ends the association."""
    listener = listen(SERVICES, max_associations=2, idle_s=0.3)
    with RawPeer(listener.port) as peer:
        peer.associate((MWL, [IMPLICIT]))
        try:
            # What is closed in this state says nothing to its peer.
            peer.socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        except OSError as error:
            pytest.skip(f"a connection cannot be broken without a FIN here: {error}")
    with RawPeer(listener.port) as other:
        other.associate((MWL, [IMPLICIT]))
        assert ABORTED == other.read_pdu()[0]

    assert (["idle", "idle"], 0) == (reasons(), echo(listener.port))
