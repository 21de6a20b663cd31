"""N-CREATE and N-SET as messages: what is negotiated, bounded and refused before anybody looks into a step."""

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE

from dicomfabd.dimse import datasets
from dicomfabd.dimse.command import AFFECTED_SOP_CLASS, AFFECTED_SOP_INSTANCE, STATUS, Operation
from dicomfabd.dimse.performed import decode_attributes
from dicomfabd.dimse.services import PerformedHandlers, Services
from dicomfabd.domain.performed import MODALITY_PERFORMED_PROCEDURE_STEP as MPPS
from dicomfabd.domain.performed import StepFault, StepRefused, begun
from tests.dimse.raw import CT, DATA, EXPLICIT, IMPLICIT, NO_DATA, RawPeer, a_command
from tests.performed import a_beginning, an_item, attributes_of, modality


def performed(create=lambda uid, attributes, peer: None, change=lambda uid, attributes, peer: ()):
    return Services(performed=PerformedHandlers(create, change))


def asked(port, data=b"", uid=b"1.2.9", syntax=EXPLICIT, data_set=DATA):
    """Send an N-CREATE by the byte, and give the status of the answer."""
    names = {f"e{AFFECTED_SOP_CLASS:04x}": MPPS.encode(), f"e{AFFECTED_SOP_INSTANCE:04x}": uid}
    with RawPeer(port) as peer:
        peer.associate((MPPS, [syntax]))
        peer.ask(a_command(Operation.N_CREATE, data_set, **names), data)
        command, _ = peer.read_message()
        assert uid.rstrip(b"\0") == command.elements.get(AFFECTED_SOP_INSTANCE, b"").rstrip(b"\0")
        return command.number(STATUS)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_a_step_is_handed_on(listen, syntax):
    """With its UID, its attributes, and who tells."""
    told = []
    listener = listen(performed(lambda *arguments: told.append(arguments)))

    assert 0 == asked(listener.port, datasets.encode(a_beginning(), syntax), syntax=syntax)
    ((uid, attributes, peer),) = told
    assert ("1.2.9", "CT01", "RAW") == (uid, attributes["00400241"]["Value"][0], peer.calling_ae_title)


def test_performed_steps_are_negotiated_only_where_they_are_taken(listen):
    """The abstract syntax is not supported elsewhere."""
    entity = AE("CT01")
    entity.add_requested_context(MPPS)
    association = entity.associate("127.0.0.1", listen(Services(store=lambda *_: None)).port)

    assert [(MPPS, 3)] == [(str(c.abstract_syntax), c.result) for c in association.rejected_contexts]
    association.release()


def test_a_step_on_another_context_is_refused(listen):
    """0122: nobody offered it there."""
    services = Services(store=lambda *_: None, performed=performed().performed)
    with RawPeer(listen(services).port) as peer:
        peer.associate((CT, [EXPLICIT]))
        peer.ask(a_command(Operation.N_CREATE, DATA), datasets.encode(a_beginning(), EXPLICIT))
        assert 0x0122 == peer.read_message()[0].number(STATUS)


@pytest.mark.parametrize("uid", [b"", b"1.02.3", b"2.25." + b"1" * 60, b"DROP TABLE"])
def test_a_uid_that_is_none_is_refused(listen, uid):
    """0117; whoever makes images names the step in them, so we choose no UID for anybody."""
    listener = listen(performed(lambda *_: pytest.fail("handed on")))

    assert 0x0117 == asked(listener.port, datasets.encode(a_beginning(), EXPLICIT), uid=uid)


def nested(deep):
    item = Dataset()
    for _ in range(deep):
        item = an_item(ReferencedStudySequence=[item])
    return datasets.encode(item, EXPLICIT)


@pytest.mark.parametrize(
    "data",
    [b"\x08\0\x60\0CS", nested(20), b"\x08\0\x60\0CS\x02\0CT" * 140_000],
    ids=["cut off", "nested", "many"],
)
def test_an_attribute_list_that_is_none_is_refused(listen, data):
    """0106, before anything is built of it."""
    listener = listen(performed(lambda *_: pytest.fail("handed on")))

    assert 0x0106 == asked(listener.port, data)


def test_a_message_without_attributes_is_refused(listen):
    """There is nothing to begin with."""
    listener = listen(performed(lambda *_: pytest.fail("handed on")))

    assert 0x0106 == asked(listener.port, data_set=NO_DATA)


def test_an_attribute_list_is_as_long_as_it_may_be(listen, sink):
    """A longer one ends the association, whatever it says; no other message may be that long."""
    listener = listen(performed(), performed_bytes=1000)
    with RawPeer(listener.port) as peer:
        peer.associate((MPPS, [EXPLICIT]))
        peer.ask(a_command(Operation.N_SET, DATA), bytes(1002))
        assert 7 == peer.read_pdu()[0]

    assert "message" == sink.named("dicom.association_closed")[0]["reason"]


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00400252, "US", 1),
        (0x00400252, "SQ", [an_item(PatientID="x")]),
        (0x00400270, "LO", "x"),
        (0x00400340, "OB", b"xx"),
        (0x00400244, "UN", b"2026"),
    ],
)
def test_a_value_of_another_vr_is_no_bug_of_ours(listen, sink, tag, vr, value):
    """It is none, so it is missing or wrong."""
    listener = listen(performed(lambda uid, attributes, peer: begun(uid, attributes)))
    ds = a_beginning()
    del ds[tag]
    ds.add_new(tag, vr, value)

    assert asked(listener.port, datasets.encode(ds, EXPLICIT)) in (0x0000, 0x0106, 0x0120, 0x0121)
    assert [] == sink.named("dicom.request_failed")


def test_group_lengths_are_no_attributes():
    """They are retired; an N-SET with one sets nothing that was not created."""
    length = b"\x08\0\0\0UL\x04\0\x64\0\0\0"

    assert attributes_of(a_beginning()) == decode_attributes(
        length + datasets.encode(a_beginning(), EXPLICIT), EXPLICIT
    )


def test_no_answer_names_more_attributes_than_a_command_set_holds(listen):
    """Of a thousand that may not be set, some."""
    tags = tuple(0x00090000 + number for number in range(1000))
    listener = listen(performed(change=lambda *_: tags))
    with modality(listener.port) as scu:
        answer = scu.set()

    assert (0x0107, list(tags[:100])) == (answer.Status, list(answer.AttributeIdentifierList))


def test_a_refusal_names_the_attributes_it_is_about(listen):
    """By tag, group first."""

    def refuse(*_):
        raise StepRefused(StepFault.MISSING, "Modality is missing", (0x00080060, 0x00400253))

    listener = listen(performed(change=refuse))
    with modality(listener.port) as scu:
        answer = scu.set()

    assert (0x0120, [0x00080060, 0x00400253]) == (answer.Status, list(answer.AttributeIdentifierList))


def test_a_refusal_without_attributes_names_none(listen):
    """And says why."""

    def refuse(*_):
        raise StepRefused(StepFault.INVALID, "too much")

    with modality(listen(performed(refuse)).port) as scu:
        answer = scu.create()

    assert (0x0106, "too much", False) == (answer.Status, answer.ErrorComment, "AttributeIdentifierList" in answer)
