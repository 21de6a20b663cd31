"""What the archive holds, as JSON and ZIP, and deleting it."""

import csv
import io
import zipfile
from dataclasses import replace
from urllib.parse import quote

import pytest
from pydicom import dcmread

from dicomfabd.web.guards import Guards
from dicomfabd.web.server import build
from tests.archive.conftest import keep
from tests.fabricate.studies import plan_of
from tests.web.conftest import a_client

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
        ("?text=ct+head", ["A2"]),
        ("?text=doe+a1", ["A1"]),
        ("?text=d%C3%B6e", ["A2", "A1"]),
        ("?text=zebra", []),
        ("?sort=accession", ["A1", "A2"]),
        ("?sort=-accession", ["A2", "A1"]),
        ("?sort=received", ["A1", "A2"]),
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


def test_every_order_of_a_list_goes_on_where_it_ended(client, two_studies):
    """Also among studies that are alike in what they are sorted by."""
    found = {}
    for sort in ("", "received", "date", "-date", "patient", "-patient", "patient_id", "accession", "-accession"):
        first = client.get(f"{STUDIES}?limit=1&sort={sort}").json()
        found[sort] = accessions(client, f"?limit=1&sort={sort}&before={quote(first['next'])}")

    backwards = {"", "-date", "-patient", "-accession"}
    assert {sort: ["A1"] if sort in backwards else ["A2"] for sort in found} == found


@pytest.mark.parametrize("before", ["x", "1~A1", "%27", "-1", "9" * 30, "1%00"])
def test_a_place_that_is_none_of_the_list_is_refused(client, two_studies, before):
    """Without a look into the index."""
    assert 400 == client.get(f"{STUDIES}?before={before}").status_code


def test_a_study_leads_to_its_order_and_to_another_viewer(client, desk, journal, two_studies, put):
    """By Study Instance UID, else by accession number; the address is the setting's."""
    put("A2", study_instance_uid=OTHER.order.study_instance_uid)
    put("A1", study_instance_uid="2.25.99")
    other = replace(desk, archive=replace(desk.archive, viewer_url="https://ohif.example/v?u={study_uid}"))

    with a_client(Guards(build(other), journal)) as with_viewer:
        found = with_viewer.get(STUDIES).json()["studies"]

    assert [1, 2] == [study["order_id"] for study in found]
    assert f"https://ohif.example/v?u={STUDY}" == found[1]["other_viewer"]
    assert None is client.get(f"{STUDIES}/{STUDY}").json()["other_viewer"]


def test_a_table_is_data_only(client, shelf, bodies, two_studies):
    """Every study that is found; nothing of it is a formula."""
    keep(shelf, plan_of("XR HAND", "DX", accession_candidates=("=1+1",)), bodies)

    answer = client.get(f"{STUDIES}.csv?bom=true&sort=received&modality=DX")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))

    assert ("text/csv; charset=utf-8", 'attachment; filename="studies.csv"') == (
        answer.headers["content-type"],
        answer.headers["content-disposition"],
    )
    assert ["A1", "'=1+1"] == [row["accession_number"] for row in rows]
    assert ("DX", "2", STUDY) == (rows[0]["modalities"], rows[0]["instances"], rows[0]["study_instance_uid"])


def test_several_studies_are_one_zip(client, two_studies):
    """A folder a study, numbers within it begin anew; what is not there is left out."""
    uids = (STUDY, OTHER.order.study_instance_uid, "9.9")
    answer = client.get(f"{STUDIES}.zip", params={"study": uids})
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()

    assert ["study001/series001/00001.dcm", "study001/series002/00001.dcm", "study002/series001/00001.dcm"] == names[:3]
    assert PLAN.instances + OTHER.instances == len(names)
    assert 404 == client.get(f"{STUDIES}.zip?study=9.9").status_code
    assert [400, 400] == [client.get(f"{STUDIES}.zip{query}").status_code for query in ("", "?study=../x")]


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
