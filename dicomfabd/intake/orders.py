"""ORM^O01, OMI^O23 and OMG^O19 → what they ask of orders.

Message grammar (HL7 v2.5.1 §4.4): `MSH [PID [NTE] [PV1]] { ORC [TQ1] { OBR [NTE] [OBX] [IPC]... [ZDS] } }`. Groups
that name the same accession are steps of one order. The mapping follows IHE RAD TF-2 Appendix B; a sender's settings
may take any value from another field.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dicomfabd.domain.draft import Choices, OrderDraft, build_order
from dicomfabd.domain.errors import Fault, OrderRejected, Unservable
from dicomfabd.domain.order import Order, OrderControl, OrderKeys
from dicomfabd.domain.text import Cleaner
from dicomfabd.domain.uids import is_valid_uid
from dicomfabd.intake.controls import NEW, REPLACED, STATUS, read_control
from dicomfabd.intake.drafts import DICOM_MODALITIES, Drafter
from dicomfabd.intake.er7 import Message
from dicomfabd.intake.groups import Content, Group, filler_of, placer_of, sort_segments
from dicomfabd.intake.senders import Sender

LONGEST_CODE: Final = 16
LONGEST_NUMBER: Final = 64  # LO: PlacerOrderNumberImagingServiceRequest and the filler's
_NEEDS_ORDER: Final = frozenset({OrderControl.NEW, OrderControl.CHANGE})
_MAY_BE_BARE: Final = frozenset({STATUS, "XO", "XX", "XR"})


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """One thing a message asks of one order.

    Attributes:
        order: The whole order, where the message holds one.
        must_exist: Refuse it if there is no such order.
    """

    control: OrderControl
    keys: OrderKeys
    order: Order | None
    must_exist: bool = False


@dataclass(slots=True)
class Asks:
    """Everything a message asks, and what was noticed on the way.

    Attributes:
        is_unservable: A fault is one that a modality would choke on.
    """

    requests: list[OrderRequest] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    is_unservable: bool = False


def read_orders(message: Message, sender: Sender, choices: Choices, now: datetime) -> Asks:
    """Read everything an order message asks.

    Args:
        message: The split message.
        sender: How this sender is to be read.
        choices: What stands in for what an order does not say.
        now: The time of an order that has none, nor has its message.

    Raises:
        OrderRejected: With every fault of every group; Unservable if a modality would choke on one of them.
    """
    content = sort_segments(message)
    if not content.groups:
        raise OrderRejected(Fault(100, "ORC^1", "there is no ORC segment", "Send ORC before each OBR."))
    asks = Asks()
    groups = _Groups(content, sender, Drafter(message, content, sender, now))
    drafts: list[tuple[OrderControl, OrderDraft]] = []
    for group in content.groups:
        groups.read_group(group, asks, drafts)
    for control, draft in _merge(drafts):
        _add_order(control, draft, choices, sender, asks)
    if asks.faults:
        raise (Unservable if asks.is_unservable else OrderRejected)(*dict.fromkeys(asks.faults))
    return asks


class _Groups:
    """Reads what the groups of one message ask."""

    def __init__(self, content: Content, sender: Sender, drafter: Drafter) -> None:
        self._content = content
        self._sender = sender
        self._drafter = drafter
        self._placed: set[str] | None = None
        self._replaced: set[str] | None = None

    def read_group(self, group: Group, asks: Asks, drafts: list[tuple[OrderControl, OrderDraft]]) -> None:
        """Read one group into a request or a draft; its faults are noted."""
        code = group.orc.component(1, 1)
        code = self._sender.order_control.get(code, code)[:LONGEST_CODE].upper()
        asked = read_control(code, group.orc.component(5, 1)[:LONGEST_CODE].upper())
        if not asked.is_known:
            hint = "Send a code of the table, or map it in the sender's order_control."
            asks.faults.append(Fault(103, group.orc.where(1), "not an order control of HL7 table 0119", hint))
            if self._content.pid.name:
                # Most likely an order; what else is wrong with it is said now and not at the next try.
                self._add_draft(OrderControl.NEW, group, asks, drafts)
            return
        if asked.note:
            asks.warnings.append(Fault(0, group.orc.where(1), asked.note))
        if asked.control is None:
            return
        if code in REPLACED and self._is_replaced_by_itself(group):
            return
        if code == "RO" and (parent := group.orc.component(8, 1)) and not self._replaces(parent):
            asks.requests.append(
                OrderRequest(
                    OrderControl.CANCEL,
                    OrderKeys("", "", parent, self._drafter.sender_name, self._drafter.patient_id),
                    None,
                )
            )
        try:
            if asked.control in (OrderControl.CANCEL, OrderControl.DISCONTINUE, OrderControl.ATTACH):
                keys = self._keys_of_bare(group)
                asks.requests.append(OrderRequest(asked.control, keys, None, must_exist=self._sender.strict))
            elif (
                asked.control is OrderControl.CHANGE
                and code in _MAY_BE_BARE
                and not (self._content.pid.name and group.obr.name)
            ):
                # "Scheduled" without the order lifts a hold; a change without it can only be refused.
                control = OrderControl.RELEASE if code == STATUS else OrderControl.CHANGE
                asks.requests.append(OrderRequest(control, self._keys_of_bare(group), None))
            elif asked.control in _NEEDS_ORDER or self._is_whole(group):
                self._add_draft(asked.control, group, asks, drafts)
            else:
                asks.requests.append(OrderRequest(asked.control, self._keys_of_bare(group), None))
        except OrderRejected as rejected:
            asks.faults += rejected.faults

    def _add_draft(
        self, control: OrderControl, group: Group, asks: Asks, drafts: list[tuple[OrderControl, OrderDraft]]
    ) -> None:
        try:
            drafts.append((control, self._drafter.draft(group, asks.warnings)))
        except OrderRejected as rejected:
            asks.faults += rejected.faults

    def _is_replaced_by_itself(self, group: Group) -> bool:
        """Tell whether another group places the same order again, so that it is simply changed."""
        if self._placed is None:
            self._placed = self._numbers_of(NEW)
        return not self._placed.isdisjoint(self._numbers(group))

    def _replaces(self, number: str) -> bool:
        """Tell whether another group says of an order of this number that it is replaced."""
        if self._replaced is None:
            self._replaced = self._numbers_of(REPLACED)
        return number in self._replaced

    def _numbers_of(self, controls: frozenset[str]) -> set[str]:
        groups = [group for group in self._content.groups if group.orc.component(1, 1).upper() in controls]
        return set().union(*map(self._numbers, groups))

    def _numbers(self, group: Group) -> set[str]:
        return {*self._drafter.accessions(group)[:1], placer_of(group)} - {""}

    def _is_whole(self, group: Group) -> bool:
        """Tell whether a status message carries the whole order, and not only its numbers."""
        pid, obr = self._content.pid, group.obr
        return bool(pid.name and obr.name and (pid.raw(3) or pid.raw(2) or pid.raw(4)) and (obr.raw(4) or obr.raw(44)))

    def _keys_of_bare(self, group: Group) -> OrderKeys:
        accessions = self._drafter.accessions(group)
        if not accessions:
            hint = "Fill ORC-2, ORC-3 or OBR-18."
            raise OrderRejected(Fault(101, group.orc.where(2), "the message names no order", hint))
        # As orders keep them: to be found by, and to be attached to one.
        text = Cleaner(str).text
        return OrderKeys(
            accessions[0],
            text("filler_order_number", filler_of(group), LONGEST_NUMBER),
            text("placer_order_number", placer_of(group), LONGEST_NUMBER),
            self._drafter.sender_name,
            self._drafter.patient_id,
        )


def _add_order(control: OrderControl, draft: OrderDraft, choices: Choices, sender: Sender, asks: Asks) -> None:
    try:
        if sender.strict:
            _check_strictly(draft)
        order, mended = build_order(draft, choices)
    except OrderRejected as rejected:
        asks.faults += rejected.faults
        asks.is_unservable = asks.is_unservable or isinstance(rejected, Unservable)
        return
    asks.warnings += mended
    must_exist = sender.strict and control is not OrderControl.NEW
    asks.requests.append(OrderRequest(control, order.keys, order, must_exist))


def _check_strictly(draft: OrderDraft) -> None:
    faults = []
    if draft.study_instance_uid and not is_valid_uid(draft.study_instance_uid):
        location = draft.where("study_instance_uid")
        faults.append(Fault(102, location, "not a valid UID (PS3.5 §9.1)", "Send a UID of at most 64 characters."))
    if not any(step.modality for step in draft.steps) and draft.diagnostic_service not in DICOM_MODALITIES:
        location = draft.where("modality")
        faults.append(Fault(103, location, "names no modality", "Send a DICOM modality, or map it for the sender."))
    if faults:
        raise OrderRejected(*faults)


def _merge(drafts: Sequence[tuple[OrderControl, OrderDraft]]) -> list[tuple[OrderControl, OrderDraft]]:
    """Join groups of one accession into one order with several steps."""
    if len(drafts) < 2:
        return list(drafts)
    merged: dict[str, tuple[OrderControl, OrderDraft]] = {}
    for index, (control, draft) in enumerate(drafts):
        name = next(iter(draft.accession_candidates), f"#{index}")
        if name in merged:
            merged[name][1].steps += draft.steps
        else:
            merged[name] = control, draft
    return list(merged.values())
