import json
import sqlite3

import pytest
from sqlite_utils import Migrations

from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.domain.order import StepStatus
from dicomfabd.store import sqlite
from dicomfabd.store.interface import Submission
from dicomfabd.store.migrations import queue_migrations
from dicomfabd.store.opening import open_store
from dicomfabd.store.sqlite import SqliteFile
from dicomfabd.store.sqlite_queue import _LAPSED, _NEXT_DUE, _NEXT_TURN
from dicomfabd.store.worklist_interface import ItemQuery
from tests.builders import a_message, a_new, an_order

OPEN = frozenset({StepStatus.SCHEDULED, StepStatus.STARTED})


@pytest.fixture
def file(tmp_path):
    opened = SqliteFile(tmp_path / "store.db", queue_migrations)
    yield opened
    opened.close()


def test_every_commit_is_flushed(file):
    """synchronous=NORMAL loses acknowledged orders at power loss; 2 is FULL."""
    assert ("wal", 2) == file.writer.run(
        lambda db: (db.execute("PRAGMA journal_mode").fetchone()[0], db.execute("PRAGMA synchronous").fetchone()[0])
    )


def test_readers_cannot_write(file):
    """There is one writer."""
    with pytest.raises(sqlite3.OperationalError):
        file.read("DELETE FROM orders")


def test_what_comes_together_is_committed_together(tmp_path):
    """Group commit: a flush is shared."""
    batches = []
    store = open_store(f"sqlite:///{tmp_path / 's.db'}", on_commit=lambda changes, _seconds: batches.append(changes))

    store.inbox.accept([Submission(a_message(f"M{n}"), [a_new(an_order(f"A{n}"), "m")]) for n in range(200)])
    store.close()

    assert [200] == batches


def test_a_failed_commit_is_told_to_everybody_and_forgotten(tmp_path, file):
    """Disk full: nothing is half kept, and the next commit works."""
    pages = file.writer.run(lambda db: db.execute("PRAGMA page_count").fetchone()[0])

    def fill(db):
        db.execute(f"PRAGMA max_page_count = {pages + 1}")
        db.execute("CREATE TABLE t (x)")
        db.execute("INSERT INTO t VALUES (zeroblob(1000000))")

    with pytest.raises(StoreUnavailable):
        file.writer.run(fill)

    assert "full" in file.problem()
    assert 1 == file.writer.run(lambda db: db.execute("SELECT 1").fetchone()[0])
    assert "" == file.problem()


def test_the_log_is_copied_back_beside_the_writers(tmp_path):
    """A commit that has to do it keeps its senders waiting."""
    file = SqliteFile(tmp_path / "store.db", queue_migrations, checkpoint_pages=1_000_000)
    log = tmp_path / "store.db-wal"

    def fill(db):
        db.execute("CREATE TABLE IF NOT EXISTS t (x)")
        db.execute("INSERT INTO t VALUES (zeroblob(1000000))")

    for _ in range(5):
        file.writer.run(fill)
        file.checkpoint()
    file.close()

    assert not log.exists() or log.stat().st_size < 2_000_000
    assert 5_000_000 < (tmp_path / "store.db").stat().st_size


def test_a_log_that_grew_too_long_begins_anew(tmp_path, monkeypatch):
    """Also when there is never a moment without a writer; nothing is lost by it."""
    monkeypatch.setattr(sqlite, "LONGEST_LOG_PAGES", 10)
    file = SqliteFile(tmp_path / "store.db", queue_migrations, checkpoint_pages=1_000_000)
    file.writer.run(lambda db: db.execute("CREATE TABLE t (x)"))

    for number in range(50):
        file.writer.run(lambda db, number=number: db.execute("INSERT INTO t VALUES (?)", (number,)))
        file.checkpoint()

    assert 50 == file.read("SELECT count(*) FROM t")[0][0]
    assert (tmp_path / "store.db-wal").stat().st_size < 100 * 4120
    file.close()


def test_a_closed_store_says_so(tmp_path):
    """Nobody may believe that something was kept."""
    store = open_store(f"sqlite:///{tmp_path / 's.db'}")
    store.close()

    with pytest.raises(StoreUnavailable, match="closed"):
        store.inbox.accept([Submission(a_message())])


def test_a_newer_database_is_refused(tmp_path):
    """An older program must not write into what it does not understand."""
    newer = Migrations("dicomfabd")
    newer(name="m9999_future")(lambda db: None)
    SqliteFile(tmp_path / "store.db", newer).close()

    with pytest.raises(RuntimeError, match="m9999_future"):
        SqliteFile(tmp_path / "store.db", queue_migrations)


def test_an_address_without_a_back_end_is_refused():
    """With what to write instead."""
    with pytest.raises(ValueError, match="Use sqlite:///"):
        open_store("oracle://x")


@pytest.mark.parametrize("statement", [_NEXT_TURN, _NEXT_DUE, _LAPSED], ids=["turn", "due", "lapsed"])
def test_what_workers_ask_again_and_again_never_looks_through_the_queue(file, statement):
    """Its cost does not follow the backlog."""
    arguments = [json.dumps({"main": 2}), 0.0] if statement is _NEXT_TURN else [json.dumps({"main": 2})]
    plan = [row["detail"] for row in file.read(f"EXPLAIN QUERY PLAN {statement}", *arguments)]

    assert [] == [step for step in plan if step.startswith("SCAN jobs")]
    assert [step for step in plan if step.startswith("SEARCH jobs")]


def test_an_older_database_keeps_its_steps(tmp_path):
    """Each with the one station it had, standing as its order does."""
    store = open_store(f"sqlite:///{tmp_path / 's.db'}")
    store.inbox.accept([Submission(a_message(), [a_new(an_order("A1"), "m"), a_new(an_order("A2"))])])
    store.queue.claim("w", 60, {"m": 1})
    now = store.worklist.load([1, 2])
    store.close()
    with sqlite3.connect(tmp_path / "s.db") as db:
        for statement in (
            "UPDATE orders SET document = json_set(json_remove(document, '$.steps[0].station_ae_titles',"
            " '$.steps[0].station_name', '$.steps[0].location', '$.steps[0].worklist_label'),"
            " '$.steps[0].station_ae_title', 'FABCT')",
            "CREATE TABLE old AS SELECT order_id, ordinal, modality, 'FABCT' AS station_ae_title, start_at FROM steps",
            "DROP TABLE steps",
            "DROP TABLE stations",
            "DROP TABLE performances",
            "DROP TABLE performed_steps",
            "DELETE FROM revisions WHERE subject = 'worklist'",
            "ALTER TABLE old RENAME TO steps",
            "DELETE FROM _sqlite_migrations WHERE substr(name, 1, 5) IN ('m0004', 'm0005')",
        ):
            db.execute(statement)
    db.close()

    store = open_store(f"sqlite:///{tmp_path / 's.db'}")
    found = [(item.order_id, item.ordinal) for item in store.worklist.find(ItemQuery(OPEN, 0, stations=("FABCT",)), 9)]
    migrated = store.worklist.load([1, 2])
    named = store.worklist.find(ItemQuery(OPEN, 0, name_parts=("=doe^jane=",)), 9)
    store.close()

    assert ([(1, 0), (2, 0)], 2) == (found, len(named))
    assert [(order.order, order.steps[0].status) for order in now.values()] == [
        (order.order, order.steps[0].status) for order in migrated.values()
    ]
