"""Fills a store and an archive with what is hostile, by every way there is."""

import hashlib
import json
from dataclasses import dataclass, replace
from urllib.parse import quote

from fastapi.testclient import TestClient

from dicomfabd.archive.shelf import Shelf
from dicomfabd.domain.delivery import Leg, Routing
from dicomfabd.domain.errors import Fault
from dicomfabd.domain.order import OrderControl, OrderKeys
from dicomfabd.domain.performed import begun
from dicomfabd.store.interface import (
    Change,
    MessageQuery,
    OrderQuery,
    PatientChange,
    ReceivedMessage,
    Submission,
)
from dicomfabd.store.opening import Store
from dicomfabd.store.patients_interface import PatientQuery
from dicomfabd.store.templates_interface import Template
from dicomfabd.store.worklist_interface import LoggedQuery
from dicomfabd.web.desk import WebDesk
from tests.performed import a_beginning, a_series, attributes_of
from tests.web.hostile.payloads import (
    CAPTURE,
    IMAGE,
    IMAGES,
    PAYLOADS,
    REPORT,
    STUDY,
    TAG,
    TEMPLATE,
    TEXT,
    TURNED,
    URL,
    hostile_order,
    instance,
    order_message,
    patient_message,
    refused_messages,
    stored,
)

PEER = "10.0.0.9:1"
REPORT_UID = "2.25.7704"
ACTOR = f"{IMAGE} {TURNED}"
ACCESSIONS = ("HX1", "HX2", "HX3")


@dataclass(frozen=True)
class Fed:
    """What stands in the addresses of pages: name of a path's part → values to open."""

    parts: dict[str, list[str]]


def feed(client: TestClient, desk: WebDesk, store: Store, shelf: Shelf) -> Fed:
    """Put everything hostile in; says what can be opened afterwards."""
    _send(desk)
    _keep_as_no_intake_would(store)
    for number, uid in enumerate(IMAGES):
        shelf.keep(*stored(instance(CAPTURE, uid, number)))
    shelf.keep(*stored(instance(REPORT, REPORT_UID, 3)))
    _ask_and_perform(store)
    _type(client)
    messages = store.messages.find(MessageQuery(limit=1000))
    orders = store.book.find(OrderQuery(limit=1000))
    patients = store.patients.find(PatientQuery("", None, 1000))
    return Fed(
        {
            "order_id": [str(order.order_id) for order in orders],
            "message_id": [str(message.message_id) for message in messages],
            "patient_id": [stored.patient.patient_id for stored in patients],
            "study": [STUDY],
            "instance": [*IMAGES, REPORT_UID],
            "name": [destination.name for destination in desk.destinations().all()],
        }
    )


def _send(desk: WebDesk) -> None:
    """Send HL7 as a sender would."""
    for number, accession in enumerate(ACCESSIONS):
        desk.receive(order_message(accession, number, control_id=f"{TAG}{number}"), PEER, ACTOR)
    desk.receive(patient_message(f"{TAG}9"), PEER, ACTOR)
    for message in refused_messages():
        desk.receive(message, PEER, ACTOR)


def _keep_as_no_intake_would(store: Store) -> None:
    """Write past the checks: what a page shows safely does not hang on who checked it."""
    order = hostile_order("HX9")
    order = replace(order, patient=replace(order.patient, patient_name=f"{TURNED}^{IMAGE}"))
    raw = order_message("HX9").replace(b"\r", b"\r\n")
    placed = Change(OrderControl.NEW, OrderKeys("HX9"), order, Routing((Leg("main"),)))
    message = ReceivedMessage(raw, hashlib.sha256(raw).digest(), IMAGE, TEXT, TEXT, URL, IMAGE, TURNED)
    fault = Fault(101, f"PID^1^{TAG}", TEXT, IMAGE)
    store.inbox.accept(
        [
            Submission(message, [placed], f"MSH|^~\\&|{TEXT}\rMSA|AA|{IMAGE}\r".encode(), "AA", (fault,)),
            Submission(_other(message, b"q"), [], TEXT.encode(), "AE", (fault,), is_quarantined=True),
            Submission(_other(message, b"p"), [PatientChange(order.patient)], b"", "AA"),
        ]
    )
    # As one kept before its content was looked at.
    store.templates.put(Template("broken", "form", TEXT), 500)
    store.messages.audit(ACTOR, f"order.{TAG}", f"order {TEXT}", {TAG: IMAGE, "list": [TEXT, URL], "map": {TAG: TEXT}})


def _other(message: ReceivedMessage, more: bytes) -> ReceivedMessage:
    raw = message.raw + more
    return ReceivedMessage(
        raw, hashlib.sha256(raw).digest(), message.source, message.peer, message.message_type, message.control_id,
        message.sending_application, message.sending_facility,
    )  # fmt: skip


def _ask_and_perform(store: Store) -> None:
    keys = tuple(
        (tag, PAYLOADS[number % len(PAYLOADS)]) for number, tag in enumerate((0x00100010, 0x00100020, 0x00080050))
    )
    asked = LoggedQuery(1, 1_000_000.0, TAG, TAG, f"{TEXT}:1", keys, 1, 0.01, 0xC001, IMAGE)
    store.queries.log([asked], 100)
    said = {"PerformedStationAETitle": "H", "PerformedProcedureStepID": "H", "PatientName": f"{IMAGE}^{TURNED}"}
    step = a_beginning(PerformedProcedureStepDescription=IMAGE, PerformedSeriesSequence=[a_series(2)], **said)
    step.SpecificCharacterSet, step.PatientID = "ISO_IR 192", TEXT[:60]
    store.performed.create(begun("2.25.7799", attributes_of(step)), TAG)


def _type(client: TestClient) -> None:
    """Do what people may do on the page."""
    for number, payload in enumerate(PAYLOADS):
        body = {
            "patient_id": f"{number}{TAG}",
            "patient_name": payload.replace("\x00", "")[:60],
            "patient_comments": TEXT,
        }
        client.post("/api/v1/patients", json=body | {"patient_address": IMAGE, "patient_telephone": TAG})
    for name, content in ((TAG, TEXT), (IMAGE, order_message("HX8").decode()), (URL, TEMPLATE), (TURNED, TURNED)):
        client.put(f"/api/v1/templates/{_quoted(name)}", json={"kind": "hl7", "content": content})
    fields = {"study_desc": IMAGE, "patient_id": TEXT, "accession": TAG, "who": "named", "patient_name": TURNED}
    client.put("/api/v1/templates/form", json={"kind": "form", "content": json.dumps(fields)})
    pacs = {"name": "hostile", "host": "127.0.0.1", "port": 1, "ae_title": "HOSTILE", "description": TEXT}
    client.post("/api/v1/pacs", json=pacs | {"move_ae_titles": {"archive": TAG[:16]}})
    client.post("/api/v1/pacs", json=pacs | {"name": "second", "description": IMAGE, "environment": "prod"})


def _quoted(name: str) -> str:
    return quote(name, safe="")
