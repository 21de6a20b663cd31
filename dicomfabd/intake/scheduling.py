"""SIU → orders, for senders that tell of appointments and not of orders (setting `scheduling`)."""

from datetime import datetime
from typing import Final

from dicomfabd.domain.draft import Choices, OrderDraft, StepDraft, build_order
from dicomfabd.domain.errors import Fault, OrderRejected
from dicomfabd.domain.order import OrderControl, OrderKeys
from dicomfabd.intake import fields
from dicomfabd.intake.er7 import Message, Segment
from dicomfabd.intake.orders import Asks, OrderRequest
from dicomfabd.intake.patients import read_patient, read_visit
from dicomfabd.intake.senders import Sender

CONTROLS: Final = {
    "S12": OrderControl.NEW,
    "S13": OrderControl.CHANGE,
    "S14": OrderControl.CHANGE,
    "S15": OrderControl.CANCEL,
    "S26": OrderControl.CANCEL,
}


def read_appointment(message: Message, event: str, sender: Sender, choices: Choices, now: datetime) -> Asks:
    """Read an appointment as an order; its services (AIS) are the steps.

    Raises:
        OrderRejected: With every fault found.
    """
    sch, pid, pv1 = message.first("SCH"), message.first("PID"), message.first("PV1")
    control = CONTROLS[event]
    if not sch.name:
        raise OrderRejected(Fault(100, "SCH^1", "there is no SCH segment", "Send SCH."))
    placer, filler = sch.component(1, 1) or sch.component(26, 1), sch.component(2, 1) or sch.component(27, 1)
    if control is OrderControl.CANCEL:
        if not (placer or filler):
            raise OrderRejected(Fault(101, sch.where(1), "the appointment has no number", "Fill SCH-1 or SCH-2."))
        return Asks(requests=[OrderRequest(control, OrderKeys(filler or placer, filler, placer, message.sender), None)])
    if not pid.name:
        raise OrderRejected(Fault(100, "PID^1", "there is no PID segment", "Send PID."))
    services = [*message.all("AIS")] or [sch]
    start = fields.moment(sch.component(11, 4))
    steps = tuple(_step(service, start, message) for service in services)
    places = {"accession_number": sch.where(2), "procedure": services[0].where(3), "patient_id": pid.where(3)}
    draft = OrderDraft(
        patient=read_patient(pid, pv1, message.all("AL1"), [*message.all("OBX")], (), sender.patient_authority),
        visit=read_visit(pid, pv1, ""),
        procedure=fields.code(services[0], 3) if services[0].name == "AIS" else fields.code(sch, 7),
        steps=steps,
        default_start=steps[0].scheduled_at or fields.moment(message.header.component(7, 1)) or now,
        accession_candidates=tuple(value for value in (filler, placer) if value),
        placer_order_number=placer,
        filler_order_number=filler,
        priority="ROUTINE",
        referring_physician=fields.person_name(pv1, 8),
        requesting_physician=fields.person_name(sch, 16),
        reason=sch.component(7, 2) or sch.component(7, 1),
        sender=message.sender,
        where=lambda attribute: places.get(attribute, "SCH^1"),
    )
    order, warnings = build_order(draft, choices)
    return Asks(requests=[OrderRequest(control, order.keys, order)], warnings=[*warnings])


def _step(service: Segment, start: datetime | None, message: Message) -> StepDraft:
    is_service = service.name == "AIS"
    code = fields.code(service, 3 if is_service else 7)
    room = message.first("AIL").component(3, 1)
    own_start = fields.moment(service.component(4, 1)) if is_service else None
    return StepDraft(
        description=code.meaning or code.value,
        scheduled_at=own_start or start,
        # An appointment books equipment (AIG), or a room with what is in it (AIL).
        station_ae_titles=(message.first("AIG").component(3, 1) or room,),
        location=room,
        protocol_code=code,
    )
