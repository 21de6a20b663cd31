"""What the main process does on the side."""

import asyncio

from dicomfabd.app import chores
from dicomfabd.app.chores import keep_history, keep_search_current
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.store.search_interface import Followed


class Backlog:
    """A search with so much before it, that more may be added to."""

    def __init__(self, behind):
        self.behind = behind
        self.fails = 0
        self.arriving = 0

    def follow(self, most):
        if self.fails:
            self.fails -= 1
            raise StoreUnavailable("cannot search: disk I/O error")
        taken = min(most, self.behind)
        self.behind += self.arriving - taken
        return Followed(taken, self.behind)


def followed(search, monkeypatch, rounds):
    """Give how long it rested after each round of so many."""
    rests = []
    over = asyncio.Event()

    async def rest(seconds):
        rests.append(seconds)
        if len(rests) == rounds:
            over.set()
            await asyncio.Event().wait()

    async def story():
        task = asyncio.create_task(keep_search_current(search))
        await asyncio.wait_for(over.wait(), 10)
        task.cancel()
        await asyncio.wait([task])

    monkeypatch.setattr(chores.asyncio, "sleep", rest)
    asyncio.run(story())
    return rests


def test_a_backlog_is_taken_in_small_parts_and_then_looked_for_now_and_then(monkeypatch):
    """Until there is none."""
    search = Backlog(350)

    rests = followed(search, monkeypatch, 6)

    assert 0 == search.behind
    assert [False, False, False, True, True, True] == [rest == chores._LOOK_EVERY_S for rest in rests]


def test_while_anything_comes_in_it_rests_most_of_the_time(monkeypatch):
    """Nine tenths of a processor are left, to say the least."""
    ticks = iter(range(10_000))
    monkeypatch.setattr(chores.time, "perf_counter", lambda: next(ticks) * 0.01)
    quiet, busy = Backlog(100_000), Backlog(100_000)
    busy.arriving = 7

    idle_rests, busy_rests = followed(quiet, monkeypatch, 5), followed(busy, monkeypatch, 5)

    assert {0.01} == {round(rest, 6) for rest in idle_rests[1:]}
    assert {0.09} == {round(rest, 6) for rest in busy_rests}


def test_a_store_that_is_down_is_tried_again(monkeypatch):
    """The loop never ends by it."""
    search = Backlog(50)
    search.fails = 2

    rests = followed(search, monkeypatch, 3)

    assert (0, 3) == (search.behind, len(rests))


def test_the_past_is_written_when_the_daemon_stops(monkeypatch):
    """And a full disk does not keep it from stopping."""
    said = []

    class Past:
        def sample(self):
            said.append("sampled")

        def save(self):
            said.append("saved")
            raise OSError(28, "No space left on device")

    async def story():
        task = asyncio.create_task(keep_history(Past()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(story())

    assert ["saved"] == said
