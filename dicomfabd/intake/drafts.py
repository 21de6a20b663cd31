"""One group of segments → the draft of an order (IHE RAD TF-2 Appendix B).

A sender's settings may take any value from another field.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from dicomfabd.domain.draft import OrderDraft, StepDraft
from dicomfabd.domain.errors import Fault, OrderRejected
from dicomfabd.domain.order import Code
from dicomfabd.domain.uids import is_valid_uid
from dicomfabd.intake import fields
from dicomfabd.intake.er7 import ABSENT, Message, Segment
from dicomfabd.intake.groups import Content, Group, filler_of, locator, placer_of
from dicomfabd.intake.patients import choose_identifier, read_patient, read_visit
from dicomfabd.intake.senders import FieldPath, Sender

DICOM_MODALITIES: Final = frozenset(
    ["CR", "CT", "DX", "ES", "IO", "MG", "MR", "NM", "OT", "PT", "PX", "RF", "RG", "SC", "US", "XA", "XC"]
)


class Drafter:
    """Reads the groups of one message into drafts.

    Attributes:
        sender_name: `MSH-3|MSH-4`, whose numbers the order's are.
    """

    def __init__(self, message: Message, content: Content, sender: Sender, now: datetime) -> None:
        """Take the message, its segments sorted, how its sender is read, and the time of an order without any."""
        self._message = message
        self._content = content
        self._sender = sender
        self._now = now
        self.sender_name = message.sender

    @property
    def patient_id(self) -> str:
        """The identifier of the message's patient, or an empty string."""
        return choose_identifier(self._content.pid, self._sender.patient_authority)[0][0]

    def accessions(self, group: Group) -> tuple[str, ...]:
        """Give what may be the accession number, best first."""
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

    def draft(self, group: Group, warnings: list[Fault]) -> OrderDraft:
        """Read one group; what is mended is added to `warnings`.

        Raises:
            OrderRejected: PID or OBR is missing (100); strictly, a time that is none (102).
        """
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
        asking = orc.component(17, 2) or orc.component(17, 1)
        steps = self._steps(group, warnings)
        patient = read_patient(
            pid,
            pv1,
            content.allergies,
            content.observations,
            content.patient_notes,
            self._sender.patient_authority,
            obr.component(13, 1),
        )
        draft = OrderDraft(
            patient=patient,
            visit=read_visit(pid, pv1, obr.component(12, 1)),
            procedure=fields.code(obr, 44) if obr.raw(44) else fields.code(obr, 4),
            steps=steps,
            default_start=steps[0].scheduled_at or fields.moment(header.component(7, 1)) or self._now,
            accession_candidates=self.accessions(group),
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
            institution_name=asking or header.component(4, 1),
            diagnostic_service=self._service(obr),
            sender=self.sender_name,
            parent_order_number=orc.component(8, 1),
            referring_physician_id=fields.person_id(pv1, 8),
            requesting_physician_id=fields.person_id(obr, 16) or fields.person_id(orc, 12),
            institution_address=orc.raw(22).replace(orc.delimiters.component, " ").strip(),
            department=orc.component(13, 9),
            confidentiality=orc.component(28, 2) or orc.component(28, 1),
            patient_transport=obr.component(30, 1),
            requesting_service=asking,
            names_of_intended_recipients_of_results=fields.person_names(obr, 28),
            where=locator(pid, pv1, group),
        )
        if draft.study_instance_uid == obr.component(21, 1) and not is_valid_uid(draft.study_instance_uid):
            draft.study_instance_uid = ""  # OBR-21 is a free field; only a few senders put the UID there
        if self._sender.fields:
            self._override(draft, group)
        return draft

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
            self._override_step(step, group)

    def _override_step(self, step: StepDraft, group: Group) -> None:
        if values := self._texts(group, "modality"):
            step.modality = self._sender.modalities.get(values[0], values[0]).upper()
        if values := self._texts(group, "station"):
            step.station_ae_titles = (values[0],)
        if values := self._texts(group, "station_name"):
            step.station_name = values[0]
        if values := self._texts(group, "location"):
            step.location = values[0]
        if values := self._texts(group, "step_id"):
            step.scheduled_procedure_step_id = values[0]
        if values := self._texts(group, "scheduled_at"):
            step.scheduled_at = fields.moment(values[0]) or step.scheduled_at

    def _steps(self, group: Group, warnings: list[Fault]) -> tuple[StepDraft, ...]:
        """Read one step of each IPC, or the only one."""
        obr = group.obr
        scheduled_at = self._start(group, warnings)
        procedure, protocol = fields.code(obr, 4), fields.alternate_code(obr, 4)
        steps = []
        for ipc in group.ipcs or (ABSENT,):
            modality = ipc.component(5, 1).upper()
            own = fields.code(ipc, 6) if ipc.name else Code()
            chosen = own if own.meaning or own.value else protocol if protocol.is_complete else procedure
            steps.append(
                StepDraft(
                    description=own.meaning or protocol.meaning or procedure.meaning or procedure.value,
                    modality=modality if modality in DICOM_MODALITIES else self._modality(modality),
                    scheduled_at=scheduled_at,
                    station_ae_titles=tuple([ipc.part(title, 1) for title in ipc.repetitions(9)]) if ipc.name else (),
                    station_name=ipc.component(7, 1),
                    location=ipc.component(8, 1) or ipc.component(8, 2),
                    scheduled_procedure_step_id=ipc.component(4, 1) or obr.component(20, 1),
                    protocol_code=chosen,
                    performing_physician=fields.performer_name(obr, 34),
                )
            )
        return tuple(steps)

    def _modality(self, value: str) -> str:
        mapped = self._sender.modalities.get(value, "") if value else ""
        return mapped.upper()

    def _start(self, group: Group, warnings: list[Fault]) -> datetime | None:
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
                warnings.append(Fault(0, location, f"{text}; ignored"))
        return None


_PLAIN_OVERRIDES: Final = (
    "study_instance_uid",
    "requested_procedure_id",
    "placer_order_number",
    "filler_order_number",
    "referring_physician",
    "requesting_physician",
)
