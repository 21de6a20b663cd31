"""Iterators on threads."""

import asyncio
import threading

import pytest

from dicomfabd.dimse.batches import Batches


def run(function, *arguments):
    return asyncio.to_thread(function, *arguments)


def batches_of(begin, most=4) -> list[list]:
    async def main():
        batches = Batches(run, begin, most)
        found = []
        while batch := await batches.next():
            found.append(batch)
        await batches.close()
        return found

    return asyncio.run(main())


def test_the_first_comes_alone_and_the_others_together():
    """So that it leaves at once, and they cost few changes of threads."""
    assert [[0], [1, 2, 3, 4], [5]] == batches_of(lambda: range(6))


def test_nothing_is_nothing():
    """One look at it."""
    assert [] == batches_of(lambda: ())


def test_all_of_it_happens_on_threads():
    """Beginning, going on, and cleaning up."""
    seen = []

    def begin():
        seen.append(threading.current_thread())
        try:
            seen.append(threading.current_thread())
            yield 1
        finally:
            seen.append(threading.current_thread())

    async def main():
        batches = Batches(run, begin)
        await batches.next()
        await batches.close()

    asyncio.run(main())

    assert 3 == len(seen)
    assert threading.main_thread() not in seen


def test_a_batch_that_took_long_is_not_filled(monkeypatch):
    """What was found is given."""
    monkeypatch.setattr("dicomfabd.dimse.batches._LONGEST_S", -1)

    assert [[n] for n in range(4)] == batches_of(lambda: range(4))


def test_what_is_raised_comes_through():
    """From the beginning, and from within."""

    def within():
        yield 1
        raise KeyError

    def beginning():
        raise KeyError

    for begin in (within, beginning):
        with pytest.raises(KeyError):
            batches_of(begin)
