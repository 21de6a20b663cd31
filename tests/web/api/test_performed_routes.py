"""Performed procedure steps over the API."""

import pytest

from dicomfabd.domain.performed import begun
from tests.builders import an_order
from tests.performed import a_beginning, a_reference, a_series, attributes_of

DOOR = "/api/v1/performed-steps"


@pytest.fixture
def tell(store):
    def create(uid, *scheduled, **changes):
        store.performed.create(begun(uid, attributes_of(a_beginning(*scheduled, **changes))), "CT01")

    return create


def test_what_nobody_ordered_can_be_found(client, put, tell):
    """Newest first, and not what is on an order's timeline anyway."""
    put("A1")
    tell("1.1")
    tell("1.2", PerformedSeriesSequence=[a_series(3)])
    tell("1.3", a_reference(an_order("A1")))

    newest, oldest = client.get(DOOR).json()["performed_steps"]

    assert ("1.2", "1.1") == (newest["sop_instance_uid"], oldest["sop_instance_uid"])
    assert ("IN PROGRESS", "CT01", ["1.2.77"], 1, 3, False) == tuple(
        newest[name]
        for name in ("status", "calling_ae_title", "study_instance_uids", "series", "instances", "is_matched")
    )
    assert 1 == len(client.get(DOOR, params={"limit": 1}).json()["performed_steps"])


def test_a_step_is_shown_with_all_it_said(client, put, tell):
    """In the DICOM JSON Model."""
    put("A1")
    tell("1.3", a_reference(an_order("A1")))

    shown = client.get(f"{DOOR}/1.3").json()

    assert (True, "CT01") == (shown["is_matched"], shown["attributes"]["00400241"]["Value"][0])


@pytest.mark.parametrize("uid", ["1.9", "x" * 64])
def test_a_step_there_is_not_is_not_found(client, uid):
    """404."""
    assert 404 == client.get(f"{DOOR}/{uid}").status_code
