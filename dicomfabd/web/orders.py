"""Orders as JSON: in through the same checks as HL7, and out."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from dicomfabd.domain.order import Code, OrderControl, OrderDraft, OrderKeys, StepDraft, build_order
from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import Applied, Change, Event, ReceivedMessage, StoredJob, StoredOrder
from dicomfabd.web.desk import WebDesk


class OrderIn(BaseModel):
    """A new order; the first five fields are those of the tutorial kit's `POST /orders`."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    patient_id: str = Field(min_length=1, max_length=64, examples=["P123"])
    patient_name: str = Field(min_length=1, max_length=200, examples=["DOE^JANE"])
    accession: str = Field(min_length=1, max_length=64, examples=["ACC-1001"])
    modality: str = Field("CR", pattern="^[A-Z]{2,16}$")
    study_desc: str = Field("XR CHEST", min_length=1, max_length=200)
    patient_birth_date: str = Field("", pattern=r"^(\d{8})?$")
    patient_sex: str = Field("", pattern="^[FMO]?$")
    procedure_code: str = Field("", max_length=16)
    referring_physician: str = Field("", max_length=200)
    scheduled_at: datetime | None = None
    station_ae_title: str = Field("", max_length=16)
    study_instance_uid: str = Field("", max_length=64)
    priority: str = Field("ROUTINE", pattern="^(STAT|HIGH|ROUTINE|MEDIUM|LOW)$")


_WHERE = {
    "accession_number": "accession",
    "procedure": "study_desc",
    "station": "station_ae_title",
    "study_instance_uid": "study_instance_uid",
}


def to_change(order_in: OrderIn, desk: WebDesk, now: datetime) -> Change:
    """Check and complete an order; raises OrderRejected."""
    scheduled_at = order_in.scheduled_at
    step = StepDraft(
        description=order_in.study_desc,
        modality=order_in.modality,
        scheduled_at=scheduled_at.astimezone() if scheduled_at and scheduled_at.tzinfo is None else scheduled_at,
        station_ae_title=order_in.station_ae_title,
    )
    draft = OrderDraft(
        patient=Patient(
            order_in.patient_id,
            order_in.patient_name,
            patient_birth_date=order_in.patient_birth_date,
            patient_sex=order_in.patient_sex,
        ),
        procedure=Code(order_in.procedure_code, order_in.study_desc, "L" if order_in.procedure_code else ""),
        steps=(step,),
        default_start=now,
        accession_candidates=(order_in.accession,),
        study_instance_uid=order_in.study_instance_uid,
        placer_order_number=order_in.accession,
        referring_physician=order_in.referring_physician,
        priority=order_in.priority,
        sender="http",
        where=lambda attribute: _WHERE.get(attribute, attribute),
    )
    order, _ = build_order(draft, desk.recognise)
    return Change(OrderControl.NEW, OrderKeys(order.accession_number), order, desk.route(order))


def accept(order_in: OrderIn, desk: WebDesk, peer: str) -> Applied:
    """Keep an order durably, as intake would; blocks until it is on disk."""
    change = to_change(order_in, desk, datetime.now().astimezone())
    raw = order_in.model_dump_json(exclude_defaults=True).encode()
    message = ReceivedMessage(raw, hashlib.sha256(raw).digest(), "http", peer, "JSON")
    (done,) = desk.inbox.accept(message, [change], b"").result().applied
    _tell(desk, done)
    desk.on_work()
    return done


def cancel(order_id: int, desk: WebDesk) -> Applied:
    """Cancel an order for a person; action `unknown` if there is none."""
    done = desk.book.request_cancel(order_id)
    if done.order_id is not None:
        _tell(desk, done)
    return done


def retry(order_id: int, desk: WebDesk) -> bool:
    """Queue an order's failed and waiting deliveries at once; False if there is nothing to retry."""
    is_queued = desk.book.request_retry(order_id)
    if is_queued:
        desk.on_work()
    return is_queued


def _tell(desk: WebDesk, done: Applied) -> None:
    desk.journal.order_updated(done.order_id, done.accession_number, done.action, done.modality, "person")


def summary(stored: StoredOrder) -> dict[str, Any]:
    """Give what a list shows of an order."""
    order = stored.order
    return {
        "order_id": stored.order_id,
        "accession_number": order.accession_number,
        "state": stored.state.value,
        "patient_id": order.patient.patient_id,
        "patient_name": order.patient.patient_name,
        "modality": order.modality,
        "procedure": order.procedure.meaning,
        "priority": order.priority,
        "scheduled_at": order.scheduled_at.isoformat(),
        "study_instance_uid": order.study_instance_uid,
        "created_at": moment(stored.created_at),
        "updated_at": moment(stored.updated_at),
    }


def detail(stored: StoredOrder, jobs: list[StoredJob], timeline: list[Event]) -> dict[str, Any]:
    """Give everything we know of an order."""
    order = stored.order
    return summary(stored) | {
        "patient_birth_date": order.patient.patient_birth_date,
        "patient_sex": order.patient.patient_sex,
        "placer_order_number": order.placer_order_number,
        "filler_order_number": order.filler_order_number,
        "requested_procedure_id": order.requested_procedure_id,
        "study_uid_origin": order.study_uid_origin,
        "referring_physician": order.referring_physician,
        "sender": order.sender,
        "deliveries": [
            {
                "destination": job.destination,
                "state": job.state,
                "attempt": job.attempt,
                "due_at": moment(job.due_at),
                "reason": job.reason,
                "instances": dict(job.instances),
            }
            for job in jobs
        ],
        "timeline": [
            {"at": moment(event.at), "event": event.event, "detail": dict(event.detail)} for event in timeline
        ],
    }


def moment(unix_s: float) -> str:
    """Give a time as RFC 3339, UTC, to the millisecond."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
