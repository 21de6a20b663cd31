"""Page, probes and guards, with a real store behind them."""

import asyncio

import pytest

from dicomfabd.config import Web
from dicomfabd.domain.access import Rights, Role
from dicomfabd.domain.order import Code
from dicomfabd.web.guards import LARGEST_BODY
from dicomfabd.web.server import WebServer


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

    for path in ("/orders", "/orders/1"):
        page = client.get(path, headers={"Accept": "text/html"})
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;" in page.text
        assert "default-src 'self'" in page.headers["content-security-policy"]


def test_another_sites_page_changes_nothing(client, put, store):
    """CSRF."""
    put()

    answer = client.post("/api/v1/orders/1/cancel", headers={"Origin": "http://evil.example"})

    assert (403, "scheduled") == (answer.status_code, store.book.get(1).state)


def test_a_large_body_is_refused_before_it_is_read(client):
    """413 as a problem document, declared or not."""
    declared = client.post("/orders", content=b"x" * (LARGEST_BODY + 1))
    undeclared = client.post("/orders", content=(b"x" * 65536 for _ in range(32)))

    assert (413, 413) == (declared.status_code, undeclared.status_code)
    assert {"application/problem+json"} == {declared.headers["content-type"], undeclared.headers["content-type"]}


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


def test_a_number_no_database_holds_is_a_bad_request(client):
    """And no 500."""
    for path in (f"/api/v1/orders/{10**30}", f"/api/v1/messages/{10**30}", f"/orders/{10**30}", "/api/v1/orders/0"):
        assert 400 == client.get(path).status_code


def test_a_method_that_is_not_there_names_those_that_are(client):
    """405 with Allow, as the kit's own demonstration expects of GET /orders."""
    answer = client.get("/orders")

    assert (405, "POST") == (answer.status_code, answer.headers["allow"])


def test_the_api_describes_the_order_it_takes(client):
    """The body and the key are read by hand, and stand in the OpenAPI document all the same."""
    operation = client.get("/api/v1/openapi.json").json()["paths"]["/orders"]["post"]

    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert ["patient_id", "patient_name", "accession"] == schema["required"]
    assert ["Idempotency-Key"] == [parameter["name"] for parameter in operation["parameters"]]


@pytest.mark.parametrize(
    ("proxies", "address"), [(["127.0.0.1"], "203.0.113.9"), (["127.0.0.0/8"], "203.0.113.9"), ([], "127.0.0.1")]
)
def test_only_proxies_of_the_settings_say_for_whom_they_ask(desk, store, access, monkeypatch, proxies, address):
    """Over a real socket, whatever the environment says to uvicorn."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    access.accounts.add("ann", access.passwords.hash("correct horse battery"), Rights(Role.ADMIN, Role.ADMIN))
    body = b'{"name": "ann", "password": "wrong horse battery"}'

    async def story():
        server = WebServer(Web(port=0, proxies=proxies), desk)
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            b"POST /api/v1/session HTTP/1.1\r\nHost: fab.example\r\nX-Forwarded-For: 198.51.100.7, 203.0.113.9\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)
        )
        answer = await reader.read()
        writer.close()
        await server.stop()
        return answer

    assert b" 401 " in asyncio.run(story()).splitlines()[0]
    assert f"http {address}" == store.messages.audit_trail()[0].actor
