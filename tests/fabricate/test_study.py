"""Every protocol, judged by dciodvfy and dcentvfy, decoded, and made twice."""

import hashlib
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest

from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import Code
from dicomfabd.domain.patient import Patient
from dicomfabd.domain.study import StudyPlan
from dicomfabd.fabricate.study import RECIPES, Instance, fabricate, write_file
from dicomfabd.plan.catalog import Catalog
from dicomfabd.plan.parser import Defaults
from dicomfabd.plan.planner import Planner
from tests.builders import NOON, an_order
from tests.conftest import program

PROCEDURES = {
    "ct-head": ("CT HEAD WO", "CT"),
    "ct-chest": ("CT CHEST", "CT"),
    "ct-chest-contrast": ("CT CHEST W CONTRAST", "CT"),
    "ct-abdomen": ("CT ABDOMEN WO", "CT"),
    "ct-abdomen-contrast": ("CT ABDOMEN PELVIS W", "CT"),
    "ct-bone": ("CT KNEE RIGHT", "CT"),
    "mr-brain": ("MRI BRAIN", "MR"),
    "mr-spine": ("MRI LUMBAR SPINE", "MR"),
    "mr-body": ("MRI KNEE LEFT", "MR"),
    "xray-chest": ("XR CHEST 2 VIEWS", "DX"),
    "xray-other": ("XR KNEE LEFT 2 VIEWS", "CR"),
    "fallback": ("US ABDOMEN", "US"),
}
MORE = [
    ("XR CHEST", "CR"),
    ("XR ABDOMEN", "DX"),
    ("XR HAND RIGHT", "DX"),
    ("CT LUMBAR SPINE", "CT"),
    ("SOMETHING", "OT"),
]
MORE += [("SOMETHING", modality) for modality in ("CT", "MR", "CR", "DX")]


def plan_of(text: str, modality: str, **changes) -> StudyPlan:
    order = an_order(
        procedure=Code("RPID1", text, "RADLEX"), steps=(StepDraft(modality=modality, scheduled_at=NOON),), **changes
    )
    return Planner(Catalog.load(), Defaults(), "tiny").plan(order)


def read(instance: Instance) -> pydicom.Dataset:
    return pydicom.dcmread(BytesIO(b"".join(map(bytes, instance.parts))), force=True)


def digest(plan: StudyPlan) -> str:
    total = hashlib.sha256()
    for instance in fabricate(plan):
        for part in instance.parts:
            total.update(part)
    return total.hexdigest()


def findings(judge: str, *files: Path) -> list[str]:
    done = subprocess.run([program(judge), *map(str, files)], capture_output=True, text=True, check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(("Error", "Warning"))]


def test_every_protocol_is_judged_here():
    """A new protocol must join the list above."""
    assert {protocol.id for protocol in Catalog.load().protocols} | {"fallback"} == set(PROCEDURES)


@pytest.mark.slow
@pytest.mark.parametrize(("text", "modality"), [*PROCEDURES.values(), *MORE])
def test_validators_find_nothing(tmp_path, text, modality):
    """dciodvfy: no error, no warning; dcentvfy: the instances agree with each other."""
    files = []
    for index, instance in enumerate(fabricate(plan_of(text, modality))):
        files.append(tmp_path / f"{index}.dcm")
        write_file(instance, files[-1])
    first_of_each = files[:: max(1, len(files) // 6)]

    assert [] == [line for file in first_of_each for line in findings("dciodvfy", file)]
    assert [] == findings("dcentvfy", *files)


@pytest.mark.slow
@pytest.mark.parametrize(
    "patient",
    [
        Patient("P1", "UNKNOWN"),
        Patient("P1", "Yamada^Tarou=山田^太郎", patient_birth_date="20260101", patient_sex="O", patient_weight=4.1),
        Patient("P1", "A" * 60 + "^B", "X" * 64, patient_birth_date="20300101", patient_size=1.7),
    ],
)
def test_validators_find_nothing_whatever_is_known_of_the_patient(tmp_path, patient):
    """Nothing known, a baby with three names, a birth in the future."""
    for instance in fabricate(plan_of("XR CHEST 1 VIEW", "DX", patient=patient)):
        write_file(instance, tmp_path / "x.dcm")

        assert [] == findings("dciodvfy", tmp_path / "x.dcm")


@pytest.mark.parametrize(("text", "modality"), [("CT CHEST W", "CT"), ("MRI BRAIN", "MR"), ("XR CHEST", "DX")])
def test_the_same_plan_gives_the_same_bytes(text, modality):
    """Also in another process, with another hash seed."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from tests.fabricate.test_study import *;"
        "sys.stdout.write(digest(plan_of(sys.argv[2], sys.argv[3])))"
    )
    root = Path(__file__).parents[2]

    other = subprocess.run(
        [sys.executable, "-c", script, str(root), text, modality], capture_output=True, text=True, check=True, cwd=root
    )

    assert digest(plan_of(text, modality)) == other.stdout


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])
def test_both_transfer_syntaxes_hold_the_same_values(tmp_path, syntax):
    """Implicit VR is all some archives take."""
    plan = plan_of("CT HEAD", "CT")
    instance = next(iter(fabricate(plan, lambda _sop_class: syntax)))
    write_file(instance, tmp_path / "x.dcm")

    ds = pydicom.dcmread(tmp_path / "x.dcm")

    assert syntax == ds.file_meta.TransferSyntaxUID
    assert "A1" == ds.AccessionNumber
    assert (plan.series[0].rows, plan.series[0].columns) == ds.pixel_array.shape


def test_instances_say_whose_and_which_they_are():
    """What a RIS or PACS tester looks for first."""
    plan = plan_of("CT CHEST W", "CT")
    for series in plan.series:
        made = [
            read(i)
            for i in fabricate(plan, wanted={series.sop_instance_uid(0), series.sop_instance_uid(1)}.__contains__)
        ]
        for index, ds in enumerate(made):
            assert plan.order.study_instance_uid == ds.StudyInstanceUID
            assert (series.series_instance_uid, series.sop_instance_uid(index)) == (
                ds.SeriesInstanceUID,
                ds.SOPInstanceUID,
            )
            assert ("A1", "P1", "DOE^JANE", index + 1) == (
                ds.AccessionNumber,
                ds.PatientID,
                str(ds.PatientName),
                ds.InstanceNumber,
            )
            assert ("YES", "YES", "dicomfabd") == (ds.SyntheticData, ds.BurnedInAnnotation, ds.Manufacturer)
            assert [round(v, 3) for v in series.grid.position(index)] == [
                round(float(v), 3) for v in ds.ImagePositionPatient
            ]


def test_only_wanted_instances_are_made():
    """What the PACS holds already is not drawn again."""
    plan = plan_of("CT HEAD", "CT")
    wanted = plan.series[1].sop_instance_uid(3)

    assert [wanted] == [instance.sop_instance_uid for instance in fabricate(plan, wanted=wanted.__eq__)]


def test_ct_and_its_reformats_show_one_body():
    """The voxel where an axial and a coronal plane cross has one value, but for noise and blur."""
    plan = plan_of("CT CHEST W", "CT")
    recipes = {s.key: (RECIPES[s.kind](plan, s), s) for s in plan.series}
    (axial, axial_plan), (coronal, coronal_plan) = recipes["soft"], recipes["coronal"]
    middle = coronal_plan.images // 2
    y = coronal_plan.grid.position(middle)[1]
    row = round((y - axial_plan.grid.origin[1]) / axial_plan.pixel_spacing)
    values = []
    for index in range(axial_plan.images):
        z = axial_plan.grid.position(index)[2]
        down = round((coronal_plan.grid.origin[2] - z) / coronal_plan.pixel_spacing)
        a, c = axial.render(index)[row], coronal.render(middle)[down]
        values.append(np.median(np.abs(a.astype(int) - c.astype(int))))

    assert np.median(values) < 100


def test_ct_values_are_hounsfield_units():
    """Air around the patient, soft tissue inside."""
    plan = plan_of("CT ABDOMEN WO", "CT")
    series = plan.series[1]
    image = RECIPES["ct"](plan, series).render(series.images // 2)

    assert -1050 < np.median(image[-10:, :20]) < -950
    assert -150 < np.median(image[image > -300]) < 150


def test_every_image_is_marked():
    """A line of the stamp is as bright as the window allows, in each image."""
    plan = plan_of("MRI BRAIN", "MR")
    series = plan.series[0]
    recipe = RECIPES["mr"](plan, series)
    brightest = int(series.window[0] + series.window[1] / 2)

    for index in range(series.images):
        assert (recipe.render(index)[4:14, 4:100] == brightest).sum() > 100
