"""Order ↔ JSON document; shared by all back ends."""

import json
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from dicomfabd.domain.order import Code, Order, Step
from dicomfabd.domain.patient import Patient, Visit


def to_document(order: Order) -> str:
    """Write an order as JSON."""
    return to_json(order).decode()


def from_document(document: str) -> Order:
    """Read an order back; equal to the one written."""
    data = json.loads(document)
    patient = data.pop("patient")
    patient["other_patient_ids"] = tuple(patient["other_patient_ids"])
    return Order(
        **{
            **data,
            "patient": Patient(**patient),
            "visit": Visit(**data["visit"]),
            "procedure": Code(**data["procedure"]),
            "steps": tuple(_step(step) for step in data["steps"]),
        }
    )


def _step(data: dict[str, Any]) -> Step:
    scheduled_at = datetime.fromisoformat(data["scheduled_at"])
    return Step(**{**data, "scheduled_at": scheduled_at, "protocol_code": Code(**data["protocol_code"])})
