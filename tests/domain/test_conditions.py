"""Patterns of rules."""

import pytest

from dicomfabd.domain.conditions import covers


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("*", "*"),
        ("CT*", "CT CHEST"),
        ("ct?", "CT1"),
        ("C*", "CT*"),
        ("C*T*", "CT"),
        ("C?", "C?"),
        ("?*", "A*"),
        ("?*", "*"),
    ],
)
def test_a_pattern_covers_one_that_fits_nothing_more(wide, narrow):
    """Whatever the case of its letters."""
    assert covers(wide, narrow)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("CT", "*"),
        ("CT", "C?"),
        ("CT*", "C*"),
        ("?", "*"),
        ("???", "A*"),
        ("C?", "C"),
        ("[CM]T", "CT"),
        ("??*", "*"),
        ("CT?*", "CT*"),
    ],
)
def test_a_pattern_does_not_cover_one_that_fits_more(wide, narrow):
    """A star may be nothing, and any number of characters."""
    assert not covers(wide, narrow)
