"""Quota and age: whole studies, the longest quiet first, never one being received."""

import pytest

from dicomfabd.archive.purging import QUIET_S, Purger
from dicomfabd.archive.shelf import Shelf
from dicomfabd.config import Archive
from dicomfabd.store.archive_interface import ArchiveQuery, Level
from tests.archive.conftest import keep
from tests.fabricate.studies import plan_of

DAY = 86_400
PLANS = [plan_of("XR CHEST", "DX", accession_candidates=(f"A{number}",)) for number in range(3)]


@pytest.fixture
def purge(index, shelf, journal, clock):
    """Give a function that runs turns until there is nothing to do, with these settings."""

    def run(**settings):
        purger = Purger(Archive(**settings), index, shelf, journal, clock)
        while purger.turn() == 0.0:
            pass

    return run


@pytest.fixture
def three_studies(shelf, bodies, clock):
    """Keep three studies, a day apart; the last one a moment ago."""
    for plan in PLANS:
        keep(shelf, plan, bodies)
        clock.advance(DAY)
    clock.advance(1 - DAY)


def left(index) -> list[str]:
    return [row["AccessionNumber"] for row in index.find(ArchiveQuery(Level.STUDY))]


def test_without_settings_everything_stays(purge, three_studies, index):
    """The defaults."""
    purge()

    assert ["A0", "A1", "A2"] == left(index)


def test_old_studies_go(purge, three_studies, index, clock, sink):
    """By when their newest instance came."""
    purge(keep_days=2)
    assert ["A1", "A2"] == left(index)
    clock.advance(DAY)

    purge(keep_days=2)

    assert ["A2"] == left(index)
    assert [(2, "age")] * 2 == [(f["instances"], f["reason"]) for f in sink.named("archive.purged")]


def test_the_quota_takes_the_longest_quiet_first(purge, three_studies, index, tmp_path, sink):
    """Until what is left fits; their files are gone too."""
    quota_mb = 2 * index.size() // 3 // 1_000_000 + 1
    assert index.size() > quota_mb * 1_000_000

    purge(quota_mb=quota_mb)

    assert ["A1", "A2"] == left(index)
    assert 4 == len(list((tmp_path / "instances").rglob("*.dcm")))
    assert 1 == sink.counts[("dicomfabd_archive_purged_studies_total", "quota")]


def test_a_study_being_received_stays(purge, three_studies, index, clock):
    """However full it is."""
    purge(quota_mb=1)
    assert ["A2"] == left(index)
    clock.advance(QUIET_S)

    purge(quota_mb=1)

    assert [] == left(index)


def test_what_a_crash_left_is_cleared_up(three_studies, index, journal, clock, sink, tmp_path):
    """By the next start, before anything else."""
    numbers = index.remove(ArchiveQuery.of(Level.STUDY, PLANS[0].order.study_instance_uid))

    purger = Purger(Archive(), index, Shelf(tmp_path / "instances", index), journal, clock)
    while purger.turn() == 0.0:
        pass

    assert [{"files": len(numbers)}] == sink.named("archive.orphans_removed")
    assert 4 == len(list((tmp_path / "instances").rglob("*.dcm")))
