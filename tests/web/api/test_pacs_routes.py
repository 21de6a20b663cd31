"""The registry of destinations over HTTP, with a real store behind it."""

import pytest

from dicomfabd.config import DestinationSection
from dicomfabd.domain.delivery import Destination
from dicomfabd.web.api.asking import Turnstile
from dicomfabd.web.api.destinations import DestinationRefused, read
from tests.peers import fake_pacs, free_port

WEST = {"name": "west", "host": "west.example", "port": 104, "ae_title": "WEST"}
WITH_PASSWORD = "https://user:hunter2@west.example/dicom-web"  # noqa: S105 - nobody's
MASKED = "https://**********@west.example/dicom-web"


def faults(answer) -> list[str]:
    assert 400 == answer.status_code, answer.text
    assert "application/problem+json" == answer.headers["content-type"]
    assert all({"field", "text", "hint"} == set(error) for error in answer.json()["errors"])
    return [error["field"] for error in answer.json()["errors"]]


def audited(store) -> list[tuple[str, str]]:
    return [(entry.action, entry.target) for entry in store.messages.audit_trail()]


def test_a_destination_is_added_shown_changed_and_removed(client, store):
    """Each change is in the audit trail."""
    added = client.post("/api/v1/pacs", json=WEST)
    shown = client.get("/api/v1/pacs/west").json()
    changed = client.put("/api/v1/pacs/west", json=WEST | {"port": 11112})
    removed = client.delete("/api/v1/pacs/west")

    assert (201, "/api/v1/pacs/west") == (added.status_code, added.headers["location"])
    assert WEST | {"managed": True, "warnings": [], "timeout_s": 30} == {
        key: shown[key] for key in (*WEST, "managed", "warnings", "timeout_s")
    }
    assert set(DestinationSection.model_fields) | {"managed", "warnings"} == set(shown)
    assert (200, 11112) == (changed.status_code, changed.json()["port"])
    assert {"name": "west", "dead_letters": 0, "routes": []} == removed.json()
    assert 404 == client.get("/api/v1/pacs/west").status_code
    assert [("pacs.remove", "pacs west"), ("pacs.edit", "pacs west"), ("pacs.add", "pacs west")] == audited(store)
    assert ["port"] == store.messages.audit_trail()[1].detail["fields"]


def test_what_is_left_out_of_a_replacement_is_at_its_default(client):
    """PUT is the whole of it."""
    client.post("/api/v1/pacs", json=WEST | {"description": "old", "timeout_s": 5})

    client.put("/api/v1/pacs/west", json={key: WEST[key] for key in ("host", "port", "ae_title")})

    shown = client.get("/api/v1/pacs/west").json()
    assert ("", 30) == (shown["description"], shown["timeout_s"])


def test_those_of_the_settings_are_listed_and_stay(client, store):
    """managed: false, and 409 for every change."""
    listed = client.get("/api/v1/pacs").json()["pacs"]
    answers = [
        client.post("/api/v1/pacs", json=WEST | {"name": "archive"}),
        client.put("/api/v1/pacs/archive", json=WEST | {"name": "archive"}),
        client.delete("/api/v1/pacs/archive"),
    ]

    assert [("archive", False)] == [(it["name"], it["managed"]) for it in listed]
    assert [409] * 3 == [answer.status_code for answer in answers]
    assert all("settings" in answer.json()["detail"] for answer in answers)
    assert [] == audited(store)


def test_names_are_unique(client):
    """The second is refused, and the first stays as it is."""
    client.post("/api/v1/pacs", json=WEST)

    assert 409 == client.post("/api/v1/pacs", json=WEST | {"port": 1}).status_code
    assert 104 == client.get("/api/v1/pacs/west").json()["port"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["name", "host", "port", "ae_title"]),
        (WEST | {"port": 0, "ae_title": "X" * 28, "host": "a b"}, ["host", "port", "ae_title"]),
        (WEST | {"name": "Big Name"}, ["name"]),
        (WEST | {"environment": "both"}, ["environment"]),
        (WEST | {"colour": "red"}, ["colour"]),
        (WEST | {"move_ae_titles": {"east": "X" * 17}}, ["move_ae_titles.east"]),
        (WEST | {"transfer_syntaxes": ["explicit", "gif"]}, ["transfer_syntaxes.1"]),
        (WEST | {"timeout_s": 1e300}, ["timeout_s"]),
        (WEST | {"name": "query"}, ["name"]),
        (WEST | {"web_url": MASKED}, ["web_url"]),
        (WEST | {"tls_ca": "/etc/passwd", "tls_key": "/etc/shadow"}, ["tls_ca", "tls_key"]),
    ],
)
def test_every_fault_is_named(client, store, body, fields):
    """With what to write instead; nothing is kept."""
    assert fields == faults(client.post("/api/v1/pacs", json=body))
    assert ([], []) == (store.destinations.list(), audited(store))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 100_000, b'"x"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(client, body):
    """Not with a 500."""
    answer = client.post("/api/v1/pacs", content=body, headers={"Content-Type": "application/json"})

    assert 400 == answer.status_code
    assert 415 == client.post("/api/v1/pacs", data={"name": "x"}).status_code


def test_a_password_is_never_shown_and_survives_what_was_shown(client, store):
    """Neither in answers nor in the audit trail; a document that is sent back as it came keeps it."""
    added = client.post("/api/v1/pacs", json=WEST | {"web_url": WITH_PASSWORD})
    listed = client.get("/api/v1/pacs")
    shown = client.get("/api/v1/pacs/west").json()

    client.put("/api/v1/pacs/west", json=shown | {"description": "changed"})

    assert MASKED == shown["web_url"]
    assert all("hunter2" not in it.text for it in (added, listed))
    assert (WITH_PASSWORD, "changed") == ((kept := store.destinations.list()[0]).web_url, kept.description)
    assert "hunter2" not in str(store.messages.audit_trail())


def test_files_of_the_machine_stay_as_they_were_set_on_it(client, store):
    """The API may keep or drop them, and not name others."""
    store.destinations.put(Destination(**WEST, tls=True, tls_ca="/etc/ca.pem"))
    shown = client.get("/api/v1/pacs/west").json()

    kept = client.put("/api/v1/pacs/west", json=shown | {"description": "changed"})
    other = client.put("/api/v1/pacs/west", json=shown | {"tls_ca": "/etc/other.pem"})
    dropped = client.put("/api/v1/pacs/west", json=shown | {"tls_ca": ""})

    assert ("/etc/ca.pem", ["tls_ca"], "") == (kept.json()["tls_ca"], faults(other), dropped.json()["tls_ca"])


def test_a_name_in_the_body_is_that_of_the_path(client):
    """A destination is not renamed: deliveries are kept by name."""
    client.post("/api/v1/pacs", json=WEST)

    assert ["name"] == faults(client.put("/api/v1/pacs/west", json=WEST | {"name": "east"}))
    assert 404 == client.put("/api/v1/pacs/east", json=WEST).status_code


def test_what_has_no_effect_is_said(client):
    """A route to nobody, who may be added later."""
    body = WEST | {"move_ae_titles": {"nobody": "X", "archive": "Y"}}

    warnings = client.post("/api/v1/pacs", json=body).json()["warnings"]

    assert ["move_ae_titles.nobody"] == [warning.partition(":")[0] for warning in warnings]


def test_what_contradicts_itself_is_refused(client):
    """As in the settings: STOW to nowhere, and committing to it, which DICOMweb cannot."""
    refused = client.post("/api/v1/pacs", json=WEST | {"transport": "stow", "commitment": True})

    assert (400, ["web_url", "commitment"]) == (
        refused.status_code,
        [error["field"] for error in refused.json()["errors"]],
    )


def test_removing_says_what_went_with_it(client, store, put):
    """Open deliveries go to the dead letters, and routes go."""
    for destination in (
        Destination("main", "h", 1, "M"),
        Destination("east", "h", 1, "E", move_ae_titles={"main": "M"}),
    ):
        store.destinations.put(destination)
    put("A1")
    put("A2")

    removed = client.delete("/api/v1/pacs/main").json()

    assert {"name": "main", "dead_letters": 2, "routes": ["east"]} == removed
    assert {} == client.get("/api/v1/pacs/east").json()["move_ae_titles"]
    assert 404 == client.delete("/api/v1/pacs/main").status_code


def test_an_echo_says_whether_it_is_there(client, store):
    """A PACS that is away is an answer, not an error."""
    with fake_pacs() as pacs:
        store.destinations.put(pacs.destination("here"), Destination("away", "127.0.0.1", free_port(), "X"))
        here, away = (client.post(f"/api/v1/pacs/{name}/echo") for name in ("here", "away"))

    assert (200, True, "C-ECHO") == (here.status_code, here.json()["ok"], here.json()["checks"][0]["service"])
    assert (200, False) == (away.status_code, away.json()["ok"])
    assert "cannot be reached" in away.json()["checks"][0]["reason"]
    assert 404 == client.post("/api/v1/pacs/nobody/echo").status_code


def test_another_sites_page_changes_no_destination(client, store):
    """CSRF."""
    answer = client.post("/api/v1/pacs", json=WEST, headers={"Origin": "http://evil.example"})

    assert (403, []) == (answer.status_code, store.destinations.list())


def test_only_so_many_wait_for_a_pacs():
    """The others are told to come again."""
    turnstile = Turnstile(1)

    with turnstile.turn():
        with pytest.raises(Exception, match="503") as caught, turnstile.turn():
            pass
        assert "5" == caught.value.headers["Retry-After"]
    with turnstile.turn():
        pass


def test_a_refusal_says_all_of_it_in_one_line_each():
    """For the command line."""
    with pytest.raises(DestinationRefused, match=r"port: not a TCP port\. Use 1-65535\."):
        read(WEST | {"port": 0})
