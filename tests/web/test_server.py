"""Page, probes and guards, with a real store behind them."""

from dicomfabd.domain.order import Code
from dicomfabd.web.guards import LARGEST_BODY


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
