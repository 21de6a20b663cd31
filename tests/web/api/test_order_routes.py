"""Orders over HTTP."""

import json

import pytest

from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.patient import Patient, Visit
from tests.builders import NOON
from tests.web.conftest import KIT

WHOLE = KIT | {
    "modality": "CT",
    "study_desc": "CT HEAD",
    "patient_birth_date": "19800101",
    "patient_sex": "F",
    "scheduled_at": "2026-03-02T13:00:00+01:00",
    "priority": "STAT",
}


def fields(answer) -> list[str]:
    return [error["field"] for error in answer.json()["errors"]]


def test_the_kits_order_is_taken(client, store, woken):
    """Five keys, two with defaults, as the tutorial kit sends them."""
    answer = client.post("/orders", json=KIT)

    assert (200, "ok", "ACC-1001") == (answer.status_code, answer.json()["status"], answer.json()["accession"])
    order = store.book.get(1).order
    assert ("CR", "XR CHEST", "DOE^JANE") == (order.modality, order.procedure.meaning, order.patient.patient_name)
    assert woken


def test_an_order_is_taken_and_can_be_looked_up(client):
    """201, where it is, and what was read."""
    answer = client.post("/api/v1/orders", json=WHOLE)

    assert (201, "created", "/api/v1/orders/1") == (
        answer.status_code,
        answer.json()["action"],
        answer.headers["location"],
    )
    order = client.get(answer.headers["location"]).json()
    assert ("CT", "CT HEAD", "STAT", "F") == tuple(
        order[name] for name in ("modality", "procedure", "priority", "patient_sex")
    )


def test_what_was_mended_is_said(client):
    """An accession number that is too long for DICOM gets one that stands for it, never a cut one."""
    answer = client.post("/api/v1/orders", json=KIT | {"accession": "A" * 20}).json()

    assert ["accession"] == [warning["field"] for warning in answer["warnings"]]
    assert 16 == len(answer["accession_number"])


def test_the_same_order_again_is_the_same_study(client):
    """The kit gave it a new Study Instance UID each time; we change nothing, although the time is another one."""
    first = client.post("/api/v1/orders", json=KIT)
    again = client.post("/api/v1/orders", json=KIT | {"study_desc": "XR CHEST"})

    assert (201, 200) == (first.status_code, again.status_code)
    assert ("unchanged", first.json()["study_instance_uid"]) == (
        again.json()["action"],
        again.json()["study_instance_uid"],
    )


def test_a_cancelled_order_rises_when_it_is_placed_again(client):
    """Who posts it after a DELETE wants it."""
    client.post("/api/v1/orders", json=KIT)
    client.delete("/api/v1/orders/1")

    assert "reopened" == client.post("/api/v1/orders", json=KIT).json()["action"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"patient_id": ""}, "patient_id"),
        ({"accession": None}, "accession"),
        ({"modality": "ct"}, "modality"),
        ({"priority": "NOW"}, "priority"),
        ({"colour": "red"}, "colour"),
        ({"patient_id": "a\\b"}, "patient_id"),
        ({"patient_birth_date": "20261399"}, "patient_birth_date"),
        ({"scheduled_at": "0001-01-01T00:00:00"}, "scheduled_at"),
        ({"study_desc": "\\"}, "study_desc"),
    ],
)
def test_what_is_wrong_is_named_by_field(client, change, field):
    """400 with problem+json (RFC 9457): the field, what is wrong with it, what to do."""
    answer = client.post("/api/v1/orders", json=KIT | change)

    assert (400, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    (error,) = answer.json()["errors"]
    assert field == error["field"]
    assert error["text"] and error["hint"]


def test_everything_that_is_wrong_is_named_at_once(client, store):
    """What the form forbids and what the builder of orders forbids, in one answer, at both doors."""
    wrong = {"patient_id": "a\\b", "modality": "ct", "acession": "A1"}

    for path in ("/orders", "/api/v1/orders"):
        answer = client.post(path, json=wrong)
        assert {"patient_id", "patient_name", "accession", "modality", "acession"} == set(fields(answer))
    assert "Did you mean accession?" in answer.text
    assert store.book.get(1) is None


def test_a_flood_of_faults_is_cut(client):
    """A hundred thousand unknown fields cost neither a minute nor a megabyte."""
    answer = client.post("/api/v1/orders", json={f"x{number}": 0 for number in range(50_000)})

    assert 400 == answer.status_code
    assert 60 > len(fields(answer))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"patient_id": "\\ud800"}'])
def test_what_is_no_json_object_is_said_so(client, body):
    """400, with the place where reading stopped; never a 500."""
    answer = client.post("/api/v1/orders", content=body, headers={"Content-Type": "application/json"})

    assert (400, ["body"]) == (answer.status_code, fields(answer))


@pytest.mark.parametrize("kind", ["text/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_another_type_of_body_is_refused(client, kind):
    """415 names the type that is wanted."""
    answer = client.post("/api/v1/orders", content=json.dumps(KIT), headers={"Content-Type": kind})

    assert 415 == answer.status_code
    assert "application/json" in answer.json()["detail"]


def test_the_kits_door_takes_what_curl_says_by_default(client):
    """`curl -d` without a header; the kit reads JSON whatever it is called."""
    curl = client.post(
        "/orders", content=json.dumps(KIT), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    bare = client.post("/orders", content=json.dumps(KIT))
    xml = client.post("/orders", content=json.dumps(KIT), headers={"Content-Type": "text/xml"})

    assert [200, 200, 415] == [curl.status_code, bare.status_code, xml.status_code]


def test_an_order_of_another_patient_is_a_conflict(client, store):
    """409 at the field, and the study stays where it is."""
    client.post("/api/v1/orders", json=KIT)

    answer = client.post("/api/v1/orders", json=KIT | {"patient_id": "OTHER"})

    assert (409, ["patient_id"]) == (answer.status_code, fields(answer))
    assert "P123" == store.book.get(1).order.patient.patient_id


def test_an_accession_number_is_never_a_path(client, tmp_path):
    """The kit wrote outside its folder."""
    answer = client.post("/orders", json=KIT | {"accession": "../../../x"})

    assert 200 == answer.status_code
    assert [] == list(tmp_path.rglob("x"))


def test_refused_orders_are_kept_too(client, store):
    """With the reasons; what is no JSON at all goes to quarantine."""
    client.post("/api/v1/orders", json=KIT | {"patient_id": ""})
    client.post("/api/v1/orders", content=b"{", headers={"Content-Type": "application/json"})

    broken, refused = client.get("/api/v1/messages?code=AE").json()["messages"]
    assert (True, False) == (broken["is_quarantined"], refused["is_quarantined"])
    assert ["patient_id: is empty. The patient's ID: 1 to 64 characters, no backslash."] == refused["faults"]
    assert b"{" == store.messages.get(2).raw


def test_an_order_no_modality_could_show_goes_to_quarantine(client):
    """As one in HL7 does; its form is right, so there is something for people to look at."""
    answer = client.post("/api/v1/orders", json=KIT | {"study_desc": "\\"})

    (kept,) = client.get("/api/v1/messages?quarantined=true").json()["messages"]
    assert (400, ["study_desc"]) == (answer.status_code, fields(answer))
    assert kept["faults"][0].startswith("study_desc: the order names no procedure")


def test_orders_are_listed_and_filtered(client, put):
    """By accession and state, in pages."""
    for number in range(3):
        put(f"A{number}")

    def found(query: str) -> list[str]:
        return [order["accession_number"] for order in client.get(f"/api/v1/orders{query}").json()["orders"]]

    first = client.get("/api/v1/orders?limit=2").json()
    assert ["A2", "A1", "A0"] == found("")
    assert ["A1"] == found("?accession=A1")
    assert [] == found("?state=completed")
    assert ["A0"] == found(f"?before={first['next']}")
    assert 400 == client.get("/api/v1/orders?state=lost").status_code


def test_one_order_tells_its_story(client, put):
    """Deliveries, timeline, and the message that asked for it."""
    put()

    order = client.get("/api/v1/orders/1").json()

    assert ["main"] == [delivery["destination"] for delivery in order["deliveries"]]
    assert ["order.created"] == [event["event"] for event in order["timeline"]]
    assert [1] == [message["message_id"] for message in order["messages"]]
    assert 200 == client.get(order["messages"][0]["raw"]).status_code
    assert 404 == client.get("/api/v1/orders/99").status_code


def test_one_order_says_all_it_knows(client, put):
    """Every attribute of order, patient, visit and step by its name."""
    put(
        patient=Patient("P1", "DOE^JANE", patient_birth_time="121000", patient_species="CANINE"),
        visit=Visit("V1", patient_class="O"),
        parent_order_number="PARENT",
        confidentiality="R",
        steps=(StepDraft(modality="CT", scheduled_at=NOON, performing_physician="X^Y"),),
    )

    order = client.get("/api/v1/orders/1").json()

    assert ("121000", "CANINE", "V1", "O", "PARENT", "R") == tuple(
        order[name]
        for name in (
            "patient_birth_time",
            "patient_species",
            "admission_id",
            "patient_class",
            "parent_order_number",
            "confidentiality",
        )
    )
    assert ["X^Y"] == [step["performing_physician"] for step in order["steps"]]


def test_an_order_is_cancelled_and_retried(client, put, store):
    """What the answer says is what happened."""
    put("A1")
    put("A2")
    store.queue.fail(store.queue.claim("w", 60, {"main": 9}), "refused")

    assert "scheduled" == client.post("/api/v1/orders/1/retry").json()["state"]
    assert ("cancelled", "cancelled") == tuple(
        client.post("/api/v1/orders/2/cancel").json()[key] for key in ("action", "state")
    )
    assert 409 == client.post("/api/v1/orders/2/retry").status_code
    assert 404 == client.post("/api/v1/orders/99/cancel").status_code


def test_delete_cancels(client, put):
    """200 with what became of it; again, nothing more happens; 404 for an order that is not there."""
    put()

    first, again = client.delete("/api/v1/orders/1"), client.delete("/api/v1/orders/1")

    assert (200, "cancelled", "cancelled") == (first.status_code, first.json()["action"], first.json()["state"])
    assert (200, "unchanged") == (again.status_code, again.json()["action"])
    assert "cancelled" in first.json()["text"]
    assert 404 == client.delete("/api/v1/orders/99").status_code


def test_what_people_do_to_orders_is_audited(client, put, store):
    """Who, what, to which order."""
    put("A1")
    put("A2")
    store.queue.fail(store.queue.claim("w", 60, {"main": 9}), "refused")
    client.post("/api/v1/orders/1/retry")
    client.delete("/api/v1/orders/2")

    entries = client.get("/api/v1/audit").json()["entries"]

    assert [("order.cancel", "order 2"), ("order.retry", "order 1")] == [
        (entry["action"], entry["target"]) for entry in entries
    ]
    assert {"http testclient"} == {entry["actor"] for entry in entries}


def test_a_study_is_sent_where_a_person_says(client, put, store, woken):
    """To a destination it never was for; unknown ones, and orders with nothing to send, are said."""
    put()
    sent = client.post("/api/v1/orders/1/send", json={"destinations": ["archive"]})

    assert (200, ["archive"]) == (sent.status_code, sent.json()["queued"])
    assert {"main", "archive"} == {job.destination for job in store.book.jobs(1)}
    assert woken
    assert 404 == client.post("/api/v1/orders/1/send", json={"destinations": ["none"]}).status_code
    assert 404 == client.post("/api/v1/orders/9/send", json={}).status_code
    assert 409 == client.post("/api/v1/orders/1/send", json={}).status_code
    assert 400 == client.post("/api/v1/orders/1/send", json={"to": "archive"}).status_code
    assert "order.send" == client.get("/api/v1/audit").json()["entries"][0]["action"]
