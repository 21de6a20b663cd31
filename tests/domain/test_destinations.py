import pytest

from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.destinations import Destinations

FIXED = Destination("fixed", "one", 104, "ONE")


def test_fixed_and_managed_destinations_are_one_registry(store):
    """Fixed ones first; a managed one of the same name is hidden."""
    store.destinations.put(Destination("more", "two", 104, "TWO"))
    store.destinations.put(Destination("fixed", "three", 104, "THREE"))
    registry = Destinations([FIXED], store.destinations)

    assert [FIXED, Destination("more", "two", 104, "TWO")] == registry.all()
    assert (FIXED, None) == (registry.get("fixed"), registry.get("none"))


def test_a_change_is_seen_at_the_next_look(store):
    """Also by a registry of another process, which has one of its own."""
    mine, other = (Destinations([FIXED], store.destinations) for _ in range(2))
    assert [FIXED] == other.all()

    mine.put(Destination("new", "h", 104, "NEW"))
    assert "NEW" == other.get("new").ae_title
    mine.put(Destination("new", "h", 104, "NEWER"))
    assert "NEWER" == other.get("new").ae_title
    mine.remove("new")

    assert other.get("new") is None


def test_a_fixed_destination_is_changed_in_the_settings_only(store):
    """And the error says so."""
    registry = Destinations([FIXED], store.destinations)

    with pytest.raises(ValueError, match="is a destination of the settings"):
        registry.put(FIXED)
    with pytest.raises(ValueError, match="is a destination of the settings"):
        registry.remove("fixed")


@pytest.mark.parametrize(("purpose", "title"), [("find", "F"), ("store", "S"), ("echo", "FAB")])
def test_each_purpose_may_have_a_calling_title_of_its_own(purpose, title):
    """As some archives want it."""
    destination = Destination("d", "h", 104, "A", calling_ae_title="FAB", find_ae_title="F", store_ae_title="S")

    assert title == destination.calling(purpose)
