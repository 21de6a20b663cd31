"""What the web room works with, given by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dicomfabd.domain.delivery import Routing
from dicomfabd.domain.destinations import Destinations
from dicomfabd.domain.draft import Choices
from dicomfabd.domain.order import Order
from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import Inbox, MessageBook, OrderBook, Replayed
from dicomfabd.store.patients_interface import PatientRegistry
from dicomfabd.store.performed_interface import PerformedSteps
from dicomfabd.store.templates_interface import Template, Templates
from dicomfabd.telemetry.health import Health
from dicomfabd.telemetry.journal import Journal
from dicomfabd.telemetry.metrics import Metrics
from dicomfabd.web.access.desk import AccessDesk
from dicomfabd.web.archive_desk import ArchiveDesk
from dicomfabd.web.worklist_desk import WorklistDesk


@dataclass(frozen=True, slots=True)
class WebDesk:
    """Roles and functions behind the HTTP door.

    Attributes:
        destinations: Gives the registry of all destinations.
        choices: What stands in for what an order does not say.
        route: Says where an order's study goes.
        replay: Takes a kept HL7 message, or an edited copy of it, once more: (message ID, edited bytes or None, who
            asks); notes it in the audit trail. Raises LookupError where there is no such message, ValueError for one
            that nobody could answer.
        explain: (HL7, address it came from, when) → what is read from each message, how it would be answered, its lines
            taken apart and what would be made of its orders; see `app.explaining`. Keeps nothing.
        plan: Gives what would be made of an order, and why.
        receive: Takes HL7 that people hand in: (text, address, who) → what came of each message; see
            `intake.replaying`.
        procedures: Gives what can be ordered, as JSON: title, protocol, modalities, how many series.
        samples: Gives the templates that came with us.
        make_up: Makes up patients who are not in the registry: (how many, seed or None) → patients, not kept.
        on_work: Told when there is new work.
        addresses: Gives where the other doors are, for the page.
    """

    inbox: Inbox
    book: OrderBook
    messages: MessageBook
    destinations: Callable[[], Destinations]
    choices: Choices
    route: Callable[[Order], Routing]
    replay: Callable[[int, bytes | None, str], Replayed]
    explain: Callable[[bytes, str, datetime | None], list[dict[str, Any]]]
    plan: Callable[[Order], dict[str, Any]]
    receive: Callable[[bytes, str, str], list[Replayed]]
    procedures: Callable[[], list[dict[str, Any]]]
    samples: Callable[[], list[Template]]
    templates: Templates
    patients: PatientRegistry
    make_up: Callable[[int, int | None], list[Patient]]
    on_work: Callable[[], None]
    addresses: Callable[[], dict[str, str]]
    access: AccessDesk
    archive: ArchiveDesk
    worklist: WorklistDesk
    performed: PerformedSteps
    metrics: Metrics
    health: Health
    journal: Journal
