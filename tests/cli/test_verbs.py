"""The command as a whole: of its verbs only the one that is wanted is read."""

import subprocess
import sys

import pytest

from dicomfabd.cli.main import VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_does_without_the_others(verb, run, cli):
    """In a process of its own, where nobody else has read a module, it offers what it offers beside the others."""
    alone, beside = run(verb, "--help"), cli(verb, "--help")

    assert (0, 0, True) == (alone.returncode, beside.exit_code, f"dicomfabd {verb}" in beside.stdout)
    assert beside.stdout.partition("╭")[2] == alone.stdout.decode().partition("╭")[2] != ""


def test_without_a_verb_all_are_listed(run):
    """Whoever looks for one has to find it."""
    text = run("--help").stdout.decode()

    assert [] == [verb for verb in VERBS if f"│ {verb} " not in text]


def test_a_misspelt_verb_is_recognised(run):
    """All are read to find the one that was meant."""
    assert b"Did you mean 'orders'?" in run("ordres").stderr


def test_who_watches_a_daemon_does_not_read_all_of_it(tmp_path):
    """A container asks after its health every few seconds."""
    script = (
        "import atexit, sys; from dicomfabd.cli.main import main; sys.argv = ['dicomfabd', 'health']\n"
        "rooms = ('app.daemon', 'fabricate', 'web', 'archive')\n"
        "atexit.register(lambda: print([it for it in rooms if f'dicomfabd.{it}' in sys.modules]))\n"
        "main()"
    )

    said = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "no daemon answers" in said.stderr
    assert "[]" == said.stdout.strip()
