"""Kept messages over HTTP."""

import json

import pytest

from dicomfabd.domain.errors import Fault
from tests.web.conftest import KIT, REFUSED

HL7 = {"Content-Type": "application/hl7-v2"}


def test_messages_are_listed_newest_first_in_pages(client, take):
    """`next` leads to the page after."""
    for number in range(3):
        take(control_id=f"M{number}")

    first = client.get("/api/v1/messages?limit=2").json()
    second = client.get(f"/api/v1/messages?limit=2&before={first['next']}").json()

    assert ["M2", "M1"] == [message["control_id"] for message in first["messages"]]
    assert (["M0"], None) == ([message["control_id"] for message in second["messages"]], second["next"])


def test_messages_are_filtered(client, take):
    """By every word the list has."""
    take("A1", control_id="M1")
    take(control_id="M2", code="AE", faults=[REFUSED], sending_application="LAB")
    take(control_id="M3", code="AR", quarantined=True, message_type="")
    take(control_id="M4", code="", message_type="ACK")
    take(control_id="M5", replay_of=2, source="replay")

    def found(query: str) -> list[str]:
        return [message["control_id"] for message in client.get(f"/api/v1/messages?{query}").json()["messages"]]

    assert ["M2"] == found("code=AE")
    assert ["M3", "M2"] == found("code=AE&code=AR")
    assert ["M4"] == found("code=none")
    assert ["M3"] == found("quarantined=true")
    assert ["M4"] == found("type=ACK")
    assert ["M2"] == found("sender=LAB")
    assert ["M1"] == found("control_id=M1")
    assert ["M5"] == found("replay_of=2")
    assert 400 == client.get("/api/v1/messages?code=XX").status_code


def test_one_message_says_what_is_wrong_with_it(client, take):
    """Segment, field, component, code of table 0357 and its text, a sentence, and the fix."""
    take(code="AE", faults=[Fault(103, "MSH^1^9^1^2", "not an event taken here", "Send O01.")])

    (fault,) = client.get("/api/v1/messages/1").json()["faults"]

    expected = {
        "severity": "error",
        "code": 103,
        "condition": "Table value not found",
        "location": "MSH^1^9^1^2",
        "segment": "MSH",
        "field": 9,
        "component": 2,
        "place": "MSH-9 (Message Type), component 2",
        "text": "not an event taken here",
        "fix": "Send O01.",
    }
    assert expected == {name: fault[name] for name in expected}


def test_one_message_says_what_it_did(client, take):
    """With a link to each order."""
    take("A1", "A2")

    message = client.get("/api/v1/messages/1").json()

    assert [("created", "/api/v1/orders/1"), ("created", "/api/v1/orders/2")] == [
        (done["action"], done["order"]) for done in message["did"]
    ]
    assert "a new order was placed" == message["did"][0]["text"]
    assert 200 == client.get(message["did"][0]["order"]).status_code
    assert 404 == client.get("/api/v1/messages/9").status_code


def test_a_message_comes_back_byte_for_byte(client, take):
    """As a download that no browser takes for a page, in the charset it is in."""
    raw = "MSH|^~\\&|RIS|<script>||||||||||||||8859/1\rPID|Müller\r".encode("iso8859-1")
    take(raw=raw)

    answer = client.get("/api/v1/messages/1/raw")

    assert raw == answer.content
    assert "text/plain; charset=iso-8859-1" == answer.headers["content-type"]
    assert 'attachment; filename="message-1.hl7"' == answer.headers["content-disposition"]
    assert "nosniff" == answer.headers["x-content-type-options"]


def test_the_answer_to_a_message_comes_back(client, take):
    """404 where there was none."""
    take()
    take(code="")

    assert b"MSH|^~\\&|FAB\rMSA|AA|M1\r" == client.get("/api/v1/messages/1/answer").content
    assert 404 == client.get("/api/v1/messages/2/answer").status_code
    assert client.get("/api/v1/messages/2").json()["answer"] is None


def test_a_message_is_replayed_as_it_is(client, take):
    """An empty body; the copy is a message of its own, linked both ways."""
    take(raw=b"MSH|order\r", code="AE", faults=[REFUSED])

    answer = client.post("/api/v1/messages/1/replay")

    told = answer.json()
    assert (200, "AA", 2, 1) == (answer.status_code, told["code"], told["message_id"], told["replay_of"])
    assert [("created", "R1", "/api/v1/orders/1")] == [
        (done["action"], done["accession_number"], done["order"]) for done in told["did"]
    ]
    assert told["answer"].startswith("MSH|")
    assert [2] == [replay["message_id"] for replay in client.get("/api/v1/messages/1").json()["replays"]]
    assert 1 == client.get("/api/v1/messages/2").json()["replay_of"]


def test_an_edited_copy_is_replayed(client, take, store):
    """Its bytes as they are; the original stays as it came."""
    take(raw=b"MSH|bad\r", code="AE", faults=[REFUSED])

    answer = client.post("/api/v1/messages/1/replay", content=b"MSH|order\xe4\r", headers=HL7)

    assert "AA" == answer.json()["code"]
    assert (b"MSH|bad\r", b"MSH|order\xe4\r") == (store.messages.get(1).raw, store.messages.get(2).raw)


def test_a_replay_that_is_refused_says_why(client, take):
    """200, because the question was answered; the code and the faults say how."""
    take(raw=b"MSH|bad\r", code="AE", faults=[REFUSED])

    told = client.post("/api/v1/messages/1/replay").json()

    assert ("AE", ["Fill PID-3."]) == (told["code"], [fault["fix"] for fault in told["faults"]])


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", ""])
def test_an_edited_copy_of_another_type_is_refused(client, take, kind):
    """A form that somebody's page sends is no message."""
    take(raw=b"MSH|order\r")

    answer = client.post("/api/v1/messages/1/replay", content=b"x=1", headers={"Content-Type": kind} if kind else {})

    assert 415 == answer.status_code


def test_another_sites_page_replays_nothing(client, take, store):
    """CSRF."""
    take(raw=b"MSH|order\r")

    answer = client.post("/api/v1/messages/1/replay", headers={"Origin": "http://evil.example"})

    assert (403, None) == (answer.status_code, store.messages.get(2))


def test_there_is_nothing_to_replay_of_a_message_that_is_not_there(client):
    """404."""
    assert 404 == client.post("/api/v1/messages/9/replay").status_code


def test_a_json_order_is_replayed_as_one(client, store):
    """Edited, refused and taken; each copy is kept and audited."""
    client.post("/orders", json=KIT | {"patient_id": ""})

    refused = client.post("/api/v1/messages/1/replay").json()
    taken = client.post("/api/v1/messages/1/replay", json=KIT).json()

    assert ("AE", ["patient_id"]) == (refused["code"], [fault["field"] for fault in refused["faults"]])
    assert ("AA", 1) == (taken["code"], store.messages.get(3).replay_of)
    assert "ACC-1001" == store.book.get(1).order.accession_number
    assert [{"is_edited": True, "copy": 3, "code": "AA"}, {"is_edited": False, "copy": 2, "code": "AE"}] == [
        entry["detail"] for entry in client.get("/api/v1/audit").json()["entries"]
    ]


def test_a_json_order_shows_its_body_and_its_answer(client):
    """As JSON."""
    answer = client.post("/api/v1/orders", json=KIT)

    raw, answered = (client.get(f"/api/v1/messages/1/{what}") for what in ("raw", "answer"))

    assert KIT == raw.json()
    assert answer.content == answered.content
    assert ("application/json", 'attachment; filename="message-1.json"') == (
        raw.headers["content-type"],
        raw.headers["content-disposition"],
    )


def test_a_replayed_json_order_is_none_of_the_keys(client):
    """An idempotency key belongs to the request that brought it."""
    client.post("/api/v1/orders", json=KIT, headers={"Idempotency-Key": "k"})
    client.post("/api/v1/messages/1/replay", json=KIT | {"accession": "OTHER"})

    answer = client.post("/api/v1/orders", json=KIT, headers={"Idempotency-Key": "k"})

    assert (201, "true") == (answer.status_code, answer.headers["Idempotent-Replayed"])


def test_the_audit_trail_comes_in_pages(client, store):
    """Newest first."""
    for number in range(3):
        store.messages.audit("cli jane", "message.replayed", f"message {number}", {"copy": number})

    first = client.get("/api/v1/audit?limit=2").json()
    second = client.get(f"/api/v1/audit?limit=2&before={first['next']}").json()

    assert ["message 2", "message 1"] == [entry["target"] for entry in first["entries"]]
    assert (["message 0"], None) == ([entry["target"] for entry in second["entries"]], second["next"])
    assert ("cli jane", {"copy": 2}) == (first["entries"][0]["actor"], first["entries"][0]["detail"])


def test_no_value_of_a_message_is_logged(client, take, sink):
    """Names stay in the store."""
    take(raw=b"MSH|order|SECRET^NAME\r")
    client.post("/orders", json=KIT | {"patient_name": "SECRET^NAME", "modality": "?"})
    client.post("/api/v1/messages/1/replay")

    assert "SECRET" not in json.dumps(sink.events)


def test_what_came_as_json_and_is_none_is_not_called_json(client):
    """A client that believes the type would fail on it."""
    client.post("/api/v1/orders", content=b"=\x86\r", headers={"Content-Type": "application/json"})

    assert "application/octet-stream" == client.get("/api/v1/messages/1/raw").headers["content-type"]
