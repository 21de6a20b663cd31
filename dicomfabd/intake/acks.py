"""The general acknowledgment, in the form the sender's version expects.

Standard: HL7 v2.5.1 §2.9.2 (original mode), §2.15.5 (ERR), table 0008 and 0357. Texts never repeat a value of the
message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from dicomfabd.domain.errors import CONDITIONS, Fault
from dicomfabd.intake.er7 import Message, header_fields
from dicomfabd.intake.values import STANDARD, Delimiters

_LONGEST_VERSION = 16
_MOST_ERRORS = 50
_FRAMING = b"\x0b\x1c"
_AE_ALTHOUGH_2XX = frozenset({204, 205})  # sending the same message again can never help


@dataclass(slots=True)
class Header:
    """What an acknowledgment needs of the message it answers; everything may be empty."""

    delimiters: Delimiters = STANDARD
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
    accept_acknowledgment: str = ""
    application_acknowledgment: str = ""

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
        accept_acknowledgment=msh.raw(15),
        application_acknowledgment=msh.raw(16),
    )


def salvage_header(raw: bytes) -> Header:
    """Cut what the answer needs out of a message that cannot be read."""
    found, _ = header_fields(raw)
    if not found:
        return Header()
    fields = [field.decode("iso8859-1") for field in found]
    fields += [""] * (13 - len(fields))
    if fields[1] != "|" or any(not field.isprintable() for field in fields[:13]):
        # The answer is written with the usual delimiters; an ID that holds one could not be found in it.
        is_usable = fields[10].isprintable() and not set(fields[10]) & set("|^~\\&")
        return Header(control_id=fields[10] if is_usable else "")
    code, _, rest = fields[9].partition("^")
    return Header(
        sending_application=fields[3],
        sending_facility=fields[4],
        receiving_application=fields[5],
        receiving_facility=fields[6],
        message_code=code,
        trigger_event=rest.split("^")[0],
        control_id=fields[10],
        processing_id=fields[11] or "P",
        version=fields[12] or "2.5.1",
    )


def code_for(faults: Sequence[Fault]) -> str:
    """Choose AE (an error in the content) or AR (the message itself) for faults; 1xx is content."""
    is_rejected = any(fault.code >= 200 and fault.code not in _AE_ALTHOUGH_2XX for fault in faults)
    return "AR" if is_rejected else "AE"


def acknowledge(header: Header, code: str, faults: Sequence[Fault], now: datetime, own_id: str) -> bytes:
    """Build an acknowledgment, without framing.

    Args:
        header: Of the message answered.
        code: AA, AE or AR; in enhanced mode also CA, CE or CR.
        faults: Why not AA, all of them.
        now: Time of the answer.
        own_id: Our message control ID, at most 20 characters.
    """
    d = header.delimiters
    stamp = now.strftime("%Y%m%d%H%M%S%z")
    kind = _kind(header)
    separator = d.field
    msh = (
        f"MSH{separator}{d.component}{d.repetition}{d.escape}{d.subcomponent}{separator}{header.receiving_application}"
        f"{separator}{header.receiving_facility}{separator}{header.sending_application}{separator}"
        f"{header.sending_facility}{separator}{stamp}{separator * 2}{kind}{separator}{own_id}{separator}"
        f"{header.processing_id}{separator}{header.version}"
    )
    if header.character_set:
        msh += f"{separator * 6}{header.character_set}"
    text = faults[0].text[:80] if faults else ""
    segments = [msh, d.field.join(["MSA", code, header.control_id, text]).rstrip(d.field)]
    segments += [_err(header, fault) for fault in faults[:_MOST_ERRORS]]
    answer = ("\r".join(segments) + "\r").encode(_codec(header), "replace")
    # What is echoed of the message must not end the frame.
    return answer.translate(None, _FRAMING)


def _kind(header: Header) -> str:
    if not header.trigger_event or not _is_at_least(header.version, (2, 3, 1)):
        return "ACK"
    separator = header.delimiters.component
    structure = f"{separator}ACK" if _is_at_least(header.version, (2, 4)) else ""
    return f"ACK{separator}{header.trigger_event}{structure}"


def _err(header: Header, fault: Fault) -> str:
    d = header.delimiters
    condition = CONDITIONS.get(fault.code, "")
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
    return _numbers(version[:_LONGEST_VERSION]) >= wanted


@lru_cache(maxsize=256)
def _numbers(version: str) -> tuple[int, ...]:
    """Give the numbers of MSH-12, which may hold anything; nothing usable is taken for 2.5.1."""
    parts = version.split("^")[0].split(".")
    return tuple(int(part) for part in parts if part.isascii() and part.isdigit()) or (2, 5, 1)
