"""The worklist, asked by a client stack of another language."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.patient import Patient
from tests.builders import NOON, a_new, an_order


@pytest.fixture(scope="module")
def node() -> dict[str, str]:
    """Give the environment in which node finds dcmjs-dimse."""
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    places = [os.environ.get("NODE_PATH", ""), str(Path(sys.prefix) / "node" / "node_modules")]
    environment = {**os.environ, "NODE_PATH": os.pathsep.join(filter(None, places))}
    command = ["node", "--print", "require.resolve('dcmjs-dimse')"]
    if subprocess.run(command, env=environment, capture_output=True, check=False).returncode:
        pytest.skip("dcmjs-dimse is not installed; `make test` installs it where there is npm")
    return environment


@pytest.mark.slow
def test_dcmjs_dimse_finds_what_it_asks_for(serve, put, node):
    """Its empty numbers are written as 0, and restrict nothing all the same; names arrive as they are."""
    of_another_modality = StepDraft(modality="MR", scheduled_at=NOON)
    put(
        a_new(an_order("A1", patient=Patient("P1", "MÜLLER^JÜRGEN=山田^太郎"))),
        a_new(an_order("A2", steps=(of_another_modality,))),
    )
    command = ["node", str(Path(__file__).with_name("dcmjs_find.js")), str(serve().port)]

    done = subprocess.run(command, env=node, capture_output=True, text=True, timeout=60, check=True)

    told = json.loads(done.stdout.splitlines()[-1])
    assert (0, 0) == (told["echo"], told["status"])
    assert [("A1", "MÜLLER^JÜRGEN", "CT")] == [
        (
            item["AccessionNumber"],
            item["PatientName"][0]["Alphabetic"],
            item["ScheduledProcedureStepSequence"][0]["Modality"],
        )
        for item in told["items"]
    ]
