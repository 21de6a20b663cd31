"""Telling a RIS of a performed procedure step (MPPS, PS3.4 F.7): that it has begun, and how it ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomfabd.dimse.datasets import encode
from dicomfabd.dimse.performed import MAY_NO_LONGER_BE_UPDATED
from dicomfabd.dimse.services import DUPLICATE_INSTANCE, NO_SUCH_INSTANCE, PROCESSING_FAILURE
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import Permanent, Retryable
from dicomfabd.domain.performed import MODALITY_PERFORMED_PROCEDURE_STEP
from dicomfabd.pacs.wire import Association

_SYNTAXES: Final = (str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian))
_TAKEN: Final = frozenset({0x0000, 0x0001, 0x0107, 0x0116})  # success, and the warnings of PS3.7 C.4


def send_begin(ris: Destination, sop_instance_uid: str, attributes: Dataset) -> bool:
    """Tell a RIS that a step has begun (N-CREATE).

    Returns:
        False if it knew.

    Raises:
        DestinationAway: It cannot be reached.
        Permanent: It takes no performed procedure steps.
        Retryable: It refused or broke off; says why.
    """
    with _association(ris) as (association, syntax):
        return _create(association, ris, sop_instance_uid, encode(attributes, syntax))


def send_end(ris: Destination, sop_instance_uid: str, attributes: Dataset, modifications: Dataset) -> bool:
    """Tell a RIS how a step ended (N-SET).

    Args:
        ris: The RIS.
        sop_instance_uid: Of the step.
        attributes: Those of its beginning, for a RIS that has not heard of it.
        modifications: What has become of it.

    Returns:
        False if it knew of an end.

    Raises:
        DestinationAway: As `send_begin`, and the others too.
    """
    with _association(ris) as (association, syntax):
        modified = encode(modifications, syntax)
        status, error_id = association.set(MODALITY_PERFORMED_PROCEDURE_STEP, sop_instance_uid, modified)
        if status == NO_SUCH_INSTANCE:
            _create(association, ris, sop_instance_uid, encode(attributes, syntax))
            status, error_id = association.set(MODALITY_PERFORMED_PROCEDURE_STEP, sop_instance_uid, modified)
        if (status, error_id) == (PROCESSING_FAILURE, MAY_NO_LONGER_BE_UPDATED):
            return False
        if status not in _TAKEN:
            raise Retryable(f"{ris.name} refused the end of the step (N-SET, status 0x{status:04X})")
        return True


@contextmanager
def _association(ris: Destination) -> Iterator[tuple[Association, str]]:
    with Association(ris, {MODALITY_PERFORMED_PROCEDURE_STEP: _SYNTAXES}) as association:
        syntax = association.transfer_syntax(MODALITY_PERFORMED_PROCEDURE_STEP)
        if syntax is None:
            raise Permanent(f"{ris.name} takes no performed procedure steps; leave mpps_host out for this destination")
        yield association, syntax


def _create(association: Association, ris: Destination, sop_instance_uid: str, attributes: bytes) -> bool:
    status = association.create(MODALITY_PERFORMED_PROCEDURE_STEP, sop_instance_uid, attributes)
    if status == DUPLICATE_INSTANCE:
        return False
    if status not in _TAKEN:
        raise Retryable(f"{ris.name} refused the beginning of the step (N-CREATE, status 0x{status:04X})")
    return True
