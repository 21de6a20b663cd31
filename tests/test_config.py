import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from dicomfabd.config import (
    ConfigError,
    DestinationSection,
    ProfileSection,
    RouteSection,
    Section,
    SenderSection,
    Settings,
    StationSection,
    load,
    render,
)
from dicomfabd.config.kinds import ORDER_ATTRIBUTES

BAD = sorted((Path(__file__).parent / "bad_configs").iterdir())
ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "config" / "dicomfabd.toml"


def models(model: type[BaseModel] = Settings) -> Iterator[type[BaseModel]]:
    """Give the model of every table, also of those in tables and in lists."""
    yield model
    for info in model.model_fields.values():
        for kind in (info.annotation, *get_args(info.annotation)):
            if isinstance(kind, type) and issubclass(kind, Section):
                yield from models(kind)


def is_table(annotation: Any) -> bool:
    return any(isinstance(kind, type) and issubclass(kind, Section) for kind in (annotation, *get_args(annotation)))


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
    assert render(Settings()) == SHIPPED.read_text().split("\n# A PACS; repeat the block", 1)[0]
    assert load() == load(SHIPPED)


@pytest.mark.parametrize("section", [DestinationSection, RouteSection, StationSection, SenderSection])
def test_the_shipped_file_shows_every_key_of_what_may_be_repeated(section):
    """As a comment, because there is none by default."""
    text = SHIPPED.read_text()

    assert [] == [key for key in section.model_fields if f"# {key} = " not in text]


def test_what_the_shipped_file_shows_as_a_comment_can_be_used(tmp_path):
    """Once the comment signs are gone."""
    lines = SHIPPED.read_text().split("\n# A PACS; repeat the block", 1)[1].splitlines()
    shown = [line.removeprefix("# ") for line in lines if re.match(r"# (\[\[|[a-z_]+ = )", line)]
    (tmp_path / "a.toml").write_text("\n".join(shown))

    settings = load(tmp_path / "a.toml")

    named = (settings.destinations, settings.routes, settings.stations, settings.senders)
    assert (["main"], ["night-ct"], ["emergency-ct"], ["ris"]) == tuple(
        [entry.name for entry in entries] for entries in named
    )


def test_the_page_on_senders_lists_every_key():
    """And none that is gone; also what `fields` may place."""
    text = (ROOT / "docs" / "senders.md").read_text()
    table, places = text.split("## A sender of its own")[1].split("The attributes that may be placed are")

    assert set(SenderSection.model_fields) == set(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE))
    assert list(ORDER_ATTRIBUTES) == re.findall(r"`([a-z_]+)`", places.split("\n")[0])


def test_the_settings_of_the_page_on_senders_are_settings(tmp_path, monkeypatch):
    """The blocks can be pasted, once the files are there."""
    blocks = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "senders.md").read_text(), re.DOTALL)
    (tmp_path / "a.toml").write_text("\n".join(blocks))
    monkeypatch.setattr("dicomfabd.config.checks._missing_file", lambda _setting, _path: ())

    settings = load(tmp_path / "a.toml")

    assert (["ris.example"], ["ris"]) == (settings.intake.tls.client_names, [s.name for s in settings.senders])


@pytest.mark.parametrize(
    ("heading", "section", "name"),
    [("## Stations", StationSection, "stations"), ("## Profiles", ProfileSection, "profiles")],
)
def test_the_page_on_the_worklist_lists_every_key(tmp_path, heading, section, name):
    """And none that is gone; its blocks can be pasted."""
    page = (ROOT / "docs" / "worklist.md").read_text().split(heading)[1].split("\n## ")[0]
    (tmp_path / "a.toml").write_text("\n".join(re.findall(r"```toml\n(.*?)```", page, re.DOTALL)))

    assert set(section.model_fields) == set(re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE))
    assert getattr(load(tmp_path / "a.toml"), name)


def test_what_is_rendered_reads_back(tmp_path):
    """`check` prints a file one can use, tables in tables and what is not set included."""
    (tmp_path / "a.toml").write_text(
        '[intake]\nport = 0\n[intake.tls]\nminimum_version = "1.3"\n'
        '[[destinations]]\nname = "a"\nhost = "h"\nport = 104\nae_title = "A"\n'
        '[[stations]]\nname = "s"\nlocation = ["ER*"]\nae_titles = ["CT1"]\n'
        '[[senders]]\nname = "b"\nsending_application = "R\\\\I\\"S"\nstrict = true\nversions = []\n'
        '[senders.fields]\naccession = ["OBR-46.1", "ZZZ-2"]\n[senders.order_control]\n"CD:2539" = "NW"\n'
    )
    settings = load(tmp_path / "a.toml")

    (tmp_path / "b.toml").write_text(render(settings))

    assert settings == load(tmp_path / "b.toml")
    assert (None, []) == (settings.senders[0].ack_mode, settings.senders[0].versions)


def test_every_setting_is_described():
    """The shipped file is made of the descriptions."""
    for model in models():
        assert model.__doc__
        bare = [
            key for key, info in model.model_fields.items() if not info.description and not is_table(info.annotation)
        ]
        assert [] == bare, model


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
        ("DICOMFABD_INTAKE__TLS__KEI", "x", "TLS__KEI: unknown key. Did you mean DICOMFABD_INTAKE__TLS__KEY?"),
        (
            "DICOMFABD_INTAKE__ALLOWED_ADDRESSES",
            "::1",
            "DICOMFABD_INTAKE__ALLOWED_ADDRESSES: is not a list. Write JSON",
        ),
        ("DICOMFABD_SENDERS", '{"a": 1}', "DICOMFABD_SENDERS: is not a list. Write JSON"),
        ("DICOMFABD_SENDERS", '[{"name": "A"}]', "environment DICOMFABD_SENDERS: senders.0.name = 'A': not a name"),
        ("DICOMFABD_DESTINATIONS__0__NAME", "a", "unknown key. Did you mean DICOMFABD_DESTINATIONS?"),
    ],
)
def test_a_mistake_in_the_environment_is_named(monkeypatch, name, value, said):
    """It is easy to mistype and hard to see."""
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError, match=re.escape(said)):
        load()


def test_the_environment_reaches_tables_in_tables(monkeypatch, tmp_path):
    """A certificate's path comes from the container's environment as other paths do."""
    for name in ("certificate", "key"):
        (tmp_path / name).touch()
        monkeypatch.setenv(f"DICOMFABD_INTAKE__TLS__{name.upper()}", str(tmp_path / name))

    tls = load().intake.tls

    assert (True, str(tmp_path / "key")) == (tls.is_on, tls.key)


def test_a_key_only_the_daemon_may_see_stops_nobody_else(monkeypatch, tmp_path):
    """`orders list` needs the settings, not the key; the daemon itself says at its start what it cannot read."""
    (tmp_path / "a.toml").write_text('[intake.tls]\ncertificate = "c.pem"\nkey = "k.pem"\n')

    is_file = Path.is_file

    def refuse(path):
        if path.suffix == ".pem":
            raise PermissionError(path)
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", refuse)

    assert "k.pem" == load(tmp_path / "a.toml").intake.tls.key


def test_passwords_are_masked(tmp_path):
    """`check` may be pasted into a ticket."""
    (tmp_path / "a.toml").write_text(
        '[store]\nurl = "sqlite://user:hunter2@host/x"\n'
        '[web.oidc]\nissuer = "https://idp.example"\nclient_id = "fab"\nclient_secret = "hunter3"\n'
        'test = {viewers = ["all"]}\n'
    )
    settings = load(tmp_path / "a.toml")

    assert "hunter" not in render(settings)
    assert "hunter3" == settings.web.oidc.client_secret.get_secret_value()


def test_a_secret_of_a_wrong_kind_is_not_shown(tmp_path):
    """Who forgets the quotes has not told the ticket."""
    (tmp_path / "a.toml").write_text("[web.oidc]\nclient_secret = 4711\n")

    with pytest.raises(ConfigError) as error:
        load(tmp_path / "a.toml")

    assert ("4711" in str(error.value), "client_secret" in str(error.value)) == (False, True)


def test_a_scripts_token_is_no_setting(monkeypatch):
    """It may stand in the same environment."""
    monkeypatch.setenv("DICOMFABD_TOKEN", "fab_x")

    assert load() == Settings()


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
