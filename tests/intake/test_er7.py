from datetime import UTC, datetime, timedelta

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomfabd.domain.errors import OrderRejected
from dicomfabd.intake.er7 import parse
from dicomfabd.intake.values import Delimiters, parse_dtm, unescape
from tests.builders import an_orm


@pytest.mark.parametrize("ending", ["\r", "\n", "\r\n"])
def test_segments_may_end_in_any_way(ending):
    """Senders use CR, LF and both."""
    message = parse(an_orm().replace(b"\r", ending.encode()))

    assert ["MSH", "PID", "PV1", "ORC", "OBR"] == [segment.name for segment in message.segments]


def test_delimiters_are_those_the_message_declares():
    """MSH-1 and MSH-2 rule, not custom."""
    message = parse(b"MSH#*~\\&#RIS\rPID#1##77***HOSP\r")

    assert ("77", "HOSP") == (message.segments[1].component(3, 1), message.segments[1].component(3, 4))


def test_a_field_is_read_as_the_hl7_library_reads_it():
    """Cross-check with python-hl7 on an ordinary order."""
    raw = an_orm().decode()
    ours, theirs = parse(raw.encode()), hl7.parse(raw)

    assert str(theirs.segment("PID")[5]) == ours.segments[1].raw(5)
    assert str(theirs.segment("OBR")[4][0][1]) == ours.segments[4].component(4, 2)


def test_escapes_are_resolved():
    r"""\T\ is an ampersand, \X41\ an A, \.br\ a line break."""
    assert "O&Neil A b|c" == unescape(r"O\T\Neil \X41\ b\F\c", Delimiters())


def test_an_escape_without_an_end_is_text():
    """Nothing is lost of a backslash somebody typed."""
    assert "C:\\temp" == unescape("C:\\temp", Delimiters())


def test_a_bare_line_break_inside_a_field_joins():
    """What follows is no segment, so it belongs to the one before."""
    message = parse(b"MSH|^~\\&|RIS\rOBR|1|||C^CHEST\r2 views|x\r")

    assert "C^CHEST 2 views" == message.segments[1].raw(4)
    assert "x" == message.segments[1].raw(5)
    assert message.warnings


@pytest.mark.parametrize("raw", [b"", b"hello world", b"MSH", b"PID|1\r", b"MSHA^~\\&|x\r", b"MSH|^^~\\|RIS\r"])
def test_what_has_no_usable_header_is_refused(raw):
    """Condition 100 of HL7 table 0357."""
    with pytest.raises(OrderRejected) as rejected:
        parse(raw)

    assert 100 == rejected.value.faults[0].code


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20260302120000+0100", datetime(2026, 3, 2, 11, 0, tzinfo=UTC)),
        ("202603021200-0530", datetime(2026, 3, 2, 17, 30, tzinfo=UTC)),
        ("20260302120000.123456+0000", datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)),
    ],
)
def test_times_with_an_offset_are_absolute(value, expected):
    """HL7 v2.5.1 §2.A.22."""
    assert timedelta(0) == parse_dtm(value) - expected


@pytest.mark.parametrize("value", ["...", "2026", "20261340", "now", "99999999999999", "20260302T12"])
def test_junk_is_no_time(value):
    """The ancestor's own sample has dots in OBR-7; they must not be refused, nor understood."""
    assert parse_dtm(value) is None


@given(st.binary(max_size=2000))
def test_no_bytes_break_the_parser(data):
    """It gives a message or says why not."""
    try:
        parse(b"MSH|^~\\&|" + data)
        parse(data)
    except OrderRejected as rejected:
        assert rejected.faults
