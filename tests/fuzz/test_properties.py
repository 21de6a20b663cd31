"""Any bytes at all, as hypothesis invents them; `make fuzz` asks the same of a million more."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.hostile import PARSED, STREAMS
from tests.fuzz.properties import (
    check_framing,
    check_reading,
    check_text,
    check_unescape,
    check_wrapped,
    corpus,
    cut,
    events_of,
)

# The same inputs every time, so that a failure is the change's and not the day's; `explore` looks further.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=300)
settings.register_profile("explore", deadline=None, max_examples=20_000, suppress_health_check=[HealthCheck.too_slow])
CHOSEN = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

LENGTHS = st.lists(st.integers(1, 40), max_size=4)
LIMITS = st.integers(8, 300)
FRAMING = [b"\x0b", b"\x1c", b"\x1c\r", b"\r", b"\n", b"\0"]
OPENINGS = [b"MSH|^~\\&|", b"GET ", b"\x16\x03\x01", b"x"]
WIRE = st.lists(st.one_of(st.sampled_from(FRAMING + OPENINGS), st.binary(max_size=30)), max_size=12).map(b"".join)
SIGNS = [b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n", b"\r\n", b"\\X", b"\\F\\", b'""', b"\0", b"\xff"]
SEGMENTS = [b"MSH|", b"ORC|NW|1\r", b"OBR|1\r", b"PID|1||1\r", b"IPC|1\r", b"ZDS|1\r", b"MRG|1\r"]
WORDS = [b"\x1b$B", b"\x1b(B", b"\xef\xbb\xbf", b"99999999999999", b"QQ", b"CA", b"SC", b"CM", b"ADT^A40"]
PIECES = st.sampled_from(SIGNS + SEGMENTS + WORDS)
ISO = ["8859/1", "8859/7", "ASCII", "ISO IR14", "~ISO IR87", "ISO IR87~ISO IR159", "ISO IR 999", "~~~", ""]
WIDE = ["UNICODE UTF-8", "UNICODE", "BIG-5", "GB 18030-2000", "KS X 1001", "CNS 11643-1992", "CP1250", "CP9999"]
SETS = st.sampled_from(ISO + WIDE)


@st.composite
def mutated(draw: Any) -> bytes:
    """Take a message of the corpus and spoil it in up to five places."""
    message = bytearray(draw(st.sampled_from(corpus())))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(message)))
        length = draw(st.integers(0, 60))
        piece = draw(st.one_of(PIECES, st.binary(max_size=8), st.just(bytes(message[start : start + length]) * 2)))
        message[start : start + draw(st.sampled_from([0, length]))] = piece
    return bytes(message)


@CHOSEN
@given(WIRE, LENGTHS, LIMITS)
def test_a_stream_gives_the_same_messages_however_it_is_cut(stream: bytes, lengths: list[int], limit: int) -> None:
    """TCP promises nothing about pieces, and no more is held than a message may be long."""
    check_framing(stream, lengths, limit)


@CHOSEN
@given(mutated(), LENGTHS)
def test_a_wrapped_message_comes_out_as_it_went_in(message: bytes, lengths: list[int]) -> None:
    """Framing is transparent to everything but its own bytes."""
    check_wrapped(message, lengths)


@CHOSEN
@given(st.binary(max_size=400))
def test_any_bytes_have_one_reading(raw: bytes) -> None:
    """Never an exception, always a code, and an answer that others can read."""
    check_reading(raw)


FOUND = {
    "a digit that is no decimal one in the version": b"MSH|^~\\&|RIS|HOSP|||1||ORM^O01|C1|T|2.\xb3\r",
    "more digits in the version than a number may have": b"MSH|^~\\&|RIS|HOSP|||1||ORM^O01|C1|T|" + b"2" * 5000 + b"\r",
    "an end byte in the control ID": b"MSH|^~\\&|RIS|HOSP|||1||ORM^O01|C1\x1c|T|2.5\r",
    "a tilde between fields and no repetition sign": b"MSH~^\r",
    "a tilde between fields, bars elsewhere": b"MSH~^~\\&|RIS|HOSP|||1||ORM^O01|C1|T|2.5\r",
    "a letter between fields": b"MSH7^~\\&7RIS7HOSP777777C|1^2|7T72.5\r",
    "an encoding character outside ASCII": b"MSH|^\x8a\\&|RIS|HOSP|||1||ORM^O01|C1|T|2.5|||||JPN|~ISO IR87\rORC|NW|1\r",
    "a version of UTF-16 without a mark": "MSH|^~\\&|RIS|HOSP|||1||ORM^O01|C1|T|2.5\r".encode("utf-16-be"),
}


@pytest.mark.parametrize("shape", FOUND)
def test_what_fuzzing_found_has_one_reading(shape: str) -> None:
    """So that it is found once."""
    check_reading(FOUND[shape])


@CHOSEN
@given(st.lists(st.one_of(PIECES, st.binary(max_size=12))).map(b"".join))
def test_anything_behind_a_header_has_one_reading(rest: bytes) -> None:
    """Deeper than bytes that are no HL7 at all ever come."""
    check_reading(b"MSH|^~\\&|RIS|HOSP|||20260302||ORM^O01|C1|T|2.5\r" + rest)


@CHOSEN
@given(mutated())
def test_a_spoiled_message_has_one_reading(raw: bytes) -> None:
    """Whatever became of the messages of tests/messages on their way."""
    check_reading(raw)


@CHOSEN
@given(st.one_of(st.binary(max_size=300), mutated()), SETS, st.sampled_from(["", "cp1250", "iso2022_jp", "utf-16"]))
def test_any_bytes_are_text_in_some_character_set(raw: bytes, declared: str, undeclared: str) -> None:
    """A character set is never a reason to refuse."""
    check_text(raw, declared, undeclared)


@CHOSEN
@given(st.text("\\FSRTEXHNZC.br0123456789abcdef|^~& ", max_size=200))
def test_escapes_never_make_a_value_longer(value: str) -> None:
    r"""`\X41\` is four characters fewer; what is no escape stays as it is."""
    check_unescape(value)


def test_every_message_of_the_corpus_keeps_the_properties() -> None:
    """As it stands."""
    for message in corpus():
        check_reading(message)
        check_wrapped(message, [7])


@pytest.mark.parametrize("shape", PARSED)
def test_a_message_made_to_be_slow_has_one_reading(shape: str) -> None:
    """At a size that does not matter; `make fuzz` sends them as long as they may be."""
    check_reading(PARSED[shape](20_000))


@pytest.mark.parametrize("shape", STREAMS)
def test_a_stream_made_to_be_slow_is_cut_like_any_other(shape: str) -> None:
    """At a size that does not matter; `make fuzz` sends them as long as they may be."""
    stream = STREAMS[shape](20_000)

    assert events_of([stream], 50_000) == events_of(cut(stream, [1460]), 50_000)
