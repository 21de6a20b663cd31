"""What is read from a message, how it would be answered, what would be made of it, and why; for page and command."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from dicomfabd.app.intake_desk import desk_setup
from dicomfabd.config import Settings
from dicomfabd.domain.errors import Fault, OrderRejected
from dicomfabd.domain.order import Code, Order, OrderControl
from dicomfabd.intake.dissecting import dissect
from dicomfabd.intake.er7 import parse
from dicomfabd.intake.orders import OrderRequest
from dicomfabd.intake.provenance import sources
from dicomfabd.intake.reading import Reader, Reading
from dicomfabd.plan.planner import Planner
from dicomfabd.plan.protocol import Protocol
from dicomfabd.store.interface import PatientChange
from dicomfabd.web.api.orders import content
from dicomfabd.web.api.words import fault_in_words

_ASKS: Final = {
    OrderControl.NEW: ("a new order", "scheduled"),
    OrderControl.CHANGE: ("a change of an order; a new one if it is unknown", "scheduled"),
    OrderControl.CANCEL: ("the end of an order: cancel", "cancelled"),
    OrderControl.DISCONTINUE: ("the end of an order: discontinue", "discontinued"),
    OrderControl.HOLD: ("to put an order on hold", "held"),
    OrderControl.RELEASE: ("to release an order from hold", "scheduled"),
    OrderControl.START: ("to note that an order has begun", "in_progress"),
    OrderControl.COMPLETE: ("to note that an order is completed", "completed"),
    OrderControl.ATTACH: ("to attach numbers to an order", "scheduled"),
}


@dataclass(frozen=True, slots=True)
class Explainer:
    """Reads messages as the daemon does and keeps nothing. Thread-safe."""

    settings: Settings
    planner: Planner

    def reader(self, now: datetime | None = None) -> Reader:
        """Give what reads as the daemon does, at a time that stands still where one is given."""
        return desk_setup(self.settings).reader(self.planner, now)

    def explain(self, raw: bytes, host: str = "", now: datetime | None = None) -> list[dict[str, Any]]:
        """Explain a frame; never raises for anything a sender can send.

        Args:
            raw: One message, or a batch.
            host: Address it came from, for its sender's settings.
            now: When it came; at this moment where not given.

        Returns:
            For each message what `told` gives, its `lines` taken apart, and for each order its `plan`.
        """
        reader = self.reader(now or datetime.now().astimezone())
        return [self._explained(reader, reading, host) for reading in reader.read(raw, host)]

    def plan(self, order: Order) -> dict[str, Any]:
        """Give what would be made of an order, and why."""
        plan = self.planner.plan(order)
        return {
            "protocol": plan.protocol,
            "is_fallback": plan.is_fallback,
            "body_part": plan.body_part,
            "evidence": list(plan.evidence),
            "instances": plan.instances,
            "series": [
                {
                    "number": series.number,
                    "modality": series.modality,
                    "description": series.description,
                    "images": series.images,
                    "rows": series.rows,
                    "columns": series.columns,
                }
                for series in plan.series
            ],
        }

    def procedures(self) -> list[dict[str, Any]]:
        """Give what can be ordered: the titles of protocols, as far as ordering by title gives the protocol."""
        catalog = self.planner.catalog
        return [
            {
                "protocol": protocol.id,
                "title": protocol.title,
                "modalities": list(protocol.modalities),
                "series": len(protocol.series),
            }
            for protocol in catalog.protocols
            if protocol.title and self._chosen_by_title(protocol)
        ]

    def _chosen_by_title(self, protocol: Protocol) -> bool:
        _, found = self.planner.recognise(Code(meaning=protocol.title), protocol.modalities[0])
        return found is not None and found.id == protocol.id

    def _explained(self, reader: Reader, reading: Reading, host: str) -> dict[str, Any]:
        said = told(reading)
        requests = [request for request in reading.requests if isinstance(request, OrderRequest)]
        for order, request in zip(said["orders"], requests, strict=True):
            order["plan"] = self.plan(request.order) if request.order is not None else None
        return said | {"lines": _lines(reading, sources(reader, reading.raw, host))}


def told(reading: Reading) -> dict[str, Any]:
    """Give a reading as JSON."""
    return {
        "message_type": reading.header.message_type,
        "control_id": reading.header.control_id,
        "sender": reading.sender.name,
        "ack": {
            "code": reading.code,
            "text": reading.faults[0].text if reading.faults else "",
            "errors": [_fault(fault) for fault in reading.faults],
            "warnings": [_fault(fault) for fault in reading.warnings],
        },
        "note": reading.note,
        "orders": [order_told(request) for request in reading.requests if isinstance(request, OrderRequest)],
        "patients": [patient_told(request) for request in reading.requests if isinstance(request, PatientChange)],
    }


def order_told(request: OrderRequest) -> dict[str, Any]:
    """Give what a message asks of an order."""
    asks, state = _ASKS[request.control]
    said: dict[str, Any] = {"control": request.control.value, "asks": asks, "state": state, **asdict(request.keys)}
    if request.order is not None:
        said |= content(request.order)
        said["scheduled_procedure_step_ids"] = [step.scheduled_procedure_step_id for step in request.order.steps]
    return said


def patient_told(change: PatientChange) -> dict[str, Any]:
    """Give what a message says of a patient."""
    asks = "to merge patients, or to change an ID" if change.priors else "to bring a patient up to date"
    return {
        "asks": asks,
        **asdict(change.patient),
        "cleared": sorted(change.cleared),
        "priors": [asdict(prior) for prior in change.priors],
    }


def _fault(fault: Fault) -> dict[str, Any]:
    return fault_in_words(fault) | {"hint": fault.hint}


def _lines(reading: Reading, read_from: Mapping[str, list[str]]) -> list[list[dict[str, Any]]]:
    """Give the message's lines as parts; a part says which attributes come from its field."""
    try:
        message = parse(reading.raw, reading.sender.charset)
    except OrderRejected:
        return []
    return [
        [
            {
                "text": part.text,
                "field": part.field,
                "location": part.location,
                "name": part.name,
                "gives": read_from.get(part.location, []),
            }
            for part in line
        ]
        for line in dissect(message)
    ]
