"""Matching semantics of PS3.4 C.2.2.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomfabd.dimse.matching import MalformedKey, fold_groups, matches


@pytest.mark.parametrize(
    ("vr", "key", "value", "expected"),
    [
        ("SH", "", "A1", True),  # universal
        ("SH", "*", "", True),
        ("SH", "A1", "A1", True),
        ("SH", "a1", "A1", False),  # case counts for all but names
        ("SH", "A1 ", "A1", True),
        ("SH", "A?", "A1", True),
        ("SH", "A*", "", False),  # an unknown value matches universal keys only
        ("SH", "A[1]", "A1", False),  # nothing but * and ? is special
        ("AE", "CT*", "CT01", True),
        ("CS", "CT\\MR", "MR", True),  # what real modalities send
        ("UI", "1.2\\1.3", "1.3", True),  # list of UID
        ("AE", "DX02", "DX01\\DX02", True),  # any of several values
        ("DA", "20300705", "20300705", True),
        ("DA", "20300705-20300707", "20300707", True),
        ("DA", "-20300704", "20300705", False),
        ("DA", "20300705-", "", False),
        ("TM", "2230", "223000", True),  # by meaning
        ("TM", "08-12", "123000", True),  # the whole of the last hour
        ("TM", "0800-1200", "130000", False),
        ("PN", "smith*", "SMITH^JOHN", True),
        ("PN", "Muller*", "Müller^Jörg", True),
        ("PN", "SMITH^JOHN^^^", "Smith^John", True),
        ("PN", "山田*", "Yamada^Tarou=山田^太郎=やまだ^たろう", True),
        ("PN", "Roe*", "Doe^Jane", False),
    ],
)
def test_a_key_matches_as_the_standard_says(vr, key, value, expected):
    """One rule a line."""
    assert expected is matches(vr, key, value)


@pytest.mark.parametrize(("vr", "key"), [("DA", "2030/07/05"), ("DA", "today"), ("TM", "25h"), ("TM", "1")])
def test_a_key_that_is_no_date_or_time_fails_the_query(vr, key):
    """A900, instead of an empty list that looks like an answer."""
    with pytest.raises(MalformedKey):
        matches(vr, key, "20300705" if vr == "DA" else "120000")


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_breaks_the_matching(key, value):
    """Whatever a peer sends, the answer is yes or no."""
    for vr in ("SH", "PN", "CS"):
        assert matches(vr, key, value) in (True, False)


@given(st.text(alphabet="AB^*?.[](", min_size=1, max_size=12))
def test_a_value_matches_itself(value):
    """Letters that are special to regular expressions are not special here."""
    assert matches("LO", value, value)


def test_a_stored_value_that_is_no_date_matches_nothing():
    """One bad object does not spoil the queries of everybody."""
    assert [False, False] == [matches("DA", "20260101-", "2026/03/02"), matches("TM", "10-", "ten")]


def test_a_key_of_many_stars_takes_no_time():
    """Matching it by backtracking would outlive the universe."""
    assert not matches("LO", "*a" * 30 + "*b", "a" * 64)
    assert matches("LO", "*a" * 30 + "*b*", "a" * 63 + "b")


@pytest.mark.parametrize("vr", ["LO", "PN"])
def test_a_pattern_longer_than_any_value_is_refused(vr):
    """Of 260 kB it would take seconds to make one."""
    assert not matches(vr, "*a" * 2048, "DOE^JANE")
    with pytest.raises(MalformedKey):
        matches(vr, "*a" * 2048 + "?", "DOE^JANE")


def test_the_groups_of_a_name_are_folded_each():
    """Without the empty ones."""
    assert "muller^ute=ミュラー" == fold_groups("Müller^Ute^^==ミュラー")
