import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dicomfabd.config import ConfigError, DestinationSection, Section, Settings, load, render

BAD = sorted((Path(__file__).parent / "bad_configs").iterdir())
SHIPPED = Path(__file__).parents[1] / "config" / "dicomfabd.toml"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("DICOMFABD_"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize("folder", BAD, ids=lambda folder: folder.name)
def test_each_mistake_fails_for_its_own_reason(folder):
    """File, key, what is wrong, what to write instead."""
    with pytest.raises(ConfigError) as error:
        load(folder / "dicomfabd.toml")

    assert re.search((folder / "expected-error.txt").read_text().strip(), str(error.value))


def test_the_command_ends_with_code_2():
    """As usage errors do."""
    command = [sys.executable, "-m", "dicomfabd", "check", "--config", str(BAD[0] / "dicomfabd.toml")]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert 2 == done.returncode
    assert "intak: unknown key" in done.stderr


def test_the_shipped_file_shows_every_key_at_its_default():
    """What it says is what happens without it."""
    assert render(Settings()) == SHIPPED.read_text().split("\n# A PACS that receives every study", 1)[0]
    assert load() == load(SHIPPED)


def test_the_shipped_file_shows_every_key_of_a_destination():
    """As a comment, because there is none by default."""
    text = SHIPPED.read_text()

    assert all(f"# {key} = " in text for key in DestinationSection.model_fields)


def test_what_is_rendered_reads_back(tmp_path):
    """`check` prints a file one can use."""
    (tmp_path / "a.toml").write_text(
        '[intake]\nport = 0\n[[destinations]]\nname = "a"\nhost = "h"\nport = 104\nae_title = "A"\n'
    )
    settings = load(tmp_path / "a.toml")

    (tmp_path / "b.toml").write_text(render(settings))

    assert settings == load(tmp_path / "b.toml")


def test_every_setting_is_described():
    """The shipped file is made of the descriptions."""
    for info in Settings.model_fields.values():
        model = info.annotation
        if isinstance(model, type) and issubclass(model, Section):
            assert model.__doc__
            assert all(field.description for field in model.model_fields.values())


def test_the_environment_beats_the_file(tmp_path, monkeypatch):
    """12-factor."""
    (tmp_path / "a.toml").write_text("[intake]\nport = 1\n")
    monkeypatch.setenv("DICOMFABD_INTAKE__PORT", "2")

    assert 2 == load(tmp_path / "a.toml").intake.port


def test_a_secret_beats_the_file(tmp_path, monkeypatch):
    """A file in the secrets directory, as systemd and containers give them."""
    (tmp_path / "dicomfabd_store__url").write_text("sqlite:///secret.db")
    monkeypatch.setenv("DICOMFABD_SECRETS_DIR", str(tmp_path))

    assert "sqlite:///secret.db" == load().store.url


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DICOMFABD_INTAKE__PROT", "1", "DICOMFABD_INTAKE__PROT: unknown key. Did you mean DICOMFABD_INTAKE__PORT?"),
        ("DICOMFABD_INTAKE__PORT", "x", "environment DICOMFABD_INTAKE__PORT: intake.port = 'x': not a TCP port"),
    ],
)
def test_a_mistake_in_the_environment_is_named(monkeypatch, name, value, said):
    """It is easy to mistype and hard to see."""
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError, match=re.escape(said)):
        load()


def test_passwords_are_masked(tmp_path):
    """`check` may be pasted into a ticket."""
    (tmp_path / "a.toml").write_text('[store]\nurl = "sqlite://user:secret@host/x"\n')

    assert "secret" not in render(load(tmp_path / "a.toml"))


def test_passwords_are_masked_in_errors_too(tmp_path):
    """A wrong address is pasted even sooner; and one mistake is one line."""
    (tmp_path / "a.toml").write_text('[store]\nurl = "mysql://user:secret@host/x"\n[workers]\ncount = "many"\n')

    with pytest.raises(ConfigError) as error:
        load(tmp_path / "a.toml")

    assert "secret" not in str(error.value)
    assert 2 == len(str(error.value).splitlines())


def test_a_missing_file_is_named(tmp_path):
    """With what to do."""
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read"):
        load(tmp_path / "none.toml")


def test_the_shipped_file_is_toml():
    """Comments and all."""
    assert tomllib.loads(SHIPPED.read_text())
