"""patients: the registry from a terminal."""

import json

import pytest

from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import PatientKey


@pytest.fixture
def known(state):
    """Two patients."""
    state.patients.bring([Patient("P1", "DOE^JANE", patient_sex="F"), Patient("P2", "ROE^RITA")])
    return state.patients


def test_patients_are_listed_and_shown(cli, known):
    """By how ID or name begins."""
    listed = cli("patients", "list", "roe", "--json")
    shown = cli("patients", "show", "P1")

    assert ["P2"] == [patient["patient_id"] for patient in json.loads(listed.stdout)["patients"]]
    assert "DOE^JANE" in shown.stdout


def test_a_patient_is_added_edited_and_removed(cli, known):
    """What is said wrong is named, and nothing kept."""
    assert 0 == cli("patients", "add", "P3", "--name", "POE^EDGAR", "--born", "1809-01-19").exit_code
    assert 2 == cli("patients", "edit", "P3", "--sex", "X").exit_code
    assert 0 == cli("patients", "edit", "P3", "--new-id", "P4", "--born", "").exit_code

    kept = known.get(PatientKey("P4")).patient
    assert ("POE^EDGAR", "") == (kept.patient_name, kept.patient_birth_date)
    assert ("P4", 0) == (known.get(PatientKey("P3")).merged_into, cli("patients", "remove", "P4").exit_code)
    assert None is known.get(PatientKey("P4"))


def test_patients_are_merged(cli, known):
    """Nobody into themselves."""
    assert [2, 0] == [cli("patients", "merge", "P1", "P1").exit_code, cli("patients", "merge", "P1", "P2").exit_code]
    assert "P1" == known.get(PatientKey("P2")).merged_into


def test_patients_are_made_up(cli, state):
    """And kept unless one says otherwise."""
    made = json.loads(cli("patients", "synthesise", "2", "--seed", "1", "--no-keep", "--json").stdout)["patients"]

    assert (2, None) == (len(made), state.patients.get(PatientKey(made[0]["patient_id"])))


def test_a_table_goes_out_and_comes_in(cli, known, tmp_path):
    """Rows left out are named by their line; exit code 1."""
    table = tmp_path / "patients.csv"
    table.write_text(cli("patients", "export").stdout + "P9,,,,,,,,,\n")
    cli("patients", "remove", "P1")

    done = cli("patients", "import", str(table))

    assert (1, "1 added, 0 changed\n") == (done.exit_code, done.stdout)
    assert "line 4: patient_name" in done.output
