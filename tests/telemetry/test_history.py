"""The past: what was counted, when it happened, over restarts."""

import json

import pytest

from dicomfabd.telemetry.history import SERIES, STEPS, History, Span
from dicomfabd.telemetry.metrics import Metrics

MESSAGES = "dicomfabd_intake_messages_total"


@pytest.fixture
def metrics():
    return Metrics("1")


@pytest.fixture
def history(metrics, tmp_path, clock):
    clock.now = 1_200_000.0 + 20  # a whole minute and a quarter of an hour, and a little
    return History(metrics, tmp_path / "history.json", clock)


def test_each_step_has_what_happened_in_it(history, metrics, clock):
    """By difference: the counters themselves only grow."""
    metrics.add(MESSAGES, 5, "ORM", "AA")
    clock.advance(10)
    history.sample()
    clock.advance(60)
    metrics.add(MESSAGES, 2, "ORM", "AE")
    metrics.add(MESSAGES, 1, "ADT", "AR")
    clock.advance(10)
    past = history.of(Span.HOUR)

    assert ([5, 3], [0, 3]) == (past.series["messages"][-2:], past.series["refused"][-2:])
    assert (60, 60, 1_200_060.0 - 59 * 60) == (past.step_s, len(past.series["messages"]), past.since)
    assert (8, 900) == (sum(history.of(Span.DAY).series["messages"]), history.of(Span.DAY).step_s)


def test_what_happened_between_two_looks_belongs_to_their_middle(history, metrics, clock):
    """A look at the very beginning of a minute tells of the one before."""
    clock.now = 1_200_055.0
    history.sample()
    metrics.add(MESSAGES, 4, "ORM", "AA")
    clock.now = 1_200_060.5
    history.sample()

    assert [4, 0] == history.of(Span.HOUR).series["messages"][-2:]


def test_only_what_counts_is_counted(history, metrics):
    """Stored instances, not refused ones; failed deliveries, not postponed ones; created orders, not changed ones."""
    for action, amount in (("created", 2), ("changed", 50)):
        metrics.add("dicomfabd_order_changes_total", amount, action)
    for outcome, amount in (("stored", 7), ("warned", 1), ("permanent", 50)):
        metrics.add("dicomfabd_deliver_instances_total", amount, "main", outcome)
    for outcome, amount in (("failed", 3), ("postponed", 50)):
        metrics.add("dicomfabd_deliver_studies_total", amount, "main", outcome)
    metrics.add("dicomfabd_worklist_queries_total", 9, "ok")
    series = history.of(Span.HOUR).series

    assert {"messages": 0, "refused": 0, "orders": 2, "instances": 8, "failed": 3, "queries": 9} == {
        name: values[-1] for name, values in series.items()
    }
    assert list(SERIES) == list(series)


def test_the_past_outlives_a_restart(history, metrics, clock, tmp_path):
    """The counters begin at nothing again; what was is still there, and the time between is empty."""
    metrics.add(MESSAGES, 5, "ORM", "AA")
    clock.advance(10)
    history.save()
    clock.advance(120)
    metrics = Metrics("1")
    again = History(metrics, tmp_path / "history.json", clock)
    metrics.add(MESSAGES, 1, "ORM", "AA")

    assert [5, 0, 1] == again.of(Span.HOUR).series["messages"][-3:]
    assert 6 == sum(again.of(Span.DAY).series["messages"])


def test_what_is_long_past_is_forgotten(history, metrics, clock, tmp_path):
    """The file stays small."""
    for _ in range(200):
        metrics.add(MESSAGES, 1, "ORM", "AA")
        clock.advance(900)
        history.save()
    kept = json.loads((tmp_path / "history.json").read_text())

    # The last of the 96 steps has only just begun.
    assert 95 == sum(history.of(Span.DAY).series["messages"])
    assert all(len(kept[span.value]) <= STEPS[span].amount for span in Span)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "null",
        '{"hour": 7}',
        '{"hour": {"x": {}}}',
        '{"hour": {"1": 5}}',
        '{"hour": {"1": {"messages": "x"}}}',
    ],
)
def test_a_file_that_is_none_of_ours_is_passed_over(metrics, clock, tmp_path, text):
    """The daemon starts all the same."""
    (tmp_path / "history.json").write_text(text)

    assert 0 == sum(History(metrics, tmp_path / "history.json", clock).of(Span.HOUR).series["messages"])


def test_a_clock_put_back_takes_nothing_away(history, metrics, clock):
    """What was noted for later is dropped; nothing is negative."""
    metrics.add(MESSAGES, 5, "ORM", "AA")
    history.sample()
    clock.advance(-7200)
    metrics.add(MESSAGES, 2, "ORM", "AA")

    assert {0, 2} >= set(history.of(Span.HOUR).series["messages"])
    assert 0 <= min(history.of(Span.HOUR).series["messages"])
