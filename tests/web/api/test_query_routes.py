"""Asking, moving and downloading over HTTP."""

import csv
import io
import threading
import zipfile
from dataclasses import replace

import pytest
from pydicom.dataset import Dataset
from pynetdicom import evt

from dicomfabd.domain.delivery import Destination
from dicomfabd.pacs.move import MODELS as MOVE_MODELS
from dicomfabd.pacs.query import STUDY_ROOT
from dicomfabd.pacs.retrieve import MODELS as GET_MODELS
from dicomfabd.web.api import moves
from tests.pacs.instances import STUDY, a_dataset, a_file
from tests.peers import fake_pacs, free_port, orthanc, serving

PAUSE = threading.Event()
"""Never set: a wait for others in between looks at them."""


def answering(*names: str):
    """Give handlers of a C-FIND that finds a study of each of these patients."""

    def on_find(_event):
        for name in names:
            item = Dataset()
            item.PatientName, item.AccessionNumber = name, "A1"
            yield 0xFF00, item
        yield 0x0000, None

    return [(evt.EVT_C_FIND, on_find)]


@pytest.fixture
def fixed() -> list[Destination]:
    """No archive: everybody is asked."""
    return []


def test_every_row_says_whose_it_is_and_every_pacs_how_it_fared(client, store, sink):
    """One that is away stands beside the rows of the others."""
    with serving(answering("DOE^JANE"), [STUDY_ROOT]) as source:
        store.destinations.put(
            replace(source, name="here"),
            replace(source, name="away", port=free_port()),
            replace(source, name="asleep", active=False),
        )
        everybody = client.get("/api/v1/pacs/query?patient_name=DOE*").json()
        some = client.get("/api/v1/pacs/query?pacs=here&pacs=asleep&pacs=here").json()

    assert [("here", "DOE^JANE", "A1")] == [
        (row["pacs"], row["patient_name"], row["accession_number"]) for row in everybody["rows"]
    ]
    assert {"here": "answered", "away": "away"} == {it["name"]: it["state"] for it in everybody["pacs"]}
    assert [("here", "answered"), ("asleep", "refused")] == [(it["name"], it["state"]) for it in some["pacs"]]
    assert "study_instance_uid" in everybody["columns"]
    assert ["PatientName"] == sink.named("pacs.queried")[0]["keys"]
    assert 1 == sink.counts[("dicomfabd_pacs_queries_total", "away", "away")]
    assert "DOE" not in str(sink.events)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("date=yesterday", "date"),
        ("level=series", "study_uid"),
        ("pacs=nobody", "pacs"),
        ("max=0", "max"),
        ("colour=red", "colour"),
        ("level=world", "level"),
        ("study_uid=../x", "study_uid"),
        ("patient_name=" + "x" * 300, "patient_name"),
    ],
)
def test_what_cannot_be_asked_is_said(client, query, field):
    """As a problem document, before anybody is asked."""
    answer = client.get(f"/api/v1/pacs/query?{query}")

    assert (400, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert field in [error["field"] for error in answer.json()["errors"]]


def test_a_table_has_a_row_for_a_pacs_that_is_away(client, store):
    """Its header is that of the level, and a formula is none."""
    with serving(answering("=cmd", "DOE^JANE"), [STUDY_ROOT]) as source:
        store.destinations.put(replace(source, name="here"), replace(source, name="away", port=free_port()))
        answer = client.get("/api/v1/pacs/query.csv?bom=true")

    text = answer.content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert ("text/csv; charset=utf-8", b"\xef\xbb\xbf") == (answer.headers["content-type"], answer.content[:3])
    assert 'attachment; filename="study-level.csv"' == answer.headers["content-disposition"]
    assert ["pacs", "state", "patient_name"] == list(rows[0])[:3]
    assert [("away", "away", ""), ("here", "answered", "'=cmd"), ("here", "answered", "DOE^JANE")] == sorted(
        (row["pacs"], row["state"], row["patient_name"]) for row in rows
    )


def wait_for_end(client, path: str) -> dict[str, object]:
    """Ask how a move stands until it has ended; the API has no other way."""
    for _ in range(600):
        told = client.get(path).json()
        if told["ended_at"]:
            return told
        PAUSE.wait(0.02)
    raise AssertionError(told)


@pytest.mark.slow
def test_a_study_is_moved_and_downloaded(client, store, sink, tmp_path):
    """From one Orthanc to another, with its progress; then the ZIP holds the same."""
    with orthanc(tmp_path / "b", "EAST") as east, orthanc(tmp_path / "a", "WEST", {"EAST": east.dicom_port}) as west:
        for number in (1, 2):
            west.post("/instances", a_file(number))
        store.destinations.put(west.destination("west"), east.destination("east"))
        body = {"source": "west", "destination": "east", "study_uid": STUDY}
        started = client.post("/api/v1/pacs/move", json=body)
        ended = wait_for_end(client, started.headers["location"])
        downloaded = client.get(f"/api/v1/pacs/east/studies/{STUDY}")
        nothing = client.get("/api/v1/pacs/east/studies/1.9.9")

    assert (202, "running") == (started.status_code, started.json()["state"])
    assert ("done", 2) == (ended["state"], ended["progress"]["completed"])
    with zipfile.ZipFile(io.BytesIO(downloaded.content)) as zipped:
        assert ["000/000001.dcm", "000/000002.dcm"] == zipped.namelist()
        assert None is zipped.testzip()
    assert "application/zip" == downloaded.headers["content-type"]
    assert (502, True) == (nothing.status_code, "no such study" in nothing.json()["detail"])
    assert ["pacs.download", "pacs.move"] == [entry.action for entry in store.messages.audit_trail()]
    assert {"source": "west", "destination": "east", "state": "done", "sent": 2, "failed": 0} == sink.named(
        "pacs.moved"
    )[0]
    assert 1 == sink.counts[("dicomfabd_pacs_downloads_total", "east", "whole")]


def test_a_move_is_cancelled(client, store):
    """By DELETE; what was sent stays."""

    def on_move(event):
        yield "127.0.0.1", pacs.port
        yield 100
        yield 0xFF00, a_dataset()
        while event.assoc.is_established and not event.is_cancelled:
            PAUSE.wait(0.01)
        yield 0xFE00, None

    with fake_pacs() as pacs, serving([(evt.EVT_C_MOVE, on_move)], MOVE_MODELS) as source:
        store.destinations.put(replace(source, name="a"), pacs.destination("b"))
        body = {"source": "a", "destination": "b", "study_uid": STUDY}
        path = client.post("/api/v1/pacs/move", json=body).headers["location"]
        pacs.wait_for(lambda: pacs.received)
        cancelled = client.delete(path)
        ended = wait_for_end(client, path)

    assert (200, "cancelled", 1) == (cancelled.status_code, ended["state"], ended["progress"]["completed"])
    assert ["pacs.move_cancel", "pacs.move"] == [entry.action for entry in store.messages.audit_trail()]


def test_moves_that_cannot_be_are_refused(client, store):
    """Unknown, inactive, the same, no UID, no such move."""
    store.destinations.put(Destination("a", "h", 1, "A"), Destination("b", "h", 1, "B", active=False))

    def move(**body: object) -> int:
        whole = {"source": "a", "destination": "b", "study_uid": "1.2"} | body
        return client.post("/api/v1/pacs/move", json=whole).status_code

    assert [404, 404, 409, 400, 400, 400] == [
        move(source="nobody"),
        move(destination="nobody"),
        move(source="b", destination="a"),
        move(destination="a"),
        move(study_uid="../x"),
        move(bogus=1),
    ]
    assert 404 == client.get("/api/v1/pacs/moves/1234").status_code
    assert 404 == client.delete("/api/v1/pacs/moves/1234").status_code
    assert 409 == client.get("/api/v1/pacs/b/studies/1.2").status_code
    assert 400 == client.get("/api/v1/pacs/a/studies/..x").status_code


def test_moves_are_bounded(client, store, monkeypatch):
    """Those under way, and those remembered."""
    monkeypatch.setattr(moves, "MOST_RUNNING", 1)
    monkeypatch.setattr(moves, "MOST_KEPT", 2)

    def on_move(event):
        while event.assoc.is_established and not event.is_cancelled:
            PAUSE.wait(0.01)
        yield None, None

    with serving([(evt.EVT_C_MOVE, on_move)], MOVE_MODELS) as source:
        store.destinations.put(
            replace(source, name="a"), Destination("away", "127.0.0.1", free_port(), "X"), Destination("b", "h", 1, "B")
        )
        paths = []
        for _ in range(3):
            answer = client.post("/api/v1/pacs/move", json={"source": "away", "destination": "b", "study_uid": "1.2"})
            paths.append(answer.headers["location"])
            wait_for_end(client, paths[-1])
        running = client.post("/api/v1/pacs/move", json={"source": "a", "destination": "b", "study_uid": "1.2"})
        refused = client.post("/api/v1/pacs/move", json={"source": "a", "destination": "b", "study_uid": "1.2"})
        client.delete(running.headers["location"])
        wait_for_end(client, running.headers["location"])

    assert (202, 503, "10") == (running.status_code, refused.status_code, refused.headers["retry-after"])
    assert [404, 404, 200] == [client.get(path).status_code for path in paths]


def test_a_download_that_is_not_whole_says_so_inside(client, store, sink):
    """The answer has long begun; the ZIP has a note."""

    def on_get(_event):
        yield 3
        yield 0xFF00, a_dataset(1)
        yield 0xC000, None

    with serving([(evt.EVT_C_GET, on_get)], GET_MODELS) as source:
        store.destinations.put(replace(source, name="a"))
        answer = client.get(f"/api/v1/pacs/a/studies/{STUDY}")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as zipped:
        assert ["000/000001.dcm", "INCOMPLETE.txt"] == zipped.namelist()
        assert b"0xC000" in zipped.read("INCOMPLETE.txt")
    assert [False] == [event["is_whole"] for event in sink.named("pacs.downloaded")]
