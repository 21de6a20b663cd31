"""An order is taken once, however often its request comes."""

import asyncio
import http.client
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from dicomfabd.config import Web
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.store.interface import OrderQuery
from dicomfabd.store.opening import open_store
from dicomfabd.web.guards import Guards
from dicomfabd.web.server import WebServer, build
from tests.web.conftest import KIT, a_client

KEY = "4b5a7f0e-7b0c-4d51-9b3e-1f2f3c4d5e6f"


@pytest.fixture
def served(desk):
    """Give the port of a real server."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = WebServer(Web(port=0), desk)
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    yield server.port
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def post(client, order, key=KEY, path="/api/v1/orders"):
    return client.post(path, json=order, headers={"Idempotency-Key": key})


@pytest.mark.parametrize("path", ["/orders", "/api/v1/orders"])
def test_a_repeated_request_gets_the_first_answer(client, store, path):
    """Same status, same body, and a header that says so; the order's own life in between does not show."""
    first = post(client, KIT, path=path)
    client.delete("/api/v1/orders/1")

    again = post(client, KIT, path=path)

    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert (None, "true") == tuple(answer.headers.get("Idempotent-Replayed") for answer in (first, again))
    assert "cancelled" == store.book.get(1).state


def test_the_answer_survives_a_restart(desk, journal, client, store, tmp_path):
    """It is made of what is on disk."""
    first = post(client, KIT)
    store.close()

    reopened = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    other = replace(desk, inbox=reopened.inbox, book=reopened.book, messages=reopened.messages)
    with a_client(Guards(build(other), journal)) as after:
        again = post(after, KIT)
        assert (201, first.content, "true") == (again.status_code, again.content, again.headers["Idempotent-Replayed"])
        assert 1 == len(reopened.book.find(OrderQuery()))
    reopened.close()


def test_another_order_under_the_same_key_is_refused(client, store):
    """422 names the header; nothing is done."""
    post(client, KIT)

    answer = post(client, KIT | {"accession": "ACC-2"})

    assert (422, ["Idempotency-Key"]) == (answer.status_code, [error["field"] for error in answer.json()["errors"]])
    assert 1 == len(store.book.find(OrderQuery()))


def test_the_same_key_at_the_other_door_is_refused(client):
    """The doors answer in different forms, so the first answer would be none."""
    post(client, KIT, path="/orders")

    assert 422 == post(client, KIT, path="/api/v1/orders").status_code


def test_the_order_of_the_fields_does_not_make_another_order(client):
    """Nor do spaces, nor a default that is spelt out: it is the order that is compared."""
    post(client, KIT)

    answer = client.post(
        "/api/v1/orders",
        content=json.dumps(dict(reversed((KIT | {"modality": "CR"}).items())), indent=2),
        headers={"Idempotency-Key": KEY, "Content-Type": "application/json"},
    )

    assert (201, "true") == (answer.status_code, answer.headers["Idempotent-Replayed"])


def test_a_refused_order_does_not_use_its_key_up(client):
    """Who mends the order sends it with the same key."""
    assert 400 == post(client, KIT | {"modality": "?"}).status_code
    assert 201 == post(client, KIT).status_code


def test_a_quoted_key_is_the_same_key(client):
    """A structured string (RFC 8941) as in the IETF draft, or bare as everybody sends it."""
    post(client, KIT, key=f'"{KEY}"')

    assert "true" == post(client, KIT, key=KEY).headers["Idempotent-Replayed"]


@pytest.mark.parametrize("key", ["", " ", "a b", '"open', '""', "k" * 201, '"a" "b"', b"\xe4", "a\tb"])
def test_what_is_no_key_is_refused(client, store, key):
    """400 at the header, before anything is done."""
    answer = client.post("/api/v1/orders", json=KIT, headers=[("Idempotency-Key", key)])

    assert (400, ["Idempotency-Key"]) == (answer.status_code, [error["field"] for error in answer.json()["errors"]])
    assert [] == store.book.find(OrderQuery())


def test_two_keys_at_once_are_none(client):
    """Which one would be meant?"""
    answer = client.post("/api/v1/orders", json=KIT, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")])

    assert 400 == answer.status_code


def test_requests_at_the_same_time_make_one_order(served, store):
    """Over real connections: one order each key, whether the bodies are equal or not."""
    start = threading.Barrier(8)

    def send(number: int) -> tuple[int, bytes, str | None]:
        accession = "SAME" if number < 4 else f"OTHER{number}"
        body = json.dumps(KIT | {"accession": accession})
        headers = {"Content-Type": "application/json", "Idempotency-Key": "k1" if number < 4 else "k2"}
        connection = http.client.HTTPConnection("127.0.0.1", served, timeout=20)
        start.wait(10)
        connection.request("POST", "/api/v1/orders", body, headers)
        answer = connection.getresponse()
        result = answer.status, answer.read(), answer.headers["Idempotent-Replayed"]
        connection.close()
        return result

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))

    same, other = answers[:4], answers[4:]
    assert ({201}, 1) == ({status for status, _, _ in same}, len({body for _, body, _ in same}))
    assert [None, "true", "true", "true"] == sorted((header for _, _, header in same), key=str)
    assert [201, 422, 422, 422] == sorted(status for status, _, _ in other)
    assert 2 == len(store.book.find(OrderQuery()))


def test_without_a_store_a_good_order_waits_and_a_bad_one_is_told(desk, journal):
    """503 for what could be taken later; 400 for what never can."""

    class Down:
        def accept(self, _submissions):
            raise StoreUnavailable("disk full")

    with a_client(Guards(build(replace(desk, inbox=Down())), journal)) as client:
        good, bad = client.post("/orders", json=KIT), client.post("/orders", json=KIT | {"patient_id": ""})

    assert (503, 400) == (good.status_code, bad.status_code)
