"""HTTP against the application itself, with a real store behind it."""

import pytest
from fastapi.testclient import TestClient

from dicomfabd import __version__
from dicomfabd.domain.delivery import Routing
from dicomfabd.domain.order import Code
from dicomfabd.telemetry.health import Health
from dicomfabd.telemetry.metrics import Metrics
from dicomfabd.web.desk import WebDesk
from dicomfabd.web.guards import LARGEST_BODY, Guards
from dicomfabd.web.server import build
from tests.builders import a_message, a_new, an_order

KIT = {"patient_id": "P123", "patient_name": "DOE^JANE", "accession": "ACC-1001"}


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def woken() -> list[bool]:
    return []


@pytest.fixture
def client(store, journal, health, woken):
    desk = WebDesk(
        inbox=store.inbox,
        book=store.book,
        recognise=lambda _procedure, service: service or "OT",
        route=lambda _order: Routing(("main",)),
        on_work=lambda: woken.append(True),
        addresses=lambda: {"mllp": "127.0.0.1:2575"},
        metrics=Metrics(__version__),
        health=health,
        journal=journal,
    )
    with TestClient(Guards(build(desk), journal), raise_server_exceptions=False) as it:
        yield it


@pytest.fixture
def put(store):
    def accept(accession="A1", **changes):
        store.inbox.accept(a_message(accession), [a_new(an_order(accession, **changes), "main")], b"").result()

    return accept


def test_the_kits_order_is_taken(client, store, woken):
    """Five keys, two with defaults, as the tutorial kit sends them."""
    answer = client.post("/orders", json=KIT)

    assert (200, "ok", "ACC-1001") == (answer.status_code, answer.json()["status"], answer.json()["accession"])
    order = store.book.get(1).order
    assert ("CR", "XR CHEST", "DOE^JANE") == (order.modality, order.procedure.meaning, order.patient.patient_name)
    assert woken


def test_the_same_order_again_is_the_same_study(client, store):
    """The kit gave it a new Study Instance UID each time."""
    first = client.post("/api/v1/orders", json=KIT)
    again = client.post("/api/v1/orders", json=KIT | {"study_desc": "XR CHEST"})

    assert (201, 200) == (first.status_code, again.status_code)
    assert first.json()["study_instance_uid"] == again.json()["study_instance_uid"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"patient_id": ""}, "patient_id"),
        ({"accession": None}, "accession"),
        ({"modality": "ct"}, "modality"),
        ({"priority": "NOW"}, "priority"),
        ({"colour": "red"}, "colour"),
        ({"patient_id": "a\\b"}, "patient_id"),
    ],
)
def test_what_is_wrong_is_named_by_field(client, change, field):
    """400 with problem+json (RFC 9457)."""
    answer = client.post("/api/v1/orders", json=KIT | change)

    assert (400, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert [field] == [error["field"] for error in answer.json()["errors"]]


def test_an_order_of_another_patient_is_a_conflict(client):
    """409, and the study stays where it is."""
    client.post("/api/v1/orders", json=KIT)

    assert 409 == client.post("/api/v1/orders", json=KIT | {"patient_id": "OTHER"}).status_code


def test_an_accession_number_is_never_a_path(client, tmp_path):
    """The kit wrote outside its folder."""
    answer = client.post("/orders", json=KIT | {"accession": "../../../x"})

    assert 200 == answer.status_code
    assert [] == list(tmp_path.rglob("x"))


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
    """Deliveries and timeline."""
    put()

    order = client.get("/api/v1/orders/1").json()

    assert ["main"] == [delivery["destination"] for delivery in order["deliveries"]]
    assert ["order.created"] == [event["event"] for event in order["timeline"]]
    assert 404 == client.get("/api/v1/orders/99").status_code


def test_an_order_is_cancelled_and_retried(client, put, store):
    """What the answer says is what happened."""
    put("A1")
    put("A2")
    store.queue.fail(store.queue.claim("w", 60, ["main"]), "refused")

    assert "scheduled" == client.post("/api/v1/orders/1/retry").json()["state"]
    assert ("cancelled", "cancelled") == tuple(
        client.post("/api/v1/orders/2/cancel").json()[key] for key in ("action", "state")
    )
    assert 409 == client.post("/api/v1/orders/2/retry").status_code
    assert 404 == client.post("/api/v1/orders/99/cancel").status_code


def test_readiness_follows_the_checks(client, health):
    """503 with the reason; liveness does not care."""
    problem = [""]
    health.register("store", lambda: problem[0])
    assert (200, "ok\n") == (client.get("/readyz").status_code, client.get("/readyz").text)

    problem[0] = "disk full"

    assert (503, "store: disk full\n") == (client.get("/readyz").status_code, client.get("/readyz").text)
    assert "fail" == client.get("/healthz").json()["status"]
    assert 200 == client.get("/livez").status_code


def test_hostile_values_are_text_on_the_page(client, put):
    """No markup from HL7."""
    put(referring_physician="x", procedure=Code("C", "<script>alert(1)</script>", "L"))

    for path in ("/", "/orders/1"):
        page = client.get(path)
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;" in page.text
        assert "default-src 'self'" in page.headers["content-security-policy"]


def test_the_page_acts_and_shows(client, put):
    """Cancel from the page."""
    put()

    answer = client.post("/orders/1/cancel", follow_redirects=True)

    assert "cancelled" in answer.text


def test_another_sites_page_changes_nothing(client, put, store):
    """CSRF."""
    put()

    answer = client.post("/orders/1/cancel", headers={"Origin": "http://evil.example"})

    assert (403, "scheduled") == (answer.status_code, store.book.get(1).state)


def test_a_large_body_is_refused_before_it_is_read(client):
    """413, declared or not."""
    declared = client.post("/orders", content=b"x" * (LARGEST_BODY + 1))
    undeclared = client.post("/orders", content=(b"x" * 65536 for _ in range(32)))

    assert (413, 413) == (declared.status_code, undeclared.status_code)


def test_nothing_on_the_page_comes_from_elsewhere(client):
    """Hospitals have no internet."""
    for path in ("/", "/static/style.css", "/static/live.js"):
        assert "https://" not in client.get(path).text


def test_requests_are_counted_by_route(client, put, sink):
    """Never by the path itself, which has no end."""
    put()
    client.get("/api/v1/orders/1")
    client.get("/no/such/page")

    assert 1 == sink.counts[("dicomfabd_web_requests_total", "GET", "/api/v1/orders/{order_id}", "200")]
    assert 1 == sink.counts[("dicomfabd_web_requests_total", "GET", "other", "404")]
