"""Items as files, in step, and served by the worklist servers of others."""

import subprocess
from pathlib import Path

import pytest
from pydicom import dcmread

from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import OrderControl, StepStatus
from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import Change
from dicomfabd.store.worklist_interface import ItemQuery
from dicomfabd.worklist.folder import WorklistFolder
from tests.builders import NOON, a_cancel, a_new, an_order
from tests.conftest import program
from tests.listeners import loop_thread
from tests.peers import free_port, orthanc, wait_for_port

SHOWN = ItemQuery(frozenset({StepStatus.SCHEDULED, StepStatus.STARTED}), 0)


@pytest.fixture
def failures() -> list[str]:
    return []


@pytest.fixture
def folder(tmp_path, store, failures):
    """Give a folder that is synchronised when a test says so."""
    path = tmp_path / "worklist" / "MWL"
    it = WorklistFolder(path, store.worklist, lambda: SHOWN, failures.append)
    it.prepare()
    return it


def files(tmp_path: Path) -> dict[str, str]:
    """Give name → accession number."""
    found = (tmp_path / "worklist" / "MWL").iterdir()
    return {path.name: str(dcmread(path).AccessionNumber) for path in found if path.suffix == ".wl"}


def test_files_are_in_step(tmp_path, folder, put):
    """One for each item that is shown; what is over or gone has none."""
    put(a_new(an_order("A1")), a_new(an_order("A2", steps=(StepDraft("", "CT", NOON), StepDraft("", "MR", NOON)))))
    folder.sync()
    before = files(tmp_path)
    put(a_cancel(accession_number="A1"))
    folder.sync()

    assert ["A1", "A2", "A2"] == sorted(before.values())
    assert ["A2", "A2"] == sorted(files(tmp_path).values())


def test_only_what_changed_is_written_again(tmp_path, folder, put):
    """A name, a status, a date."""
    order = an_order("A1")
    put(a_new(order), a_new(an_order("A2")))
    folder.sync()
    paths = sorted((tmp_path / "worklist" / "MWL").glob("*.wl"))
    before = [path.stat().st_ino for path in paths]
    put(Change(OrderControl.START, order.keys))
    folder.sync()

    assert [True, False] == [path.stat().st_ino != inode for path, inode in zip(paths, before, strict=True)]
    assert "STARTED" == dcmread(paths[0]).ScheduledProcedureStepSequence[0].ScheduledProcedureStepStatus


def test_a_new_start_clears_what_an_old_one_left(tmp_path, folder, put, store):
    """Ours, whole or in part; other files are nobody's business."""
    put(a_new(an_order("A1")))
    folder.sync()
    place = tmp_path / "worklist" / "MWL"
    for name in ("dicomfabd-99-0.wl", "dicomfabd-1-0.wl.new", "mine.wl"):
        (place / name).write_bytes(b"x")
    again = WorklistFolder(place, store.worklist, lambda: SHOWN, lambda _failure: None)
    again.prepare()
    again.sync()

    assert {"dicomfabd-1-0.wl", "mine.wl", "lockfile"} == {path.name for path in place.iterdir()}


def test_a_folder_follows_the_store(tmp_path, store, put, failures):
    """From its start to its stop."""
    place = tmp_path / "worklist" / "MWL"
    folder = WorklistFolder(place, store.worklist, lambda: SHOWN, failures.append)
    with loop_thread() as thread:
        thread.run(folder.start())
        put(a_new(an_order("A1")))
        while not list(place.glob("*.wl")):
            pass
        thread.run(folder.stop())

    assert ({"dicomfabd-1-0.wl": "A1"}, []) == (files(tmp_path), failures)


def find(port: int, *keys: str) -> str:
    command = [program("findscu"), "-v", "-W", "-aec", "MWL", "127.0.0.1", str(port)]
    done = subprocess.run(
        [*command, *(part for key in keys for part in ("-k", key))],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout + done.stderr


@pytest.mark.slow
def test_dcmtks_server_serves_the_folder(tmp_path, folder, put):
    """wlmscpfs, from the folder of its AE title."""
    put(a_new(an_order("A1", patient=Patient("P1", "Müller^Jörg"))), a_new(an_order("A2")))
    folder.sync()
    port = free_port()
    server = subprocess.Popen(
        [program("wlmscpfs"), "-dfp", str(tmp_path / "worklist"), str(port)], stderr=subprocess.DEVNULL
    )
    try:
        wait_for_port(port)
        said = find(port, "0008,0050=A1")
    finally:
        server.terminate()
        server.wait(30)

    assert ("[A1]" in said, "[A2]" in said) == (True, False)


@pytest.mark.slow
def test_orthancs_plugin_serves_the_folder(tmp_path, folder, put):
    """Its sample plugin, as Debian ships it."""
    put(a_new(an_order("A1")), a_new(an_order("A2", patient=Patient("P2", "Roe^Jane"))))
    folder.sync()
    worklists = {"Enable": True, "Database": str(tmp_path / "worklist" / "MWL")}
    plugins = ["/usr/share/orthanc/plugins"]
    with orthanc(tmp_path / "orthanc", Plugins=plugins, Worklists=worklists, DicomAlwaysAllowFindWorklist=True) as it:
        said = find(it.dicom_port, "0010,0010=ROE*", "0008,0050")

    assert (False, True) == ("[A1]" in said, "[A2]" in said)
