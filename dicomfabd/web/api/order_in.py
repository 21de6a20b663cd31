"""An order as JSON: its form, and every fault of one that does not have it."""

import difflib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails, from_json

from dicomfabd.domain.draft import Choices, OrderDraft, StepDraft, build_order
from dicomfabd.domain.errors import Fault, OrderRejected, Unservable
from dicomfabd.domain.order import Code, Order
from dicomfabd.domain.patient import Patient

MOST_FAULTS: Final = 50
_LONGEST_FIELD_NAME: Final = 64
_YEARS: Final = range(1900, 2200)  # what DICOM dates, HL7 dates and this machine's clock all can say


class OrderIn(BaseModel):
    """A new order; the first five fields are those of the tutorial kit's `POST /orders`."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    patient_id: str = Field(
        min_length=1,
        max_length=64,
        description="The patient's ID: 1 to 64 characters, no backslash.",
        examples=["P123"],
    )
    patient_name: str = Field(
        min_length=1,
        max_length=200,
        description="The patient's name as DICOM has it: Family^Given^Middle^Prefix^Suffix.",
        examples=["DOE^JANE"],
    )
    accession: str = Field(
        min_length=1,
        max_length=64,
        description="The order's number: 1 to 64 characters; up to 16 become the accession number as they are.",
        examples=["ACC-1001"],
    )
    modality: str = Field(
        "CR", pattern="^[A-Z]{2,16}$", description="A DICOM modality in capital letters, such as CR, DX, CT or MR."
    )
    study_desc: str = Field(
        "XR CHEST", min_length=1, max_length=200, description="What is to be done, in words: 1 to 200 characters."
    )
    patient_birth_date: str = Field("", pattern=r"^([0-9]{8})?$", description="Eight digits, YYYYMMDD.")
    patient_sex: str = Field("", pattern="^[FMO]?$", description="F, M or O.")
    procedure_code: str = Field("", max_length=16, description="A code for the procedure: at most 16 characters.")
    referring_physician: str = Field("", max_length=200, description="A name as DICOM has it: Family^Given.")
    scheduled_at: datetime | None = Field(
        None, description="ISO 8601, such as 2026-03-02T13:00:00+01:00, from the year 1900 to 2199."
    )
    station_ae_title: str = Field("", max_length=16, description="An AE title: at most 16 characters.")
    location: str = Field("", max_length=16, description="Where it is to be done: at most 16 characters.")
    worklist_label: str = Field("", max_length=64, description="Of the worklist it stands on: at most 64 characters.")
    study_instance_uid: str = Field("", max_length=64, description="A DICOM UID: digits and dots, at most 64.")
    priority: str = Field(
        "ROUTINE", pattern="^(STAT|HIGH|ROUTINE|MEDIUM|LOW)$", description="STAT, HIGH, ROUTINE, MEDIUM or LOW."
    )

    @property
    def has_start(self) -> bool:
        """True when it says when it is to begin."""
        return self.scheduled_at is not None

    def content(self) -> bytes:
        """Give what it says, the same however it was written."""
        return self.model_dump_json().encode()

    def order(self, choices: Choices, default_start: datetime) -> tuple[Order, tuple[Fault, ...]]:
        """Check and complete it, as for HL7; gives the order and what was mended.

        Raises:
            Unservable: With every fault there is, `location` being the field.
        """
        try:
            return build_order(_draft(self, default_start), choices)
        except Unservable as rejected:
            # The builder's hints name HL7 fields.
            raise Unservable(
                *[Fault(fault.code, fault.location, fault.text, _hint(fault.location)) for fault in rejected.faults]
            ) from rejected

    @field_validator("patient_birth_date")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        if value:
            datetime.strptime(value, "%Y%m%d")
        return value

    @field_validator("scheduled_at")
    @classmethod
    def _is_in_our_time(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.year not in _YEARS:
            raise ValueError("out of range")
        return value.astimezone() if value is not None and value.tzinfo is None else value


_FIELDS: Final = OrderIn.model_fields
_ATTRIBUTES: Final = {"accession_number": "accession", "procedure": "study_desc", "station": "station_ae_title"}
_STANDINS: Final = {"patient_id": "X", "patient_name": "X", "accession": "X"}
_SAID: Final[Mapping[str, tuple[int, str]]] = {
    "missing": (101, "is missing"),
    "extra_forbidden": (103, "is not a field of an order"),
    "string_type": (102, "is not a string"),
    "string_too_short": (101, "is empty"),
    "string_too_long": (104, "is too long"),
    "string_pattern_mismatch": (103, "does not have the form wanted"),
}


def read_order(body: bytes) -> OrderIn:
    """Read an order's JSON.

    Raises:
        OrderRejected: With every fault there is, `location` being the field.
    """
    try:
        content = from_json(body)
    except ValueError as error:
        raise OrderRejected(Fault(100, "body", f"is not JSON: {error}", "Send one JSON object, in UTF-8.")) from error
    if not isinstance(content, dict):
        raise OrderRejected(Fault(100, "body", "is not a JSON object", "Send one order: fields in braces."))
    try:
        return OrderIn.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
    faults = [_fault(item) for item in found[:MOST_FAULTS]]
    faults += _faults_beyond(content, {fault.location for fault in faults})
    if len(found) > MOST_FAULTS:
        faults.append(Fault(103, "body", f"has {len(found) - MOST_FAULTS} faults more"))
    raise OrderRejected(*faults)


def _draft(order_in: OrderIn, default_start: datetime) -> OrderDraft:
    step = StepDraft(
        description=order_in.study_desc,
        modality=order_in.modality,
        scheduled_at=order_in.scheduled_at,
        station_ae_titles=(order_in.station_ae_title,),
        location=order_in.location,
        worklist_label=order_in.worklist_label,
    )
    return OrderDraft(
        patient=Patient(
            order_in.patient_id,
            order_in.patient_name,
            patient_birth_date=order_in.patient_birth_date,
            patient_sex=order_in.patient_sex,
        ),
        procedure=Code(order_in.procedure_code, order_in.study_desc, "L" if order_in.procedure_code else ""),
        steps=(step,),
        default_start=default_start,
        accession_candidates=(order_in.accession,),
        study_instance_uid=order_in.study_instance_uid,
        placer_order_number=order_in.accession,
        referring_physician=order_in.referring_physician,
        priority=order_in.priority,
        sender="http",
        where=lambda attribute: _ATTRIBUTES.get(attribute, attribute),
    )


def _fault(item: ErrorDetails) -> Fault:
    name = ".".join(str(part) for part in item["loc"])[:_LONGEST_FIELD_NAME] or "body"
    code, text = _SAID.get(item["type"], (102, "cannot be used"))
    return Fault(code, name, text, _hint(name))


def _faults_beyond(content: dict[str, Any], known: set[str]) -> list[Fault]:
    """Give what the builder finds wrong with the fields whose form is right."""
    sound = {name: value for name, value in content.items() if name in _FIELDS and name not in known}
    try:
        # Its answer does not matter here, so neither does the modality nor the time.
        OrderIn.model_validate(_STANDINS | sound).order(
            Choices(lambda _procedure, _service: "OT"), datetime.now().astimezone()
        )
    except OrderRejected as rejected:
        return [fault for fault in rejected.faults if fault.location not in known]
    return []


def _hint(name: str) -> str:
    if name in _FIELDS:
        return _FIELDS[name].description or ""
    near = difflib.get_close_matches(name, _FIELDS, n=1)
    return f"Did you mean {near[0]}?" if near else f"The fields are {', '.join(_FIELDS)}."
