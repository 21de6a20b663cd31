import uuid

from hypothesis import given
from hypothesis import strategies as st

from dicomfabd.domain.uids import IMPLEMENTATION_CLASS_UID, derive_number, derive_uid, is_valid_uid


@given(st.lists(st.text() | st.integers(), min_size=1))
def test_a_derived_uid_is_a_valid_uid_made_from_a_uuid(parts):
    """PS3.5 B.2: 2.25 and the decimal form of a UUID."""
    uid = derive_uid(*parts)

    assert is_valid_uid(uid)
    assert 8 == uuid.UUID(int=int(uid.removeprefix("2.25."))).version


def test_parts_are_kept_apart():
    """("ab", "c") and ("a", "bc") name different things."""
    assert derive_uid("ab", "c") != derive_uid("a", "bc")


def test_a_derived_uid_never_changes():
    """A new version of the program must not give old studies new names."""
    assert "2.25.71749015806198959783724381355612212047" == derive_uid("study", "HOSP", "P1", "A1")
    assert derive_uid("dicomfabd", "implementation") == IMPLEMENTATION_CLASS_UID


def test_what_is_no_uid_is_told():
    """Leading zeros, empty components, 65 characters."""
    for value in ("", "1..2", "1.02", "3.1", "1." + "1" * 63, "1.2\n"):
        assert not is_valid_uid(value)


def test_numbers_stay_in_range():
    """Seeds fit a signed 64 bit integer."""
    assert 0 <= derive_number("a") < 2**63
