"""Where the values of an order stood in its message."""

from datetime import datetime

import pytest

from dicomfabd.domain.draft import Choices
from dicomfabd.intake import dissecting, er7
from dicomfabd.intake.provenance import LONGEST_MESSAGE, sources
from dicomfabd.intake.reading import Reader

NOON = datetime.fromisoformat("2026-11-26T12:00:00+00:00")
ORDER = "\r".join(
    (
        r"MSH|^~\&|RIS|HOSP|||20261126120000||ORM^O01|M1|T|2.5.1",
        "PID|||P1^^^HOSP^MR||DOE^JANE~ROE^JANE||19580314|F",
        "ORC|NW|PL1|FL1||||^^^20261126130000^^R",
        "OBR|1|PL1|FL1|CTCH^CT CHEST^L||||||||||||||A1||||||CT|||^^^20261126130000^^R",
    )
)


@pytest.fixture
def reader():
    return Reader(Choices(lambda _procedure, service: service or "OT"), now=lambda: NOON)


def test_a_value_is_found_where_it_stood(reader):
    """Also the identity an order cannot do without."""
    found = sources(reader, ORDER.encode())

    assert ["issuer_of_patient_id", "patient_id"] == found["PID^1^3"]
    assert ["patient_birth_date"] == found["PID^1^7"]
    assert "accession_number" in found["OBR^1^18"]
    assert "procedure" in found["OBR^1^4"]


def test_of_two_fields_that_say_the_same_the_one_that_counts_is_named(reader):
    """ORC-2 before OBR-2, ORC-7 before OBR-27."""
    found = sources(reader, ORDER.encode())

    assert ("placer_order_number" in found["ORC^1^2"], "OBR^1^2" in found) == (True, False)
    assert ("scheduled_at" in found["ORC^1^7"], "OBR^1^27" in found) == (True, False)


def test_a_message_that_asks_nothing_has_no_sources(reader):
    """Nor has one that is none, or is very long."""
    for raw in (b"", b"hello", ORDER.replace("P1^", "^").encode(), ORDER.encode() + b"Z" * LONGEST_MESSAGE):
        assert {} == sources(reader, raw)


def test_the_message_is_left_as_it_is(reader):
    """Reading it over and over changes nothing in it."""
    assert sources(reader, ORDER.encode()) == sources(reader, ORDER.encode())


def test_the_parts_of_a_line_are_the_line():
    """Delimiters, repetitions and escapes included."""
    message = er7.parse(ORDER.encode())

    lines = ["".join(part.text for part in line) for line in dissecting.dissect(message)]

    assert ORDER.split("\r") == lines


def test_every_value_has_the_standards_name():
    """Of its field and of its component."""
    pid = dissecting.dissect(er7.parse(ORDER.encode()))[1]
    names = {part.text: part.name for part in pid if part.field}

    assert "PID-5.2 Patient Name, Given Name" == names["JANE"]
    assert "PID-8 Administrative Sex" == names["F"]
