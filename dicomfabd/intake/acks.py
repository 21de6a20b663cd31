"""The general acknowledgment, in the form the sender's version expects.

Standard: HL7 v2.5.1 §2.9.2 (original mode), §2.15.5 (ERR), table 0008 and 0357. Texts never repeat a value of the
message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dicomfabd.domain.errors import Fault
from dicomfabd.intake.er7 import Delimiters, Message

_CONDITIONS = {
    100: "Segment sequence error",
    101: "Required field missing",
    102: "Data type error",
    103: "Table value not found",
    104: "Value too long",
    200: "Unsupported message type",
    201: "Unsupported event code",
    202: "Unsupported processing id",
    203: "Unsupported version id",
    204: "Unknown key identifier",
    205: "Duplicate key identifier",
    206: "Application record locked",
    207: "Application internal error",
}
_AE_ALTHOUGH_2XX = frozenset({204, 205})  # sending the same message again can never help


@dataclass(frozen=True, slots=True)
class Header:
    """What an acknowledgment needs of the message it answers; everything may be empty."""

    delimiters: Delimiters = Delimiters()
    sending_application: str = ""
    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    message_code: str = ""
    trigger_event: str = ""
    control_id: str = ""
    processing_id: str = "P"
    version: str = "2.5.1"
    character_set: str = ""

    @property
    def message_type(self) -> str:
        """`ORM^O01`, with a caret whatever the sender's delimiters; at most 16 characters."""
        return f"{self.message_code}^{self.trigger_event}".rstrip("^")[:16]


def header_of(message: Message) -> Header:
    """Take from MSH what the answer needs, as it stands there."""
    msh = message.header
    code, _, rest = msh.raw(9).partition(message.delimiters.component)
    return Header(
        delimiters=message.delimiters,
        sending_application=msh.raw(3),
        sending_facility=msh.raw(4),
        receiving_application=msh.raw(5),
        receiving_facility=msh.raw(6),
        message_code=code.strip(),
        trigger_event=rest.split(message.delimiters.component)[0].strip(),
        control_id=msh.raw(10),
        processing_id=msh.raw(11) or "P",
        version=msh.raw(12) or "2.5.1",
        character_set=msh.raw(18),
    )


def code_for(faults: Sequence[Fault]) -> str:
    """Choose AE (an error in the content) or AR (the message itself) for faults; 1xx is content."""
    is_rejected = any(fault.code >= 200 and fault.code not in _AE_ALTHOUGH_2XX for fault in faults)
    return "AR" if is_rejected else "AE"


def acknowledge(header: Header, code: str, faults: Sequence[Fault], now: datetime, own_id: str) -> bytes:
    """Build an acknowledgment, without framing.

    Args:
        header: Of the message answered.
        code: AA, AE or AR.
        faults: Why not AA, all of them.
        now: Time of the answer.
        own_id: Our message control ID, at most 20 characters.
    """
    d = header.delimiters
    stamp = now.strftime("%Y%m%d%H%M%S%z")
    kind = d.component.join(part for part in ("ACK", header.trigger_event) if part)
    if _is_at_least(header.version, (2, 4)) and header.trigger_event:
        kind += f"{d.component}ACK"
    msh = [
        "MSH",
        f"{d.component}{d.repetition}{d.escape}{d.subcomponent}",
        header.receiving_application,
        header.receiving_facility,
        header.sending_application,
        header.sending_facility,
        stamp,
        "",
        kind if _is_at_least(header.version, (2, 3, 1)) else "ACK",
        own_id,
        header.processing_id,
        header.version,
    ]
    if header.character_set:
        msh += [""] * 5 + [header.character_set]
    text = faults[0].text[:80] if faults else ""
    segments = [d.field.join(msh), d.field.join(["MSA", code, header.control_id, text]).rstrip(d.field)]
    segments += [_err(header, fault) for fault in faults]
    return ("\r".join(segments) + "\r").encode(_codec(header), "replace")


def _err(header: Header, fault: Fault) -> str:
    d = header.delimiters
    condition = _CONDITIONS.get(fault.code, "")
    location = fault.location.split("^")
    if not _is_at_least(header.version, (2, 5)):
        coded = d.subcomponent.join([str(fault.code), condition, "HL70357"])
        place = d.component.join([*[*location, "", "", ""][:3], coded])
        return d.field.join(["ERR", place])
    coded = d.component.join([str(fault.code), condition, "HL70357"])
    hint = f" {fault.hint}" if fault.hint else ""
    return d.field.join(["ERR", "", d.component.join(location), coded, "E", "", "", "", _escaped(fault.text + hint, d)])


def _escaped(text: str, d: Delimiters) -> str:
    # Our own texts name delimiters now and then ("|^~\&"); the sender must not split on them.
    names = {d.escape: "E", d.field: "F", d.component: "S", d.repetition: "R", d.subcomponent: "T"}
    return "".join(f"{d.escape}{names[c]}{d.escape}" if c and c in names else c for c in text)


def _codec(header: Header) -> str:
    name = header.character_set.upper()
    return "utf-8" if not name or "UTF" in name or "UNICODE" in name else "iso8859-1"


def _is_at_least(version: str, wanted: tuple[int, ...]) -> bool:
    numbers = tuple(int(part) for part in version.split("^")[0].split(".") if part.isdigit())
    return (numbers or (2, 5, 1)) >= wanted
