"""C-ECHO: is there a DICOM application that knows us? (PS3.4 Annex A)."""

import time
from dataclasses import dataclass
from typing import Final

from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import Retryable
from dicomfabd.pacs.commands import VERIFICATION
from dicomfabd.pacs.wire import Association

_SYNTAXES: Final = ("1.2.840.10008.1.2",)


@dataclass(frozen=True, slots=True)
class EchoResult:
    """What a C-ECHO found; `reason` says why it failed."""

    ok: bool
    seconds: float
    reason: str = ""


def echo(destination: Destination) -> EchoResult:
    """Send one C-ECHO on an association of its own; never raises for what a peer does."""
    started = time.perf_counter()
    try:
        with Association(destination, {VERIFICATION: _SYNTAXES}, purpose="echo") as association:
            if association.transfer_syntax(VERIFICATION) is None:
                return EchoResult(False, time.perf_counter() - started, "it does not accept C-ECHO")
            status = association.verify()
    except Retryable as error:
        return EchoResult(False, time.perf_counter() - started, str(error))
    reason = "" if status == 0 else f"it answered status 0x{status:04X}"
    return EchoResult(status == 0, time.perf_counter() - started, reason)
