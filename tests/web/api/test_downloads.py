"""A ZIP that is passed on while it arrives, and readers who go away."""

import queue
from dataclasses import replace

import pytest
from pynetdicom import evt

from dicomfabd.pacs.retrieve import MODELS, Retrieved
from dicomfabd.pacs.selection import Selection
from dicomfabd.web.api import downloads
from dicomfabd.web.api.downloads import ZipDownload
from tests.pacs.instances import STUDY, a_dataset
from tests.peers import serving


@pytest.fixture
def source():
    """A PACS with a study of 40 megabytes."""

    def on_get(_event):
        yield 40
        for number in range(40):
            yield 0xFF00, a_dataset(number + 1, PixelData=bytes(1_000_000), BitsAllocated=8)

    with serving([(evt.EVT_C_GET, on_get)], MODELS) as giver:
        yield replace(giver, name="a")


@pytest.fixture
def ended() -> queue.Queue[Retrieved]:
    return queue.Queue()


def test_a_download_is_passed_on_while_it_arrives(source, ended):
    """It has begun long before the PACS is done, and is whole in the end."""
    download = ZipDownload(source, Selection(STUDY), ended.put)

    nothing = download.start()
    pieces = iter(download)
    first = next(pieces)
    is_done_early = not ended.empty()
    size = len(first) + sum(map(len, pieces))

    assert (None, False, b"PK") == (nothing, is_done_early, first[:2])
    assert (40, True) == ((outcome := ended.get(timeout=10)).received, outcome.is_whole)
    assert 40_000_000 < size < 41_000_000


def test_a_reader_who_goes_away_ends_the_download(source, ended):
    """The PACS is told to stop."""
    download = ZipDownload(source, Selection(STUDY), ended.put)
    download.start()
    pieces = iter(download)
    next(pieces)

    pieces.close()

    outcome = ended.get(timeout=30)
    assert ("stopped as it was told to", False) == (outcome.reason, outcome.is_whole)
    assert outcome.received < 40


def test_a_reader_who_never_comes_ends_it_too(source, ended, monkeypatch):
    """Nothing waits for ever."""
    monkeypatch.setattr(downloads, "_LONGEST_WAIT_S", 0.1)
    ZipDownload(source, Selection(STUDY), ended.put).start()

    outcome = ended.get(timeout=30)

    assert "cannot be written: nobody takes the download any more" == outcome.reason
