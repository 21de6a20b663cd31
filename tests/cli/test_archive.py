"""archive: list, show, export, delete, over the files of a daemon that is not running."""

import json
import zipfile

import pytest
from pydicom import dcmread

from dicomfabd.archive.shelf import Shelf
from dicomfabd.store.opening import open_archive_index
from tests.archive.conftest import keep
from tests.fabricate.studies import plan_of

PLAN = plan_of("XR CHEST", "DX")
UID = PLAN.order.study_instance_uid


@pytest.fixture
def archived(tmp_path, state, bodies):
    """Keep one study where the commands look."""
    folder = tmp_path / "state" / "archive"
    opened = open_archive_index(folder / "index.db")
    keep(Shelf(folder / "instances", opened.index), PLAN, bodies)
    opened.close()
    return folder


def test_studies_are_listed_and_shown(cli, archived):
    """For people and for scripts."""
    listed = json.loads(cli("archive", "list", "--json").stdout)
    shown = json.loads(cli("archive", "show", UID, "--json").stdout)

    assert [UID] == [study["study_instance_uid"] for study in listed]
    assert (2, len(PLAN.series)) == (shown["instances"], len(shown["series_list"]))
    assert UID in cli("archive", "list", "--accession", "A*").stdout
    assert "DX" in cli("archive", "show", UID).stdout
    assert [] == json.loads(cli("archive", "list", "--modality", "CT", "--json").stdout)


def test_a_study_is_exported_to_a_folder_or_a_zip(cli, archived, tmp_path):
    """Numbered, and nothing is overwritten."""
    assert 0 == cli("archive", "export", UID, "--out", "folder").exit_code
    assert 0 == cli("archive", "export", UID, "--out", "study.zip").exit_code

    files = sorted(path.relative_to(tmp_path / "folder") for path in (tmp_path / "folder").rglob("*.dcm"))
    assert [str(file) for file in files] == zipfile.ZipFile(tmp_path / "study.zip").namelist()
    assert UID == dcmread(tmp_path / "folder" / files[0]).StudyInstanceUID
    for target in ("folder", "study.zip"):
        again = cli("archive", "export", UID, "--out", target)
        assert (1, True) == (again.exit_code, "is there already" in again.stderr)


def test_a_study_is_deleted_on_purpose_only(cli, archived, state):
    """With --yes; noted in the audit trail."""
    asked = cli("archive", "delete", UID)
    assert (2, True) == (asked.exit_code, "--yes" in asked.stderr)
    assert 2 == len(list(archived.rglob("*.dcm")))

    assert 0 == cli("archive", "delete", UID, "--yes").exit_code

    assert [] == list(archived.rglob("*.dcm"))
    (entry,) = state.messages.audit_trail()
    assert ("archive.delete", f"StudyInstanceUID {UID}") == (entry.action, entry.target)


@pytest.mark.parametrize("command", [("show",), ("export", "--out", "x"), ("delete", "--yes")])
def test_a_study_that_is_not_there_is_said(cli, archived, command):
    """A path is no UID either."""
    verb, *options = command
    for uid in ("9.9", "../../etc"):
        done = cli("archive", verb, uid, *options)
        assert (1, f"the archive has no study {uid}") == (done.exit_code, done.stderr.strip())


def test_without_an_archive_that_is_said(cli):
    """And none is made."""
    done = cli("archive", "list")

    assert (1, True) == (done.exit_code, "no daemon has run" in done.stderr)
