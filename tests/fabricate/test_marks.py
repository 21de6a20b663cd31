from hypothesis import given
from hypothesis import strategies as st

from dicomfabd.fabricate.marks import printable, text_mask, wrap


@given(st.text(max_size=80))
def test_any_name_can_be_drawn(name):
    """Letters the font lacks lose their accents or become a dot."""
    assert 12 == text_mask((printable(name) or " ",), 1).shape[0]
    assert printable(name).isprintable()


def test_accents_of_western_names_stay():
    """The font knows Latin-1."""
    assert "Müller Łodz.".replace("Ł", ".") == printable("Müller Łodz.")


@given(st.text(alphabet="ab ", max_size=60), st.integers(3, 20))
def test_no_wrapped_line_is_too_long(text, columns):
    """And no letter is lost."""
    lines = wrap([text], columns)

    assert all(len(line) <= columns for line in lines)
    assert text.replace(" ", "") == "".join(lines).replace(" ", "")
