from itertools import pairwise

import pytest

from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import Code
from dicomfabd.plan.catalog import Catalog
from dicomfabd.plan.parser import Defaults
from dicomfabd.plan.planner import Making, Planner
from tests.builders import NOON, an_order

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
