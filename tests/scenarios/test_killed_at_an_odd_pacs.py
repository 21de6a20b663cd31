"""kill -9 in the middle of a delivery to a PACS that misbehaves before and after it."""

import threading

import pytest

from tests.builders import an_orm
from tests.odd_pacs import REFUSED, TAKEN, TRIED_AGAIN, WAITED_FOR, odd_pacs

pytestmark = pytest.mark.slow

ORDERS = 3
IMAGES = 2
MANNERS = (
    "rejection 1/1/7",
    "rejection 2/3/2",
    "silence",
    "an abort",
    "an abort in the middle",
    "closing after one",
    "silence instead of an answer",
    "a release instead of an answer",
    "an answer to something else",
    "an answer without a status",
    "half an answer",
    "out of resources",
    "coercion of data elements",
    "a tiny PDU",
    "slow reading",
)
HOW = WAITED_FOR | TRIED_AGAIN | TAKEN


def a_main(port: int) -> str:
    return f'[[destinations]]\nname = "main"\nhost = "127.0.0.1"\nport = {port}\nae_title = "ODD"\ntimeout_s = 1\n'


def send_and_kill(start, pacs) -> None:
    """Kill the daemon while it waits for the answer to the second instance, or at the second association."""
    reached, killed = threading.Event(), threading.Event()

    def hold_the_second(number: int) -> None:
        if number == 1:
            reached.set()
            with pacs.changed:
                pacs.changed.notify_all()
            killed.wait(30)

    pacs.on_instance = hold_the_second
    daemon = start(archive=False, workers=1, more=a_main(pacs.port))
    daemon.send(*[an_orm(f"M{n}", f"A{n}", patient_id=f"P{n}") for n in range(ORDERS)])
    pacs.wait_for(lambda: reached.is_set() or pacs.associations >= 2)
    daemon.kill()
    killed.set()


@pytest.mark.parametrize("name", MANNERS)
def test_a_pacs_that_recovers_has_every_study_whole(start, name):
    """Each instance under one UID, whatever was sent twice."""
    with odd_pacs(*[HOW[name]] * 4) as pacs:
        send_and_kill(start, pacs)

        second = start(archive=False, workers=1, more=a_main(pacs.port))
        second.wait_for("study.delivered", ORDERS)

        assert {"completed"} == set(second.states().values())
    assert ORDERS * IMAGES == len(set(pacs.stored))


@pytest.mark.parametrize("name", ["cannot understand", "SOP class not supported"])
def test_what_is_refused_is_in_the_dead_letters(start, name):
    """After the restart too, and nothing is lost of the others."""
    with odd_pacs(*[REFUSED[name][0]] * 50) as pacs:
        send_and_kill(start, pacs)

        second = start(archive=False, workers=1, more=a_main(pacs.port))
        second.wait_for("study.failed", ORDERS)

        assert [ORDERS, {"failed"}] == [len(second.states()), set(second.states().values())]
    assert [] == pacs.stored
