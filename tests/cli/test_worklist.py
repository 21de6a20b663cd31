"""worklist query, queries and why."""

import json

import pytest

from dicomfabd.config import Worklist
from dicomfabd.domain.patient import Patient
from dicomfabd.store.worklist_interface import LoggedQuery
from dicomfabd.worklist.scp import WorklistServer
from tests.builders import a_message, a_new, an_order, take
from tests.listeners import running
from tests.peers import free_port


@pytest.fixture
def port(state, journal):
    """A worklist with two items."""
    orders = (an_order("A1"), an_order("A2", patient=Patient("P2", "Müller^Jörg\x1b[2J"), reason="pain"))
    take(state.inbox, a_message(), *(a_new(order) for order in orders))
    server = WorklistServer(Worklist(port=0), (), state.worklist, state.queries, journal)
    with running(server):
        yield server.port


def test_a_worklist_is_asked(cli, port):
    """Any server, by any key, in 80 columns."""
    done = cli("worklist", "query", "--at", f"127.0.0.1:{port}", "--name", "MÜLLER*", "--modality", "CT")

    assert 0 == done.exit_code
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert ("A2" in done.stdout, "A1" in done.stdout, "\x1b" in done.output) == (True, False, False)


def test_items_are_printed_as_json(cli, port):
    """With what was asked besides."""
    done = cli(
        "worklist", "query", "--at", f"127.0.0.1:{port}", "--json", "--key", "ReasonForTheRequestedProcedure=pain"
    )
    (item,) = json.loads(done.stdout)

    assert ("A2", "pain", "CT", "20260302") == tuple(
        item[name]
        for name in (
            "AccessionNumber",
            "ReasonForTheRequestedProcedure",
            "Modality",
            "ScheduledProcedureStepStartDate",
        )
    )


def test_a_worklist_that_is_away_is_said_to_be(cli):
    """Exit code 1."""
    done = cli("worklist", "query", "--at", f"127.0.0.1:{free_port()}")

    assert (1, True) == (done.exit_code, "away" in done.stderr)


def test_nothing_found_is_said(cli, port):
    """It answered all the same."""
    done = cli("worklist", "query", "--at", f"127.0.0.1:{port}", "--date", "20300101", "--time", "08-12")

    assert (0, "nothing found\n") == (done.exit_code, done.stderr)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--at", "nowhere"], "is no address"),
        (["--key", "PatientName"], "KEYWORD=VALUE"),
        (["--key", "Patient=x", "--at", "127.0.0.1:1"], "no keyword of DICOM"),
        (["--on", "nobody"], "no destination named nobody"),
    ],
)
def test_a_wrong_option_is_explained(cli, options, said):
    """Exit code 2."""
    done = cli("worklist", "query", *options)

    assert (2, True) == (done.exit_code, said in done.stderr)


def test_why_says_which_key_differs(cli, port):
    """Exit code 1, as long as nothing is found."""
    differs = cli("worklist", "why", "A1", "--as", "Modality=MR, PatientName=DOE*", "--calling", "MR01")
    found = cli("worklist", "why", "A1", "--as", "Modality=CT")

    assert (1, 0) == (differs.exit_code, found.exit_code)
    assert "  DIFFERS Modality: asked MR, has CT" in differs.stdout
    assert "  fits    PatientName: asked DOE*, has DOE^JANE" in differs.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [(["A9"], 1, "no order"), (["A1", "--as", "12"], 1, "no query 12"), (["A1", "--as", "junk"], 2, "no keys")],
)
def test_why_says_what_is_not_there(cli, port, arguments, code, said):
    """And what is no key."""
    done = cli("worklist", "why", *arguments)

    assert (code, True) == (done.exit_code, said in done.stderr)


def test_queries_are_listed_and_explained_by_number(cli, port, state):
    """Newest first."""
    keys = [[0x00400100, [[0x00080060, "MR"]]]]
    state.queries.log(
        [LoggedQuery(n, 1e9, "MR01", "MWL", "10.0.0.7", keys, 0, 0.001, 0xA900 * (n == 2), "why") for n in (1, 2)], 9
    )
    listed = cli("worklist", "queries")
    told = cli("worklist", "why", "A1", "--as", "1", "--json")

    assert ["2 2001", "    st", "1 2001", "    0 "] == [line[:6] for line in listed.stdout.splitlines()]
    assert "status A900 in 1.0 ms: Modality=MR why" in listed.stdout
    assert ("Modality", False) == tuple(
        json.loads(told.stdout)["steps"][0]["verdicts"][0][it] for it in ("key", "fits")
    )
