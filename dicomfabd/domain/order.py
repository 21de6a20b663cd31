"""An imaging order, the states it moves through, and the one builder that completes it."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from dicomfabd.domain.errors import Fault, OrderRejected
from dicomfabd.domain.patient import Patient, Visit
from dicomfabd.domain.text import Cleaner
from dicomfabd.domain.uids import derive_uid, is_valid_uid

SH_LENGTH: Final = 16  # PS3.5 §6.2: what AccessionNumber and the procedure IDs may hold


class OrderControl(StrEnum):
    """What a message asks of an order (HL7 table 0119, reduced to what we do)."""

    NEW = "NW"
    CHANGE = "XO"
    CANCEL = "CA"


class OrderState(StrEnum):
    """Where an order stands."""

    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    DISCONTINUED = "discontinued"
    HELD = "held"
    FAILED = "failed"


_S = OrderState
LEGAL_MOVES: Final[Mapping[OrderState, frozenset[OrderState]]] = MappingProxyType(
    {
        _S.SCHEDULED: frozenset({_S.IN_PROGRESS, _S.CANCELLED, _S.HELD, _S.COMPLETED, _S.FAILED}),
        _S.IN_PROGRESS: frozenset({_S.COMPLETED, _S.CANCELLED, _S.DISCONTINUED, _S.FAILED}),
        _S.HELD: frozenset({_S.SCHEDULED, _S.CANCELLED}),
        _S.FAILED: frozenset({_S.IN_PROGRESS, _S.SCHEDULED, _S.CANCELLED, _S.DISCONTINUED}),
        _S.COMPLETED: frozenset(),
        _S.CANCELLED: frozenset(),
        _S.DISCONTINUED: frozenset(),
    }
)
"""Every move an order may make; `discontinued` is a cancel that came after fabrication had begun."""

ON_WORKLIST: Final = frozenset({_S.SCHEDULED, _S.IN_PROGRESS, _S.FAILED})
"""States in which a modality may see the order at any time; `completed` only for a while."""


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept (PS3.3 §8.8); `value` and `scheme` are empty for free text."""

    value: str = ""
    meaning: str = ""
    scheme: str = ""

    @property
    def is_complete(self) -> bool:
        """True when it may go into a code sequence, which needs all three."""
        return bool(self.value and self.meaning and self.scheme)


@dataclass(frozen=True, slots=True)
class Step:
    """One scheduled procedure step: one worklist item (PS3.4 Table K.6-1)."""

    scheduled_procedure_step_id: str
    description: str
    modality: str
    scheduled_at: datetime
    station_ae_title: str
    protocol_code: Code = Code()
    performing_physician: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """A requested procedure with everything its worklist items and its study will say.

    Attributes:
        study_uid_origin: `order` when the sender gave the UID, `derived` when we did.
        sender: `MSH-3|MSH-4` of the message, or `http`.
        ordered_at: When the order was placed; the study's dates follow `steps[0].scheduled_at`.
    """

    accession_number: str
    patient: Patient
    study_instance_uid: str
    study_uid_origin: str
    modality: str
    procedure: Code
    requested_procedure_id: str
    steps: tuple[Step, ...]
    visit: Visit = Visit()
    placer_order_number: str = ""
    filler_order_number: str = ""
    priority: str = "ROUTINE"
    referring_physician: str = ""
    requesting_physician: str = ""
    reason: str = ""
    comments: str = ""
    institution_name: str = ""
    diagnostic_service: str = ""
    sender: str = ""

    @property
    def scheduled_at(self) -> datetime:
        """When the first step is to begin."""
        return self.steps[0].scheduled_at


@dataclass(frozen=True, slots=True)
class OrderKeys:
    """The names by which a message may point at an order; empty ones point at nothing."""

    accession_number: str = ""
    filler_order_number: str = ""
    placer_order_number: str = ""


@dataclass(frozen=True, slots=True)
class StepDraft:
    """A step as a message gives it; empty values are completed by the builder."""

    description: str = ""
    modality: str = ""
    scheduled_at: datetime | None = None
    station_ae_title: str = ""
    scheduled_procedure_step_id: str = ""
    protocol_code: Code = Code()
    performing_physician: str = ""


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An order as HL7 or JSON gives it, before it is checked and completed.

    Attributes:
        accession_candidates: Best first; the first that fits in 16 characters becomes the accession number.
        where: Attribute name → location in the message, for faults.
        default_start: When nothing says when, e.g. the message's own time.
    """

    patient: Patient
    procedure: Code
    steps: tuple[StepDraft, ...]
    default_start: datetime
    accession_candidates: tuple[str, ...] = ()
    visit: Visit = Visit()
    study_instance_uid: str = ""
    requested_procedure_id: str = ""
    placer_order_number: str = ""
    filler_order_number: str = ""
    priority: str = "ROUTINE"
    referring_physician: str = ""
    requesting_physician: str = ""
    reason: str = ""
    comments: str = ""
    institution_name: str = ""
    diagnostic_service: str = ""
    sender: str = ""
    where: Callable[[str], str] = str


Recognise = Callable[[Code, str], str]
"""(procedure, OBR-24) → Modality (PS3.3 C.7.3.1.1.1); never empty."""


def build_order(draft: OrderDraft, recognise: Recognise) -> tuple[Order, tuple[Fault, ...]]:
    """Check a draft and complete it: accession, UIDs, modality, step IDs and dates.

    Args:
        draft: What the sender gave.
        recognise: Chooses the modality where the draft has none.

    Returns:
        The order, and what had to be mended on the way (warnings, code 0).

    Raises:
        OrderRejected: Every required value that is missing or unusable.
    """
    cleaner = Cleaner(draft.where)
    patient = cleaner.patient(draft.patient)
    accession = _accession(draft, cleaner)
    study_uid, origin = _study_uid(draft, accession, cleaner)
    procedure = Code(
        cleaner.text("procedure", draft.procedure.value, SH_LENGTH),
        cleaner.text("procedure", draft.procedure.meaning or draft.procedure.value, 64),
        cleaner.text("procedure", draft.procedure.scheme, SH_LENGTH),
    )
    if not procedure.meaning:
        cleaner.refuse(101, "procedure", "the order names no procedure", "Fill OBR-4 with a code or a text.")
    if cleaner.faults:
        raise OrderRejected(*cleaner.faults)
    procedure_id = draft.requested_procedure_id if 0 < len(draft.requested_procedure_id) <= SH_LENGTH else accession
    steps = tuple(_step(draft, index, step, procedure_id, recognise) for index, step in enumerate(draft.steps))
    order = Order(
        accession_number=accession,
        patient=patient,
        visit=draft.visit,
        study_instance_uid=study_uid,
        study_uid_origin=origin,
        modality=steps[0].modality,
        procedure=procedure,
        requested_procedure_id=procedure_id,
        steps=steps,
        placer_order_number=cleaner.text("placer_order_number", draft.placer_order_number, 64),
        filler_order_number=cleaner.text("filler_order_number", draft.filler_order_number, 64),
        priority=draft.priority,
        referring_physician=cleaner.name("referring_physician", draft.referring_physician),
        requesting_physician=cleaner.name("requesting_physician", draft.requesting_physician),
        reason=cleaner.text("reason", draft.reason, 64),
        comments=cleaner.text("comments", draft.comments, 1024),
        institution_name=cleaner.text("institution_name", draft.institution_name, 64),
        diagnostic_service=draft.diagnostic_service,
        sender=draft.sender,
    )
    return order, tuple(cleaner.warnings)


def short_id(*parts: str) -> str:
    """Give a 16 character identifier that stands for longer ones, the same each time."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return "X" + base64.b32encode(digest).decode()[: SH_LENGTH - 1]


def _accession(draft: OrderDraft, cleaner: Cleaner) -> str:
    candidates = [value for value in draft.accession_candidates if value]
    for value in candidates:
        if len(value) <= SH_LENGTH and cleaner.is_plain(value):
            return value
    if not candidates:
        cleaner.refuse(
            101,
            "accession_number",
            "the order has no number: no accession, filler or placer number",
            "Fill OBR-18, OBR-3 or ORC-2.",
        )
        return ""
    # Cutting a long number would let two orders collide; a hash of it cannot in practice.
    made = short_id(draft.sender, candidates[0])
    cleaner.warn("accession_number", f"does not fit AccessionNumber (SH, 16 characters); {made} stands for it")
    return made


def _study_uid(draft: OrderDraft, accession: str, cleaner: Cleaner) -> tuple[str, str]:
    if draft.study_instance_uid:
        if is_valid_uid(draft.study_instance_uid):
            return draft.study_instance_uid, "order"
        cleaner.warn("study_instance_uid", "is not a valid UID (PS3.5 §9.1); one was derived")
    # The patient belongs to the name of the study: two sites may use one accession number.
    return derive_uid("study", draft.patient.issuer_of_patient_id, draft.patient.patient_id, accession), "derived"


def _step(draft: OrderDraft, index: int, step: StepDraft, procedure_id: str, recognise: Recognise) -> Step:
    modality = step.modality or recognise(draft.procedure, draft.diagnostic_service)
    given = step.scheduled_procedure_step_id
    # Modalities identify an examination by this ID alone, so the fallback has to be unique.
    made = f"{procedure_id}-{index + 1}"
    cleaner = Cleaner(draft.where)
    return Step(
        scheduled_procedure_step_id=given
        if 0 < len(given) <= SH_LENGTH
        else (made if len(made) <= SH_LENGTH else short_id(made)),
        description=cleaner.text("procedure", step.description or draft.procedure.meaning or draft.procedure.value, 64),
        modality=modality,
        scheduled_at=step.scheduled_at or draft.default_start,
        station_ae_title=cleaner.text("station", step.station_ae_title, SH_LENGTH) or f"FAB{modality}",
        protocol_code=step.protocol_code,
        performing_physician=cleaner.name("performing_physician", step.performing_physician),
    )


class Action(StrEnum):
    """What a message did to an order."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    CANCELLED = "cancelled"
    DISCONTINUED = "discontinued"
    TOO_LATE = "too_late"
    UNKNOWN = "unknown"


def action_for(
    control: OrderControl, state: OrderState | None, *, is_same: bool = False, has_begun: bool = False
) -> Action:
    """Decide what an order control does to an order.

    A cancel before any PACS has seen an image ends the order; after that the study is finished and the order is
    called discontinued, so that no PACS ever holds half a study. Finished orders stay as they are.

    Args:
        control: What is asked.
        state: Where the order stands; None is an order we do not have.
        is_same: The message says what the order says already.
        has_begun: Somebody works on the order, or a PACS holds instances of it.
    """
    if control is OrderControl.CANCEL:
        if state is None:
            return Action.UNKNOWN
        target = OrderState.DISCONTINUED if has_begun else OrderState.CANCELLED
        if target in LEGAL_MOVES[state]:
            return Action(target.value)
        return Action.UNCHANGED if state in (OrderState.CANCELLED, OrderState.DISCONTINUED) else Action.TOO_LATE
    if state is None:
        return Action.CREATED
    if is_same:
        return Action.UNCHANGED
    return Action.CHANGED if state in (OrderState.SCHEDULED, OrderState.HELD) else Action.TOO_LATE
