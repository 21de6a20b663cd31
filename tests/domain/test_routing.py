from dataclasses import replace

import pytest

from dicomfabd.domain.delivery import Destination, Leg
from dicomfabd.domain.order import Code
from dicomfabd.domain.patient import Visit
from dicomfabd.domain.routing import Router, Rule, Timing
from tests.builders import NOON, an_order

NOW = NOON.timestamp() - 3600
LAB = Destination("lab", "h", 104, "LAB")
PROD = Destination("main", "h", 104, "MAIN", environment="prod")
ARCHIVE = Destination("archive", "h", 104, "FAB")
ORDER = an_order(priority="STAT", visit=Visit(patient_class="E"))


def names(router, order=ORDER):
    return [leg.destination for leg in router.route(order, NOW).legs]


def router(*rules, destinations=(ARCHIVE, LAB, PROD), timing=None, takes_all=False):
    return Router(rules, timing or Timing(), lambda: destinations, takes_all=takes_all)


def test_without_rules_every_active_test_destination_gets_a_study():
    """A prod one never by default: it is no place for made up patients unless somebody says so."""
    off = replace(LAB, name="off", active=False)
    only_asked = replace(LAB, name="asked", receives_orders=False)

    assert ["archive", "lab"] == names(router(destinations=(ARCHIVE, LAB, PROD, off, only_asked)))


@pytest.mark.parametrize(
    "rule",
    [
        Rule("r", ("main",), senders=("RIS",)),
        Rule("r", ("main",), senders=("ris|hosp",)),
        Rule("r", ("main",), senders=("R*|H?SP",)),
        Rule("r", ("main",), modalities=("MR", "CT")),
        Rule("r", ("main",), patient_classes=("E",)),
        Rule("r", ("main",), procedures=("CTCH",)),
        Rule("r", ("main",), procedures=("ct chest*",)),
        Rule("r", ("main",), priorities=("STAT",)),
        Rule("r", ("main",), senders=("RIS",), modalities=("CT",), priorities=("STAT",)),
    ],
    ids=str,
)
def test_a_rule_that_fits_says_where_a_study_goes(rule):
    """And the built-in archive keeps its copy."""
    assert ["main", "archive"] == names(router(rule))


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Rule("r", ("main",), senders=("OTHER",)), "sender is RIS, not OTHER"),
        (Rule("r", ("main",), modalities=("MR", "US")), "modality is CT, not MR or US"),
        (Rule("r", ("main",), patient_classes=("I",)), "patient class is E, not I"),
        (Rule("r", ("main",), procedures=("CHEST",)), "procedure is CT CHEST W CONTRAST, not CHEST"),
        (Rule("r", ("main",), priorities=("LOW",)), "priority is STAT, not LOW"),
        (Rule("r", ("main",), modalities=("CT",), priorities=("LOW",)), "priority is STAT, not LOW"),
    ],
    ids=str,
)
def test_a_rule_that_does_not_fit_says_why(rule, said):
    """The first condition that fails."""
    explanation = router(rule).explain(ORDER, NOW)

    assert f"rule r: does not fit: {said}" == explanation.reasons[0]
    assert ["archive", "lab"] == [leg.destination for leg in explanation.routing.legs]


def test_an_empty_value_fits_no_pattern():
    """Not even a star: nothing was said."""
    assert ["archive", "lab"] == names(router(Rule("r", ("main",), patient_classes=("*",))), an_order())


def test_brackets_in_a_pattern_are_letters():
    """Procedures are named with them."""
    order = an_order(procedure=Code("X", "MR [HEAD]"))

    assert "main" in names(router(Rule("r", ("main",), procedures=("MR [HEAD]",))), order)
    assert "main" not in names(
        router(Rule("r", ("main",), procedures=("MR [HEAD]",))), an_order(procedure=Code("X", "MR H"))
    )


def test_the_first_rule_that_fits_counts_unless_all_shall():
    """No destination gets a study twice."""
    rules = (Rule("one", ("main",)), Rule("two", ("lab", "main")))

    assert ["main", "archive"] == names(router(*rules))
    assert ["main", "lab", "archive"] == names(router(*rules, takes_all=True))


@pytest.mark.parametrize(
    ("timing", "leg"),
    [
        (Timing(), Leg("lab")),
        (Timing("scheduled"), Leg("lab", NOON.timestamp())),
        (Timing("scheduled", time_factor=60), Leg("lab", NOW + 60)),
        (Timing("delayed", 90), Leg("lab", NOW + 90)),
        (Timing("by_hand"), Leg("lab", by_hand=True)),
    ],
    ids=str,
)
def test_a_rule_says_when(timing, leg):
    """At once, at the order's time (sooner in a simulation), after a while, or when a person says so."""
    found = router(Rule("r", ("lab",), timing=timing)).route(ORDER, NOW)

    assert leg == found.legs[0]
    assert replace(leg, destination="archive") == found.legs[1]


def test_a_scheduled_time_that_has_passed_is_now():
    """Nothing waits for the past."""
    assert 0.0 == Timing("scheduled", time_factor=60).not_before(ORDER, NOON.timestamp() + 1)


def test_a_rule_may_name_what_is_not_there_or_not_active():
    """The order keeps the delivery; the reason is said before anybody waits for it."""
    inactive = replace(LAB, active=False)
    explanation = router(Rule("r", ("gone", "lab")), destinations=(inactive,)).explain(ORDER, NOW)

    assert ["gone", "lab"] == [leg.destination for leg in explanation.routing.legs]
    assert "gone: there is no destination of this name; the delivery will go to the dead letters" in explanation.reasons
    assert "lab: not active; the delivery will wait until it is" in explanation.reasons
