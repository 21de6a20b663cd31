"""Orders and patients ↔ JSON documents; shared by all back ends."""

from datetime import datetime
from typing import Any

from pydantic_core import from_json, to_json

from dicomfabd.domain.order import Code, Order, Step
from dicomfabd.domain.patient import Patient, Visit


def to_document(item: Order | Patient) -> str:
    """Write an order or a patient as JSON."""
    return to_json(item).decode()


def from_document(document: str) -> Order:
    """Read an order back; equal to the one written."""
    data = from_json(document)
    return Order(
        **{
            **data,
            "patient": _patient(data["patient"]),
            "visit": Visit(**data["visit"]),
            "procedure": Code(**data["procedure"]),
            "steps": tuple(_step(step) for step in data["steps"]),
            "names_of_intended_recipients_of_results": tuple(data.get("names_of_intended_recipients_of_results", ())),
        }
    )


def patient_from_document(document: str) -> Patient:
    """Read a patient back; equal to the one written."""
    return _patient(from_json(document))


def _patient(data: dict[str, Any]) -> Patient:
    return Patient(**{**data, "other_patient_ids": tuple(data["other_patient_ids"])})


def _step(data: dict[str, Any]) -> Step:
    scheduled_at = datetime.fromisoformat(data["scheduled_at"])
    return Step(
        **{
            **data,
            "scheduled_at": scheduled_at,
            "station_ae_titles": tuple(data["station_ae_titles"]),
            "protocol_code": Code(**data["protocol_code"]),
        }
    )
