"""Whether an order may be served: what a strict modality would choke on in its worklist items.

Such a modality aborts the association at the first attribute that is empty and must not be (type 1, PS3.4 Table K.6-1)
or does not fit its value representation (PS3.5 §6.2): one bad item costs it the whole list.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from dicomfabd.domain.errors import Fault
from dicomfabd.domain.order import Order, Step

_LARGEST_MEASURE: Final = 1_000_000  # what six digits can say
_FIRST_YEAR: Final = 1000  # of four digits
_PREGNANCY_STATUSES: Final = (None, 1, 2, 3, 4)

# Every text is kept on one line, long ones too; so the values of an item can be matched as lines.
_OF_TEXT: Final = r"[^\x00-\x1f\\\x7f-\x9f\ud800-\udfff]"
_OF_NAME: Final = r"[^\x00-\x1f\\\x7f-\x9f\ud800-\udfff^=]"
_NAME_GROUP: Final = rf"(?![^=\n]{{65}}){_OF_NAME}*+(?:\^{_OF_NAME}*+){{0,4}}+"
_DAY: Final = "[0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_HOUR_AND_MINUTE: Final = "(?:[01][0-9]|2[0-3])[0-5][0-9]"
_IS_FILLED: Final = r"(?=[^\n]*[^\n ])"
_IS_NAMED: Final = r"(?=[^\n]*[^\n ^=])"


@dataclass(frozen=True, slots=True)
class _Form:
    """What a value has to be: a pattern for the whole of it, and its words.

    Attributes:
        code: HL7 table 0357, of a value that is something else.
    """

    said: str
    pattern: str
    code: int = 102


def _text(name: str, vr: str, length: int) -> _Form:
    said = f"{name} ({vr}: at most {length} characters on one line, no backslash)"
    return _Form(said, f"{_OF_TEXT}{{0,{length}}}+")


def _one_of(*words: str) -> _Form:
    return _Form(f"{', '.join(words[:-1])} or {words[-1]}", f"(?:{'|'.join(words)})?", 103)


_AE: Final = _Form("an AE title (AE: 1 to 16 ASCII characters, no backslash)", r"(?! *$)[ -\[\]-~]{1,16}")
_CS: Final = _Form("a code (CS: at most 16 capitals, digits, spaces, underscores)", "[A-Z0-9_ ]{0,16}")
_SH: Final = _text("a short string", "SH", 16)
_LO: Final = _text("a long string", "LO", 64)
_ST: Final = _text("a short text", "ST", 1024)
_LT: Final = _text("a long text", "LT", 10240)
_PN: Final = _Form(
    "a person's name (PN: 3 groups of at most 64 characters, 5 components each)",
    f"{_NAME_GROUP}(?:={_NAME_GROUP}){{0,2}}",
)
_DA: Final = _Form("a date (DA: YYYYMMDD)", f"(?:{_DAY})?")
_TM: Final = _Form("a time (TM: HHMMSS)", f"(?:{_HOUR_AND_MINUTE}[0-5][0-9])?")
_UI: Final = _Form(
    "a UID (UI: at most 64 digits and dots, no leading zeros)", r"(?![0-9.]{65})[0-2](?:\.(?:0|[1-9][0-9]*))+"
)
_DS: Final = _Form("a decimal number (DS: at most 16 characters)", "")
_PREGNANCY: Final = _Form("1, 2, 3 or 4 (US)", "", 103)
_SEX: Final = _one_of("F", "M", "O")
_NEUTERED: Final = _one_of("ALTERED", "UNALTERED")
_PRIORITY: Final = _one_of("STAT", "HIGH", "ROUTINE", "MEDIUM", "LOW")


@dataclass(frozen=True, slots=True)
class _Attribute:
    """An attribute of an item that is one text.

    Attributes:
        path: Of its value, from the order or the step.
        where: What faults call it.
        is_required: Type 1, or the one of a type 1C pair that has to have a value.
    """

    keyword: str
    path: str
    where: str
    form: _Form
    is_required: bool = False

    @property
    def pattern(self) -> str:
        """Match every value it may have."""
        if not self.is_required:
            return self.form.pattern
        return (_IS_NAMED if self.form is _PN else _IS_FILLED) + self.form.pattern

    def fault(self, value: str, suffix: str = "") -> Fault | None:
        """Say what is wrong with a value, if anything."""
        if re.fullmatch(self.pattern, value):
            return None
        if self.is_required and not value.strip(" ^=" if self.form is _PN else " "):
            return _missing(self.keyword + suffix, self.where)
        return _misfit(self.keyword + suffix, self.where, self.form)


class _Texts:
    """Attributes that are looked at together, which nearly always is enough."""

    def __init__(self, *attributes: _Attribute) -> None:
        self._attributes = attributes
        self._values: attrgetter[tuple[str, ...]] = attrgetter(*[attribute.path for attribute in attributes])
        self._form = re.compile("\n".join([attribute.pattern for attribute in attributes]))

    def fit(self, item: Order | Step) -> bool:
        """Tell whether every value is as it has to be."""
        return self._form.fullmatch("\n".join(self._values(item))) is not None

    def faults(self, item: Order | Step, suffix: str = "") -> Iterator[Fault]:
        """Say what is wrong with each value that is not."""
        for attribute, value in zip(self._attributes, self._values(item), strict=True):
            if fault := attribute.fault(value, suffix):
                yield fault


_OF_ORDER: Final = _Texts(
    _Attribute("PatientID", "patient.patient_id", "patient_id", _LO, is_required=True),
    _Attribute("PatientName", "patient.patient_name", "patient_name", _PN, is_required=True),
    _Attribute("IssuerOfPatientID", "patient.issuer_of_patient_id", "issuer_of_patient_id", _LO),
    _Attribute("PatientBirthDate", "patient.patient_birth_date", "patient_birth_date", _DA),
    _Attribute("PatientBirthTime", "patient.patient_birth_time", "patient_birth_date", _TM),
    _Attribute("PatientSex", "patient.patient_sex", "patient_sex", _SEX),
    _Attribute("PatientSexNeutered", "patient.patient_sex_neutered", "patient_sex", _NEUTERED),
    _Attribute("PatientMotherBirthName", "patient.patient_mother_birth_name", "patient_mother_birth_name", _PN),
    _Attribute("EthnicGroup", "patient.ethnic_group", "ethnic_group", _SH),
    _Attribute("PatientAddress", "patient.patient_address", "patient_address", _LO),
    _Attribute("PatientTelephoneNumbers", "patient.patient_telephone", "patient_telephone", _SH),
    _Attribute("Allergies", "patient.allergies", "allergies", _LO),
    _Attribute("MedicalAlerts", "patient.medical_alerts", "medical_alerts", _LO),
    _Attribute("PatientComments", "patient.patient_comments", "patient_comments", _LT),
    _Attribute(
        "PatientPrimaryLanguageCodeSequence", "patient.patient_primary_language", "patient_primary_language", _SH
    ),
    _Attribute("PatientSpeciesDescription", "patient.patient_species", "patient_species", _LO),
    _Attribute("PatientBreedDescription", "patient.patient_breed", "patient_breed", _LO),
    _Attribute("ResponsiblePerson", "patient.responsible_person", "responsible_person", _PN),
    _Attribute("AdmissionID", "visit.admission_id", "admission_id", _LO),
    _Attribute("IssuerOfAdmissionIDSequence", "visit.issuer_of_admission_id", "admission_id", _LO),
    _Attribute("CurrentPatientLocation", "visit.current_patient_location", "current_patient_location", _LO),
    _Attribute("PatientState", "visit.patient_state", "patient_state", _LO),
    _Attribute("SpecialNeeds", "visit.special_needs", "special_needs", _LO),
    _Attribute(
        "ConfidentialityConstraintOnPatientDataDescription",
        "visit.confidentiality_constraint",
        "confidentiality_constraint",
        _LO,
    ),
    _Attribute("AccessionNumber", "accession_number", "accession_number", _SH),
    _Attribute("StudyInstanceUID", "study_instance_uid", "study_instance_uid", _UI, is_required=True),
    _Attribute("RequestedProcedureID", "requested_procedure_id", "requested_procedure_id", _SH, is_required=True),
    # Of the type 1C pair: a code could only be served with its meaning, and that is the description.
    _Attribute("RequestedProcedureDescription", "procedure.meaning", "procedure", _LO, is_required=True),
    _Attribute("RequestedProcedureCodeSequence", "procedure.value", "procedure", _LO),
    _Attribute("RequestedProcedureCodeSequence", "procedure.scheme", "procedure", _LO),
    _Attribute("RequestedProcedurePriority", "priority", "priority", _PRIORITY),
    _Attribute("ReferringPhysicianName", "referring_physician", "referring_physician", _PN),
    _Attribute("RequestingPhysician", "requesting_physician", "requesting_physician", _PN),
    _Attribute("RequestingService", "requesting_service", "requesting_service", _LO),
    _Attribute("ReasonForTheRequestedProcedure", "reason", "reason", _LO),
    _Attribute("RequestedProcedureComments", "comments", "comments", _LT),
    _Attribute("PlacerOrderNumberImagingServiceRequest", "placer_order_number", "placer_order_number", _LO),
    _Attribute("FillerOrderNumberImagingServiceRequest", "filler_order_number", "filler_order_number", _LO),
    _Attribute("InstitutionName", "institution_name", "institution_name", _LO),
    _Attribute("InstitutionAddress", "institution_address", "institution_address", _ST),
    _Attribute("InstitutionalDepartmentName", "department", "department", _LO),
    _Attribute("ConfidentialityCode", "confidentiality", "confidentiality", _LO),
    _Attribute("PatientTransportArrangements", "patient_transport", "patient_transport", _LO),
)
_OF_STEP: Final = _Texts(
    _Attribute("ScheduledProcedureStepID", "scheduled_procedure_step_id", "step_id", _SH, is_required=True),
    _Attribute("Modality", "modality", "modality", _CS, is_required=True),
    _Attribute("ScheduledProcedureStepDescription", "description", "procedure", _LO),
    _Attribute("ScheduledProtocolCodeSequence", "protocol_code.value", "procedure", _LO),
    _Attribute("ScheduledProtocolCodeSequence", "protocol_code.scheme", "procedure", _LO),
    _Attribute("ScheduledProtocolCodeSequence", "protocol_code.meaning", "procedure", _LO),
    _Attribute("ScheduledPerformingPhysicianName", "performing_physician", "performing_physician", _PN),
    _Attribute("ScheduledStationName", "station_name", "station_name", _SH),
    _Attribute("ScheduledProcedureStepLocation", "location", "location", _SH),
    _Attribute("WorklistLabel", "worklist_label", "worklist_label", _LO),
)
_IS_AE: Final = re.compile(_AE.pattern).fullmatch
_IS_LO: Final = re.compile(_IS_FILLED + _LO.pattern).fullmatch
_IS_NAME: Final = re.compile(_IS_NAMED + _PN.pattern).fullmatch
_IS_MODALITY: Final = re.compile(_IS_FILLED + _CS.pattern).fullmatch


def problems(order: Order) -> tuple[Fault, ...]:
    """Say what a strict modality would choke on in any of an order's items.

    Returns:
        Nothing for an order that may be served, within microseconds; else every fault, its location being what
        `OrderDraft.where` takes.

    Standard: PS3.4 Table K.6-1 (types 1 and 1C), PS3.5 §6.2 (value representations), PS3.3 C.2.4 (PregnancyStatus).
    """
    if _OF_ORDER.fit(order) and all(map(_OF_STEP.fit, order.steps)):
        faults = [*_other_faults(order)]
    else:
        faults = [*_text_faults(order), *_other_faults(order)]
    return tuple(dict.fromkeys(faults)) if faults else ()


def _text_faults(order: Order) -> Iterator[Fault]:
    yield from _OF_ORDER.faults(order)
    for number, step in enumerate(order.steps, start=1):
        yield from _OF_STEP.faults(step, f" of step {number}" if len(order.steps) > 1 else "")


def _other_faults(order: Order) -> Iterator[Fault]:
    patient, steps = order.patient, order.steps
    if not _is_measure(patient.patient_size):
        yield _misfit("PatientSize", "patient_size", _DS)
    if not _is_measure(patient.patient_weight):
        yield _misfit("PatientWeight", "patient_weight", _DS)
    if patient.pregnancy_status not in _PREGNANCY_STATUSES:
        yield _misfit("PregnancyStatus", "pregnancy_status", _PREGNANCY)
    for other in patient.other_patient_ids:
        if not is_long_string(other):
            yield _misfit("OtherPatientIDsSequence", "patient_id", _LO)
    for name in order.names_of_intended_recipients_of_results:
        if not _IS_NAME(name):
            yield _misfit("NamesOfIntendedRecipientsOfResults", "names_of_intended_recipients_of_results", _PN)
    if not steps:
        yield _missing("ScheduledProcedureStepSequence", "procedure")
    if len(steps) > 1 and len({step.scheduled_procedure_step_id for step in steps}) < len(steps):
        text = "ScheduledProcedureStepID is that of two steps, and a modality knows a step by it alone"
        yield Fault(102, "step_id", text, "Give each step an ID of its own.")
    for step in steps:
        yield from _step_faults(step)


def _step_faults(step: Step) -> Iterator[Fault]:
    if not step.station_ae_titles:
        yield _missing("ScheduledStationAETitle", "station")
    for title in step.station_ae_titles:
        if not is_ae_title(title):
            yield _misfit("ScheduledStationAETitle", "station", _AE)
    if step.scheduled_at.year < _FIRST_YEAR:
        yield _misfit("ScheduledProcedureStepStartDate", "scheduled_at", _DA)
    if not step.description and not step.protocol_code.is_complete:
        yield _missing("ScheduledProcedureStepDescription", "procedure")


def is_ae_title(value: str) -> bool:
    """Tell whether a modality can be called so (PS3.5 §6.2: AE)."""
    return _IS_AE(value) is not None


def is_modality(value: str) -> bool:
    """Tell whether a value may stand as Modality: a code string (PS3.5 §6.2: CS), and not an empty one."""
    return _IS_MODALITY(value) is not None


def is_long_string(value: str) -> bool:
    """Tell whether a value is one a long string may have (PS3.5 §6.2: LO), and not an empty one."""
    return _IS_LO(value) is not None


def _is_measure(value: float | None) -> bool:
    return value is None or 0 <= value < _LARGEST_MEASURE


def _missing(what: str, where: str) -> Fault:
    return Fault(101, where, f"{what} is empty, and no modality takes an item without it (type 1)", "Send a value.")


def _misfit(what: str, where: str, form: _Form) -> Fault:
    return Fault(form.code, where, f"{what} is not {form.said}", "Send it in this form.")
