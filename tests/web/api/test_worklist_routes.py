"""The worklist over HTTP."""

import json

import pytest

from dicomfabd.domain.draft import StepDraft
from dicomfabd.domain.order import OrderState
from dicomfabd.store.worklist_interface import LoggedQuery
from tests.builders import NOON

DICOM_JSON = "application/dicom+json"
ITEM = {
    "00080050": {"vr": "SH", "Value": ["W1"]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}]},
    "00100020": {"vr": "LO", "Value": ["P7"]},
    "00101030": {"vr": "DS", "Value": [71.5]},
    "001021C0": {"vr": "US", "Value": [4]},
    "0020000D": {"vr": "UI", "Value": ["1.2.3.4"]},
    "00321060": {"vr": "LO", "Value": ["CT CHEST"]},
    "00321064": {
        "vr": "SQ",
        "Value": [
            {
                "00080100": {"vr": "SH", "Value": ["CTC"]},
                "00080102": {"vr": "SH", "Value": ["99X"]},
                "00080104": {"vr": "LO", "Value": ["CT CHEST"]},
            }
        ],
    },
    "00401003": {"vr": "SH", "Value": ["STAT"]},
    "00741202": {"vr": "LO", "Value": ["HEART"]},
    "00400100": {
        "vr": "SQ",
        "Value": [
            {
                "00080060": {"vr": "CS", "Value": ["CT"]},
                "00400001": {"vr": "AE", "Value": ["CT01", "CT02"]},
                "00400002": {"vr": "DA", "Value": ["20260302"]},
                "00400003": {"vr": "TM", "Value": ["0830"]},
                "00400007": {"vr": "LO", "Value": ["Chest"]},
                "00400009": {"vr": "SH", "Value": ["STEP7"]},
            }
        ],
    },
}


@pytest.fixture
def post(client):
    return lambda item, **headers: client.post(
        "/api/v1/worklist", content=json.dumps(item), headers={"content-type": DICOM_JSON, **headers}
    )


def accessions(answer) -> list[str]:
    return [item["00080050"]["Value"][0] for item in answer.json()]


def test_items_are_found_as_by_a_modality(client, put):
    """Any key, by keyword or tag; by start."""
    later = StepDraft(modality="MR", scheduled_at=NOON.replace(hour=13))
    put("B1", steps=(later,))
    put("A1")

    assert ["A1", "B1"] == accessions(client.get("/api/v1/worklist"))
    assert ["B1"] == accessions(client.get("/api/v1/worklist?Modality=MR&PatientName=doe*"))
    assert (
        ["A1"]
        == accessions(client.get("/api/v1/worklist?00080050=A1"))
        == accessions(client.get("/api/v1/worklist", params={"0008,0050": "A1"}))
    )
    assert ["B1"] == accessions(client.get("/api/v1/worklist?limit=1&offset=1"))
    assert [{"count": 2}, {"count": 1}, {"count": 0}] == [
        client.get(f"/api/v1/worklist/count{query}").json() for query in ("", "?Modality=MR", "?PatientName=X*")
    ]


def test_an_item_is_created_and_given_back(client, post, store):
    """What it said is what it says, in the DICOM JSON Model."""
    answer = post(ITEM)
    stored = store.book.get(1)
    (item,) = client.get("/api/v1/worklist").json()

    assert (201, "created", "/api/v1/orders/1") == (
        answer.status_code,
        answer.json()["action"],
        answer.headers["location"],
    )
    assert ("W1", 71.5, 4, "STAT", "1.2.3.4") == (
        stored.order.accession_number,
        stored.order.patient.patient_weight,
        stored.order.patient.pregnancy_status,
        stored.order.priority,
        stored.order.study_instance_uid,
    )
    for tag in ("00080050", "00100010", "00100020", "00101030", "001021C0", "00321064", "00741202"):
        assert ITEM[tag] == item[tag]
    step, given = item["00400100"]["Value"][0], ITEM["00400100"]["Value"][0]
    assert {**given, "00400003": {"vr": "TM", "Value": ["083000"]}} == {tag: step[tag] for tag in given}


def test_the_same_item_again_changes_nothing(post):
    """Nor does it with the same idempotency key, which gives the first answer."""
    first = post(ITEM, **{"Idempotency-Key": "k1"})
    again, keyed = post([ITEM]), post(ITEM, **{"Idempotency-Key": "k1"})

    assert (201, 200, "unchanged") == (first.status_code, again.status_code, again.json()["action"])
    assert (first.json(), "true") == (keyed.json(), keyed.headers["idempotent-replayed"])


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ([], "body"),
        ([ITEM, ITEM], "body"),
        ("x", "body"),
        (ITEM | {"00100020": {"vr": "LO"}}, "PatientID (00100020)"),
        (ITEM | {"00100020": "P1"}, "body.00100020"),
        (ITEM | {"PatientID": {"vr": "LO"}}, "body.PatientI"),
        (ITEM | {"00100010": {"vr": "PN", "Value": [{"Alphabetic": 7}]}}, "body.00100010"),
        (ITEM | {"00100010": {"vr": "PN", "Value": [["x"]]}}, "body.00100010"),
        (ITEM | {"00400100": {"vr": "SQ", "Value": ["x"]}}, "body.00400100"),
        (ITEM | {"00400100": {"vr": "SQ", "Value": [{}] * 65}}, "body.00400100"),
    ],
    ids=repr,
)
def test_what_is_no_item_is_refused(post, store, item, field):
    """With the place that is wrong; the request is kept for people to look at."""
    answer = post(item)

    assert (400, field) == (answer.status_code, answer.json()["errors"][0]["field"])
    assert "AE" == store.messages.get(1).code


def test_an_item_is_looked_up_and_cancelled(client, post, store):
    """By study and step, as its owner knows it."""
    post(ITEM)
    shown = client.get("/api/v1/worklist/1.2.3.4/STEP7")
    done = client.delete("/api/v1/worklist/1.2.3.4/STEP7")

    assert (DICOM_JSON, "W1") == (shown.headers["content-type"], shown.json()["00080050"]["Value"][0])
    assert (200, "cancelled", OrderState.CANCELLED) == (
        done.status_code,
        done.json()["action"],
        store.book.get(1).state,
    )
    assert ([], 404) == (
        client.get("/api/v1/worklist").json(),
        client.get("/api/v1/worklist/1.2.3.4/STEP7").status_code,
    )
    assert "order.cancel" == store.messages.audit_trail()[0].action


@pytest.mark.parametrize("path", ["1.2.3.4/OTHER", "9.9/STEP7", "*/*", "1.2.3.4/STEP*"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_another_item_is_not_there(client, post, store, method, path):
    """Wildcards are letters here."""
    post(ITEM)

    assert 404 == client.request(method, f"/api/v1/worklist/{path}").status_code
    assert OrderState.SCHEDULED is store.book.get(1).state


@pytest.mark.parametrize(
    "query",
    [
        "NoSuchKeyword=1",
        "ScheduledProcedureStepStartDate=2026/03/02",
        "limit=0",
        "offset=-1",
        "PatientName=" + 5000 * "x",
    ],
)
def test_what_cannot_be_asked_is_said(client, query):
    """As a problem document."""
    answer = client.get(f"/api/v1/worklist?{query}")

    assert (400, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


def test_why_an_item_does_not_show(client, put):
    """Key by key."""
    put("A1")
    told = client.get("/api/v1/worklist/why", params={"accession": "A1", "as": "Modality=MR", "calling": "MR01"}).json()

    assert (False, "default") == (told["steps"][0]["is_found"], told["profile"])
    assert [{"key": "Modality", "asked": "MR", "found": "CT", "fits": False}] == told["steps"][0]["verdicts"]
    assert [404, 404, 400, 400] == [
        client.get("/api/v1/worklist/why", params=asked).status_code
        for asked in (
            {"accession": "A9"},
            {"accession": "A1", "as": "17"},
            {"accession": "A1", "as": "junk"},
            {"as": "Modality=MR"},
        )
    ]


def test_what_modalities_asked_is_listed(client, store):
    """Newest first, page by page, in words."""
    keys = [[0x00100010, "DOE*"], [0x00400100, [[0x00080060, "CT"], [0x00400001, ""]]]]
    store.queries.log([LoggedQuery(n, 1e6, "CT01", "MWL", "10.0.0.7", keys, 3, 0.0015, 0) for n in range(1, 4)], keep=9)
    page = client.get("/api/v1/worklist/queries?limit=2").json()
    rest = client.get(f"/api/v1/worklist/queries?limit=2&before={page['next']}").json()

    assert ([3, 2], [1], None) == (
        [query["query_id"] for query in page["queries"]],
        [query["query_id"] for query in rest["queries"]],
        rest["next"],
    )
    assert {
        "query_id": 1,
        "at": "1970-01-12T13:46:40.000Z",
        "calling_ae_title": "CT01",
        "called_ae_title": "MWL",
        "peer": "10.0.0.7",
        "keys": "PatientName=DOE*, Modality=CT",
        "answers": 3,
        "ms": 1.5,
        "status": "0000",
        "comment": "",
    } == rest["queries"][0]
