"""An imaging order, what a message may ask of it, and the states it moves through."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from dicomfabd.domain.patient import Patient, Visit

SH_LENGTH: Final = 16  # PS3.5 §6.2: what AccessionNumber and the procedure IDs may hold


class OrderControl(StrEnum):
    """What a message asks of an order: HL7 tables 0119 and 0038, reduced to what we do."""

    NEW = "NW"
    CHANGE = "XO"
    CANCEL = "CA"
    DISCONTINUE = "DC"
    HOLD = "HD"
    RELEASE = "RL"
    START = "IP"
    COMPLETE = "CM"
    ATTACH = "NA"


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
        _S.SCHEDULED: frozenset(
            {_S.IN_PROGRESS, _S.CANCELLED, _S.DISCONTINUED, _S.HELD, _S.COMPLETED, _S.FAILED},
        ),
        _S.IN_PROGRESS: frozenset({_S.COMPLETED, _S.CANCELLED, _S.DISCONTINUED, _S.FAILED}),
        _S.HELD: frozenset({_S.SCHEDULED, _S.IN_PROGRESS, _S.COMPLETED, _S.CANCELLED, _S.DISCONTINUED}),
        _S.FAILED: frozenset({_S.IN_PROGRESS, _S.SCHEDULED, _S.COMPLETED, _S.CANCELLED, _S.DISCONTINUED}),
        # An order that ended rises again only when it is placed anew, with other content.
        _S.COMPLETED: frozenset({_S.SCHEDULED}),
        _S.CANCELLED: frozenset({_S.SCHEDULED}),
        _S.DISCONTINUED: frozenset({_S.SCHEDULED}),
    }
)
"""Every move an order may make."""

ENDED: Final = frozenset({_S.COMPLETED, _S.CANCELLED, _S.DISCONTINUED})
"""States in which nothing more is expected to happen."""


class StepStatus(StrEnum):
    """ScheduledProcedureStepStatus (PS3.3 C.4.10), extended by the ends a step may come to, and by `HELD`."""

    SCHEDULED = "SCHEDULED"
    STARTED = "STARTED"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"
    CANCELED = "CANCELED"
    HELD = "HELD"

    @property
    def is_over(self) -> bool:
        """True once nothing more is to be done."""
        return self in _OVER


_OVER: Final = frozenset({StepStatus.COMPLETED, StepStatus.DISCONTINUED, StepStatus.CANCELED})

STEP_STATUS: Final[Mapping[OrderState, StepStatus]] = MappingProxyType(
    {
        _S.SCHEDULED: StepStatus.SCHEDULED,
        _S.IN_PROGRESS: StepStatus.STARTED,
        _S.COMPLETED: StepStatus.COMPLETED,
        _S.CANCELLED: StepStatus.CANCELED,
        _S.DISCONTINUED: StepStatus.DISCONTINUED,
        _S.HELD: StepStatus.HELD,
        # Its study could not be delivered; a modality may examine the patient all the same.
        _S.FAILED: StepStatus.SCHEDULED,
    }
)
"""How its steps stand when an order comes into a state."""


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept (PS3.3 §8.8); `value` and `scheme` are empty for free text."""

    value: str = ""
    meaning: str = ""
    scheme: str = ""

    @property
    def is_complete(self) -> bool:
        """True when it may go into a code sequence, which needs all three; a code that is too long is not cut."""
        return bool(0 < len(self.value) <= SH_LENGTH and 0 < len(self.scheme) <= SH_LENGTH and self.meaning)

    @property
    def designator(self) -> str:
        """CodingSchemeDesignator; a hospital's own codes get one of those that begin with 99 (PS3.3 §8.2)."""
        return "99LOCAL" if self.scheme in ("L", "99") else self.scheme


@dataclass(frozen=True, slots=True)
class Step:
    """One scheduled procedure step: one worklist item (PS3.4 Table K.6-1).

    Attributes:
        station_ae_titles: Of the modalities it may be done on, one or more.
        worklist_label: Of the worklist it stands on (0074,1202); empty is on none in particular.
        station_origin: Where the AE titles are from: `order`, `rule NAME` or `modality`. Not compared: an order whose
            steps stay where they are is the same, whoever says so.
    """

    scheduled_procedure_step_id: str
    description: str
    modality: str
    scheduled_at: datetime
    station_ae_titles: tuple[str, ...]
    protocol_code: Code = Code()
    performing_physician: str = ""
    station_name: str = ""
    location: str = ""
    worklist_label: str = ""
    station_origin: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Order:
    """A requested procedure with everything its worklist items and its study will say.

    Attributes:
        study_uid_origin: `order` when the sender gave the UID, `derived` when we did.
        sender: `MSH-3|MSH-4` of the message, or `http`.
        parent_order_number: ORC-8 of an order that came out of another.
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
    parent_order_number: str = ""
    referring_physician_id: str = ""
    requesting_physician_id: str = ""
    institution_address: str = ""
    department: str = ""
    confidentiality: str = ""
    patient_transport: str = ""
    requesting_service: str = ""
    names_of_intended_recipients_of_results: tuple[str, ...] = ()

    @property
    def scheduled_at(self) -> datetime:
        """When the first step is to begin."""
        return self.steps[0].scheduled_at

    @property
    def keys(self) -> "OrderKeys":
        """The names by which messages point at the order."""
        return OrderKeys(
            self.accession_number,
            self.filler_order_number,
            self.placer_order_number,
            self.sender,
            self.patient.patient_id,
        )


@dataclass(frozen=True, slots=True)
class OrderKeys:
    """The names by which a message may point at an order; empty ones point at nothing.

    Attributes:
        sender: Whose numbers these are, as `Order.sender`; another sender's order may bear the same ones.
        patient_id: Of the message, if it names a patient.
    """

    accession_number: str = ""
    filler_order_number: str = ""
    placer_order_number: str = ""
    sender: str = ""
    patient_id: str = ""


class Action(StrEnum):
    """What a message did to an order or a patient."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    CANCELLED = "cancelled"
    DISCONTINUED = "discontinued"
    HELD = "held"
    RELEASED = "released"
    STARTED = "started"
    COMPLETED = "completed"
    REOPENED = "reopened"
    ATTACHED = "attached"
    TOO_LATE = "too_late"
    UNKNOWN = "unknown"
    MERGED = "merged"


MOVES: Final[Mapping[Action, OrderState]] = MappingProxyType(
    {
        Action.CANCELLED: _S.CANCELLED,
        Action.DISCONTINUED: _S.DISCONTINUED,
        Action.HELD: _S.HELD,
        Action.RELEASED: _S.SCHEDULED,
        Action.STARTED: _S.IN_PROGRESS,
        Action.COMPLETED: _S.COMPLETED,
        Action.REOPENED: _S.SCHEDULED,
    }
)
"""The state an action leads to; the others leave it as it is."""

_STATUS_ACTIONS: Final = {
    OrderControl.HOLD: Action.HELD,
    OrderControl.RELEASE: Action.RELEASED,
    OrderControl.START: Action.STARTED,
    OrderControl.COMPLETE: Action.COMPLETED,
}
_NOTHING_TO_RELEASE: Final = frozenset({_S.SCHEDULED, _S.IN_PROGRESS, _S.FAILED})


def action_for(control: OrderControl, state: OrderState, *, is_same: bool = False, has_begun: bool = False) -> Action:
    """Decide what an order control does to an order we have.

    A cancel before any PACS has seen an image ends the order; after that the study is finished and the order is
    called discontinued, so that no PACS ever holds half a study. An order that ended stays as it is, unless it is
    placed anew with other content; the same order placed again never rises (a resend must not undo a cancel).

    Args:
        control: What is asked.
        state: Where the order stands.
        is_same: The message says what the order says already.
        has_begun: Somebody works on the order, or a PACS holds instances of it.
    """
    if control in (OrderControl.CANCEL, OrderControl.DISCONTINUE):
        is_cut = has_begun or control is OrderControl.DISCONTINUE
        if state not in ENDED:
            return Action.DISCONTINUED if is_cut else Action.CANCELLED
        return Action.TOO_LATE if state is OrderState.COMPLETED else Action.UNCHANGED
    if control in _STATUS_ACTIONS:
        return _status_action(_STATUS_ACTIONS[control], state, has_begun)
    if control is OrderControl.ATTACH:
        return Action.UNCHANGED if is_same else Action.ATTACHED
    if is_same:
        return Action.UNCHANGED
    if state in ENDED:
        return Action.REOPENED if control is OrderControl.NEW else Action.TOO_LATE
    return Action.TOO_LATE if has_begun else Action.CHANGED


def _status_action(action: Action, state: OrderState, has_begun: bool) -> Action:
    if MOVES[action] is state or (action is Action.RELEASED and state in _NOTHING_TO_RELEASE):
        return Action.UNCHANGED
    if state in ENDED or (action is Action.HELD and has_begun):
        return Action.TOO_LATE
    return action if MOVES[action] in LEGAL_MOVES[state] else Action.UNCHANGED
