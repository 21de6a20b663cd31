"""On which station a step is done: rules, and what the order says itself."""

import pytest

from dicomfabd.domain.draft import Choices, StepDraft, build_order
from dicomfabd.domain.order import Code
from dicomfabd.domain.patient import Visit
from dicomfabd.domain.stations import Station, StationRule, Stations
from tests.builders import a_draft

CT = Station(("CT1", "CT2"), "CT Ost", "House 4", "EAST")


def place(*rules: StationRule, step: StepDraft | None = None, **changes):
    """Give the only step of an order under some rules."""
    choices = Choices(lambda _procedure, _service: "OT", stations=Stations(rules))
    draft = a_draft(steps=(step or StepDraft(modality="CT"),), **changes)
    (placed,) = build_order(draft, choices)[0].steps
    return placed


@pytest.mark.parametrize(
    ("conditions", "fits"),
    [
        ({}, True),
        ({"modalities": ("MR", "ct")}, True),
        ({"modalities": ("MR",)}, False),
        ({"locations": ("ER*",)}, True),
        ({"locations": ("room ?",)}, True),
        ({"locations": ("ICU*",)}, False),
        ({"procedures": ("CTCH",)}, True),
        ({"procedures": ("CT CHEST*",)}, True),
        ({"procedures": ("CT",)}, False),
        ({"senders": ("RIS",)}, True),
        ({"senders": ("R*|HOSP",)}, True),
        ({"senders": ("http",)}, False),
        ({"modalities": ("CT",), "locations": ("ER*",), "procedures": ("CT*",), "senders": ("RIS",)}, True),
        ({"modalities": ("CT",), "locations": ("ER*",), "procedures": ("CT*",), "senders": ("PACS",)}, False),
    ],
    ids=str,
)
def test_a_rule_fits_by_modality_location_procedure_and_sender(conditions, fits):
    """All conditions count; the location is the step's or the patient's, the procedure its code or its words."""
    step = StepDraft(modality="CT", location="Room 7")

    placed = place(StationRule("r", CT, **conditions), step=step, visit=Visit(current_patient_location="ER 2 B"))

    assert (("CT1", "CT2") if fits else ("FABCT",)) == placed.station_ae_titles


def test_the_first_rule_that_fits_counts():
    """A later one adds nothing."""
    rules = (
        StationRule("mr", Station(("MR1",)), modalities=("MR",)),
        StationRule("ct", Station(("CT1",)), modalities=("CT",)),
        StationRule("all", Station(("ANY",), worklist_label="ANY")),
    )

    placed = place(*rules)

    assert (("CT1",), "", "rule ct") == (placed.station_ae_titles, placed.worklist_label, placed.station_origin)


def test_a_rule_gives_title_name_place_and_label():
    """To a step that says nothing of them."""
    placed = place(StationRule("ct", CT))

    assert (("CT1", "CT2"), "CT Ost", "House 4", "EAST", "rule ct") == (
        placed.station_ae_titles,
        placed.station_name,
        placed.location,
        placed.worklist_label,
        placed.station_origin,
    )


def test_a_title_of_the_order_keeps_out_the_rules_station_but_not_its_label():
    """The rule's name and place are those of another station."""
    placed = place(StationRule("ct", CT), step=StepDraft(modality="CT", station_ae_titles=("CT7",)))

    assert (("CT7",), "", "", "EAST", "order") == (
        placed.station_ae_titles,
        placed.station_name,
        placed.location,
        placed.worklist_label,
        placed.station_origin,
    )


def test_what_the_order_says_of_name_place_and_label_stays():
    """A rule fills gaps only."""
    step = StepDraft(modality="CT", station_name="S", location="L", worklist_label="W")

    placed = place(StationRule("ct", CT), step=step)

    assert (("CT1", "CT2"), "S", "L", "W") == (
        placed.station_ae_titles,
        placed.station_name,
        placed.location,
        placed.worklist_label,
    )


def test_a_rule_may_override_what_the_order_says():
    """In all that it gives; the rest stays the order's."""
    step = StepDraft(modality="CT", station_ae_titles=("ROOM 7",), station_name="S", location="L")

    placed = place(StationRule("ct", Station(("CT1",), "CT Ost"), overrides=True), step=step)

    assert (("CT1",), "CT Ost", "L", "rule ct") == (
        placed.station_ae_titles,
        placed.station_name,
        placed.location,
        placed.station_origin,
    )


@pytest.mark.parametrize(
    ("titles", "placed_at", "origin"), [(("CT7",), ("CT7",), "order"), ((), ("FABCT",), "modality")]
)
@pytest.mark.parametrize("overrides", [False, True])
def test_a_rule_may_give_a_label_only(titles, placed_at, origin, overrides):
    """The title is then the order's, or made of the modality."""
    rule = StationRule("label", Station(worklist_label="EAST"), overrides=overrides)

    placed = place(rule, step=StepDraft(modality="CT", station_ae_titles=titles))

    assert (placed_at, "EAST", origin) == (placed.station_ae_titles, placed.worklist_label, placed.station_origin)


def test_a_title_no_modality_can_have_leaves_the_choice_to_the_rules():
    """As if the order had said nothing."""
    step = StepDraft(modality="CT", station_ae_titles=("ROOM OF THE SCANNER",))

    assert ("CT1", "CT2") == place(StationRule("ct", CT), step=step).station_ae_titles


def test_rules_see_the_modality_that_was_read_from_the_procedure():
    """Most orders name none."""
    placed = place(StationRule("other", Station(("OT1",)), modalities=("OT",)), step=StepDraft())

    assert ("OT1",) == placed.station_ae_titles


def test_each_step_is_placed_for_itself():
    """A PET-CT is done on two machines."""
    rules = Stations([StationRule("ct", Station(("CT1",)), modalities=("CT",))])
    draft = a_draft(steps=(StepDraft(modality="PT"), StepDraft(modality="CT")), procedure=Code("", "PET CT"))

    order, _ = build_order(draft, Choices(lambda _procedure, _service: "OT", stations=rules))

    assert [("FABPT",), ("CT1",)] == [step.station_ae_titles for step in order.steps]


def test_where_a_station_is_from_does_not_make_an_order_another():
    """A rule that is renamed changes nothing for a modality; a resend of the order must not either."""
    one, other = (StationRule(name, CT) for name in ("one", "other"))

    assert place(one) == place(other)
