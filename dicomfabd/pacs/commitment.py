"""Storage commitment: asking a PACS to keep what it stored, and telling another what we keep (PS3.4 Annex J)."""

from typing import Final

from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomfabd.dimse.commitment import decode_report, encode_report, encode_request
from dicomfabd.dimse.services import Refusal
from dicomfabd.domain.commitment import STORAGE_COMMITMENT, CommitmentReport, CommitmentRequest
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import Permanent, Retryable
from dicomfabd.pacs.wire import Association

SAME_ASSOCIATION_S: Final = 0.25
"""How long a PACS gets to report on the association it was asked on; later it opens one to us."""

_SYNTAXES: Final = (str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian))
_ALL_COMMITTED, _SOME_FAILED = 1, 2  # event types, PS3.4 Table J.3-2
_UNKNOWN_CALLER: Final = 0x0110


def ask(destination: Destination, request: CommitmentRequest) -> CommitmentReport | None:
    """Ask a PACS to commit to instances.

    Returns:
        Its report if it comes at once on the same association; mostly it comes later, on another.

    Raises:
        DestinationAway: It cannot be reached.
        Permanent: It does not offer storage commitment.
        Retryable: It refused or broke off; says why.
    """
    with Association(destination, {STORAGE_COMMITMENT: _SYNTAXES}) as association:
        syntax = association.transfer_syntax(STORAGE_COMMITMENT)
        if syntax is None:
            raise Permanent(f"{destination.name} does not offer storage commitment; switch it off for this destination")
        try:
            status = association.act(STORAGE_COMMITMENT, encode_request(request, syntax))
        except Retryable as error:
            raise Retryable(f"{error}; {_register(destination)}") from error
        if status == _UNKNOWN_CALLER:
            raise Retryable(f"{destination.name} refused to commit (status 0x0110); {_register(destination)}")
        if status != 0:
            raise Retryable(f"{destination.name} refused to commit (status 0x{status:04X})")
        event = association.event(SAME_ASSOCIATION_S)
        return _read(event[1], syntax) if event else None


def send_report(destination: Destination, report: CommitmentReport) -> None:
    """Report to an application on what it asked us to keep.

    Raises:
        Retryable: It cannot be reached, does not take reports, or refused this one; says which.
    """
    with Association(destination, {STORAGE_COMMITMENT: _SYNTAXES}, roles={STORAGE_COMMITMENT: "scp"}) as association:
        syntax = association.transfer_syntax(STORAGE_COMMITMENT)
        if syntax is None:
            raise Retryable(f"{destination.name} does not take reports on storage commitment")
        event = _SOME_FAILED if report.failed else _ALL_COMMITTED
        status = association.tell(STORAGE_COMMITMENT, event, encode_report(report, syntax))
        if status != 0:
            raise Retryable(f"{destination.name} refused the report (status 0x{status:04X})")


def _read(data: bytes, syntax: str) -> CommitmentReport:
    try:
        return decode_report(data, syntax)
    except Refusal as error:
        raise Retryable(f"the report on storage commitment cannot be used: {error}") from error


def _register(destination: Destination) -> str:
    return f"register {destination.calling('store')} with our host and worklist port there, so that it can report"
