"""What `docs/access.md` says is so."""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import dicomfabd
from dicomfabd.config import Web, load
from dicomfabd.domain.access import RESERVED_USER_NAMES, Environment, Reach, Role, Scope
from dicomfabd.store.interface import BulkAct
from dicomfabd.web.access import hosts
from dicomfabd.web.access.journeys import Journeys
from dicomfabd.web.access.keys import TOKEN_PREFIX
from dicomfabd.web.access.limits import MOST_PER_ACCOUNT, MOST_PER_ADDRESS, WINDOW_S
from dicomfabd.web.access.passwords import LONGEST, SHORTEST
from dicomfabd.web.access.reading import MESSAGE_READ, NOTED_EVERY_S
from dicomfabd.web.pages.provider import FAILURES
from tests.cli.conftest import cli  # noqa: F401 - a fixture
from tests.test_docs import ROOT, blocks
from tests.web.access.test_role_matrix import operations

ACCESS = (ROOT / "docs" / "access.md").read_text()
PACKAGE = Path(dicomfabd.__file__).parent
WHERE = {
    "test": Environment.TEST,
    "that of the PACS": Reach.EITHER,  # and asked for the one it is in: tests/web/access/test_targets.py
    "both": Reach.BOTH,
    "either": Reach.EITHER,
}


def rows(heading: str) -> list[list[str]]:
    """Give the cells of the table under a heading."""
    part = re.split(r"^## ", ACCESS.split(f"## {heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_its_commands_work_one_after_the_other(cli):  # noqa: F811 - the fixture
    """As an administrator types them, with the password piped in."""
    commands = [line for block in blocks(ACCESS, "sh") for line in block.splitlines() if line.startswith("dicomfabd ")]
    done = {command: cli(*shlex.split(command)[1:], stdin=b"correct horse battery\n").exit_code for command in commands}

    assert len(done) > 10
    assert set(done.values()) == {0}, done
    trail = json.loads(cli("audit", "--json").stdout)
    assert {"user.add", "user.edit", "user.password", "user.remove", "token.add", "token.revoke"} == {
        entry["action"] for entry in trail
    }


def test_its_settings_are_settings(tmp_path, monkeypatch):
    """The block can be pasted, and the secret found where it says."""
    (tmp_path / "a.toml").write_text(blocks(ACCESS, "toml")[0])
    (tmp_path / "secrets").mkdir()
    (name,) = re.findall(r"file `(dicomfabd_web__oidc__\w+)`", ACCESS)
    (tmp_path / "secrets" / name).write_text("hush")
    monkeypatch.setenv("DICOMFABD_SECRETS_DIR", str(tmp_path / "secrets"))

    web = load(tmp_path / "a.toml").web

    assert ("https://fab.example", "hush") == (web.public_url, web.oidc.client_secret.get_secret_value())
    assert f"{web.public_url}/sign-in/oidc/callback" in ACCESS
    assert (["radiology"], ["fab-admins"], ["fab-phi"]) == (
        web.oidc.test.viewers,
        web.oidc.prod.admins,
        web.oidc.messages,
    )


def test_every_setting_it_names_is_there_and_its_numbers_are_the_defaults():
    """Of the section, and how long things last."""
    named = set(re.findall(r"`web\.([a-z_]+)`", ACCESS)) - {"provider_failed"}
    wanted = {*Web.model_fields} - {"oidc", "port", "viewer_url"}

    assert wanted == named
    assert f"`web.session_idle_s` without use ({Web().session_idle_s:.0f} s)" in ACCESS
    assert f"`web.session_max_s` ({Web().session_max_s:.0f} s)" in ACCESS
    assert f"A password has {SHORTEST} to {LONGEST} characters" in ACCESS
    assert (5, 30, 60.0) == (MOST_PER_ACCOUNT, MOST_PER_ADDRESS, WINDOW_S)
    assert "five a minute are taken for a name" in ACCESS
    assert "thirty a minute from an address" in ACCESS
    assert (600.0, 600.0) == (Journeys.longest_s, NOTED_EVERY_S)
    assert f"begins with `{TOKEN_PREFIX}`" in ACCESS
    assert "`cli`, `http` and `local`" in ACCESS
    assert {"cli", "http", "local"} == RESERVED_USER_NAMES


def test_its_matrix_is_that_of_the_routes(web):
    """Each line names a route; what it needs is what the line says."""
    needed = {f"{method} {path}": it for method, path, it in operations(web)}

    told = {}
    for _, role, where, route in rows("Roles and environments"):
        name, *and_phi = role.split(" and ")
        told[route.strip("`")] = (Role[name.upper()], WHERE[where], and_phi == ["`phi`"])

    assert len(told) > 7
    assert told == {route: (needed[route].role, needed[route].environment, needed[route].messages) for route in told}


def test_it_lists_every_scope():
    """And none that is gone."""
    assert {scope.value for scope in Scope} == {row[0].strip("`") for row in rows("Tokens for scripts")}


def test_it_lists_every_command_and_route_of_users(web):
    """Beside each other."""
    routes = {f"{method} {re.sub(r'{name}', 'NAME', path)}" for method, path, _ in operations(web)}

    assert [] == [row[1] for row in rows("The first user") if row[1].strip("`") not in routes]


def test_it_explains_what_a_provider_may_end_in():
    """In the words of the page."""
    said = [row[0] for row in rows("Sign-in at an identity provider")]

    assert [] == [text for text in said if not any(known.startswith(text) for known in FAILURES.values())]


def test_its_proxy_says_what_ours_looks_at():
    """Host, from where, and how; each is one that only a proxy sends, but for Host."""
    (block,) = blocks(ACCESS, "nginx")
    names = {name.lower() for name in re.findall(r"proxy_set_header (\S+)", block)}

    assert {"host", "x-forwarded-for", "x-forwarded-proto"} == names
    assert names - {"host"} <= set(hosts.OF_PROXIES)


def noted() -> Iterator[str]:
    """Give every word the code writes into the audit trail."""
    yield MESSAGE_READ
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in ("audit", "_note", "_change"):
                    yield from (text for argument in node.args for text in words(argument))


def words(argument: ast.expr) -> Iterator[str]:
    if isinstance(argument, ast.Constant) and re.fullmatch(r"[a-z]+\.[a-z_]+", str(argument.value)):
        yield argument.value
    if isinstance(argument, ast.JoinedStr) and getattr(argument.values[0], "value", "") == "orders.bulk_":
        yield from (f"orders.bulk_{act}" for act in BulkAct)


def test_it_lists_every_word_of_the_audit_log():
    """People filter by them."""
    told = {name for row in rows("The audit log") for name in re.findall(r"`([a-z]+\.[a-z_]+)`", row[0])}

    assert set(noted()) == told


@pytest.mark.parametrize("heading", ["Locked out"])
def test_the_commands_of_a_table_are_commands(cli, heading):  # noqa: F811 - the fixture
    """With their options."""
    cli("users", "add", "NAME".lower(), "--admin", stdin=b"correct horse battery\n")
    named = [command for row in rows(heading) for command in re.findall(r"`dicomfabd ([^`]+)`", row[1])]

    wrong = []
    for command in named:
        group, verb, *options = [word for word in command.split() if word not in ("NAME", "ID")]
        shown = cli(group, verb, "--help").output
        wrong += [f"{command}: {option}" for option in options if option not in shown]

    assert len(named) > 4
    assert [] == wrong
