"""DICOMweb under /dicom-web, with pydicom as the judge of what comes back."""

import io
import json
from dataclasses import replace
from email.parser import BytesParser

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLSLossless, RLELossless

from dicomfabd.dimse.datasets import encode, read_attributes
from dicomfabd.dimse.services import StoreRequest
from dicomfabd.fabricate.study import fabricate
from dicomfabd.web.guards import Guards
from dicomfabd.web.server import build
from tests.archive.conftest import EXPLICIT, keep, values_of
from tests.fabricate.studies import plan_as, plan_of, read
from tests.web.conftest import a_client

CT = plan_of("CT HEAD", "CT")
US = plan_of("US ABDOMEN", "US", accession_candidates=("A2",))
DRAWN = ("mr-brain", "xray-chest", "mg-bilateral", "us-abdomen", "xa-coronary", "nm-bone", "pt-brain", "documents")
STUDY = CT.order.study_instance_uid
SERIES = CT.series[1].series_instance_uid
IMAGE = CT.series[1].sop_instance_uid(0)
ROOT = "/dicom-web"
INSTANCE = f"{ROOT}/studies/{STUDY}/series/{SERIES}/instances/{IMAGE}"


@pytest.fixture
def made(shelf, bodies):
    """Give the instances of a CT the archive holds, by UID."""
    return {instance.sop_instance_uid: instance for instance in keep(shelf, CT, bodies)}


@pytest.fixture
def first(bodies) -> Dataset:
    """Give the image most tests look at, as it is made."""
    return read(next(fabricate(CT, bodies, wanted=lambda uid: uid == IMAGE)))


def parts_of(answer) -> list[tuple[str, bytes]]:
    """Give media type and content of each part of a multipart answer, as the standard library reads it."""
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + answer.content)
    assert message.is_multipart()
    boundary = message.get_boundary().encode()
    pieces = answer.content.split(b"--" + boundary)[1:-1]
    split = [piece[2:-2].split(b"\r\n\r\n", 1) for piece in pieces]
    return [(head.split(b": ", 1)[1].decode(), content) for head, content in split]


def search(client, path: str, status: int = 200) -> list[Dataset]:
    answer = client.get(ROOT + path)
    assert status == answer.status_code, answer.text
    assert "application/dicom+json" == answer.headers["content-type"]
    return [Dataset.from_json(found) for found in answer.json()]


@pytest.mark.parametrize(
    ("path", "amount"),
    [
        ("/studies", 1),
        ("/studies?PatientName=doe*", 1),
        ("/studies?00100020=P1&StudyDate=20260301-20260303", 1),
        ("/studies?ModalitiesInStudy=MR", 0),
        ("/studies?offset=1", 0),
        (f"/instances?InstanceNumber=1&offset={sum(one.images > 0 for one in CT.series) - 1}", 1),
        ("/studies?StudyInstanceUID=9.9,9.8", 0),
        ("/series", len(CT.series)),
        ("/series?Modality=SR", 1),
        (f"/studies/{STUDY}/series?SeriesNumber=2", 1),
        ("/instances?limit=3", 3),
        (f"/instances?limit=1000&offset={CT.instances - 1}", 1),
        (f"/studies/{STUDY}/instances", CT.instances),
        (f"/studies/{STUDY}/series/{SERIES}/instances", CT.series[1].images),
        (f"/studies/9.9/series/{SERIES}/instances", 0),
        (f"/instances?SOPInstanceUID={IMAGE}&Rows={CT.series[1].rows}", 1),
        ("/instances?Rows=7", 0),
        (f"/series?RequestAttributesSequence.ScheduledProcedureStepID=*&SeriesInstanceUID={SERIES}", 1),
        ("/series?00400275.00400009=NONE", 0),
    ],
)
def test_what_is_searched_for_is_found(client, made, path, amount):
    """Every resource of PS3.18 Table 10.6.1-1."""
    assert amount == len(search(client, path))


def test_an_answer_says_what_the_standard_asks_for(client, made, first):
    """And where to retrieve it; the level above included."""
    (found,) = search(client, f"/instances?SOPInstanceUID={IMAGE}&includefield=ImageType")

    for keyword in (
        "PatientName",
        "PatientID",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "Modality",
        "Rows",
        "ImageType",
    ):
        assert first[keyword].value == found[keyword].value
    assert f"http://127.0.0.1{INSTANCE}" == found.RetrieveURL
    assert (str(CT.instances), "CT", EXPLICIT) == (
        str(found.NumberOfStudyRelatedInstances),
        found.ModalitiesInStudy[0],
        found.AvailableTransferSyntaxUID,
    )


def test_what_is_not_done_is_said(client, made):
    """Warnings in the standard's words (§8.3.4)."""
    answer = client.get(f"{ROOT}/instances?limit=1&fuzzymatching=true")

    assert [
        '299 dicomfabd "The fuzzymatching parameter is not supported. Only literal matching has been performed."',
        '299 dicomfabd "There are additional results that can be requested."',
    ] == answer.headers.get_list("warning")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/studies?NoSuchKeyword=1", 400),
        ("/studies?FFFFFFFF=1", 400),
        ("/studies?StudyDate=yesterday", 400),
        ("/instances?Rows=many", 400),
        ("/studies?limit=-1", 400),
        ("/studies?limit=1e9", 400),
        ("/studies?a.b.c.d=1", 400),
        ("/studies?RequestAttributesSequence=x", 400),
        (f"/studies?PatientName={'*a' * 4000}", 200),
        (f"/studies?PatientName={'a' * 20000}", 414),
        ("/studies?" + "&".join(["PatientID=x"] * 200), 400),
        ("/studies?PatientID=';DROP%20TABLE%20studies--", 200),
        ("/studies?PatientName=%00%0d%0aX:%201", 200),
        ("/studies/..%2f..%2fetc%2fpasswd/metadata", 404),
        ("/studies/not-a-uid/series", 400),
        ("/studies/9.9/metadata", 404),
        (f"/studies/{STUDY}/series/{SERIES}/instances/{IMAGE}/frames/0", 404),
        (f"/studies/{STUDY}/series/{SERIES}/instances/{IMAGE}/frames/2", 404),
        (f"/studies/{STUDY}/series/{SERIES}/instances/{IMAGE}/frames/{','.join(['1'] * 2001)}", 400),
        (f"/studies/{STUDY}/series/{SERIES}/instances/{IMAGE}/bulkdata/00100010", 404),
        (f"/studies/{STUDY}/series/{SERIES}/instances/{IMAGE}/bulkdata/..%2fx", 404),
        (f"/studies/{STUDY}/series/{SERIES}/instances/{IMAGE}/rendered?window=1", 400),
        (f"/studies/{STUDY}/series/{SERIES}/instances/{IMAGE}/rendered?window=1,0", 400),
        (f"/studies/{STUDY}/series/{SERIES}/instances/{IMAGE}/rendered?window=nan,inf", 400),
        (f"/studies/{STUDY}/series/{SERIES}/instances/{IMAGE}/rendered?viewport=99999,99999", 400),
        (f"/studies/{STUDY}/series/{SERIES}/instances/{IMAGE}/rendered?quality=0", 400),
    ],
)
def test_a_hostile_request_is_answered_plainly(client, made, path, status):
    """A problem document, or nothing found; never 500."""
    answer = client.get(ROOT + path)

    assert status == answer.status_code, answer.text
    if status != 200:
        assert "application/problem+json" == answer.headers["content-type"]


@pytest.mark.parametrize("path", [f"{ROOT}/studies/{STUDY}", f"{ROOT}/studies/{STUDY}/series/{SERIES}", INSTANCE])
def test_files_come_back_as_they_were_stored(client, made, path):
    """Parts of multipart/related, each a DICOM file."""
    files = [dcmread(io.BytesIO(content)) for _, content in parts_of(client.get(path))]

    assert files
    for dataset in files:
        assert values_of(read(made[dataset.SOPInstanceUID])) == values_of(dataset)


def test_a_single_file_needs_no_parts(client, made):
    """`Accept: application/dicom`."""
    answer = client.get(INSTANCE, headers={"Accept": "application/dicom"})

    assert ("application/dicom", IMAGE) == (
        answer.headers["content-type"],
        dcmread(io.BytesIO(answer.content)).SOPInstanceUID,
    )


def test_a_file_comes_in_the_other_spelling_too(client, made):
    """Implicit VR for who asks for it; a compression nobody has is 406."""
    implicit = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2'
    ((_, content),) = parts_of(client.get(INSTANCE, headers={"Accept": implicit}))
    compressed = client.get(INSTANCE, headers={"Accept": f"application/dicom; transfer-syntax={JPEGLSLossless}"})

    dataset = dcmread(io.BytesIO(content))
    assert "1.2.840.10008.1.2" == dataset.file_meta.TransferSyntaxUID
    assert values_of(read(made[IMAGE])) == values_of(dataset)
    assert 406 == compressed.status_code


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        (INSTANCE, "text/html", 406),
        (INSTANCE, "text/html, */*;q=0.1", 200),
        (INSTANCE, "application/dicom;q=0", 406),
        (f"{INSTANCE}/metadata", "application/dicom+xml", 406),
        (f"{INSTANCE}/metadata", "application/json", 200),
        (f"{ROOT}/studies", "multipart/related; type=application/dicom+xml", 406),
        (f"{INSTANCE}/frames/1", 'multipart/related; type="image/jls"', 406),
        (f"{INSTANCE}/frames/1", "multipart/related; type=application/octet-stream; transfer-syntax=*", 200),
        (f"{INSTANCE}/rendered", "image/gif", 406),
        (f"{INSTANCE}/rendered", "image/*", 200),
    ],
)
def test_a_client_is_given_what_it_takes(client, made, path, accept, status):
    """406 says what there is."""
    assert status == client.get(path, headers={"Accept": accept}).status_code


def test_metadata_is_the_data_set_without_its_pixels(client, made):
    """Of every instance, documents too; pydicom reads it back, and long values stand elsewhere."""
    answer = client.get(f"{ROOT}/studies/{STUDY}/metadata")
    found = {said["00080018"]["Value"][0]: said for said in answer.json()}

    assert set(made) == set(found)
    for uid, said in found.items():
        pixels = said.pop("7FE00010", None)
        expected = read(made[uid])
        if "PixelData" in expected:
            del expected.PixelData
            assert pixels["BulkDataURI"].endswith(f"/instances/{uid}/bulkdata/7FE00010")
        assert values_of(expected) == values_of(Dataset.from_json(json.dumps(said)))


def test_the_bulk_data_of_pixels_are_the_pixels(client, made, first):
    """By the URI that the metadata give."""
    (said,) = client.get(f"{INSTANCE}/metadata").json()
    answer = client.get(said["7FE00010"]["BulkDataURI"], headers={"Accept": "application/octet-stream"})

    assert first.PixelData == answer.content


def test_frames_are_bytes_of_the_pixels(client, shelf, bodies):
    """Of an ultrasound clip: colour, several frames, in the order asked for."""
    clip = next(one for one in keep(shelf, US, bodies) if read(one).get("NumberOfFrames", 1) > 1)
    dataset = read(clip)
    url = f"{ROOT}/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
    parts = parts_of(client.get(f"{url}/instances/{dataset.SOPInstanceUID}/frames/3,1"))

    length = len(dataset.PixelData) // dataset.NumberOfFrames
    kind = f"application/octet-stream; transfer-syntax={EXPLICIT}"
    assert [(kind, dataset.PixelData[2 * length : 3 * length]), (kind, dataset.PixelData[:length])] == parts


@pytest.mark.parametrize("syntax", [str(RLELossless), str(JPEGLSLossless)])
def test_compressed_frames_come_as_stored_or_decompressed(client, shelf, bodies, first, syntax):
    """Whoever says nothing of transfer syntaxes gets plain bytes."""
    keep(shelf, CT, bodies, syntax)
    octets = "multipart/related; type=application/octet-stream"
    ((plain_type, plain),) = parts_of(client.get(f"{INSTANCE}/frames/1", headers={"Accept": octets}))
    as_stored = client.get(f"{INSTANCE}/frames/1", headers={"Accept": f"{octets}; transfer-syntax=*"})
    ((stored_type, stored),) = parts_of(as_stored)

    assert (first.PixelData, f"application/octet-stream; transfer-syntax={EXPLICIT}") == (plain, plain_type)
    assert stored_type.endswith(f"transfer-syntax={syntax}")
    assert 0 < len(stored) < len(plain)


def picture(client, url: str, accept: str = "image/png") -> np.ndarray:
    answer = client.get(url, headers={"Accept": accept})
    assert (200, accept) == (answer.status_code, answer.headers["content-type"]), answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def test_a_picture_is_windowed_as_asked(client, made, first):
    """Its own window by default, or centre and width of the request (PS3.3 C.11.2.1.2)."""
    values = first.pixel_array * float(first.RescaleSlope) + float(first.RescaleIntercept)

    shown = picture(client, f"{INSTANCE}/rendered?window=40,400")

    expected = np.clip(((values - 39.5) / 399 + 0.5), 0, 1) * 255
    assert np.array_equal(expected.astype(np.uint8), shown)
    assert not np.array_equal(shown, picture(client, f"{INSTANCE}/rendered"))
    assert set(np.unique(picture(client, f"{INSTANCE}/rendered?window=0,1"))) <= {0, 255}


def test_a_picture_fits_the_viewport(client, made):
    """With its proportions; a thumbnail is small by itself."""
    assert (32, 32) == picture(client, f"{INSTANCE}/rendered?viewport=32,64").shape
    assert 128 >= max(picture(client, f"{ROOT}/studies/{STUDY}/thumbnail", "image/jpeg").shape[:2])


@pytest.mark.parametrize("protocol", DRAWN)
def test_every_kind_is_drawn_or_read(client, shelf, bodies, protocol):
    """Inverted, coloured, several frames: something is to be seen on each; a PDF comes as it is."""
    for instance in keep(shelf, plan_as(protocol), bodies):
        dataset = read(instance)
        url = f"{ROOT}/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
        rendered = f"{url}/instances/{dataset.SOPInstanceUID}/rendered"
        if "PixelData" in dataset:
            shown = picture(client, rendered)
            assert (dataset.Rows, dataset.Columns) == shown.shape[:2]
            assert shown.min() < shown.max()
        elif "EncapsulatedDocument" in dataset:
            assert client.get(rendered).content.startswith(b"%PDF-")


def test_monochrome1_is_inverted(client, shelf, made, first):
    """White is the lowest value."""
    second = dcmread(shelf.path(2))
    second.PhotometricInterpretation = "MONOCHROME1"
    second.SOPInstanceUID = "1.2.3"
    put(shelf, second)

    inverted = picture(client, INSTANCE.replace(IMAGE, "1.2.3") + "/rendered?window=40,400")

    plain = picture(client, INSTANCE.replace(IMAGE, dcmread(shelf.path(2)).SOPInstanceUID) + "/rendered?window=40,400")
    assert np.array_equal(255 - plain, inverted)


def test_what_has_no_picture_says_so(client, made):
    """406; a structured report is a document."""
    (report,) = [series for series in CT.series if series.modality == "SR"]
    url = f"{ROOT}/studies/{STUDY}/series/{report.series_instance_uid}/instances/{report.sop_instance_uid(0)}"

    answer = client.get(f"{url}/rendered")

    assert (406, "the instance has no image") == (answer.status_code, answer.json()["detail"])
    assert 404 == client.get(f"{url}/frames/1").status_code


def test_an_instance_that_lies_about_its_pixels_is_refused(client, shelf, made):
    """Neither memory nor time is spent on what it claims to be."""
    liar = dcmread(shelf.path(2))
    liar.SOPInstanceUID, liar.Rows, liar.Columns = "1.2.3", 65535, 65535
    put(shelf, liar)
    short = dcmread(shelf.path(2))
    short.SOPInstanceUID, short.Rows = "1.2.4", 2000
    put(shelf, short)

    for uid, said in (("1.2.3", "more than"), ("1.2.4", "not what its attributes say")):
        url = INSTANCE.replace(IMAGE, uid)
        rendered, frame = client.get(f"{url}/rendered"), client.get(f"{url}/frames/1")
        assert (406, 406) == (rendered.status_code, frame.status_code)
        assert said in rendered.json()["detail"]


def test_values_that_are_none_spoil_nothing_else(client, shelf, made):
    """Numbers and sequences others wrote wrong: what can be read is given, and no answer is a failure of ours."""
    odd = dcmread(shelf.path(2))
    odd.SOPInstanceUID = "1.2.3"
    for keyword, vr, value in (
        ("PatientWeight", "LO", "heavy"),
        ("NumberOfFrames", "LO", "many"),
        ("Rows", "LO", "9"),
        ("PatientSize", "LO", "tall"),
    ):
        odd.add(DataElement(keyword, vr, value))
    data = encode(odd, EXPLICIT).replace(b"LO\x06\x00heavy ", b"DS\x06\x00heavy ")
    data = data.replace(b"LO\x04\x00tall", b"FD\x04\x00tall")
    request = StoreRequest(odd.SOPClassUID, "1.2.3", EXPLICIT, data)
    assert shelf.keep(request, read_attributes(request))
    url = INSTANCE.replace(IMAGE, "1.2.3")

    (said,) = client.get(f"{url}/metadata").json()

    assert ("1.2.3", odd.Columns) == (said["00080018"]["Value"][0], said["00280011"]["Value"][0])
    assert (406, 406, 406) == tuple(
        client.get(f"{url}{rest}", headers={"Accept": accept}).status_code
        for rest, accept in (
            ("/rendered", "image/png"),
            ("/frames/1", "*/*"),
            ("", "application/dicom; transfer-syntax=1.2.840.10008.1.2"),
        )
    )
    assert 200 == client.get(f"{ROOT}/instances?SOPInstanceUID=1.2.3&includefield=all").status_code


def put(shelf, dataset: Dataset) -> None:
    """Keep a data set that was changed."""
    data = encode(dataset, EXPLICIT)
    request = StoreRequest(dataset.SOPClassUID, dataset.SOPInstanceUID, EXPLICIT, data)
    assert shelf.keep(request, read_attributes(request))


def test_other_sites_of_the_settings_may_read_dicomweb(desk, journal, made):
    """Those and no others, and nothing but DICOMweb."""
    desk = replace(desk, archive=replace(desk.archive, origins=["http://ohif.example"]))
    with a_client(Guards(build(desk), journal)) as client:
        allowed = [
            client.get(path, headers={"Origin": origin}).headers.get("access-control-allow-origin")
            for path, origin in (
                (f"{ROOT}/studies", "http://ohif.example"),
                (f"{ROOT}/studies", "http://evil.example"),
                ("/api/v1/archive/studies", "http://ohif.example"),
            )
        ]

    assert ["http://ohif.example", None, None] == allowed


def test_no_other_site_may_read(client, made):
    """No CORS header by default, whoever asks."""
    answer = client.get(f"{ROOT}/studies", headers={"Origin": "http://ohif.example"})

    assert [] == [name for name in answer.headers if name.startswith("access-control")]
