"""pacs move and pacs get."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace

import pydicom
import pytest
from pynetdicom import evt

from dicomfabd.domain.delivery import Destination
from dicomfabd.pacs.move import MODELS as MOVE_MODELS
from dicomfabd.pacs.retrieve import MODELS as GET_MODELS
from tests.pacs.instances import STUDY, a_dataset, a_file
from tests.peers import endless_move, fake_pacs, free_port, orthanc, serving


@pytest.fixture
def source(state):
    """A PACS that gives one image of two, and moves two."""

    def on_move(event):
        yield "127.0.0.1", pacs.port
        yield 2
        yield 0xFF00, a_dataset(1)
        yield 0xFF00, a_dataset(2)

    def on_get(_event):
        yield 2
        yield 0xFF00, a_dataset(1)
        yield 0xC000, None

    handlers = [(evt.EVT_C_MOVE, on_move), (evt.EVT_C_GET, on_get)]
    with fake_pacs() as pacs, serving(handlers, [*MOVE_MODELS, *GET_MODELS]) as giver:
        state.destinations.put(replace(giver, name="a"), pacs.destination("b"))
        yield giver


def test_a_move_says_what_was_sent(cli, source):
    """For people and for programs; nothing but the result on standard output."""
    done = cli("pacs", "move", STUDY, "--from", "a", "--to", "b")
    told = json.loads(cli("pacs", "move", STUDY, "--from", "a", "--to", "b", "--json").stdout)

    assert (0, "done: 2 completed\n", "") == (done.exit_code, done.stdout, done.stderr)
    assert {"state": "done", "reason": "", "completed": 2, "failed": 0, "warning": 0, "remaining": 0} == told


def test_a_move_that_fails_says_why(cli, state):
    """Exit code 1."""
    state.destinations.put(Destination("a", "127.0.0.1", free_port(), "A"), Destination("b", "h", 1, "B"))

    done = cli("pacs", "move", STUDY, "--from", "a", "--to", "b")

    assert (1, "failed: nothing was sent\n") == (done.exit_code, done.stdout)
    assert "cannot be reached" in done.stderr


def test_what_is_there_of_a_download_is_kept(cli, source, tmp_path):
    """With a note, exit code 1 and the reason."""
    into_folder = cli("pacs", "get", STUDY, "--from", "a", "--out", "new/folder")
    into_zip = cli("pacs", "get", STUDY, "--from", "a", "--out", "study.zip")

    assert [1, 1] == [into_folder.exit_code, into_zip.exit_code]
    assert "0xC000" in into_folder.stderr
    assert "1.2.3.1.1" == pydicom.dcmread(tmp_path / "new/folder/000/000001.dcm").SOPInstanceUID
    assert (tmp_path / "new/folder/INCOMPLETE.txt").exists()
    with zipfile.ZipFile(tmp_path / "study.zip") as zipped:
        assert ["000/000001.dcm", "INCOMPLETE.txt"] == zipped.namelist()


def test_nothing_that_is_there_is_replaced(cli, source, tmp_path):
    """Neither a folder with something in it nor a file."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "x").write_text("mine")
    (tmp_path / "there.zip").write_text("mine")

    folder, file = (cli("pacs", "get", STUDY, "--from", "a", "--out", name) for name in ("there", "there.zip"))

    assert [2, 2] == [folder.exit_code, file.exit_code]
    assert "Name a new folder" in folder.stderr and "Name a new file" in file.stderr
    assert "mine" == (tmp_path / "there.zip").read_text()
    assert ["x"] == [it.name for it in (tmp_path / "there").iterdir()]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("move", "x", "--from", "a", "--to", "b"), "study_uid: is not a UID"),
        (("move", STUDY, "--from", "nobody", "--to", "b"), "there is no destination named nobody"),
        (("get", STUDY, "--from", "a", "--out", "o", "--image", "1.2"), "series: is needed for images"),
    ],
)
def test_what_cannot_be_done_ends_with_2(cli, source, arguments, said):
    """Before anybody is asked."""
    done = cli("pacs", *arguments)

    assert (2, True) == (done.exit_code, said in done.stderr)


def test_the_command_of_dcmtk_is_printed_and_nothing_done(cli, source, tmp_path):
    """With the AE title the source knows the other by."""
    cli("pacs", "edit", "a", "--move-ae-titles", "b=B_AT_A")

    moving = cli("pacs", "move", STUDY, "--from", "a", "--to", "b", "--as-dcmtk")
    getting = cli("pacs", "get", STUDY, "--from", "a", "--out", "o", "--as-dcmtk")

    assert "movescu -v -S -aem B_AT_A -aet DICOMFABD -aec SERVING 127.0.0.1" in moving.stdout
    assert "getscu -v -S -od o" in getting.stdout
    assert not (tmp_path / "o").exists()


@pytest.mark.slow
def test_a_study_comes_whole_from_orthanc(cli, state, tmp_path):
    """By C-GET, and over the web where there is a web_url."""
    with orthanc(tmp_path / "a", web=True) as it:
        for number in (1, 2, 3):
            it.post("/instances", a_file(number))
        state.destinations.put(it.destination("dimse"), it.destination("web", web_url=it.web_url))
        done = {name: cli("pacs", "get", STUDY, "--from", name, "--out", f"{name}.zip") for name in ("dimse", "web")}

    assert [0, 0] == [it.exit_code for it in done.values()]
    assert ["dimse.zip: 3 instances by C-GET\n", "web.zip: 3 instances by WADO-RS\n"] == [
        it.stdout for it in done.values()
    ]
    for name in done:
        with zipfile.ZipFile(tmp_path / f"{name}.zip") as zipped:
            assert 3 == len(zipped.namelist())


@pytest.mark.slow
def test_an_interrupted_move_is_cancelled_and_told(state, tmp_path):
    """Ctrl-C; the source is told, and what had been sent is counted."""
    with fake_pacs() as pacs, serving([(evt.EVT_C_MOVE, endless_move(pacs, a_dataset(1)))], MOVE_MODELS) as giver:
        state.destinations.put(replace(giver, name="a"), pacs.destination("b"))
        process = subprocess.Popen(
            [sys.executable, "-m", "dicomfabd", "pacs", "move", STUDY, "--from", "a", "--to", "b"],
            env=os.environ | {"DICOMFABD_STATE_DIR": str(tmp_path / "state")},
            stdout=subprocess.PIPE,
            text=True,
        )
        pacs.wait_for(lambda: pacs.received)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)

    assert (1, "cancelled: 1 completed") == (process.returncode, said.partition(", ")[0].strip())
