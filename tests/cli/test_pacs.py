"""The registry of destinations on the command line, without a daemon."""

import json

import pytest

from dicomfabd.domain.delivery import Destination
from dicomfabd.web.api.destinations import FIELDS
from tests.builders import a_message, a_new, an_order, an_orm, take
from tests.daemons import daemons
from tests.peers import fake_pacs, free_port, orthanc

WEST = ("--host", "west.example", "--port", "104", "--ae-title", "WEST")


def shown(cli, name: str = "west") -> dict[str, object]:
    return json.loads(cli("pacs", "show", name, "--json").stdout)


def test_a_destination_is_added_changed_and_removed(cli, state):
    """The store has it; the audit trail says who did."""
    added = cli("pacs", "add", "west", *WEST, "--tls", "--move-ae-titles", "archive=A1", "--move-ae-titles", "east=E1")
    changed = cli("pacs", "edit", "west", "--no-tls", "--description", "new", "--move-ae-titles", "")
    kept = state.destinations.list()
    removed = cli("pacs", "remove", "west")

    assert [0, 0, 0] == [it.exit_code for it in (added, changed, removed)], added.output
    assert "warning: move_ae_titles.east: there is no destination of that name" in added.stderr
    assert [Destination("west", "west.example", 104, "WEST", description="new")] == kept
    assert [] == state.destinations.list()
    trail = state.messages.audit_trail()
    assert ["pacs.remove", "pacs.edit", "pacs.add"] == [entry.action for entry in trail]
    assert all(entry.actor.startswith("cli ") for entry in trail)
    assert ["description", "move_ae_titles", "tls"] == sorted(trail[1].detail["fields"])


def test_every_field_has_an_option(cli):
    """Of adding as of editing; only the name is an argument."""
    for verb in ("add", "edit"):
        text = cli("pacs", verb, "--help").stdout
        options = {f"--{name.replace('_', '-')}" for name in FIELDS if name != "name"}
        # The help cuts long ones at the width of the terminal.
        assert set() == {option for option in options if option[:18] not in text}


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("transfer-syntaxes", "rle", ["rle"]),
        ("max-pdu", "16384", 16384),
        ("timeout-s", "2.5", 2.5),
        ("environment", "prod", "prod"),
        ("transport", "pynetdicom", "pynetdicom"),
        ("find-ae-title", "FABFIND", "FABFIND"),
    ],
)
def test_values_are_read_as_in_the_settings(cli, field, value, kept):
    """Numbers, lists, choices."""
    cli("pacs", "add", "west", *WEST, f"--{field}", value)

    assert kept == shown(cli)[field.replace("-", "_")]


def test_what_is_wrong_is_said_field_by_field(cli, tmp_path):
    """Exit code 2, and nothing is kept."""
    result = cli("pacs", "add", "Bad", "--host", "a b", "--port", "0", "--timeout-s", "inf")

    assert 2 == result.exit_code
    assert ["name", "host", "port", "ae_title", "timeout_s"] == [
        line.partition(":")[0] for line in result.stderr.splitlines()
    ]
    assert ["archive"] == [it["name"] for it in json.loads(cli("pacs", "list", "--json").stdout)]


def test_what_cannot_be_done_is_said(cli, state):
    """With exit code 1, or 2 for a command that asks nothing."""
    cli("pacs", "add", "west", *WEST)

    taken, fixed, unknown, nothing, nobody = (
        cli("pacs", "add", "west", *WEST),
        cli("pacs", "remove", "archive"),
        cli("pacs", "remove", "nobody"),
        cli("pacs", "edit", "west"),
        cli("pacs", "show", "nobody"),
    )

    assert [1, 1, 1, 2, 2] == [it.exit_code for it in (taken, fixed, unknown, nothing, nobody)]
    assert "there is a destination named west" in taken.stderr
    assert "of the settings" in fixed.stderr
    assert "There are: archive, west." in nobody.stderr


def test_removing_says_what_went_with_it(cli, state):
    """Deliveries and routes."""
    state.destinations.put(
        Destination("west", "h", 1, "W"), Destination("east", "h", 1, "E", move_ae_titles={"west": "W1"})
    )
    take(state.inbox, a_message(), a_new(an_order(), "west"))

    removed = cli("pacs", "remove", "west")

    assert "1 open deliveries went to the dead letters" in removed.stdout
    assert "no AE title for it any more in: east" in removed.stdout


def test_the_list_fits_and_shows_no_password(cli, state):
    """80 columns; user and password of an address stay in the store."""
    url = "https://user:hunter2@west.example/a/very/long/path/to/the/services/of/dicom-web"
    state.destinations.put(
        Destination("a-name-of-thirty-two-characters-", "h" * 100, 104, "SIXTEEN_CHARS_AE", web_url=url, tls=True)
    )

    listed = cli("pacs", "list")
    one = cli("pacs", "show", "a-name-of-thirty-two-characters-")

    assert all(len(line) <= 80 for line in listed.stdout.splitlines()), listed.stdout
    assert "hunter2" not in listed.stdout + one.stdout
    assert "**********@west.example" in one.stdout


def test_looking_makes_no_store(cli, tmp_path):
    """Only what changes something does."""
    cli("pacs", "list")
    cli("pacs", "echo")

    assert not (tmp_path / "state").exists()


def test_echo_asks_all_or_some_at_once(cli, state):
    """Exit code 1 unless all answer; the inactive are left alone."""
    with fake_pacs() as pacs:
        state.destinations.put(
            pacs.destination("here"),
            Destination("away", "127.0.0.1", free_port(), "X", timeout_s=2),
            Destination("asleep", "127.0.0.1", free_port(), "X", active=False),
        )
        some, all_ = cli("pacs", "echo", "here"), cli("pacs", "echo", "--json")

    assert 0 == some.exit_code
    assert "here: FAKEPACS at" in some.stdout and "answers C-ECHO in" in some.stdout
    told = {it["name"]: [check["ok"] for check in it["checks"]] for it in json.loads(all_.stdout)}
    assert (1, {"archive": [False], "here": [True], "away": [False]}) == (all_.exit_code, told)


@pytest.mark.slow
def test_a_running_daemon_knows_what_was_added_at_once(run, tmp_path):
    """Over its API, where its archive is asked too."""
    with daemons(tmp_path) as start, fake_pacs() as pacs:
        daemon = start()
        config = ("--config", tmp_path / "dicomfabd.toml")
        added = run(
            "pacs", "add", "west", "--host", "127.0.0.1", "--port", pacs.port, "--ae-title", "FAKEPACS", *config
        )
        listed = daemon.get("/api/v1/pacs")["pacs"]
        daemon.send(an_orm())
        daemon.wait_for("study.delivered")
        found = json.loads(run("pacs", "find", "--on", "archive", "--accession", "A1", "--json", *config).stdout)
        over_http = daemon.get("/api/v1/pacs/query?pacs=archive&accession=A1")
        daemon.wait_for("pacs.queried")
        echoed = run("pacs", "echo", *config)

    assert (0, 0) == (added.returncode, echoed.returncode), added.stderr + echoed.stderr
    assert [("archive", False), ("west", True)] == [(it["name"], it["managed"]) for it in listed]
    assert 1 == len(found["rows"])
    assert found["rows"] == over_http["rows"]


@pytest.mark.slow
def test_a_study_goes_by_stow_to_a_destination_added_while_the_daemon_runs(run, tmp_path):
    """The next order goes there, and Orthanc holds what the order was told."""
    with daemons(tmp_path) as start, orthanc(tmp_path / "orthanc", web=True) as pacs:
        daemon = start(archive=False)
        config = ("--config", tmp_path / "dicomfabd.toml")
        address = ("--host", "127.0.0.1", "--port", pacs.dicom_port, "--ae-title", "ORTHANC")
        added = run("pacs", "add", "web", *address, "--transport", "stow", "--web-url", pacs.web_url, *config)
        assert 0 == added.returncode, added.stderr
        daemon.send(an_orm())
        delivered = daemon.wait_for("study.delivered", destination="web")
        studies = pacs.get("/studies?expand")
        found = json.loads(run("pacs", "find", "--on", "web", "--accession", "A1", "--json", *config).stdout)

    (order,) = [event for event in daemon.events if event["event"] == "study.begun"]
    assert [order["study_uid"]] == [study["MainDicomTags"]["StudyInstanceUID"] for study in studies]
    (row,) = found["rows"]
    assert (order["study_uid"], str(delivered["instances"])) == (
        row["study_instance_uid"],
        row["number_of_study_related_instances"],
    )
