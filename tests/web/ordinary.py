"""An application with a little of everything ordinary in it, and one request to each of its operations."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi.testclient import TestClient
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from dicomfabd.archive.shelf import Shelf
from dicomfabd.domain.delivery import Claim, Delivery, InstanceResult, Outcome
from dicomfabd.domain.performed import begun
from dicomfabd.store.opening import Store
from dicomfabd.store.worklist_interface import LoggedQuery
from dicomfabd.web.desk import WebDesk
from tests.builders import an_orm
from tests.performed import a_beginning, a_series, attributes_of
from tests.web.hostile.payloads import CAPTURE, REPORT, stored

STUDY, SERIES, INSTANCE = "2.25.1234", "2.25.1235", "2.25.1236"
STEP = "2.25.1237"
REPORT_UID, PDF_UID, SPARE = "2.25.1238", "2.25.1239", "2.25.1240"
PDF = "1.2.840.10008.5.1.4.1.1.104.1"
MOVE = "0f8fad5bd9cb469f"


def image(uid: str = INSTANCE, study: str = STUDY, series: str = SERIES) -> Dataset:
    dataset = _named(study, series, uid, CAPTURE, "OT")
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows = dataset.Columns = 8
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PixelSpacing, dataset.WindowCenter, dataset.WindowWidth = [0.5, 0.5], "40", "400"
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
    dataset.SliceThickness, dataset.SliceLocation = "1.5", "3"
    dataset.add_new(0x00090010, "LO", "DICOMFABD TEST")
    dataset.add_new(0x00091001, "OB", bytes(2000))
    dataset.PixelData = bytes(128)
    return dataset


def report() -> Dataset:
    dataset = _named(STUDY, f"{SERIES}.1", REPORT_UID, REPORT, "SR")
    title, text = _code("121060", "History"), Dataset()
    text.RelationshipType, text.ValueType, text.TextValue = "CONTAINS", "TEXT", "no finding"
    text.ConceptNameCodeSequence = DicomSequence([_code("121071", "Finding")])
    dataset.ValueType, dataset.ConceptNameCodeSequence = "CONTAINER", DicomSequence([title])
    dataset.ContentSequence = DicomSequence([text])
    return dataset


def document() -> Dataset:
    dataset = _named(STUDY, f"{SERIES}.2", PDF_UID, PDF, "DOC")
    dataset.EncapsulatedDocument, dataset.MIMETypeOfEncapsulatedDocument = b"%PDF-1.4\n", "application/pdf"
    return dataset


def _named(study: str, series: str, uid: str, sop_class: str, modality: str) -> Dataset:
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "DOE^JANE", "P1", "19800101"
    dataset.PatientSex, dataset.AccessionNumber, dataset.StudyDescription = "F", "A1001", "CT CHEST"
    dataset.StudyDate, dataset.StudyTime, dataset.Modality, dataset.SeriesNumber = "20260302", "120000", modality, 1
    dataset.SeriesDescription, dataset.InstanceNumber = "Axial", 1
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, uid
    return dataset


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
    return code


def fill(desk: WebDesk, store: Store, shelf: Shelf) -> None:
    """Put something of everything in."""
    for number, accession in enumerate(("A1001", "A1002", "A1003", "A1004")):
        desk.receive(an_orm(f"M{number}", accession, patient_id=f"P{number + 1}"), "10.0.0.9:1", "http")
    desk.receive(an_orm("M9", "A1009").replace(b"PID|1||P1^^^HOSP^MR", b"PID|1||"), "10.0.0.9:1", "http")
    for dataset in (
        image(),
        report(),
        document(),
        image(SPARE, f"{STUDY}.9", f"{SERIES}.9"),
        image(f"{SPARE}.1", STUDY, f"{SERIES}.8"),
    ):
        shelf.keep(*stored(dataset))
    store.performed.create(begun(STEP, attributes_of(a_beginning(PerformedSeriesSequence=[a_series(3)]))), "CT01")
    keys = ((0x00080060, "CT"), (0x00100010, "DOE*"))
    store.queries.log([LoggedQuery(1, 1_000_000.0, "CT01", "FABWORKLIST", "10.0.0.7", keys, 2, 0.004, 0)], 100)
    refused, taken = (_claimed(store) for _ in range(2))
    store.queue.record(refused, [_answer(0xA700)])
    store.queue.fail(refused, "refused: 0xA700 out of resources")
    store.queue.record(taken, [_answer(0)])
    store.queue.settle(taken, Delivery("archive", 1, 0, 0, 0.4))


def _claimed(store: Store) -> Claim:
    claim = store.queue.claim("worker", 60, {"archive": 9, "main": 9})
    assert claim is not None
    return claim


def _answer(status: int) -> InstanceResult:
    outcome = Outcome.STORED if status == 0 else Outcome.PERMANENT
    return InstanceResult(INSTANCE, CAPTURE, status, outcome)


@dataclass(frozen=True)
class Call:
    """One request: the operation it is to, its address and what goes with it."""

    operation: str
    method: str
    path: str
    options: dict[str, Any] = field(default_factory=dict)


ORDER = {
    "patient_id": "P5",
    "patient_name": "ROE^RICHARD",
    "accession": "A2001",
    "modality": "CT",
    "study_desc": "CT CHEST",
}
MESSAGE = an_orm("M20", "A1020").decode()
PACS = {"name": "main", "host": "127.0.0.1", "port": 11113, "ae_title": "MAINPACS", "description": "The hospital's own"}
ITEM = {
    "00080050": {"vr": "SH", "Value": ["A3001"]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "DOE^JANE"}]},
    "00100020": {"vr": "LO", "Value": ["P3001"]},
    "00321060": {"vr": "LO", "Value": ["CT CHEST"]},
    "00400100": {
        "vr": "SQ",
        "Value": [
            {
                "00080060": {"vr": "CS", "Value": ["CT"]},
                "00400001": {"vr": "AE", "Value": ["CT01"]},
                "00400002": {"vr": "DA", "Value": ["20260302"]},
                "00400003": {"vr": "TM", "Value": ["0830"]},
            }
        ],
    },
}
PATIENT = {
    "patient_id": "P123",
    "patient_name": "DOE^JANE",
    "patient_birth_date": "19580314",
    "patient_sex": "F",
    "patient_size": 1.7,
    "patient_weight": 70.5,
}
USER = {"name": "jane", "password": "correct horse battery", "test": "operator", "prod": "viewer", "phi": True}


def calls(client: TestClient) -> Iterator[Call]:
    """Give the requests in an order in which each finds what it is about; those that need an answer ask for it."""
    get = lambda operation, path, **options: Call(operation, "GET", path, options)  # noqa: E731 - a word for a word
    text = {"content": MESSAGE, "headers": {"Content-Type": "text/plain"}}
    yield get("list_orders", "/api/v1/orders?limit=2")
    yield get("list_orders", "/api/v1/orders?text=doe")
    yield get("show_order", "/api/v1/orders/1")
    yield get("list_instances", "/api/v1/orders/1/instances")
    yield get("show_plan", "/api/v1/orders/1/plan")
    yield Call("create_order", "POST", "/api/v1/orders", {"json": ORDER})
    yield Call("create_order", "POST", "/api/v1/orders", {"json": ORDER})
    yield Call("create_order_as_the_kit_does", "POST", "/orders", {"json": ORDER | {"accession": "A2002"}})
    yield Call("preview_order", "POST", "/api/v1/orders/preview", {"json": ORDER})
    yield Call("send_order", "POST", "/api/v1/orders/1/send", {"json": {"destinations": ["archive"]}})
    yield Call("retry_order", "POST", "/api/v1/orders/1/retry")
    yield Call("cancel_order", "POST", "/api/v1/orders/3/cancel")
    yield Call("delete_order", "DELETE", "/api/v1/orders/4")
    bulk = {"action": "retry", "order_ids": [1, 2, 99]}
    yield Call("act_on_orders", "POST", "/api/v1/orders/bulk", {"json": bulk})
    yield Call("act_on_orders", "POST", "/api/v1/orders/bulk", {"json": {"action": "cancel", "order_ids": [2, 99]}})
    yield get("list_procedures", "/api/v1/procedures")
    yield Call("take_messages", "POST", "/api/v1/messages", text)
    yield get("list_messages", "/api/v1/messages?limit=3")
    yield get("list_messages", "/api/v1/messages")
    yield get("show_message", "/api/v1/messages/1")
    yield get("show_message", "/api/v1/messages/5")
    yield get("show_raw_message", "/api/v1/messages/1/raw")
    yield get("show_answer_to_message", "/api/v1/messages/1/answer")
    yield Call("replay_message", "POST", "/api/v1/messages/5/replay")
    yield Call("replay_message", "POST", "/api/v1/messages/1/replay", text)
    yield Call("replay_messages", "POST", "/api/v1/messages/bulk-replay", {"json": {"message_ids": [1, 5]}})
    yield Call("explain_messages", "POST", "/api/v1/explain", text)
    yield get("find_items", "/api/v1/worklist?limit=1")
    yield get("count_items", "/api/v1/worklist/count")
    yield get("list_queries", "/api/v1/worklist/queries?limit=1")
    yield get("list_queries", "/api/v1/worklist/queries")
    yield get("explain_missing_item", "/api/v1/worklist/why?accession=A1001&as=Modality%3DCT")
    yield Call(
        "create_item", "POST", "/api/v1/worklist", {"json": ITEM, "headers": {"Content-Type": "application/dicom+json"}}
    )
    yield Call("create_item", "POST", "/api/v1/worklist", {"json": ITEM})
    items = client.get("/api/v1/worklist?AccessionNumber=A3001").json()
    uid, step = items[0]["0020000D"]["Value"][0], items[0]["00400100"]["Value"][0]["00400009"]["Value"][0]
    yield get("show_item", f"/api/v1/worklist/{uid}/{step}")
    yield Call("cancel_item", "DELETE", f"/api/v1/worklist/{uid}/{step}")
    yield get("list_unmatched", "/api/v1/performed-steps")
    yield get("show_performed_step", f"/api/v1/performed-steps/{STEP}")
    yield from _pacs_calls(get)
    yield from _archive_calls(get)
    yield from _patient_calls(get)
    yield get("show_counts", "/api/v1/counts")
    yield get("show_history", "/api/v1/history?span=hour")
    for operation, path in (
        ("check_liveness", "/livez"), ("check_readiness", "/readyz"), ("show_health", "/healthz"),
        ("show_metrics", "/metrics"),
    ):  # fmt: skip
        yield get(operation, path)
    yield from _account_calls(get)


def _pacs_calls(get: Callable[..., Call]) -> Iterator[Call]:
    yield Call("add_pacs", "POST", "/api/v1/pacs", {"json": PACS})
    yield Call("replace_pacs", "PUT", "/api/v1/pacs/main", {"json": PACS | {"environment": "test"}})
    yield get("list_pacs", "/api/v1/pacs")
    yield get("show_pacs", "/api/v1/pacs/main")
    yield Call("echo_pacs", "POST", "/api/v1/pacs/main/echo")
    yield get("query_pacs", "/api/v1/pacs/query?pacs=archive&accession=A1001")
    yield get("query_pacs", "/api/v1/pacs/query?pacs=main")
    yield get("query_pacs_as_csv", "/api/v1/pacs/query.csv?pacs=archive")
    body = {"source": "archive", "destination": "main", "study_uid": STUDY}
    yield Call("start_move", "POST", "/api/v1/pacs/move", {"json": body})
    yield get("list_moves", "/api/v1/pacs/moves")
    yield get("show_move", "/api/v1/pacs/moves/{move_id}")
    yield Call("cancel_move", "DELETE", "/api/v1/pacs/moves/{move_id}")
    yield get("download_study_of_pacs", f"/api/v1/pacs/archive/studies/{STUDY}")
    yield Call("remove_pacs", "DELETE", "/api/v1/pacs/main")


def _archive_calls(get: Callable[..., Call]) -> Iterator[Call]:
    studies = "/api/v1/archive/studies"
    yield get("list_studies", f"{studies}?limit=1")
    yield get("list_studies", studies)
    yield get("export_studies", f"{studies}.csv")
    yield get("download_studies", f"{studies}.zip?study={STUDY}")
    yield get("download_study", f"{studies}/{STUDY}.zip")
    yield get("show_study", f"{studies}/{STUDY}")
    yield get("download_series", f"{studies}/{STUDY}/series/{SERIES}.zip")
    yield get("describe_series", f"{studies}/{STUDY}/series/{SERIES}/images")
    yield get("describe_series", f"{studies}/{STUDY}/series/{SERIES}.1/images")
    yield get("show_values_of_frame", f"{studies}/{STUDY}/instances/{INSTANCE}/frames/1")
    yield get("list_tags", f"{studies}/{STUDY}/instances/{INSTANCE}/tags")
    yield get("list_tags", f"{studies}/{STUDY}/instances/{REPORT_UID}/tags")
    yield get("show_report", f"{studies}/{STUDY}/instances/{REPORT_UID}/report")
    yield get("show_document", f"{studies}/{STUDY}/instances/{PDF_UID}/document")
    yield get("download_instance", f"{studies}/{STUDY}/instances/{INSTANCE}.dcm")
    web, one = f"/dicom-web/studies/{STUDY}", f"/dicom-web/studies/{STUDY}/series/{SERIES}/instances/{INSTANCE}"
    yield get("search_studies", "/dicom-web/studies?AccessionNumber=A1001")
    yield get("search_series", "/dicom-web/series")
    yield get("search_instances", "/dicom-web/instances")
    yield get("search_series_of_study", f"{web}/series")
    yield get("search_instances_of_study", f"{web}/instances")
    yield get("search_instances_of_series", f"{web}/series/{SERIES}/instances")
    yield get("render_instance", f"{one}/rendered")
    yield get("render_frame", f"{one}/frames/1/rendered")
    yield get("thumbnail_of_study", f"{web}/thumbnail")
    yield get("thumbnail_of_series", f"{web}/series/{SERIES}/thumbnail")
    yield get("thumbnail_of_instance", f"{one}/thumbnail")
    yield get("retrieve_study", web)
    yield get("retrieve_series", f"{web}/series/{SERIES}")
    yield get("retrieve_instance", one)
    yield get("metadata_of_study", f"{web}/metadata")
    yield get("metadata_of_series", f"{web}/series/{SERIES}/metadata")
    yield get("metadata_of_instance", f"{one}/metadata")
    yield get("retrieve_frames", f"{one}/frames/1")
    yield get("retrieve_bulk_data", f"{one}/bulkdata/00091001")
    yield Call("delete_series", "DELETE", f"{studies}/{STUDY}/series/{SERIES}.8")
    yield Call("delete_study", "DELETE", f"{studies}/{STUDY}.9")


def _patient_calls(get: Callable[..., Call]) -> Iterator[Call]:
    patients = "/api/v1/patients"
    table = "patient_id,patient_name\r\nP401,ROE^RICHARD\r\nP402,\r\n"
    yield Call("add_patient", "POST", patients, {"json": PATIENT})
    yield Call("edit_patient", "PUT", f"{patients}/P123", {"json": PATIENT | {"patient_name": "DOE^JANET"}})
    yield get("show_patient", f"{patients}/P123")
    yield get("list_patients", f"{patients}?limit=2")
    yield get("export_patients", f"{patients}.csv?text=P123")
    yield Call(
        "import_patients", "POST", f"{patients}.csv", {"content": table, "headers": {"Content-Type": "text/csv"}}
    )
    yield Call("synthesise_patients", "POST", f"{patients}/synthesise", {"json": {"amount": 2, "seed": 7}})
    yield Call("merge_patients", "POST", f"{patients}/merge", {"json": {"survivor": "P123", "others": ["P401"]}})
    yield get("list_patients", patients)
    yield Call("remove_patients", "POST", f"{patients}/bulk-delete", {"json": {"patient_ids": ["P401", "P3"]}})
    yield Call("remove_patient", "DELETE", f"{patients}/P123")
    template = {"kind": "hl7", "content": MESSAGE}
    yield Call("save_template", "PUT", "/api/v1/templates/CT%20chest", {"json": template})
    yield get("list_templates", "/api/v1/templates")
    yield Call("remove_template", "DELETE", "/api/v1/templates/CT%20chest")


def _account_calls(get: Callable[..., Call]) -> Iterator[Call]:
    yield get("show_session", "/api/v1/session")
    yield Call("add_user", "POST", "/api/v1/users", {"json": USER | {"name": "ann", "test": "admin", "prod": "admin"}})
    sign_in = {"name": "ann", "password": USER["password"]}
    yield Call("open_session", "POST", "/api/v1/session", {"json": sign_in})
    yield Call("add_user", "POST", "/api/v1/users", {"json": USER})
    yield get("show_user", "/api/v1/users/jane")
    yield get("list_users", "/api/v1/users")
    yield Call("change_user", "PATCH", "/api/v1/users/jane", {"json": {"prod": "operator"}})
    yield Call("remove_user", "DELETE", "/api/v1/users/jane")
    token = {"name": "nightly", "scopes": ["read", "operate"], "expires_in_days": 90}
    yield Call("add_token", "POST", "/api/v1/tokens", {"json": token})
    yield Call("add_token", "POST", "/api/v1/tokens", {"json": token | {"name": "ever", "expires_in_days": None}})
    yield get("list_tokens", "/api/v1/tokens")
    yield Call("revoke_token", "DELETE", "/api/v1/tokens/1")
    yield get("list_audit_trail", "/api/v1/audit?limit=2")
    yield get("list_audit_trail", "/api/v1/audit")
    password = {"old": USER["password"], "new": "another horse battery"}
    yield Call("change_password", "PUT", "/api/v1/session/password", {"json": password})
    yield Call("close_session", "DELETE", "/api/v1/session")
