"""Real DICOM peers, and a scripted one that misbehaves as told."""

import contextlib
import json
import socket
import struct
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import Verification

from dicomfabd.domain.delivery import Destination
from tests.conftest import program


def free_port() -> int:
    """Give a port for a program that cannot pick one itself."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class FakePacs:
    """A real Storage SCP whose answers are scripted.

    Attributes:
        status_of: Number of the request (from 0) → status; success by default.
        received: SOP Instance UIDs in order of arrival.
        studies: Study UID → SOP Instance UIDs.
    """

    status_of: Callable[[int], int] = lambda _number: 0x0000
    received: list[str] = field(default_factory=list)
    studies: dict[str, set[str]] = field(default_factory=dict)
    arrived: threading.Condition = field(default_factory=threading.Condition)
    port: int = 0
    _server: Any = None

    def start(self, port: int = 0, syntaxes: list[str] | None = None) -> "FakePacs":
        entity = AE("FAKEPACS")
        entity.maximum_associations = 50
        entity.add_supported_context(Verification)
        for context in AllStoragePresentationContexts:
            entity.add_supported_context(context.abstract_syntax, syntaxes or list(context.transfer_syntax))
        handlers = [(evt.EVT_C_STORE, self._store), (evt.EVT_CONN_OPEN, _no_delay)]
        self._server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
        self.port = self._server.socket.getsockname()[1]
        return self

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server = None

    def destination(self, name: str = "main", timeout_s: float = 10) -> Destination:
        return Destination(name, "127.0.0.1", self.port, "FAKEPACS", timeout_s=timeout_s)

    def wait_for(self, is_met: Callable[[], bool], timeout_s: float = 60) -> None:
        with self.arrived:
            assert self.arrived.wait_for(is_met, timeout_s), f"{len(self.received)} instances arrived"

    def _store(self, event: Any) -> int:
        number = len(self.received)
        uid = str(event.request.AffectedSOPInstanceUID)
        ds = dcmread(BytesIO(event.encoded_dataset()), stop_before_pixels=True, force=True)
        with self.arrived:
            self.received.append(uid)
            status = self.status_of(number)
            if status == 0:
                self.studies.setdefault(str(ds.StudyInstanceUID), set()).add(uid)
            self.arrived.notify_all()
        return status


def _no_delay(event: Any) -> None:
    event.assoc.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@contextlib.contextmanager
def fake_pacs(**options: Any) -> Iterator[FakePacs]:
    pacs = FakePacs(**options).start()
    try:
        yield pacs
    finally:
        pacs.stop()


@contextlib.contextmanager
def scripted_peer(*steps: bytes | str) -> Iterator[Destination]:
    """A TCP peer that reads one PDU, then does the next step: sends bytes, or `close`, or `silence`."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                for step in steps:
                    _read_pdu(connection)
                    if step == "close":
                        return
                    if isinstance(step, bytes):
                        connection.sendall(step)
                while connection.recv(65536):
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield Destination("odd", "127.0.0.1", listener.getsockname()[1], "ODD", timeout_s=1)
    finally:
        listener.close()
        thread.join(5)


def _read_pdu(connection: socket.socket) -> bytes:
    head = connection.recv(6, socket.MSG_WAITALL)
    return connection.recv(struct.unpack(">BBI", head)[2], socket.MSG_WAITALL) if len(head) == 6 else b""


@contextlib.contextmanager
def storescp(folder: Path, *options: str) -> Iterator[Destination]:
    """DCMTK's storescp, as shipped."""
    port = free_port()
    process = subprocess.Popen(
        [program("storescp"), "-d", "-aet", "SINK", "-od", str(folder), *options, str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port)
        yield Destination("sink", "127.0.0.1", port, "SINK", timeout_s=10)
    finally:
        process.terminate()
        process.wait(10)


@dataclass
class Orthanc:
    """Debian's Orthanc on free ports."""

    dicom_port: int
    http_port: int

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=10) as answer:
            return json.load(answer)


@contextlib.contextmanager
def orthanc(folder: Path) -> Iterator[Orthanc]:
    it = Orthanc(free_port(), free_port())
    settings = {
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "DicomAet": "ORTHANC",
        "DicomPort": it.dicom_port,
        "HttpPort": it.http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomCheckCalledAet": False,
        "Plugins": [],
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    process = subprocess.Popen(
        [program("Orthanc"), str(folder / "orthanc.json")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for_port(it.http_port)
        wait_for_port(it.dicom_port)
        yield it
    finally:
        process.terminate()
        process.wait(30)


def wait_for_port(port: int, tries: int = 400) -> None:
    """Wait until a program we started listens; it tells nobody, so the port is asked."""
    pause = threading.Event()
    for _ in range(tries):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        pause.wait(0.05)
    raise AssertionError(f"nothing listens on port {port}")
