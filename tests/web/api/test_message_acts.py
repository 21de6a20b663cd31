"""HL7 handed in by people."""

ORDER = "\n".join(
    (
        r"MSH|^~\&|RIS|HOSP|||20261126120000||ORM^O01|M1|T|2.5.1||||||8859/1",
        "PID|||P1||MÜLLER^JÖRG||19580314|F",
        "ORC|NW|PL1|FL1",
        "OBR|1|PL1|FL1|CTCH^CT CHEST^L||||||||||||||A1||||||CT",
    )
)
PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


def test_a_pasted_message_is_taken_as_if_it_had_come_by_mllp(client, store, woken):
    """In the character set it declares; audited."""
    (taken,) = client.post("/api/v1/messages", content=ORDER.encode(), headers=PLAIN).json()["messages"]

    kept = store.messages.get(taken["message_id"])
    assert ("AA", None, "created") == (taken["code"], taken["replay_of"], taken["did"][0]["action"])
    assert (True, True) == ("MÜLLER".encode("latin-1") in kept.raw, bool(woken))
    assert "MÜLLER^JÖRG" == store.book.get(1).order.patient.patient_name
    assert ["message.send"] == [entry.action for entry in store.messages.audit_trail()]


def test_a_resend_says_what_it_said_before_and_does_nothing(client, store):
    """As over MLLP."""
    first, again = (
        client.post("/api/v1/messages", content=ORDER.encode(), headers=PLAIN).json()["messages"][0] for _ in range(2)
    )

    assert (first["answer"], []) == (again["answer"], again["did"])


def test_several_messages_are_taken_one_by_one(client):
    """A refused one does not stop the others."""
    batch = "\n".join(("BHS|^~\\&", ORDER, ORDER.replace("|M1|", "|M2|").replace("|P1|", "||"), "BTS|2"))

    taken = client.post("/api/v1/messages", content=batch.encode(), headers=PLAIN).json()["messages"]

    assert ["AA", "AE"] == [it["code"] for it in taken]
    assert taken[1]["faults"][0]["fix"]


def test_something_else_than_hl7_is_refused_by_its_type(client, store):
    """And nothing is kept."""
    assert 415 == client.post("/api/v1/messages", json={"a": 1}).status_code
    assert not store.messages.has_messages()
