"""A DICOM listener: C-ECHO, C-FIND and C-STORE as plain functions of ours.

The rooms above see requests, answers and statuses only. Below stands pynetdicom's server for now; the limits it
lacks are listed in docs/decisions/0002.
"""

import socket
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any, Final

from pydicom.config import IGNORE
from pydicom.config import settings as pydicom_settings
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from pynetdicom import AE, AllStoragePresentationContexts, _config, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined] # made at import time
from pynetdicom.transport import ThreadedAssociationServer

from dicomfabd.dimse.services import CANCELLED, SUCCESS, Peer, Refusal, Services, StoreRequest

# Its pretty-printed identifiers are patients' names in the log, and cost milliseconds even when nobody reads them.
_config.LOG_REQUEST_IDENTIFIERS = False
_config.LOG_RESPONSE_IDENTIFIERS = False
_config.LOG_HANDLER_LEVEL = "none"
_config.STORE_RECV_CHUNKED_DATASET = False
_config.UNRESTRICTED_STORAGE_SERVICE = True

# What peers send is judged by us, not by warnings that quote it.
pydicom_settings.reading_validation_mode = IGNORE

MOST_ASSOCIATIONS: Final = 64
LISTEN_BACKLOG: Final = 128
FIRST_PDU_S: Final = 10
SOCKET_TIMEOUT_S: Final = 60
MAX_PDU: Final = 131072

_PIXEL_GROUP: Final = 0x7FE00000

_QUERY_SYNTAXES: Final = [ImplicitVRLittleEndian, ExplicitVRLittleEndian]
_STORAGE_SYNTAXES: Final = [
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
    HTJ2KLossless,
    RLELossless,
]


Event = Any  # pynetdicom types its attributes as unions over every DIMSE service


class DicomListener:
    """One listening application entity."""

    def __init__(self, host: str, port: int, ae_title: str, services: Services, called: Sequence[str] = ()) -> None:
        """Prepare; nothing is opened yet.

        Args:
            host: Address to listen on.
            port: TCP port; 0 picks a free one.
            ae_title: Our AE title.
            services: What is offered.
            called: Called AE titles that are answered; empty is any.
        """
        self._address = (host, port)
        self._services = services
        self._called = frozenset(called)
        self._ae = AE(ae_title)
        self._ae.maximum_associations = MOST_ASSOCIATIONS
        self._ae.maximum_pdu_size = MAX_PDU
        self._ae.acse_timeout = FIRST_PDU_S
        self._ae.network_timeout = SOCKET_TIMEOUT_S
        self._ae.add_supported_context(Verification)
        for sop_class in services.find:
            self._ae.add_supported_context(sop_class, _QUERY_SYNTAXES)
        if services.store:
            for context in AllStoragePresentationContexts:
                self._ae.add_supported_context(str(context.abstract_syntax), _STORAGE_SYNTAXES)
        self._server: Any = None

    @property
    def port(self) -> int:
        """The port in use, once started."""
        return int(self._server.socket.getsockname()[1])

    def start(self) -> None:
        """Open the port; raises OSError when it is taken."""
        ThreadedAssociationServer.request_queue_size = LISTEN_BACKLOG
        handlers: list[tuple[Any, ...]] = [(evt.EVT_CONN_OPEN, _tune_socket), (evt.EVT_REQUESTED, self._check_called)]
        if self._services.find:
            handlers.append((evt.EVT_C_FIND, self._on_find))
        if self._services.store:
            handlers.append((evt.EVT_C_STORE, self._on_store))
        self._server = self._ae.start_server(self._address, block=False, evt_handlers=handlers)

    def stop(self) -> None:
        """Close the port and abort what is open."""
        if self._server is not None:
            self._server.shutdown()
            self._ae.shutdown()

    def _check_called(self, event: Event) -> None:
        called = _title(event.assoc.requestor.primitive.called_ae_title)
        if self._called and called not in self._called:
            # Rejected, permanent, by the service user: called AE title not recognised (PS3.8 Table 9-21).
            event.assoc.acse.send_reject(0x01, 0x01, 0x07)
            event.assoc.kill()

    def _on_find(self, event: Event) -> Iterator[tuple[int | Dataset, Dataset | None]]:
        handler = self._services.find[str(event.context.abstract_syntax)]
        try:
            for status, identifier in handler(event.identifier, _peer(event)):
                if event.is_cancelled:
                    yield CANCELLED, None
                    return
                yield status, identifier
        except Refusal as refusal:
            yield _failure(refusal), None

    def _on_store(self, event: Event) -> int | Dataset:
        assert self._services.store is not None  # noqa: S101 - bound only if there is one
        request = StoreRequest(
            sop_class_uid=str(event.request.AffectedSOPClassUID),
            sop_instance_uid=str(event.request.AffectedSOPInstanceUID),
            transfer_syntax_uid=str(event.context.transfer_syntax),
            dataset=event.request.DataSet.getvalue(),
        )
        try:
            self._services.store(request, _peer(event))
        except Refusal as refusal:
            return _failure(refusal)
        return SUCCESS


def read_attributes(request: StoreRequest) -> Dataset:
    """Decode what an instance says of itself, without its pixels."""
    is_implicit = request.transfer_syntax_uid == ImplicitVRLittleEndian
    stream = BytesIO(request.dataset)
    return read_dataset(stream, is_implicit, True, stop_when=lambda tag, _vr, _length: tag >= _PIXEL_GROUP)


def _tune_socket(event: Event) -> None:
    connection = event.assoc.dul.socket.socket
    # Without it each answer of two writes waits for the peer's delayed acknowledgment: 40 ms.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(SOCKET_TIMEOUT_S)


def _peer(event: Event) -> Peer:
    requestor = event.assoc.requestor
    return Peer(
        _title(requestor.primitive.calling_ae_title),
        _title(requestor.primitive.called_ae_title),
        str(requestor.address),
    )


def _title(value: str | bytes) -> str:
    return (value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)).strip()


def _failure(refusal: Refusal) -> Dataset:
    status = Dataset()
    status.Status = refusal.status
    status.ErrorComment = refusal.comment
    return status
