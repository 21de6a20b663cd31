"""An order's JSON, whatever it holds."""

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomfabd.domain.draft import Choices
from dicomfabd.domain.errors import OrderRejected
from dicomfabd.web.api.order_in import MOST_FAULTS, OrderIn, read_order
from tests.builders import NOON
from tests.web.conftest import KIT

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["CT", "F", "20260302", "1.2"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
ORDERS = st.dictionaries(st.sampled_from(list(OrderIn.model_fields)) | st.text(max_size=8), VALUES, max_size=16)


@given(ORDERS, st.booleans())
def test_any_json_is_an_order_or_a_list_of_faults(content, is_nearly_good):
    """Nothing else comes out, and each fault names its field and says what to do."""
    raw = json.dumps((KIT if is_nearly_good else {}) | content).encode()

    try:
        order, _ = read_order(raw).order(Choices(lambda _procedure, _service: "OT"), NOON)
    except OrderRejected as rejected:
        assert 1 <= len(rejected.faults) <= MOST_FAULTS + 1
        assert all(fault.location and fault.text for fault in rejected.faults)
    else:
        assert 1 <= len(order.accession_number) <= 16
        assert f"{order.scheduled_at:%Y%m%d%H%M%S}".isdigit()


def test_the_hints_speak_of_json():
    """The builder of orders names HL7 fields; here there are none."""
    with pytest.raises(OrderRejected) as caught:
        read_order(json.dumps(KIT | {"study_desc": "\\"}).encode()).order(
            Choices(lambda _procedure, _service: "OT"), NOON
        )

    assert ["What is to be done, in words: 1 to 200 characters."] == [fault.hint for fault in caught.value.faults]


def test_a_time_without_offset_is_local():
    """As HL7 has it."""
    order_in = read_order(json.dumps(KIT | {"scheduled_at": "2026-03-02T13:00:00"}).encode())

    assert datetime(2026, 3, 2, 13).astimezone() == order_in.scheduled_at


def test_place_and_label_of_a_step_may_be_said():
    """As IPC-8 says the place in HL7."""
    raw = json.dumps(KIT | {"location": "Room 7", "worklist_label": "EAST"}).encode()

    order, _ = read_order(raw).order(Choices(lambda _procedure, _service: "OT"), NOON)

    assert [("Room 7", "EAST")] == [(step.location, step.worklist_label) for step in order.steps]
