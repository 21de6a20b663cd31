"""What a strict modality would choke on: found in an order, mended in a draft, refused where it cannot be."""

from dataclasses import fields, replace
from datetime import datetime

import pytest

from dicomfabd.domain.draft import Choices, OrderDraft, StepDraft, build_order, short_id
from dicomfabd.domain.errors import Unservable
from dicomfabd.domain.order import Code
from dicomfabd.domain.patient import Patient, Visit
from dicomfabd.domain.servable import problems
from tests.builders import NOON, a_draft, an_order

CHOICES = Choices(lambda _procedure, _service: "OT")
LONG = "X" * 65


def test_an_order_as_senders_place_them_may_be_served():
    """With everything filled that is checked, in any script."""
    patient = Patient(
        "P1",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
        other_patient_ids=("P2",),
        patient_birth_date="19800229",
        patient_birth_time="235959",
        patient_sex="O",
        patient_size=1.75,
        patient_weight=0.5,
        pregnancy_status=4,
        patient_sex_neutered="ALTERED",
    )
    steps = (StepDraft("CT", "CT", NOON, ("CT 1", "[ct-2]"), protocol_code=Code("1", "one", "L"), location="Süd"),)

    order = an_order(patient=patient, steps=steps, requested_procedure_id="=", institution_address="é" * 1024)

    assert () == problems(order)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"patient_id": ""}, 101, "PatientID is empty"),
        ({"patient_id": " "}, 101, "PatientID is empty"),
        ({"patient_id": LONG}, 102, "PatientID is not a long string"),
        ({"patient_id": "A\\B"}, 102, "PatientID is not"),
        ({"patient_name": "^=^"}, 101, "PatientName is empty"),
        ({"patient_name": "A^B^C^D^E^F"}, 102, "PatientName is not a person's name"),
        ({"patient_name": f"A={LONG}"}, 102, "PatientName is not"),
        ({"patient_name": "A=B=C=D"}, 102, "PatientName is not"),
        ({"patient_name": "A\\B"}, 102, "PatientName is not"),
        ({"patient_mother_birth_name": LONG}, 102, "PatientMotherBirthName is not"),
        ({"patient_birth_date": "1980"}, 102, "PatientBirthDate is not a date"),
        ({"patient_birth_date": "19801301"}, 102, "PatientBirthDate is not a date"),
        ({"patient_birth_time": "2400"}, 102, "PatientBirthTime is not a time"),
        ({"patient_sex": "U"}, 103, "PatientSex is not F, M or O"),
        ({"patient_size": float("nan")}, 102, "PatientSize is not a decimal number"),
        ({"patient_weight": -1.0}, 102, "PatientWeight is not a decimal number"),
        ({"pregnancy_status": 5}, 103, "PregnancyStatus is not 1, 2, 3 or 4"),
        ({"other_patient_ids": ("P2", "A\\B")}, 102, "OtherPatientIDsSequence is not"),
        ({"allergies": "nuts\x1b"}, 102, "Allergies is not"),
        ({"allergies": "nuts\nmilk"}, 102, "Allergies is not"),
        ({"patient_telephone": "1" * 17}, 102, "PatientTelephoneNumbers is not"),
        ({"patient_comments": "\ud800"}, 102, "PatientComments is not"),
    ],
    ids=str,
)
def test_a_patient_a_modality_would_choke_on_is_found(change, code, said):
    """An empty type 1 attribute (101), a value that does not fit its VR (102), one of no enumerated value (103)."""
    order = an_order()

    (fault,) = problems(replace(order, patient=replace(order.patient, **change)))

    assert (code, True) == (fault.code, fault.text.startswith(said)), fault


@pytest.mark.parametrize(
    ("change", "code", "where", "said"),
    [
        (
            {"names_of_intended_recipients_of_results": ("A", "^")},
            102,
            "names_of_intended_recipients_of_results",
            "Names",
        ),
        ({"accession_number": "A" * 17}, 102, "accession_number", "AccessionNumber is not a short string"),
        ({"study_instance_uid": ""}, 101, "study_instance_uid", "StudyInstanceUID is empty"),
        ({"study_instance_uid": "1.02"}, 102, "study_instance_uid", "StudyInstanceUID is not a UID"),
        ({"study_instance_uid": "1." + "2" * 63}, 102, "study_instance_uid", "StudyInstanceUID is not a UID"),
        ({"requested_procedure_id": ""}, 101, "requested_procedure_id", "RequestedProcedureID is empty"),
        ({"procedure": Code("CT1", "", "L")}, 101, "procedure", "RequestedProcedureDescription is empty"),
        ({"procedure": Code("C\\1", "CT", "L")}, 102, "procedure", "RequestedProcedureCodeSequence is not"),
        ({"priority": "SOON"}, 103, "priority", "RequestedProcedurePriority is not STAT, HIGH"),
        ({"referring_physician": "A^B^C^D^E^F"}, 102, "referring_physician", "ReferringPhysicianName is not"),
        ({"comments": "one\ttwo"}, 102, "comments", "RequestedProcedureComments is not a long text"),
        ({"visit": Visit("V\\1")}, 102, "admission_id", "AdmissionID is not"),
        ({"steps": ()}, 101, "procedure", "ScheduledProcedureStepSequence is empty"),
    ],
    ids=str,
)
def test_a_request_a_modality_would_choke_on_is_found(change, code, where, said):
    """And named as the message's reader knows it."""
    (fault,) = problems(replace(an_order(), **change))

    assert (code, where, True) == (fault.code, fault.location, fault.text.startswith(said)), fault


@pytest.mark.parametrize(
    ("change", "code", "where", "said"),
    [
        ({"scheduled_procedure_step_id": ""}, 101, "step_id", "ScheduledProcedureStepID is empty"),
        ({"modality": ""}, 101, "modality", "Modality is empty"),
        ({"modality": "ct"}, 102, "modality", "Modality is not a code"),
        ({"scheduled_at": datetime(999, 1, 1)}, 102, "scheduled_at", "ScheduledProcedureStepStartDate is not a date"),
        ({"station_ae_titles": ()}, 101, "station", "ScheduledStationAETitle is empty"),
        ({"station_ae_titles": ("CT1", "CT\\2")}, 102, "station", "ScheduledStationAETitle is not an AE title"),
        ({"station_ae_titles": ("CT1", " ")}, 102, "station", "ScheduledStationAETitle is not an AE title"),
        ({"station_ae_titles": ("C" * 17,)}, 102, "station", "ScheduledStationAETitle is not an AE title"),
        ({"station_ae_titles": ("CTÄ",)}, 102, "station", "ScheduledStationAETitle is not an AE title"),
        ({"description": ""}, 101, "procedure", "ScheduledProcedureStepDescription is empty"),
        ({"protocol_code": Code("1", "o\\e", "L")}, 102, "procedure", "ScheduledProtocolCodeSequence is not"),
        ({"location": "X" * 17}, 102, "location", "ScheduledProcedureStepLocation is not"),
        ({"worklist_label": "\x00"}, 102, "worklist_label", "WorklistLabel is not"),
    ],
    ids=str,
)
def test_a_step_a_modality_would_choke_on_is_found(change, code, where, said):
    """In whichever step it is."""
    order = an_order()

    (fault,) = problems(replace(order, steps=(replace(order.steps[0], **change),)))

    assert (code, where, True) == (fault.code, fault.location, fault.text.startswith(said)), fault


def test_a_protocol_code_serves_in_place_of_a_description():
    """One of the type 1C pair is enough; a code only if it has value, designator and meaning."""
    order = an_order()

    def described_by(code: Code) -> bool:
        step = replace(order.steps[0], description="", protocol_code=code)
        return problems(replace(order, steps=(step,))) == ()

    assert [True, False, False, False] == [
        described_by(code)
        for code in (Code("1", "one", "L"), Code("1", "one"), Code("1", "", "L"), Code("X" * 17, "one", "L"))
    ]


def test_two_steps_of_one_id_are_found():
    """A modality would take them for one examination."""
    order = an_order(steps=(StepDraft(), StepDraft()))

    (fault,) = problems(replace(order, steps=(order.steps[0], order.steps[0])))

    assert ("step_id", True) == (fault.location, "two steps" in fault.text)


def test_every_problem_is_said_at_once_and_which_step_has_it():
    """So that a sender mends them all before the next try."""
    order = an_order(patient=Patient("P1", "DOE"), steps=(StepDraft(), StepDraft()))
    steps = (order.steps[0], replace(order.steps[1], modality=""))

    accession, modality = problems(replace(order, accession_number="A" * 17, steps=steps))

    assert ("accession_number", "modality") == (accession.location, modality.location)
    assert modality.text.startswith("Modality of step 2 is empty")


@pytest.mark.parametrize(
    ("step", "attribute", "mended", "where"),
    [
        (StepDraft(modality="ct "), "modality", "CT", []),
        (StepDraft(modality="SALA-1"), "modality", "OT", ["modality"]),
        (StepDraft(station_ae_titles=("CT1\\CT2 ", "CT1")), "station_ae_titles", ("CT1", "CT2"), []),
        (StepDraft(station_ae_titles=("CT1", "Röntgen")), "station_ae_titles", ("CT1",), ["station"]),
        (
            StepDraft(modality="CT", station_ae_titles=("ROOM OF THE SCANNER",)),
            "station_ae_titles",
            ("FABCT",),
            ["station"],
        ),
        (StepDraft(modality="C" * 16), "station_ae_titles", ("FAB" + "C" * 13,), []),
        (StepDraft(scheduled_procedure_step_id="S" * 17), "scheduled_procedure_step_id", "A1-1", ["step_id"]),
        (StepDraft(description="\x07"), "description", "CT CHEST W CONTRAST", []),
        (StepDraft(description="CT\\CHEST\x0b"), "description", "CT CHEST", []),
        (StepDraft(protocol_code=Code("1\\", "o\x1bne", "L")), "protocol_code", Code("1", "o ne", "L"), []),
        (StepDraft(performing_physician="A^B^C^D^E^F^G"), "performing_physician", "A^B^C^D^E F G", []),
        (StepDraft(location="ROOM OF THE SCANNER"), "location", "ROOM OF THE SCAN", ["location"]),
    ],
    ids=str,
)
def test_what_can_be_mended_without_lying_is(step, attribute, mended, where):
    """A warning says so where something was lost; what names a thing is left out, never cut into another's name."""
    order, warnings = build_order(a_draft(steps=(step,)), CHOICES)

    assert mended == getattr(order.steps[0], attribute)
    assert where == [warning.location for warning in warnings]


@pytest.mark.parametrize("unfit", ["A\\B", LONG])
def test_an_identifier_that_fits_nowhere_is_left_out(unfit):
    """Of the others a patient has; a part of one would be somebody else's."""
    order, warnings = build_order(a_draft(patient=Patient("P1", "DOE", other_patient_ids=(unfit, "P2"))), CHOICES)

    assert ("P2",) == order.patient.other_patient_ids
    assert ["patient_id"] == [warning.location for warning in warnings]


TEXTS = [
    *[("", field.name) for field in fields(OrderDraft) if field.default == ""],
    *[("visit", field.name) for field in fields(Visit)],
    *[("patient", field.name) for field in fields(Patient) if field.default == ""],
]
NO_TEXTS = {
    "study_instance_uid",
    "sender",  # not shown
    "admitting_date_time",  # read as dates and times, or not at all
    "patient_birth_date",
    "patient_birth_time",
    "patient_sex",
    "patient_sex_neutered",
}


@pytest.mark.parametrize(("owner", "name"), [text for text in TEXTS if text[1] not in NO_TEXTS])
@pytest.mark.parametrize("value", ["A\\B\x1bC", "D" * 1100], ids=["control", "long"])
def test_every_text_is_made_to_fit(owner, name, value):
    """Whichever attribute has a character that DICOM has no place for, or too many."""
    change = {name: value} if not owner else {owner: replace(getattr(a_draft(), owner), **{name: value})}

    order, _ = build_order(a_draft(**change), CHOICES)

    assert () == problems(order)


def test_names_of_recipients_are_made_to_fit():
    """And one that is none is left out."""
    order = an_order(names_of_intended_recipients_of_results=("A\\B^C", "", "^", "D"))

    assert ("A B^C", "D") == order.names_of_intended_recipients_of_results


def test_an_id_of_a_procedure_that_does_not_fit_is_said():
    """The accession number stands for it."""
    order, (warning,) = build_order(a_draft(requested_procedure_id="R" * 17), CHOICES)

    assert ("A1", "requested_procedure_id") == (order.requested_procedure_id, warning.location)


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        (("A1-2", ""), ("A1-2", short_id("A1-2"))),
        (("", "A1-1"), (short_id("A1-1"), "A1-1")),
        (("S", "S", "S"), ("S", "A1-2", "A1-3")),
    ],
    ids=str,
)
def test_an_id_that_is_made_never_takes_one_that_is_given(given, ids):
    """Not even that of a later step."""
    order = an_order(steps=tuple(StepDraft(scheduled_procedure_step_id=one) for one in given))

    assert ids == tuple(step.scheduled_procedure_step_id for step in order.steps)


def test_a_code_that_is_too_long_is_kept_whole_and_served_as_text():
    """Cut to what CodeValue holds it would be another code."""
    order = an_order(procedure=Code("X" * 17, "CT CHEST", "L"))

    assert ("X" * 17, "CT CHEST", False) == (
        order.procedure.value,
        order.procedure.meaning,
        order.procedure.is_complete,
    )


def test_what_cannot_be_mended_is_refused_where_it_stands():
    """Every fault of it, in the words of the message."""
    patient = Patient("P1", "DOE", patient_birth_time="1210", patient_sex="X")

    with pytest.raises(Unservable) as refused:
        build_order(a_draft(patient=patient, where=lambda attribute: f"PID {attribute}"), CHOICES)

    assert ["PID patient_birth_date", "PID patient_sex"] == [fault.location for fault in refused.value.faults]
