"""Orders as JSON, and what people do to them."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import HTTPException

from dicomfabd.domain.order import Action, Order
from dicomfabd.store.interface import Applied, Event, StoredInstance, StoredJob, StoredOrder
from dicomfabd.web.api.words import action_in_words
from dicomfabd.web.desk import WebDesk

_IN_PARTS: Final = frozenset({"patient", "visit", "procedure", "steps"})


def existing(desk: WebDesk, order_id: int) -> StoredOrder:
    """Give one order; raises the 404 for one that is not there."""
    stored = desk.book.get(order_id)
    if stored is None:
        raise HTTPException(404, f"there is no order {order_id}")
    return stored


def cancel(order_id: int, desk: WebDesk, actor: str) -> Applied:
    """Cancel an order for a person, as a CA message would; action `unknown` if there is none."""
    done = desk.book.request_cancel(order_id)
    if done.order_id is not None:
        tell(desk, done, "person")
        desk.messages.audit(actor, "order.cancel", f"order {order_id}", {"action": done.action.value})
    return done


def retry(order_id: int, desk: WebDesk, actor: str) -> bool:
    """Queue an order's failed and waiting deliveries at once; False if there is nothing to retry."""
    is_queued = desk.book.request_retry(order_id)
    if is_queued:
        desk.on_work()
        desk.messages.audit(actor, "order.retry", f"order {order_id}", {})
    return is_queued


def send(order_id: int, destinations: Sequence[str], desk: WebDesk, actor: str) -> list[str]:
    """Queue an order's study for destinations, or for all that wait for a person; gives those it is now queued for."""
    queued = desk.book.request_send(order_id, destinations)
    if queued:
        desk.on_work()
        desk.messages.audit(actor, "order.send", f"order {order_id}", {"destinations": queued})
    return queued


def tell(desk: WebDesk, done: Applied, asked_by: str) -> None:
    """Say in the journal what was done to an order or a patient."""
    if done.subject == "patient":
        desk.journal.patient_updated(done.action, asked_by)
        return
    desk.journal.order_updated(done.order_id, done.accession_number, done.action, done.modality, asked_by)


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
        "sender": order.sender,
        "scheduled_at": order.scheduled_at.isoformat(),
        "study_instance_uid": order.study_instance_uid,
        "created_at": moment(stored.created_at),
        "updated_at": moment(stored.updated_at),
    }


def detail(stored: StoredOrder, jobs: list[StoredJob], timeline: list[Event]) -> dict[str, Any]:
    """Give everything we know of an order."""
    return {
        **summary(stored),
        **content(stored.order),
        "finished_at": moment(stored.finished_at) if stored.finished_at is not None else None,
        "messages": _messages(timeline),
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


def instances(results: Sequence[StoredInstance]) -> list[dict[str, Any]]:
    """Give what destinations answered to single instances."""
    return [
        {
            "destination": result.destination,
            "sop_instance_uid": result.sop_instance_uid,
            "sop_class_uid": result.sop_class_uid,
            "status": f"{result.status:04X}",
            "outcome": result.outcome,
            "at": moment(result.at),
        }
        for result in results
    ]


def content(order: Order) -> dict[str, Any]:
    """Give what an order says: its own attributes, then those of patient, visit and steps, by their names."""
    own = {item.name: getattr(order, item.name) for item in fields(Order) if item.name not in _IN_PARTS}
    return {
        **own,
        "procedure": order.procedure.meaning,
        "procedure_code": order.procedure.value,
        "procedure_scheme": order.procedure.scheme,
        "scheduled_at": order.scheduled_at.isoformat(),
        **asdict(order.patient),
        **asdict(order.visit),
        "steps": [asdict(step) | {"scheduled_at": step.scheduled_at.isoformat()} for step in order.steps],
    }


def become(done: Applied) -> dict[str, str]:
    """Give what became of an order, for people and for scripts."""
    return {"action": done.action.value, "text": action_in_words(done.action)}


def is_known(done: Applied) -> bool:
    """Tell whether there was an order to act on."""
    return done.action is not Action.UNKNOWN


def moment(unix_s: float) -> str:
    """Give a time as RFC 3339, UTC, to the millisecond."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _messages(timeline: list[Event]) -> list[dict[str, Any]]:
    """Give the messages an order's story names, oldest first."""
    numbers = dict.fromkeys(event.detail["message"] for event in timeline if "message" in event.detail)
    return [
        {"message_id": number, "message": f"/api/v1/messages/{number}", "raw": f"/api/v1/messages/{number}/raw"}
        for number in numbers
    ]
