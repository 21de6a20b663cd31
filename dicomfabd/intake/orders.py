"""ORM^O01 → what it asks: new, changed and cancelled orders.

Message grammar (HL7 v2.5.1 §4.4.1): `MSH [PID [PV1]] { ORC [TQ1] { OBR [NTE] [OBX] [IPC] [ZDS] } }`. Groups that
name the same accession are steps of one order. The mapping follows IHE RAD TF-2 Appendix B.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from dicomfabd.domain.errors import Fault, OrderRejected
from dicomfabd.domain.order import (
    Order,
    OrderControl,
    OrderDraft,
    OrderKeys,
    Recognise,
    StepDraft,
    build_order,
)
from dicomfabd.domain.patient import Visit
from dicomfabd.intake import fields
from dicomfabd.intake.er7 import Delimiters, Message, Segment
from dicomfabd.intake.patients import read_patient

_NEW = frozenset({"NW", "SN", ""})
_CHANGE = frozenset({"XO", "XX", "XR", "SC"})
_CANCEL = frozenset({"CA", "OC", "CR", "DC", "OD", "DR"})
_CANCELLED_STATUS = frozenset({"CA", "DC"})  # ORC-5, HL7 table 0038
_IGNORED = frozenset(
    [
        "OK",
        "UA",
        "UC",
        "UD",
        "UF",
        "UH",
        "UM",
        "UN",
        "UR",
        "UX",
        "RF",
        "AF",
        "LI",
        "PR",
        "DE",
        "SS",
        "SR",
        "ST",
        "MC",
        "CN",
        "NA",
        "HD",
        "OH",
        "HR",
        "RL",
        "OE",
        "OR",
        "RE",
        "PA",
        "CH",
        "RP",
        "RU",
        "RO",
    ]
)
_MODALITIES = frozenset(
    ["CR", "CT", "DX", "ES", "MG", "MR", "NM", "OT", "PT", "PX", "RF", "RG", "SC", "US", "XA", "XC", "IO"]
)
_EMPTY = Segment("", [], Delimiters(), 0)


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """One thing a message asks of one order."""

    control: OrderControl
    keys: OrderKeys
    order: Order | None


@dataclass(slots=True)
class _Group:
    """The segments of one OBR (or of an ORC without one)."""

    orc: Segment
    obr: Segment = field(default_factory=lambda: _EMPTY)
    tq1: Segment = field(default_factory=lambda: _EMPTY)
    ipc: Segment = field(default_factory=lambda: _EMPTY)
    zds: Segment = field(default_factory=lambda: _EMPTY)
    notes: list[str] = field(default_factory=list)


def read_orders(message: Message, recognise: Recognise, now: datetime) -> tuple[list[OrderRequest], list[Fault]]:
    """Read everything an order message asks.

    Args:
        message: The split message.
        recognise: Chooses a modality where none is given.
        now: The time of an order that has none, nor has its message.

    Returns:
        The requests in message order, and warnings.

    Raises:
        OrderRejected: With every fault of every group.
    """
    groups = _groups(message)
    if not groups:
        raise OrderRejected(Fault(100, "ORC^1", "there is no ORC segment", "Send ORC before each OBR."))
    requests: list[OrderRequest] = []
    warnings: list[Fault] = []
    faults: list[Fault] = []
    drafts: list[tuple[OrderControl, OrderKeys, OrderDraft]] = []
    for group in groups:
        try:
            control = _control(group)
            if control is OrderControl.CANCEL:
                requests.append(OrderRequest(control, _keys_of_cancel(group), None))
            elif control is not None:
                drafts.append((control, _keys(group, ""), _draft(message, group, now)))
        except OrderRejected as rejected:
            faults += rejected.faults
    for control, keys, draft in _merge(drafts):
        try:
            order, mended = build_order(draft, recognise)
        except OrderRejected as rejected:
            faults += rejected.faults
            continue
        warnings += mended
        requests.append(OrderRequest(control, replace(keys, accession_number=order.accession_number), order))
    if faults:
        raise OrderRejected(*dict.fromkeys(faults))
    return requests, list(dict.fromkeys(warnings))


def _groups(message: Message) -> list[_Group]:
    groups: list[_Group] = []
    for segment in message.segments:
        if segment.name == "ORC":
            groups.append(_Group(segment))
        elif not groups:
            continue
        elif segment.name == "OBR":
            if groups[-1].obr.name:
                groups.append(_Group(groups[-1].orc, tq1=groups[-1].tq1))
            groups[-1].obr = segment
        elif segment.name in ("TQ1", "IPC", "ZDS"):
            setattr(groups[-1], segment.name.lower(), segment)
        elif segment.name == "NTE":
            groups[-1].notes += [segment.component(3, 1, index) for index in range(len(segment.repetitions(3)))]
    # IHE lets one ZDS at the end speak for all groups before it.
    last = groups[-1].zds if groups else _EMPTY
    for group in groups:
        group.zds = group.zds if group.zds.name else last
    return groups


def _control(group: _Group) -> OrderControl | None:
    control, status = group.orc.component(1, 1).upper(), group.orc.component(5, 1).upper()
    if control in _CANCEL or (control in _NEW | _CHANGE and status in _CANCELLED_STATUS):
        return OrderControl.CANCEL
    if control in _NEW | _CHANGE:
        if not group.obr.name:
            where = f"ORC^{group.orc.ordinal}"
            raise OrderRejected(Fault(100, where, "there is no OBR segment after this ORC", "Send OBR after each ORC."))
        return OrderControl.NEW if control in _NEW else OrderControl.CHANGE
    if control in _IGNORED:
        return None
    raise OrderRejected(
        Fault(103, group.orc.where(1), "not an order control of HL7 table 0119", "Send NW, XO or CA in ORC-1.")
    )


def _placer(group: _Group) -> str:
    return fields.first(group.orc.component(2, 1), group.obr.component(2, 1))


def _filler(group: _Group) -> str:
    return fields.first(group.orc.component(3, 1), group.obr.component(3, 1))


def _accessions(group: _Group) -> tuple[str, ...]:
    orc, obr = group.orc, group.obr
    candidates = (
        group.ipc.component(1, 1),
        obr.component(18, 1),
        obr.component(3, 1),
        orc.component(3, 1),
        obr.component(2, 1),
        orc.component(2, 1),
    )
    return tuple(dict.fromkeys(value for value in candidates if value))


def _keys(group: _Group, accession: str) -> OrderKeys:
    return OrderKeys(accession, _filler(group), _placer(group))


def _keys_of_cancel(group: _Group) -> OrderKeys:
    accessions = _accessions(group)
    if not accessions:
        raise OrderRejected(Fault(101, group.orc.where(2), "the cancel names no order", "Fill ORC-2, ORC-3 or OBR-18."))
    return _keys(group, accessions[0])


def _draft(message: Message, group: _Group, now: datetime) -> OrderDraft:
    pid = next(message.all("PID"), None)
    if pid is None:
        raise OrderRejected(Fault(100, "PID^1", "there is no PID segment", "Send PID before ORC."))
    pv1 = next(message.all("PV1"), _EMPTY)
    header, orc, obr, ipc = message.header, group.orc, group.obr, group.ipc
    asked = fields.code(obr, 44) if obr.raw(44) else fields.code(obr, 4)
    step = _step(group)
    return OrderDraft(
        patient=read_patient(message, pid, pv1),
        visit=Visit(
            admission_id=fields.first(pv1.component(19, 1), pid.component(18, 1)),
            patient_class=pv1.component(2, 1),
            current_patient_location=" ".join(pv1.raw(3).split(message.delimiters.component)).strip(),
            patient_state=obr.component(12, 1),
        ),
        procedure=asked,
        steps=(step,),
        default_start=step.scheduled_at or fields.moment(header.component(7, 1)) or now,
        accession_candidates=_accessions(group),
        study_instance_uid=fields.first(group.zds.component(1, 1), ipc.component(3, 1)),
        requested_procedure_id=fields.first(ipc.component(2, 1), obr.component(19, 1)),
        placer_order_number=_placer(group),
        filler_order_number=_filler(group),
        priority=fields.priority(
            fields.first(group.tq1.component(9, 1), orc.component(7, 6), obr.component(27, 6), obr.raw(5))
        ),
        referring_physician=fields.person_name(pv1, 8),
        requesting_physician=fields.person_name(obr, 16) or fields.person_name(orc, 12),
        reason=fields.first(obr.component(31, 2), obr.component(31, 1), obr.component(13, 1)),
        comments=" ".join(group.notes),
        institution_name=fields.first(orc.component(17, 2), orc.component(17, 1), header.component(4, 1)),
        diagnostic_service=obr.component(24, 1).upper(),
        sender=f"{header.component(3, 1)}|{header.component(4, 1)}",
        where=lambda attribute: _where(pid, pv1, group).get(attribute, attribute),
    )


def _where(pid: Segment, pv1: Segment, group: _Group) -> dict[str, str]:
    return {
        "patient_id": pid.where(3),
        "issuer_of_patient_id": pid.where(3),
        "patient_name": pid.where(5),
        "patient_address": pid.where(11),
        "patient_comments": "NTE^1^3",
        "allergies": "AL1^1^3",
        "medical_alerts": "OBX^1^5",
        "accession_number": group.obr.where(18),
        "study_instance_uid": "ZDS^1^1",
        "procedure": group.obr.where(4),
        "placer_order_number": group.orc.where(2),
        "filler_order_number": group.orc.where(3),
        "referring_physician": pv1.where(8) if pv1.name else "PV1^1^8",
        "requesting_physician": group.obr.where(16),
        "reason": group.obr.where(31),
        "comments": "NTE^1^3",
        "institution_name": group.orc.where(17),
        "station": group.orc.where(18),
        "performing_physician": group.obr.where(34),
    }


def _step(group: _Group) -> StepDraft:
    orc, obr, ipc = group.orc, group.obr, group.ipc
    starts = (
        group.tq1.component(7, 1),
        orc.component(7, 4),
        obr.component(27, 4),
        obr.component(36, 1),
        obr.component(6, 1),
        obr.component(7, 1),
        orc.component(15, 1),
    )
    protocol = fields.alternate_code(obr, 4)
    described = fields.code(obr, 4)
    modality = ipc.component(5, 1).upper()
    return StepDraft(
        description=fields.first(protocol.meaning, described.meaning, described.value),
        modality=modality if modality in _MODALITIES else "",
        scheduled_at=next((start for start in map(fields.moment, starts) if start), None),
        station_ae_title=ipc.component(9, 1),
        scheduled_procedure_step_id=fields.first(ipc.component(4, 1), obr.component(20, 1)),
        protocol_code=protocol if protocol.is_complete else described,
        performing_physician=fields.person_name(obr, 34),
    )


def _merge(
    drafts: Sequence[tuple[OrderControl, OrderKeys, OrderDraft]],
) -> list[tuple[OrderControl, OrderKeys, OrderDraft]]:
    """Join groups of one accession into one order with several steps."""
    merged: dict[str, tuple[OrderControl, OrderKeys, OrderDraft]] = {}
    for index, (control, keys, draft) in enumerate(drafts):
        name = next(iter(draft.accession_candidates), f"#{index}")
        if name in merged:
            first_control, first_keys, first = merged[name]
            merged[name] = first_control, first_keys, replace(first, steps=first.steps + draft.steps)
        else:
            merged[name] = control, keys, draft
    return list(merged.values())
