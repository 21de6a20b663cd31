"""Identifiers as keys, against what pydicom makes of them."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomfabd.dimse import datasets
from dicomfabd.dimse.keys import LONGEST_VALUE, MOST_KEYS, identifier_of, read_identifier
from dicomfabd.dimse.structure import MalformedDataSet
from tests.dimse.raw import EXPLICIT, IMPLICIT
from tests.fuzz import dicom

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of texts it cannot read

SYNTAXES = pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT], ids=["implicit", "explicit"])
NAME, STEPS = 0x00100010, 0x00400100


def an_identifier() -> Dataset:
    step = Dataset()
    step.Modality, step.ScheduledStationAETitle = "CT", ["A", "B"]
    ds = Dataset()
    ds.SpecificCharacterSet, ds.PatientName, ds.PatientID = "ISO_IR 192", "Müller^*", " P1 "
    ds.PregnancyStatus, ds.PatientWeight, ds.StudyInstanceUID = 4, None, "1.2.3"
    ds.ReferencedStudySequence, ds.RequestedProcedureCodeSequence = Sequence(), Sequence([Dataset()])
    ds.ScheduledProcedureStepSequence = Sequence([step])
    ds.add_new(0x00091001, "LO", "private")
    return ds


@SYNTAXES
@pytest.mark.parametrize("is_undefined", [True, False], ids=["undefined", "defined"])
def test_keys_are_read_to_the_last_value(syntax, is_undefined):
    """Whatever way lengths are written."""
    ds = an_identifier()
    ds["ScheduledProcedureStepSequence"].is_undefined_length = is_undefined
    ds.ScheduledProcedureStepSequence[0].is_undefined_length_sequence_item = is_undefined
    read = read_identifier(datasets.encode(ds, syntax), syntax)
    values = {key.tag: key.value for key in read.keys}

    assert ("ISO_IR 192", "Müller^*", "P1", "4", "", "1.2.3") == (
        read.character_set,
        *(values[tag] for tag in (NAME, 0x00100020, 0x001021C0, 0x00101030, 0x0020000D)),
    )
    assert [("Modality", "CT"), ("ScheduledStationAETitle", "A\\B")] == [
        (key.name, key.value) for key in next(key.keys for key in read.keys if key.tag == STEPS)
    ]
    assert [None, None] == [key.keys for key in read.keys if key.vr == "SQ" and key.tag != STEPS]


@SYNTAXES
def test_the_shape_is_what_is_asked_for_without_values(syntax):
    """So that answers can be kept by it."""
    one, other = an_identifier(), an_identifier()
    other.PatientName, other.ScheduledProcedureStepSequence[0].Modality = "", "MR"
    less = an_identifier()
    del less.ScheduledProcedureStepSequence[0].Modality
    shapes = [read_identifier(datasets.encode(ds, syntax), syntax).shape for ds in (one, other, less)]

    assert shapes[0] == shapes[1] != shapes[2]


def element(tag: int, value: bytes, length: int | None = None) -> bytes:
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value) if length is None else length) + value


ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
UNDEFINED = 0xFFFFFFFF


def nested(depth: int) -> bytes:
    inner = nested(depth - 1) if depth else element(NAME, b"X ")
    return element(STEPS, element(ITEM, inner))


@pytest.mark.parametrize(
    ("encoded", "why"),
    [
        (b"\x10\0\x10\0\x02", "within an element"),
        (element(NAME, b"", 8), "longer than what holds it"),
        (element(NAME, b"", UNDEFINED), "does not end"),
        (element(NAME, b"A ") * 2, "out of order"),
        (element(0x00100020, b"") + element(NAME, b""), "out of order"),
        (element(ITEM_END, b""), "out of order"),
        (element(STEPS, element(NAME, b"")), "something else than items"),
        (element(STEPS, element(ITEM, b"") * 2), "holds one"),
        (element(STEPS, element(ITEM, b"", 80)), "longer than what holds it"),
        (element(STEPS, element(ITEM, b"", UNDEFINED), UNDEFINED), "does not end"),
        (element(STEPS, element(ITEM, element(ITEM_END, b""), UNDEFINED), UNDEFINED), "does not end"),
        (element(0x001021C0, b"\1\0\2"), "a number"),
        (element(NAME, b"A" * (LONGEST_VALUE + 2)), "longer than 4096 bytes"),
        (element(0x001021C0, bytes(LONGEST_VALUE + 2)), "longer than 4096 bytes"),
        (nested(4), "nested too deep"),
        (b"".join(element(tag, b"") for tag in range(0x00110001, 0x00110002 + MOST_KEYS)), "more than 512"),
        (b"\xff" * 40, "longer than what holds it|does not end|something else|out of order"),
    ],
)
def test_what_is_no_identifier_is_refused(encoded, why):
    """Before anything is looked up."""
    with pytest.raises(MalformedDataSet, match=why):
        read_identifier(encoded, IMPLICIT)


def test_a_number_of_zero_restricts_nothing():
    """It is how dcmjs-dimse writes one that is empty."""
    zero, one = (read_identifier(element(0x001021C0, value), IMPLICIT).keys[0].value for value in (b"\0\0", b"\1\0"))

    assert ("", "1") == (zero, one)


def test_an_empty_identifier_asks_for_nothing():
    """It is one all the same."""
    assert identifier_of([]) == read_identifier(b"", IMPLICIT)


@pytest.mark.parametrize("character_set", ["NO SUCH SET", "ISO_IR 192\\NONE", "\\ISO 2022 IR 87"])
def test_a_text_that_cannot_be_read_is_no_text_and_no_error(character_set):
    """It matches nothing that anybody has on file."""
    encoded = element(0x00080005, character_set.encode().ljust(20)) + element(NAME, b"\xff\xfe\x1b$Bz ")

    assert isinstance(read_identifier(encoded, IMPLICIT).keys[0].value, str)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="\\"), max_size=16)


@SYNTAXES
@settings(max_examples=200, deadline=None, derandomize=True)
@given(name=TEXT, patient_id=TEXT, description=TEXT)
def test_what_pydicom_writes_is_read_as_it_was(syntax, name, patient_id, description):
    """Letters of any script."""
    step = Dataset()
    step.ScheduledProcedureStepDescription = description
    ds = Dataset()
    ds.SpecificCharacterSet, ds.PatientName, ds.PatientID = "ISO_IR 192", name, patient_id
    ds.ScheduledProcedureStepSequence = Sequence([step])
    keys = {key.tag: key for key in read_identifier(datasets.encode(ds, syntax), syntax).keys}

    # Empty component groups at the end are not written.
    assert (name.rstrip("="), patient_id, description) == (
        keys[NAME].value,
        keys[0x00100020].value,
        keys[STEPS].keys[0].value,
    )


@SYNTAXES
@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.binary(max_size=400))
def test_any_bytes_are_keys_or_refused(syntax, data):
    """Also such as are shaped like elements."""
    for encoded in (data, dicom.shaped(data, syntax)):
        dicom.check_keys(encoded, syntax)
