"""Downloads by C-GET and WADO-RS, whole and in part."""

import zipfile
from io import BytesIO

import pydicom
import pytest
from pynetdicom import evt

from dicomfabd.pacs import retrieve
from dicomfabd.pacs.files import FolderFiles, ZipFiles
from dicomfabd.pacs.retrieve import MODELS, Retrieval, Retrieved
from dicomfabd.pacs.selection import Selection
from dicomfabd.pacs.storage import StorageAssociation
from tests.pacs.instances import STUDY, a_dataset, sendable
from tests.peers import dcmqrscp, serving


class Shelf:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.files: list[pydicom.Dataset] = []
        self.notes: list[str] = []

    def take(self, parts) -> None:
        self.files.append(pydicom.dcmread(BytesIO(b"".join(map(bytes, parts)))))

    def note(self, text: str) -> None:
        self.notes.append(text)

    @property
    def uids(self) -> list[str]:
        return sorted(file.SOPInstanceUID for file in self.files)


def giving(*items, status: int = 0x0000):
    """Give handlers of a C-GET that sends these."""

    def on_get(_event):
        yield len(items) + bool(status)
        for item in items:
            yield 0xFF00, item
        if status:
            yield status, None

    return [(evt.EVT_C_GET, on_get)]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["C-GET", "WADO-RS"])
@pytest.mark.parametrize(
    ("selection", "uids"),
    [
        (Selection(STUDY), ["1.2.3.1.1", "1.2.3.1.2", "1.2.3.1.3", "1.2.3.2.1"]),
        (Selection(STUDY, ("1.2.3.1",)), ["1.2.3.1.1", "1.2.3.1.2", "1.2.3.1.3"]),
        (Selection(STUDY, ("1.2.3.1", "1.2.3.2")), ["1.2.3.1.1", "1.2.3.1.2", "1.2.3.1.3", "1.2.3.2.1"]),
        (Selection(STUDY, ("1.2.3.1",), ("1.2.3.1.1", "1.2.3.1.3")), ["1.2.3.1.1", "1.2.3.1.3"]),
    ],
    ids=["study", "series", "two series", "images"],
)
def test_orthanc_gives_what_is_selected(filled, way, selection, uids):
    """As files that can be read, and nothing else."""
    source = filled.destination(web_url=filled.web_url if way == "WADO-RS" else "")
    shelf, counted = Shelf(), []

    got = Retrieval(source, selection).run(shelf, counted.append)

    assert Retrieved(len(uids), 0, True, way) == got
    assert (uids, [], [*range(1, len(uids) + 1)]) == (shelf.uids, shelf.notes, counted)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["C-GET", "WADO-RS"])
def test_a_study_that_is_not_there_is_said(filled, way):
    """And noted beside the files that are not there."""
    source = filled.destination(web_url=filled.web_url if way == "WADO-RS" else "")
    shelf = Shelf()

    got = Retrieval(source, Selection("1.9.9")).run(shelf)

    assert (0, False) == (got.received, got.is_whole)
    assert "no such study" in got.reason or "no such service or study" in got.reason
    assert [f"0 instances are here. {got.reason}"] == shelf.notes


@pytest.mark.slow
def test_dcmtk_gives_what_it_was_sent(tmp_path):
    """Another C-GET than Orthanc's."""
    image = a_dataset()
    with dcmqrscp(tmp_path / "qrscp") as source:
        with StorageAssociation(source, [image.SOPClassUID]) as association:
            assert 1 == len(list(association.send_all([sendable(image)])))
        shelf = Shelf()
        got = Retrieval(source, Selection(STUDY)).run(shelf)

    assert (1, True, ["1.2.3.1.1"]) == (got.received, got.is_whole, shelf.uids), got


def test_what_a_pacs_could_not_give_is_counted():
    """The others are kept."""
    odd = a_dataset(2, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.999")  # a class nobody offers
    with serving(giving(a_dataset(1), odd), MODELS) as source:
        shelf = Shelf()
        got = Retrieval(source, Selection(STUDY)).run(shelf)

    assert (1, 1, False, ["1.2.3.1.1"]) == (got.received, got.failed, got.is_whole, shelf.uids), got
    assert "1 instances are missing" in got.reason


def test_a_pacs_that_fails_in_the_middle_leaves_what_it_gave():
    """With its status."""
    with serving(giving(a_dataset(1), status=0xC000), MODELS) as source:
        shelf = Shelf()
        got = Retrieval(source, Selection(STUDY)).run(shelf)

    assert (1, False) == (got.received, got.is_whole), got
    assert "0xC000" in got.reason


def test_a_pacs_that_is_away_is_said():
    """Nothing is there, and the note says why."""
    with serving([], MODELS) as source:
        pass
    shelf = Shelf()

    got = Retrieval(source, Selection(STUDY)).run(shelf)

    assert (0, False, 1) == (got.received, got.is_whole, len(shelf.notes))
    assert "cannot be reached" in got.reason


def test_a_download_stops_where_nobody_wants_more():
    """The PACS is told so."""
    items = [a_dataset(number) for number in range(1, 21)]
    with serving(giving(*items), MODELS) as source:
        retrieval, shelf = Retrieval(source, Selection(STUDY)), Shelf()
        got = retrieval.run(shelf, lambda received: retrieval.stop() if received == 2 else None)

    assert (2, False, "stopped as it was told to") == (got.received, got.is_whole, got.reason)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["C-GET", "WADO-RS"])
def test_a_disk_that_is_full_is_said(filled, way):
    """By its own words."""

    class Full(Shelf):
        def take(self, parts) -> None:
            if len(self.files) == 1:
                raise OSError(28, "No space left on device")
            super().take(parts)

    source = filled.destination(web_url=filled.web_url if way == "WADO-RS" else "")

    got = Retrieval(source, Selection(STUDY)).run(Full())

    assert (1, False, "cannot be written: No space left on device") == (got.received, got.is_whole, got.reason)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["C-GET", "WADO-RS"])
def test_a_download_is_bounded(filled, way, monkeypatch):
    """In instances, here; in bytes below."""
    monkeypatch.setattr(retrieve, "MOST_INSTANCES", 2)
    source = filled.destination(web_url=filled.web_url if way == "WADO-RS" else "")

    got = Retrieval(source, Selection(STUDY)).run(Shelf())

    assert (2, False, "more than 2 instances: take it series by series") == (got.received, got.is_whole, got.reason)


def test_bytes_are_bounded_before_they_are_kept(monkeypatch):
    """The association ends."""
    monkeypatch.setattr(retrieve, "MOST_BYTES", 50_000)
    large = a_dataset(1, PixelData=bytes(200_000), Rows=1, Columns=1, BitsAllocated=8)
    with serving(giving(large), MODELS) as source:
        got = Retrieval(source, Selection(STUDY)).run(Shelf())

    assert (0, False) == (got.received, got.is_whole)
    assert "more than 50000 bytes" in got.reason


def test_files_are_named_by_numbers(tmp_path):
    """In a folder that is new or empty; nothing that was received is in a path."""
    files = FolderFiles(tmp_path / "new")
    for number in range(1001):
        files.take([b"%d" % number, memoryview(b"!")])
    files.note("one is missing")

    names = sorted(str(it.relative_to(tmp_path / "new")) for it in (tmp_path / "new").rglob("*") if it.is_file())
    assert (1002, "000/000001.dcm", "001/001001.dcm", "INCOMPLETE.txt") == (len(names), names[0], *names[-2:])
    assert b"1000!" == (tmp_path / "new" / "001/001001.dcm").read_bytes()
    with pytest.raises(FileExistsError, match="Name a new folder"):
        FolderFiles(tmp_path / "new")


def test_a_zip_holds_the_same(tmp_path):
    """Also written to what cannot seek."""

    class Stream(BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    stream = Stream()
    with ZipFiles(stream) as files:
        files.take([b"one", memoryview(b"more")])
        files.note("the rest is missing")

    with zipfile.ZipFile(BytesIO(stream.getvalue())) as zipped:
        assert None is zipped.testzip()
        assert {"000/000001.dcm": b"onemore", "INCOMPLETE.txt": b"the rest is missing\n"} == {
            name: zipped.read(name) for name in zipped.namelist()
        }
