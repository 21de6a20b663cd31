"""Faults and actions in words."""

import pytest

from dicomfabd.domain.errors import Fault
from dicomfabd.domain.order import Action
from dicomfabd.web.api.words import action_in_words, fault_in_words, sentence


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("PID^1^3", "PID-3 (Patient Identifier List)"),
        ("PID^1^3^1^4^2", "PID-3 (Patient Identifier List), component 4, subcomponent 2"),
        ("OBR^2^44", "OBR-44 (Procedure Code), in OBR number 2"),
        ("PID^1^3^2", "PID-3 (Patient Identifier List), repetition 2"),
        ("ZZZ^1^7", "ZZZ-7"),
        ("PID^1", "segment PID"),
        ("ORC", "segment ORC"),
        ("patient_id", "patient_id"),
        ("", ""),
        ("PID^x^" + "9" * 99, "segment PID"),
    ],
)
def test_a_place_is_said_in_words(location, expected):
    """Segment, field and its name, and what goes deeper."""
    assert expected == fault_in_words(Fault(101, location, "is missing"))["place"]


def test_what_was_mended_is_a_warning():
    """Code 0 of table 0357."""
    fault = fault_in_words(Fault(0, "PID^1^5", "is empty; UNKNOWN stands for it"))

    assert ("warning", "Message accepted") == (fault["severity"], fault["condition"])


def test_a_sentence_says_where_what_and_what_to_do():
    """In one line."""
    assert "PID-3 (Patient Identifier List): is empty. Fill PID-3." == sentence(
        Fault(101, "PID^1^3", "is empty", "Fill PID-3.")
    )
    assert "is empty." == sentence(Fault(101, "", "is empty."))


@pytest.mark.parametrize("subject", ["order", "patient"])
@pytest.mark.parametrize("action", Action)
def test_every_action_has_words(action, subject):
    """Also one that an older or newer store has written."""
    assert action_in_words(action, subject)
    assert "exploded" == action_in_words("exploded")
