"""Instances described for viewers: geometry, windows and frames of every kind, and what hostile ones say."""

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomfabd.archive.describing import describe
from dicomfabd.archive.rendering import values
from dicomfabd.domain.errors import Permanent


def of(**attributes) -> Dataset:
    dataset = Dataset()
    for name, value in attributes.items():
        setattr(dataset, name, value)
    return dataset


@pytest.fixture
def image() -> Dataset:
    """Give a small image that says as little as it may."""
    return of(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.7",
        SOPInstanceUID="9.9",
        PhotometricInterpretation="MONOCHROME2",
        SamplesPerPixel=1,
        Rows=2,
        Columns=3,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelRepresentation=0,
        PixelData=b"\0\1\2\3\4\5",
    )


@pytest.fixture
def saved(tmp_path):
    """Give a function that writes a data set as a file."""

    def save(dataset: Dataset, syntax: str = ExplicitVRLittleEndian):
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = syntax
        path = tmp_path / "it.dcm"
        dataset.save_as(path, enforce_file_format=True)
        return path

    return save


def test_an_image_that_says_little_has_defaults(image, saved):
    """Rescale is none, a pixel square, a length not known."""
    said = describe(saved(image))

    assert ("image", "uint8", 1, 1.0, 0.0) == (
        said["kind"],
        said["pixels"],
        said["frames"],
        said["frame"]["rescale_slope"],
        said["frame"]["rescale_intercept"],
    )
    assert (None, "", 1.0, [], None) == (
        said["pixel_spacing"],
        said["pixel_spacing_of"],
        said["pixel_aspect"],
        said["frame"]["windows"],
        said["frame"]["position"],
    )


def test_frames_of_an_enhanced_image_differ(image, saved):
    """What one frame says by itself comes before what all say (PS3.3 C.7.6.16)."""
    image.NumberOfFrames, image.PixelData = 2, bytes(12)
    image.SharedFunctionalGroupsSequence = [
        of(
            PixelMeasuresSequence=[of(PixelSpacing=[0.5, 0.25], SliceThickness="3")],
            PlaneOrientationSequence=[of(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
            PixelValueTransformationSequence=[of(RescaleSlope=2, RescaleIntercept=-5, RescaleType="HU")],
        )
    ]
    image.PerFrameFunctionalGroupsSequence = [
        of(
            PlanePositionSequence=[of(ImagePositionPatient=[0, 0, place])],
            FrameVOILUTSequence=[of(WindowCenter=[40, place], WindowWidth=[400, 80], VOILUTFunction="SIGMOID")],
        )
        for place in (10, 20)
    ]
    said = describe(saved(image))
    first, second = said["frames_differ"]

    assert (2, 2.0, -5.0, [0.5, 0.25], 3.0, [0.0, 0.0, 10.0]) == (
        said["frames"],
        said["frame"]["rescale_slope"],
        said["frame"]["rescale_intercept"],
        said["pixel_spacing"],
        said["frame"]["thickness"],
        said["frame"]["position"],
    )
    assert {} == first
    assert {"position", "windows"} == set(second)
    assert [(40.0, 400.0, "sigmoid"), (20.0, 80.0, "sigmoid")] == [
        (window["centre"], window["width"], window["function"]) for window in second["windows"]
    ]
    assert 2.0 == said["pixel_aspect"]


@pytest.mark.parametrize(
    ("attributes", "spacing", "where"),
    [
        ({"PixelSpacing": [2, 1], "ImagerPixelSpacing": [3, 3]}, [2.0, 1.0], "patient"),
        ({"ImagerPixelSpacing": [0.1, 0.1]}, [0.1, 0.1], "detector"),
        ({"NominalScannedPixelSpacing": [0.2, 0.2]}, [0.2, 0.2], "film"),
        ({"PixelSpacing": [0, 1]}, None, ""),
    ],
)
def test_a_length_is_measured_where_the_image_says(image, saved, attributes, spacing, where):
    """In the patient, else at the detector, else on film."""
    image.update(of(**attributes))
    said = describe(saved(image))

    assert (spacing, where) == (said["pixel_spacing"], said["pixel_spacing_of"])


@pytest.mark.parametrize(
    ("regions", "spacing"),
    [
        ([(3, 0.02, 0.03)], [0.3, 0.2]),
        ([(3, 0.02, 0.03), (4, 1, 1)], [0.3, 0.2]),
        ([(3, 0.02, 0.03), (3, 0.05, 0.05)], None),
        ([(4, 1, 1)], None),
    ],
)
def test_ultrasound_is_calibrated_by_its_regions(image, saved, regions, spacing):
    """In centimetres, where they agree; seconds are no length."""
    image.SequenceOfUltrasoundRegions = [
        of(PhysicalUnitsXDirection=unit, PhysicalUnitsYDirection=unit, PhysicalDeltaX=across, PhysicalDeltaY=down)
        for unit, across, down in regions
    ]

    assert pytest.approx(spacing) == describe(saved(image))["pixel_spacing"]


def test_speed_is_said_in_frames_a_second(image, saved):
    """By a rate, or by the time of a frame."""
    image.FrameTime = "40"
    by_time = describe(saved(image))["frames_per_second"]
    image.CineRate = "12"

    assert (25.0, 12.0) == (by_time, describe(saved(image))["frames_per_second"])


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"MIMETypeOfEncapsulatedDocument": "application/pdf"}, "document"),
        ({"MIMETypeOfEncapsulatedDocument": "text/html"}, "other"),
        ({"ContentSequence": []}, "report"),
        ({"WaveformSequence": [of(NumberOfWaveformChannels=1)]}, "waveform"),
        ({"PatientID": "P1"}, "other"),
    ],
)
def test_what_is_no_image_is_named(saved, attributes, kind):
    """A page that is no PDF is never shown as one."""
    assert kind == describe(saved(of(SOPClassUID="1.2", SOPInstanceUID="9.9", **attributes)))["kind"]


def test_values_that_are_none_are_left_out(image, saved):
    """A bad number hides neither the image nor what it says beside."""
    image.add_new("WindowCenter", "DS", "40")
    image.add_new("WindowWidth", "DS", "400")
    image.add_new("RescaleSlope", "LO", "NOPE")
    said = describe(saved(image, ImplicitVRLittleEndian))

    assert (1.0, 40.0) == (said["frame"]["rescale_slope"], said["frame"]["windows"][0]["centre"])


def test_bits_nobody_shows_are_refused(image, saved):
    """With a sentence; nothing is guessed."""
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelData = 64, 64, 63, bytes(48)
    path = saved(image)

    assert "" == describe(path)["pixels"]
    with pytest.raises(Permanent):
        values(path, 1)


def test_thousands_of_windows_are_a_few(image, saved):
    """An answer has bounds whatever a file says."""
    image.WindowCenter, image.WindowWidth = ["1"] * 5000, ["2"] * 5000
    path = saved(image, ImplicitVRLittleEndian)

    assert len(describe(path)["frame"]["windows"]) <= 16
    assert 5000 == len(dcmread(path).WindowCenter)
