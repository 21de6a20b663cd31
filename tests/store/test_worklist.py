"""What the worklist is given, whatever keeps it."""

from dataclasses import replace

import pytest

from dicomfabd.domain.delivery import Delivery
from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import OrderControl, StepStatus
from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import Change, PatientChange
from dicomfabd.store.migrations import queue_migrations
from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.sqlite_worklist import statement
from dicomfabd.store.worklist_interface import ItemQuery, ListedItem, LoggedQuery
from tests.builders import NOON, a_cancel, a_message, a_new, an_order, take

OPEN = frozenset({StepStatus.SCHEDULED, StepStatus.STARTED})
EVERY = ItemQuery(frozenset(StepStatus), 0)


@pytest.fixture
def put(store):
    numbers = iter(range(1, 1000))
    return lambda *changes: take(store.inbox, a_message(f"M{next(numbers)}"), *changes)


@pytest.fixture
def found(store):
    """Give a function that asks and gives accession number and ordinal of each item."""

    def ask(**query):
        items = store.worklist.find(replace(ItemQuery(OPEN, 0), **query), 100)
        orders = store.worklist.load([item.order_id for item in items])
        return [(orders[item.order_id].order.accession_number, item.ordinal) for item in items]

    return ask


def a_step(modality="CT", hour=12, day=2, stations=(), step_id="", label=""):
    moment = NOON.replace(day=day, hour=hour)
    return StepDraft(
        modality=modality,
        scheduled_at=moment,
        station_ae_titles=stations,
        scheduled_procedure_step_id=step_id,
        worklist_label=label,
    )


def statuses(store, accession="A1"):
    return [step.status for step in store.worklist.by_accession(accession).steps]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [("A1", 0), ("A2", 0), ("A2", 1)]),
        ({"accession_numbers": ("A2",)}, [("A2", 0), ("A2", 1)]),
        ({"accession_numbers": ("A1", "A2", "A3")}, [("A1", 0), ("A2", 0), ("A2", 1)]),
        ({"patient_ids": ("P2",)}, [("A2", 0), ("A2", 1)]),
        ({"step_ids": ("S2", "S9")}, [("A2", 1)]),
        ({"modalities": ("MR",)}, [("A2", 0)]),
        ({"stations": ("MR2",)}, [("A2", 0)]),
        ({"stations": ("MR1", "MR2", "CT01")}, [("A1", 0), ("A2", 0)]),
        ({"stations": ("MR2",), "accession_numbers": ("A1",)}, []),
        ({"stations": ("CT01",), "step_ids": ("S2",)}, []),
        ({"labels": ("HEART",)}, [("A2", 1)]),
        ({"start_from": "20260302130000"}, [("A2", 0), ("A2", 1)]),
        ({"start_to": "20260302130000"}, [("A1", 0), ("A2", 0)]),
        ({"start_from": "20260302130000.5"}, [("A2", 1)]),
        ({"time_from": "100000", "time_to": "120000"}, [("A1", 0), ("A2", 1)]),
        ({"stations": ("CT01",), "start_from": "20260303"}, []),
        ({"name_parts": ("=muller",)}, [("A2", 0), ("A2", 1)]),
        ({"name_parts": ("=doe", "anna")}, []),
    ],
)
def test_items_are_found_by_what_modalities_ask_for(put, found, query, expected):
    """By start; an item on two stations comes once."""
    put(
        a_new(
            an_order(
                "A2",
                patient=Patient("P2", "Müller^Anna"),
                steps=(
                    a_step("MR", hour=13, stations=("MR1", "MR2")),
                    a_step("US", day=3, hour=11, step_id="S2", label="HEART"),
                ),
            )
        ),
        a_new(an_order("A1", steps=(a_step(stations=("CT01",)),))),
    )

    assert expected == found(**query)


def test_pages_follow_each_other(put, store):
    """By place, whatever came meanwhile."""
    put(*(a_new(an_order(f"A{n}", steps=(a_step(hour=n % 3),))) for n in range(7)))
    page: list[ListedItem] = []
    found = []
    while page := store.worklist.find(EVERY, 3, page[-1] if page else None):
        found += page

    assert 7 == len(set(found)) and found == sorted(found)


@pytest.mark.parametrize(
    ("control", "status"),
    [
        (OrderControl.HOLD, StepStatus.HELD),
        (OrderControl.START, StepStatus.STARTED),
        (OrderControl.COMPLETE, StepStatus.COMPLETED),
        (OrderControl.CANCEL, StepStatus.CANCELED),
        (OrderControl.DISCONTINUE, StepStatus.DISCONTINUED),
    ],
)
def test_a_step_stands_as_its_order_does(put, store, control, status):
    """In the transaction of the message."""
    order = an_order()
    put(a_new(order))
    put(Change(control, order.keys))

    assert [status] == statuses(store)


def test_a_step_that_is_over_is_found_while_it_is_fresh(put, store, found, clock):
    """By when it came to its end."""
    put(a_new(an_order(), "main"))
    store.queue.settle(store.queue.claim("w", 60, {"main": 1}), Delivery("main", 1, 0, 0, 1))
    done = clock.now
    clock.advance(10)

    assert [("A1", 0)] == found(statuses=frozenset({StepStatus.COMPLETED}), done_since=done)
    assert [] == found(statuses=frozenset({StepStatus.COMPLETED}), done_since=done + 1)


def test_what_is_over_leaves_the_index(put, store, found, clock):
    """Once; what is not over stays."""
    put(a_new(an_order("A1", steps=(a_step(stations=("CT01", "CT02")),))), a_new(an_order("A2")))
    put(a_cancel(accession_number="A1"))
    clock.advance(10)

    assert [0, 1, 0] == [store.worklist.retire(done_before) for done_before in (0, clock.now, clock.now)]
    assert [("A2", 0)] == found(statuses=frozenset(StepStatus))
    assert [False] == [step.is_listed for step in store.worklist.by_accession("A1").steps]


def test_an_order_placed_anew_is_listed_again(put, store, found, clock):
    """Also after it had left the index."""
    put(a_new(an_order(steps=(a_step(stations=("CT01",)),))))
    put(a_cancel(accession_number="A1"))
    clock.advance(10)
    store.worklist.retire(clock.now)
    put(a_new(an_order(steps=(a_step(stations=("CT02",)),))))

    assert ([], [("A1", 0)]) == (found(stations=("CT01",)), found(stations=("CT02",)))


def test_a_changed_order_is_found_by_what_it_says_now(put, found):
    """Not by what it said."""
    order = an_order(steps=(a_step(stations=("CT01",)),))
    put(a_new(order))
    later = an_order(steps=(a_step(hour=15, stations=("CT02",)),))
    put(Change(OrderControl.CHANGE, later.keys, later))

    assert ([], [("A1", 0)]) == (found(stations=("CT01",)), found(stations=("CT02",), start_from="20260302150000"))


def test_a_change_of_the_patient_shows_at_once(put, store, found):
    """Under the new name, with another revision."""
    put(a_new(an_order()))
    (before,) = store.worklist.find(EVERY, 10)
    put(PatientChange(Patient("P1", "SMITH^JANE", "HOSP")))
    (after,) = store.worklist.find(EVERY, 10)

    assert ([], [("A1", 0)]) == (found(name_parts=("=doe",)), found(name_parts=("=smith",)))
    assert before.revision < after.revision <= store.worklist.revision()


def test_no_two_orders_share_a_step_id(put, store):
    """A sender that numbers every step 1; the ID that stands for it is the same however often the order comes."""
    orders = [an_order(f"A{n}", steps=(a_step(step_id="1"),)) for n in range(3)]
    put(a_new(orders[0]), a_new(orders[1]))
    put(a_new(orders[2]))
    changed = replace(orders[2], reason="pain")
    put(Change(OrderControl.CHANGE, changed.keys, changed))
    ids = [store.worklist.by_accession(f"A{n}").order.steps[0].scheduled_procedure_step_id for n in range(3)]
    put(Change(OrderControl.CHANGE, orders[2].keys, orders[2]))

    assert ("1", 3, {16}) == (ids[0], len(set(ids)), {len(step_id) for step_id in ids[1:]})
    assert ids[2] == store.worklist.by_accession("A2").order.steps[0].scheduled_procedure_step_id


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({"accession_numbers": ("A1",)}, "accession_number=?"),
        ({"stations": ("CT01",), "modalities": ("CT",), "start_from": "2", "start_to": "3"}, "station_ae_title=?"),
        ({"start_from": "2", "start_to": "3"}, "steps_listed"),
        ({}, "steps_listed"),
        ({"step_ids": ("S1",)}, "steps_id"),
    ],
)
def test_an_index_is_sought_and_nothing_sorted(tmp_path, query, index):
    """Whatever is in the store; the plan does not depend on it."""
    file = SqliteFile(tmp_path / "s.db", queue_migrations)
    sql, parameters = statement(replace(ItemQuery(OPEN, 0), **query), 10)
    plan = [row["detail"] for row in file.read(f"EXPLAIN QUERY PLAN {sql}", *parameters)]
    file.close()

    assert index in plan[0]
    assert not [detail for detail in plan if detail.startswith("SCAN s") and "steps_listed" not in detail]
    assert any("TEMP B-TREE" in detail for detail in plan) == ("accession_numbers" in query or "step_ids" in query)


def a_query(number):
    keys = [[0x00080050, "A1"], [0x00400100, [[0x00400001, "CT01"]]], [0x00081110, None]]
    return LoggedQuery(number, 5.5, "CT01", "ANY", "127.0.0.1", keys, 3, 0.25, 0)


def test_queries_are_kept_the_newest_of_them(store):
    """As they were asked."""
    assert 0 == store.queries.last_query_id()
    store.queries.log([a_query(number) for number in range(1, 8)], keep=4)

    assert [7, 6, 5, 4] == [query.query_id for query in store.queries.queries(10)]
    assert [5, 4] == [query.query_id for query in store.queries.queries(10, before_id=6)]
    assert (7, a_query(6), None) == (
        store.queries.last_query_id(),
        store.queries.query(6),
        store.queries.query(3),
    )
