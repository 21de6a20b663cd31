"""The file of the ancestor, in each form it has had."""

import json
from typing import Any

import pytest

from dicomfabd.config import ConfigError
from dicomfabd.config.pacs_json import LARGEST_FILE, MOST_ENTRIES, Entry, read_pacs_json

ORTHANC = {
    "id": "example-orthanc-1",
    "name": "Orthanc Test PACS",
    "description": "A local server for testing",
    "host": "localhost",
    "port": 4242,
    "aet": "FABRICATOR",
    "aec": "ORTHANC",
    "is_default": True,
    "is_active": True,
    "created_date": "2025-01-01T00:00:00.000000",
    "modified_date": "2025-01-01T00:00:00.000000",
    "last_tested": "",
    "test_status": "unknown",
    "test_message": "",
}
WEST = {
    "id": "0c5e9a56-5f0e-4f7b-9d0a-1f8f7c1b2a3d",
    "name": "Test PACS West",
    "description": "",
    "host": "west.example",
    "port": "4243",
    "aet_find": "FABFIND",
    "aet_store": "FABSTORE",
    "aet_echo": "FABSTORE",
    "aec": "WEST",
    "environment": "both",
    "is_default": False,
    "is_active": True,
    "test_status": "success",
    "move_routing": {"7f1d": "EAST_FROM_WEST", "gone": "NOBODY", "blank": ""},
}
EAST = WEST | {
    "id": "7f1d",
    "name": "Prod PACS / East",
    "aet_store": " ",
    "aec": "EAST",
    "environment": "prod",
    "is_active": False,
    "move_routing": {},
}


def read(content: Any) -> list[Entry]:
    return read_pacs_json(json.dumps(content).encode(), frozenset({"archive"}))


def test_the_first_form_is_read():
    """One AE title of ours; what has no place here is said."""
    (entry,) = read({"example-orthanc-1": ORTHANC})

    it = entry.section.destination()
    assert ("orthanc-test-pacs", "Orthanc Test PACS: A local server for testing") == (it.name, it.description)
    assert ("localhost", 4242, "ORTHANC", "FABRICATOR") == (it.host, it.port, it.ae_title, it.calling_ae_title)
    assert (True, True, "test") == (it.active, it.receives_orders, it.environment)
    (note,) = entry.notes
    assert note.startswith("left out: created_date, is_default, last_tested, modified_date, test_message, test_status")


def test_the_second_form_is_read():
    """AE titles for each purpose, environments, routes by ID."""
    west, east = read([WEST, EAST])

    it = west.section.destination()
    assert ("FABSTORE", "FABFIND", "", "") == (
        it.calling_ae_title,
        it.find_ae_title,
        it.store_ae_title,
        it.echo_ae_title,
    )
    assert {"prod-pacs-east": "EAST_FROM_WEST"} == it.move_ae_titles
    assert "test" == it.environment
    assert "environment both: taken for test" in west.notes
    assert "move_routing to gone: there is no such entry; left out" in west.notes
    other = east.section.destination()
    assert ("prod", False, False, "FABFIND") == (
        other.environment,
        other.active,
        other.receives_orders,
        other.calling_ae_title,
    )
    assert "aet_store is blank: no study is sent there" in east.notes


@pytest.mark.parametrize(
    "content",
    [
        [ORTHANC],
        {"some-id": ORTHANC},
        {"pacs_configs": [ORTHANC]},
        {"pacs_configs": {"some-id": ORTHANC}, "version": 2},
        {"configs": [ORTHANC]},
        {"pacs": {"some-id": ORTHANC}},
        ORTHANC,
    ],
    ids=["list", "by ID", "list under a key", "by ID under a key", "configs", "pacs", "one alone"],
)
def test_every_container_is_read(content):
    """They differ only in what is around the entries."""
    assert ["orthanc-test-pacs"] == [entry.section.name for entry in read(content)]


def test_an_entry_that_cannot_work_is_refused_with_each_reason_and_the_others_stay():
    """Nothing is lost: it is named."""
    bad, good = read([ORTHANC | {"port": 0, "aec": "X" * 28, "host": ""}, WEST])

    assert (None, ["host", "port", "ae_title"]) == (bad.section, [fault.field for fault in bad.faults])
    assert "test-pacs-west" == good.section.name


def test_entries_that_are_no_objects_are_refused():
    """And counted, so that their number is that of the file."""
    entries = read([None, 5, "x", {}, WEST])

    assert [None, None, None, None] == [entry.section for entry in entries[:4]]
    assert ["entry 1", "entry 4"] == [entries[0].original, entries[3].original]


def test_names_are_made_fit_and_stay_different():
    """Letters, digits and dashes; never one that is taken."""
    named = [ORTHANC | {"name": name} for name in ("PACS", "pacs", "Ä/B" * 30, "Archive", "../../etc", "…")]

    names = [entry.name for entry in read(named)]

    assert ["pacs", "pacs-2", "archive-2", "etc", "pacs-3"] == [*names[:2], *names[3:]]
    assert all(entry.section for entry in read(named))


def test_unknown_and_missing_keys_do_no_harm():
    """The ancestor threw its file away for one."""
    (entry,) = read([{"name": "Bare", "host": "h", "port": 104, "aec": "BARE", "colour\n": "red", "extra": None}])

    assert "DICOMFABD" == entry.section.calling_ae_title
    assert ("left out: colour, extra",) == entry.notes


def test_an_unknown_environment_gets_nothing_by_itself():
    """The safe side, and it is said."""
    (entry,) = read([WEST | {"environment": "staging"}])

    assert "prod" == entry.section.environment
    assert any(note.startswith("environment is none we know") for note in entry.notes)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'"text"', "holds no PACS"),
        (b'{"a": 1}', "holds no PACS"),
        (b" " * (LARGEST_FILE + 1), "has more than"),
        (json.dumps([{}] * (MOST_ENTRIES + 1)).encode(), "has more than"),
    ],
    ids=["broken", "nested", "a text", "numbers", "large", "many"],
)
def test_what_is_no_such_file_is_refused(content, said):
    """With the reason."""
    with pytest.raises(ConfigError, match=said):
        read_pacs_json(content, frozenset())
