"""Values that come from a sender, made fit for DICOM without losing the reason."""

from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from operator import attrgetter, le
from typing import Final

from dicomfabd.domain.errors import Fault
from dicomfabd.domain.patient import Patient, Visit
from dicomfabd.domain.servable import is_long_string

PN_GROUP_LENGTH: Final = 64  # PS3.5 §6.2: PN, per component group
PN_COMPONENTS: Final = 5  # of a group


_PATIENT_TEXTS = (
    ("issuer_of_patient_id", 64),
    ("patient_address", 64),
    ("patient_comments", 1024),
    ("allergies", 64),
    ("medical_alerts", 64),
    ("patient_telephone", 16),
    ("ethnic_group", 16),
    ("issuer_universal_id", 64),
    ("patient_primary_language", 16),
    ("patient_species", 64),
    ("patient_breed", 64),
)
_PATIENT_NAMES = ("patient_mother_birth_name", "responsible_person")
_VISIT_TEXTS = tuple(item.name for item in fields(Visit))
# Looked at together: nearly every patient and visit may stay as it is.
_ALL_OF_PATIENT: Final = attrgetter(*[attribute for attribute, _ in _PATIENT_TEXTS])
_ALL_OF_VISIT: Final = attrgetter(*_VISIT_TEXTS)
_LENGTHS_OF_PATIENT: Final = tuple(length for _, length in _PATIENT_TEXTS)


class Cleaner:
    """Makes values fit their DICOM value representation and keeps a list of what it had to do.

    Control characters and backslashes (PS3.5 §6.4, the value separator) never pass.
    """

    def __init__(self, where: Callable[[str], str], values: Iterable[str] = ()) -> None:
        """Remember where each attribute stood in the message.

        Args:
            where: Attribute name → location, for faults and warnings.
            values: All values that will be asked for, if known: one look at all of them spares a look at each.
        """
        self._where = where
        joined = "|".join(values)
        self._are_clean = bool(joined) and _is_clean(joined)
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []

    def refuse(self, code: int, attribute: str, text: str, hint: str = "") -> None:
        """Note a fault that makes the order unusable."""
        self.faults.append(Fault(code, self._where(attribute), text, hint))

    def warn(self, attribute: str, text: str) -> None:
        """Note what was mended."""
        self.warnings.append(Fault(0, self._where(attribute), text))

    @staticmethod
    def is_plain(value: str) -> bool:
        """True when a value may stand in a DICOM string as it is."""
        return value.isprintable() and "\\" not in value

    def text(self, attribute: str, value: str, length: int) -> str:
        """Give a one-line text of at most `length` characters; what is cut is noted."""
        if not value or (self._are_clean and len(value) <= length):
            return value
        plain = _one_line(value)
        if len(plain) > length:
            self.warn(attribute, f"is longer than {length} characters and was cut")
        return plain[:length].rstrip()

    def name(self, attribute: str, value: str) -> str:
        """Give a DICOM PN of up to three component groups, of 64 characters and five components each."""
        if not value or (self._are_clean and _is_short_name(value)):
            return value
        groups = [_five_components(_one_line(group)) for group in value.split("=")[:3]]
        if any(len(group) > PN_GROUP_LENGTH for group in groups):
            self.warn(attribute, f"is longer than {PN_GROUP_LENGTH} characters and was cut")
        return "=".join(group[:PN_GROUP_LENGTH].rstrip("^ ") for group in groups).rstrip("=")

    def names(self, attribute: str, values: tuple[str, ...]) -> tuple[str, ...]:
        """Give those of several names that are any, each a DICOM PN."""
        return tuple([name for value in values if (name := self.name(attribute, value))]) if values else ()

    def visit(self, visit: Visit) -> Visit:
        """Give a visit whose texts fit (LO, 64 characters)."""
        if self._are_clean and max(map(len, _ALL_OF_VISIT(visit))) <= PN_GROUP_LENGTH:
            return visit
        texts = {name: getattr(visit, name) for name in _VISIT_TEXTS}
        cleaned = {name: self.text(name, value, PN_GROUP_LENGTH) for name, value in texts.items() if value}
        return visit if all(texts[name] == value for name, value in cleaned.items()) else replace(visit, **cleaned)

    def patient(self, patient: Patient) -> Patient:
        """Give a patient with an ID and a name that a worklist may serve (type 1, PS3.4 K.6.1.2.2)."""
        if self._are_clean and _fits(patient):
            return patient
        patient_id = patient.patient_id.strip()
        if not patient_id:
            self.refuse(101, "patient_id", "the patient has no identifier", "Fill PID-3.")
        elif len(patient_id) > PN_GROUP_LENGTH or not self.is_plain(patient_id):
            self.refuse(102, "patient_id", "is not a DICOM patient ID (LO: at most 64 characters, no backslash)")
        name = self.name("patient_name", patient.patient_name)
        if not name.replace("^", "").replace("=", ""):
            self.warn("patient_name", "is empty; UNKNOWN stands for it")
            name = "UNKNOWN"
        cleaned = {
            attribute: self.text(attribute, getattr(patient, attribute), length) for attribute, length in _PATIENT_TEXTS
        }
        cleaned |= {attribute: self.name(attribute, getattr(patient, attribute)) for attribute in _PATIENT_NAMES}
        others = tuple(filter(is_long_string, patient.other_patient_ids))
        if others != patient.other_patient_ids:
            # Cut or cleaned it would be somebody else's.
            self.warn("patient_id", "another of the patient's identifiers does not fit (LO) and was left out")
        return replace(patient, patient_id=patient_id, patient_name=name, other_patient_ids=others, **cleaned)  # type: ignore[arg-type] # these keys hold texts


def _fits(patient: Patient) -> bool:
    """Tell whether a patient whose texts are clean may stay as it is; nearly every one may."""
    if not 0 < len(patient.patient_id) <= PN_GROUP_LENGTH or not patient.patient_name:
        return False
    names = (patient.patient_name, patient.patient_mother_birth_name, patient.responsible_person)
    return (
        all(map(le, map(len, _ALL_OF_PATIENT(patient)), _LENGTHS_OF_PATIENT))
        and all(map(_is_short_name, filter(None, names)))
        and max(map(len, patient.other_patient_ids), default=0) <= PN_GROUP_LENGTH
    )


def _is_short_name(value: str) -> bool:
    return len(value) <= PN_GROUP_LENGTH and value.count("^") < PN_COMPONENTS and "=" not in value


def _five_components(group: str) -> str:
    if group.count("^") < PN_COMPONENTS:
        return group
    components = group.split("^")
    # More than five are none of DICOM's; the last takes what follows, so that nothing is lost.
    last = " ".join(filter(None, components[PN_COMPONENTS - 1 :]))
    return "^".join([*components[: PN_COMPONENTS - 1], last])


def _is_clean(joined: str) -> bool:
    return (
        joined.isprintable()
        and "\\" not in joined
        and "  " not in joined
        and " |" not in joined
        and "| " not in joined
        and "^|" not in joined
        and not joined.endswith((" ", "^"))
        and joined[0] != " "
    )


def _one_line(value: str) -> str:
    if value.isprintable() and "\\" not in value:
        if "  " not in value and value[:1] != " " and value[-1:] != " ":
            return value
        return " ".join(value.split())
    return " ".join("".join(c if c.isprintable() and c != "\\" else " " for c in value).split())
