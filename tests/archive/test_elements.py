"""All elements of a file as a tree, and reports as trees of words: bounded whatever the file says."""

import json

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from dicomfabd.archive import elements, reports
from dicomfabd.archive.elements import DEEPEST, LONGEST_VALUE, MOST_ELEMENTS, elements_of
from dicomfabd.archive.reports import report_in
from dicomfabd.domain.errors import Permanent
from tests.archive.test_describing import of


@pytest.fixture
def saved(tmp_path):
    """Give a function that writes a data set as a file."""

    def save(dataset: Dataset):
        dataset.update(of(SOPClassUID="1.2.840.10008.5.1.4.1.1.7", SOPInstanceUID="9.9"))
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path = tmp_path / "it.dcm"
        dataset.save_as(path, enforce_file_format=True)
        return path

    return save


def by_tag(path) -> dict:
    return {element["tag"]: element for element in elements_of(path)["elements"]}


def test_private_elements_are_told(saved):
    """With what is known of them: a tag, a VR and a value."""
    dataset = of(PatientID="P1")
    dataset.private_block(0x0029, "ACME", create=True).add_new(0x10, "LO", "secret")
    found = by_tag(saved(dataset))

    assert ("LO", "ACME") == (found["0029,0010"]["vr"], found["0029,0010"]["value"])
    assert ("LO", "secret") == (found["0029,1010"]["vr"], found["0029,1010"]["value"])


def test_long_values_are_cut(saved):
    """Text to its beginning, bytes to a few, pixel data not read at all."""
    dataset = of(PatientComments="x" * 5000, PixelData=bytes(200_000))
    dataset["PixelData"].VR = "OW"
    dataset.add_new(0x00091001, "OB", bytes(range(256)))
    found = by_tag(saved(dataset))

    assert ("x" * LONGEST_VALUE, True, 5000) == tuple(found["0010,4000"][key] for key in ("value", "is_cut", "length"))
    assert (None, 200_000) == (found["7FE0,0010"]["value"], found["7FE0,0010"]["length"])
    assert found["0009,1001"]["value"].startswith("00 01 02 03")
    assert len(found["0009,1001"]["value"]) < 120


def test_there_is_a_most_of_elements(saved, monkeypatch):
    """The rest is left out, and it is said."""
    monkeypatch.setattr(elements, "MOST_ELEMENTS", 20)
    told = elements_of(saved(of(ReferencedImageSequence=[of(ReferencedSOPInstanceUID="1.2") for _ in range(50)])))

    assert (20, True) == (told["count"], told["is_cut"])
    assert 20 < MOST_ELEMENTS


def test_what_is_nested_too_deep_is_left_out(saved):
    """A sequence in a sequence in a sequence, and so on."""
    dataset = of(PatientID="P1")
    for _ in range(DEEPEST + 5):
        dataset = of(ContentSequence=[dataset])
    told = elements_of(saved(dataset))
    depth, element = 0, [one for one in told["elements"] if one["tag"] == "0040,A730"]
    while element:
        depth += 1
        element = [one for item in element[0]["items"] for one in item]

    assert (True, DEEPEST + 1) == (told["is_cut"], depth)


def test_a_thousand_levels_end_in_a_sentence(tmp_path):
    """Not in a stack that overflows."""
    head = b"\0" * 128 + b"DICM" + b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\0"
    level = b"\x40\x00\x30\xa7SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    (tmp_path / "it.dcm").write_bytes(head + level * 5000)

    with pytest.raises(Permanent):
        elements_of(tmp_path / "it.dcm")
    with pytest.raises(Permanent):
        report_in(tmp_path / "it.dcm")


def test_hostile_text_is_text(saved):
    """It goes through JSON as it is; pages show it as text."""
    found = by_tag(
        saved(of(PatientName="<script>alert(1)</script>", SeriesDescription="</script><img src=x onerror=a>"))
    )

    assert "<script>alert(1)</script>" == found["0010,0010"]["value"]
    assert "</script><img src=x onerror=a>" == json.loads(json.dumps(found))["0008,103E"]["value"]


def code(meaning: str) -> Dataset:
    return of(CodeValue="1", CodingSchemeDesignator="99X", CodeMeaning=meaning)


def test_a_report_says_names_and_values(saved):
    """Text, codes, numbers with units, names, references, and what is below."""
    named = {"ConceptNameCodeSequence": [code("Finding")]}
    below = [of(ValueType="UIDREF", UID="1.2")]
    number = of(NumericValue="12", MeasurementUnitsCodeSequence=[of(CodeValue="mm", CodeMeaning="millimetre")])
    reference = of(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID="1.2.3")
    content = [
        of(ValueType="TEXT", RelationshipType="CONTAINS", TextValue="a nodule", **named),
        of(ValueType="CODE", ConceptCodeSequence=[code("Lung")], **named),
        of(
            ValueType="NUM",
            MeasuredValueSequence=[number],
            **named,
            ContentSequence=below,
        ),
        of(ValueType="PNAME", PersonName="Doe^Jane", **named),
        of(ValueType="IMAGE", ReferencedSOPSequence=[reference]),
        of(ValueType="WHAT"),
    ]
    told = report_in(
        saved(of(ValueType="CONTAINER", ConceptNameCodeSequence=[code("Report")], ContentSequence=content))
    )

    assert ("CONTAINER", "Report", "") == (told["type"], told["name"], told["value"])
    assert ["a nodule", "Lung", "12 mm", "Doe^Jane", "CT Image Storage 1.2.3", ""] == [
        it["value"] for it in told["items"]
    ]
    assert ["1.2"] == [it["value"] for it in told["items"][2]["items"]]
    assert "CONTAINS" == told["items"][0]["relationship"]


def test_a_report_has_bounds(saved, monkeypatch):
    """In number and in depth."""
    monkeypatch.setattr(reports, "MOST_ITEMS", 10)
    wide = report_in(saved(of(ContentSequence=[of(ValueType="TEXT", TextValue="x") for _ in range(50)])))
    deep = of(ValueType="TEXT")
    for _ in range(reports.DEEPEST + 5):
        deep = of(ContentSequence=[deep])
    monkeypatch.undo()
    told, depth = report_in(saved(deep)), 0
    while told["items"]:
        told, depth = told["items"][0], depth + 1

    assert 9 == len(wide["items"])
    assert reports.DEEPEST == depth


def test_what_is_no_report_is_said(saved):
    """As something that is not there."""
    with pytest.raises(LookupError):
        report_in(saved(of(PatientID="P1")))
