"""No table of ours does anything in a spreadsheet, whatever stands in HL7 and DICOM; and bringing one in is bounded."""

import csv
import io

import pytest
from pydicom.dataset import Dataset

from tests.web.hostile.payloads import CAPTURE, stored

FORMULAS = (
    "=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\uff1d1", "\u200b=1", "\ufeff=1",
    "\x00=1", "=cmd|' /C calc'!A0", "x;=1+1", "x\t=1", "x\n=1", "x;\t+1", '"=1', "'=1",
)  # fmt: skip
STARTERS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
EMPTY = " \t\r\n\u00a0\u200b\ufeff\x00"


def does_something(cell: str) -> bool:
    """Tell by a rule of its own: also where a spreadsheet takes other separators than ours."""
    pieces = cell.replace("\t", ";").replace("\r", ";").replace("\n", ";").split(";")
    return any(piece.strip(EMPTY).startswith(STARTERS) for piece in pieces) or cell.startswith(("\t", "\r"))


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def cells(answer) -> dict[str, list[str]]:
    assert 200 == answer.status_code, answer.text
    found: dict[str, list[str]] = {}
    for row in rows_of(answer.text):
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    return found


def an_instance(number: int, formula: str) -> Dataset:
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for keyword in (
        "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDescription", "StudyDate", "StudyTime",
        "AccessionNumber", "Modality", "ReferringPhysicianName", "StudyID",
    ):  # fmt: skip
        dataset.add_new(keyword, "PN" if keyword.endswith("Name") else "LO", formula)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"2.25.88{number}", f"2.25.89{number}"
    dataset.SOPClassUID, dataset.SOPInstanceUID = CAPTURE, f"2.25.90{number}"
    return dataset


@pytest.fixture
def tables(client, shelf):
    """Keep studies and patients that are all formulas."""
    for number, formula in enumerate(FORMULAS):
        shelf.keep(*stored(an_instance(number, formula)))
        columns = ("patient_name", "patient_address", "patient_telephone", "patient_comments", "issuer_of_patient_id")
        body = {"patient_id": f"{formula}{number}"} | dict.fromkeys(columns, formula[:16])
        client.post("/api/v1/patients", json=body)


@pytest.mark.parametrize(
    "path", ["/api/v1/archive/studies.csv", "/api/v1/patients.csv", "/api/v1/patients.csv?bom=true"]
)
def test_no_cell_of_a_table_does_anything(client, tables, path):
    """Column by column, where spreadsheets part cells by commas, and where they do by semicolons or tabs."""
    answer = client.get(path)
    found = cells(answer)

    assert "text/csv; charset=utf-8" == answer.headers["content-type"]
    assert {} == {name: bad for name, values in found.items() if (bad := [it for it in values if does_something(it)])}
    # They are there, so that this says something.
    assert sum(value.startswith("'") for values in found.values() for value in values) > 20


def test_no_cell_of_what_a_pacs_answers_does_anything(ordinary, shelf):
    """By C-FIND at an archive that holds nothing but formulas."""
    for number, formula in enumerate(FORMULAS):
        shelf.keep(*stored(an_instance(number, formula)))

    found = cells(ordinary.get("/api/v1/pacs/query.csv?pacs=archive&max=1000"))

    assert {} == {name: bad for name, values in found.items() if (bad := [it for it in values if does_something(it)])}
    assert any(value.startswith("'") for values in found.values() for value in values)
    assert {"answered"} == set(found["state"])


def test_what_was_written_out_comes_back_in_as_it_was(client, tables, store):
    """The apostrophes are the table's, not the patient's."""
    before = {
        patient["patient_id"]: patient for patient in client.get("/api/v1/patients?limit=1000").json()["patients"]
    }
    table = client.get("/api/v1/patients.csv?bom=true").content

    brought = client.post("/api/v1/patients.csv", content=table, headers={"Content-Type": "text/csv"}).json()

    after = {patient["patient_id"]: patient for patient in client.get("/api/v1/patients?limit=1000").json()["patients"]}
    assert (0, 0) == (brought["added"], brought["refused"])
    assert before == after


@pytest.mark.parametrize(
    ("table", "status"),
    [
        (b"", 400),
        (b"nothing,of,this\r\n1,2,3\r\n", 400),
        (b"patient_id,patient_name\r\n\x00,\x00\r\n", 200),
        (b"\xff\xfe\x00", 400),
        (b"patient_id,patient_name\r\n" + b"x," * 10_000, 200),
        (b"patient_id,patient_name\r\n" + b'"' + b"x" * 200_000, 400),
        (b"patient_id,patient_name\r\n" + b"P,N\r\n" * 10_001, 400),
        (b"patient_id,patient_name," + b"c," * 100_000 + b"\r\n1,2\r\n", 200),
        (b"patient_id,patient_id,patient_name\r\n1,2,3\r\n", 200),
    ],
)
def test_a_table_that_is_none_is_refused_and_never_a_bug(client, table, status):
    """By what is wrong with it."""
    answer = client.post("/api/v1/patients.csv", content=table, headers={"Content-Type": "text/csv"})

    assert status == answer.status_code
    assert len(answer.content) < 50_000


def test_every_bad_row_is_named_and_the_good_ones_are_taken(client):
    """By its line in the file, with what is wrong; a hundred at most are told."""
    rows = [f"P{number},ROE^R{number},{'2020013' if number % 2 else '20200131'}" for number in range(400)]
    table = "\r\n".join(["patient_id,patient_name,patient_birth_date", *rows])

    told = client.post("/api/v1/patients.csv", content=table, headers={"Content-Type": "text/csv"}).json()

    assert (200, 0, 200, 100) == (told["added"], told["changed"], told["refused"], len(told["faults"]))
    assert (3, "patient_birth_date") == (told["faults"][0]["line"], told["faults"][0]["text"].partition(":")[0])
