"""What would be read and made, asked over HTTP; nothing is kept."""

import pytest

from dicomfabd.store.interface import OrderQuery

ORDER = "\r".join(
    (
        r"MSH|^~\&|RIS|HOSP|||20261126120000||ORM^O01|M1|T|2.5.1",
        "PID|||P1||DOE^JANE||19580314|F",
        "ORC|NW|PL1|FL1",
        "OBR|1|PL1|FL1|CTCH^CT CHEST WITH CONTRAST^L||||||||||||||A1||||||CT",
    )
)


def explain(client, text):
    return client.post("/api/v1/explain", content=text, headers={"Content-Type": "text/plain"}).json()["messages"]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_message_is_explained_however_its_lines_end(client, store, end):
    """What is read, from where, how it would be answered and what would be made; nothing is kept."""
    (message,) = explain(client, ORDER.replace("\r", end))

    (order,) = message["orders"]
    sources = {part["field"]: part["gives"] for line in message["lines"] for part in line if part["gives"]}
    assert ("AA", "A1", "ct-chest-contrast") == (
        message["ack"]["code"],
        order["accession_number"],
        order["plan"]["protocol"],
    )
    assert ["patient_sex"] == sources["PID-8"]
    assert (False, []) == (store.messages.has_messages(), store.book.find(OrderQuery()))


def test_a_refusal_is_explained(client):
    """Where, why, and the fix."""
    (message,) = explain(client, ORDER.replace("|P1|", "||"))

    (error,) = message["ack"]["errors"]
    assert ("AE", "PID-3", True) == (message["ack"]["code"], error["place"][:5], bool(error["fix"]))


@pytest.mark.parametrize("text", ["", "hello", "MSH", "MSH|", "\x00" * 100, "MSH|^~\\&|" + "|" * 5000])
def test_whatever_is_pasted_gets_an_answer(client, text):
    """Never a failure of ours."""
    assert 200 == client.post("/api/v1/explain", content=text).status_code


def test_a_form_is_looked_at_before_it_is_sent(client, store):
    """What it becomes and where it goes."""
    wanted = {
        "patient_id": "P1",
        "patient_name": "DOE^JANE",
        "accession": "A1",
        "modality": "MR",
        "study_desc": "MR brain",
    }

    seen = client.post("/api/v1/orders/preview", json=wanted).json()

    assert ("mr-brain", ["main"], []) == (
        seen["plan"]["protocol"][:8],
        seen["destinations"],
        store.book.find(OrderQuery()),
    )


def test_a_form_with_faults_says_each(client):
    """As when it is sent."""
    answer = client.post("/api/v1/orders/preview", json={"patient_id": "", "modality": "ct"})

    assert (400, True) == (
        answer.status_code,
        {"patient_id", "modality"} <= {it["field"] for it in answer.json()["errors"]},
    )


def test_every_procedure_offered_gives_its_protocol(client):
    """So that what one picks is what one gets."""
    offered = client.get("/api/v1/procedures").json()["procedures"]
    one = next(it for it in offered if it["protocol"] == "us-heart")
    wanted = {"patient_id": "P1", "patient_name": "X", "accession": "A1", "modality": "US", "study_desc": one["title"]}

    assert "us-heart" == client.post("/api/v1/orders/preview", json=wanted).json()["plan"]["protocol"]
    assert len(offered) > 60
