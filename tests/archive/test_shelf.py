"""Files and index together: what survives, what is cleared up, what shares a flush."""

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomfabd.archive import shelf as shelf_module
from dicomfabd.archive.batching import GroupCommit
from dicomfabd.archive.shelf import Shelf
from dicomfabd.archive.stored import Encoded, encoded_as, read_encoded
from dicomfabd.dimse.datasets import read_attributes
from dicomfabd.domain.errors import StoreUnavailable
from dicomfabd.fabricate.study import fabricate
from dicomfabd.store.archive_interface import ArchiveQuery, Level
from tests.archive.conftest import keep, request_of, values_of
from tests.fabricate.studies import plan_of

EXPLICIT, IMPLICIT = str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian)
PLAN = plan_of("XR CHEST", "DX")
STUDY = ArchiveQuery.of(Level.STUDY, PLAN.order.study_instance_uid)


@pytest.fixture
def requests(bodies):
    return [request_of(instance) for instance in fabricate(PLAN, bodies)]


def put(shelf: Shelf, request) -> bool:
    return shelf.keep(request, read_attributes(request))


def test_the_file_is_safe_before_the_index_speaks_of_it(shelf, index, requests, monkeypatch):
    """A power cut at any moment leaves no entry without its file: file, its name, then the index."""
    done = []
    flush, add = os.fsync, index.add

    def noted(handle):
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        flush(handle)

    def entered(instances):
        done.append("index")
        return add(instances)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(index, "add", entered)
    put(shelf, requests[0])

    assert ["folder", "file", "folder", "index"] == done


def test_an_index_that_cannot_be_written_leaves_an_orphan_only(shelf, index, requests, monkeypatch, tmp_path):
    """It may have kept the entry after all; the next start looks."""

    def fail(_instances):
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(index, "add", fail)
    with pytest.raises(StoreUnavailable):
        put(shelf, requests[0])
    monkeypatch.undo()

    again = Shelf(tmp_path / "instances", index)
    assert put(again, requests[0])

    assert [1] == [count for count in again.remove_orphans() if count]
    assert ["2.dcm"] == [path.name for path in (tmp_path / "instances").rglob("*.dcm")]


def test_a_disk_that_is_full_keeps_nothing(shelf, index, requests, monkeypatch, tmp_path):
    """Neither file nor entry."""

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shelf_module.os, "fsync", full)
    (tmp_path / "instances" / "000000").mkdir()
    with pytest.raises(OSError, match="No space"):
        put(shelf, requests[0])

    assert ([], []) == (list((tmp_path / "instances").rglob("*.dcm")), list(index.instances(STUDY)))


def test_files_of_this_run_are_no_orphans(shelf, requests):
    """Theirs may be entered in a moment."""
    put(shelf, requests[0])
    path = shelf.path(1000)
    path.parent.mkdir()
    path.touch()

    assert [0, 0] == list(shelf.remove_orphans())
    assert path.exists()


def test_the_same_instance_from_two_senders_is_kept_once(shelf, index, requests, tmp_path):
    """At the same moment; both are told it is kept."""
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda _: put(shelf, requests[0]), range(8)))

    assert 1 == sum(outcomes)
    assert 1 == len(list((tmp_path / "instances").rglob("*.dcm"))) == len(list(index.instances(STUDY)))


def test_the_files_of_a_study_go_after_its_entries(shelf, index, bodies, tmp_path):
    """And no other's."""
    keep(shelf, PLAN, bodies)
    keep(shelf, plan_of("XR CHEST", "DX", accession_candidates=("A2",)), bodies)

    assert 2 == shelf.remove(STUDY)

    assert ["3.dcm", "4.dcm"] == sorted(path.name for path in (tmp_path / "instances").rglob("*.dcm"))
    assert [3, 4] == [one.instance_id for one in index.instances(ArchiveQuery(Level.IMAGE))]


def test_who_waits_together_is_committed_together():
    """The first alone, then all that came meanwhile; each gets its own result."""
    may_go, groups = threading.Event(), []

    def commit(items):
        groups.append(len(items))
        may_go.wait(10)
        return [item * 2 for item in items]

    group = GroupCommit(commit)
    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(group.run, 0)
        while not groups:
            pass
        others = [threads.submit(group.run, number) for number in range(1, 9)]
        while len(group._waiting) < 8:
            pass
        may_go.set()

        assert [0] + [2 * number for number in range(1, 9)] == [f.result(10) for f in (first, *others)]
    assert [1, 8] == groups


def test_a_commit_that_fails_is_told_to_all_it_was_for():
    """And to nobody after."""
    outcomes = iter([OSError("full"), None])

    def commit(items):
        if error := next(outcomes):
            raise error
        return items

    group = GroupCommit(commit)

    with pytest.raises(OSError, match="full"):
        group.run(1)
    assert 2 == group.run(2)


@pytest.mark.parametrize(("one", "other"), [(EXPLICIT, IMPLICIT), (IMPLICIT, EXPLICIT)])
def test_one_spelling_becomes_the_other_and_back(shelf, bodies, one, other):
    """With every value, of images and of documents with nested sequences; only padding may differ."""
    plan = plan_of("CT HEAD", "CT")
    keep(shelf, plan, bodies, one)
    for instance_id in range(1, plan.instances + 1):
        stored = read_encoded(shelf.path(instance_id))
        there = Encoded(other, encoded_as(stored, other))
        back = encoded_as(there, one)

        assert one == stored.transfer_syntax_uid
        assert stored.dataset != there.dataset
        assert values_of(decoded(stored.dataset, one)) == values_of(decoded(back, one))


def decoded(data: bytes, syntax: str) -> Dataset:
    return read_dataset(BytesIO(data), syntax == IMPLICIT, True)
