"""CSV that is data only."""

import csv
import io

import pytest

from dicomfabd.web.api.spreadsheet import BYTE_ORDER_MARK, plain_text, write_csv


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_rows_may_differ():
    """The header is fixed: what a row lacks is empty, what it has beside is left out."""
    text = write_csv(["a", "b"], [{"a": "1"}, {"b": "2", "c": "3"}, {}])

    assert [["a", "b"], ["1", ""], ["", "2"], ["", ""]] == read(text)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("  =1", "'  =1"),
        ("\u00a0=1", "'\u00a0=1"),
        ("\u200b=1", "'\u200b=1"),
        ("\x00=1", "'\x00=1"),
        ("＝1", "'＝1"),
        ("\tx", "'\tx"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("\n=1", "'\n'=1"),
        ("x;=1", "x;'=1"),
        ("x; +1;y", "x;' +1;y"),
        ("x\t@1", "x\t'@1"),
        ("x\r\n-1", "x\r\n'-1"),
        ("'=1", "''=1"),
    ],
)
def test_no_value_is_a_formula(value, cell):
    """An apostrophe makes it text: after blanks too, and where other separators than ours would begin another cell."""
    written = read(write_csv(["a"], [{"a": value}]))[1][0]

    assert (cell, value) == (written, plain_text(written))


@pytest.mark.parametrize("value", ["DOE^JANE", "1=1", "a-b", "1.2.840", "'quoted'", ""])
def test_other_values_stay_as_they_are(value):
    """No apostrophe where none is needed."""
    assert value == (read(write_csv(["a", "b"], [{"a": value, "b": "x"}]))[1][0])


@pytest.mark.parametrize("value", ['say "x", y', "two\nlines", "semi;colon", "comma,", 'end"', "山田^太郎"])
def test_quoting_keeps_values_whole(value):
    """Separators, quotes and line ends (RFC 4180)."""
    assert [["a", "b"], [value, "after"]] == read(write_csv(["a", "b"], [{"a": value, "b": "after"}]))


def test_a_byte_order_mark_is_written_on_demand():
    """Once, at the beginning."""
    assert write_csv(["a"], [], with_mark=True) == BYTE_ORDER_MARK + write_csv(["a"], [])
