"""route, orders send and retry: where studies go."""

import json

import pytest

from dicomfabd.domain.delivery import Destination
from tests.builders import a_message, a_new, an_order, an_orm, take

SETTINGS = """
[[destinations]]
name = "prod"
host = "h"
port = 104
ae_title = "P"
environment = "prod"
[[routes]]
name = "stat"
priority = ["STAT"]
destinations = ["prod", "later"]
when = "by_hand"
[[routes]]
name = "ct"
modality = ["CT"]
destinations = ["prod"]
when = "delayed"
delay_s = 3600
"""


@pytest.fixture
def route(cli, tmp_path):
    """Give a function that routes a message by the settings above."""

    def command(raw: bytes, *options: str) -> str:
        (tmp_path / "order.hl7").write_bytes(raw)
        (tmp_path / "site.toml").write_text(SETTINGS)
        result = cli("route", "order.hl7", "--config", "site.toml", *options)
        assert 0 == result.exit_code, result.output
        assert "--json" in options or all(len(line) <= 80 for line in result.stdout.splitlines())
        return result.stdout

    return command


def test_a_route_is_told_with_its_reasons(route):
    """Each destination with when, each rule with why; where no daemon has run, too."""
    text = route(an_orm())

    assert "A1 DX XR CHEST 2 VIEWS" in text
    assert "prod  when a person sends it (dicomfabd orders send)" in text
    assert "because rule stat: fits" in text
    assert "because rule ct: does not fit: modality is DX, not CT" in text
    assert "because later: there is no destination of this name" in text
    assert "because archive: keeps a copy of every study" in text


def test_without_a_rule_a_prod_destination_gets_nothing(route):
    """And it is said why."""
    text = route(an_orm().replace(b"^^S", b"^^R"))

    assert "  archive  at once" in text
    assert "because prod: a prod destination gets only what a rule or a person sends" in text


def test_a_route_as_json_names_managed_destinations_too(route, state):
    """For scripts; times in UTC."""
    state.destinations.put(Destination("later", "h", 104, "L"))

    (told,) = json.loads(route(an_orm(), "--json"))

    assert [("prod", True, None), ("later", True, None), ("archive", True, None)] == [
        (leg["destination"], leg["by_hand"], leg["not_before"]) for leg in told["deliveries"]
    ]
    assert "later: gets it" in told["reasons"]


@pytest.fixture
def placed(state):
    take(state.inbox, a_message(), a_new(an_order(), "archive"))
    return state


def test_a_study_is_sent_by_command(cli, placed):
    """To another destination of the registry; what is not there is said with what is."""
    placed.destinations.put(Destination("more", "h", 104, "M"))

    assert "A1: queued for more" in cli("orders", "send", "A1", "--to", "more").stdout
    assert {"archive": "queued", "more": "queued"} == {job.destination: job.state for job in placed.book.jobs(1)}
    unknown = cli("orders", "send", "A1", "--to", "none")
    assert (2, True) == (unknown.exit_code, "Use one of: archive, more." in unknown.output)
    assert 1 == cli("orders", "send", "A1").exit_code
    assert 1 == cli("orders", "send", "A9").exit_code
    assert ["order.send"] == [entry.action for entry in placed.messages.audit_trail()]


def test_failed_deliveries_are_retried_by_command(cli, placed):
    """At once; where there is nothing to retry, that is said."""
    placed.queue.fail(placed.queue.claim("w", 60, {"archive": 1}), "refused")

    assert "A1: queued" in cli("orders", "retry", "A1").stdout
    placed.book.request_cancel(1)
    assert 1 == cli("orders", "retry", "A1").exit_code
