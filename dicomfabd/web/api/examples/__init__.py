"""Real requests and answers, one file for each tag of the description, beside the routes they are of."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

from dicomfabd.web.api.schemas import DICOM_ELEMENTS, Hints, schema_of

_ORDER: Final = (
    "orders", "messages", "worklist", "performed", "pacs", "archive", "dicomweb", "patients", "templates", "figures",
    "access", "probes",
)  # fmt: skip
_JSON: Final = "application/json"

PARAMETERS: Final[Mapping[str, Any]] = {
    "order_id": 1,
    "message_id": 1,
    "token_id": 1,
    "study_uid": "2.25.1234",
    "series_uid": "2.25.1235",
    "study": "2.25.1234",
    "series": "2.25.1235",
    "instance": "2.25.1236",
    "sop_instance_uid": "2.25.1237",
    "frame": 1,
    "frames": "1",
    "place": "00091001",
    "step_id": "SPS1",
    "name": "archive",
    "patient_id": "P123",
    "issuer": "HOSP",
    "accession": "A1001",
    "move_id": "0f8fad5bd9cb469f",
    "span": "hour",
    "state": "failed",
    "code": "AE",
    "pacs": "archive",
    "from": "2026-03-02",
    "to": "2026-03-02",
    "scheduled_from": "2026-03-02",
    "scheduled_to": "2026-03-03",
    "date": "20260301-20260302",
    "days": "7",
    "modality": "CT",
    "as": "Modality=CT, ScheduledStationAETitle=CT01",
    "calling": "CT01",
    "called": "FABWORKLIST",
    "host": "10.0.0.9",
    "Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
    "last-event-id": "4711",
}
"""Name of a parameter → a value of its form."""


@dataclass(frozen=True, slots=True)
class Described:
    """What is told of an operation besides its signature.

    Attributes:
        tag: The group it belongs to; empty for one nobody described.
        body: An example of what it takes, if it takes anything.
        answers: Status → media type → schema and example.
        problems: Statuses of errors it may answer, besides those that every route has.
    """

    tag: str = ""
    body: Any = None
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    problems: tuple[int, ...] = ()


@cache
def described() -> tuple[Mapping[str, Described], list[dict[str, str]]]:
    """Give what is told of each operation, by name, and the tags with their descriptions."""
    found: dict[str, Described] = {}
    tags = []
    for name in _ORDER:
        said = json.loads(files(__name__).joinpath(f"{name}.json").read_text("utf-8"))
        tags.append({"name": name, "description": said["description"]})
        hints = Hints(**{kind: frozenset(names) for kind, names in said.get("hints", {}).items()})
        for operation, told in said["operations"].items():
            answers = {status: _content(answer, hints) for status, answer in told.get("answers", {}).items()}
            found[operation] = Described(name, told.get("body"), answers, tuple(told.get("problems", ())))
    return found, tags


def _content(answer: Mapping[str, Any], hints: Hints) -> dict[str, Any]:
    """Give the content of an answer: `json` and `or` are examples; `media` is of which types it comes.

    With `dicom` it is of the DICOM JSON Model. With `text`, or without `json`, it is handed on as it came.
    """
    if "text" in answer or "json" not in answer:
        return {name: _as_it_came(name, answer) for name in answer["media"]}
    examples = [answer["json"], *answer.get("or", [])]
    schema = _dicom(examples[0]) if answer.get("dicom") else schema_of(examples, hints)
    shown: dict[str, Any] = (
        {"example": examples[0]}
        if len(examples) == 1
        else {"examples": {f"{number}": {"value": value} for number, value in enumerate(examples, 1)}}
    )
    return {name: {"schema": schema} | shown for name in answer.get("media", [_JSON])}


def _dicom(example: Any) -> Mapping[str, Any]:
    return {"type": "array", "items": DICOM_ELEMENTS} if isinstance(example, list) else DICOM_ELEMENTS


def _as_it_came(media_type: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    if media_type.startswith("text/") and "text" in answer:
        return {"schema": {"type": "string"}, "example": answer["text"]}
    if media_type == _JSON:
        return {"schema": {"description": "As it came."}, "example": answer["json"]}
    return {"schema": {}}
