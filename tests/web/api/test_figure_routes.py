"""Counts and the past, over HTTP."""

from dicomfabd.domain.order import OrderState
from tests.builders import NOON


def test_counts_are_given_in_one_answer(client, put, take, clock, store):
    """Everything the overview shows."""
    clock.now = NOON.timestamp()
    put("A1")
    take(code="AR", quarantined=True)
    store.queue.fail(store.queue.claim("w", 60, {"main": 1}), "never")
    clock.advance(90)
    put("A2")

    told = client.get("/api/v1/counts").json()

    assert ({state.value for state in OrderState}, 1, 1) == (
        set(told["orders"]),
        told["orders"]["failed"],
        told["orders"]["scheduled"],
    )
    assert ({"main": {"failed": 1, "queued": 1}}, 1) == (told["jobs"], told["dead_letters"])
    assert {"main": {"at": "2026-03-02T12:01:30.000Z", "age_s": 0.0}} == told["oldest_queued"]
    assert {"kept": 3, "quarantined": 1} == told["messages"]
    assert {"application": "RIS", "last_at": "2026-03-02T12:00:00.000Z", "last_day": 1} in told["senders"]
    assert ({}, 0, "2026-03-02T12:01:30.000Z") == (told["away"], told["behind"], told["at"])


def test_metrics_and_counts_are_one_look(client, put, store):
    """Whoever asks within two seconds is told the same."""
    put("A1")
    client.get("/api/v1/counts")
    asked = []
    store.figures._count = lambda: asked.append(True)

    text = client.get("/metrics").text

    assert [] == asked
    assert 'dicomfabd_orders{state="scheduled"} 1.0' in text
    assert 'dicomfabd_jobs{destination="main",state="queued"} 1.0' in text
    assert "dicomfabd_search_behind 0.0" in text


def test_the_past_is_given_in_steps(client, metrics):
    """Sixty minutes, or ninety-six quarters of an hour; the last one is now."""
    metrics.add("dicomfabd_order_changes_total", 3, "created")

    hour = client.get("/api/v1/history?span=hour").json()
    day = client.get("/api/v1/history?span=day").json()

    assert (60, 900) == (hour["step_s"], day["step_s"])
    assert ({60}, {96}) == tuple({len(values) for values in it["series"].values()} for it in (hour, day))
    assert ([3], [3]) == tuple([value for value in it["series"]["orders"] if value] for it in (hour, day))
    assert {"messages", "refused", "orders", "instances", "failed", "queries"} == set(hour["series"])
    assert [400, 400] == [client.get(f"/api/v1/history{it}").status_code for it in ("", "?span=year")]
