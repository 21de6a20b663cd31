"""An archive with its index on disk, and others it can reach."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from dicomfabd.archive.scp import ArchiveServer, Others
from dicomfabd.archive.shelf import Shelf
from dicomfabd.archive.stored import PLAIN
from dicomfabd.config import Archive
from dicomfabd.dimse.datasets import read_attributes
from dicomfabd.dimse.services import Peer, StoreRequest
from dicomfabd.domain.commitment import CommitmentReport
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import DestinationAway
from dicomfabd.fabricate.study import Instance, fabricate
from dicomfabd.pacs.wire import Association
from dicomfabd.store.opening import open_archive_index
from tests.listeners import running

EXPLICIT = str(ExplicitVRLittleEndian)
PEER = Peer("SCU", "FABARCHIVE", "127.0.0.1")


@dataclass
class Neighbours:
    """Other application entities: those of `destinations` are reached for real, reports are kept.

    Attributes:
        problem: Raised instead of keeping a report.
    """

    destinations: dict[str, Destination] = field(default_factory=dict)
    reports: list[tuple[str, CommitmentReport]] = field(default_factory=list)
    problem: Exception | None = None
    _reported: threading.Event = field(default_factory=threading.Event)

    def knows(self, ae_title: str) -> bool:
        return ae_title in self.destinations

    def open_sender(self, ae_title: str, contexts: Mapping[str, Sequence[str]]) -> Association | None:
        destination = self.destinations.get(ae_title)
        return Association(destination, contexts) if destination else None

    def report(self, ae_title: str, report: CommitmentReport) -> None:
        if self.problem:
            raise self.problem
        self.reports.append((ae_title, report))
        self._reported.set()

    def wait_for_report(self) -> bool:
        return self._reported.wait(30)

    def others(self) -> Others:
        return Others(self.knows, self.open_sender, self.report)

    def add(self, destination: Destination) -> None:
        self.destinations[destination.ae_title] = destination


def nobody_there(title: str = "AWAY") -> Destination:
    """Give a destination that cannot be reached."""
    return Destination(title.lower(), "127.0.0.1", 1, title, timeout_s=1)


@pytest.fixture
def index(tmp_path, clock):
    opened = open_archive_index(tmp_path / "index.db", clock)
    yield opened.index
    opened.close()


@pytest.fixture
def neighbours() -> Neighbours:
    return Neighbours()


@pytest.fixture
def shelf(tmp_path, index) -> Shelf:
    return Shelf(tmp_path / "instances", index)


@pytest.fixture
def archive(tmp_path, index, journal, neighbours):
    server = ArchiveServer(Archive(port=0), tmp_path / "instances", index, journal, neighbours.others())
    with running(server):
        yield server


def request_of(instance: Instance) -> StoreRequest:
    data = b"".join(map(bytes, instance.parts))
    return StoreRequest(instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid, data)


def keep(shelf: Shelf, plan, bodies, syntax: str = EXPLICIT) -> list[Instance]:
    """Put a study on the shelf as it is fabricated; a compressed syntax is for the images only."""

    def syntax_for(sop_class_uid: str) -> str:
        has_pixels = UID(sop_class_uid).name.endswith("Image Storage")
        return syntax if has_pixels or syntax in PLAIN else EXPLICIT

    made = list(fabricate(plan, bodies, syntax_for))
    for instance in made:
        request = request_of(instance)
        shelf.keep(request, read_attributes(request))
    return made


def values_of(dataset: Dataset) -> dict:
    """Give what a data set says, but for value representations that implicit VR cannot tell apart."""
    said = dataset.to_json_dict(bulk_data_threshold=1 << 30)
    return {tag: (element.get("Value"), element.get("InlineBinary")) for tag, element in said.items()}


AWAY = DestinationAway("away")
