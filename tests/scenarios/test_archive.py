"""What the daemon's archive holds is seen and served by its page and its commands."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.builders import an_orm
from tests.daemons import daemons
from tests.peers import orthanc

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


def test_orthanc_fetches_a_study_over_dicomweb(tmp_path):
    """Searched by QIDO-RS and retrieved by WADO-RS, by its own client."""
    with daemons(tmp_path) as start:
        daemon = start()
        daemon.send(an_orm())
        daemon.wait_for("study.delivered")
        servers = {"fab": [f"{daemon.addresses['page']}/dicom-web/"]}
        with orthanc(tmp_path / "orthanc", web=True, DicomWeb={"Servers": servers}) as pacs:
            (found,) = asked(pacs, "qido", {"Uri": "/studies", "Arguments": {"AccessionNumber": "A1"}})
            uid = found["0020000D"]["Value"]
            asked(pacs, "retrieve", {"Resources": [{"Study": uid}], "Synchronous": True})
            counts = pacs.get("/statistics")

    assert (1, 2) == (counts["CountStudies"], counts["CountInstances"])


def asked(pacs, verb: str, body: dict) -> Any:
    """Have Orthanc ask us, and give what it says."""
    return pacs.post(f"/dicom-web/servers/fab/{verb}", json.dumps(body).encode())
