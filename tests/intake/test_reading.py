"""The ACK decision for message cases M1 to M20 that need no store."""

from dataclasses import replace
from datetime import UTC, datetime

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomfabd.domain.draft import Choices
from dicomfabd.domain.servable import problems
from dicomfabd.intake.reading import Reader
from tests.builders import an_order, an_orm


def reader() -> Reader:
    return Reader(Choices(lambda _procedure, service: service or "OT"), now=lambda: datetime(2026, 3, 2, tzinfo=UTC))


def answer(raw: bytes) -> str:
    it = reader()
    (reading,) = it.read(raw)
    return it.answer(reading.header, reading.code, reading.faults).decode()


def test_an_order_is_answered_aa():
    """MSA-2 is MSH-10, sender and receiver change places."""
    segments = answer(an_orm("CTRL7")).split("\r")

    assert segments[0].startswith("MSH|^~\\&|FAB|LAB|RIS|HOSP|20260302000000+0000||ACK^O01^ACK|")
    assert segments[0].endswith("|T|2.5.1")
    assert ["MSA|AA|CTRL7", ""] == segments[1:]


def test_the_answer_is_an_hl7_message_to_others():
    """python-hl7 reads it."""
    parsed = hl7.parse(answer(an_orm(control="QQ")))

    assert "AE" == str(parsed.segment("MSA")[1])
    assert "103" == str(parsed.segment("ERR")[3][0][0])


@pytest.mark.parametrize(
    ("change", "code", "error"),
    [
        ((b"ORM^O01", b""), "AE", "MSH^1^9|101"),
        ((b"ORM^O01", b"ZZZ^Z99"), "AR", "MSH^1^9^1^1|200"),
        ((b"ORM^O01", b"ORM^O99"), "AR", "MSH^1^9^1^2|201"),
        ((b"P1^^^HOSP^MR", b""), "AE", "PID^1^3|101"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(change, code, error):
    """ERR-2 and ERR-3 (HL7 v2.5.1 §2.15.5)."""
    segments = answer(an_orm().replace(*change)).split("\r")

    assert f"MSA|{code}|M1|" in segments[1]
    assert segments[2].startswith(f"ERR||{error}^")


def test_what_is_no_hl7_is_rejected():
    """M1: a generic header, no control ID."""
    segments = answer(b"hello world").split("\r")

    assert segments[0].startswith("MSH|^~\\&|")
    assert segments[1].startswith("MSA|AR||")
    assert segments[2].startswith("ERR||MSH^1|100^")


def test_unusable_delimiters_are_an_error_in_the_content():
    """M18: the header can still be cut, so the answer names the message."""
    segments = answer(an_orm("CTRL8").replace(b"|^~\\&|", b"|^^~\\|")).split("\r")

    assert segments[1].startswith("MSA|AE|CTRL8|")
    assert segments[2].startswith("ERR||MSH^1^2|100^")


def test_old_versions_get_the_old_error_segment():
    """Before 2.5, ERR-1 holds segment, sequence, field and the coded condition."""
    segments = answer(an_orm(control="QQ", version="2.3")).split("\r")

    assert "ERR|ORC^1^1^103&Table value not found&HL70357" == segments[2]
    assert "|ACK|" in segments[0]


def test_the_senders_delimiters_are_used():
    """An answer in other delimiters would not be read."""
    raw = an_orm().replace(b"|^~\\&|", b"|*~\\&|").replace(b"ORM^O01", b"ORM*O01")

    assert answer(raw).startswith("MSH|*~\\&|FAB|LAB|RIS|HOSP|")


def test_no_value_of_the_message_is_repeated_in_a_text():
    """Texts end in logs; a name must not."""
    raw = an_orm(control="SECRET^NAME")

    assert "SECRET" not in answer(raw)


def test_an_acknowledgment_is_never_answered():
    """M4: two receivers would talk for ever."""
    assert "" == reader().read(an_orm().replace(b"ORM^O01", b"ACK^O01"))[0].code


def test_a_resend_with_a_new_time_stamp_is_the_same_message():
    """Everything but MSH counts."""
    (first,), (second,) = reader().read(an_orm()), reader().read(an_orm().replace(b"20260302120000", b"20260302120500"))
    (other,) = reader().read(an_orm(procedure="XRKN^XR KNEE^L"))

    assert first.body_hash == second.body_hash != other.body_hash


@given(st.binary(max_size=500), st.integers(0, 400), st.integers(0, 400))
def test_every_mutation_of_an_order_gets_an_answer(noise, start, length):
    """Never an exception, always a code."""
    raw = an_orm()
    readings = reader().read(raw[:start] + noise + raw[start + length :])

    assert readings
    assert all(reading.code in ("AA", "AE", "AR", "") for reading in readings)


def test_two_messages_in_one_frame_are_two_messages():
    """Also without the wrapping of a batch: one answer for both would lose the second."""
    readings = reader().read(an_orm("M1", "A1") + an_orm("M2", "A2"))

    assert ["M1", "M2"] == [reading.header.control_id for reading in readings]


@pytest.mark.parametrize(
    ("change", "is_quarantined"),
    [
        ((b"P1^^^HOSP^MR", b""), True),
        ((b"P1^^^HOSP^MR", b"P\\E\\1^^^HOSP^MR"), True),
        ((b"XRCH^XR CHEST 2 VIEWS^L", b"^\\X07\\"), True),
        ((b"ORM^O01", b"ORM^O99"), False),
        ((b"ORC|NW", b"ORC|QQ"), False),
    ],
)
def test_an_order_no_modality_could_show_is_for_people_to_look_at(change, is_quarantined):
    """An empty or unusable type 1 attribute; what is wrong with the message itself, its sender alone can mend."""
    (reading,) = reader().read(an_orm().replace(*change))

    assert ("A", is_quarantined) == (reading.code[:1], reading.is_quarantined)
    assert () == reading.requests
    assert reading.faults


def test_what_a_message_says_of_a_patient_fits_every_item_of_theirs():
    """An ADT changes open orders; its identifiers and names must not be what a modality chokes on."""
    raw = (
        "MSH|^~\\&|ADT|HOSP|FAB|LAB|20260302||ADT^A08|M1|T|2.5.1\r"
        "PID|1||P1^^^HOSP~P\\E\\2||Doe^Jane||1980|U|||Str\\X0D\\. 1||" + "1" * 40 + "\r"
        "PV1|1|O\r"
    )
    (reading,) = reader().read(raw.encode())
    (change,) = reading.requests

    assert () == problems(replace(an_order(), patient=change.patient))


def test_a_number_that_is_attached_fits_the_items_of_its_order():
    """And is the one the whole order would have had."""
    (reading,) = reader().read(an_orm(control="NA").replace(b"FL-A1", b"F\\E\\" + b"1" * 80))
    (request,) = reading.requests

    assert "F " + "1" * 62 == request.keys.filler_order_number
