"""Framing cases F1 to F13: what senders really put on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomfabd.intake.mllp import Discarded, Frame, Framer, Unusable, wrap

A, B = b"MSH|^~\\&|A", b"MSH|^~\\&|B"


def read(*chunks: bytes, max_bytes: int = 1000, ends: bool = False) -> list:
    framer = Framer(max_bytes)
    events = [event for chunk in chunks for event in framer.feed(chunk)]
    return events + (list(framer.end()) if ends else [])


def test_filler_between_frames_is_skipped():
    """F1: NUL, CR, LF and blanks mean nothing."""
    assert [Frame(A), Frame(B)] == read(b"\r\n\0 " + wrap(A) + b"\n\0\r" + wrap(B))


def test_other_bytes_before_a_frame_are_dropped_with_a_word():
    """F2: a log prefix costs a warning, not the message."""
    assert [Discarded("junk", b"2026 INFO "), Frame(A)] == read(b"2026 INFO " + wrap(A))


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"GET / HTTP/1.1\r\n", "http"), (b"\x16\x03\x01\x02", "tls"), (b"x" * 70_000, "junk")],
)
def test_another_protocol_ends_the_connection(data, reason):
    """F2: an answer in HL7 would help nobody."""
    assert [Unusable(reason)] == read(data, max_bytes=200_000)


def test_a_start_inside_a_frame_begins_a_new_message():
    """F4: the first part has no end and gets no answer."""
    assert [Discarded("truncated", A), Frame(B)] == read(b"\x0b" + A + wrap(B))


def test_an_end_without_cr_counts_before_the_next_start():
    """F5: python-hl7 glues two messages here."""
    assert [Frame(A), Frame(B)] == read(b"\x0b" + A + b"\x1c" + wrap(B))


def test_an_end_without_cr_counts_at_silence():
    """F5: nothing follows for a while, or the peer closes."""
    assert [Frame(A)] == read(b"\x0b" + A + b"\x1c", ends=True)


def test_an_end_followed_by_lf_counts():
    """F5 and F6: FS LF, FS CR LF."""
    assert [Frame(A), Frame(B)] == read(b"\x0b" + A + b"\x1c\n" + wrap(B) + b"\n")


def test_a_frame_may_come_byte_by_byte():
    """F8: TCP promises nothing about segments."""
    assert [Frame(A)] == read(*(bytes([byte]) for byte in wrap(A)))


def test_a_connection_that_ends_inside_a_frame_gives_no_message():
    """F9: half a message is never acted on."""
    assert [Discarded("truncated", A)] == read(b"\x0b" + A, ends=True)


def test_a_message_that_is_too_long_ends_the_connection_without_being_kept():
    """F10: it is read to its end and thrown away, so that its sender can read why."""
    (event,) = read(b"\x0b" + A, b"x" * 2000, b"y" * 5000 + b"\x1c\r")

    assert ("oversized", True) == (event.reason, event.head.startswith(A))


def test_an_empty_frame_is_dropped():
    """F11: there is nothing to answer."""
    assert [Discarded("empty", b""), Frame(A)] == read(wrap(b"") + wrap(A))


def test_an_end_byte_inside_the_data_is_data():
    """F12: neither CR nor a start follows."""
    assert [Frame(b"MSH|a\x1cb")] == read(wrap(b"MSH|a\x1cb"))


def test_a_message_without_a_start_is_taken_when_it_ends():
    """F13: people with netcat forget the VT."""
    assert [Frame(A)] == read(A + b"\x1c\r")


@given(
    st.lists(st.binary(max_size=60).filter(lambda b: not set(b) & {0x0B, 0x1C} and b.strip(b"\0\r\n \t"))), st.data()
)
def test_messages_come_out_as_they_went_in_however_they_are_cut(messages, data):
    """Framing is transparent to everything but its own bytes."""
    stream = b"".join(map(wrap, messages))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    chunks = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    assert [Frame(message) for message in messages] == read(*chunks)


@given(st.lists(st.binary(max_size=200)))
def test_no_bytes_break_the_framer_or_make_it_grow(chunks):
    """Whatever comes, at most one message is held."""
    framer = Framer(100)
    for chunk in chunks:
        list(framer.feed(chunk))

    assert len(framer._buffer) <= 300 or any(isinstance(e, Unusable) for e in framer.feed(b""))
