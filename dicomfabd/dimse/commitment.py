"""What requests for storage commitment and reports on it say, as data sets (PS3.4 Tables J.3-1 and J.3-2)."""

from collections.abc import Iterable
from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID

from dicomfabd.dimse.datasets import encode
from dicomfabd.domain.commitment import CommitmentReport, CommitmentRequest, Reference


def encode_request(request: CommitmentRequest, *, is_implicit: bool) -> bytes:
    """Give the action information of an N-ACTION."""
    ds = Dataset()
    ds.TransactionUID = UID(request.transaction_uid)
    ds.ReferencedSOPSequence = [_item(reference) for reference in request.references]
    return encode(ds, is_implicit=is_implicit)


def encode_report(report: CommitmentReport, *, is_implicit: bool) -> bytes:
    """Give the event information of an N-EVENT-REPORT."""
    ds = Dataset()
    ds.TransactionUID = UID(report.transaction_uid)
    if report.failed:
        ds.FailedSOPSequence = [_failed_item(reference, reason) for reference, reason in report.failed]
    if report.committed:
        ds.ReferencedSOPSequence = [_item(reference) for reference in report.committed]
    return encode(ds, is_implicit=is_implicit)


def decode_report(data: bytes, *, is_implicit: bool) -> CommitmentReport:
    """Read event information; raises ValueError for what is none."""
    try:
        ds = read_dataset(BytesIO(data), is_implicit, True)
        return CommitmentReport(
            str(ds.TransactionUID),
            tuple(_references(ds.get("ReferencedSOPSequence") or ())),
            tuple(
                (reference, int(item.get("FailureReason") or 0))
                for item in ds.get("FailedSOPSequence") or ()
                for reference in _references((item,))
            ),
        )
    except Exception as error:  # pydicom raises many types for bytes that are no data set
        raise ValueError("the report on storage commitment cannot be read") from error


def _references(items: Iterable[Dataset]) -> Iterable[Reference]:
    return (Reference(str(item.ReferencedSOPClassUID), str(item.ReferencedSOPInstanceUID)) for item in items)


def _item(reference: Reference) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = UID(reference.sop_class_uid)
    item.ReferencedSOPInstanceUID = UID(reference.sop_instance_uid)
    return item


def _failed_item(reference: Reference, reason: int) -> Dataset:
    item = _item(reference)
    item.FailureReason = reason
    return item
