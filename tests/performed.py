"""Performed procedure steps as modalities send them, a modality that does, and a RIS that is told."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pynetdicom import AE, evt
from pynetdicom.sop_class import ModalityPerformedProcedureStep

from dicomfabd.dimse.datasets import encode
from dicomfabd.dimse.performed import decode_attributes
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.order import Order
from dicomfabd.domain.performed import Attributes
from tests.dimse.raw import EXPLICIT
from tests.peers import serving

CT = "1.2.840.10008.5.1.4.1.1.2"


def an_item(**values: Any) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def a_reference(order: Order, ordinal: int = 0) -> Dataset:
    """Give the item of ScheduledStepAttributesSequence that names a step of an order."""
    return an_item(
        StudyInstanceUID=order.study_instance_uid,
        AccessionNumber=order.accession_number,
        RequestedProcedureID=order.requested_procedure_id,
        ScheduledProcedureStepID=order.steps[ordinal].scheduled_procedure_step_id,
    )


UNSCHEDULED = an_item(StudyInstanceUID="1.2.77", AccessionNumber="", ScheduledProcedureStepID="")


def a_beginning(*scheduled: Dataset, **changes: Any) -> Dataset:
    """Give an N-CREATE's attribute list; a change to None leaves an attribute out."""
    values = {
        "SpecificCharacterSet": "ISO_IR 100",
        "ScheduledStepAttributesSequence": DicomSequence(scheduled or [UNSCHEDULED]),
        "PatientName": "Müller^Eva",
        "PatientID": "P1",
        "PerformedStationAETitle": "CT01",
        "PerformedProcedureStepStartDate": "20260302",
        "PerformedProcedureStepStartTime": "120000",
        "PerformedProcedureStepStatus": "IN PROGRESS",
        "PerformedProcedureStepID": "PPS1",
        "PerformedProcedureStepEndDate": "",
        "PerformedProcedureStepEndTime": "",
        "PerformedProcedureStepDiscontinuationReasonCodeSequence": DicomSequence(),
        "Modality": "CT",
        "PerformedSeriesSequence": DicomSequence(),
    }
    return an_item(**{keyword: value for keyword, value in (values | changes).items() if value is not None})


def a_series(images: int = 2, uid: str = "1.2.3") -> Dataset:
    references = [an_item(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID=f"{uid}.{n}") for n in range(images)]
    return an_item(ProtocolName="CHEST", SeriesInstanceUID=uid, ReferencedImageSequence=DicomSequence(references))


def an_end(status: str = "COMPLETED", *series: Dataset, **changes: Any) -> Dataset:
    """Give an N-SET's modification list; a change to None leaves an attribute out."""
    values = {
        "PerformedProcedureStepStatus": status,
        "PerformedProcedureStepEndDate": "20260302",
        "PerformedProcedureStepEndTime": "121000",
        "PerformedSeriesSequence": DicomSequence(series or [a_series()]),
    }
    return an_item(**{keyword: value for keyword, value in (values | changes).items() if value is not None})


def attributes_of(dataset: Dataset) -> Attributes:
    """Give a data set as it arrives."""
    return decode_attributes(encode(dataset, EXPLICIT), EXPLICIT)


@dataclass
class Modality:
    """A modality on one association."""

    association: Any

    def create(self, uid: str | None = "1.2.9", dataset: Dataset | None = None) -> Dataset:
        """Send an N-CREATE and give the command elements of the answer."""
        dataset = a_beginning() if dataset is None else dataset
        return self.association.send_n_create(dataset, ModalityPerformedProcedureStep, uid)[0]

    def set(self, uid: str = "1.2.9", dataset: Dataset | None = None) -> Dataset:
        """Send an N-SET and give the command elements of the answer."""
        dataset = an_end() if dataset is None else dataset
        return self.association.send_n_set(dataset, ModalityPerformedProcedureStep, uid)[0]


@contextlib.contextmanager
def modality(port: int) -> Iterator[Modality]:
    entity = AE("CT01")
    entity.add_requested_context(ModalityPerformedProcedureStep)
    association = entity.associate("127.0.0.1", port)
    assert association.is_established
    yield Modality(association)
    association.release()


@dataclass
class Ris:
    """What a RIS was told; statuses are those of its answers.

    Attributes:
        on_create: SOP Instance UID → status.
        on_set: SOP Instance UID → status, and error ID.
    """

    on_create: Callable[[str], int] = lambda _uid: 0x0000
    on_set: Callable[[str], tuple[int, int | None]] = lambda _uid: (0x0000, None)
    created: list[tuple[str, Dataset]] = field(default_factory=list)
    modified: list[tuple[str, Dataset]] = field(default_factory=list)
    destination: Destination = Destination("", "", 0, "")

    @property
    def statuses(self) -> list[str]:
        """The statuses it was told, N-CREATE first."""
        return [str(ds.PerformedProcedureStepStatus) for _, ds in (*self.created, *self.modified)]

    def create(self, event: Any) -> tuple[Any, None]:
        uid = str(event.request.AffectedSOPInstanceUID)
        self.created.append((uid, event.attribute_list))
        return self.on_create(uid), None

    def set(self, event: Any) -> tuple[Any, None]:
        uid = str(event.request.RequestedSOPInstanceUID)
        self.modified.append((uid, event.modification_list))
        status, error_id = self.on_set(uid)
        return (an_item(Status=status, ErrorID=error_id) if error_id else status), None


@contextlib.contextmanager
def a_ris(models: Sequence[str] = (ModalityPerformedProcedureStep,), **options: Any) -> Iterator[Ris]:
    """Run a RIS of pynetdicom's."""
    ris = Ris(**options)
    with serving([(evt.EVT_N_CREATE, ris.create), (evt.EVT_N_SET, ris.set)], models) as destination:
        ris.destination = destination
        yield ris
