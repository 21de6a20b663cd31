import re

import pytest

from dicomfabd.domain.order import Code
from dicomfabd.plan.codes import find_codes, load_codes
from dicomfabd.plan.parser import Defaults, recognise

CODES = [(system, value, text) for system, table in load_codes().items() for value, text in table.items()]


def check_digit(number):
    """Give the check digit of a LOINC number (modulus 10, LOINC Users' Guide)."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return str(-total % 10)


def of_code(value, scheme="LN", text="", service=""):
    return recognise(text, service, Defaults(), (Code(value, "", scheme),))


def test_every_loinc_code_bears_its_check_digit():
    """A mistyped number does not."""
    codes = [value for system, value, _ in CODES if system == "LOINC"]

    assert [] == [value for value in codes if check_digit(value[:-2]) != value[-1]]


def test_radlex_codes_are_rpids():
    """The Playbook's, not the lexicon's."""
    codes = [value for system, value, _ in CODES if system == "RadLex"]

    assert [] == [value for value in codes if not re.fullmatch(r"RPID\d{1,4}", value)]


def test_every_code_names_its_modality_first():
    """The reader then knows it without a guess."""
    modalities = {"CT", "CTA", "MR", "MRA", "XR", "DXA", "US", "MG", "MAMMO", "NM", "PT", "FL", "XA"}

    assert set() == {text.split()[0] for _, _, text in CODES} - modalities


def test_every_code_names_a_body_part():
    """No code is a mere modality."""
    parts = {text: recognise(text, "", Defaults()).body_part for _, _, text in CODES}

    assert [] == [text for text, part in parts.items() if part is None]


@pytest.mark.parametrize("scheme", ["LN", "loinc", "LNC"])
def test_a_loinc_code_is_known_by_any_name_of_its_system(scheme):
    """HL7 says LN, people say LOINC."""
    found = of_code("30799-1", scheme)

    assert ("CT", "HEAD", False) == (found.modality, found.body_part.term, found.contrast)


@pytest.mark.parametrize("scheme", ["RADLEX", "RPID", "99LOCAL", ""])
def test_an_rpid_is_known_under_any_scheme(scheme):
    """No other code looks like it."""
    found = of_code("RPID18", scheme)

    assert ("CT", "CHEST", True) == (found.modality, found.body_part.term, found.contrast)


@pytest.mark.parametrize(("value", "scheme"), [("24627-2", "L"), ("71260", "C4"), ("0-0", "LN"), ("", "")])
def test_a_code_we_do_not_know_decides_nothing(value, scheme):
    """The same digits in another system are another code."""
    assert () == find_codes((Code(value, "CT CHEST", scheme),))


def test_a_code_comes_before_service_and_words():
    """Nobody types it by hand."""
    assert "MR" == of_code("24590-2", text="CT HEAD", service="CT").modality


def test_words_say_what_the_code_leaves_open():
    """A knee has a side."""
    assert "L" == of_code("24802-1", text="MRI KNEE LEFT").laterality


def test_evidence_names_the_code_and_what_we_take_it_for():
    """Our words, not the system's."""
    assert (
        "modality CT: RadLex RPID18 (CT CHEST W CONTRAST)",
        "body part CHEST: RadLex RPID18 (CT CHEST W CONTRAST)",
        "contrast with: RadLex RPID18 (CT CHEST W CONTRAST)",
    ) == of_code("RPID18", "RADLEX").evidence
