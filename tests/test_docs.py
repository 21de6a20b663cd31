"""What the documents say is so."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import dicomfabd
from dicomfabd.app.makable import check_catalog
from dicomfabd.config import load
from dicomfabd.dimse.performed import _STATUSES
from dicomfabd.dimse.services import (
    ATTRIBUTE_LIST_ERROR,
    INVALID_INSTANCE,
    SOP_CLASS_NOT_SUPPORTED,
    SUCCESS,
)
from dicomfabd.domain.delivery import TRANSFER_SYNTAXES
from dicomfabd.domain.order import Code
from dicomfabd.fabricate.performed import EQUIPMENT_FAILURE, UNSPECIFIED
from dicomfabd.plan.catalog import Catalog
from dicomfabd.plan.protocol import Protocol, SeriesProtocol
from dicomfabd.store.sqlite_performed import _EVENTS
from dicomfabd.telemetry.journal import EVENTS
from dicomfabd.telemetry.metrics import METRICS
from tests.builders import an_orm
from tests.conftest import program
from tests.daemons import daemons

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


COMMANDS = [
    line.split("  #")[0].strip()
    for block in blocks(README, "sh")
    for line in block.splitlines()
    if line.strip() and not line.startswith(("make ", "dicomfabd run"))
]


def test_operations_lists_every_event_and_metric_and_no_other():
    """People grep for them."""
    events = OPERATIONS.split("## Events")[1].split("## Metrics")[0]

    assert set(EVENTS) == set(re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|", events, re.MULTILINE))
    assert {metric.name for metric in METRICS} == set(re.findall(r"`(dicomfabd_[a-z_]+)`", OPERATIONS))


def test_the_page_on_protocols_lists_every_key_and_its_example_loads(tmp_path):
    """Of protocols, of series and of transfer syntaxes."""
    text = (ROOT / "docs" / "protocols.md").read_text()
    (example,) = blocks(text, "toml")
    (tmp_path / "site.toml").write_text(example)
    catalog = Catalog.load(tmp_path)
    check_catalog(catalog)
    named = {
        name for row in re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)
    }
    shown = set(re.findall(r"\b([a-z_]+) = ", example))

    assert "ct-chest-low-dose" == catalog.procedure(Code("LDCT1", "", "L")).protocol
    assert set() == set(SeriesProtocol.model_fields) - named
    assert set() == set(Protocol.model_fields) - named - shown
    assert set() == set(TRANSFER_SYNTAXES) - named
    assert set() == named - {*SeriesProtocol.model_fields, *Protocol.model_fields, *TRANSFER_SYNTAXES, "use"}


def test_the_page_on_performed_steps_lists_every_status_and_reason():
    """Those that are answered, and those that are sent; and the timeline's words."""
    text = (ROOT / "docs" / "mpps.md").read_text()
    others = (SUCCESS, ATTRIBUTE_LIST_ERROR, INVALID_INSTANCE, SOP_CLASS_NOT_SUPPORTED)
    answered = {f"{status:04X}" for status in (*_STATUSES.values(), *others)}

    assert answered == set(re.findall(r"^\| `([0-9A-F]{4})` \|", text, re.MULTILINE))
    assert {f"{reason.value} ({reason.meaning})" for reason in (EQUIPMENT_FAILURE, UNSPECIFIED)} == set(
        re.findall(r"\d{6} \([^)]+\)", text)
    )
    assert set(_EVENTS.values()) == set(re.findall(r"`(mpps\.(?!failed)[a-z_]+)`", text))


def test_architecture_names_every_room():
    """And none that is gone."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    package = Path(dicomfabd.__file__).parent
    rooms = {path.stem for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    assert rooms - {"__init__", "__main__"} == set(re.findall(r"^\| `([a-z]+)` \|", text, re.MULTILINE))


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs/access.md",
        "docs/architecture.md",
        "docs/mpps.md",
        "docs/operations.md",
        "docs/pacs.md",
        "docs/page.md",
        "docs/protocols.md",
        "docs/senders.md",
        "docs/worklist.md",
    ],
)
def test_every_path_a_document_names_exists(name):
    """A document that points nowhere is worse than none."""
    text = (ROOT / name).read_text()
    paths = re.findall(r"`((?:config|docs|tests|dicomfabd|systemd|docker)/[\w./-]+)`", text)

    assert [] == [path for path in paths if not (ROOT / path).exists()]


def test_every_verb_of_make_is_documented():
    """`make help` shows what the Makefile has, and the documents name no other."""
    shown = subprocess.run(["make", "-s", "-C", str(ROOT), "help"], capture_output=True, text=True, check=True).stdout
    verbs = {line.split()[0] for line in shown.splitlines()}
    named = set(re.findall(r"`?make ([a-z]+)\b", README + (ROOT / "CONTRIBUTING.md").read_text()))

    assert {"help", "run", "test", "check", "bench", "fmt"} <= verbs
    assert named - {"and"} <= verbs


def test_the_container_sets_settings_that_exist(monkeypatch):
    """Dockerfile and compose file."""
    text = (ROOT / "docker" / "Dockerfile").read_text()
    for name, value in re.findall(r"(DICOMFABD_\w+)=(\S+)", text):
        monkeypatch.setenv(name, value)
    compose = (ROOT / "docker" / "compose.yaml").read_text()
    listed = re.search(r"DICOMFABD_DESTINATIONS: >-\n(.*?)\n    ports", compose, re.DOTALL).group(1)
    monkeypatch.setenv("DICOMFABD_DESTINATIONS", " ".join(listed.split()))

    settings = load()

    assert ("0.0.0.0", ["orthanc1", "orthanc2"]) == (settings.intake.host, [d.name for d in settings.destinations])  # noqa: S104 - only compared


def test_the_unit_is_one_that_systemd_takes():
    """But for the program's path, which is the administrator's."""
    unit = (ROOT / "systemd" / "dicomfabd.service").read_text()

    assert "Type=notify" in unit
    assert int(re.search(r"TimeoutStopSec=(\d+)", unit).group(1)) > 30


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_commands_of_the_readme_work(tmp_path):
    """One after the other, as a reader types them, with this daemon's ports in place of the usual ones."""
    (tmp_path / "order.hl7").write_bytes(an_orm())
    (tmp_path / "my.toml").write_text(blocks(README, "toml")[0] + "\n[web]\nport = 0\n")
    shim = tmp_path / "bin" / "dicomfabd"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m dicomfabd "$@"\n')
    shim.chmod(0o755)
    with daemons(tmp_path) as start:
        daemon = start("--samples")
        daemon.wait_for("study.delivered", 6)
        ports = {"2575": "mllp", "10500": "worklist", "11112": "archive", "8080": "page"}
        environment = os.environ | {
            "PATH": f"{shim.parent}:{Path(program('findscu')).parent}:{os.environ['PATH']}",
            "DICOMFABD_STATE_DIR": str(tmp_path / "state"),
        }
        outputs = {}
        for command in COMMANDS:
            typed = command
            for usual, door in ports.items():
                typed = re.sub(rf"\b{usual}\b", str(daemon.port(door)), typed)
            done = subprocess.run(
                ["sh", "-c", typed],
                cwd=tmp_path,
                env=environment,
                input="correct horse battery\n",  # where a password is asked for
                capture_output=True,
                text=True,
                check=False,
            )
            assert 0 == done.returncode, f"{command}\n{done.stdout}{done.stderr}"
            outputs[command] = done.stdout + ("" if "curl" in command else done.stderr)

    said = [re.findall(r"\(0020,000d\) UI \[([\d.]+)", text) for name, text in outputs.items() if "findscu" in name]
    assert 2 == len(said)
    assert said[0] == said[1] != []
    order = json.loads(next(text for name, text in outputs.items() if "api/v1/orders" in name))
    assert "ACC-1001" == order["orders"][0]["accession_number"]


def test_the_settings_of_the_readme_are_settings(tmp_path):
    """The block can be pasted."""
    (tmp_path / "my.toml").write_text(blocks(README, "toml")[0])

    assert ["main"] == [destination.name for destination in load(tmp_path / "my.toml").destinations]
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == dicomfabd.__version__
