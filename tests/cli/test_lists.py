"""orders list and messages list: the filters of the API, on a store that no daemon follows."""

import json

import pytest

from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.patient import Patient
from dicomfabd.store import sqlite_search
from tests.builders import NOON, a_cancel, a_message, a_new, an_order, take


@pytest.fixture
def kept(state):
    """Keep orders of two patients, and cancel one."""
    for number in range(6):
        patient = Patient(f"P{number % 2}", ("Sánchez^Ana", "Doe^Jane")[number % 2], "HOSP")
        steps = (StepDraft(modality=("CT", "MR")[number // 3], scheduled_at=NOON),)
        take(state.inbox, a_message(f"M{number}"), a_new(an_order(f"A{number}", patient=patient, steps=steps), "main"))
    take(state.inbox, a_message("M6"), a_cancel(accession_number="A1"))


def listed(cli, *options):
    done = cli("orders", "list", "--json", *options)
    assert 0 == done.exit_code, done.stderr
    return [order["accession_number"] for order in json.loads(done.stdout)]


def test_orders_are_listed_by_every_filter(cli, kept):
    """As the API does."""
    assert ["A4", "A2", "A0"] == listed(cli, "--text", "sanchez")
    assert ["A5", "A4", "A3"] == listed(cli, "--modality", "MR", "--sender", "RIS")
    assert ["A3", "A2"] == listed(cli, "--before", 5, "--limit", 2)
    assert ["A5", "A3"] == listed(cli, "--state", "scheduled", "--state", "failed", "--patient-id", "P1")
    assert [] == listed(cli, "--to", "2020-01-01")
    assert 6 == len(listed(cli, "--from", "2020-01-01T00:00:00Z", "--scheduled-from", "2026-03-02"))


def test_messages_are_listed_by_every_filter(cli, kept):
    """As the API does."""
    done = cli("messages", "list", "--json", "--text", "M", "--source", "mllp", "--from", "2020-01-01", "--limit", 2)

    assert ["M6", "M5"] == [message["control_id"] for message in json.loads(done.stdout)]


def test_what_is_no_filter_is_said(cli, kept):
    """With the option, and exit code 2."""
    done = cli("orders", "list", "--from", "yesterday", "--scheduled-to", "soon")

    assert 2 == done.exit_code
    assert "--from: " in done.stderr
    assert "--scheduled-to: " in done.stderr


def test_a_list_is_whole_though_nobody_follows_the_store(cli, kept, monkeypatch):
    """A command takes the time that a page does not have."""
    monkeypatch.setattr(sqlite_search, "CATCH_UP_CHANGES", 0)

    assert ["A4", "A2", "A0"] == listed(cli, "--text", "sanchez")
