"""People who never were."""

from datetime import date

import pytest

from dicomfabd.domain.numbering import pattern_fault
from dicomfabd.plan.people import Naming, make_up

TODAY = date(2026, 11, 26)


def test_the_same_seed_gives_the_same_people():
    """And another one others."""
    one, same, other = (list(make_up(Naming(), 1, 20, seed, TODAY)) for seed in (1, 1, 2))

    assert one == same
    assert [it.patient_name for it in one] != [it.patient_name for it in other]


def test_ids_follow_their_pattern():
    """Digits count up; letters and hexadecimal digits are random."""
    made = list(make_up(Naming("A{3digits}-{2letters}{4hex}"), 998, 3, 1, TODAY))

    assert ["A998-", "A999-", "A1000-"] == [it.patient_id.partition("-")[0] + "-" for it in made]
    assert 3 == len({it.patient_id for it in made})


@pytest.mark.parametrize("locale", ["en_US", "de_DE", "ja_JP", "ru_RU", "fr_FR"])
def test_everybody_could_be_somebody(locale):
    """Born, but not yet 101; male or female; values fit DICOM."""
    for it in make_up(Naming(locales=(locale,)), 1, 200, 3, TODAY):
        assert "19251101" < it.patient_birth_date <= "20261126"
        assert it.patient_sex in ("F", "M")
        assert "^" in it.patient_name
        assert (True, True) == (len(it.patient_address) <= 64, len(it.patient_telephone) <= 16)
        assert "\\" not in it.patient_name + it.patient_address


def test_a_pattern_says_what_is_wrong_with_it():
    """One that gives everybody one ID, has strange braces, or is too long."""
    assert [True, True, True, False] == [
        bool(pattern_fault(pattern)) for pattern in ("SYN", "{x}{3digits}", "{70digits}", "X{6digits}")
    ]
