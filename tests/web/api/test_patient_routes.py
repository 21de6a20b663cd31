"""The registry over HTTP."""

import pytest

from dicomfabd.domain.order import OrderState
from dicomfabd.store.interface import PatientKey

JANE = {"patient_id": "P1", "patient_name": "DOE^JANE", "patient_birth_date": "1958-03-14", "patient_sex": "F"}


@pytest.fixture
def add(client):
    def run(patient_id="P1", **values):
        return client.post("/api/v1/patients", json=JANE | {"patient_id": patient_id} | values)

    return run


def ids(answer):
    return [patient["patient_id"] for patient in answer.json()["patients"]]


def test_a_patient_is_added_once(client, add):
    """201, then 409; a date comes out as DICOM has it."""
    assert [201, 409] == [add().status_code, add(patient_name="ROE^RITA").status_code]
    assert ("DOE^JANE", "19580314") == tuple(
        client.get("/api/v1/patients/P1").json()[name] for name in ("patient_name", "patient_birth_date")
    )


def test_what_is_no_patient_is_refused_with_every_fault(client):
    """And nothing is kept."""
    answer = client.post("/api/v1/patients", json={"patient_id": "", "patient_birth_date": "20260231", "age": 3})

    assert (400, {"patient_id", "patient_name", "patient_birth_date", "age"}) == (
        answer.status_code,
        {error["field"] for error in answer.json()["errors"]},
    )
    assert [] == ids(client.get("/api/v1/patients"))


def test_patients_are_found_by_how_id_or_name_begins(client, add):
    """Without regard to case and accents."""
    add("A-1", patient_name="MÜLLER^JÖRG")
    add("B-1", patient_name="Doe^John")

    assert [["A-1"], ["B-1"], ["B-1"], []] == [
        ids(client.get("/api/v1/patients", params={"text": text})) for text in ("mull", "doe^j", "B-", "1")
    ]


def test_a_list_is_paged_without_loss(client, add):
    """Newest first."""
    for number in range(5):
        add(f"P{number}")
    seen, before = [], None
    while True:
        page = client.get("/api/v1/patients", params={"limit": 2} | ({"before": before} if before else {})).json()
        seen += [patient["patient_id"] for patient in page["patients"]]
        before = page["next"]
        if before is None:
            break

    assert ["P4", "P3", "P2", "P1", "P0"] == seen


def test_an_edit_shows_in_orders_nobody_has_begun(client, put, store, add):
    """Also what it lets go of, and also another ID."""
    put()
    patient = store.book.get(1).order.patient
    add(patient.patient_id, issuer_of_patient_id=patient.issuer_of_patient_id, patient_address="HERE")

    edited = client.put(f"/api/v1/patients/{patient.patient_id}", json=JANE | {"patient_id": "NEW", "patient_sex": "M"})

    now = store.book.get(1).order.patient
    assert (200, "NEW", "M", "") == (edited.status_code, now.patient_id, now.patient_sex, now.patient_address)


def test_another_patients_id_cannot_be_taken(client, add):
    """That would be a merge."""
    add("P1")
    add("P2")

    assert 409 == client.put("/api/v1/patients/P1", json=JANE | {"patient_id": "P2"}).status_code
    assert ["P2", "P1"] == ids(client.get("/api/v1/patients"))


def test_merged_patients_are_the_survivor(client, add, store):
    """Their number finds who they are now."""
    add("P1")
    add("P2")

    client.post("/api/v1/patients/merge", json={"survivor": "P1", "others": ["P2"]})

    assert "P1" == client.get("/api/v1/patients/P2").json()["merged_into"]
    assert 400 == client.post("/api/v1/patients/merge", json={"survivor": "P1", "others": ["P1"]}).status_code


def test_removed_patients_are_gone_with_those_merged_into_them_and_their_orders_stay(client, add, put, store):
    """One or many."""
    put()
    for patient_id in ("P1", "P2", "P3"):
        add(patient_id)
    client.post("/api/v1/patients/merge", json={"survivor": "P1", "others": ["P2"]})

    removed = client.post("/api/v1/patients/bulk-delete", json={"patient_ids": ["P1", "nobody"]})

    assert ({"removed": 2}, ["P3"]) == (removed.json(), ids(client.get("/api/v1/patients")))
    assert OrderState.SCHEDULED == store.book.get(1).state
    assert 404 == client.delete("/api/v1/patients/P1").status_code


def test_patients_are_made_up_after_the_pattern_and_never_twice(client, store):
    """Each seed gives its own people; IDs count on."""
    first = client.post("/api/v1/patients/synthesise", json={"amount": 3, "seed": 7}).json()["patients"]
    again = client.post("/api/v1/patients/synthesise", json={"amount": 3, "seed": 7, "keep": False}).json()["patients"]

    assert [f"SYN{number:06}" for number in range(1, 7)] == [it["patient_id"] for it in first + again]
    assert [it["patient_name"] for it in first] == [it["patient_name"] for it in again]
    assert (True, False) == tuple(
        store.patients.get(PatientKey(it["patient_id"])) is not None for it in (first[0], again[0])
    )


def test_a_table_comes_back_as_it_went_out(client, add):
    """Also what a spreadsheet would take for a formula."""
    add("P1", patient_name="=CMD^X", patient_address="-1 STREET", patient_size=1.7)
    table = client.get("/api/v1/patients.csv?bom=true")
    client.delete("/api/v1/patients/P1")

    brought = client.post("/api/v1/patients.csv", content=table.content, headers={"Content-Type": "text/csv"}).json()

    kept = client.get("/api/v1/patients/P1").json()
    assert ({"added": 1, "changed": 0, "refused": 0, "faults": []}, "-1 STREET", 1.7) == (
        brought,
        kept["patient_address"],
        kept["patient_size"],
    )


def test_rows_that_cannot_be_read_are_named_and_the_others_kept(client):
    """Columns may have the names other tools give them."""
    table = "MRN,Name,DOB,Sex,Email\nP1,DOE^JANE,1958-03-14,F,x@y\nP2,,19580314,F,\nP3,ROE^RITA,19581399,X,\n"

    brought = client.post("/api/v1/patients.csv", content=table).json()

    assert (1, 2, [3, 4]) == (brought["added"], brought["refused"], [it["line"] for it in brought["faults"]])
    assert ["P1"] == ids(client.get("/api/v1/patients"))


def test_what_is_no_table_is_refused(client):
    """Nothing of it is kept."""
    for content in (b"", b"name\nx\n", b"\xff\xfe", b'patient_id,patient_name\n"P1'):
        assert 400 == client.post("/api/v1/patients.csv", content=content).status_code


def test_an_id_may_hold_a_slash(client, add):
    """And nothing else that a path means anything by."""
    add("A/../B")

    assert "A/../B" == client.get("/api/v1/patients/A%2F..%2FB").json()["patient_id"]


def test_what_people_do_is_in_the_audit_trail(client, add, store):
    """With who, and without names."""
    add()
    client.put("/api/v1/patients/P1", json=JANE | {"patient_name": "ROE^RITA"})

    trail = [(entry.action, dict(entry.detail)) for entry in store.messages.audit_trail()]
    assert [("patient.edit", {"fields": ["patient_name"]}), ("patient.add", {})] == trail
