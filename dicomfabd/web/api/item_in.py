"""A worklist item in the DICOM JSON Model as an order (PS3.18 Annex F, PS3.4 Table K.6-1)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, cast

from pydantic_core import from_json, to_json

from dicomfabd.domain.draft import Choices, OrderDraft, StepDraft, build_order
from dicomfabd.domain.errors import Fault, OrderRejected
from dicomfabd.domain.order import Code, Order
from dicomfabd.domain.patient import Patient, Visit

_ACCESSION: Final = "00080050"
_STEPS: Final = "00400100"
_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")
_MOST_STEPS: Final = 64
_PRIORITIES: Final = frozenset({"STAT", "HIGH", "ROUTINE", "MEDIUM", "LOW"})

# Where the order's attributes stand, for faults and their readers.
_PLACES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "patient_id": "PatientID (00100020)",
        "patient_name": "PatientName (00100010)",
        "accession_number": "AccessionNumber (00080050)",
        "study_instance_uid": "StudyInstanceUID (0020000D)",
        "procedure": "RequestedProcedureDescription (00321060)",
        "station": "ScheduledStationAETitle (00400001)",
        "modality": "Modality (00080060)",
        "step_id": "ScheduledProcedureStepID (00400009)",
    }
)


@dataclass(frozen=True, slots=True)
class ItemIn:
    """An item as it was sent: tag → attribute."""

    attributes: Mapping[str, Any]

    @property
    def has_start(self) -> bool:
        """True when it says when its first step is to begin."""
        return any(_start(step) is not None for step in _items(self.attributes, _STEPS))

    def content(self) -> bytes:
        """Give what it says, the same however it was written."""
        return to_json(dict(sorted(self.attributes.items())))

    def order(self, choices: Choices, default_start: datetime) -> tuple[Order, tuple[Fault, ...]]:
        """Check and complete it, as for HL7; gives the order and what was mended. Raises OrderRejected."""
        return build_order(self._draft(default_start), choices)

    def _draft(self, default_start: datetime) -> OrderDraft:
        item = self.attributes
        label = _text(item, "00741202")
        steps = tuple(_step(step, label) for step in _items(item, _STEPS)) or (StepDraft(worklist_label=label),)
        description = _text(item, "00321060")
        code = next(map(_code, _items(item, "00321064")), Code())
        procedure = Code(code.value, description or code.meaning or steps[0].description, code.scheme)
        priority = _text(item, "00401003").upper()
        numbers = (_text(item, tag) for tag in (_ACCESSION, "00402017", "00402016", "00401001"))
        return OrderDraft(
            patient=_patient(item),
            procedure=procedure,
            steps=steps,
            default_start=default_start,
            accession_candidates=tuple(dict.fromkeys(filter(None, numbers))),
            visit=Visit(
                admission_id=_text(item, "00380010"),
                current_patient_location=_text(item, "00380300"),
                patient_state=_text(item, "00380500"),
            ),
            study_instance_uid=_text(item, "0020000D"),
            requested_procedure_id=_text(item, "00401001"),
            placer_order_number=_text(item, "00402016"),
            filler_order_number=_text(item, "00402017"),
            priority=priority if priority in _PRIORITIES else "ROUTINE",
            referring_physician=_text(item, "00080090"),
            requesting_physician=_text(item, "00321032"),
            reason=_text(item, "00401002"),
            comments=_text(item, "00401400"),
            institution_name=_text(item, "00080080"),
            confidentiality=_text(item, "00403001"),
            patient_transport=_text(item, "00401004"),
            sender="http",
            where=lambda attribute: _PLACES.get(attribute, attribute),
        )


def read_item(body: bytes) -> ItemIn:
    """Read an item's JSON, alone or in an array of one.

    Raises:
        OrderRejected: It is none; `location` says where.
    """
    try:
        content = from_json(body)
    except ValueError as error:
        raise OrderRejected(Fault(100, "body", f"is not JSON: {error}", "Send one item, in UTF-8.")) from error
    if isinstance(content, list) and len(content) == 1:
        (content,) = content
    if not isinstance(content, dict):
        raise OrderRejected(Fault(100, "body", "is not one item", "Send one: tags and their attributes in braces."))
    faults = list(_faults(content, "body"))
    if faults:
        raise OrderRejected(*faults[:_MOST_STEPS])
    return ItemIn(content)


def _faults(attributes: Mapping[str, Any], where: str) -> Iterator[Fault]:
    """Give what is not as the DICOM JSON Model has it."""
    for tag, attribute in attributes.items():
        place = f"{where}.{tag[:8]}"
        if len(tag) != 8 or not all(digit in "0123456789ABCDEFabcdef" for digit in tag):
            yield Fault(103, place, "is not a tag", "Write tags as eight hexadecimal digits, such as 00100020.")
        elif not isinstance(attribute, dict) or not isinstance(attribute.get("Value", []), list):
            yield Fault(103, place, "is not an attribute", 'Write {"vr": "LO", "Value": ["..."]}.')
        else:
            yield from _value_faults(attribute, place)
    if where == "body" and len(_items(attributes, _STEPS)) > _MOST_STEPS:
        yield Fault(104, f"body.{_STEPS}", f"has more than {_MOST_STEPS} items", "Send several orders.")


def _value_faults(attribute: Mapping[str, Any], place: str) -> Iterator[Fault]:
    for value in attribute.get("Value", []):
        if attribute.get("vr") == "SQ":
            if isinstance(value, dict):
                yield from _faults(value, place)
            else:
                yield Fault(103, place, "holds something else than items", "Write a sequence's items in braces.")
        elif isinstance(value, dict):
            if not all(isinstance(value.get(group, ""), str) for group in _GROUPS):
                yield Fault(103, place, "is not a name", 'Write {"Alphabetic": "DOE^JANE"}.')
        elif not isinstance(value, str | int | float | None):
            yield Fault(103, place, "is not a value", "Write a string or a number.")


def _patient(item: Mapping[str, Any]) -> Patient:
    pregnancy = _text(item, "001021C0")
    return Patient(
        _text(item, "00100020"),
        _text(item, "00100010"),
        issuer_of_patient_id=_text(item, "00100021"),
        patient_birth_date=_text(item, "00100030"),
        patient_sex=_text(item, "00100040"),
        patient_size=_number(item, "00101020"),
        patient_weight=_number(item, "00101030"),
        medical_alerts=_text(item, "00102000"),
        allergies=_text(item, "00102110"),
        patient_comments=_text(item, "00104000"),
        pregnancy_status=int(pregnancy) if pregnancy in ("1", "2", "3", "4") else None,
    )


def _step(step: Mapping[str, Any], label: str) -> StepDraft:
    return StepDraft(
        description=_text(step, "00400007"),
        modality=_text(step, "00080060"),
        scheduled_at=_start(step),
        station_ae_titles=tuple(_texts(step, "00400001")),
        scheduled_procedure_step_id=_text(step, "00400009"),
        protocol_code=next(map(_code, _items(step, "00400008")), Code()),
        performing_physician=_text(step, "00400006"),
        station_name=_text(step, "00400010"),
        location=_text(step, "00400011"),
        worklist_label=label,
    )


def _start(step: Mapping[str, Any]) -> datetime | None:
    date, time = _text(step, "00400002"), _text(step, "00400003").partition(".")[0]
    try:
        return datetime.strptime(date + time.ljust(6, "0"), "%Y%m%d%H%M%S").astimezone()
    except (ValueError, OverflowError):
        return None


def _code(item: Mapping[str, Any]) -> Code:
    return Code(_text(item, "00080100"), _text(item, "00080104"), _text(item, "00080102"))


def _items(attributes: Mapping[str, Any], tag: str) -> list[Mapping[str, Any]]:
    values = (attributes.get(tag) or {}).get("Value") or []
    return [cast(Mapping[str, Any], value) for value in values if isinstance(value, dict)]


def _texts(attributes: Mapping[str, Any], tag: str) -> Iterator[str]:
    for value in (attributes.get(tag) or {}).get("Value") or []:
        if isinstance(value, dict):
            yield "=".join(value.get(group, "") for group in _GROUPS).rstrip("=")
        elif value is not None:
            yield str(value)


def _text(attributes: Mapping[str, Any], tag: str) -> str:
    return next(_texts(attributes, tag), "").strip()


def _number(attributes: Mapping[str, Any], tag: str) -> float | None:
    try:
        return float(_text(attributes, tag)) or None
    except ValueError:
        return None
