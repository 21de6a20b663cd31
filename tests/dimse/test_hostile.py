"""Peers that mean no good: what they get, and that others are served meanwhile, each step within a second.

What took other servers down, and where it is tried on ours (PN is pynetdicom 3.0.4 as a listener):

| finding | test |
|---|---|
| PN: a half-sent request stays for ever and takes a place | test_half_sent_requests_keep_nobody_out |
| PN: so does a half-sent PDU or message later on | test_who_falls_silent_is_aborted |
| PN: a PDU is kept at any length; Orthanc: CVE-2026-5439 | test_a_pdu_of_4_gib_is_refused_by_its_header |
| PN: a message is kept as long as it goes on | test_a_message_without_an_end_is_refused_at_its_limit |
| PN, dcm4che, fo-dicom: a silent client blocks TLS | test_silent_clients_of_a_tls_port_keep_nobody_out |
| nested sequences cost a reader gigabytes | test_sequences_within_sequences_are_refused |
| lengths that lie | test_an_identifier_that_is_none_is_refused |
| PN: answers pile up for who reads nothing, or little | test_a_peer_that_reads_nothing_is_left, |
| | test_what_a_slow_reader_has_not_read_waits_at_its_source |
| PN: connect and close, as load balancers do, leaks | test_a_port_scan_is_no_event |
| PN: an abort within a query leaves a thread | test_a_peer_that_leaves_ends_its_query |
| PN: a peer that lost its power keeps its place | test_a_peer_that_vanished_gives_its_place_back |
| PN: ten associations, half-open ones included | test_more_associations_than_may_be_are_rejected_for_now, |
| | test_half_sent_requests_keep_nobody_out |
| PN: a backlog of five | test_a_hundred_that_connect_while_we_are_busy_get_through |
| PN: nobody is served with 1,024 files open | test_more_descriptors_than_select_takes_are_no_bound |
| PN: idle associations cost a processor | test_idle_associations_have_no_threads |
| the longest request takes 60 ms to read | test_the_longest_requests_there_are_keep_nobody_out |
| wlmscpfs: a leak with each request, CVE-2026-50254, -35505 | test_associations_that_come_to_nothing_leave_nothing |
| wlmscpfs: one query takes it down, CVE-2026-44628 | test_no_query_takes_the_worklist_down |
| wlmscpfs: the called title is a folder, CVE-2026-52868 | test_a_called_title_is_no_path |
| PN: an identifier becomes a file name, CVE-2026-56445 | test_files_are_dicom_and_named_by_us |
| C-CANCEL, as often as a peer likes | test_a_storm_of_cancels_ends_one_query |
"""

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from pydicom.dataset import Dataset

from dicomfabd.config import Tls
from dicomfabd.dimse.command import MESSAGE_ID, MESSAGE_ID_RESPONDED_TO, STATUS, Operation
from dicomfabd.dimse.services import PENDING, Outgoing, Retrieval, Services
from tests.dimse.honest import MOST_GROWTH_MIB, PATIENT_ID, SERVICES, echo, find, find_one, memory_mib
from tests.dimse.raw import (
    ABORTED,
    ACCEPTED,
    CT,
    DATA,
    ECHO,
    EXPLICIT,
    IMPLICIT,
    MWL,
    REJECTED,
    RELEASE_RQ,
    RELEASED,
    VERIFICATION,
    RawPeer,
    a_command,
    a_fragment,
    a_pdu,
    associate_rq,
)

GET = "1.2.840.10008.5.1.4.1.2.2.3"


def test_half_sent_requests_keep_nobody_out(listen, reasons):
    """More than may wait: the oldest make room, and the rest has a deadline."""
    listener = listen(waiting=20, first_pdu_s=2)
    with contextlib.ExitStack() as open_peers:
        peers = [open_peers.enter_context(RawPeer(listener.port)) for _ in range(50)]
        for peer in peers:
            with contextlib.suppress(OSError):  # the oldest were closed by now
                peer.send(associate_rq()[:40])

        assert [0, 0, 0] == [echo(listener.port) for _ in range(3)]
        assert {ABORTED, 0} >= {peer.read_pdu()[0] for peer in peers}
    # Of 51 that waited at a time, with the first echo, 20 may.
    assert {"busy": 31, "silent": 19} == Counter(reasons())


def test_the_longest_requests_there_are_keep_nobody_out(listen):
    """Every context there can be, each with many transfer syntaxes, from many at once; others do not wait for them."""
    listener = listen(SERVICES)
    syntaxes = [f"1.2.840.10008.1.2.4.{n}" for n in range(50, 80)]
    long = associate_rq([(f"1.2.840.10008.5.1.4.1.1.{n}", [*syntaxes, IMPLICIT]) for n in range(128)])
    with contextlib.ExitStack() as open_peers:
        peers = [open_peers.enter_context(RawPeer(listener.port)) for _ in range(40)]
        for peer in peers:
            peer.send(long)

        assert (0, (0, "")) == (echo(listener.port), find(listener.port))
        assert {ACCEPTED} == {peer.read_pdu()[0] for peer in peers}


def test_a_pdu_of_4_gib_is_refused_by_its_header(listen, reasons):
    """Nothing of it is kept, however fast it comes."""
    listener = listen(SERVICES)
    before = memory_mib()
    with RawPeer(listener.port) as peer, contextlib.suppress(OSError):  # we close
        peer.send(struct.pack(">BBI", 1, 0, 0xFFFFFFF0))
        for _ in range(200):
            peer.send(bytes(1 << 20))
    with RawPeer(listener.port) as peer:
        peer.associate((MWL, [IMPLICIT]))
        assert ABORTED == peer.send(struct.pack(">BBI", 4, 0, 0x7FFFFFFF)).read_pdu()[0]

    assert (0, (0, "")) == (echo(listener.port), find(listener.port))
    assert ["pdu", "pdu"] == reasons()
    assert memory_mib() - before < MOST_GROWTH_MIB


@pytest.mark.parametrize("control", [1, 0], ids=["command", "data set"])
def test_a_message_without_an_end_is_refused_at_its_limit(listen, reasons, control):
    """Of a command set, and of a query's identifier."""
    listener = listen(SERVICES)
    before = memory_mib()
    with RawPeer(listener.port) as peer:
        peer.associate((MWL, [IMPLICIT]))
        if control == 0:
            peer.send(a_fragment(a_command(Operation.C_FIND, DATA)))
        with contextlib.suppress(OSError):  # we close
            for _ in range(2000):
                peer.send(a_fragment(bytes(100_000), control))

    assert (0, (0, "")) == (echo(listener.port), find(listener.port))
    assert ["message"] == reasons()
    assert memory_mib() - before < MOST_GROWTH_MIB


def test_fragments_of_nothing_have_a_deadline(listen, reasons):
    """They never make a message longer, and never end it."""
    listener = listen(SERVICES, message_s=0.5)
    with RawPeer(listener.port) as peer:
        peer.associate((MWL, [IMPLICIT]))
        peer.send(a_fragment(a_command(Operation.C_FIND, DATA)))
        with contextlib.suppress(OSError):  # we close
            while True:
                peer.send(a_fragment(b"", 0))
                if reasons():
                    break

    assert (["slow"], 0) == (reasons(), echo(listener.port))


@pytest.mark.parametrize(
    ("said", "reason"),
    [([], "idle"), ([ECHO[:5]], "slow"), ([a_fragment(a_command(Operation.C_FIND, DATA))], "slow")],
    ids=["nothing", "half a PDU", "half a message"],
)
def test_who_falls_silent_is_aborted(listen, reasons, said, reason):
    """Between messages and within."""
    listener = listen(SERVICES, idle_s=0.4, message_s=0.3)
    with RawPeer(listener.port) as peer:
        peer.associate((MWL, [IMPLICIT]))
        peer.send(*said)

        assert ABORTED == peer.read_pdu()[0]
    assert ([reason], 0) == (reasons(), echo(listener.port))


def test_who_waits_for_us_is_not_idle(listen, reasons):
    """A query may take longer than a peer may be silent."""
    begun, may_end = threading.Event(), threading.Event()

    def slow_find(identifier, peer):
        begun.set()
        assert may_end.wait(20)
        yield from find_one(identifier, peer)

    listener = listen(Services(find={MWL: slow_find}), idle_s=0.3)
    with RawPeer(listener.port) as waiting, RawPeer(listener.port) as silent:
        waiting.associate((MWL, [IMPLICIT]))
        waiting.ask(a_command(Operation.C_FIND, DATA), PATIENT_ID)
        assert begun.wait(20)
        silent.associate()
        assert ABORTED == silent.read_pdu()[0]
        may_end.set()

        assert [PENDING, 0] == [waiting.read_message()[0].number(STATUS) for _ in range(2)]
    assert "idle" == reasons()[0]


def test_a_slow_peer_has_time_for_what_it_sends(listen, reasons):
    """A second more for each `bytes_per_s` that came."""
    listener = listen(SERVICES, message_s=0.2, bytes_per_s=1, idle_s=0.5)
    with RawPeer(listener.port) as slow, RawPeer(listener.port) as silent:
        slow.associate((MWL, [IMPLICIT]))
        slow.send(a_fragment(a_command(Operation.C_FIND, DATA)), a_fragment(PATIENT_ID[:-1], 0))
        silent.associate()
        assert ABORTED == silent.read_pdu()[0]

        slow.send(a_fragment(PATIENT_ID[-1:], 2))
        assert [PENDING, 0] == [slow.read_message()[0].number(STATUS) for _ in range(2)]
    assert "idle" == reasons()[0]


@pytest.fixture(scope="module")
def tls(tmp_path_factory) -> Tls:
    folder = tmp_path_factory.mktemp("tls")
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
    return Tls(certificate=str(folder / "certificate.pem"), key=str(folder / "key.pem"), handshake_timeout_s=1)


def test_silent_clients_of_a_tls_port_keep_nobody_out(listen, reasons, tls):
    """Each has a deadline of its own; one that speaks no TLS is cut."""
    listener = listen(tls=tls)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with contextlib.ExitStack() as open_peers:
        silent = [open_peers.enter_context(RawPeer(listener.port)) for _ in range(5)]
        with RawPeer(listener.port) as peer:
            peer.send(associate_rq())
            assert 0 == peer.read_pdu()[0]
        with RawPeer(listener.port) as peer:
            peer.socket = context.wrap_socket(peer.socket)
            peer.associate()
            assert 0 == peer.ask(a_command(Operation.C_ECHO)).read_message()[0].number(STATUS)
            assert RELEASED == peer.send(RELEASE_RQ).read_pdu()[0]
        for peer in silent:
            peer.read_pdu()
    assert ["tls", *["handshake"] * 5] == reasons()


def nested(depth: int, syntax: str, is_defined: bool) -> bytes:
    """Give sequences within each other, of undefined or of defined length."""
    sequence = b"\x40\0\0\1" + (b"SQ\0\0" if syntax == EXPLICIT else b"")
    data = b""
    for _ in range(depth):
        if is_defined:
            item = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(data)) + data
            data = sequence + struct.pack("<I", len(item)) + item
        else:
            ends = b"\xfe\xff\x0d\xe0" + bytes(4) + b"\xfe\xff\xdd\xe0" + bytes(4)
            data = sequence + b"\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + data + ends
    return data


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT], ids=["implicit", "explicit"])
@pytest.mark.parametrize("is_defined", [True, False], ids=["defined", "undefined"])
def test_sequences_within_sequences_are_refused(listen, syntax, is_defined):
    """2,000 of them cost a reader gigabytes."""
    listener = listen(SERVICES)
    before = memory_mib()

    status, comment = find(listener.port, nested(2000, syntax, is_defined), syntax)

    assert (0xA900, "the data set is refused: its sequences are nested too deep") == (status, comment)
    assert (0, (0, "")) == (echo(listener.port), find(listener.port))
    assert memory_mib() - before < MOST_GROWTH_MIB


@pytest.mark.parametrize(
    ("data", "comment"),
    [
        (b"", "there is no data set"),
        (b"\x10\0\x20\0\xff\0\0\0P1", "the data set is refused: an element is longer than what holds it"),
        (b"\x10\0\x20", "the data set is refused: it ends within an element"),
        (b"\x10\0\x20\0\0\0\0\0" * 5000, "the data set is refused: it holds more than 4096 elements"),
        (b"\x10\0\x20\0LO\2\0P1", "the data set is refused: it is not encoded as its transfer"),
        (b"\x40\0\0\1\x08\0\0\0\x10\0\x20\0\0\0\0\0", "the data set is refused: a sequence holds something else"),
        (b"\x08\0\x18\0\xff\xff\xff\xffjunk", "the data set is refused: a sequence holds something else"),
        (b"\xfe\xff\x0d\xe0\0\0\0\0", "the data set is refused: a delimiter ends what did not begin"),
    ],
)
def test_an_identifier_that_is_none_is_refused(listen, data, comment):
    """With what is wrong; the listener lives on."""
    listener = listen(SERVICES)

    with RawPeer(listener.port) as peer:
        peer.associate((MWL, [IMPLICIT]))
        peer.ask(a_command(Operation.C_FIND, DATA if data else 0x0101), data)
        answer, _ = peer.read_message()

        assert 0xA900 == answer.number(STATUS)
        assert answer.text(0x0902).startswith(comment)
    assert 0 == echo(listener.port)


class Endless:
    """Answers as long as somebody takes them."""

    def __init__(self) -> None:
        self.given = 0
        self.closed = threading.Event()

    def find(self, identifier, peer) -> Iterator[tuple[int, Dataset]]:
        answer = Dataset()
        answer.PatientComments = "x" * 10_000
        try:
            while True:
                self.given += 1
                yield PENDING, answer
        finally:
            self.closed.set()


def test_a_peer_that_reads_nothing_is_left(listen, reasons):
    """What is found for it waits at its source, not in memory."""
    endless = Endless()
    listener = listen(Services(find={MWL: endless.find}), write_s=0.5)
    before = memory_mib()
    with RawPeer(listener.port) as peer:
        peer.associate((MWL, [IMPLICIT]))
        peer.ask(a_command(Operation.C_FIND, DATA), PATIENT_ID)
        assert endless.closed.wait(20)

    assert (["unread"], 0) == (reasons(), echo(listener.port))
    assert endless.given < 2000
    assert memory_mib() - before < MOST_GROWTH_MIB


@pytest.mark.parametrize(("farewell", "reason"), [(b"", "cut"), (a_pdu(7, bytes(4)), "aborted")])
def test_a_peer_that_leaves_ends_its_query(listen, reasons, farewell, reason):
    """Without a word, or by an A-ABORT; and is said to have."""
    endless = Endless()
    listener = listen(Services(find={MWL: endless.find}))
    with RawPeer(listener.port) as peer:
        peer.associate((MWL, [IMPLICIT]))
        peer.ask(a_command(Operation.C_FIND, DATA), PATIENT_ID).read_message()
        peer.send(farewell)

    assert endless.closed.wait(20)
    assert ([reason], 0) == (reasons(), echo(listener.port))


def test_a_peer_that_releases_within_its_query_is_released(listen, reasons):
    """After the final response."""
    endless = Endless()
    listener = listen(Services(find={MWL: endless.find}))
    with RawPeer(listener.port) as peer:
        peer.associate((MWL, [IMPLICIT]))
        peer.ask(a_command(Operation.C_FIND, DATA), PATIENT_ID).read_message()
        peer.send(RELEASE_RQ)
        while (status := peer.read_message()[0].number(STATUS)) == PENDING:
            pass

        assert (0xFE00, RELEASED) == (status, peer.read_pdu()[0])
    assert [] == reasons()


def test_a_second_request_may_wait_and_a_third_may_not(listen, reasons):
    """No asynchronous operations are negotiated (PS3.7 D.3.3.3)."""
    may_end, waiting = threading.Event(), threading.Event()

    def find_late(identifier, peer):
        waiting.set()
        assert may_end.wait(20)
        return []

    listener = listen(Services(find={MWL: find_late}))
    with RawPeer(listener.port) as peer:
        peer.associate((MWL, [IMPLICIT]), (VERIFICATION, [IMPLICIT]))
        peer.ask(a_command(Operation.C_FIND, DATA), PATIENT_ID)
        assert waiting.wait(20)
        peer.ask(a_command(Operation.C_ECHO, message_id=2), context_id=3)
        may_end.set()
        assert [1, 2] == [peer.read_message()[0].number(MESSAGE_ID_RESPONDED_TO) for _ in range(2)]
        may_end.clear()
        waiting.clear()
        peer.ask(a_command(Operation.C_FIND, DATA), PATIENT_ID)
        assert waiting.wait(20)
        peer.send(ECHO, ECHO)
        assert ABORTED == peer.read_pdu()[0]
        may_end.set()
    assert ["message"] == reasons()


@pytest.mark.parametrize(
    ("limits", "held"),
    [({"max_associations": 2}, 2), ({"max_associations_per_address": 3}, 3)],
    ids=["all", "of an address"],
)
def test_more_associations_than_may_be_are_rejected_for_now(listen, reasons, limits, held):
    """Local limit exceeded; once one ends there is room."""
    listener = listen(**limits)
    with contextlib.ExitStack() as open_peers:
        peers = [open_peers.enter_context(RawPeer(listener.port)) for _ in range(held + 1)]
        for peer in peers[:held]:
            peer.associate()

        kind, body = peers[held].send(associate_rq()).read_pdu()
        assert (REJECTED, b"\2\3\2") == (kind, body[1:])
        assert RELEASED == peers[0].send(RELEASE_RQ).read_pdu()[0]
        assert 0 == peers[0].read_pdu()[0]
        assert 0 == echo(listener.port)
    assert "busy" == reasons()[0]


@pytest.mark.parametrize(
    "junk",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x0bMSH|^~\\&|",
        b"\x16\x03\x01\x02\x00\x01\x00",
        bytes(100),
        b"\xff" * 100,
    ],
    ids=["HTTP", "HL7", "TLS", "NUL", "FF"],
)
def test_junk_is_answered_with_an_abort(listen, reasons, junk):
    """Unrecognized PDU (PS3.8 Table 9-26)."""
    listener = listen()
    with RawPeer(listener.port) as peer:
        assert (ABORTED, b"\0\0\2\1") == peer.send(junk).read_pdu()
    assert (["pdu"], 0) == (reasons(), echo(listener.port))


def test_a_port_scan_is_no_event(listen, reasons):
    """Load balancers look whether somebody listens, all day."""
    listener = listen()
    for _ in range(20):
        socket.create_connection(("127.0.0.1", listener.port)).close()

    assert (0, []) == (echo(listener.port), reasons())


@pytest.mark.parametrize(
    ("operation", "context", "status"),
    [
        (Operation.C_FIND, CT, 0x0122),
        (Operation.C_MOVE, MWL, 0x0122),
        (Operation.C_GET, CT, 0x0122),
        (Operation.N_ACTION, MWL, 0x0122),
        (Operation.N_EVENT_REPORT, MWL, 0x0122),
        (Operation.N_CREATE, MWL, 0x0122),
        (Operation.N_SET, MWL, 0x0122),
        (0x0150, MWL, 0x0211),
    ],
)
def test_a_request_for_what_its_context_is_not_is_refused(listen, operation, context, status):
    """SOP class not supported, or an operation we do not know, such as N-DELETE."""
    with RawPeer(listen(SERVICES).port) as peer:
        peer.associate((context, [IMPLICIT]))
        command, _ = peer.ask(a_command(operation, DATA), PATIENT_ID).read_message()

        assert (status, operation | 0x8000) == (command.number(STATUS), command.number(0x0100))


def test_nothing_is_stored_where_nothing_is_kept(listen):
    """On whatever context it comes."""
    with RawPeer(listen(Services(find=SERVICES.find)).port) as peer:
        peer.associate((MWL, [IMPLICIT]))
        command, _ = peer.ask(a_command(Operation.C_STORE, DATA), PATIENT_ID).read_message()

        assert 0x0122 == command.number(STATUS)


def test_a_response_to_what_nobody_asked_is_a_violation(listen, reasons):
    """Also while something else is under way."""
    listener = listen(SERVICES)
    with RawPeer(listener.port) as peer:
        peer.associate()
        assert ABORTED == peer.send(a_fragment(a_command(0x8001, e0120=1, e0900=0))).read_pdu()[0]
    assert ["message"] == reasons()


def test_a_peer_that_leaves_within_a_sub_operation_ends_it(listen, reasons, sink):
    """And is no bug of ours."""
    closed = threading.Event()

    def instances() -> Iterator[Outgoing]:
        try:
            while True:
                yield Outgoing(CT, "1.2.3", IMPLICIT, PATIENT_ID)
        finally:
            closed.set()

    listener = listen(Services(get={GET: lambda identifier, peer: Retrieval(9, instances())}))
    with RawPeer(listener.port) as peer:
        peer.associate((GET, [IMPLICIT]), (CT, [IMPLICIT]), roles={CT: (False, True)})
        peer.ask(a_command(Operation.C_GET, DATA), PATIENT_ID).read_message()

    assert closed.wait(20)
    assert (["cut"], []) == (reasons(), sink.named("dicom.request_failed"))


def test_an_answer_to_another_sub_operation_is_a_violation(listen, reasons):
    """Its message ID is not the one that was asked with."""
    instances = iter([Outgoing(CT, "1.2.3", IMPLICIT, PATIENT_ID)])
    listener = listen(Services(get={GET: lambda identifier, peer: Retrieval(1, instances)}))
    with RawPeer(listener.port) as peer:
        peer.associate((GET, [IMPLICIT]), (CT, [IMPLICIT]), roles={CT: (False, True)})
        asked, _ = peer.ask(a_command(Operation.C_GET, DATA), PATIENT_ID).read_message()
        wrong = a_command(0x8001, e0120=asked.number(MESSAGE_ID) + 1, e0900=0)

        assert ABORTED == peer.ask(wrong, context_id=3).read_pdu()[0]
    assert ["message"] == reasons()


def test_a_peer_that_is_scp_only_stores_nothing(listen):
    """It may be sent instances, and that is what it asked for."""
    services = Services(store=lambda request, peer: pytest.fail("stored"), get={GET: lambda identifier, peer: None})
    with RawPeer(listen(services).port) as peer:
        peer.associate((CT, [IMPLICIT]), roles={CT: (False, True)})
        command, _ = peer.ask(a_command(Operation.C_STORE, DATA), PATIENT_ID).read_message()

        assert 0x0122 == command.number(STATUS)


def test_a_cancel_of_something_else_changes_nothing(listen):
    """Its message ID is not that of the query."""
    seen, may_go_on = threading.Event(), threading.Event()

    def find_two(identifier, peer):
        yield from find_one(identifier, peer)
        seen.set()
        assert may_go_on.wait(20)
        yield from find_one(identifier, peer)

    with RawPeer(listen(Services(find={MWL: find_two})).port) as peer:
        peer.associate((MWL, [IMPLICIT]), (VERIFICATION, [IMPLICIT]))
        peer.ask(a_command(Operation.C_FIND, DATA, 5), PATIENT_ID)
        assert seen.wait(20)
        # The echo is taken after the cancel, so that both are there when the query goes on.
        peer.ask(a_command(Operation.C_CANCEL, message_id=6)).ask(a_command(Operation.C_ECHO), context_id=3)
        echo(peer.socket.getpeername()[1])
        may_go_on.set()

        assert [PENDING, PENDING, 0, 0] == [peer.read_message()[0].number(STATUS) for _ in range(4)]


def test_what_was_received_makes_room_once_it_was_dealt_with(listen, reasons):
    """Also what waited when its peer left."""
    begun, may_end = threading.Event(), threading.Event()

    def find_late(identifier, peer):
        begun.set()
        assert may_end.wait(20)
        return []

    listener = listen(Services(find={MWL: find_late}, store=lambda request, peer: None), receiving_bytes=1500)

    def store(peer: RawPeer) -> int:
        peer.ask(a_command(Operation.C_STORE, DATA), bytes(1000), 3)
        return peer.read_message()[0].number(STATUS)

    with RawPeer(listener.port) as peer:
        peer.associate((MWL, [IMPLICIT]), (CT, [IMPLICIT]))
        assert [0, 0, 0] == [store(peer) for _ in range(3)]
        peer.ask(a_command(Operation.C_FIND, DATA), PATIENT_ID).ask(a_command(Operation.C_STORE, DATA), bytes(1000), 3)
        assert begun.wait(20)
    while not reasons():
        echo(listener.port)
    may_end.set()
    with RawPeer(listener.port) as peer:
        peer.associate((MWL, [IMPLICIT]), (CT, [IMPLICIT]))
        assert 0 == store(peer)
        assert RELEASED == peer.send(RELEASE_RQ).read_pdu()[0]
    assert ["cut"] == reasons()


def test_a_peer_that_answers_no_sub_operation_is_aborted(listen, reasons):
    """C-GET waits no longer than for anything else."""
    instances = iter([Outgoing(CT, "1.2.3", IMPLICIT, PATIENT_ID)])
    listener = listen(Services(get={GET: lambda identifier, peer: Retrieval(1, instances)}), idle_s=0.3)
    with RawPeer(listener.port) as peer:
        peer.associate((GET, [IMPLICIT]), (CT, [IMPLICIT]), roles={CT: (False, True)})
        peer.ask(a_command(Operation.C_GET, DATA), PATIENT_ID)

        assert Operation.C_STORE == peer.read_message()[0].number(0x0100)
        assert ABORTED == peer.read_pdu()[0]
    assert ["idle"] == reasons()


@pytest.mark.parametrize("kind", [2, 3, 6])
def test_a_pdu_that_is_no_requestors_is_answered_with_an_abort(listen, reasons, kind):
    """Before the association and on it: unexpected PDU."""
    listener = listen()
    with RawPeer(listener.port) as early, RawPeer(listener.port) as late:
        late.associate()

        assert [(ABORTED, b"\0\0\2\2")] * 2 == [p.send(a_pdu(kind, bytes(4))).read_pdu() for p in (early, late)]
    assert ["pdu", "pdu"] == reasons()


def test_every_finding_has_its_test():
    """Those named above are there, here or in another room."""
    tests = Path(__file__).parents[1]
    there = {
        name for file in tests.glob("*/test_*.py") for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)
    }

    assert __doc__ is not None
    assert set() == set(re.findall(r"test_\w+", __doc__)) - there
