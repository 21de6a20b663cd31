"""Lists by the search file: they equal what one finds by looking at every order, whatever becomes of the file."""

import itertools
import random
import re
import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dicomfabd.domain.commitment import CommitmentReport
from dicomfabd.domain.delivery import Delivery, Destination, InstanceResult, Outcome
from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.errors import Fault, StoreUnavailable
from dicomfabd.domain.order import Code, OrderControl, OrderState
from dicomfabd.domain.patient import Patient
from dicomfabd.domain.performed import begun
from dicomfabd.store import sqlite_search, sqlite_search_finding, sqlite_search_orders
from dicomfabd.store.interface import Change, MessageQuery, OrderQuery, Page, PatientChange, PatientKey, Submission
from dicomfabd.store.opening import open_store
from dicomfabd.store.search_text import match_of, patterns_of, words_of
from dicomfabd.store.sqlite_search_messages import plan_of as plan_of_messages
from dicomfabd.store.sqlite_search_orders import plan_of as plan_of_orders
from tests.builders import NOON, a_cancel, a_message, a_new, an_order, take
from tests.conftest import Clock
from tests.performed import a_beginning, a_reference, an_end, attributes_of

MODALITIES = ("CT", "MR", "US")
SENDERS = ("RIS|HOSP", "RIS|NORTH", "OLD|HOSP", "http")
NAMES = ("DOE^JANE", "Müller^Jörg", "Li^Ming=李^明", "O'Neil^A b", "Sánchez-Ruiz^Ana", 'X%_^"Quo"te\'')
EXAMS = (Code("CTCH", "CT CHEST W CONTRAST", "L"), Code("MRB1", "MR BRAIN", "L"), Code("", "Röntgen AND thorax", "L"))
CODES = ("AA", "AE", "AR", "")
TYPES = ("ORM^O01", "ADT^A08")
SOURCES = ("mllp", "http", "replay")
_numbers = itertools.count(1)


def put(store, accession, sender="RIS|HOSP", modality="CT", day=0, patient="P1", name="DOE^JANE", exam=EXAMS[0]):
    order = an_order(
        accession,
        sender=sender,
        patient=Patient(patient, name, "HOSP"),
        procedure=exam,
        steps=(StepDraft(modality=modality, scheduled_at=NOON + timedelta(days=day)),),
    )
    take(store.inbox, a_message(f"C{next(_numbers)}"), a_new(order, "main"))
    return order


def found(store, **query):
    return [stored.order.accession_number for stored in store.book.find(OrderQuery(**query))]


def paged(find, query, limit):
    """Follow the pages to their end."""
    items, before = [], None
    while True:
        page = find(replace(query, before_id=before, limit=limit))
        assert len(page) <= limit
        items += page
        if page.next is None:
            return items
        assert before is None or page.next < before
        before = page.next


@pytest.fixture
def narrow(monkeypatch):
    """Make every way of searching worth while in a small store."""
    monkeypatch.setattr(sqlite_search_finding, "FEW", 12)
    monkeypatch.setattr(sqlite_search_finding, "_FIRST_WINDOW", 7)
    monkeypatch.setattr(sqlite_search_finding, "_LARGEST_WINDOW", 29)
    monkeypatch.setattr(sqlite_search_orders, "_SORTED_AT_MOST", 45)
    monkeypatch.setattr(sqlite_search_orders, "_MOST_DAYS", 6)
    monkeypatch.setattr(sqlite_search_orders, "_COMPARED_AT_MOST", 8)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """Give a store with orders and messages of every kind, and what is known of each without asking it."""
    clock = Clock()
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('crowd') / 'store.db'}", clock=clock)
    chance = random.Random(7)
    for number in range(160):
        clock.advance(chance.choice((0, 1, 700, 5000)) - (9000 if number in (60, 90) else 0))
        if number % 7 == 0:
            store.search.follow(5)
        put(
            store,
            f"A{number:03d}",
            chance.choice(SENDERS),
            chance.choice(MODALITIES),
            chance.randrange(12),
            f"P{chance.randrange(40)}",
            chance.choice(NAMES),
            chance.choice(EXAMS),
        )
        if chance.random() < 0.3:
            take(store.inbox, a_message(f"C{next(_numbers)}"), a_cancel(accession_number=f"A{number // 2:03d}"))
        if chance.random() < 0.3:
            kept = replace(
                a_message(f"K{chance.randrange(50)}"),
                message_type=chance.choice(TYPES),
                sending_application=chance.choice(("RIS", "OLD", "")),
                source=chance.choice(SOURCES),
            )
            fault = Fault(101, "PID^1^3", "empty")
            code, is_quarantined = chance.choice(CODES), chance.random() < 0.4
            store.inbox.accept([Submission(kept, code=code, is_quarantined=is_quarantined, faults=[fault])])
    yield store
    store.close()


def is_meant(query, stored):
    """Tell as one would by hand."""
    order = stored.order
    says = " ".join(
        (
            order.accession_number,
            order.patient.patient_id,
            order.patient.patient_name,
            order.procedure.meaning,
            order.procedure.value,
            order.placer_order_number,
            order.filler_order_number,
        )
    )
    plain = says.lower().translate(str.maketrans("üöáé^=", "uoae  "))
    words = plain.split()
    for word in query.text.lower().translate(str.maketrans("üöáé^=", "uoae  ")).split():
        if len(word) >= 3 and not any(word in it for it in words):
            return False
        if len(word) < 3 and not any(it.startswith(word) for it in words):
            return False
    day = order.scheduled_at.date()
    return (
        query.patient_id in ("", order.patient.patient_id)
        and query.modality in ("", order.modality)
        and query.sending_application in ("", order.sender.split("|")[0])
        and (not query.states or stored.state in query.states)
        and (query.created_from is None or query.created_from <= stored.created_at)
        and (query.created_before is None or stored.created_at < query.created_before)
        and (query.scheduled_from is None or query.scheduled_from <= day)
        and (query.scheduled_to is None or day <= query.scheduled_to)
    )


times = st.none() | st.integers(0, 300).map(lambda n: 1_000_000.0 + n * 1000)
days = st.none() | st.integers(-1, 13).map(lambda n: (NOON + timedelta(days=n)).date())
order_queries = st.builds(
    OrderQuery,
    patient_id=st.sampled_from(["", "", "", "P7", "P12", "nobody"]),
    states=st.frozensets(st.sampled_from([OrderState.SCHEDULED, OrderState.CANCELLED, OrderState.FAILED]), max_size=3),
    modality=st.sampled_from(["", "", *MODALITIES, "ZZ"]),
    sending_application=st.sampled_from(["", "", "RIS", "OLD", "http", "NEW"]),
    text=st.sampled_from(
        [
            "",
            "",
            "",
            "doe",
            "MULLER",
            "müller",
            "chest",
            "ct",
            "c",
            "a",
            "李",
            "明",
            "li",
            "sanchez ruiz",
            "ana",
            "a01",
            "PL-A0",
            "doe chest",
            "mr brain",
            "nosuch",
            '"',
            "'",
            "% _",
            "AND",
            "thorax and",
            "o'neil",
            "-ruiz",
        ]
    ),
    created_from=times,
    created_before=times,
    scheduled_from=days,
    scheduled_to=days,
)
message_queries = st.builds(
    MessageQuery,
    codes=st.frozensets(st.sampled_from(CODES), max_size=3),
    is_quarantined=st.sampled_from([None, None, True, False]),
    message_type=st.sampled_from(["", "", *TYPES, "SIU^S12"]),
    sending_application=st.sampled_from(["", "RIS", "OLD", "NEW"]),
    source=st.sampled_from(["", "", *SOURCES]),
    control_id=st.sampled_from(["", "", "", "K7", "C9", "none"]),
    text=st.sampled_from(["", "", "K", "K1", "C", "C1", "%", "c"]),
    received_from=times,
    received_before=times,
)
many = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(order_queries, st.sampled_from([1, 3, 20, 1000]))
@many
def test_orders_are_those_that_one_finds_by_looking_at_each(crowd, narrow, query, limit):
    """Every filter with every other, page by page."""
    everything = crowd.book.find(OrderQuery(limit=1000))

    expected = [stored.order_id for stored in everything if is_meant(query, stored)]

    assert expected == [stored.order_id for stored in paged(crowd.book.find, query, limit)]
    # The book would leave out what was found by mistake; the search makes none.
    assert expected == paged(lambda part: Page(*crowd.search.orders(part)), query, limit)


@given(message_queries, st.sampled_from([1, 3, 20, 1000]))
@many
def test_messages_are_those_that_one_finds_by_looking_at_each(crowd, narrow, query, limit):
    """Every filter with every other, page by page."""
    everything = crowd.messages.find(MessageQuery(limit=1000))

    expected = [
        it.message_id
        for it in everything
        if (not query.codes or it.code in query.codes)
        and query.is_quarantined in (None, it.is_quarantined)
        and query.message_type in ("", it.message_type)
        and query.sending_application in ("", it.sending_application)
        and query.source in ("", it.source)
        and query.control_id in ("", it.control_id)
        and it.control_id.startswith(query.text)
        and (query.received_from is None or it.received_at >= query.received_from)
        and (query.received_before is None or it.received_at < query.received_before)
    ]

    assert expected == [it.message_id for it in paged(crowd.messages.find, query, limit)]
    assert expected == paged(lambda part: Page(*crowd.search.messages(part)), query, limit)


@given(st.text(max_size=40))
@many
def test_nothing_that_is_typed_is_syntax(crowd, text):
    """Neither SQLite's nor that of its full-text search; half characters of a command line included."""
    crowd.book.find(OrderQuery(text=text))
    crowd.book.find(OrderQuery(text=f"doe {text}\udcff"))
    crowd.messages.find(MessageQuery(text=text.encode("utf-8", "replace").decode()))


def test_a_whole_number_finds_its_orders_alone(store):
    """People paste them, and want no other; the rest of the filters still holds."""
    put(store, "A1234", patient="Q-77001")
    put(store, "A12345", patient="Q-77001")

    assert ["A1234"] == found(store, text="A1234")
    assert ["A1234"] == found(store, text=" a1234 ")
    assert ["A12345", "A1234"] == found(store, text="A123")
    assert ["A12345"] == found(store, text="FL-A12345")
    assert ["A12345", "A1234"] == found(store, text="Q-77001")
    assert [] == found(store, text="A1234", modality="MR")
    day = NOON.date()
    assert ["A1234"] == found(store, text="A1234", scheduled_from=day, scheduled_to=day, created_from=0.0)
    assert [] == found(store, text="A1234", scheduled_to=day - timedelta(days=1))
    assert [] == found(store, text="A1234", scheduled_from=day + timedelta(days=1))
    assert [] == found(store, text="A1234", created_before=0.0) + found(store, text="A1234", created_from=9e9)


def test_a_study_uid_is_taken_whole(store):
    """It is pasted, never typed."""
    order = put(store, "A1")

    assert ["A1"] == found(store, text=f" {order.study_instance_uid} ")
    assert [] == found(store, text=order.study_instance_uid[:-1])
    assert ["A1"] == found(store, study_instance_uid=order.study_instance_uid, modality="CT")
    assert [] == found(store, study_instance_uid=order.study_instance_uid, modality="MR")


def test_an_order_is_found_as_it_is_now(store):
    """Renamed, moved to another day, cancelled: what it was is forgotten."""
    put(store, "A1", name="DOE^JANE")
    assert ["A1"] == found(store, text="doe")
    changed = an_order(
        "A1", procedure=Code("MRB", "MR BRAIN", "L"), steps=(StepDraft(modality="MR", scheduled_at=NOON),)
    )
    take(store.inbox, a_message("X1"), Change(OrderControl.CHANGE, changed.keys, changed))
    take(store.inbox, a_message("X2"), PatientChange(Patient("P1", "ROE^RITA", "HOSP")))
    take(store.inbox, a_message("X3"), a_cancel(accession_number="A1"))

    assert ([], []) == (found(store, text="doe"), found(store, text="chest"))
    assert ([], []) == (
        found(store, modality="CT"),
        found(store, states=frozenset({OrderState.SCHEDULED}), modality="MR"),
    )
    assert ["A1"] == found(store, text="roe brain", modality="MR", states=frozenset({OrderState.CANCELLED}))
    read = store.search._opened().read
    words = {word: len(read("SELECT rowid FROM trigrams WHERE trigrams MATCH ?", word)) for word in ("doe", "roe")}
    assert {"doe": 0, "roe": 1} == words


def test_what_does_not_fit_any_more_is_left_out(store, monkeypatch):
    """The store has the last word, whatever the search file says."""
    put(store, "A1")
    put(store, "A2")
    found(store, modality="CT")
    monkeypatch.setattr(sqlite_search, "CATCH_UP_CHANGES", 0)
    store.book.request_cancel(1)

    page = store.book.find(OrderQuery(modality="CT", states=frozenset({OrderState.SCHEDULED})))

    assert (["A2"], 1, False) == ([it.order.accession_number for it in page], page.behind, page.is_complete)


def test_far_behind_is_said_and_the_stores_own_lists_are_whole(store, monkeypatch):
    """Newest, by state, by accession number and by study need no search."""
    monkeypatch.setattr(sqlite_search, "CATCH_UP_CHANGES", 2)
    for number in range(4):
        put(store, f"A{number}")
    query = OrderQuery(modality="CT")

    assert ([], 4) == (list(store.book.find(query)), store.book.find(query).behind)
    for whole in ({}, {"states": frozenset({OrderState.SCHEDULED})}):
        assert (4, 0) == (len(store.book.find(OrderQuery(**whole))), store.book.find(OrderQuery(**whole)).behind)
    assert ["A2"] == found(store, accession_number="A2")
    assert (4, 4) == (store.book.counts()[OrderState.SCHEDULED], store.book.job_counts()["main", "queued"])

    while store.search.follow(3).behind:
        pass

    assert (4, 0) == (len(store.book.find(query)), store.book.find(query).behind)


def test_a_search_that_takes_long_goes_on_from_where_it_was(crowd, narrow, monkeypatch):
    """It ends in time, also when nothing was found; nothing is left out and nothing is given twice."""
    monkeypatch.setattr(sqlite_search_finding, "SEARCH_S", -1.0)
    query = OrderQuery(text="doe chest", modality="CT")

    first = crowd.book.find(query)
    whole = [stored.order_id for stored in crowd.book.find(OrderQuery(limit=1000)) if is_meant(query, stored)]

    assert first.next is not None
    assert len(first) < len(whole)
    assert whole == [stored.order_id for stored in paged(crowd.book.find, query, 100)]


@pytest.mark.parametrize("harm", ["deleted", "garbage", "emptied", "another version", "half a page"])
def test_a_file_that_is_gone_or_broken_is_made_anew(tmp_path, harm):
    """It holds nothing that the store does not."""
    url, file = f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "store-search.db"
    first = open_store(url)
    for number in range(5):
        put(first, f"A{number}")
    found(first, text="doe")
    first.close()
    if harm == "another version":
        with sqlite3.connect(file) as db:
            db.execute("UPDATE _sqlite_migrations SET name = 'm0000_other'")
            db.execute("DELETE FROM orders")
        db.close()
    elif harm == "deleted":
        file.unlink()
    else:
        whole = file.read_bytes()
        broken = {"garbage": b"no database " * 1000, "emptied": b"", "half a page": whole[:4096] + b"\xff" * 6000}
        file.write_bytes(broken[harm])

    second = open_store(url)
    pages = [second.book.find(OrderQuery(text="doe")) for _ in range(3)]

    assert 5 == len(pages[-1])
    assert 0 == pages[-1].behind
    assert all(len(page) == 5 or page.behind for page in pages)
    second.close()


def test_a_file_that_breaks_while_it_is_open_is_made_anew(store, tmp_path):
    """Searches meanwhile say that something is missing."""
    for number in range(5):
        put(store, f"A{number}")
    found(store, text="doe")
    with sqlite3.connect(tmp_path / "store-search.db") as db:
        db.execute("DROP TABLE texts")
    db.close()

    pages = [store.book.find(OrderQuery(text="doe")) for _ in range(2)]

    assert [(0, True), (5, False)] == [(len(page), page.behind > 0) for page in pages]


def test_a_store_put_back_from_a_copy_is_followed_anew(tmp_path, clock):
    """Its numbers are given out again, to other orders."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    first = open_store(url, clock=clock)
    put(first, "A1")
    first.close()
    copy = (tmp_path / "store.db").read_bytes()
    again = open_store(url, clock=clock)
    put(again, "OLD2", name="ROE^RITA")
    put(again, "OLD3", name="ROE^RITA")
    assert 2 == len(found(again, text="roe"))
    again.close()
    (tmp_path / "store.db").write_bytes(copy)
    clock.advance(5)

    restored = open_store(url, clock=clock)
    for number in range(4):
        put(restored, f"NEW{number}", name="POE^PIA")
    for _ in range(2):
        restored.book.find(OrderQuery(text="roe"))

    assert ([], 4) == (found(restored, text="roe"), len(found(restored, text="poe")))
    restored.close()


def test_following_goes_on_after_a_restart(tmp_path):
    """From where it was, in the middle of a first reading too."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    first = open_store(url)
    for number in range(9):
        put(first, f"A{number}")
    assert 9 + 9 - 3 - 3 == first.search.follow(3).behind
    first.close()

    second = open_store(url)
    put(second, "A9")
    steps = []
    while (followed := second.search.follow(4)).taken:
        steps.append(followed.behind)

    assert [0] == steps[-1:]
    assert 10 == len(found(second, text="doe"))
    second.close()


def test_two_who_follow_at_once_take_nothing_twice(tmp_path):
    """A command may look while the daemon runs."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    stores = [open_store(url), open_store(url)]
    for number in range(12):
        put(stores[0], f"A{number}")
        stores[number % 2].search.follow(2)
    for store in stores:
        store.search.follow(100)

    counts = [store.book.counts()[OrderState.SCHEDULED] for store in stores]

    assert [12, 12] == counts
    assert 12 == len(found(stores[1], text="doe"))
    for store in stores:
        store.close()


def test_a_disk_that_is_full_costs_the_newest_and_no_list(store, monkeypatch):
    """What is known is given, with how much is missing."""
    put(store, "A1")
    found(store, text="doe")
    put(store, "A2")

    def full(*_):
        raise StoreUnavailable("cannot commit: database or disk is full")

    monkeypatch.setattr(sqlite_search, "follow", full)
    page = store.book.find(OrderQuery(text="doe"))

    assert (["A1"], 1) == ([it.order.accession_number for it in page], page.behind)


ORDER_FILTERS = {
    "modality": {"modality": "CT"},
    "sender": {"sending_application": "RIS"},
    "patient": {"patient_id": "P7"},
    "period": {"created_from": 1_000_000.0, "created_before": 1_100_000.0},
    "day": {"scheduled_from": NOON.date(), "scheduled_to": NOON.date()},
    "days": {"scheduled_from": NOON.date(), "scheduled_to": date(2026, 3, 5)},
    "from a day on": {"scheduled_from": NOON.date()},
    "state": {"states": frozenset({OrderState.CANCELLED})},
    "states": {"states": frozenset({OrderState.CANCELLED, OrderState.SCHEDULED})},
    "text": {"text": "doe chest"},
    "beginning": {"text": "d"},
}
MESSAGE_FILTERS = {
    "type": {"message_type": "ADT^A08"},
    "sender": {"sending_application": "RIS"},
    "code": {"codes": frozenset({"AE"})},
    "codes": {"codes": frozenset({"AE", "AR"})},
    "quarantined": {"is_quarantined": True},
    "source": {"source": "http"},
    "control ID": {"control_id": "K7"},
    "beginning": {"text": "K1"},
    "period": {"received_from": 1_000_000.0, "received_before": 1_100_000.0},
}
PAIRS = [("orders", pair) for size in (1, 2) for pair in itertools.combinations(ORDER_FILTERS, size)]
PAIRS += [("messages", pair) for size in (1, 2) for pair in itertools.combinations(MESSAGE_FILTERS, size)]


@pytest.mark.parametrize(("table", "names"), PAIRS, ids=lambda it: it if isinstance(it, str) else " and ".join(it))
def test_every_filter_and_every_pair_is_sought_by_an_index(crowd, table, names):
    """Newest first, without sorting, but for a period of days or a beginning, of which little is sorted."""
    filters = ORDER_FILTERS if table == "orders" else MESSAGE_FILTERS
    asked = {key: value for name in names for key, value in filters[name].items()}
    query = OrderQuery(**asked) if table == "orders" else MessageQuery(**asked)
    crowd.figures.counts(0)
    file = crowd.search._opened()

    plan, span = (plan_of_orders if table == "orders" else plan_of_messages)(file.read, query)
    details = [
        row["detail"]
        for values in plan.variants
        for row in file.read(f"EXPLAIN QUERY PLAN {plan.sql}", *values, span.low, span.high, 100)
    ]

    assert [] == [text for text in details if "SCAN" in text and "VIRTUAL TABLE INDEX" not in text]
    assert plan.is_sorted_here == any("TEMP B-TREE" in text for text in details)


@pytest.mark.parametrize("table", ["orders", "messages"])
def test_every_index_is_used_by_something(crowd, table):
    """One that nobody uses costs its price with every change."""
    asked = ORDER_FILTERS if table == "orders" else MESSAGE_FILTERS
    kind, plan_of = (OrderQuery, plan_of_orders) if table == "orders" else (MessageQuery, plan_of_messages)
    crowd.figures.counts(0)
    file = crowd.search._opened()
    used = set()
    for pair in [(name,) for name in asked] + list(itertools.combinations(asked, 2)):
        query = kind(**{key: value for name in pair for key, value in asked[name].items()})
        plan, _ = plan_of(file.read, query)
        used |= set(re.findall(r"INDEXED BY (\w+)", plan.source))
    there = {row[0] for row in file.read("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?", table)}

    assert there == used


def snapshot(store):
    file = store.book._file
    orders = {row["id"]: tuple(row) for row in file.read("SELECT * FROM orders")}
    ended = "SELECT order_id, destination, state FROM jobs WHERE state NOT IN ('queued', 'leased', 'committing')"
    jobs = {}
    for row in file.read(ended):
        jobs.setdefault(row[0], set()).add((row[1], row[2]))
    return {number: (row, frozenset(jobs.get(number, ()))) for number, row in orders.items()}


def test_every_change_of_an_order_has_an_event(store, clock):
    """The search follows events alone: whatever is done, an order that is another one now has a new one."""
    claims = []

    def claimed():
        claims.append(store.queue.claim("worker-1", 60, {"main": 9, "east": 9}))
        return claims[-1]

    def with_a_report(failed):
        claim = claimed()
        store.queue.record(claim, [InstanceResult("1.2.3", "1.2", 0, Outcome.STORED)])
        store.commitments.begin(claim, f"9.{claim.job_id}.{claim.attempt}")
        store.commitments.wait(claim, Delivery("main", 1, 0, 0, 0.1), 60, 1, 1)
        store.commitments.report(CommitmentReport(f"9.{claim.job_id}.{claim.attempt}", (), ()), 1, 1 if failed else 9)

    def send(*changes):
        take(store.inbox, a_message(f"E{next(_numbers)}"), *changes)

    def say(control, accession, **keys):
        send(Change(control, a_cancel(accession_number=accession, **keys).keys))

    rita = Patient("P1", "ROE^RITA", "HOSP")
    order = an_order("A1")
    again = a_new(replace(order, reason="other"), "main")
    acts = [
        lambda: put(store, "A1"),
        lambda: put(store, "A2"),
        lambda: send(replace(again, control=OrderControl.CHANGE)),
        lambda: say(OrderControl.HOLD, "A1"),
        lambda: say(OrderControl.RELEASE, "A1"),
        lambda: say(OrderControl.ATTACH, "A1", filler_order_number="F9"),
        lambda: send(PatientChange(rita)),
        lambda: send(PatientChange(replace(rita, patient_id="P9"), priors=(PatientKey("P1", "HOSP"),))),
        lambda: store.performed.create(begun("1.2.9", attributes_of(a_beginning(a_reference(order)))), "CT01"),
        lambda: store.performed.amend("1.2.9", attributes_of(an_end("COMPLETED")), "CT01"),
        lambda: say(OrderControl.START, "A2"),
        lambda: store.queue.postpone(claimed(), 0, "busy"),
        lambda: store.queue.pause(claimed(), 0.1, 1, 1.0, "away"),
        lambda: clock.advance(5),
        lambda: store.queue.settle(claimed(), Delivery("main", 1, 0, 0, 0.1)),
        lambda: store.queue.fail(claimed(), "never"),
        lambda: store.book.request_retry(1),
        lambda: store.book.request_retry(2),
        store.queue.release,
        lambda: store.book.request_send(1, ["east", "main"]),
        lambda: store.queue.adopt(["main"]),
        lambda: with_a_report(failed=True),
        lambda: store.book.request_retry(1),
        lambda: store.book.request_retry(2),
        lambda: with_a_report(failed=False),
        lambda: say(OrderControl.COMPLETE, "A2"),
        lambda: send(a_cancel(accession_number="A1")),
        lambda: send(a_cancel(accession_number="A7")),
        lambda: put(store, "A7"),
        lambda: send(a_new(replace(an_order("A7"), reason="again"), "main")),
        lambda: store.destinations.put(Destination("main", "pacs.example", 104, "MAIN")),
        lambda: store.destinations.remove("main"),
        lambda: store.book.request_cancel(3),
    ]
    moved = 0
    for number, act in enumerate(acts):
        before, last = snapshot(store), store.feed.last_event_id()
        act()
        after = snapshot(store)
        different = {order_id for order_id in after if before.get(order_id) != after[order_id]}
        told = {event.order_id for event in store.feed.after(last, 100)}
        assert different <= told, f"act {number}"
        moved += bool(different)
        store.search.follow(100)

    rows = store.search._opened().read(
        "SELECT o.id, s.name, e.name FROM orders o JOIN names s ON s.id = o.state JOIN names e ON e.id = o.ended"
    )
    stored = {it.order_id: it for it in store.book.find(OrderQuery())}
    assert moved > 15
    assert {number: it.state.value for number, it in stored.items()} == {row[0]: row[1] for row in rows}
    counted = {}
    for row in store.book._file.read("SELECT destination, state, count(*) FROM jobs GROUP BY 1, 2"):
        counted[row[0], row[1]] = row[2]
    assert counted == store.book.job_counts()


def test_counts_are_those_of_the_store(store, clock):
    """Orders, deliveries, quarantine, who was heard, and what has waited longest."""
    clock.now = datetime(2026, 3, 2, 12, 30, tzinfo=UTC).timestamp()
    early = clock.now
    put(store, "A1")
    clock.advance(7200)
    put(store, "A2")
    store.inbox.accept(
        [Submission(replace(a_message("B1"), sending_application="OLD"), code="AR", is_quarantined=True)]
    )
    store.queue.fail(store.queue.claim("w", 60, {"main": 1}), "never")

    counts = store.figures.counts(0)

    assert (1, 1) == (counts.orders[OrderState.SCHEDULED], counts.orders[OrderState.FAILED])
    assert ({("main", "failed"): 1, ("main", "queued"): 1}, 1, 1) == (counts.jobs, counts.dead_letters, counts.queued)
    assert ({"main": clock.now}, 3, 1, 0) == (counts.oldest, counts.messages, counts.quarantined, counts.behind)
    assert {("OLD", clock.now, 1), ("RIS", clock.now, 2)} == {
        (s.application, s.last_at, s.last_day) for s in counts.senders
    }
    assert early < counts.oldest["main"]

    clock.advance(23 * 3600)
    put(store, "A3")

    assert {"OLD": 1, "RIS": 2} == {s.application: s.last_day for s in store.figures.counts(0).senders}


def test_counts_are_shared_for_a_while(store):
    """Ten pages and Prometheus are one look."""
    put(store, "A1")
    first = store.figures.counts(60)
    put(store, "A2")

    assert first is store.figures.counts(60)
    assert 2 == store.figures.counts(0).orders[OrderState.SCHEDULED]


def test_counts_ask_no_more_than_what_is_under_way(store):
    """At a million orders a count over all of them takes a tenth of a second."""
    put(store, "A1")
    store.figures.counts(0)
    asked = []
    read = store.book._file.read

    def noted(sql, *parameters):
        asked.extend(row["detail"] for row in read(f"EXPLAIN QUERY PLAN {sql}", *parameters))
        return read(sql, *parameters)

    store.book._file.read = noted
    store.figures.counts(0)

    whole = [
        text
        for text in asked
        if re.match(r"SCAN (orders|jobs|messages|events)\b(?! USING INDEX jobs_(queued|leased|committing))", text)
    ]
    assert [] == [text for text in whole if "COVERING INDEX jobs_queued" not in text]


def test_words_are_folded_and_bounded():
    """As a modality's names are, so that both find the same."""
    assert ("muller", "jorg", "o'neil") == words_of("Müller^JÖRG  o'neil müller")
    assert 8 == len(words_of(" ".join(f"w{n}" for n in range(50))))
    assert ["doe", " li", "  x"] == patterns_of(("doe", "li", "x"))
    assert '"""a""" AND "a""b"' == match_of(['"a"', 'a"b'])
    assert 12 >= match_of(["x" * 30 + "abcdefghijklmnopqrstuvwxyz"]).count(" AND ")


def test_what_happens_can_be_followed_by_number(store):
    """All of it, or that of one order."""
    put(store, "A1")
    put(store, "A2")
    store.book.request_cancel(1)

    events = store.feed.after(0, 100)

    assert [(1, 1, "order.created"), (2, 2, "order.created"), (3, 1, "order.cancelled")] == [
        (it.event_id, it.order_id, it.event) for it in events
    ]
    assert [3] == [it.event_id for it in store.feed.after(1, 100, order_id=1)]
    assert [2] == [it.event_id for it in store.feed.after(1, 1)]
    assert 3 == store.feed.last_event_id()


def test_a_topic_has_another_revision_after_every_change(store):
    """Pages fetch again what has one."""
    before = store.feed.revisions()
    put(store, "A1")
    after = store.feed.revisions()
    store.book.request_cancel(1)
    cancelled = store.feed.revisions()

    assert {"orders", "messages", "worklist"} == {topic for topic in after if after[topic] != before[topic]}
    assert {"orders", "worklist"} == {topic for topic in after if after[topic] != cancelled[topic]}
