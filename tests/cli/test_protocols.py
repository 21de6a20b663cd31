"""Looking at the catalogue."""

import json

from PIL import Image

BROKEN = """
[[protocol]]
id = "mine"
modalities = ["CT"]
series = [{ use = "ct-soft", look = "x-ray" }]
"""


def site(tmp_path, text: str) -> None:
    folder = tmp_path / "state" / "protocols.d"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(text)


def test_all_protocols_are_listed(cli):
    """Ours, with modality and title."""
    told = json.loads(cli("protocols", "list", "--json").stdout)

    assert len(told) >= 60
    assert {
        "id": "ct-chest",
        "modality": "CT",
        "title": "CT chest without contrast",
        "series": 7,
        "file": "ct.toml",
    } in told


def test_a_list_fits_a_terminal(cli):
    """Eighty columns."""
    lines = cli("protocols", "list").stdout.splitlines()

    assert max(map(len, lines)) <= 80


def test_a_protocol_is_shown_with_what_it_makes(cli):
    """At the scale of the settings."""
    told = json.loads(cli("protocols", "show", "mr-brain", "--json").stdout)

    assert ("mr-brain", ["MR"], ["head"]) == (told["id"], told["modalities"], told["regions"])
    assert ("AX DWI", "mr") == next((s["description"], s["kind"]) for s in told["series"] if "DWI" in s["description"])


def test_an_unknown_protocol_is_said(cli):
    """And where to look."""
    result = cli("protocols", "show", "nothing")

    assert (1, True) == (result.exit_code, "protocols list" in result.stderr)


def test_check_finds_what_cannot_be_drawn(cli, tmp_path):
    """File, key and fix, and an exit code for scripts."""
    site(tmp_path, BROKEN)

    result = cli("protocols", "check")

    assert 2 == result.exit_code
    assert "mine.toml: protocol[0] mine.series[0].look: 'x-ray' is no look. Use one of: adc," in result.stderr


def test_check_counts_what_is_the_sites_own(cli, tmp_path):
    """Nothing wrong is said in one line."""
    site(tmp_path, BROKEN.replace("x-ray", "ct-portal"))

    result = cli("protocols", "check")

    assert 0 == result.exit_code
    assert " 1 of them from " in result.stdout


def test_a_contact_sheet_shows_every_protocol(cli, tmp_path):
    """One tile each, ten in a row; it is a picture."""
    result = cli("protocols", "sheet", "--out", tmp_path / "sheet.png", "--scale", "tiny")
    count = len(json.loads(cli("protocols", "list", "--json").stdout))

    with Image.open(tmp_path / "sheet.png") as sheet:
        assert (2400, -(-count // 10) * 254) == sheet.size
        assert sheet.convert("L").getextrema()[1] > 200
    assert 0 == result.exit_code
