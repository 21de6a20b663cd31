"""What the daemon's archive holds is seen and served by its page and its commands."""

import subprocess
import sys

import pytest

from tests.builders import an_orm
from tests.daemons import daemons

pytestmark = pytest.mark.slow


def test_a_delivered_study_is_there_to_look_at(tmp_path):
    """By the API, by DICOMweb and by a command beside the running daemon, until it is deleted."""
    with daemons(tmp_path) as start:
        daemon = start()
        daemon.send(an_orm())
        daemon.wait_for("study.delivered")
        (study,) = daemon.get("/api/v1/archive/studies")["studies"]
        uid = study["study_instance_uid"]
        (found,) = daemon.get("/dicom-web/studies?AccessionNumber=A1")
        metadata = daemon.get(f"/dicom-web/studies/{uid}/metadata")
        command = [sys.executable, "-m", "dicomfabd", "archive", "delete", uid, "--yes"]
        config = ["--config", str(tmp_path / "dicomfabd.toml")]
        done = subprocess.run([*command, *config], capture_output=True, text=True, check=False)
        left = daemon.get("/api/v1/archive/studies")["studies"]

    assert ("A1", 2, [uid]) == (study["accession_number"], study["instances"], found["0020000D"]["Value"])
    assert {uid} == {one["0020000D"]["Value"][0] for one in metadata}
    assert (0, []) == (done.returncode, left), done.stderr
