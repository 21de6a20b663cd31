"""How well the reader does on names that departments use; the files are labelled by what is right, not by what it says.

A `?` as body part means that radiographers would differ, and the name counts for its modality only.
"""

import csv
from functools import cache
from pathlib import Path

import pytest

from dicomfabd.plan.parser import Defaults, Recognition, recognise

FILES = sorted((Path(__file__).parent / "procedures").glob("*.tsv"))
ALL = "all files"


@cache
def labelled(name):
    """Give the rows of a file, or of all."""
    if name == ALL:
        return [row for path in FILES for row in labelled(path.name)]
    with (Path(__file__).parent / "procedures" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def read(row) -> Recognition:
    return recognise(row["procedure"], row["service"], Defaults())


def modality_of(found):
    return "XR" if found.modality in ("CR", "DX") else found.modality


def contrast_of(found):
    if found.contrast is None:
        return ""
    return "both" if found.both_phases else "with" if found.contrast else "without"


def wrong(rows, column, actual):
    """Give name, label and answer of the rows in which they differ."""
    return [
        (row["procedure"], row["service"], row[column], answer)
        for row in rows
        if (answer := actual(read(row))) != row[column]
    ]


@pytest.mark.parametrize("name", [path.name for path in FILES] + [ALL])
def test_modalities_are_right(name):
    """For 98 of 100 names, in each file."""
    rows = labelled(name)

    mistakes = wrong(rows, "modality", modality_of)

    assert len(mistakes) <= 0.02 * len(rows), mistakes


@pytest.mark.parametrize("name", [path.name for path in FILES] + [ALL])
def test_body_parts_are_right(name):
    """For 95 of 100 names, in each file."""
    rows = [row for row in labelled(name) if row["body_part"] != "?"]

    mistakes = wrong(rows, "body_part", lambda found: found.body_part.term if found.body_part else "")

    assert len(mistakes) <= 0.05 * len(rows), mistakes


@pytest.mark.parametrize(
    ("column", "actual"), [("laterality", lambda found: found.laterality), ("contrast", contrast_of)]
)
def test_side_and_contrast_are_right(column, actual):
    """For 98 of 100 names whose label says one."""
    rows = [row for row in labelled(ALL) if row[column]]

    mistakes = wrong(rows, column, actual)

    assert len(mistakes) <= 0.02 * len(rows), mistakes


def test_the_list_is_large():
    """So that one name is no percent."""
    assert 1200 <= len({(row["procedure"], row["service"]) for row in labelled(ALL)})


def test_each_decision_on_a_known_name_has_evidence():
    """What was decided, and why."""
    sentences = [sentence for row in labelled(ALL) for sentence in read(row).evidence]

    assert [] == [sentence for sentence in sentences if len(sentence.split(": ", 1)[-1]) < 10]
