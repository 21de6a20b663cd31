from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomfabd.fabricate.template import SeriesTemplate


def model() -> Dataset:
    ds = Dataset()
    ds.SOPInstanceUID = "1.2.3"
    ds.PatientName = "DOE^JANE"
    ds.InstanceNumber = 1
    ds.ImagePositionPatient = ["0", "0", "0"]
    ds.SliceLocation = "0"
    return ds


VARYING = ["SOPInstanceUID", "InstanceNumber", "ImagePositionPatient", "SliceLocation"]


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
@given(number=st.integers(1, 999999), place=st.floats(-999, 999).map(lambda v: f"{v:.3f}"))
def test_a_filled_template_reads_back_what_went_in(syntax, number, place):
    """Padding changes no value."""
    template = SeriesTemplate(model(), VARYING, syntax, "OW")
    values = {
        "SOPInstanceUID": f"1.2.{number}",
        "InstanceNumber": str(number),
        "ImagePositionPatient": f"1\\2\\{place}",
        "SliceLocation": place,
    }
    head = template.header(values, 4)

    ds = dcmread(BytesIO(head + b"\1\2\3\4"), force=True)

    assert (f"1.2.{number}", number, "DOE^JANE") == (ds.SOPInstanceUID, ds.InstanceNumber, ds.PatientName)
    assert (float(place), float(place)) == (ds.SliceLocation, ds.ImagePositionPatient[2])
    assert b"\1\2\3\4" == ds.PixelData


def test_a_value_that_does_not_fit_is_a_bug_and_says_so():
    """Cutting a UID would name another instance."""
    template = SeriesTemplate(model(), ["SOPInstanceUID"], ExplicitVRLittleEndian, "OW")

    with pytest.raises(ValueError, match="SOPInstanceUID"):
        template.header({"SOPInstanceUID": "1" * 65}, 0)
