"""What studies hold: whose they are, where they lie, what they show; and that they are the same each time."""

import hashlib
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from dicomfabd.domain.errors import Permanent
from dicomfabd.domain.patient import Patient
from dicomfabd.fabricate import codecs
from dicomfabd.fabricate.codecs import CODECS
from dicomfabd.fabricate.kinds import SOP_CLASSES, sop_class_of
from dicomfabd.fabricate.study import DOCUMENTS, RECIPES, fabricate
from dicomfabd.plan.planner import Making
from tests.fabricate.studies import CATALOG, digest, plan_as, plan_of, read

EVERY_KIND = [
    "ct-chest-contrast",
    "mr-brain",
    "xray-chest",
    "mg-bilateral",
    "us-abdomen",
    "xa-coronary",
    "rf-swallow",
    "nm-bone",
    "nm-brain",
    "pt-brain",
    "documents",
]


def test_every_kind_is_in_the_list_above():
    """A new kind of series must join it."""
    kinds = {series.kind for protocol in EVERY_KIND for series in plan_as(protocol).series}

    assert {*RECIPES, *DOCUMENTS} == kinds


@pytest.mark.parametrize("protocol", EVERY_KIND)
def test_the_same_plan_gives_the_same_bytes(bodies, tmp_path, protocol):
    """Also in another process, with another hash seed and bodies of its own."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from tests.fabricate.studies import *;"
        "sys.stdout.write(digest(plan_as(sys.argv[2]), Bodies()))"
    )
    root = Path(__file__).parents[2]

    other = subprocess.run(
        [sys.executable, "-c", script, str(root), protocol], capture_output=True, text=True, check=True, cwd=root
    )

    assert digest(plan_as(protocol), bodies) == other.stdout


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", *CODECS])
@pytest.mark.parametrize("protocol", ["ct-head", "mr-brain", "xray-chest", "us-abdomen", "xa-coronary", "pt-brain"])
def test_decoded_pixels_are_the_intended_ones(bodies, protocol, syntax):
    """In every transfer syntax, for every kind of sample: signed, unsigned, colour, several frames."""
    plan = plan_as(protocol)
    for series in plan.series:
        if series.kind in DOCUMENTS:
            continue
        index = series.images - 1
        wanted = series.sop_instance_uid(index).__eq__
        (instance,) = fabricate(plan, bodies, lambda _sop_class: syntax, wanted)

        ds = read(instance)

        assert syntax == ds.file_meta.TransferSyntaxUID
        assert np.array_equal(RECIPES[series.kind](plan, series, bodies).render(index), ds.pixel_array)


def test_a_codec_that_is_not_installed_says_how_to_get_it(bodies, monkeypatch):
    """A destination may ask for what this machine cannot do."""
    monkeypatch.setattr(codecs, "_is_installed", lambda _syntax: False)

    with pytest.raises(Permanent, match="extra `codecs`"):
        next(fabricate(plan_as("xray-chest"), bodies, lambda _sop_class: "1.2.840.10008.1.2.4.80"))


def test_instances_say_whose_and_which_they_are(bodies):
    """What a RIS or PACS tester looks for first."""
    plan = plan_of("CT CHEST W", "CT")
    for series in plan.series:
        chosen = {series.sop_instance_uid(0), series.sop_instance_uid(min(1, series.images - 1))}
        for index, instance in enumerate(fabricate(plan, bodies, wanted=chosen.__contains__)):
            ds = read(instance)
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
            assert ("YES", "dicomfabd", sop_class_of(series)) == (ds.SyntheticData, ds.Manufacturer, ds.SOPClassUID)
            if series.kind == "ct":
                assert "YES" == ds.BurnedInAnnotation
                assert [round(v, 3) for v in series.stacks[0].grid.position(index)] == [
                    round(float(v), 3) for v in ds.ImagePositionPatient
                ]


def test_only_wanted_instances_are_made(bodies):
    """What the PACS holds already is not drawn again."""
    plan = plan_of("CT HEAD", "CT")
    wanted = plan.series[1].sop_instance_uid(3)

    assert [wanted] == [instance.sop_instance_uid for instance in fabricate(plan, bodies, wanted=wanted.__eq__)]


def test_an_instance_is_made_when_it_is_asked_for(bodies):
    """Memory holds one image, whatever the size of the study."""
    plan = plan_of("CT CHEST", "CT")
    made = fabricate(plan, bodies)

    assert plan.series[0].sop_instance_uid(0) == next(made).sop_instance_uid
    assert sum(1 for _ in made) == plan.instances - 1


def test_what_is_negotiated_is_what_is_sent(bodies):
    """A class that is not offered could not be stored."""
    made = {instance.sop_class_uid for kind in EVERY_KIND for instance in fabricate(plan_as(kind), bodies)}

    assert set() == made - set(SOP_CLASSES)


def test_ct_and_its_reformats_show_one_body(bodies):
    """The line where an axial and a coronal plane cross has one set of values, but for noise and blur."""
    plan = plan_of("CT CHEST W", "CT")
    recipes = {s.key: (RECIPES[s.kind](plan, s, bodies), s) for s in plan.series if s.kind == "ct"}
    (axial, axial_plan), (coronal, coronal_plan) = recipes["soft"], recipes["coronal"]
    middle = coronal_plan.images // 2
    y = coronal_plan.stacks[0].grid.position(middle)[1]
    row = round((y - axial_plan.stacks[0].grid.origin[1]) / axial_plan.pixel_spacing)
    values = []
    for index in range(axial_plan.images):
        z = axial_plan.stacks[0].grid.position(index)[2]
        down = round((coronal_plan.stacks[0].grid.origin[2] - z) / coronal_plan.pixel_spacing)
        across, other = axial.render(index)[row], coronal.render(middle)[down]
        values.append(np.median(np.abs(across.astype(int) - other[: across.size].astype(int))))

    assert np.median(values) < 100


def test_pet_and_ct_share_a_frame_of_reference_and_a_place(bodies):
    """What fusion needs: the same body in the same millimetres."""
    plan = plan_as("pt-brain")
    ct, pet = plan.series_of("ct"), plan.series_of("ac")

    (first,) = fabricate(plan, bodies, wanted=ct.sop_instance_uid(0).__eq__)
    (second,) = fabricate(plan, bodies, wanted=pet.sop_instance_uid(0).__eq__)

    assert read(first).FrameOfReferenceUID == read(second).FrameOfReferenceUID
    middle = [sum(part[i] for part in (s.stacks[0].grid.origin,)) + s.pixel_spacing * (s.rows - 1) / 2
              for s in (ct, pet) for i in (0, 1)]  # fmt: skip
    assert all(abs(value) < 0.01 for value in middle)


def test_the_suv_of_a_pet_can_be_computed(bodies):
    """By body weight, as PS3.3 C.8.9.1 lets a viewer do: grey matter has that of the table, about 10."""
    plan = plan_as("pt-brain")
    series = plan.series_of("ac")
    (instance,) = fabricate(plan, bodies, wanted=series.sop_instance_uid(series.images * 2 // 3).__eq__)
    ds = read(instance)
    agent = ds.RadiopharmaceuticalInformationSequence[0]
    begun, injected = ds.SeriesTime, agent.RadiopharmaceuticalStartTime
    seconds = (float(begun[:2]) - float(injected[:2])) * 3600 + (float(begun[2:4]) - float(injected[2:4])) * 60
    left = float(agent.RadionuclideTotalDose) * 0.5 ** (seconds / float(agent.RadionuclideHalfLife))

    suv = ds.pixel_array * float(ds.RescaleSlope) / left * float(ds.PatientWeight) * 1000

    assert 3600 == seconds
    assert 4 < np.percentile(suv[suv > 0.5], 90) < 14


def test_ct_values_are_hounsfield_units(bodies):
    """Air around the patient, soft tissue inside."""
    plan = plan_of("CT ABDOMEN WO", "CT")
    series = plan.series_of("soft")
    image = RECIPES["ct"](plan, series, bodies).render(series.images // 2)

    assert -1050 < np.median(image[20:60, -6:]) < -950
    assert -150 < np.median(image[image > -300]) < 150


@pytest.mark.parametrize("protocol", [protocol.id for protocol in CATALOG.protocols])
def test_cross_sections_are_evenly_spaced(protocol):
    """What a viewer needs to reconstruct a volume: one orientation, one distance, a frame of reference."""
    for series in plan_as(protocol).series:
        for stack in series.stacks:
            places = [stack.grid.position(index) for index in range(stack.images)]
            steps = {tuple(round(b - a, 3) for a, b in zip(*pair, strict=True)) for pair in pairwise(places)}
            assert len(steps) <= 1
            assert stack.images == 1 or any(next(iter(steps)))


def test_every_image_is_marked(bodies):
    """A line of the stamp is as bright as the window allows, in each image."""
    plan = plan_of("MRI BRAIN", "MR")
    series = plan.series[1]
    recipe = RECIPES["mr"](plan, series, bodies)
    brightest = int(series.window[0] + series.window[1] / 2)

    for index in range(series.images):
        assert (recipe.render(index)[4:14, 4:100] == brightest).sum() > 100


@pytest.mark.parametrize(
    ("burn_in", "expected"), [("all", ["YES", "YES"]), ("first", ["YES", "NO"]), ("none", ["NO"] * 2)]
)
def test_an_image_says_whether_the_patient_is_named_on_it(bodies, burn_in, expected):
    """De-identification tools go by it."""
    ct = plan_of("CT CHEST", "CT", Making("tiny", burn_in))
    series = ct.series_of("soft")
    chosen = {series.sop_instance_uid(0), series.sop_instance_uid(1)}

    said = [read(instance).BurnedInAnnotation for instance in fabricate(ct, bodies, wanted=chosen.__contains__)]

    assert expected == said


def test_a_patient_is_not_named_where_nobody_wants_it(bodies):
    """The stamp stays, the pixels of name and number are those of the picture."""
    named, nameless = (
        RECIPES["xray"](plan, plan.series[0], bodies).render(0)
        for plan in (plan_of("XR CHEST 2 VIEWS", "DX", Making("tiny", burn_in)) for burn_in in ("all", "none"))
    )

    assert np.array_equal(named[4:14, 4:190], nameless[4:14, 4:190])
    assert not np.array_equal(named[16:40, 4:190], nameless[16:40, 4:190])


def test_another_patient_has_another_body(bodies):
    """Size, sex and build come from the order."""
    made = [
        digest(plan_of("XR CHEST 1 VIEW", "DX", patient=patient), bodies)
        for patient in (
            Patient("P1", "DOE^JANE", patient_sex="F", patient_size=1.6, patient_weight=50),
            Patient("P1", "DOE^JANE", patient_sex="F", patient_size=1.6, patient_weight=110),
            Patient("P1", "DOE^JANE", patient_sex="M", patient_size=1.6, patient_weight=50),
        )
    ]

    assert 3 == len(set(made))


def test_findings_are_seen(bodies):
    """The body of a study with a finding is another one, and the report names it."""
    plans = [
        plan_of("CT CHEST W", "CT", Making("tiny", has_findings=True), study_instance_uid=f"1.2.{number}")
        for number in range(8)
    ]
    ill = next(plan for plan in plans if plan.body.findings)
    healthy = plan_of("CT CHEST W", "CT", study_instance_uid=ill.order.study_instance_uid)
    (report,) = fabricate(ill, bodies, wanted=ill.series_of("report").sop_instance_uid(0).__eq__)

    assert not np.array_equal(bodies.labels(ill.body), bodies.labels(healthy.body))
    said = [str(element.value).lower() for element in read(report).iterall() if element.keyword == "TextValue"]
    assert any(ill.body.findings[0].name in sentence for sentence in said)


def test_symbols_tell_series_apart(bodies):
    """The row in the corner is a series' own."""
    plan = plan_of("CT CHEST W", "CT")
    corners = {
        hashlib.sha256(RECIPES[s.kind](plan, s, bodies).render(0)[-18:-4, 4:88].tobytes()).hexdigest()
        for s in plan.series
        if s.kind == "ct"
    }

    assert sum(series.kind == "ct" for series in plan.series) == len(corners)


@pytest.mark.parametrize(
    ("protocol", "enhanced"),
    [
        ("ct-abdomen-multiphase", {"arterial", "portal", "delayed", "coronal"}),
        ("mr-brain-contrast", {"ax-t1-contrast", "cor-t1-contrast", "sag-t1-volume-contrast"}),
    ],
)
def test_only_enhanced_series_name_a_contrast_agent(bodies, protocol, enhanced):
    """Hanging protocols tell phases by it."""
    plan = plan_as(protocol)
    firsts = {s.sop_instance_uid(0): s.key for s in plan.series if s.kind in ("ct", "mr")}
    made = fabricate(plan, bodies, wanted=firsts.__contains__)

    assert enhanced == {firsts[i.sop_instance_uid] for i in made if "ContrastBolusAgent" in read(i)}
