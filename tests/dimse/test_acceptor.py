"""The association without sockets: bytes in, events out."""

import struct

import pytest

from dicomfabd.dimse.acceptor import Aborted, Acceptor, Asked, ReleaseAsked, State
from dicomfabd.dimse.command import Operation
from dicomfabd.dimse.limits import Budget, Limits, Reason, Violation
from dicomfabd.dimse.message import Message
from dicomfabd.dimse.negotiation import Offer
from dicomfabd.dimse.services import Services
from tests.dimse.raw import (
    CT,
    DATA,
    ECHO,
    IMPLICIT,
    RELEASE_RQ,
    VERIFICATION,
    a_command,
    a_fragment,
    a_pdu,
    associate_rq,
)

ABORT = a_pdu(7, bytes(4))
SERVICES = Services(store=lambda request, peer: None)
CONTEXTS = ((VERIFICATION, [IMPLICIT]), (CT, [IMPLICIT]))


class Side:
    """An acceptor, fed."""

    def __init__(self, **limits) -> None:
        self.limits = Limits(**limits)
        self.budget = Budget(self.limits.receiving_bytes)
        self.acceptor = Acceptor(SERVICES, self.limits, self.budget)

    def opened(self) -> "Side":
        (asked,) = self.feed(associate_rq(CONTEXTS))
        self.acceptor.agree(Offer(SERVICES, self.limits.pdu_bytes).negotiate(asked))
        return self

    def feed(self, data: bytes, at_once: int = 1 << 30) -> list:
        events = []
        while data:
            space = self.acceptor.space()
            size = min(len(space), at_once, len(data))
            space[:size] = data[:size]
            data = data[size:]
            events += self.acceptor.filled(size)
        return events

    def violation(self, *pdus: bytes) -> Violation:
        with pytest.raises(Violation) as error:
            self.feed(b"".join(pdus))
        return error.value


@pytest.mark.parametrize("at_once", [1, 7, 100, 1 << 20])
def test_a_conversation_is_understood_however_it_is_cut(at_once):
    """Bytes come as the network likes."""
    side = Side().opened()
    store = a_command(Operation.C_STORE, DATA, message_id=2)
    data = bytes(range(256)) * 10
    said = [ECHO, a_fragment(store, context_id=3), a_fragment(data[:999], 0, 3), a_fragment(data[999:], 2, 3)]

    events = side.feed(b"".join(said) + RELEASE_RQ, at_once)

    first, second, last = events
    assert (Operation.C_ECHO, b"") == (first.command.operation, first.data)
    assert (Operation.C_STORE, data, 3) == (second.command.operation, second.data, second.context_id)
    assert isinstance(last, ReleaseAsked)
    assert len(data) == side.budget.held


def test_command_and_data_may_share_a_pdu():
    """Several fragments in one P-DATA (PS3.8 §9.3.5)."""
    store = a_command(Operation.C_STORE, DATA)
    both = a_fragment(store, context_id=3)[6:] + a_fragment(b"data", 2, 3)[6:]

    (message,) = Side().opened().feed(a_pdu(4, both))

    assert b"data" == message.data


UNEXPECTED = {
    State.WAITING: ("AC", "RJ", "P-DATA", "RELEASE-RQ", "RELEASE-RP"),
    State.ASKED: ("RQ", "AC", "RJ", "P-DATA", "RELEASE-RQ", "RELEASE-RP"),
    State.OPEN: ("RQ", "AC", "RJ", "RELEASE-RP"),
    State.RELEASING: ("RQ", "AC", "RJ", "P-DATA", "RELEASE-RQ", "RELEASE-RP"),
}
PDUS = {
    "RQ": associate_rq(),
    "AC": a_pdu(2, bytes(80)),
    "RJ": a_pdu(3, bytes(4)),
    "P-DATA": ECHO,
    "RELEASE-RQ": RELEASE_RQ,
    "RELEASE-RP": a_pdu(6, bytes(4)),
}


def in_state(state: State) -> Side:
    side = Side()
    if state is State.ASKED:
        side.feed(associate_rq(CONTEXTS))
    elif state is not State.WAITING:
        side.opened()
        side.feed(RELEASE_RQ if state is State.RELEASING else b"")
    assert state is side.acceptor.state
    return side


@pytest.mark.parametrize(("state", "name"), [(state, name) for state, names in UNEXPECTED.items() for name in names])
def test_a_pdu_out_of_turn_is_a_violation(state, name):
    """Unexpected PDU, whatever it is and whenever (PS3.8 Table 9-10, AA-8)."""
    violation = in_state(state).violation(PDUS[name])

    assert (Reason.PDU, 2) == (violation.reason, violation.diagnostic)


@pytest.mark.parametrize("state", list(UNEXPECTED))
def test_an_abort_may_come_at_any_time(state):
    """And nothing after it is looked at."""
    side = in_state(state)

    assert [Aborted] == [type(event) for event in side.feed(ABORT + ECHO)]
    assert State.ENDED is side.acceptor.state


@pytest.mark.parametrize(
    ("pdu", "reason"),
    [
        (struct.pack(">BBI", 1, 0, 0xFFFFFFF0), Reason.PDU),
        (b"GET / HTTP/1.1\r\n", Reason.PDU),
        (bytes(6), Reason.PDU),
        (b"\x16\x03\x01\x02\x00\x01", Reason.PDU),
    ],
    ids=["4 GiB", "HTTP", "NUL", "TLS"],
)
def test_what_begins_no_association_is_refused_by_its_header(pdu, reason):
    """Before the rest arrives."""
    assert reason is Side().violation(pdu).reason


def test_a_pdu_may_be_as_long_as_peers_are_told_and_no_longer():
    """pdu_bytes, of what follows its header."""
    side = Side(pdu_bytes=5000).opened()
    begun = a_fragment(a_command(Operation.C_STORE, DATA), context_id=3)

    assert [] == side.feed(begun + a_fragment(bytes(5000 - 6), 0, 3))
    assert Reason.PDU is side.violation(a_fragment(bytes(5000 - 5), 0, 3)[:6]).reason


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([a_pdu(4, b"")], Reason.PDU),
        ([a_pdu(4, bytes(5))], Reason.PDU),
        ([a_pdu(4, struct.pack(">IBB", 1, 1, 3))], Reason.PDU),
        ([a_pdu(4, struct.pack(">IBB", 100, 1, 3))], Reason.PDU),
        ([a_fragment(b"", 3, context_id=99)], Reason.MESSAGE),
        ([a_fragment(b"", 2)], Reason.MESSAGE),
        ([a_fragment(b"", 3)], Reason.MESSAGE),
        ([a_fragment(b"junk" * 10, 3)], Reason.MESSAGE),
        ([a_fragment(b"x", 1), a_fragment(b"x", 1, context_id=3)], Reason.MESSAGE),
        ([a_fragment(a_command(Operation.C_STORE, DATA)), ECHO], Reason.MESSAGE),
        ([a_fragment(a_command(Operation.C_STORE, DATA)), RELEASE_RQ], Reason.MESSAGE),
        ([a_fragment(bytes(16_385), 1)], Reason.MESSAGE),
        ([*[a_fragment(bytes(1000), 1)] * 17], Reason.MESSAGE),
        ([a_fragment(a_command(Operation.C_FIND, DATA)), *[a_fragment(bytes(100_000), 0)] * 3], Reason.MESSAGE),
    ],
    ids=[
        "no fragment",
        "half a header",
        "too short",
        "too long",
        "context not accepted",
        "data before a command",
        "empty command",
        "junk command",
        "two contexts",
        "command within data",
        "release within a message",
        "long command",
        "endless command",
        "endless identifier",
    ],
)
def test_a_malformed_message_is_a_violation(said, reason):
    """And what was held of it is given back once the association ends."""
    side = Side().opened()

    assert reason is side.violation(*said).reason
    side.acceptor.end()
    assert 0 == side.budget.held


def test_an_instance_longer_than_may_be_is_refused_before_it_is_held():
    """instance_bytes."""
    side = Side(instance_bytes=1000).opened()
    begun = a_fragment(a_command(Operation.C_STORE, DATA), context_id=3)

    assert Reason.MESSAGE is side.violation(begun, a_fragment(bytes(600), 0, 3), a_fragment(bytes(600), 0, 3)).reason
    assert 600 == side.budget.held


def test_all_associations_together_hold_no_more_than_may_be():
    """receiving_bytes; what one gives back another may take."""
    side = Side(receiving_bytes=1000).opened()
    other = Side()
    other.budget = side.budget
    other.acceptor = Acceptor(SERVICES, side.limits, side.budget)
    other.opened()
    begun = a_fragment(a_command(Operation.C_STORE, DATA), context_id=3)
    side.feed(begun + a_fragment(bytes(700), 0, 3))

    assert Reason.BUSY is other.violation(begun, a_fragment(bytes(700), 0, 3)).reason
    other.acceptor.end()
    side.acceptor.end()
    assert 0 == side.budget.held


def test_a_listener_that_keeps_nothing_takes_no_long_data_set():
    """A C-STORE where it is not offered is as short as an identifier."""
    side = Side()
    side.acceptor = Acceptor(Services(), side.limits, side.budget)
    side.opened()
    long = [a_fragment(bytes(100_000), 0, 1)] * 3

    assert Reason.MESSAGE is side.violation(a_fragment(a_command(Operation.C_STORE, DATA)), *long).reason


@pytest.mark.parametrize(("services", "reason"), [(Services(commit=print), None), (SERVICES, Reason.MESSAGE)])
def test_a_list_of_instances_may_be_longer_than_an_identifier(services, reason):
    """Where commitment is offered, and up to references_bytes."""
    side = Side(identifier_bytes=1000, references_bytes=2000)
    side.acceptor = Acceptor(services, side.limits, side.budget)
    side.opened()
    begun = a_fragment(a_command(Operation.N_ACTION, DATA))
    if reason:
        assert reason is side.violation(begun, a_fragment(bytes(1001), 0)).reason
    else:
        side.feed(begun + a_fragment(bytes(2000), 0))
        assert Reason.MESSAGE is side.violation(a_fragment(b"x", 0)).reason


def test_a_half_sent_pdu_is_known_for_one():
    """So that its end can be waited for."""
    side = Side().opened()
    states = []
    for data in (ECHO, ECHO[:5], ECHO[5:], a_fragment(a_command(Operation.C_STORE, DATA), context_id=3)):
        side.feed(data)
        states.append(side.acceptor.is_inside)

    assert [False, True, False, True] == states


def test_events_are_of_their_kinds():
    """What was asked for first."""
    side = Side()

    assert [Asked] == [type(event) for event in side.feed(associate_rq())]
    assert [Message] == [type(event) for event in Side().opened().feed(ECHO)]
