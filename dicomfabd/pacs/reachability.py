"""Is a destination there, with every service its fields name?"""

from dataclasses import dataclass
from typing import Any

from dicomfabd.domain.delivery import Destination
from dicomfabd.pacs.dicomweb import probe
from dicomfabd.pacs.echo import EchoResult, echo


@dataclass(frozen=True, slots=True)
class Check:
    """What one service answered; `reason` says why it failed."""

    service: str
    ok: bool
    seconds: float
    reason: str

    def told(self) -> dict[str, Any]:
        """Give it for JSON, the time in milliseconds."""
        return {"service": self.service, "ok": self.ok, "ms": round(self.seconds * 1000, 1), "reason": self.reason}


def check(destination: Destination) -> list[Check]:
    """Ask each service; never raises for what a peer does.

    One that only takes STOW-RS is not sent a C-ECHO, because its DICOM port may be none.
    """
    found = []
    if destination.transport != "stow":
        found.append(_check("C-ECHO", echo(destination)))
    if destination.web_url or destination.transport == "stow":
        found.append(_check("DICOMweb", probe(destination)))
    return found


def _check(service: str, result: EchoResult) -> Check:
    return Check(service, result.ok, result.seconds, result.reason)
