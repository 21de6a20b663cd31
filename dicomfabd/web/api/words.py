"""Faults and actions in plain words, for people who do not read HL7 tables; used by web and cli."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from dicomfabd.domain.errors import CONDITIONS, Fault
from dicomfabd.domain.order import Action

_FIELD_NAMES: Final = {
    "MSH": {
        2: "Encoding Characters",
        3: "Sending Application",
        4: "Sending Facility",
        5: "Receiving Application",
        6: "Receiving Facility",
        7: "Date/Time of Message",
        9: "Message Type",
        10: "Message Control ID",
        11: "Processing ID",
        12: "Version ID",
        15: "Accept Acknowledgment Type",
        16: "Application Acknowledgment Type",
        18: "Character Set",
    },
    "PID": {
        2: "Patient ID",
        3: "Patient Identifier List",
        4: "Alternate Patient ID",
        5: "Patient Name",
        7: "Date/Time of Birth",
        8: "Administrative Sex",
    },
    "MRG": {1: "Prior Patient Identifier List"},
    "PV1": {
        3: "Assigned Patient Location",
        8: "Referring Doctor",
        15: "Ambulatory Status",
        16: "VIP Indicator",
        19: "Visit Number",
    },
    "ORC": {
        1: "Order Control",
        2: "Placer Order Number",
        3: "Filler Order Number",
        5: "Order Status",
        7: "Quantity/Timing",
        8: "Parent Order",
    },
    "OBR": {
        2: "Placer Order Number",
        3: "Filler Order Number",
        4: "Universal Service Identifier",
        18: "Placer Field 1",
        19: "Placer Field 2",
        20: "Filler Field 1",
        24: "Diagnostic Service Section ID",
        27: "Quantity/Timing",
        36: "Scheduled Date/Time",
        44: "Procedure Code",
    },
    "TQ1": {7: "Start Date/Time", 9: "Priority"},
    "IPC": {
        1: "Accession Identifier",
        2: "Requested Procedure ID",
        3: "Study Instance UID",
        4: "Scheduled Procedure Step ID",
        5: "Modality",
        7: "Scheduled Station Name",
        8: "Scheduled Procedure Step Location",
        9: "Scheduled Station AE Title",
    },
    "ZDS": {1: "Study Instance UID"},
    "SCH": {1: "Placer Appointment ID", 2: "Filler Appointment ID", 11: "Appointment Timing Quantity"},
}

_ORDER_ACTIONS: Final[Mapping[Action, str]] = MappingProxyType(
    {
        Action.CREATED: "a new order was placed",
        Action.CHANGED: "the order was changed",
        Action.UNCHANGED: "nothing changed: the order says this already",
        Action.CANCELLED: "the order was cancelled; its study is not made",
        Action.DISCONTINUED: "the order was discontinued; a study that had begun is finished, never left in part",
        Action.HELD: "the order was put on hold",
        Action.RELEASED: "the order was released from hold",
        Action.STARTED: "the order was noted as begun",
        Action.COMPLETED: "the order was noted as completed",
        Action.REOPENED: "the order had ended and was placed anew",
        Action.ATTACHED: "numbers were attached to the order",
        Action.TOO_LATE: "nothing changed: it came too late, the study is being made or is done",
        Action.UNKNOWN: "there is no such order; should it come later, it will be cancelled already",
        Action.MERGED: "identifiers were merged",
    }
)
_PATIENT_ACTIONS: Final[Mapping[Action, str]] = MappingProxyType(
    {
        Action.CREATED: "a patient was added",
        Action.CHANGED: "the patient was changed",
        Action.UNCHANGED: "nothing changed: the patient is known like this",
        Action.MERGED: "patient identifiers were merged",
    }
)


def action_in_words(action: str, subject: str = "order") -> str:
    """Say what was done to an order or a patient; `action` may be one of another version of ours."""
    try:
        known = Action(action)
    except ValueError:
        return action
    return _PATIENT_ACTIONS.get(known, action) if subject == "patient" else _ORDER_ACTIONS[known]


def fault_in_words(fault: Fault) -> dict[str, Any]:
    """Give a fault with its place taken apart.

    Returns:
        `severity` (error, or warning for what was mended), `code` and `condition` of HL7 table 0357, `location` as it
        is in the acknowledgment, its parts (`segment`, `segment_number`, `field`, `repetition`, `component`,
        `subcomponent`; None where it names none), `place` in words, `text` and `fix`.
    """
    parts = _parts(fault.location)
    return {
        "severity": "error" if fault.code else "warning",
        "code": fault.code,
        "condition": CONDITIONS.get(fault.code, ""),
        "location": fault.location,
        **parts,
        "place": _place(fault.location, parts),
        "text": fault.text,
        "fix": fault.hint,
    }


def sentence(fault: Fault) -> str:
    """Say where and what in one line, and what to do about it."""
    place = fault_in_words(fault)["place"]
    text = f"{place}: {fault.text.rstrip('.')}." if place else f"{fault.text.rstrip('.')}."
    return f"{text} {fault.hint}".rstrip()


def _parts(location: str) -> dict[str, Any]:
    """Take an HL7 error location apart (ERL, HL7 v2.5.1 §2.15.5.2); a JSON key has only a field."""
    names = ("segment_number", "field", "repetition", "component", "subcomponent")
    segment, *rest = location.split("^")
    if not rest and not _is_segment(segment):
        return {"segment": None, **dict.fromkeys(names), "field": segment or None}
    numbers = [int(part) if part.isascii() and part.isdigit() and len(part) < 7 else None for part in rest[:5]]
    return {"segment": segment, **dict(zip(names, [*numbers, *[None] * 5], strict=False))}


def _is_segment(name: str) -> bool:
    return len(name) == 3 and name.isascii() and name.isalnum() and name.isupper()


def _place(location: str, parts: Mapping[str, Any]) -> str:
    segment, field = parts["segment"], parts["field"]
    if segment is None:
        return location
    said = f"{segment}-{field}" if field else f"segment {segment}"
    name = _FIELD_NAMES.get(segment, {}).get(field or 0)
    if name:
        said += f" ({name})"
    for part, usual in (("repetition", 1), ("component", None), ("subcomponent", None)):
        if parts[part] and parts[part] != usual:
            said += f", {part} {parts[part]}"
    if (parts["segment_number"] or 1) > 1:
        said += f", in {segment} number {parts['segment_number']}"
    return said
