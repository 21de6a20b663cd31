"""Crashes, outages and stops: what was acknowledged is delivered, once."""

import contextlib
import os
import signal
import threading
from collections import Counter

import pytest

from dicomfabd.intake.client import MllpClient
from tests.builders import an_orm
from tests.daemons import a_destination
from tests.peers import FakePacs, fake_pacs

pytestmark = pytest.mark.slow

ORDERS = 200


def orders(amount: int, prefix: str = "A") -> list[bytes]:
    return [an_orm(f"M{prefix}{n}", f"{prefix}{n}", patient_id=f"P{prefix}{n}") for n in range(amount)]


def send_until_it_breaks(port: int, messages: list[bytes], acknowledged: list[int]) -> None:
    """Send what nobody acknowledged yet; note each acknowledgment."""
    with contextlib.suppress(OSError), MllpClient("127.0.0.1", port) as client:
        for number, message in enumerate(messages):
            if number not in acknowledged and client.send(message).code == "AA":
                acknowledged.append(number)


def everything_is_there(pacs: FakePacs, amount: int) -> bool:
    return len(pacs.studies) == amount and all(len(uids) == 2 for uids in pacs.studies.values())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("after", [1, 60, 300])
def test_a_daemon_killed_with_200_orders_in_flight_delivers_each_once(start, after):
    """kill -9 after so many instances: none lost, no instance under two UIDs."""
    messages, acknowledged = orders(ORDERS), []
    with fake_pacs() as pacs:
        daemon = start(archive=False, more=a_destination("main", pacs.port))
        sender = threading.Thread(target=send_until_it_breaks, args=(daemon.port("mllp"), messages, acknowledged))
        sender.start()
        pacs.wait_for(lambda: len(pacs.received) >= after)
        daemon.kill()
        sender.join(30)
        in_flight = len(acknowledged)

        second = start(archive=False, more=a_destination("main", pacs.port))
        send_until_it_breaks(second.port("mllp"), messages, acknowledged)
        pacs.wait_for(lambda: everything_is_there(pacs, ORDERS), 120)
        second.wait_for("study.delivered", 1)
        assert 0 == second.stop()

    assert ORDERS == len(acknowledged) >= in_flight
    # Two views an order; what was sent twice came under the same UID.
    assert 2 * ORDERS == len(set(pacs.received))


def test_a_killed_reader_is_replaced_and_no_acknowledged_order_is_lost(start):
    """Its senders lose their connections and try again; the others notice nothing."""
    messages, acknowledged = orders(ORDERS), []
    with fake_pacs() as pacs:
        daemon = start(archive=False, workers=1, more=a_destination("main", pacs.port))
        first = daemon.wait_for("reader.started")
        sender = threading.Thread(target=send_until_it_breaks, args=(daemon.port("mllp"), messages, acknowledged))
        sender.start()
        pacs.wait_for(lambda: len(pacs.received) >= 1)
        os.kill(first["pid"], signal.SIGKILL)
        daemon.wait_for("reader.died")
        sender.join(30)

        while len(acknowledged) < ORDERS:
            send_until_it_breaks(daemon.port("mllp"), messages, acknowledged)
        pacs.wait_for(lambda: everything_is_there(pacs, ORDERS), 120)

    assert 2 * ORDERS == len(set(pacs.received))


def test_a_killed_worker_is_replaced_and_its_order_finished(start):
    """Without a new start, without a step by anybody."""
    with fake_pacs() as pacs:
        daemon = start(archive=False, workers=1, more=a_destination("main", pacs.port))
        first = daemon.wait_for("worker.started")

        def kill_the_first(number: int) -> int:
            if number == 0:
                os.kill(first["pid"], signal.SIGKILL)
            return 0x0000

        pacs.status_of = kill_the_first
        daemon.send(*orders(3))

        pacs.wait_for(lambda: everything_is_there(pacs, 3))
        daemon.wait_for("worker.died")

        assert first["pid"] != daemon.wait_for("worker.started", 2)["pid"]


def test_a_pacs_away_and_back_gets_everything_and_the_other_only_once(start):
    """Two destinations, one away: nothing lost, no manual step, nothing twice."""
    with fake_pacs() as alive, fake_pacs() as away:
        port = away.port
        away.stop()
        daemon = start(archive=False, more=a_destination("alive", alive.port) + a_destination("away", port))
        daemon.send(*orders(10))
        alive.wait_for(lambda: everything_is_there(alive, 10))
        daemon.wait_for("study.postponed", destination="away")
        assert {"in_progress"} == set(daemon.states().values())

        away.start(port)
        away.wait_for(lambda: everything_is_there(away, 10))
        daemon.wait_for("study.delivered", 20)

        assert {"completed"} == set(daemon.states().values())
    assert {1} == set(Counter(alive.received).values())


def test_a_stop_under_load_answers_after_the_commit_or_not_at_all(start):
    """SIGTERM: exit 0 within 30 s, and every AA is an order."""
    messages, acknowledged = orders(2000), []
    daemon = start(workers=1)
    sender = threading.Thread(target=send_until_it_breaks, args=(daemon.port("mllp"), messages, acknowledged))
    sender.start()
    daemon.wait_for("order.updated", 100)

    assert 0 == daemon.stop(signal.SIGTERM, 30)
    sender.join(30)

    second = start(workers=1)
    stored = set(second.states())  # the newest thousand
    assert {f"A{number}" for number in acknowledged[-900:]} <= stored
    assert len(acknowledged) < len(messages)


def test_two_daemons_never_share_a_state_directory(start, tmp_path):
    """They would release each other's work."""
    start()

    with pytest.raises(AssertionError, match="another dicomfabd uses it"):
        start()
