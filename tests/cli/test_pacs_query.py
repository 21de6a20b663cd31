"""pacs find, and the DCMTK command beside it."""

import csv
import io
import json
import subprocess
from dataclasses import replace

import pytest
from pydicom.dataset import Dataset
from pynetdicom import evt

from dicomfabd.domain.delivery import Destination
from dicomfabd.pacs.dcmtk import find_command, get_command, move_command
from dicomfabd.pacs.query import STUDY_ROOT
from dicomfabd.pacs.question import Level
from dicomfabd.pacs.selection import Selection
from dicomfabd.web.api.answers import question_of
from tests.conftest import program
from tests.pacs.instances import a_file
from tests.peers import free_port, orthanc, serving


@pytest.fixture
def here(state):
    """A PACS with two studies, registered as `here`."""

    def on_find(_event):
        for number, name in enumerate(("DOE^JANE\x1b[2J", "=ROE^" + "R" * 60), start=1):
            item = Dataset()
            item.PatientName, item.PatientID, item.AccessionNumber = name, f"P{number}", f"A{number}"
            item.StudyDescription = "CT CHEST WITH A LONG DESCRIPTION OF WHAT WAS DONE"
            item.StudyInstanceUID = f"1.2.840.113619.2.55.3.604688119.971.1448881234.{number}"
            item.StudyDate, item.ModalitiesInStudy = "20260110", ["CT", "SR"]
            yield 0xFF00, item
        yield 0x0000, None

    with serving([(evt.EVT_C_FIND, on_find)], [STUDY_ROOT]) as source:
        state.destinations.put(replace(source, name="here"))
        yield source


def test_studies_are_listed(cli, here):
    """80 columns, no escape of a sender's, and the UIDs whole, to be copied."""
    done = cli("pacs", "find", "--on", "here", "--days", "3650")

    assert 0 == done.exit_code
    table, _, uids = done.stdout.partition("\n\n")
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert "\x1b" not in done.output
    assert ["PACS", "here", "here"] == [line.split()[0] for line in table.splitlines()]
    assert ["A1", "1.2.840.113619.2.55.3.604688119.971.1448881234.1"] == uids.splitlines()[0].split()


def test_a_pacs_that_is_away_is_said_beside_the_rows_of_others(cli, here, state):
    """Exit code 1; nothing found is 0, and is said too."""
    state.destinations.put(Destination("away", "127.0.0.1", free_port(), "X", timeout_s=2))

    done = cli("pacs", "find", "--on", "here", "--on", "away")

    assert 1 == done.exit_code
    assert "A1" in done.stdout
    assert "away: away: away (X at 127.0.0.1" in done.stderr


def test_more_than_was_wanted_is_said(cli, here):
    """With what to do."""
    assert "here: there is more than 1" in cli("pacs", "find", "--on", "here", "--max", "1").stderr


def test_json_and_tables_are_for_other_programs(cli, here, tmp_path):
    """The same rows; a file, or standard output."""
    told = json.loads(cli("pacs", "find", "--on", "here", "--json").stdout)
    written = cli("pacs", "find", "--on", "here", "--csv", "-").stdout_bytes
    cli("pacs", "find", "--on", "here", "--csv", "rows.csv", "--bom")

    rows = list(csv.DictReader(io.StringIO(written.decode())))
    assert ["A1", "A2"] == [row["accession_number"] for row in told["rows"]] == [it["accession_number"] for it in rows]
    assert rows[1]["patient_name"].startswith("'=ROE^")
    assert "CT\\SR" == rows[0]["modalities_in_study"]
    assert b"\xef\xbb\xbf" + written == (tmp_path / "rows.csv").read_bytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--date", "soon"), "date: is malformed"),
        (("--level", "series"), "study_uid: is needed at series level"),
        (("--on", "nobody"), "pacs: there is no destination of that name"),
        (("--root", "worklist"), "--root: is no information model"),
    ],
)
def test_what_cannot_be_asked_ends_with_2(cli, options, said):
    """Before anybody is asked."""
    done = cli("pacs", "find", *options)

    assert (2, True) == (done.exit_code, said in done.stderr)


@pytest.mark.slow
def test_the_command_of_dcmtk_asks_the_same(cli, state, tmp_path):
    """It can be pasted into a shell, and finds what we find; values are quoted."""
    with orthanc(tmp_path / "a") as it:
        it.post("/instances", a_file(PatientName="O'NEIL^JANE"))
        state.destinations.put(it.destination("a"))
        options = ("--on", "a", "--patient-name", "O'NEIL*")
        ours = json.loads(cli("pacs", "find", *options, "--json").stdout)
        command = cli("pacs", "find", *options, "--as-dcmtk").stdout.strip()
        shell = command.replace("findscu", program("findscu"), 1)
        theirs = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)

    assert ["1.2.3"] == [row["study_instance_uid"] for row in ours["rows"]]
    assert "[1.2.3" in theirs.stdout + theirs.stderr


def test_the_commands_of_dcmtk_say_what_the_destination_says(tmp_path):
    """AE titles, TLS, levels and UIDs."""
    secured = Destination(
        "a", "h", 104, "PACS", find_ae_title="FABFIND", tls=True, tls_ca="ca.pem", tls_certificate="c.pem"
    )
    images = Selection("1.2", ("1.2.3",), ("1.2.3.4", "1.2.3.5"), "P1")

    find = find_command(secured, question_of(Level.PATIENT, {"patient_id": "P1"}, 10, "study"))
    move = move_command(secured, "OTHER", Selection("1.2"))
    get = get_command(secured, images, tmp_path)

    assert find.startswith("findscu -v -P +tls c.pem c.pem +cf ca.pem -aet FABFIND -aec PACS h 104 ")
    assert "-k QueryRetrieveLevel=PATIENT" in find and "-k PatientID=P1" in find
    assert "movescu -v -S -aem OTHER" in move and move.endswith("-k QueryRetrieveLevel=STUDY -k StudyInstanceUID=1.2")
    assert f"getscu -v -P -od {tmp_path}" in get
    assert get.endswith(
        "-k PatientID=P1 -k StudyInstanceUID=1.2 -k SeriesInstanceUID=1.2.3 -k 'SOPInstanceUID=1.2.3.4\\1.2.3.5'"
    )
