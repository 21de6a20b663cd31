"""ORM^O01, OMI^O23 and OMG^O19 → what they ask of orders.

Message grammar (HL7 v2.5.1 §4.4): `MSH [PID [NTE] [PV1]] { ORC [TQ1] { OBR [NTE] [OBX] [IPC]... [ZDS] } }`. Groups
that name the same accession are steps of one order. The mapping follows IHE RAD TF-2 Appendix B; a sender's settings
may take any value from another field.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from dicomfabd.domain.draft import OrderDraft, Recognise, StepDraft, build_order
from dicomfabd.domain.errors import Fault, OrderRejected
from dicomfabd.domain.order import Code, Order, OrderControl, OrderKeys
from dicomfabd.domain.uids import is_valid_uid
from dicomfabd.intake import fields
from dicomfabd.intake.controls import NEW, REPLACED, STATUS, read_control
from dicomfabd.intake.er7 import ABSENT, Message, Segment
from dicomfabd.intake.groups import Content, Group, filler_of, locator, placer_of, sort_segments
from dicomfabd.intake.patients import choose_identifier, read_patient, read_visit
from dicomfabd.intake.senders import FieldPath, Sender

LONGEST_CODE: Final = 16
_NEEDS_ORDER: Final = frozenset({OrderControl.NEW, OrderControl.CHANGE})
_MAY_BE_BARE: Final = frozenset({STATUS, "XO", "XX", "XR"})
_DICOM_MODALITIES: Final = frozenset(
    ["CR", "CT", "DX", "ES", "IO", "MG", "MR", "NM", "OT", "PT", "PX", "RF", "RG", "SC", "US", "XA", "XC"]
)


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
    """Everything a message asks, and what was noticed on the way."""

    requests: list[OrderRequest] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_orders(message: Message, sender: Sender, recognise: Recognise, now: datetime) -> Asks:
    """Read everything an order message asks.

    Args:
        message: The split message.
        sender: How this sender is to be read.
        recognise: Chooses a modality where none is given.
        now: The time of an order that has none, nor has its message.

    Raises:
        OrderRejected: With every fault of every group.
    """
    content = sort_segments(message)
    if not content.groups:
        raise OrderRejected(Fault(100, "ORC^1", "there is no ORC segment", "Send ORC before each OBR."))
    asks = Asks()
    reading = _Reading(message, content, sender, now)
    drafts: list[tuple[OrderControl, OrderDraft]] = []
    for group in content.groups:
        reading.read_group(group, asks, drafts)
    for control, draft in _merge(drafts):
        _add_order(control, draft, recognise, sender, asks)
    if asks.faults:
        raise OrderRejected(*dict.fromkeys(asks.faults))
    return asks


class _Reading:
    """Reads the groups of one message."""

    def __init__(self, message: Message, content: Content, sender: Sender, now: datetime) -> None:
        self._message = message
        self._content = content
        self._sender = sender
        self._now = now
        header = message.header
        self._sender_name = f"{header.component(3, 1)}|{header.component(4, 1)}"
        self._placed: set[str] | None = None
        self._replaced: set[str] | None = None

    @property
    def _patient_id(self) -> str:
        return choose_identifier(self._content.pid, self._sender.patient_authority)[0][0]

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
                OrderRequest(OrderControl.CANCEL, OrderKeys("", "", parent, self._sender_name, self._patient_id), None)
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
            drafts.append((control, self._draft(group, asks)))
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
        return {*self._accessions(group)[:1], placer_of(group)} - {""}

    def _is_whole(self, group: Group) -> bool:
        """Tell whether a status message carries the whole order, and not only its numbers."""
        pid, obr = self._content.pid, group.obr
        return bool(pid.name and obr.name and (pid.raw(3) or pid.raw(2) or pid.raw(4)) and (obr.raw(4) or obr.raw(44)))

    def _keys_of_bare(self, group: Group) -> OrderKeys:
        accessions = self._accessions(group)
        if not accessions:
            hint = "Fill ORC-2, ORC-3 or OBR-18."
            raise OrderRejected(Fault(101, group.orc.where(2), "the message names no order", hint))
        return OrderKeys(accessions[0], filler_of(group), placer_of(group), self._sender_name, self._patient_id)

    def _accessions(self, group: Group) -> tuple[str, ...]:
        orc, obr = group.orc, group.obr
        chosen = self._texts(group, "accession")
        candidates = (
            *chosen,
            group.ipcs[0].component(1, 1) if group.ipcs else "",
            obr.component(18, 1),
            obr.component(3, 1),
            orc.component(3, 1),
            obr.component(2, 1),
            orc.component(2, 1),
        )
        return tuple(dict.fromkeys([value for value in candidates if value]))

    def _texts(self, group: Group, attribute: str) -> list[str]:
        """Give what the fields hold from which this sender's settings take an attribute."""
        paths = self._sender.fields.get(attribute) if self._sender.fields else None
        return [value for path in paths if (value := self._at(group, path))] if paths else []

    def _at(self, group: Group, path: FieldPath) -> str:
        own = {"ORC": group.orc, "OBR": group.obr, "TQ1": group.tq1, "ZDS": group.zds}
        segment = own.get(path.segment) or (group.ipcs[0] if path.segment == "IPC" and group.ipcs else None)
        segment = segment or self._message.first(path.segment)
        repetitions = segment.repetitions(path.field)
        return segment.part(repetitions[0], path.component, path.subcomponent) if repetitions else ""

    def _draft(self, group: Group, asks: Asks) -> OrderDraft:
        content = self._content
        pid, pv1, orc, obr = content.pid, content.pv1, group.orc, group.obr
        missing = []
        if not pid.name:
            missing.append(Fault(100, "PID^1", "there is no PID segment", "Send PID before ORC."))
        if not obr.name:
            where = f"ORC^{orc.ordinal}"
            missing.append(Fault(100, where, "there is no OBR segment after this ORC", "Send OBR after each ORC."))
        if missing and pid.name and not choose_identifier(pid, "")[0][0]:
            missing.append(Fault(101, pid.where(3), "the patient has no identifier", "Fill PID-3."))
        if missing:
            raise OrderRejected(*missing)
        header, take = self._message.header, fields.first
        steps = self._steps(group, asks)
        patient = read_patient(
            pid, pv1, content.allergies, content.observations, content.patient_notes, self._sender.patient_authority
        )
        draft = OrderDraft(
            patient=patient,
            visit=read_visit(pid, pv1, obr.component(12, 1)),
            procedure=fields.code(obr, 44) if obr.raw(44) else fields.code(obr, 4),
            steps=steps,
            default_start=steps[0].scheduled_at or fields.moment(header.component(7, 1)) or self._now,
            accession_candidates=self._accessions(group),
            study_instance_uid=take(
                group.zds.component(1, 1), group.ipcs[0].component(3, 1) if group.ipcs else "", obr.component(21, 1)
            ),
            requested_procedure_id=take(group.ipcs[0].component(2, 1) if group.ipcs else "", obr.component(19, 1)),
            placer_order_number=placer_of(group),
            filler_order_number=filler_of(group),
            priority=fields.priority(
                take(group.tq1.component(9, 1), orc.component(7, 6), obr.component(27, 6), obr.component(5, 1))
            ),
            referring_physician=fields.person_name(pv1, 8),
            requesting_physician=fields.person_name(obr, 16) or fields.person_name(orc, 12),
            reason=take(obr.component(31, 2), obr.component(31, 1), obr.component(13, 1)),
            comments=" ".join(group.notes),
            institution_name=take(orc.component(17, 2), orc.component(17, 1), header.component(4, 1)),
            diagnostic_service=self._service(obr),
            sender=self._sender_name,
            parent_order_number=orc.component(8, 1),
            referring_physician_id=fields.person_id(pv1, 8),
            requesting_physician_id=fields.person_id(obr, 16) or fields.person_id(orc, 12),
            institution_address=orc.raw(22).replace(orc.delimiters.component, " ").strip(),
            department=orc.component(13, 9),
            confidentiality=orc.component(28, 2) or orc.component(28, 1),
            patient_transport=obr.component(30, 1),
            where=locator(pid, pv1, group),
        )
        if draft.study_instance_uid == obr.component(21, 1) and not is_valid_uid(draft.study_instance_uid):
            draft.study_instance_uid = ""  # OBR-21 is a free field; only a few senders put the UID there
        if self._sender.fields:
            self._override(draft, group)
        return draft

    def _service(self, obr: Segment) -> str:
        value = obr.component(24, 1)
        return self._sender.modalities.get(value, value).upper()

    def _override(self, draft: OrderDraft, group: Group) -> None:
        """Put in what this sender keeps in other fields; an empty field changes nothing."""
        for attribute in _PLAIN_OVERRIDES:
            if values := self._texts(group, attribute):
                setattr(draft, attribute, values[0])
        if values := self._texts(group, "priority"):
            draft.priority = fields.priority(values[0])
        if values := self._texts(group, "procedure"):
            draft.procedure = Code(meaning=values[0])
        if values := self._texts(group, "patient_id"):
            draft.patient = replace(draft.patient, patient_id=values[0])
        if values := self._texts(group, "admission_id"):
            draft.visit = replace(draft.visit, admission_id=values[0])
        for step in draft.steps:
            if values := self._texts(group, "modality"):
                step.modality = self._sender.modalities.get(values[0], values[0]).upper()
            if values := self._texts(group, "station"):
                step.station_ae_title = values[0]
            if values := self._texts(group, "step_id"):
                step.scheduled_procedure_step_id = values[0]
            if values := self._texts(group, "scheduled_at"):
                step.scheduled_at = fields.moment(values[0]) or step.scheduled_at

    def _steps(self, group: Group, asks: Asks) -> tuple[StepDraft, ...]:
        """Read one step of each IPC, or the only one."""
        obr = group.obr
        scheduled_at = self._start(group, asks)
        procedure, protocol = fields.code(obr, 4), fields.alternate_code(obr, 4)
        steps = []
        for ipc in group.ipcs or (ABSENT,):
            modality = ipc.component(5, 1).upper()
            own = fields.code(ipc, 6) if ipc.name else Code()
            chosen = own if own.meaning or own.value else protocol if protocol.is_complete else procedure
            steps.append(
                StepDraft(
                    description=own.meaning or protocol.meaning or procedure.meaning or procedure.value,
                    modality=modality if modality in _DICOM_MODALITIES else self._modality(modality),
                    scheduled_at=scheduled_at,
                    station_ae_title=ipc.component(9, 1),
                    scheduled_procedure_step_id=ipc.component(4, 1) or obr.component(20, 1),
                    protocol_code=chosen,
                    performing_physician=_performer(obr),
                )
            )
        return tuple(steps)

    def _modality(self, value: str) -> str:
        mapped = self._sender.modalities.get(value, "") if value else ""
        return mapped.upper()

    def _start(self, group: Group, asks: Asks) -> datetime | None:
        """Choose when the steps are to begin: the first field of the chain that holds a time."""
        for segment, position, component, is_asked in (
            (group.tq1, 7, 1, True),
            (group.orc, 7, 4, True),
            (group.obr, 27, 4, True),
            (group.obr, 36, 1, False),
            (group.obr, 6, 1, False),
            (group.obr, 7, 1, False),
            (group.orc, 15, 1, False),
        ):
            value = segment.component(position, component)
            if not value:
                continue
            moment = fields.moment(value)
            if moment is not None:
                return moment
            if is_asked:
                location = segment.where(position) + (f"^1^{component}" if component > 1 else "")
                text = "not a date and time (YYYYMMDDHHMMSS)"
                if self._sender.strict:
                    raise OrderRejected(Fault(102, location, text, "Send a DTM, or leave the field empty."))
                asks.warnings.append(Fault(0, location, f"{text}; ignored"))
        return None


_PLAIN_OVERRIDES: Final = (
    "study_instance_uid",
    "requested_procedure_id",
    "placer_order_number",
    "filler_order_number",
    "referring_physician",
    "requesting_physician",
)


def _performer(obr: Segment) -> str:
    """Read OBR-34 (NDL): its first component is a name of its own, cut by sub-components (CNN)."""
    repetitions = obr.repetitions(34)
    d = obr.delimiters
    if not repetitions or not d.subcomponent or d.subcomponent not in repetitions[0]:
        return fields.person_name(obr, 34)
    parts = [obr.part(repetitions[0], 1, index) for index in range(1, 8)]
    family, given, middle, suffix, prefix, degree = parts[1:]
    return f"{family}^{given}^{middle}^{prefix}^{f'{suffix} {degree}'.strip()}".rstrip("^ ")


def _add_order(control: OrderControl, draft: OrderDraft, recognise: Recognise, sender: Sender, asks: Asks) -> None:
    try:
        if sender.strict:
            _check_strictly(draft)
        order, mended = build_order(draft, recognise)
    except OrderRejected as rejected:
        asks.faults += rejected.faults
        return
    asks.warnings += mended
    keys = OrderKeys(
        order.accession_number,
        order.filler_order_number,
        order.placer_order_number,
        order.sender,
        order.patient.patient_id,
    )
    must_exist = sender.strict and control is not OrderControl.NEW
    asks.requests.append(OrderRequest(control, keys, order, must_exist))


def _check_strictly(draft: OrderDraft) -> None:
    faults = []
    if draft.study_instance_uid and not is_valid_uid(draft.study_instance_uid):
        location = draft.where("study_instance_uid")
        faults.append(Fault(102, location, "not a valid UID (PS3.5 §9.1)", "Send a UID of at most 64 characters."))
    if not any(step.modality for step in draft.steps) and draft.diagnostic_service not in _DICOM_MODALITIES:
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
