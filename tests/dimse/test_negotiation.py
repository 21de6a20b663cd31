"""What is agreed to."""

import struct

import pytest
from pynetdicom.pdu import A_ASSOCIATE_AC

from dicomfabd.dimse.limits import Reason, Violation
from dicomfabd.dimse.negotiation import Agreement, Offer, Rejected, titles
from dicomfabd.dimse.services import Services
from dicomfabd.domain.commitment import STORAGE_COMMITMENT
from tests.dimse.raw import CT, EXPLICIT, IMPLICIT, MWL, VERIFICATION, a_pdu, associate_rq

GET = "1.2.840.10008.5.1.4.1.2.2.3"
EVERYTHING = Services(
    find={MWL: lambda identifier, peer: []},
    store=lambda request, peer: None,
    get={GET: lambda identifier, peer: None},
    commit=lambda request, peer: None,
    report=lambda report, peer: None,
)


def negotiate(pdu: bytes, services: Services = EVERYTHING, **titles) -> Agreement:
    return Offer(services, 131072, **titles).negotiate(pdu[6:])


def reply_to(pdu: bytes, services: Services = EVERYTHING) -> A_ASSOCIATE_AC:
    reply = A_ASSOCIATE_AC()
    reply.decode(negotiate(pdu, services).reply)
    return reply


def roles_in(reply: A_ASSOCIATE_AC) -> dict[str, tuple[int, int]]:
    items = reply.user_information.role_selection
    return {str(uid): (item.scu_role, item.scp_role) for uid, item in items.items()}


def test_the_first_transfer_syntax_we_know_is_chosen():
    """In the order of the peer."""
    agreement = negotiate(associate_rq([(CT, ["1.2.840.10008.1.2.2", IMPLICIT, EXPLICIT]), (MWL, [EXPLICIT])]))

    assert [(1, CT, IMPLICIT), (3, MWL, EXPLICIT)] == [
        (c.context_id, c.abstract_syntax, c.transfer_syntax) for c in agreement.contexts.values()
    ]


@pytest.mark.parametrize(
    ("abstract", "result"),
    [
        (CT, 0),
        ("1.2.840.10008.5.1.4.1.1.99999", 0),
        ("1.3.46.670589.11.0.0.12.1", 0),
        (MWL, 0),
        ("1.2.840.10008.3.1.2.3.3", 3),
        ("1.2.840.10008.5.1.4.1.2.1.1", 3),
    ],
    ids=["CT", "newer", "private", "worklist", "MPPS", "patient root"],
)
def test_any_object_can_be_stored_and_no_other_service_is_taken_for_one(abstract, result):
    """Also objects newer than we are."""
    (context,) = reply_to(associate_rq([(abstract, [IMPLICIT])])).presentation_context

    assert result == context.result


@pytest.mark.parametrize(
    ("abstract", "services", "asked", "granted"),
    [
        (CT, EVERYTHING, (True, True), (1, 1)),
        (CT, EVERYTHING, (False, True), (0, 1)),
        (CT, Services(store=EVERYTHING.store), (True, True), (1, 0)),
        (CT, Services(store=EVERYTHING.store), (False, True), None),
        (CT, Services(get=EVERYTHING.get), (True, True), (0, 1)),
        (MWL, EVERYTHING, (True, True), (1, 0)),
        (MWL, EVERYTHING, (False, True), None),
        (STORAGE_COMMITMENT, EVERYTHING, (False, True), (0, 1)),
        (STORAGE_COMMITMENT, Services(report=EVERYTHING.report), (True, True), (0, 1)),
        (STORAGE_COMMITMENT, Services(commit=EVERYTHING.commit), (False, True), None),
    ],
)
def test_a_role_is_granted_where_we_have_the_other(abstract, services, asked, granted):
    """PS3.7 D.3.3.4; a context that leaves the peer no role is rejected by the user."""
    reply = reply_to(associate_rq([(abstract, [IMPLICIT])], roles={abstract: asked}), services)

    assert ({abstract: granted} if granted else {}) == roles_in(reply)
    assert [0 if granted else 1] == [context.result for context in reply.presentation_context]


def test_no_role_is_granted_that_was_not_asked_for():
    """The default stands: the peer is SCU."""
    pdu = associate_rq([(CT, [IMPLICIT]), (STORAGE_COMMITMENT, [IMPLICIT])])

    assert {} == roles_in(reply_to(pdu))
    assert [(True, False)] * 2 == [(c.peer_is_scu, c.peer_is_scp) for c in negotiate(pdu).contexts.values()]


def test_the_reply_repeats_what_it_has_to():
    """Titles as they came (PS3.8 Table 9-17), whatever is in them."""
    pdu = bytearray(associate_rq())
    pdu[10:26] = b"\x00\xff../..\\  <b>'\x1b "
    reply = negotiate(bytes(pdu)).reply

    assert pdu[10:74] == reply[10:74]
    assert ("??../..\\  <b>'?", "RAW") == titles(bytes(pdu[6:]))


def test_what_the_peer_takes_in_a_pdu_is_kept_to():
    """0 is no limit; what would hold next to nothing is refused."""
    assert [0, 4096] == [negotiate(associate_rq(longest_pdu=length)).longest_pdu for length in (0, 4096)]
    with pytest.raises(Violation) as error:
        negotiate(associate_rq(longest_pdu=7))
    assert Reason.NEGOTIATION is error.value.reason


@pytest.mark.parametrize(
    ("place", "value", "answer"),
    [(slice(6, 8), b"\0\2", (1, 2, 2)), (slice(78, 83), b"9.9.9", (1, 1, 2))],
    ids=["protocol version", "application context"],
)
def test_another_protocol_is_rejected(place, value, answer):
    """With the reason of PS3.8 Table 9-21."""
    pdu = bytearray(associate_rq())
    pdu[place] = value

    with pytest.raises(Rejected) as error:
        negotiate(bytes(pdu))

    assert (Reason.NEGOTIATION, answer) == (error.value.reason, tuple(error.value.pdu[7:10]))


@pytest.mark.parametrize(
    ("side", "reason", "answer"), [("called", Reason.CALLED, (1, 1, 7)), ("calling", Reason.CALLING, (1, 1, 3))]
)
def test_a_title_is_compared_whole(side, reason, answer):
    """Without its padding, also that of the settings; the rejection says which it was (PS3.8 Table 9-21)."""
    assert negotiate(associate_rq(**{side: "OURS"}), **{side: ["THEIRS", " OURS "]})
    for other in ("OUR", "OURS2", "ours"):
        with pytest.raises(Rejected) as error:
            negotiate(associate_rq(**{side: other}), **{side: ["OURS"]})
        assert (reason, answer) == (error.value.reason, tuple(error.value.pdu[7:10]))


def contexts_of(pdu: bytes) -> bytes:
    """Give the bytes of the first presentation context item."""
    start = pdu.index(b"\x20\x00", 74)
    return pdu[start : start + 4 + struct.unpack_from(">H", pdu, start + 2)[0]]


@pytest.mark.parametrize(
    "change",
    [
        lambda pdu: pdu[:-1],
        lambda pdu: pdu[:60],
        lambda pdu: pdu[:74],
        lambda pdu: pdu.replace(contexts_of(pdu), b""),
        lambda pdu: pdu.replace(contexts_of(pdu), contexts_of(pdu) * 2),
        lambda pdu: pdu.replace(contexts_of(pdu), b"\x20\0\0\4\2" + bytes(3)),
        lambda pdu: pdu.replace(contexts_of(pdu), b"\x99\0\0\0"),
        lambda pdu: pdu.replace(contexts_of(pdu), b"".join(b"\x20\0\0\4" + bytes([n, 0, 0, 0]) for n in range(256))),
    ],
    ids=[
        "cut",
        "cut in its titles",
        "no items",
        "no context",
        "an ID twice",
        "an even ID",
        "unknown item",
        "too many contexts",
    ],
)
def test_a_malformed_request_is_a_violation(change):
    """Never something else."""
    with pytest.raises(Violation) as error:
        negotiate(change(associate_rq()))
    assert Reason.PDU is error.value.reason


def test_as_many_contexts_as_there_can_be_are_answered():
    """128, of which the PDU is still short enough."""
    syntaxes = [f"1.2.840.10008.1.2.4.{n}" for n in range(50, 70)] + [EXPLICIT]
    pdu = associate_rq([(f"1.2.840.10008.5.1.4.1.1.{n + 1}", syntaxes) for n in range(128)])

    assert 128 == len(negotiate(pdu).contexts)
    assert len(pdu) < 131072
    assert a_pdu(1, pdu[6:]) == pdu


def test_only_echoes_are_agreed_to_where_nothing_is_offered():
    """C-ECHO is offered always."""
    pdu = associate_rq([(VERIFICATION, [IMPLICIT]), (CT, [IMPLICIT]), (STORAGE_COMMITMENT, [IMPLICIT])])

    assert [0, 3, 3] == [context.result for context in reply_to(pdu, Services()).presentation_context]
