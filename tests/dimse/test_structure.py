"""The shape of data sets, against what pydicom writes."""

import contextlib

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomfabd.dimse import datasets
from dicomfabd.dimse.structure import MalformedDataSet, check_structure
from tests.dimse.raw import EXPLICIT, IMPLICIT

SYNTAXES = pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT], ids=["implicit", "explicit"])


def nested(depth: int, is_undefined: bool = False) -> Dataset:
    """Give a data set with code sequences within each other."""
    ds = Dataset()
    ds.CodeValue = "1"
    if depth:
        inner = nested(depth - 1, is_undefined)
        inner.is_undefined_length_sequence_item = is_undefined
        ds.ConceptCodeSequence = Sequence([inner, Dataset()])
        ds["ConceptCodeSequence"].is_undefined_length = is_undefined
    return ds


def check(ds: Dataset, syntax: str, most_elements: int = 100, deepest: int = 8) -> None:
    check_structure(datasets.encode(ds, syntax), syntax == IMPLICIT, most_elements, deepest)


@SYNTAXES
@pytest.mark.parametrize("is_undefined", [True, False], ids=["undefined", "defined"])
def test_as_deep_as_may_be_is_well_and_deeper_is_not(syntax, is_undefined):
    """Whatever way lengths are written."""
    check(nested(8, is_undefined), syntax)
    with pytest.raises(MalformedDataSet, match="nested too deep"):
        check(nested(9, is_undefined), syntax)


@SYNTAXES
def test_as_many_elements_as_may_be_are_well_and_more_are_not(syntax):
    """Items count too, on all levels."""
    elements = 2 + 2 * 3
    check(nested(2), syntax, most_elements=elements + 2)
    with pytest.raises(MalformedDataSet, match="more than 4 elements"):
        check(nested(2), syntax, most_elements=4)


@SYNTAXES
def test_every_value_representation_is_gone_past(syntax):
    """Short lengths and long ones."""
    ds = Dataset()
    ds.PatientName, ds.Rows, ds.PatientComments, ds.PixelData = "A", 1, "x" * 7_000, b"\0\0"
    ds["PixelData"].VR = "OW"
    ds.add_new(0x00091001, "UN", b"private!")
    ds.add_new(0x00091002, "UT", "text")

    check(ds, syntax)


def test_a_sequence_that_hides_as_unknown_is_seen():
    """Readers look it up in the dictionary."""
    item = b"\xfe\xff\x00\xe0\0\0\0\0"
    hidden = b"\x40\0\0\1UN\0\0" + (8).to_bytes(4, "little")

    check_structure(hidden + item, False, 10, 8)
    with pytest.raises(MalformedDataSet, match="something else than items"):
        check_structure(hidden + b"not item", False, 10, 8)


@SYNTAXES
@pytest.mark.parametrize("is_undefined", [True, False], ids=["undefined", "defined"])
def test_what_is_cut_is_noticed(syntax, is_undefined):
    """Wherever it is cut, but between elements of the outermost level."""
    whole = datasets.encode(nested(2, is_undefined), syntax)
    first = len(datasets.encode(nested(0), syntax))

    for length in set(range(1, len(whole))) - {first}:
        with pytest.raises(MalformedDataSet):
            check_structure(whole[:length], syntax == IMPLICIT, 100, 8)


def test_what_would_be_read_as_explicit_is_not_taken_for_implicit():
    """A length that looks like letters decides for readers; one letter does not."""
    for length, is_taken in ((0x41, True), (0x4100, True), (0x4C4F, False)):
        encoded = b"\x10\0\x20\0" + length.to_bytes(4, "little") + bytes(length)
        with contextlib.nullcontext() if is_taken else pytest.raises(MalformedDataSet, match="not encoded as"):
            check_structure(encoded, True, 10, 8)
