"""C-ECHO: is there a DICOM application that knows us? (PS3.7 §9.1.5)."""

import time
from dataclasses import dataclass

from pynetdicom import AE
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined] # made at import time

from dicomfabd.domain.delivery import Destination


@dataclass(frozen=True, slots=True)
class EchoResult:
    """What a C-ECHO found; `reason` says why it failed."""

    ok: bool
    seconds: float
    reason: str = ""


def echo(destination: Destination) -> EchoResult:
    """Send one C-ECHO on an association of its own; never raises for what a peer does."""
    entity = AE(destination.calling_ae_title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = destination.timeout_s
    entity.connection_timeout = destination.timeout_s
    entity.add_requested_context(Verification)
    started = time.perf_counter()
    association = entity.associate(destination.host, destination.port, ae_title=destination.ae_title)
    if not association.is_established:
        return EchoResult(False, time.perf_counter() - started, _why(association))
    status = association.send_c_echo()
    association.release()
    seconds = time.perf_counter() - started
    if not status:
        return EchoResult(False, seconds, "the peer accepted the association but did not answer")
    ok = status.Status == 0
    return EchoResult(ok, seconds, "" if ok else f"status 0x{status.Status:04X}")


def _why(association: object) -> str:
    if getattr(association, "is_rejected", False):
        answer = association.acceptor.primitive  # type: ignore[attr-defined] # pynetdicom leaves it unannotated
        return f"the association was rejected: {answer.reason_str}"
    return "nobody answers there"
