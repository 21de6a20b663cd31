"""HL7 data types read into our words: names, identifiers, times, codes, quantities."""

from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from dicomfabd.domain.order import Code
from dicomfabd.intake.er7 import Segment
from dicomfabd.intake.values import Delimiters, parse_dtm, text_of

_NAME_GROUPS = {"A": 0, "": 0, "I": 1, "P": 2}  # XPN-8 name representation → PN component group
_SEXES = {"F": "F", "M": "M", "O": "O", "A": "O", "N": "O"}
_PRIORITIES = {"S": "STAT", "A": "HIGH", "P": "HIGH", "C": "HIGH", "R": "ROUTINE", "T": "MEDIUM"}
_UNITS = {"kg": 1.0, "g": 0.001, "lb": 0.45359237, "m": 1.0, "cm": 0.01, "in": 0.0254}
_NO_CODE: Final = Code()
LONGEST_REMEMBERED: Final = 512


def first(*values: str) -> str:
    """Give the first value that is not empty."""
    return next((value for value in values if value), "")


def patient_name(segment: Segment, position: int) -> str:
    """Read an XPN field as DICOM PN.

    HL7 orders the components family, given, middle, suffix, prefix, degree; DICOM wants prefix before suffix.
    Repetitions with another representation become the ideographic and phonetic groups (PS3.5 §6.2.1).
    """
    value = segment.raw(position)
    if not value:
        return ""
    d = segment.delimiters
    if d.repetition not in value:
        parts = value.split(d.component)
        if len(parts) < 8:
            return _name(parts, 0, d)
    groups = ["", "", ""]
    is_legal = False
    for repetition in value.split(d.repetition):
        parts = repetition.split(d.component)
        kind, representation = (*parts[6:8], "", "")[:2] if len(parts) > 6 else ("", "")
        index = _NAME_GROUPS.get(text_of(representation, d).upper(), 0)
        name = _name(parts, 0, d)
        if name and (not groups[index] or (index == 0 and kind == "L" and not is_legal)):
            groups[index] = name
            is_legal = is_legal or (index == 0 and kind == "L")
    return "=".join(groups).rstrip("=")


def person_name(segment: Segment, position: int) -> str:
    """Read an XCN or CN field as DICOM PN; its first component is an identifier."""
    value = segment.raw(position)
    return _person(value, segment.delimiters)[1] if value else ""


def person_names(segment: Segment, position: int) -> tuple[str, ...]:
    """Read every repetition of an XCN or CN field as DICOM PN."""
    repetitions = segment.repetitions(position)
    return tuple([_person(repetition, segment.delimiters)[1] for repetition in repetitions]) if repetitions else ()


def performer_name(segment: Segment, position: int) -> str:
    """Read an NDL field: its first component is a name with an identifier before it, cut by sub-components (CNN)."""
    d = segment.delimiters
    repetition = segment.raw(position).split(d.repetition, 1)[0]
    if not d.subcomponent or d.subcomponent not in repetition:
        return person_name(segment, position)
    return _name(repetition.split(d.component, 1)[0].split(d.subcomponent), 1, d)


def person_id(segment: Segment, position: int) -> str:
    """Read the identifier of an XCN or CN field."""
    value = segment.raw(position)
    return _person(value, segment.delimiters)[0] if value else ""


def identifiers(segment: Segment, position: int) -> Iterator[tuple[str, str, str, str]]:
    """Give (value, authority, universal ID of the authority, type) of each filled repetition of a CX field."""
    value = segment.raw(position)
    if not value:
        return
    d = segment.delimiters
    for repetition in value.split(d.repetition):
        parts = repetition.split(d.component)
        identifier = text_of(parts[0], d)
        if not identifier:
            continue
        if len(parts) < 4:
            yield identifier, "", "", ""
            continue
        authority = parts[3].split(d.subcomponent) if d.subcomponent else [parts[3]]
        universal = text_of(authority[1], d) if len(authority) > 1 else ""
        kind = text_of(parts[4], d) if len(parts) > 4 else ""
        yield identifier, text_of(authority[0], d) or universal, universal, kind


def code(segment: Segment, position: int) -> Code:
    """Read a CE or CWE field; the alternate triplet counts where the first is empty."""
    value = segment.raw(position)
    return _codes(value, segment.delimiters)[0] if value else _NO_CODE


def alternate_code(segment: Segment, position: int) -> Code:
    """Read the alternate triplet of a CE or CWE field."""
    value = segment.raw(position)
    return _codes(value, segment.delimiters)[1] if value else _NO_CODE


def whole_date(value: str) -> str:
    """Give `YYYYMMDD`, or an empty string for a date that is partly known or none at all."""
    try:
        date.fromisoformat(f"{value[:4]}-{value[4:6]}-{value[6:8]}")
    except ValueError:
        return ""
    return value[:8]


def time_of_day(value: str) -> str:
    """Give `HHMMSS` of a time stamp that has one, or an empty string."""
    moment = parse_dtm(value) if len(value) > 8 else None
    return f"{moment:%H%M%S}" if moment else ""


def sex(value: str) -> str:
    """Give DICOM PatientSex for HL7 table 0001."""
    return _SEXES.get(value[:1].upper(), "")


def priority(value: str) -> str:
    """Give RequestedProcedurePriority for TQ1-9 or ORC-7.6 (HL7 table 0485)."""
    return _PRIORITIES.get(value[:1].upper(), "ROUTINE")


def moment(value: str) -> datetime | None:
    """Read a time; junk reads as none, and so does a year that DICOM could not write (DA: four digits)."""
    moment = parse_dtm(value) if value else None
    return moment if moment is None or moment.year > 999 else None


def quantity(value: str, unit: str) -> float | None:
    """Give a weight in kilograms or a length in metres."""
    factor = _UNITS.get(unit.strip("[]").lower())
    try:
        amount = float(value) * factor if factor else None
    except ValueError:
        return None
    return round(amount, 3) if amount is not None and 0 < amount < 1000 else None


def _person(value: str, d: Delimiters) -> tuple[str, str]:
    return _remembered_person(value, d) if len(value) <= LONGEST_REMEMBERED else _read_person(value, d)


def _codes(value: str, d: Delimiters) -> tuple[Code, Code]:
    return _remembered_codes(value, d) if len(value) <= LONGEST_REMEMBERED else _read_codes(value, d)


def _read_person(value: str, d: Delimiters) -> tuple[str, str]:
    parts = value.split(d.repetition, 1)[0].split(d.component)
    return text_of(parts[0], d), _name(parts, 1, d)


def _read_codes(value: str, d: Delimiters) -> tuple[Code, Code]:
    parts = [text_of(part, d) for part in value.split(d.repetition, 1)[0].split(d.component)[:6]]
    parts += [""] * (6 - len(parts))
    alternate = Code(*parts[3:])
    return Code(*parts[:3]) if parts[0] or parts[1] else alternate, alternate


# The same physicians and procedures come again and again; a patient's name does not.
_remembered_person: Final = lru_cache(maxsize=4096)(_read_person)
_remembered_codes: Final = lru_cache(maxsize=4096)(_read_codes)


def _name(parts: list[str], offset: int, d: Delimiters) -> str:
    """Make a PN of family, given, middle, suffix, prefix, degree, which begin at `offset`."""
    mine = parts[offset : offset + 6]
    joined = "^".join(mine)
    if not d.is_plain or "=" in joined or " ^" in joined or "^ " in joined or joined[:1] == " " or d.component != "^":
        mine = [_name_part(part, d) if part else "" for part in mine]
    mine += _BLANKS[len(mine) :]
    family, given, middle, suffix, prefix, degree = mine
    if d.subcomponent and d.subcomponent in family:
        # FN: the surname is its first sub-component; the others repeat it in pieces.
        family = _name_part(parts[offset].split(d.subcomponent)[0], d) or family
    if degree:
        suffix = f"{suffix} {degree}"
    return f"{family}^{given}^{middle}^{prefix}^{suffix}".rstrip("^ ")


_BLANKS: Final = [""] * 6


def _name_part(part: str, d: Delimiters) -> str:
    text = text_of(part, d)
    # A caret or an equals sign inside a value would start a new component or group.
    if "^" in text or "=" in text:
        return text.replace("^", " ").replace("=", " ")
    return text
