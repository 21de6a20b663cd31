"""What holds for any bytes: PDUs, command sets, identifiers."""

from hypothesis import given
from hypothesis import strategies as st

from dicomfabd.dimse.command import Command, encode
from dicomfabd.dimse.pdu import Outbound, PduBuffer, fragments, p_data
from tests.dimse.raw import EXPLICIT, IMPLICIT, associate_rq
from tests.fuzz import dicom

LENGTHS = st.lists(st.integers(1, 300), max_size=5)


@st.composite
def spoiled(draw, seeds):
    """Give a seed of which pieces were replaced, doubled or left out."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        data[start : start + draw(st.integers(0, 9))] = draw(st.binary(max_size=12))
    return bytes(data)


@given(spoiled(dicom.conversations()), LENGTHS)
def test_a_spoiled_conversation_is_the_same_however_it_is_cut(stream, lengths):
    """And nothing of it is held in the end."""
    dicom.check_conversation(stream, lengths)


@given(st.binary(max_size=300), LENGTHS)
def test_any_bytes_are_a_conversation_or_a_violation(stream, lengths):
    """From the first PDU, and behind an association."""
    dicom.check_conversation(stream, lengths)
    dicom.check_conversation(associate_rq() + stream, lengths)


@given(st.one_of(spoiled(dicom.identifiers()), st.binary(max_size=100)), st.sampled_from([IMPLICIT, EXPLICIT]))
def test_any_identifier_is_read_or_refused(encoded, syntax):
    """Nothing else is raised, and nothing is deeper than may be."""
    dicom.check_identifier(encoded, syntax)


@given(spoiled(dicom.attribute_lists()), st.sampled_from([IMPLICIT, EXPLICIT]))
def test_any_attribute_list_is_a_performed_step_or_refused(encoded, syntax):
    """Also where its values are of other value representations than they should be."""
    dicom.check_attributes(encoded, syntax)


@given(st.binary(max_size=100))
def test_any_command_set_is_read_or_a_violation(encoded):
    """With a whole one before it, too."""
    dicom.check_command(encoded)
    dicom.check_command(encode({0x0100: 0x0030, 0x0110: 1, 0x0800: 0x0101}) + encoded)


ELEMENTS = st.dictionaries(
    st.integers(1, 0xFFFF).filter(lambda e: e not in (0x0100, 0x0110, 0x0120, 0x0800)),
    st.one_of(st.integers(0, 0xFFFF), st.binary(max_size=40).map(lambda b: b + b[:1] if len(b) % 2 else b)),
)


@given(ELEMENTS)
def test_a_command_set_is_read_as_it_was_written(elements):
    """Numbers as numbers, behind their group length."""
    written = elements | {0x0100: 0x0020, 0x0110: 7, 0x0800: 0x0001}

    encoded = encode(written)

    read = dict(Command.decode(encoded).elements)
    assert len(encoded) - 12 == int.from_bytes(read.pop(0), "little")
    assert {e: v if isinstance(v, bytes) else v.to_bytes(2, "little") for e, v in written.items()} == read


@given(st.binary(min_size=1, max_size=2000), st.binary(max_size=3000), st.integers(7, 500).map(lambda n: n + 6))
def test_a_message_is_whole_after_it_was_cut_into_pdus(command, data, longest):
    """No PDU is longer than the peer takes, whatever that is."""
    buffer = PduBuffer(4096)
    said = {True: b"", False: b""}
    ends = []
    for piece in p_data([Outbound(5, command, data)], longest):
        rest = piece
        while rest:
            space = buffer.space()
            size = min(len(space), len(rest))
            space[:size], rest = rest[:size], rest[size:]
            buffer.filled(size)
            for _, body in buffer.pdus():
                assert len(body) <= longest
                for fragment in fragments(body):
                    assert 5 == fragment.context_id
                    said[fragment.is_command] += bytes(fragment.data)
                    ends += [fragment.is_command] if fragment.is_last else []

    assert {True: command, False: data} == said
    assert [True, False][: 2 if data else 1] == ends
