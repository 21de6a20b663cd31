"""C-MOVE between real PACS, and with one that answers as a test wants."""

import threading
from dataclasses import replace

import pytest
from pydicom.dataset import Dataset
from pynetdicom import evt

from dicomfabd.domain.delivery import Destination
from dicomfabd.pacs import move as moving
from dicomfabd.pacs.move import MODELS, Move, MoveState, Progress
from dicomfabd.pacs.query import STUDY_ROOT
from dicomfabd.pacs.selection import Selection
from dicomfabd.pacs.storage import StorageAssociation
from tests.pacs.instances import STUDY, a_dataset, a_file, sendable
from tests.peers import dcmqrscp, endless_move, fake_pacs, free_port, orthanc, serving

STUDY_ONLY, PATIENT_ONLY = MODELS[:1], MODELS[1:]
HERE = (0xFF00, Dataset())
HERE[1].StudyInstanceUID = STUDY


@pytest.mark.slow
def test_a_study_moves_from_one_orthanc_to_another(tmp_path):
    """Under the AE title the source knows the other by; progress counts every image; series and images too."""
    with (
        orthanc(tmp_path / "b", "EAST") as east,
        orthanc(tmp_path / "a", "WEST", {"EAST_AT_WEST": east.dicom_port}) as west,
    ):
        for series in (1, 2):
            for number in (1, 2, 3):
                west.post("/instances", a_file(number, series=series))
        source = west.destination("west", move_ae_titles={"east": "EAST_AT_WEST"})
        receiver = east.destination("east")
        steps: list[Progress] = []

        image = Move(source, receiver, Selection(STUDY, (f"{STUDY}.1",), (f"{STUDY}.1.1",))).run()
        after_image = len(east.get("/instances"))
        series = Move(source, receiver, Selection(STUDY, (f"{STUDY}.1",))).run()
        after_series = len(east.get("/instances"))
        whole = Move(source, receiver, Selection(STUDY)).run(steps.append)
        after_all = len(east.get("/instances"))

    assert [MoveState.DONE] * 3 == [it.state for it in (image, series, whole)], (image, series, whole)
    assert [1, 3, 6] == [it.progress.completed for it in (image, series, whole)]
    assert [1, 3, 6] == [after_image, after_series, after_all]
    assert [1, 2, 3, 4, 5, 6] == [step.completed for step in steps]
    assert [5, 4, 3, 2, 1, 0] == [step.remaining for step in steps]


@pytest.mark.slow
def test_why_orthanc_sends_nothing_is_found_out(tmp_path):
    """It answers the same for an unknown AE title as for an unknown study; the query tells them apart."""
    with orthanc(tmp_path / "a", "WEST", {"GONE": free_port()}) as west:
        west.post("/instances", a_file())
        source = west.destination("west", move_ae_titles={"gone": "GONE"})
        other = Destination("other", "10.0.0.9", 104, "OTHER")

        unknown_title = Move(source, other, Selection(STUDY)).run()
        unknown_study = Move(source, other, Selection("1.9.9")).run()
        away = Move(source, replace(other, name="gone"), Selection(STUDY)).run()

    assert {MoveState.FAILED} == {it.state for it in (unknown_title, unknown_study, away)}
    assert "see that AE title OTHER is registered there with 10.0.0.9:104" in unknown_title.reason
    assert "west has nothing that fits" in unknown_study.reason
    assert "10.0.0.9:104" in away.reason


@pytest.mark.slow
def test_dcmtk_sends_to_whom_it_knows(tmp_path):
    """A801 names the AE title and the address to register."""
    with fake_pacs() as pacs, dcmqrscp(tmp_path / "qrscp", {"FAKEPACS": pacs.port}) as source:
        image = a_dataset()
        with StorageAssociation(source, [image.SOPClassUID]) as association:
            assert 1 == len(list(association.send_all([sendable(image)])))
        done = Move(source, pacs.destination(), Selection(STUDY)).run()
        unknown = Move(source, Destination("other", "h", 104, "STRANGER"), Selection(STUDY)).run()
        nothing = Move(source, pacs.destination(), Selection("1.9.9")).run()

    assert (MoveState.DONE, 1, ["1.2.3.1.1"]) == (done.state, done.progress.completed, pacs.received), done
    assert "qrscp does not know AE title STRANGER: register it there with h:104" == unknown.reason
    assert (MoveState.FAILED, True) == (nothing.state, "nothing that fits" in nothing.reason)


def test_a_source_that_is_away_is_said():
    """Nothing was moved."""
    moved = Move(Destination("a", "127.0.0.1", free_port(), "A"), Destination("b", "h", 1, "B"), Selection("1.2")).run()

    assert MoveState.FAILED == moved.state
    assert "cannot be reached" in moved.reason


def test_images_that_were_not_sent_are_counted():
    """Two of three: partly, with the number."""

    def on_move(event):
        yield "127.0.0.1", pacs.port
        yield 3
        for number in (1, 2, 3):
            yield 0xFF00, a_dataset(number)

    with fake_pacs(status_of=lambda number: 0xC000 if number == 1 else 0) as pacs:
        handlers = [(evt.EVT_C_MOVE, on_move)]
        with serving(handlers, STUDY_ONLY) as source:
            moved = Move(source, pacs.destination(), Selection(STUDY)).run()

    assert (MoveState.PARTLY, 2, 1) == (moved.state, moved.progress.completed, moved.progress.failed), moved
    assert "1 of 3 were not sent" == moved.reason


def test_a_move_is_cancelled(monkeypatch):
    """C-CANCEL; what was sent stays there."""
    monkeypatch.setattr(moving, "CANCEL_GRACE_S", 30)
    with fake_pacs() as pacs, serving([(evt.EVT_C_MOVE, endless_move(pacs, a_dataset(1)))], STUDY_ONLY) as source:
        move = Move(source, pacs.destination(), Selection(STUDY))
        moved = move.run(lambda _progress: move.cancel())

    assert (MoveState.CANCELLED, 1) == (moved.state, moved.progress.completed), moved
    assert ["1.2.3.1.1"] == pacs.received


def test_a_source_that_does_not_stop_is_left(monkeypatch):
    """After some seconds of grace."""
    monkeypatch.setattr(moving, "CANCEL_GRACE_S", 0.1)
    ends = threading.Event()

    def on_move(event):
        yield "127.0.0.1", pacs.port
        yield 100
        yield 0xFF00, a_dataset(1)
        while event.assoc.is_established:
            ends.wait(0.01)

    with fake_pacs() as pacs, serving([(evt.EVT_C_MOVE, on_move)], STUDY_ONLY) as source:
        move = Move(source, pacs.destination(), Selection(STUDY))
        moved = move.run(lambda _progress: move.cancel())

    assert MoveState.CANCELLED == moved.state


def test_a_move_cancelled_before_it_began_moves_nothing():
    """The source is never asked."""
    asked = []

    def on_move(event):
        asked.append(event)
        yield None, None

    with fake_pacs() as pacs, serving([(evt.EVT_C_MOVE, on_move)], STUDY_ONLY) as source:
        move = Move(source, pacs.destination(), Selection(STUDY))
        move.cancel()
        moved = move.run()

    assert (MoveState.CANCELLED, []) == (moved.state, asked)


def test_a_source_with_the_patient_root_only_is_told_the_patient():
    """Where the patient is named; else that is said."""
    asked = []

    def on_move(event):
        asked.append(event.identifier)
        yield "127.0.0.1", pacs.port
        yield 1
        yield 0xFF00, a_dataset()

    with fake_pacs() as pacs, serving([(evt.EVT_C_MOVE, on_move)], PATIENT_ONLY) as source:
        done = Move(source, pacs.destination(), Selection(STUDY, patient_id="P1")).run()
        refused = Move(source, pacs.destination(), Selection(STUDY)).run()

    assert (MoveState.DONE, ["P1"]) == (done.state, [identifier.PatientID for identifier in asked]), done
    assert "name the patient ID too" in refused.reason


def test_a_source_that_breaks_off_is_said():
    """With what it did until then."""

    def on_move(event):
        event.assoc.abort()
        yield None, None

    def on_find(_event):
        yield HERE
        yield 0x0000, None

    handlers = [(evt.EVT_C_MOVE, on_move), (evt.EVT_C_FIND, on_find)]
    with serving(handlers, (*STUDY_ONLY, STUDY_ROOT)) as source:
        moved = Move(source, Destination("b", "h", 1, "B"), Selection(STUDY)).run()

    assert MoveState.FAILED == moved.state
    assert "aborted, closed the connection or fell silent" in moved.reason
