"""What the archive holds, as JSON and ZIP, and deleting it."""

import io
import zipfile

import pytest
from pydicom import dcmread

from tests.archive.conftest import keep
from tests.fabricate.studies import plan_of

PLAN = plan_of("XR CHEST", "DX")
OTHER = plan_of("CT HEAD", "CT", accession_candidates=("A2",))
STUDY, SERIES = PLAN.order.study_instance_uid, PLAN.series[0].series_instance_uid
STUDIES = "/api/v1/archive/studies"


@pytest.fixture
def two_studies(shelf, bodies):
    keep(shelf, PLAN, bodies)
    keep(shelf, OTHER, bodies)


def accessions(client, query: str = "") -> list[str]:
    return [study["accession_number"] for study in client.get(f"{STUDIES}{query}").json()["studies"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["A2", "A1"]),
        ("?accession=A1", ["A1"]),
        ("?accession=A*", ["A2", "A1"]),
        ("?patient_name=doe", ["A2", "A1"]),
        ("?patient_name=jane", []),
        ("?patient_id=P1&modality=CT", ["A2"]),
        ("?from=2026-03-02&to=20260302", ["A2", "A1"]),
        ("?to=2026-03-01", []),
        ("?accession=%5BA%5D1", []),
    ],
)
def test_studies_are_listed_newest_first(client, two_studies, query, found):
    """By what a person knows of them."""
    assert found == accessions(client, query)


def test_a_list_goes_on_where_it_ended(client, two_studies):
    """`next` is null on the last page."""
    first = client.get(f"{STUDIES}?limit=1").json()
    second = client.get(f"{STUDIES}?limit=1&before={first['next']}").json()

    assert (["A2"], ["A1"], None) == (
        [study["accession_number"] for study in first["studies"]],
        [study["accession_number"] for study in second["studies"]],
        second["next"],
    )


def test_a_study_is_shown_with_its_series(client, two_studies):
    """Counts, sizes, and where to get them."""
    study = client.get(f"{STUDIES}/{OTHER.order.study_instance_uid}").json()

    assert (OTHER.instances, len(OTHER.series), ["CT", "SR"]) == (
        study["instances"],
        study["series"],
        study["modalities"],
    )
    assert study["bytes"] == sum(series["bytes"] for series in study["series_list"])
    assert [series.images for series in OTHER.series] == [one["instances"] for one in study["series_list"]]
    assert 200 == client.get(study["series_list"][0]["zip"]).status_code


def test_a_zip_holds_the_files_by_number(client, two_studies, shelf):
    """A folder a series; byte for byte what is on the shelf."""
    answer = client.get(f"{STUDIES}/{OTHER.order.study_instance_uid}.zip")
    files = zipfile.ZipFile(io.BytesIO(answer.content))

    names = [f"series{s:03d}/{n:05d}.dcm" for s, one in enumerate(OTHER.series, 1) for n in range(1, one.images + 1)]
    assert (names, None) == (files.namelist(), files.testzip())
    assert shelf.path(3).read_bytes() == files.read("series001/00001.dcm")
    assert OTHER.order.study_instance_uid == dcmread(io.BytesIO(files.read("series001/00001.dcm"))).StudyInstanceUID


def test_deleting_a_study_leaves_the_others(client, two_studies, shelf, store, tmp_path):
    """Files and entries are gone, and the audit trail says who did it."""
    answer = client.delete(f"{STUDIES}/{STUDY}")

    assert (200, {"instances": 2}) == (answer.status_code, answer.json())
    assert ["A2"] == accessions(client)
    assert OTHER.instances == len(list((tmp_path / "archive").rglob("*.dcm")))
    assert 404 == client.delete(f"{STUDIES}/{STUDY}").status_code
    (entry,) = store.messages.audit_trail()
    assert ("archive.delete", f"StudyInstanceUID {STUDY}", 2) == (entry.action, entry.target, entry.detail["instances"])


def test_deleting_a_series_leaves_the_study(client, two_studies):
    """Only under the study it belongs to."""
    other = OTHER.order.study_instance_uid
    assert 404 == client.delete(f"{STUDIES}/{other}/series/{SERIES}").status_code

    assert {"instances": 1} == client.delete(f"{STUDIES}/{STUDY}/series/{SERIES}").json()
    assert 1 == client.get(f"{STUDIES}/{STUDY}").json()["instances"]


def test_another_sites_page_deletes_nothing(client, two_studies):
    """CSRF."""
    answer = client.delete(f"{STUDIES}/{STUDY}", headers={"Origin": "http://evil.example"})

    assert (403, ["A2", "A1"]) == (answer.status_code, accessions(client))


@pytest.mark.parametrize(
    "path",
    [
        "/..%2F..%2Fetc",
        "/1.2;rm",
        "/%2e%2e",
        "/1.2%00",
        f"/{'1' * 65}",
        "?from=yesterday",
        "?before=x",
    ],
)
def test_what_is_no_uid_is_no_study(client, two_studies, path):
    """A study is looked up in the index; no path comes from a request."""
    assert client.get(STUDIES + path).status_code in (400, 404)
