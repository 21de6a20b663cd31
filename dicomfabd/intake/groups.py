"""The segments of an order message, sorted by what they are about: the patient, the visit, each order.

Message grammar (HL7 v2.5.1 §4.4): `MSH [PID [NTE] [PV1]] { ORC [TQ1] { OBR [NTE] [OBX] [IPC]... [ZDS] } }`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from dicomfabd.intake.er7 import ABSENT, Message, Segment


@dataclass(slots=True)
class Group:
    """The segments of one OBR (or of an ORC without one)."""

    orc: Segment
    obr: Segment = ABSENT
    tq1: Segment = ABSENT
    zds: Segment = ABSENT
    ipcs: list[Segment] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Content:
    """The segments of an order message, sorted by what they are about."""

    pid: Segment = ABSENT
    pv1: Segment = ABSENT
    groups: list[Group] = field(default_factory=list)
    allergies: list[Segment] = field(default_factory=list)
    observations: list[Segment] = field(default_factory=list)
    patient_notes: list[str] = field(default_factory=list)


def sort_segments(message: Message) -> Content:
    """Sort the segments of an order message into groups; one ZDS at the end speaks for all groups without one."""
    content = Content()
    group: Group | None = None
    for segment in message.segments:
        name = segment.name
        if name == "ORC":
            group = Group(segment)
            content.groups.append(group)
        elif name == "OBR" and group is not None:
            if group.obr.name:
                group = Group(group.orc, tq1=group.tq1)
                content.groups.append(group)
            group.obr = segment
        elif name in _OF_GROUP:
            if group is not None:
                _add_to_group(group, segment)
            elif name == "NTE":
                content.patient_notes += _notes(segment)
        elif name in _OF_PATIENT:
            _add_to_patient(content, segment)
    if group is not None and group.zds.name:
        for earlier in content.groups:
            earlier.zds = earlier.zds if earlier.zds.name else group.zds
    return content


_OF_GROUP: Final = frozenset({"TQ1", "IPC", "ZDS", "NTE"})
_OF_PATIENT: Final = frozenset({"PID", "PV1", "AL1", "OBX"})


def _add_to_group(group: Group, segment: Segment) -> None:
    if segment.name == "NTE":
        group.notes += _notes(segment)
    elif segment.name == "IPC":
        group.ipcs.append(segment)
    elif segment.name == "ZDS":
        group.zds = segment
    elif not group.tq1.name:
        group.tq1 = segment


def _add_to_patient(content: Content, segment: Segment) -> None:
    if segment.name == "AL1":
        content.allergies.append(segment)
    elif segment.name == "OBX":
        content.observations.append(segment)
    elif segment.name == "PID" and not content.pid.name:
        content.pid = segment
    elif segment.name == "PV1" and not content.pv1.name:
        content.pv1 = segment


def _notes(segment: Segment) -> list[str]:
    return [text for repetition in segment.repetitions(3) if (text := segment.part(repetition, 1))]


def placer_of(group: Group) -> str:
    """Give the placer's number of a group."""
    return group.orc.component(2, 1) or group.obr.component(2, 1)


def filler_of(group: Group) -> str:
    """Give the filler's number of a group."""
    return group.orc.component(3, 1) or group.obr.component(3, 1)


def locator(pid: Segment, pv1: Segment, group: Group) -> Callable[[str], str]:
    """Give what names the place of an attribute in the message, for faults."""

    def where(attribute: str) -> str:
        if group.ipcs and attribute in _PLACES_IN_IPC:
            return group.ipcs[0].where(_PLACES_IN_IPC[attribute])
        segment, position = _PLACES.get(attribute, ("", 0))
        known = {"PID": pid, "PV1": pv1, "ORC": group.orc, "OBR": group.obr}
        found = known.get(segment)
        if found is not None and found.name:
            return found.where(position)
        return f"{segment}^1^{position}" if segment else attribute

    return where


_PLACES: Final = {
    "patient_id": ("PID", 3),
    "issuer_of_patient_id": ("PID", 3),
    "issuer_universal_id": ("PID", 3),
    "patient_name": ("PID", 5),
    "patient_mother_birth_name": ("PID", 6),
    "patient_birth_date": ("PID", 7),
    "patient_sex": ("PID", 8),
    "patient_address": ("PID", 11),
    "patient_telephone": ("PID", 13),
    "patient_primary_language": ("PID", 15),
    "ethnic_group": ("PID", 22),
    "patient_species": ("PID", 35),
    "patient_breed": ("PID", 36),
    "responsible_person": ("PID", 9),
    "patient_comments": ("NTE", 3),
    "allergies": ("AL1", 3),
    "patient_size": ("OBX", 5),
    "patient_weight": ("OBX", 5),
    "pregnancy_status": ("PV1", 15),
    "medical_alerts": ("OBR", 13),
    "admission_id": ("PV1", 19),
    "current_patient_location": ("PV1", 3),
    "patient_state": ("OBR", 12),
    "special_needs": ("PV1", 15),
    "confidentiality_constraint": ("PV1", 16),
    "accession_number": ("ORC", 2),
    "study_instance_uid": ("ZDS", 1),
    "procedure": ("OBR", 4),
    "requested_procedure_id": ("OBR", 19),
    "step_id": ("OBR", 20),
    "scheduled_at": ("OBR", 36),
    "priority": ("OBR", 5),
    "placer_order_number": ("ORC", 2),
    "filler_order_number": ("ORC", 3),
    "referring_physician": ("PV1", 8),
    "requesting_physician": ("OBR", 16),
    "reason": ("OBR", 31),
    "comments": ("NTE", 3),
    "institution_name": ("ORC", 17),
    "requesting_service": ("ORC", 17),
    "names_of_intended_recipients_of_results": ("OBR", 28),
    "institution_address": ("ORC", 22),
    "department": ("ORC", 13),
    "confidentiality": ("ORC", 28),
    "patient_transport": ("OBR", 30),
    "parent_order_number": ("ORC", 8),
    "station": ("ORC", 18),
    "modality": ("OBR", 24),
    "performing_physician": ("OBR", 34),
}
_PLACES_IN_IPC: Final = {
    "requested_procedure_id": 2,
    "step_id": 4,
    "modality": 5,
    "station_name": 7,
    "location": 8,
    "station": 9,
}
