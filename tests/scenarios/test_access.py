"""A daemon that others could reach."""

import http.client
import json
import os
import subprocess
import sys

import pytest

from tests.daemons import SETTINGS, daemons

pytestmark = pytest.mark.slow

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what this is about


@pytest.fixture
def command(tmp_path):
    """Give a function that runs `dicomfabd` with these settings."""
    (tmp_path / "open.toml").write_text(
        SETTINGS.format(state=tmp_path / "state", archive="true", workers=1, when="at_once").replace(
            "[web]", f'[web]\nhost = "{EVERYWHERE}"'
        )
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DICOMFABD_")}

    def run(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "dicomfabd", *arguments, "--config", str(tmp_path / "open.toml")],
            input="correct horse battery\n",
            capture_output=True,
            text=True,
            env=environment,
            timeout=60,
            check=False,
        )

    return run


def test_a_page_that_others_reach_has_users(command, tmp_path):
    """Without it does not start, and says what to do; with one it starts, and strangers get nowhere."""
    refused = command("run")
    added = command("users", "add", "ann", "--admin")
    with daemons(tmp_path) as start:
        daemon = start(workers=1, host=EVERYWHERE)
        connection = http.client.HTTPConnection("127.0.0.1", daemon.port("page"), timeout=20)
        connection.request("GET", "/api/v1/orders")
        answer = connection.getresponse()
        said = json.loads(answer.read())
        connection.close()

    assert 2 == refused.returncode
    assert "dicomfabd users add NAME --admin" in " ".join((refused.stdout + refused.stderr).split())
    assert 0 == added.returncode, added.stderr
    assert (401, "sign in, or send a token: Authorization: Bearer ...") == (answer.status, said["detail"])
