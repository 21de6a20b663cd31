from itertools import pairwise

import pytest

from dicomfabd.domain.draft import StepDraft, build_order
from dicomfabd.domain.order import Code
from dicomfabd.domain.patient import Patient
from dicomfabd.domain.uids import is_valid_uid
from dicomfabd.plan.catalog import Catalog
from dicomfabd.plan.parser import Defaults
from dicomfabd.plan.planner import Making, Planner
from tests.builders import NOON, a_draft, an_order

CATALOG = Catalog.load()


def planner(scale: str = "tiny") -> Planner:
    return Planner(CATALOG, Defaults(), Making(scale=scale))


def ordered(text: str, modality: str, accession: str = "A1"):
    return an_order(accession, procedure=Code("P", text, "L"), steps=(StepDraft(modality=modality, scheduled_at=NOON),))


def test_a_plan_is_a_function_of_the_order():
    """A retry after a crash makes the same instances."""
    assert planner().plan(ordered("CT CHEST", "CT")) == planner().plan(ordered("CT CHEST", "CT"))


def test_a_plan_has_the_study_uid_of_the_order():
    """The worklist shows it before the images exist."""
    order = ordered("CT CHEST", "CT")

    assert order.study_instance_uid == planner().plan(order).order.study_instance_uid


def test_series_and_instances_have_uids_of_their_own():
    """No two objects share a name, not across orders either."""
    uids = [
        uid
        for accession in ("A1", "A2")
        for series in planner().plan(ordered("CT CHEST", "CT", accession)).series
        for uid in [series.series_instance_uid, *map(series.sop_instance_uid, range(series.images))]
    ]

    assert len(uids) == len(set(uids))


def test_another_scale_gives_other_series_of_the_same_study():
    """Other pixels must never go under a UID that is known."""
    small, tiny = (planner(scale).plan(ordered("CT CHEST", "CT")) for scale in ("small", "tiny"))

    assert small.order.study_instance_uid == tiny.order.study_instance_uid
    assert not {s.series_instance_uid for s in small.series} & {s.series_instance_uid for s in tiny.series}


def test_cross_sections_are_evenly_spaced_and_share_a_frame_of_reference():
    """What a viewer needs to reconstruct a volume."""
    plan = planner().plan(ordered("CT CHEST W", "CT"))
    axial = next(series for series in plan.series if series.key == "soft")

    positions = [axial.stacks[0].grid.position(index)[2] for index in range(axial.images)]
    steps = {round(b - a, 6) for a, b in pairwise(positions)}

    assert 1 == len(steps)
    assert axial.images > 2


@pytest.mark.parametrize(
    ("text", "modality", "protocol"),
    [
        ("CT CHEST W CONTRAST", "CT", "ct-chest-contrast"),
        ("CT CHEST WO CONTRAST", "CT", "ct-chest"),
        ("CT CHEST", "CT", "ct-chest"),
        ("MRI BRAIN", "MR", "mr-brain"),
        ("MRI KNEE", "MR", "mr-joint"),
        ("XR CHEST", "CR", "xray-chest"),
        ("XR KNEE", "DX", "xray-knee"),
        ("US ABDOMEN", "US", "us-abdomen"),
        ("CT CHEST PE PROTOCOL", "CT", "ct-pulmonary-embolism"),
        ("CTA AORTA", "CT", "ct-angio-aorta"),
        ("CT CHEST ABDOMEN PELVIS W", "CT", "ct-trunk-contrast"),
        ("MAMMO SCREENING BILATERAL", "MG", "mg-bilateral"),
        ("MAMMO DIAGNOSTIC LEFT", "MG", "mg-left"),
        ("PET CT SKULL BASE TO MID THIGH", "PT", "pt-whole-body"),
        ("NM BONE SCAN WHOLE BODY", "NM", "nm-bone"),
        ("ENDOSCOPY", "ES", "fallback"),
        ("SOMETHING", "OT", "fallback"),
    ],
)
def test_the_most_specific_protocol_serves(text, modality, protocol):
    """Region and contrast before the general one; a page where there is none."""
    assert protocol == planner().plan(ordered(text, modality)).protocol


@pytest.mark.parametrize(("text", "views"), [("XR CHEST 1 VIEW", 1), ("XR CHEST 2 VIEWS", 2), ("XR CHEST", 2)])
def test_a_radiograph_has_the_views_that_were_asked_for(text, views):
    """One series a view."""
    assert views == len(planner().plan(ordered(text, "DX")).series)


def test_times_run_forward():
    """Study ≤ series ≤ acquisition."""
    plan = planner().plan(ordered("MRI BRAIN", "MR"))
    starts = [plan.started_at, *(series.started_at for series in plan.series)]

    assert sorted(starts) == starts
    assert all(series.acquired_at(1) > series.acquired_at(0) for series in plan.series)


def site_planner(tmp_path, text: str) -> Planner:
    (tmp_path / "site.toml").write_text(text)
    return Planner(Catalog.load(tmp_path), Defaults(), Making(scale="tiny"))


def test_the_sites_map_comes_before_everything_else(tmp_path):
    """Whatever words and service say; and it says so."""
    mapped = site_planner(tmp_path, '[[procedure]]\ncode = "P"\nprotocol = "mr-brain"\nlaterality = "L"\n')

    plan = mapped.plan(ordered("CT CHEST", "MR"))

    assert "MR" == mapped.choose_modality(Code("P", "CT CHEST", "L"), "CT")
    assert ("mr-brain", "protocol mr-brain: the site's map says so for P") == (plan.protocol, plan.evidence[0])


def test_a_public_code_comes_before_words():
    """RadLex and LOINC name the examination."""
    found, protocol = planner().recognise(Code("RPID18", "SOMETHING", "RADLEX"), "")

    assert ("CT", "CHEST", "ct-chest-contrast") == (found.modality, found.body_part.term, protocol.id)
    assert "RPID18" in found.evidence[0]


def test_a_protocol_or_a_destination_may_want_another_scale(tmp_path):
    """The destination has the last word."""
    protocol = '[[protocol]]\nid = "x"\nmodalities = ["CT"]\nscale = "full"\nseries = [{ use = "ct-soft" }]\n'
    mapped = site_planner(tmp_path, f'{protocol}[[procedure]]\ncode = "P"\nprotocol = "x"\n')

    assert [512, 256] == [mapped.plan(ordered("CT CHEST", "CT"), scale).series[0].rows for scale in (None, "small")]


def test_the_catalogues_version_changes_series_not_the_study(tmp_path):
    """Other pixels never go under a known UID; the worklist's Study UID stays."""
    text = '[[protocol]]\nid = "ct-chest"\nversion = {}\nmodalities = ["CT"]\nregions = ["chest"]\n'
    series = 'series = [{ use = "ct-soft" }]\n'

    plans = [
        site_planner(tmp_path, text.format(version) + series).plan(ordered("CT CHEST", "CT")) for version in (1, 2)
    ]

    assert 1 == len({plan.order.study_instance_uid for plan in plans})
    assert 2 == len({plan.series[0].series_instance_uid for plan in plans})
    assert 2 == len({plan.series[0].sop_instance_uid(0) for plan in plans})


def test_derived_uids_begin_with_the_sites_root():
    """Study, series, instance and frame of reference; none is too long."""
    root = "1.2.826.0.1.3680043.10.999999"
    rooted = Planner(CATALOG, Defaults(), Making("tiny", uid_root=root))
    order, _ = build_order(a_draft(), rooted.choices)
    plan = rooted.plan(order)
    uids = [order.study_instance_uid, plan.frame_of_reference_uid]
    uids += [uid for s in plan.series for uid in (s.series_instance_uid, s.sop_instance_uid(0))]

    assert all(uid.startswith(f"{root}.") and is_valid_uid(uid) for uid in uids)


def test_a_patient_is_completed_the_same_way_each_time():
    """Birth date, sex, size and weight, and a name for the nameless."""
    bare = Patient("P7", "UNKNOWN", "HOSP")

    plans = [planner().plan(an_order(accession, patient=bare)) for accession in ("A1", "A2")]

    first, second = (plan.order.patient for plan in plans)
    assert first == second
    assert first.patient_sex in ("F", "M")
    assert len(first.patient_birth_date) == 8
    assert 1.4 < first.patient_size < 2.0
    assert 35 < first.patient_weight < 140
    assert "^" in first.patient_name


def test_what_is_known_of_a_patient_stays():
    """Nothing is made up over what the order says."""
    known = Patient("P7", "DOE^JANE", "HOSP", patient_birth_date="20200101", patient_sex="F")

    patient = planner().plan(an_order(patient=known)).order.patient

    assert ("DOE^JANE", "20200101", "F") == (patient.patient_name, patient.patient_birth_date, patient.patient_sex)
    assert 0.9 < patient.patient_size < 1.4


def test_size_and_weight_make_the_body():
    """A child is small, a heavy patient large."""
    child, heavy = (
        planner().plan(
            an_order(patient=Patient("P7", "A^B", patient_sex="M", patient_size=size, patient_weight=weight))
        )
        for size, weight in ((1.1, 18), (1.8, 130))
    )

    assert ("slim", "large") == (child.body.habitus, heavy.body.habitus)
    assert child.body.size[2] < 0.75 * heavy.body.size[2]


def test_both_sides_are_radiographed_where_both_are_asked_for():
    """A series for each view of each side."""
    plan = planner().plan(ordered("XR KNEES BILATERAL 2 VIEWS", "DX"))

    assert ["R", "L", "R", "L"] == [series.side for series in plan.series]
    assert plan.body_of(plan.series[0]) != plan.body_of(plan.series[1])


@pytest.mark.parametrize("protocol", CATALOG.protocols, ids=lambda protocol: protocol.id)
@pytest.mark.parametrize("scale", ["full", "small", "tiny"])
def test_every_protocol_can_be_planned_at_every_scale(protocol, scale):
    """With unique keys and numbers, and UIDs nobody else has."""
    plan = planner(scale).plan_as(ordered("SOMETHING", protocol.modalities[-1]), protocol)

    assert len(plan.series) == len({s.key for s in plan.series}) == len({s.number for s in plan.series})
    assert all(s.images >= 1 and s.frames >= 1 for s in plan.series)
