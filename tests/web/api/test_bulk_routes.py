"""One act on many orders or messages."""

import pytest

from dicomfabd.domain.access import Principal, Role
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.order import OrderState


@pytest.fixture
def failed(put, store):
    """Give a function that places an order whose delivery has failed."""

    def place(accession):
        put(accession)
        claim = store.queue.claim("w", 60, {"main": 9})
        store.queue.fail(claim, "never")
        return claim.order_id

    return place


def test_many_are_retried_and_each_is_answered(client, failed, put, store, woken):
    """What cannot be is said for each; who did it is noted once."""
    numbers = [failed("A1"), failed("A2")]
    put("A3")
    store.book.request_cancel(3)

    answer = client.post("/api/v1/orders/bulk", json={"action": "retry", "order_ids": [*numbers, 3, 99, numbers[0]]})

    told = answer.json()
    assert (200, "retry", 2, None) == (answer.status_code, told["action"], told["done"], told["next"])
    assert [(1, True), (2, True), (3, False), (99, False)] == [(it["order_id"], it["ok"]) for it in told["results"]]
    assert ["queued for main", "nothing to retry: no delivery of this order failed or waits"] == [
        told["results"][0]["text"],
        told["results"][2]["text"],
    ]
    assert {"scheduled"} == {store.book.get(number).state.value for number in numbers}
    (entry,) = store.messages.audit_trail()
    assert ("orders.bulk_retry", "2 orders", [1, 2]) == (entry.action, entry.target, entry.detail["done"])
    assert [True] == woken


def test_many_are_cancelled_by_what_they_have_in_common(client, put, store, sink):
    """Those that fit, and no other."""
    for number in range(4):
        put(f"A{number}", sender="OLD|X" if number % 2 else "RIS|HOSP")

    answer = client.post(
        "/api/v1/orders/bulk", json={"action": "cancel", "filter": {"sender": "OLD", "state": ["scheduled"]}}
    )

    assert ([4, 2], 2) == ([it["order_id"] for it in answer.json()["results"]], answer.json()["done"])
    assert "the order was cancelled; its study is not made" == answer.json()["results"][0]["text"]
    assert 2 == store.book.counts()[OrderState.CANCELLED]
    assert {"sender": "OLD", "state": ["scheduled"]} == store.messages.audit_trail()[0].detail["filter"]
    assert [4, 2] == [it["order_id"] for it in sink.named("order.updated")]


def test_many_are_sent_elsewhere(client, put, store):
    """A form sends numbers as text, and an empty choice; both are understood."""
    put("A1")
    put("A2")

    answer = client.post(
        "/api/v1/orders/bulk", json={"action": "send", "order_ids": ["1", "2"], "destinations": ["archive", ""]}
    )
    unknown = client.post("/api/v1/orders/bulk", json={"action": "send", "order_ids": [1], "destinations": ["nowhere"]})

    assert ["queued for archive"] * 2 == [it["text"] for it in answer.json()["results"]]
    assert (404, "there is no destination named nowhere") == (unknown.status_code, unknown.json()["detail"])


@pytest.mark.parametrize(
    "body",
    [
        {"action": "cancel"},
        {"action": "cancel", "filter": {}},
        {"action": "cancel", "filter": {"text": ""}},
        {"action": "cancel", "filter": {"txet": "doe"}},
        {"action": "cancel", "order_ids": [1], "filter": {"text": "doe"}},
        {"action": "cancel", "order_ids": list(range(1, 1002))},
        {"action": "cancel", "order_ids": [0]},
        {"action": "delete", "order_ids": [1]},
    ],
    ids=str,
)
def test_whatever_might_mean_all_is_refused(client, put, store, body):
    """A slip must not cancel a hospital's orders."""
    put("A1")

    assert 400 == client.post("/api/v1/orders/bulk", json=body).status_code
    assert 0 == store.book.counts()[OrderState.CANCELLED]


def test_who_is_no_operator_of_prod_acts_on_test_only(client, failed, fixed, store):
    """Whatever else the same request may do, and whether or not the destination is named."""

    class Porter:
        async def recognise(self, _request, **_):
            return Principal("tess", Role.OPERATOR, Role.VIEWER)

    fixed.append(Destination("main", "pacs.example", 104, "MAIN", environment="prod"))
    number = failed("A1")
    client.app._app.state.doorman = Porter()

    unnamed = client.post("/api/v1/orders/bulk", json={"action": "retry", "order_ids": [number]})
    named = client.post("/api/v1/orders/bulk", json={"action": "send", "order_ids": [number], "destinations": ["main"]})

    assert [False] == [it["ok"] for it in unnamed.json()["results"]]
    assert "prod environment" in unnamed.json()["results"][0]["text"]
    assert (403, "failed") == (named.status_code, store.book.get(number).state.value)


def test_messages_are_taken_again_one_after_the_other(client, take, store):
    """Each is answered; one that is not there does not stop the others."""
    take(raw=b"MSH|order")
    take(raw=b"MSH|nothing", code="AE")

    answer = client.post("/api/v1/messages/bulk-replay", json={"message_ids": [1, 99, 2, 1]})

    told = answer.json()
    assert (200, 1) == (answer.status_code, told["done"])
    assert [(1, True, "AA"), (99, False, ""), (2, False, "AE")] == [
        (it["replay_of"], it["ok"], it["code"]) for it in told["results"]
    ]
    assert ["a new order was placed", "there is no message 99"] == [it["text"] for it in told["results"][:2]]
    assert 400 == client.post("/api/v1/messages/bulk-replay", json={"message_ids": []}).status_code
