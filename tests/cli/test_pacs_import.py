"""Taking over the file of the ancestor."""

import json

import pytest

from dicomfabd.domain.delivery import Destination
from tests.config.test_pacs_json import EAST, ORTHANC, WEST


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "pacs_config.json"
    path.write_text(json.dumps({it["id"]: it for it in (ORTHANC, WEST, EAST, WEST | {"id": "bad", "port": "none"})}))
    return path


def results(cli, file, *options: str) -> tuple[int, dict[str, str]]:
    done = cli("pacs", "import", file, "--json", *options)
    return done.exit_code, {it["name"]: it["result"] for it in json.loads(done.stdout)["entries"]}


def test_every_entry_is_said_what_became_of(cli, state, file):
    """Three are added, one is refused, and the file stays as it is."""
    before = file.read_bytes()

    done = cli("pacs", "import", file)

    assert 1 == done.exit_code
    text = " ".join(done.stdout.split())
    assert "Orthanc Test PACS: added as orthanc-test-pacs" in text
    assert "Test PACS West: refused port: not a TCP port. Use 1-65535." in text
    assert "environment both: taken for test" in text
    assert "3 added, 0 replaced, 0 unchanged, 1 refused" in text
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert ["orthanc-test-pacs", "prod-pacs-east", "test-pacs-west"] == [it.name for it in state.destinations.list()]
    assert {"prod-pacs-east": "EAST_FROM_WEST"} == state.destinations.list()[2].move_ae_titles
    assert before == file.read_bytes()
    assert {"pacs.import"} == {entry.action for entry in state.messages.audit_trail()}


def test_a_dry_run_does_nothing(cli, state, file):
    """It only says."""
    assert (1, "added") == ((it := results(cli, file, "--dry-run"))[0], it[1]["orthanc-test-pacs"])
    assert ([], []) == (state.destinations.list(), state.messages.audit_trail())


def test_the_second_time_nothing_changes(cli, state, file):
    """And what was changed here is put back, which is said."""
    results(cli, file)
    state.destinations.put(Destination("orthanc-test-pacs", "elsewhere", 1, "X"))

    _, again = results(cli, file)

    expected = {"orthanc-test-pacs": "replaced", "test-pacs-west": "unchanged", "prod-pacs-east": "unchanged"}
    assert expected | {"test-pacs-west-2": "refused"} == again
    assert "localhost" == state.destinations.list()[0].host


def test_a_destination_of_the_settings_is_not_replaced(cli, tmp_path, state):
    """It is refused, with the reason; the others come."""
    (tmp_path / "my.toml").write_text('[[destinations]]\nname = "west"\nhost = "h"\nport = 1\nae_title = "W"\n')
    (tmp_path / "file.json").write_text(json.dumps([WEST | {"name": "West"}, ORTHANC]))

    done = cli("pacs", "import", "file.json", "--config", "my.toml")

    assert 1 == done.exit_code
    assert "west is a destination of the settings" in " ".join(done.stdout.split())
    assert ["orthanc-test-pacs"] == [it.name for it in state.destinations.list()]


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b"{", "is not JSON"), (b"7", "holds no PACS")]
)
def test_what_is_no_such_file_is_said(cli, tmp_path, content, said):
    """Exit code 2; the ancestor replaced it by its defaults."""
    path = tmp_path / "x.json"
    if content is not None:
        path.write_bytes(content)

    done = cli("pacs", "import", path)

    assert (2, True) == (done.exit_code, said in done.stderr)
    assert content is None or content == path.read_bytes()
