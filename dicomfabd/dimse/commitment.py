"""What requests for storage commitment and reports on it say, as data sets (PS3.4 Tables J.3-1 and J.3-2)."""

from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import UID

from dicomfabd.dimse.datasets import decode, encode
from dicomfabd.dimse.services import INVALID_ARGUMENT, Refusal
from dicomfabd.domain.commitment import CommitmentReport, CommitmentRequest, Reference
from dicomfabd.domain.uids import LONGEST_UID

_MOST_ELEMENTS: Final = 131_072


def encode_request(request: CommitmentRequest, transfer_syntax: str) -> bytes:
    """Give the action information of an N-ACTION."""
    ds = Dataset()
    ds.TransactionUID = UID(request.transaction_uid)
    ds.ReferencedSOPSequence = [_item(reference) for reference in request.references]
    return encode(ds, transfer_syntax)


def encode_report(report: CommitmentReport, transfer_syntax: str) -> bytes:
    """Give the event information of an N-EVENT-REPORT."""
    ds = Dataset()
    ds.TransactionUID = UID(report.transaction_uid)
    if report.failed:
        ds.FailedSOPSequence = [_failed_item(reference, reason) for reference, reason in report.failed]
    if report.committed:
        ds.ReferencedSOPSequence = [_item(reference) for reference in report.committed]
    return encode(ds, transfer_syntax)


def decode_request(encoded: bytes, transfer_syntax: str) -> CommitmentRequest:
    """Read action information; raises Refusal for what is none."""
    information = decode(encoded, transfer_syntax, _MOST_ELEMENTS, INVALID_ARGUMENT)
    references = tuple(_reference(item) for item in information.get("ReferencedSOPSequence") or ())
    if not references:
        raise Refusal(INVALID_ARGUMENT, "ReferencedSOPSequence is missing or empty")
    return CommitmentRequest(_uid(information, "TransactionUID"), references)


def decode_report(encoded: bytes, transfer_syntax: str) -> CommitmentReport:
    """Read event information; raises Refusal for what is none."""
    information = decode(encoded, transfer_syntax, _MOST_ELEMENTS, INVALID_ARGUMENT)
    failed = information.get("FailedSOPSequence") or ()
    return CommitmentReport(
        _uid(information, "TransactionUID"),
        tuple(_reference(item) for item in information.get("ReferencedSOPSequence") or ()),
        tuple((_reference(item), _failure_reason(item)) for item in failed),
    )


def _item(reference: Reference) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = UID(reference.sop_class_uid)
    item.ReferencedSOPInstanceUID = UID(reference.sop_instance_uid)
    return item


def _failed_item(reference: Reference, reason: int) -> Dataset:
    item = _item(reference)
    item.FailureReason = reason
    return item


def _reference(item: Dataset) -> Reference:
    return Reference(_uid(item, "ReferencedSOPClassUID"), _uid(item, "ReferencedSOPInstanceUID"))


def _uid(dataset: Dataset, keyword: str) -> str:
    value = dataset.get(keyword)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_UID:
        raise Refusal(INVALID_ARGUMENT, f"{keyword} is missing or not a UID")
    return str(value)


def _failure_reason(item: Dataset) -> int:
    value = item.get("FailureReason")
    if not isinstance(value, int):
        raise Refusal(INVALID_ARGUMENT, "FailureReason is missing")
    return value
