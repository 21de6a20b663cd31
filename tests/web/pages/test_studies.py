"""The pages of the archive: what they show, and that nothing of DICOM is ever markup."""

import re

import pytest

from dicomfabd.dimse.datasets import encode, read_attributes
from dicomfabd.dimse.services import StoreRequest
from dicomfabd.fabricate.study import fabricate
from dicomfabd.web.pages.contact_sheet import FEW, evenly
from tests.archive.conftest import EXPLICIT, keep
from tests.fabricate.studies import plan_of, read

CT = plan_of("CT HEAD", "CT")
STUDY = CT.order.study_instance_uid
SERIES = CT.series[1].series_instance_uid
IMAGE = CT.series[1].sop_instance_uid(0)
HOSTILE = "\"><script>alert(1)</script>'{{7*7}}"
PATHS = ("/studies", f"/studies/{STUDY}", f"/studies/{STUDY}/viewer", f"/studies/{STUDY}/instances/{IMAGE}")


@pytest.fixture
def hostile(shelf, bodies):
    """Keep an image whose every name is an attack."""
    dataset = read(next(fabricate(CT, bodies, wanted=lambda uid: uid == IMAGE)))
    for keyword in (
        "PatientName", "PatientID", "StudyDescription", "SeriesDescription", "ReferringPhysicianName",
        "BodyPartExamined", "AccessionNumber", "PatientSex", "StudyTime",
    ):  # fmt: skip
        dataset.add_new(keyword, "LO", HOSTILE)
    body = encode(dataset, EXPLICIT)
    request = StoreRequest(dataset.SOPClassUID, dataset.SOPInstanceUID, EXPLICIT, body)
    shelf.keep(request, read_attributes(request))


@pytest.mark.parametrize("path", PATHS)
def test_hostile_values_are_text(client, hostile, path):
    """In every place a page shows them; the policy would stop a script that got through."""
    answer = client.get(path)

    assert 200 == answer.status_code
    assert "<script>alert" not in answer.text
    assert "{{7*7}}" in answer.text
    assert "49" not in re.findall(r"'([^']{1,4})", answer.text)
    assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", PATHS)
def test_pages_need_no_exception_of_the_policy(client, shelf, bodies, path):
    """No inline script, style or handler, and nothing from elsewhere."""
    keep(shelf, CT, bodies)
    text = client.get(path).text

    assert [] == re.findall(r"<script(?![^>]*\ssrc=\"/static/)[^>]*>", text)
    assert [] == re.findall(r"<[^>]+\s(?:style|on[a-z]+)=", text)
    assert [] == re.findall(r"(?:src|href)=\"(?:https?:)?//", text)


def test_the_list_shows_what_is_looked_for(client, shelf, bodies):
    """The filters stand in the address, and in the fields again."""
    keep(shelf, CT, bodies)

    found = client.get("/studies?text=head&modality=CT&from=2026-03-01").text
    none = client.get("/studies?text=zebra").text

    assert f'href="/studies/{STUDY}"' in found
    assert 'value="head"' in found
    assert "/api/v1/archive/studies.csv?text=head&amp;modality=CT&amp;from=2026-03-01" in found
    assert f'href="/studies/{STUDY}"' not in none
    assert "No study is like that." in none


def test_a_contact_sheet_shows_a_few_unless_all_are_asked_for(client, shelf, bodies):
    """First and last among them; each leads to its place in the viewer."""
    many = plan_of("CT CHEST", "CT", accession_candidates=("A3",))
    keep(shelf, many, bodies)
    series = max(many.series, key=lambda one: one.images)
    page = f"/studies/{many.order.study_instance_uid}"
    few, every = client.get(page).text, client.get(f"{page}?all={series.series_instance_uid}").text
    place = rf"#series={re.escape(series.series_instance_uid)}&amp;image=(\d+)\""

    assert series.images > FEW
    assert [str(it + 1) for it in evenly(series.images, FEW)] == re.findall(place, few)
    assert [str(it) for it in range(1, series.images + 1)] == re.findall(place, every)
    assert few.count('loading="lazy"') == few.count("<img")


@pytest.mark.parametrize(
    ("amount", "most", "chosen"),
    [(3, 8, [0, 1, 2]), (8, 8, [*range(8)]), (100, 4, [0, 33, 66, 99]), (9, 8, [0, 1, 2, 3, 5, 6, 7, 8])],
)
def test_images_are_chosen_evenly(amount, most, chosen):
    """First and last among them."""
    assert chosen == list(evenly(amount, most))


def test_a_study_that_is_not_there_is_said(client):
    """On each of its pages."""
    assert [404] * 3 == [client.get(path).status_code for path in PATHS[1:]]


def test_a_series_whose_file_is_gone_is_still_shown(client, shelf, bodies):
    """With what is wrong on the page of the instance."""
    keep(shelf, CT, bodies)
    for number in range(1, CT.instances + 1):
        shelf.path(number).unlink()

    assert [200, 200, 200] == [client.get(path).status_code for path in PATHS[1:]]
    assert "the instance was deleted" in client.get(PATHS[3]).text
