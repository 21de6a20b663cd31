"""Performed procedure steps with whole daemons: kept through kill -9, and told from door to door."""

import threading

import pytest

from dicomfabd.domain.delivery import Destination
from dicomfabd.store.opening import Store, open_store
from tests.builders import an_orm
from tests.daemons import a_destination
from tests.peers import fake_pacs
from tests.performed import a_beginning, a_reference, a_ris, modality

pytestmark = pytest.mark.slow

IMAGES = 2


@pytest.fixture
def store(tmp_path):
    """Open the daemon's store beside it."""
    opened: list[Store] = []

    def look() -> Store:
        opened.append(open_store(f"sqlite:///{tmp_path / 'state' / 'dicomfabd.db'}"))
        return opened[-1]

    yield look
    for one in opened:
        one.close()


def life(daemon):
    """Give the state of the one order, and its timeline."""
    (order,) = daemon.get("/api/v1/orders")["orders"]
    return order["state"], daemon.get(f"/api/v1/orders/{order['order_id']}")["timeline"]


def test_what_a_modality_was_answered_survives_kill_9(start, store):
    """Begun before, over after: the next daemon knows the step, and the order comes to its end."""
    first = start(archive=False)
    first.send(an_orm())
    beginning = a_beginning(a_reference(store().book.get(1).order))
    with modality(first.port("worklist")) as scu:
        assert 0x0000 == scu.create(dataset=beginning).Status
        first.kill()
    second = start(archive=False)
    assert "in_progress" == life(second)[0]

    with modality(second.port("worklist")) as scu:
        assert 0x0111 == scu.create(dataset=beginning).Status
        assert 0x0000 == scu.set().Status

    assert "completed" == life(second)[0]
    assert ["mpps.in_progress", "mpps.completed", "order.completed"] == [e["event"] for e in life(second)[1]][-3:]


def test_a_daemon_may_be_the_ris_of_its_own_studies(start, store):
    """The order's timeline shows both sides: what was told, and what was heard."""
    with fake_pacs() as pacs:
        daemon = start(archive=False)
        ris = {"mpps_host": "127.0.0.1", "mpps_port": daemon.port("worklist"), "mpps_ae_title": "DICOMFABD"}
        opened = store()
        opened.destinations.put(Destination("main", "127.0.0.1", pacs.port, "FAKEPACS", timeout_s=10, **ris))
        daemon.send(an_orm())
        daemon.wait_for("study.delivered")

        state, timeline = life(daemon)
        metrics = daemon.get("/metrics")

    told = [(e["event"], e["detail"].get("status")) for e in timeline if e["event"].startswith(("mpps", "order.comp"))]
    (completed,) = (e["detail"] for e in timeline if e["event"] == "mpps.completed")
    assert "completed" == state
    assert [
        ("mpps.in_progress", None),
        ("mpps.sent", "IN PROGRESS"),
        ("mpps.completed", None),
        ("mpps.sent", "COMPLETED"),
        ("order.completed", None),
    ] == told
    assert ("DICOMFABD", IMAGES) == (completed["calling"], completed["instances"])
    assert [] == opened.performed.unmatched(9)
    assert 'dicomfabd_mpps_received_total{operation="set",result="matched"} 1.0' in metrics
    assert 'dicomfabd_mpps_sent_total{destination="main",result="ok"} 2.0' in metrics


def test_a_daemon_killed_between_beginning_and_end_ends_the_same_step(start):
    """The RIS hears of one step, and of all its images."""
    may_answer, was_asked = threading.Event(), threading.Event()

    def wait_for_the_end(_number):
        was_asked.set()
        may_answer.wait(30)
        return 0x0000

    known = set()
    with fake_pacs(status_of=wait_for_the_end) as pacs, a_ris() as ris:
        ris.on_create = lambda uid: 0x0111 if uid in known else known.add(uid) or 0x0000
        where = f'mpps_host = "127.0.0.1"\nmpps_port = {ris.destination.port}\nmpps_ae_title = "SERVING"\n'
        more = a_destination("main", pacs.port) + where
        first = start(archive=False, more=more)
        first.send(an_orm())
        assert was_asked.wait(60)
        first.kill()
        may_answer.set()
        second = start(archive=False, more=more)
        second.wait_for("study.delivered")

        sent = [e for e in life(second)[1] if e["event"] == "mpps.sent"]

    assert (1, ["IN PROGRESS", "COMPLETED"]) == (len(known), [e["detail"]["status"] for e in sent])
    listed = [r for one in ris.modified[-1][1].PerformedSeriesSequence for r in one.ReferencedImageSequence]
    assert set(pacs.received) == {reference.ReferencedSOPInstanceUID for reference in listed}
