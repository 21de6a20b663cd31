"""Performed procedure steps: what a modality says it did (MPPS, PS3.4 F.7), read from the attributes it sent."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from dicomfabd.domain.order import StepStatus

MODALITY_PERFORMED_PROCEDURE_STEP: Final = "1.2.840.10008.3.1.2.3.3"

Attributes = Mapping[str, Any]
"""A data set in the DICOM JSON Model (PS3.18 F.2): tag, as eight hexadecimal digits → VR and values."""

LONGEST_DOCUMENT: Final = 16 << 20
"""Characters; many N-SETs, each within its limit, must not make one step grow for ever."""

_MOST_SCHEDULED: Final = 100
_TAGS: Final = {
    "SpecificCharacterSet": "00080005",
    "AccessionNumber": "00080050",
    "Modality": "00080060",
    "CodeMeaning": "00080104",
    "ProcedureCodeSequence": "00081032",
    "ReferencedPatientSequence": "00081120",
    "ReferencedImageSequence": "00081140",
    "PatientName": "00100010",
    "PatientID": "00100020",
    "IssuerOfPatientID": "00100021",
    "IssuerOfPatientIDQualifiersSequence": "00100024",
    "PatientBirthDate": "00100030",
    "PatientSex": "00100040",
    "OtherPatientIDsSequence": "00101002",
    "ProtocolName": "00181030",
    "StudyInstanceUID": "0020000D",
    "SeriesInstanceUID": "0020000E",
    "StudyID": "00200010",
    "AdmissionID": "00380010",
    "IssuerOfAdmissionIDSequence": "00380014",
    "ServiceEpisodeID": "00380060",
    "ServiceEpisodeDescription": "00380062",
    "IssuerOfServiceEpisodeIDSequence": "00380064",
    "ScheduledProcedureStepID": "00400009",
    "ReferencedNonImageCompositeSOPInstanceSequence": "00400220",
    "PerformedStationAETitle": "00400241",
    "PerformedStationName": "00400242",
    "PerformedLocation": "00400243",
    "PerformedProcedureStepStartDate": "00400244",
    "PerformedProcedureStepStartTime": "00400245",
    "PerformedProcedureStepEndDate": "00400250",
    "PerformedProcedureStepEndTime": "00400251",
    "PerformedProcedureStepStatus": "00400252",
    "PerformedProcedureStepID": "00400253",
    "PerformedProcedureStepDescription": "00400254",
    "PerformedProcedureTypeDescription": "00400255",
    "PerformedProtocolCodeSequence": "00400260",
    "ScheduledStepAttributesSequence": "00400270",
    "CommentsOnThePerformedProcedureStep": "00400280",
    "PerformedProcedureStepDiscontinuationReasonCodeSequence": "00400281",
    "PerformedSeriesSequence": "00400340",
    "ReasonForPerformedProcedureCodeSequence": "00401012",
}
# Table F.7.2-1. What is of type 1 when a step begins, and what in addition when it is over.
_NEEDED_TO_BEGIN: Final = (
    "PerformedStationAETitle",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "PerformedProcedureStepStatus",
    "PerformedProcedureStepID",
    "Modality",
    "ScheduledStepAttributesSequence",
)
_NEEDED_TO_END: Final = (
    "PerformedProcedureStepEndDate",
    "PerformedProcedureStepEndTime",
    "PerformedSeriesSequence",
)
# What an N-SET may bring though the N-CREATE, against the rule, left it out: types 2, comments and reasons.
_MAY_BE_SET: Final = frozenset(
    _TAGS[keyword]
    for keyword in (
        "ProcedureCodeSequence",
        "PerformedProcedureStepEndDate",
        "PerformedProcedureStepEndTime",
        "PerformedProcedureStepStatus",
        "PerformedProcedureStepDescription",
        "PerformedProcedureTypeDescription",
        "PerformedProtocolCodeSequence",
        "CommentsOnThePerformedProcedureStep",
        "PerformedProcedureStepDiscontinuationReasonCodeSequence",
        "PerformedSeriesSequence",
        "ReasonForPerformedProcedureCodeSequence",
    )
)
# "Not allowed" in the N-SET: who was examined, where, when and for which request.
_FIXED: Final = frozenset(
    _TAGS[keyword]
    for keyword in (
        "Modality",
        "ReferencedPatientSequence",
        "PatientName",
        "PatientID",
        "IssuerOfPatientID",
        "IssuerOfPatientIDQualifiersSequence",
        "PatientBirthDate",
        "PatientSex",
        "OtherPatientIDsSequence",
        "StudyID",
        "AdmissionID",
        "IssuerOfAdmissionIDSequence",
        "ServiceEpisodeID",
        "ServiceEpisodeDescription",
        "IssuerOfServiceEpisodeIDSequence",
        "PerformedStationAETitle",
        "PerformedStationName",
        "PerformedLocation",
        "PerformedProcedureStepStartDate",
        "PerformedProcedureStepStartTime",
        "PerformedProcedureStepID",
        "ScheduledStepAttributesSequence",
    )
)


class PerformedStatus(StrEnum):
    """PerformedProcedureStepStatus (PS3.3 C.4.14)."""

    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"

    @property
    def is_final(self) -> bool:
        """True once the step may no longer be changed."""
        return self is not PerformedStatus.IN_PROGRESS


class StepFault(StrEnum):
    """Why a message about a performed step is refused."""

    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"
    OVER = "over"
    MISSING = "missing"
    EMPTY = "empty"
    INVALID = "invalid"


class StepRefused(Exception):  # noqa: N818 - it is the modality's error, not ours
    """A message about a performed step cannot be taken."""

    def __init__(self, fault: StepFault, text: str, tags: Iterable[int] = ()) -> None:
        """Take the fault, what is wrong without any value of the message, and the attributes it is about."""
        super().__init__(text)
        self.fault = fault
        self.text = text
        self.tags = tuple(tags)


@dataclass(frozen=True, slots=True)
class ScheduledReference:
    """A scheduled step that was performed, as the modality names it; empty attributes name nothing."""

    study_instance_uid: str
    accession_number: str
    scheduled_procedure_step_id: str


@dataclass(frozen=True, slots=True)
class PerformedSeries:
    """A series that was made; `instances` counts images and other objects."""

    series_instance_uid: str
    protocol_name: str
    instances: int


@dataclass(frozen=True, slots=True)
class PerformedStep:
    """A performed procedure step with everything the modality said of it."""

    sop_instance_uid: str
    attributes: Attributes

    @property
    def status(self) -> PerformedStatus:
        """Where it stands."""
        return PerformedStatus(_text(self.attributes, "PerformedProcedureStepStatus"))

    @property
    def scheduled(self) -> tuple[ScheduledReference, ...]:
        """The scheduled steps it performs; of an unscheduled one only the study is named."""
        return tuple(
            ScheduledReference(
                _text(item, "StudyInstanceUID"),
                _text(item, "AccessionNumber"),
                _text(item, "ScheduledProcedureStepID"),
            )
            for item in _items(self.attributes, "ScheduledStepAttributesSequence")
        )

    @property
    def series(self) -> tuple[PerformedSeries, ...]:
        """What has been made so far."""
        return tuple(
            PerformedSeries(
                _text(item, "SeriesInstanceUID"),
                _text(item, "ProtocolName"),
                len(_items(item, "ReferencedImageSequence"))
                + len(_items(item, "ReferencedNonImageCompositeSOPInstanceSequence")),
            )
            for item in _items(self.attributes, "PerformedSeriesSequence")
        )

    @property
    def discontinuation_reason(self) -> str:
        """Why it was discontinued, in words; empty where nobody says."""
        reasons = _items(self.attributes, "PerformedProcedureStepDiscontinuationReasonCodeSequence")
        return _text(reasons[0], "CodeMeaning")[:64] if reasons else ""

    @property
    def document(self) -> str:
        """All attributes as JSON."""
        return json.dumps(self.attributes, separators=(",", ":"))

    def amended(self, modifications: Attributes) -> tuple["PerformedStep", tuple[int, ...]]:
        """Give the step as an N-SET leaves it (PS3.4 F.7.2.2).

        Args:
            modifications: Attributes to put in place of what was there; sequences as a whole.

        Returns:
            The step, and the attributes that may not be set and were left as they are.

        Raises:
            StepRefused: It is over already; or the status is none; or it would be over and lack something.
        """
        if self.status.is_final:
            raise StepRefused(StepFault.OVER, "Performed Procedure Step Object may no longer be updated")
        # Values are kept as Unicode: another character set says nothing of those that were there (F.7.2.2.3).
        asked = {tag: value for tag, value in modifications.items() if tag != _TAGS["SpecificCharacterSet"]}
        set_now = {tag: value for tag, value in asked.items() if self._may_be_set(tag)}
        left = tuple(int(tag, 16) for tag in asked if tag not in set_now and asked[tag] != self.attributes.get(tag))
        step = PerformedStep(self.sop_instance_uid, {**self.attributes, **set_now})
        _check(step)
        return step, left

    def _may_be_set(self, tag: str) -> bool:
        return tag in _MAY_BE_SET or (tag in self.attributes and tag not in _FIXED)


def begun(sop_instance_uid: str, attributes: Attributes) -> PerformedStep:
    """Give the step an N-CREATE begins (PS3.4 F.7.2.1).

    Raises:
        StepRefused: An attribute of type 1 is missing or empty, or the status is another one than IN PROGRESS.
    """
    step = PerformedStep(sop_instance_uid, attributes)
    _require(attributes, _NEEDED_TO_BEGIN)
    scheduled = _items(attributes, "ScheduledStepAttributesSequence")
    if len(scheduled) > _MOST_SCHEDULED:
        raise _invalid("ScheduledStepAttributesSequence", f"has more than {_MOST_SCHEDULED} items")
    for item in scheduled:
        _require(item, ("StudyInstanceUID",))
    _check(step)
    if step.status.is_final:
        raise _invalid("PerformedProcedureStepStatus", "is not IN PROGRESS")
    return step


def step_status(performed: Collection[PerformedStatus]) -> StepStatus:
    """Give how a scheduled step stands that was performed once, or more often (append): one or more statuses."""
    if PerformedStatus.IN_PROGRESS in performed:
        return StepStatus.STARTED
    return StepStatus.COMPLETED if PerformedStatus.COMPLETED in performed else StepStatus.DISCONTINUED


def _check(step: PerformedStep) -> None:
    if _text(step.attributes, "PerformedProcedureStepStatus") not in set(PerformedStatus):
        raise _invalid("PerformedProcedureStepStatus", "is none there is")
    if step.status.is_final:
        _require(step.attributes, _NEEDED_TO_END)
    for item in _items(step.attributes, "PerformedSeriesSequence"):
        _require(item, ("ProtocolName", "SeriesInstanceUID"))
    if len(step.document) > LONGEST_DOCUMENT:
        raise StepRefused(StepFault.INVALID, "the step says more than is kept")


def _require(attributes: Attributes, keywords: Collection[str]) -> None:
    missing = [keyword for keyword in keywords if _TAGS[keyword] not in attributes]
    empty = [keyword for keyword in keywords if not (_text(attributes, keyword) or _items(attributes, keyword))]
    if lacking := missing or empty:
        fault, what = (StepFault.MISSING, "missing") if missing else (StepFault.EMPTY, "empty")
        tags = (int(_TAGS[keyword], 16) for keyword in lacking)
        raise StepRefused(fault, f"{lacking[0]} is {what}", tags)


def _invalid(keyword: str, what: str) -> StepRefused:
    return StepRefused(StepFault.INVALID, f"{keyword} {what}", (int(_TAGS[keyword], 16),))


def _text(attributes: Attributes, keyword: str) -> str:
    """Give a value of text; empty for none, and for one whose VR is not the keyword's."""
    values = _values(attributes, keyword)
    return values[0].strip() if values and isinstance(values[0], str) else ""


def _items(attributes: Attributes, keyword: str) -> list[Attributes]:
    return [value for value in _values(attributes, keyword) if isinstance(value, dict)]


def _values(attributes: Attributes, keyword: str) -> list[Any]:
    values: list[Any] = attributes.get(_TAGS[keyword], {}).get("Value", [])
    return values
