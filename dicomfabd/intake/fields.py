"""HL7 data types read into our words: names, identifiers, times, codes, quantities."""

from collections.abc import Iterator
from datetime import date, datetime

from dicomfabd.domain.order import Code
from dicomfabd.intake.er7 import Segment, parse_dtm

_NAME_GROUPS = {"A": 0, "": 0, "I": 1, "P": 2}  # XPN-8 name representation → PN component group
_SEXES = {"F": "F", "M": "M", "O": "O", "A": "O", "N": "O"}
_PRIORITIES = {"S": "STAT", "A": "HIGH", "P": "HIGH", "C": "HIGH", "R": "ROUTINE", "T": "MEDIUM"}
_UNITS = {"kg": 1.0, "g": 0.001, "lb": 0.45359237, "m": 1.0, "cm": 0.01, "in": 0.0254}


def first(*values: str) -> str:
    """Give the first value that is not empty."""
    return next((value for value in values if value), "")


def patient_name(segment: Segment, position: int) -> str:
    """Read an XPN field as DICOM PN.

    HL7 orders the components family, given, middle, suffix, prefix, degree; DICOM wants prefix before suffix.
    Repetitions with another representation become the ideographic and phonetic groups (PS3.5 §6.2.1).
    """
    groups = ["", "", ""]
    for repetition in segment.repetitions(position):
        index = _NAME_GROUPS.get(segment.part(repetition, 8), 0)
        name = _components(segment, repetition, first=1)
        is_better = segment.part(repetition, 7) == "L" and index == 0
        if name and (not groups[index] or is_better):
            groups[index] = name
    return "=".join(groups).rstrip("=")


def person_name(segment: Segment, position: int) -> str:
    """Read an XCN or CN field as DICOM PN; its first component is an identifier."""
    repetitions = segment.repetitions(position)
    return _components(segment, repetitions[0], first=2) if repetitions else ""


def identifiers(segment: Segment, position: int) -> Iterator[tuple[str, str, str]]:
    """Give (value, authority, type) of each filled repetition of a CX field."""
    for repetition in segment.repetitions(position):
        value = segment.part(repetition, 1)
        if value:
            authority = segment.part(repetition, 4, 1) or segment.part(repetition, 4, 2)
            yield value, authority, segment.part(repetition, 5)


def code(segment: Segment, position: int) -> Code:
    """Read a CE or CWE field; the alternate triplet counts where the first is empty."""
    first = Code(*(segment.component(position, component) for component in (1, 2, 3)))
    if first.value or first.meaning:
        return first
    return Code(*(segment.component(position, component) for component in (4, 5, 6)))


def alternate_code(segment: Segment, position: int) -> Code:
    """Read the alternate triplet of a CE or CWE field."""
    return Code(*(segment.component(position, component) for component in (4, 5, 6)))


def birth_date(value: str) -> str:
    """Give `YYYYMMDD`, or an empty string for a date that is partly known or none at all."""
    try:
        date.fromisoformat(f"{value[:4]}-{value[4:6]}-{value[6:8]}")
    except ValueError:
        return ""
    return value[:8]


def sex(value: str) -> str:
    """Give DICOM PatientSex for HL7 table 0001."""
    return _SEXES.get(value[:1].upper(), "")


def priority(value: str) -> str:
    """Give RequestedProcedurePriority for TQ1-9 or ORC-7.6 (HL7 table 0485)."""
    return _PRIORITIES.get(value[:1].upper(), "ROUTINE")


def moment(value: str) -> datetime | None:
    """Read a time; junk reads as none."""
    return parse_dtm(value) if value else None


def quantity(value: str, unit: str) -> float | None:
    """Give a weight in kilograms or a length in metres."""
    factor = _UNITS.get(unit.strip("[]").lower())
    try:
        return round(float(value) * factor, 3) if factor else None
    except ValueError:
        return None


def _components(segment: Segment, repetition: str, first: int) -> str:
    family = segment.part(repetition, first, 1) or segment.part(repetition, first)
    given, middle, suffix, prefix, degree = (segment.part(repetition, first + offset) for offset in range(1, 6))
    # A caret or an equals sign inside a value would start a new component or group.
    parts = [part.replace("^", " ").replace("=", " ") for part in (family, given, middle, prefix, f"{suffix} {degree}")]
    return "^".join(part.strip() for part in parts).rstrip("^")
