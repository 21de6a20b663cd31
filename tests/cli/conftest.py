"""The commands, run here or in processes of their own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from dicomfabd.cli.main import VERBS, build
from dicomfabd.store.opening import Store, open_store

WHOLE = build(VERBS)


@pytest.fixture
def run(tmp_path) -> Callable[..., subprocess.CompletedProcess]:
    """Give a function that runs `dicomfabd` in an empty folder."""

    def command(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DICOMFABD_")} | {"COLUMNS": "80"}
        return subprocess.run(
            [sys.executable, "-m", "dicomfabd", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            env=environment,
            check=False,
        )

    return command


@pytest.fixture
def cli(tmp_path, monkeypatch) -> Callable[..., Result]:
    """Give a function that runs a command in this process, in an empty folder and 80 columns."""
    for name in [name for name in os.environ if name.startswith("DICOMFABD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DICOMFABD_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object, stdin: bytes = b"") -> Result:
        result = CliRunner().invoke(WHOLE, [str(argument) for argument in arguments], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return command


@pytest.fixture
def state(tmp_path) -> Store:
    """Give the store the commands look into."""
    (tmp_path / "state").mkdir()
    opened = open_store(f"sqlite:///{tmp_path / 'state' / 'dicomfabd.db'}")
    yield opened
    opened.close()
