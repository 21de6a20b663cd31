"""An association of pynetdicom's, opened as a destination wants it: C-FIND, C-MOVE, C-GET, and C-STORE if it must be.

Its socket is ours: bounded in what it reads, and able to say why it could not connect.
"""

import contextlib
import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal

from pynetdicom import AE, _config, evt
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AssociationSocket

from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import DestinationAway, Retryable
from dicomfabd.domain.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dicomfabd.pacs.connecting import connect

# Identifiers are patients' names.
_config.LOG_REQUEST_IDENTIFIERS = False
_config.LOG_RESPONSE_IDENTIFIERS = False
for _name in ("acse", "ae", "assoc", "association", "dul", "transport"):
    # What went wrong on an association is said by whoever asked.
    logging.getLogger(f"pynetdicom.{_name}").setLevel(logging.CRITICAL)

MOST_BYTES: Final = 64 << 20
"""Of all answers to one question."""

_LONGER_THAN_AGREED: Final = 1 << 16  # some peers overstep the PDU length they were told by a little

_LAST_WORDS_S: Final = 2.0

_NOT_KNOWN: Final = {
    (1, 3): "it does not know us: register AE title {calling} there",
    (1, 7): "it does not call itself {called}: correct ae_title",
    (3, 1): "it has too many associations: try again later",
    (3, 2): "it has too many associations: try again later",
}


class Refused(Retryable):
    """The peer is there, and does not want us or does not offer what we ask for."""


class _Socket(AssociationSocket):
    """Gives up after a time, takes no more than is agreed, and remembers why it failed."""

    socket: Any  # None once pynetdicom is done with it
    connection: socket.socket | None = None
    away: DestinationAway | None = None
    failure = ""
    taken = 0
    most_bytes = MOST_BYTES
    open: Callable[[], socket.socket]

    def connect(self, primitive: Any) -> None:
        self.socket.close()
        try:
            self.connection = self.open()
        except DestinationAway as error:
            self.away = error
            self.socket = None
            primitive.result = "Evt17"
        else:
            # It keeps its timeout: a peer may stop in the middle of a PDU.
            self.socket = self.connection
            self._is_connected = True
            primitive.result = "Evt2"
        self.provider_queue.put(primitive)
        self._ready.set()

    def recv(self, nr_bytes: int) -> bytearray:
        self.taken += nr_bytes
        if nr_bytes > (self.assoc.requestor.maximum_length or 0) + _LONGER_THAN_AGREED:
            self.failure = "it sent a PDU longer than agreed"
        elif self.taken > self.most_bytes:
            self.failure = f"it sent more than {self.most_bytes} bytes"
        if self.failure:
            raise OSError(self.failure)
        return super().recv(nr_bytes)


class _Entity(AE):
    """Makes associations on our socket."""

    most_bytes = MOST_BYTES
    open: Callable[[], socket.socket]

    def _create_socket(self, assoc: Any, address: Any, tls_args: Any) -> _Socket:
        made = _Socket(assoc, address=address)
        made.open = self.open
        made.most_bytes = self.most_bytes
        return made


@contextmanager
def associate(
    destination: Destination,
    contexts: Sequence[PresentationContext],
    *,
    purpose: Literal["find", "store"] = "find",
    silence_s: float = 0,
    most_bytes: int = MOST_BYTES,
    roles: Sequence[Any] = (),
    handlers: Sequence[tuple[Any, ...]] = (),
) -> Iterator[Any]:
    """Open an association for asking; it is released at the end, or aborted on an error.

    Args:
        destination: The peer.
        contexts: What is offered, at most 128.
        purpose: Which of our AE titles is presented.
        silence_s: How long it may be silent between responses; the destination's `timeout_s` where that is longer.
        most_bytes: Most that is read from it.
        roles: SCP/SCU role selection items.
        handlers: Pairs of pynetdicom event and function.

    Raises:
        DestinationAway: Nobody answers there; says why.
        Refused: It rejects the association; says why.
    """
    name = f"{destination.name} ({destination.ae_title} at {destination.host}:{destination.port})"
    entity = _entity(destination, purpose, name, max(destination.timeout_s, silence_s), most_bytes)
    try:
        association = entity.associate(
            destination.host,
            destination.port,
            list(contexts),
            destination.ae_title,
            destination.max_pdu,
            ext_neg=list(roles),
            evt_handlers=list(handlers),
        )
    except OSError as error:  # its name is not known
        raise DestinationAway(f"{name} cannot be reached: {error.strerror or error}") from error
    if not association.is_established:
        _close(association)
        raise _explain(name, destination, destination.calling(purpose), association)
    try:
        yield association
    except GeneratorExit:  # somebody has enough answers
        _release(association)
        raise
    except BaseException:
        association.abort()
        raise
    else:
        _release(association)
    finally:
        _close(association)


def _entity(
    destination: Destination, purpose: Literal["find", "store"], name: str, silence_s: float, most_bytes: int
) -> _Entity:
    entity = _Entity(destination.calling(purpose))
    entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    entity.connection_timeout = entity.acse_timeout = destination.timeout_s
    entity.dimse_timeout = entity.network_timeout = silence_s
    entity.open = lambda: connect(destination, name)
    entity.most_bytes = most_bytes
    return entity


def hang_up(association: Any) -> None:
    """Break an association off from another thread; whoever waits for an answer on it learns that it has ended."""
    connection = association.dul.socket and association.dul.socket.connection
    if connection:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def why_it_ended(association: Any) -> str:
    """Say why an association ended before the answer was whole."""
    connection = association.dul.socket
    if connection is not None and connection.failure:
        return str(connection.failure)
    return "it aborted, closed the connection or fell silent"


def _release(association: Any) -> None:
    if association.is_established:
        association.release()


def _close(association: Any) -> None:
    """Close the connection, which pynetdicom forgets to after some failures, once nobody reads from it any more."""
    association.dul.join(_LAST_WORDS_S)
    if association.dul.socket is not None and association.dul.socket.connection is not None:
        association.dul.socket.connection.close()


def _explain(name: str, destination: Destination, calling: str, association: Any) -> DestinationAway | Refused:
    if association.is_rejected:
        answer = association.acceptor.primitive
        advice = _NOT_KNOWN.get((answer.result_source, answer.diagnostic), "it gives no usable reason")
        said = advice.format(calling=calling, called=destination.ae_title)
        return Refused(f"{name} rejects the association: {said}")
    connection = association.dul.socket
    if connection is not None and connection.away is not None:
        return connection.away  # type: ignore[no-any-return] # pynetdicom's attributes are of any type
    if connection is not None and connection.failure:
        return DestinationAway(f"{name}: {connection.failure}")
    if association.acceptor.primitive is not None:
        return Refused(f"{name} does not offer this service")
    return DestinationAway(f"{name} is reached and does not answer as a DICOM application")


EVENT_STORE: Final = evt.EVT_C_STORE
