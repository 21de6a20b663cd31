"""Asking a worklist as a modality does (PS3.4 K.4.1.1): ours, or that of any other server."""

from collections.abc import Generator, Mapping
from typing import Final

from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pynetdicom.presentation import build_context

from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import Fault
from dicomfabd.pacs.query import SYNTAXES, Answer, Row, gather, stream, text_in
from dicomfabd.pacs.question import BadQuestion
from dicomfabd.pacs.scu import associate

MODALITY_WORKLIST: Final = "1.2.840.10008.5.1.4.31"
OF_ITEM: Final = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    "StudyInstanceUID",
)
OF_STEP: Final = (
    "ScheduledProcedureStepStartDate",
    "ScheduledProcedureStepStartTime",
    "Modality",
    "ScheduledStationAETitle",
    "ScheduledPerformingPhysicianName",
    "ScheduledProcedureStepDescription",
    "ScheduledProcedureStepID",
    "ScheduledProcedureStepStatus",
)
_STEP_GROUP: Final = range(0x00400001, 0x00400100)


def ask_worklist(destination: Destination, keys: Mapping[str, str], most: int) -> Answer:
    """Ask a worklist; never raises for what a peer does.

    Args:
        destination: The server; `find_ae_title` is who asks.
        keys: Keyword → value that has to match.
        most: Most rows; their columns are the keywords of `OF_ITEM`, `OF_STEP` and of the keys.

    Raises:
        BadQuestion: A key is no attribute of DICOM.
    """
    identifier = _identifier(keys)
    columns = tuple(dict.fromkeys((*OF_STEP, *OF_ITEM, *keys)))
    return gather(destination, lambda: _find(destination, identifier, columns), most)


def _find(destination: Destination, identifier: Dataset, columns: tuple[str, ...]) -> Generator[Row, None, None]:
    with associate(destination, [build_context(MODALITY_WORKLIST, SYNTAXES)]) as association:
        for found in stream(destination, association, identifier, MODALITY_WORKLIST):
            steps = found.get("ScheduledProcedureStepSequence") or [Dataset()]
            yield {name: text_in(steps[0] if name in steps[0] else found, name) for name in columns}


def _identifier(keys: Mapping[str, str]) -> Dataset:
    item, step = Dataset(), Dataset()
    if not "".join(keys.values()).isascii():
        item.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in (dict.fromkeys((*OF_ITEM, *OF_STEP), "") | dict(keys)).items():
        tag = tag_for_keyword(keyword)
        if tag is None:
            raise BadQuestion(
                Fault(103, "--key", f"{keyword[:64]} is no keyword of DICOM", "Use one such as PatientName.")
            )
        is_of_step = keyword == "Modality" or tag in _STEP_GROUP
        # Ranges and wildcards are not values of their VR.
        vr = dictionary_VR(tag)
        element = DataElement(tag, vr, (value or None) if vr != "SQ" else [], validation_mode=IGNORE)
        (step if is_of_step else item).add(element)
    item.ScheduledProcedureStepSequence = Sequence([step])
    return item
