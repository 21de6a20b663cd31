"""Real DICOM peers, and a scripted one that misbehaves as told."""

import base64
import contextlib
import json
import socket
import ssl
import struct
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, StoragePresentationContexts, evt
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
    _connections: list[socket.socket] = field(default_factory=list)

    def start(self, port: int = 0, syntaxes: list[str] | None = None) -> "FakePacs":
        entity = AE("FAKEPACS")
        entity.maximum_associations = 50
        entity.add_supported_context(Verification)
        for context in AllStoragePresentationContexts:
            entity.add_supported_context(context.abstract_syntax, syntaxes or list(context.transfer_syntax))
        handlers = [(evt.EVT_C_STORE, self._store), (evt.EVT_CONN_OPEN, self._opened), *self.more_services(entity)]
        self._server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
        self.port = self._server.socket.getsockname()[1]
        return self

    def more_services(self, _entity: AE) -> list[tuple[Any, ...]]:
        """Add what else it offers and give the handlers."""
        return []

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server = None
        for connection in self._connections:
            # pynetdicom forgets the ones whose peer has left in haste.
            connection.close()

    def destination(self, name: str = "main", timeout_s: float = 10) -> Destination:
        return Destination(name, "127.0.0.1", self.port, "FAKEPACS", timeout_s=timeout_s)

    def wait_for(self, is_met: Callable[[], bool], timeout_s: float = 60) -> None:
        with self.arrived:
            assert self.arrived.wait_for(is_met, timeout_s), f"{len(self.received)} instances arrived"

    def _opened(self, event: Any) -> None:
        _no_delay(event)
        self._connections.append(event.assoc.dul.socket.socket)

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


def endless_move(pacs: FakePacs, dataset: Dataset) -> Callable[[Any], Iterator[Any]]:
    """Give a C-MOVE handler that sends one instance of a hundred to a PACS and then waits to be cancelled."""
    pause = threading.Event()

    def on_move(event: Any) -> Iterator[Any]:
        yield "127.0.0.1", pacs.port
        yield 100
        yield 0xFF00, dataset
        while event.assoc.is_established and not event.is_cancelled:
            pause.wait(0.01)
        yield 0xFE00, None

    return on_move


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
    """Debian's Orthanc on free ports, with its DICOMweb plugin if asked for."""

    dicom_port: int
    http_port: int
    ae_title: str = "ORTHANC"
    user: tuple[str, str] = ("", "")

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/dicom-web"

    def destination(self, name: str = "orthanc", **fields: Any) -> Destination:
        return replace(Destination(name, "127.0.0.1", self.dicom_port, self.ae_title, timeout_s=10), **fields)

    def get(self, path: str) -> Any:
        with self._open(path) as answer:
            return json.load(answer)

    def post(self, path: str, body: bytes) -> Any:
        with self._open(path, body) as answer:
            return json.load(answer)

    def _open(self, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.http_port}{path}", body)
        if self.user[0]:
            pair = base64.b64encode(":".join(self.user).encode()).decode()
            request.add_header("Authorization", f"Basic {pair}")
        return urllib.request.urlopen(request, timeout=10)  # noqa: S310 - our own peer


@contextlib.contextmanager
def orthanc(
    folder: Path,
    ae_title: str = "ORTHANC",
    knows: dict[str, int] | None = None,
    user: tuple[str, str] = ("", ""),
    *,
    web: bool = False,
    **settings: Any,
) -> Iterator[Orthanc]:
    """Run Debian's Orthanc.

    Args:
        folder: Where it keeps everything.
        ae_title: Its own.
        knows: AE title of a peer → port, for C-MOVE.
        user: Name and password it asks for; empty is nobody.
        web: Whether it offers DICOMweb.
        settings: Any other of its settings.
    """
    it = Orthanc(free_port(), free_port(), ae_title, user)
    folder.mkdir(exist_ok=True)
    settings = {
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "DicomAet": ae_title,
        "DicomPort": it.dicom_port,
        "HttpPort": it.http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": bool(user[0]),
        "RegisteredUsers": {user[0]: user[1]} if user[0] else {},
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True,
        "DicomCheckCalledAet": False,
        "DicomModalities": {name.lower(): [name, "127.0.0.1", port] for name, port in (knows or {}).items()},
        "Plugins": ["/usr/share/orthanc/plugins/libOrthancDicomWeb.so"] if web else [],
        **settings,
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


@contextlib.contextmanager
def dcmqrscp(folder: Path, knows: dict[str, int] | None = None, *options: str) -> Iterator[Destination]:
    """DCMTK's dcmqrscp, which sends to nobody but whom it `knows` (AE title → port)."""
    port = free_port()
    (folder / "images").mkdir(parents=True)
    hosts = "".join(f"{name.lower()} = ({name}, 127.0.0.1, {number})\n" for name, number in (knows or {}).items())
    (folder / "dcmqrscp.cfg").write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\n{hosts}HostTable END\nVendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nQRSCP {folder / 'images'} RW (200, 1024mb) ANY\nAETable END\n"
    )
    process = subprocess.Popen(
        [program("dcmqrscp"), "-c", str(folder / "dcmqrscp.cfg"), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port)
        yield Destination("qrscp", "127.0.0.1", port, "QRSCP", timeout_s=10)
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def serving(
    handlers: list[tuple[Any, Callable[..., Any]]],
    models: Sequence[str],
    context: ssl.SSLContext | None = None,
    **limits: Any,
) -> Iterator[Destination]:
    """An SCP of pynetdicom's whose answers a test writes itself.

    Args:
        handlers: Events and what is done on them.
        models: SOP classes it offers.
        context: Of TLS.
        limits: Attributes of the AE, such as `require_called_aet`.
    """
    entity = AE("SERVING")
    for name, value in limits.items():
        setattr(entity, name, value)
    for model in (Verification, *models):
        entity.add_supported_context(model, ALL_TRANSFER_SYNTAXES)
    # What it is told to give on the association of the other side.
    entity.add_supported_context(CTImageStorage, ExplicitVRLittleEndian, scu_role=True, scp_role=True)
    entity.requested_contexts = StoragePresentationContexts  # for what it is told to move
    handlers = [*handlers, (evt.EVT_CONN_OPEN, _no_delay)]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers, ssl_context=context)
    try:
        yield Destination("serving", "127.0.0.1", server.socket.getsockname()[1], "SERVING", timeout_s=5)
    finally:
        server.shutdown()
        entity.shutdown()
