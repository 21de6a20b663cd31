"""What lists are restricted by, in an address."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import Code, OrderState
from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import MessageQuery, OrderQuery
from dicomfabd.web.api.filters import MessageList, OrderList, moment_of
from tests.builders import NOON

DAY_S = 86_400


def accessions(answer):
    return [it["accession_number"] for it in answer.json()["orders"]]


@pytest.fixture
def orders(put, clock):
    """Place orders that differ in everything, a day apart."""
    clock.now = NOON.timestamp()
    put("A1", sender="RIS|HOSP", patient=Patient("P1", "Sánchez^Ana"), procedure=Code("K", "KNEE", "L"))
    clock.advance(DAY_S)
    put(
        "A2", sender="OLD|HOSP", patient=Patient("P2", "Doe^Jane"), steps=(StepDraft(modality="MR", scheduled_at=NOON),)
    )
    clock.advance(DAY_S)
    put("A3", sender="http", steps=(StepDraft(modality="MR", scheduled_at=NOON + timedelta(days=3)),))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("", ["A3", "A2", "A1"]),
        ("text=sanchez", ["A1"]),
        ("text=SANCHEZ+knee", ["A1"]),
        ("text=a2", ["A2"]),
        ("modality=MR", ["A3", "A2"]),
        ("modality=MR&sender=OLD", ["A2"]),
        ("sender=http", ["A3"]),
        ("patient_id=P2", ["A2"]),
        ("accession=A1&modality=MR", []),
        ("state=scheduled&state=failed&modality=MR", ["A3", "A2"]),
        ("state=failed", []),
        ("from=2026-03-03", ["A3", "A2"]),
        ("to=2026-03-03", ["A2", "A1"]),
        ("from=2026-03-03&to=2026-03-03", ["A2"]),
        ("from=2026-03-02T12:00:00Z&to=2026-03-03T12:00:00Z", ["A1"]),
        ("scheduled_from=2026-03-03", ["A3"]),
        ("scheduled_to=2026-03-02&modality=MR", ["A2"]),
        ("text=&state=&modality=&from=&to=&scheduled_from=&scheduled_to=&sender=", ["A3", "A2", "A1"]),
        ("modality=MR&limit=1", ["A3"]),
        ("modality=MR&before=3", ["A2"]),
    ],
)
def test_every_filter_restricts_as_it_says(client, orders, address, expected):
    """Alone and with others; a form's empty fields say nothing."""
    assert expected == accessions(client.get(f"/api/v1/orders?{address}"))


def test_pages_of_a_search_follow_each_other(client, orders):
    """Like those of the whole list."""
    first = client.get("/api/v1/orders?text=fl-a&limit=2").json()
    second = client.get(f"/api/v1/orders?text=fl-a&limit=2&before={first['next']}").json()

    assert (["A3", "A2"], 0) == ([it["accession_number"] for it in first["orders"]], first["behind"])
    assert (["A1"], None) == ([it["accession_number"] for it in second["orders"]], second["next"])


@pytest.mark.parametrize(
    "address",
    [
        "from=yesterday", "to=2026-02-30", "from=9999-12-31T25:00:00Z", "to=9999-12-31", "scheduled_from=2026-3-2",
        "state=lost", "limit=0", "limit=1001", "before=0", "before=99999999999999999999", f"text={'x' * 101}",
        "modality=SEVENTEEN-LETTERS",
    ],
)  # fmt: skip
def test_what_is_no_filter_is_named(client, address):
    """400 with the field; never a guess."""
    answer = client.get(f"/api/v1/orders?{address}")

    assert 400 == answer.status_code
    assert address.partition("=")[0] in answer.json()["errors"][0]["field"]


@pytest.mark.parametrize(
    "text",
    ['"', "'", "%", "_", "*", "AND", "NOT x", "a OR", "NEAR(a b)", "text:x", "^a", "(", "\\", "\x00", "-", "😀", "�"],
)
def test_nothing_in_a_text_is_syntax(client, orders, text):
    """Not of a full-text search, not of SQL."""
    answer = client.get("/api/v1/orders", params={"text": text})

    assert (200, []) == (answer.status_code, [it for it in accessions(answer) if it not in ("A1", "A2", "A3")])


def test_messages_have_the_same_filters(client, take, clock):
    """Type, sender, answer, how it came, when, and how its control ID begins."""
    clock.now = NOON.timestamp()
    take(message_type="ADT^A08", control_id="MSG00001", source="mllp", sending_application="RIS")
    clock.advance(DAY_S)
    take(code="AE", control_id="MSG00002", source="http", sending_application="OLD", quarantined=True)

    asked = {
        "type=ADT^A08": [1], "sender=OLD": [2], "code=AE": [2], "code=AA&code=AE": [2, 1], "source=mllp": [1],
        "text=MSG": [2, 1], "text=MSG00002": [2], "text=00002": [], "control_id=MSG00001": [1], "quarantined=true": [2],
        "quarantined=false": [1], "from=2026-03-03": [2], "to=2026-03-02": [1], "sender=OLD&type=ADT^A08": [],
        "quarantined=&code=&source=&from=": [2, 1],
    }  # fmt: skip
    found = {it: [m["message_id"] for m in client.get(f"/api/v1/messages?{it}").json()["messages"]] for it in asked}

    assert asked == found
    assert 400 == client.get("/api/v1/messages?source=pigeon").status_code


def test_filters_are_described(client):
    """In OpenAPI, each as a parameter of its own."""
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    names = {
        path: {it["name"] for it in paths[path]["get"]["parameters"]} for path in ("/api/v1/orders", "/api/v1/messages")
    }

    assert {
        "text", "state", "modality", "sender", "accession", "patient_id", "study_uid", "from", "to", "scheduled_from",
        "scheduled_to", "before", "limit",
    } == names["/api/v1/orders"]  # fmt: skip
    assert {
        "text", "code", "quarantined", "type", "sender", "source", "control_id", "from", "to", "replay_of", "before",
        "limit",
    } == names["/api/v1/messages"]  # fmt: skip


def test_what_is_asked_is_what_the_store_is_asked():
    """Every field reaches it."""
    wanted = OrderList.model_validate(
        {
            "text": " doe ", "state": ["failed", ""], "modality": "CT", "sender": "RIS", "accession": "A1",
            "patient_id": "P1", "study_uid": "1.2", "from": "2026-03-02", "to": "2026-03-02",
            "scheduled_from": "2026-03-01", "scheduled_to": "2026-03-04", "before": 7, "limit": 5,
        }
    )  # fmt: skip
    begin = moment_of("2026-03-02")

    assert OrderQuery(
        "A1", "P1", "1.2", frozenset({OrderState.FAILED}), "CT", "RIS", "doe", begin, begin + DAY_S, date(2026, 3, 1),
        date(2026, 3, 4), 7, 5,
    ) == wanted.asked  # fmt: skip
    assert replace(MessageQuery(), codes=frozenset({"", "AA"}), limit=100) == MessageList(code=["none", "AA"]).asked
