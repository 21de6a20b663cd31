"""Every protocol, judged by dciodvfy and dcentvfy."""

import pytest

from dicomfabd.domain.patient import Patient
from dicomfabd.fabricate.study import fabricate, write_file
from dicomfabd.plan.planner import Making
from tests.fabricate.studies import CATALOG, findings, plan_as, plan_of

# Every mammography unit and hanging protocol writes CC and MLO; the judge's list of ViewPosition has neither.
ALLOWED = "Warning - Unrecognized defined term <{}> for value 1 of attribute <View Position>"
ALLOWED_ANYWHERE = {ALLOWED.format("CC"), ALLOWED.format("MLO")}
# The judge's tables put AccessionNumber into the series of an image, into the study of a structured report: it says so
# of any study that holds both, and of nothing else.
ENTITY_OF_ACCESSION = "Warning - Different information entities for attribute - Element=<AccessionNumber> IE"
# Instances name the performed step they came out of; that is told to a RIS (MPPS) and no file the judge could find.
STEP_IS_NO_FILE = "Error - Missing SOPInstanceUID that was referenced - {} for file "
SIDE_UNKNOWN = "Error - Missing attribute Type 2C Conditional Element=<Laterality> Module=<GeneralSeries>"
MORE = [
    ("SOMETHING", "OT"),
    ("OUTSIDE IMAGES", "OT"),
    ("ENDOSCOPY", "ES"),
    *(("SOMETHING", modality) for modality in ("CT", "MR", "CR", "DX", "US", "MG", "XA", "RF", "NM", "PT")),
    ("XR KNEES BILATERAL", "DX"),
    ("XR HAND LEFT 3 VIEWS", "CR"),
]


def judged(plan, bodies, folder):
    """Give what the judges say of the first and the last instance of each series, and of all together."""
    files, first, number = [], set(), 0
    for series in plan.series:
        first |= {number, number + series.images - 1}
        number += series.images
    for index, instance in enumerate(fabricate(plan, bodies)):
        files.append(folder / f"{index}.dcm")
        write_file(instance, files[-1])
    said = [line.strip() for index in sorted(first) for line in findings("dciodvfy", files[index])]
    known = (ENTITY_OF_ACCESSION, STEP_IS_NO_FILE.format(plan.performed_step_uid))
    together = [line for line in findings("dcentvfy", *files) if not line.startswith(known)]
    return [line for line in said if line not in ALLOWED_ANYWHERE] + together


@pytest.mark.slow
@pytest.mark.parametrize("protocol", [protocol.id for protocol in CATALOG.protocols])
def test_validators_find_nothing_in_any_protocol(bodies, tmp_path, protocol):
    """dciodvfy: no error, no warning; dcentvfy: the instances agree with each other."""
    assert [] == judged(plan_as(protocol), bodies, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("text", "modality"), MORE)
def test_validators_find_nothing_in_what_nobody_planned_for(bodies, tmp_path, text, modality):
    """Unknown words, unknown modalities, both sides."""
    assert [] == judged(plan_of(text, modality), bodies, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("making", [Making("tiny", "first"), Making("tiny", "none")])
@pytest.mark.parametrize("protocol", ["ct-chest-contrast", "mr-brain", "mg-bilateral", "us-abdomen"])
def test_validators_find_nothing_however_studies_are_made(bodies, tmp_path, protocol, making):
    """With the patient named on the first image or on none."""
    assert [] == judged(plan_as(protocol, making), bodies, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["ct-chest-contrast", "mr-brain", "us-abdomen"])
def test_a_mess_is_nearly_lawful(bodies, tmp_path, protocol):
    """Without a body part the judge cannot know that there is no side to tell; it minds nothing else."""
    said = judged(plan_as(protocol, Making("tiny", is_messy=True)), bodies, tmp_path)

    assert {SIDE_UNKNOWN} == set(said)


@pytest.mark.slow
@pytest.mark.parametrize(
    "patient",
    [
        Patient("P1", "UNKNOWN"),
        Patient("P1", "Yamada^Tarou=山田^太郎", patient_birth_date="20260101", patient_sex="O", patient_weight=4.1),
        Patient("P1", "A" * 60 + "^B", "X" * 64, patient_birth_date="20300101", patient_size=1.7),
    ],
)
def test_validators_find_nothing_whatever_is_known_of_the_patient(bodies, tmp_path, patient):
    """Nothing known, a baby with three names, a birth in the future."""
    assert [] == judged(plan_of("XR CHEST 1 VIEW", "DX", patient=patient), bodies, tmp_path)
