"""What a viewer is given of the archive, with pydicom as the judge of every value."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut
from pydicom.uid import JPEGLSLossless, RLELossless

from dicomfabd.archive.rendering import render
from dicomfabd.dimse.datasets import encode, read_attributes
from dicomfabd.dimse.services import StoreRequest
from dicomfabd.fabricate.study import fabricate
from tests.archive.conftest import EXPLICIT, keep
from tests.fabricate.studies import plan_as, plan_of, read

CT = plan_of("CT HEAD", "CT")
STUDY, SERIES = CT.order.study_instance_uid, CT.series[1].series_instance_uid
IMAGE = CT.series[1].sop_instance_uid(0)
STUDIES = "/api/v1/archive/studies"
INSTANCE = f"{STUDIES}/{STUDY}/instances/{IMAGE}"
DRAWN = ("mr-brain", "xray-chest", "mg-bilateral", "us-abdomen", "xa-coronary", "nm-bone", "pt-brain")


@pytest.fixture
def first(bodies) -> Dataset:
    """Give an image of a CT, as it is made."""
    return read(next(fabricate(CT, bodies, wanted=lambda uid: uid == IMAGE)))


@pytest.fixture
def put_file(shelf):
    """Give a function that keeps a data set as it is."""

    def put(dataset: Dataset, syntax: str = EXPLICIT) -> None:
        body = encode(dataset, syntax)
        request = StoreRequest(dataset.SOPClassUID, dataset.SOPInstanceUID, syntax, body)
        shelf.keep(request, read_attributes(request))

    return put


def described(client, study: str = STUDY, series: str = SERIES) -> list[dict]:
    answer = client.get(f"{STUDIES}/{study}/series/{series}/images")
    assert 200 == answer.status_code, answer.text
    return answer.json()["images"]


def values_of(client, study: str, image: dict, frame: int = 1) -> np.ndarray:
    """Give a frame's values as a viewer reads them."""
    answer = client.get(f"{STUDIES}/{study}/instances/{image['sop_instance_uid']}/frames/{frame}")
    assert (200, "application/octet-stream") == (answer.status_code, answer.headers["content-type"]), answer.text
    if image["pixels"] == "rgb":
        return np.frombuffer(answer.content, np.uint8).reshape(image["rows"], image["columns"], 3)
    kind = np.dtype(image["pixels"]).newbyteorder("<")
    return np.frombuffer(answer.content, kind).reshape(image["rows"], image["columns"])


def judged(dataset: Dataset, frame: int) -> np.ndarray:
    """Give the same values as pydicom reads them."""
    pixels = dataset.pixel_array
    return pixels[frame - 1] if int(dataset.get("NumberOfFrames") or 1) > 1 else pixels


@pytest.mark.parametrize("protocol", DRAWN)
def test_values_are_those_pydicom_reads(client, shelf, bodies, protocol):
    """Of every modality that is drawn, first and last frame, after rescale too."""
    plan = plan_as(protocol, accession_candidates=("A9",))
    keep(shelf, plan, bodies)
    study = plan.order.study_instance_uid
    compared = 0
    for series in plan.series:
        images = described(client, study, series.series_instance_uid)
        for image in [image for image in images if image["kind"] == "image"][:2]:
            uid = image["sop_instance_uid"]
            dataset = dcmread(io.BytesIO(client.get(f"{STUDIES}/{study}/instances/{uid}.dcm").content))
            for frame in {1, image["frames"]}:
                found, expected = values_of(client, study, image, frame), judged(dataset, frame)
                assert np.array_equal(expected, found)
                if image["pixels"] != "rgb":
                    rescaled = found * image["frame"]["rescale_slope"] + image["frame"]["rescale_intercept"]
                    assert np.array_equal(apply_modality_lut(expected, dataset), rescaled)
                compared += 1

    assert compared


@pytest.mark.parametrize("syntax", [str(RLELossless), str(JPEGLSLossless)])
def test_compressed_frames_are_given_decompressed(client, shelf, bodies, first, syntax):
    """A viewer needs no decoder."""
    keep(shelf, CT, bodies, syntax)
    image = next(image for image in described(client) if image["sop_instance_uid"] == IMAGE)

    assert np.array_equal(first.pixel_array, values_of(client, STUDY, image))


def test_a_description_is_what_the_image_says(client, shelf, bodies, first):
    """In the order people look at a series."""
    keep(shelf, CT, bodies)
    images = described(client)
    image = images[0]
    frame = image["frame"]

    assert list(range(1, CT.series[1].images + 1)) == [one["instance_number"] for one in images]
    assert ("image", "CT Image Storage", "int16", False, "HU", 1) == (
        image["kind"],
        image["sop_class"],
        image["pixels"],
        image["is_inverse"],
        image["units"],
        image["frames"],
    )
    assert (first.Rows, first.Columns) == (image["rows"], image["columns"])
    assert [*map(float, first.ImagePositionPatient)] == frame["position"]
    assert [*map(float, first.ImageOrientationPatient)] == frame["orientation"]
    assert [*map(float, first.PixelSpacing)] == frame["spacing"] == image["pixel_spacing"]
    assert first.FrameOfReferenceUID == image["frame_of_reference_uid"]
    (window, *_) = frame["windows"]
    first_of = np.ravel([float(np.ravel(first.WindowCenter)[0]), float(np.ravel(first.WindowWidth)[0])]).tolist()
    assert first_of == [window["centre"], window["width"]]
    assert "linear" == window["function"]


def test_dark_and_bright_are_told_apart(client, put_file, first):
    """MONOCHROME1, and the inverse shape; said twice it is one inversion."""
    found = {}
    for number, (photometric, shape) in enumerate(
        [("MONOCHROME1", ""), ("MONOCHROME2", ""), ("MONOCHROME2", "INVERSE"), ("MONOCHROME1", "INVERSE")]
    ):
        first.PhotometricInterpretation, first.PresentationLUTShape = photometric, shape
        first.SOPInstanceUID = f"9.9.{number}"
        put_file(first)
    for image in described(client):
        found[image["sop_instance_uid"]] = image["is_inverse"]

    assert {"9.9.0": True, "9.9.1": False, "9.9.2": True, "9.9.3": True} == found


def test_a_modality_table_is_applied_before(client, put_file, first):
    """Values without it mean nothing; they are given after it, and need no rescale."""
    table = Dataset()
    table.LUTDescriptor, table.ModalityLUTType = [256, 0, 16], "US"
    table.LUTData = np.arange(0, 512, 2, np.uint16).tobytes()
    table["LUTData"].VR = "OW"
    pixels = np.arange(first.Rows * first.Columns, dtype=np.uint16).reshape(first.Rows, first.Columns) % 256
    del first.RescaleSlope, first.RescaleIntercept
    first.PixelRepresentation, first.ModalityLUTSequence = 0, [table]
    first.PixelData = pixels.tobytes()
    put_file(first)
    (image,) = described(client)

    assert ("int32", 1.0, 0.0) == (
        image["pixels"],
        image["frame"]["rescale_slope"],
        image["frame"]["rescale_intercept"],
    )
    assert np.array_equal(pixels.astype(np.int32) * 2, values_of(client, STUDY, image))


def test_a_palette_becomes_colours(client, put_file, first):
    """As pydicom looks them up."""
    pixels = (np.indices((first.Rows, first.Columns)).sum(0) % 256).astype(np.uint8)
    first.PhotometricInterpretation, first.SamplesPerPixel = "PALETTE COLOR", 1
    first.BitsAllocated = first.BitsStored = 8
    first.HighBit, first.PixelRepresentation, first.PixelData = 7, 0, pixels.tobytes()
    ramps = {"Red": np.arange(256), "Green": 255 - np.arange(256), "Blue": np.full(256, 7)}
    for name, ramp in ramps.items():
        setattr(first, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 8])
        first[f"{name}PaletteColorLookupTableDescriptor"].VR = "US"
        setattr(first, f"{name}PaletteColorLookupTableData", ramp.astype(np.uint8).tobytes())
    put_file(first)
    (image,) = described(client)

    expected = np.stack([ramp[pixels] for ramp in ramps.values()], -1).astype(np.uint8)
    assert "rgb" == image["pixels"]
    assert np.array_equal(expected, values_of(client, STUDY, image))


def test_a_voi_table_comes_with_the_description(client, shelf, put_file, first):
    """And the server's own picture goes through it in the same way."""
    entries = (np.linspace(0, 1, 4096) ** 2 * 4095).astype(np.uint16)
    table = Dataset()
    table.LUTDescriptor, table.LUTExplanation = [4096, -1024, 12], "SQUARE"
    table["LUTDescriptor"].VR = "SS"
    table.LUTData = entries.tobytes()
    table["LUTData"].VR = "OW"
    first.VOILUTSequence = [table]
    put_file(first)
    (image,) = described(client)
    (told,) = image["frame"]["tables"]
    found = np.frombuffer(base64.b64decode(told["content"]), "<u2")
    rescaled = values_of(client, STUDY, image) * image["frame"]["rescale_slope"] + image["frame"]["rescale_intercept"]
    picture = np.asarray(Image.open(io.BytesIO(render(shelf.path(1), 1, "image/png", None, None, 90))))

    assert (-1024, 12, "SQUARE") == (told["first"], told["bits"], told["explanation"])
    assert np.array_equal(entries, found)
    looked_up = entries[np.clip(rescaled.astype(int) + 1024, 0, 4095)]
    assert np.array_equal((looked_up / 4095 * 255).astype(np.uint8), picture)


@pytest.mark.parametrize(
    "path",
    [
        "/instances/..%2f..%2fetc%2fpasswd/tags",
        "/instances/1.2%00/tags",
        "/instances/1.2;x/frames/1",
        f"/instances/{'1' * 65}/report",
        "/instances/%3Cscript%3E/document",
        "/instances/..%5c..%5cx.dcm",
        "/series/%2e%2e%2f/images",
        "/instances/9.9/tags",
        "/series/9.9/images",
    ],
)
def test_what_is_no_uid_is_nothing(client, shelf, bodies, path):
    """Names are looked up in the index; no path comes from a request."""
    keep(shelf, CT, bodies)

    answer = client.get(f"{STUDIES}/{STUDY}{path}")

    assert answer.status_code in (400, 404)
    assert "application/problem+json" == answer.headers["content-type"]


def test_an_instance_is_found_below_its_own_study_only(client, shelf, bodies):
    """Another study's address shows nothing of it."""
    keep(shelf, CT, bodies)

    paths = ("tags", "frames/1", "report", "document")
    assert {404} == {client.get(f"{STUDIES}/9.9/instances/{IMAGE}/{path}").status_code for path in paths}


def test_a_file_that_is_gone_is_said(client, shelf, bodies):
    """The others of its series are still described."""
    keep(shelf, CT, bodies)
    numbers = {image["sop_instance_uid"]: image["kind"] for image in described(client)}
    for path in (shelf.path(number) for number in range(1, CT.instances + 1)):
        if IMAGE == dcmread(path).SOPInstanceUID:
            path.unlink()

    answers = [client.get(f"{INSTANCE}/{path}") for path in ("tags", "frames/1", "report", "document")]
    answers.append(client.get(f"{INSTANCE}.dcm"))

    assert [404] * 5 == [answer.status_code for answer in answers]
    assert {"the instance was deleted"} == {answer.json()["detail"] for answer in answers}
    assert len(numbers) == len(described(client))


@pytest.mark.parametrize(("frame", "status"), [("0", 400), ("2", 404), ("x", 400), ("1e9", 400), ("-1", 400)])
def test_a_frame_that_is_not_there_is_refused(client, shelf, bodies, frame, status):
    """By number or by what it is."""
    keep(shelf, CT, bodies)

    assert status == client.get(f"{INSTANCE}/frames/{frame}").status_code


def test_every_element_is_told(client, shelf, bodies):
    """File meta information and sequences too, with keyword, VR, length and value."""
    keep(shelf, CT, bodies)
    told = client.get(f"{INSTANCE}/tags").json()
    by_tag = {element["tag"]: element for element in told["elements"]}
    dataset = dcmread(io.BytesIO(client.get(f"{INSTANCE}.dcm").content))

    assert {f"{tag.group:04X},{tag.element:04X}" for tag in [*dataset.file_meta.keys(), *dataset.keys()]} == set(by_tag)
    name = str(dataset.PatientName)
    said = [by_tag["0010,0010"][key] for key in ("keyword", "name", "vr", "value", "length")]
    assert ["PatientName", "Patient's Name", "PN", name, len(name) + len(name) % 2] == said
    assert "CT Image Storage" == by_tag["0008,0016"]["meaning"]
    assert any("items" in element for element in told["elements"])
    assert ("OW", None) == (by_tag["7FE0,0010"]["vr"], by_tag["7FE0,0010"]["value"]) or by_tag["7FE0,0010"]["length"]
    assert not told["is_cut"]


def test_a_report_is_a_tree_of_words(client, shelf, bodies):
    """An image is none."""
    keep(shelf, CT, bodies)
    (series,) = [one for one in CT.series if one.modality == "SR"][:1]
    uid = series.sop_instance_uid(0)
    report = client.get(f"{STUDIES}/{STUDY}/instances/{uid}/report").json()

    assert "CONTAINER" == report["type"]
    assert report["items"]
    assert report["name"]
    assert 404 == client.get(f"{INSTANCE}/report").status_code


def test_a_document_is_given_as_the_pdf_it_is(client, shelf, bodies):
    """An image holds none."""
    plan = plan_as("documents", accession_candidates=("A9",))
    keep(shelf, plan, bodies)
    keep(shelf, CT, bodies)
    study = plan.order.study_instance_uid
    images = [image for series in plan.series for image in described(client, study, series.series_instance_uid)]
    (document,) = [image for image in images if image["kind"] == "document"][:1]
    answer = client.get(f"{STUDIES}/{study}/instances/{document['sop_instance_uid']}/document")

    assert ("application/pdf", "nosniff") == (
        answer.headers["content-type"],
        answer.headers["x-content-type-options"],
    )
    assert answer.content.startswith(b"%PDF-")
    assert 404 == client.get(f"{INSTANCE}/document").status_code


def test_a_file_is_given_byte_for_byte(client, shelf, bodies):
    """Under a name of ours."""
    keep(shelf, replace(CT), bodies)
    answer = client.get(f"{INSTANCE}.dcm")

    assert answer.content in {shelf.path(number).read_bytes() for number in range(1, CT.instances + 1)}
    assert "application/dicom" == answer.headers["content-type"]
    assert answer.headers["content-disposition"].startswith('attachment; filename="')
