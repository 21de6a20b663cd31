"""From the bytes of a message to what it asks and how it will be answered; the whole ACK decision but for the disk."""

import hashlib
import itertools
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dicomfabd.domain.errors import Fault, OrderRejected
from dicomfabd.domain.order import Recognise
from dicomfabd.intake.acks import Header, acknowledge, code_for, header_of
from dicomfabd.intake.er7 import parse
from dicomfabd.intake.orders import OrderRequest, read_orders

_HEADER_LINE = re.compile(rb"\s*MSH[^\r\n]*")
_MSH10 = re.compile(rb"MSH(.)[^\r\n]*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reading:
    """A message understood, or the reasons why not.

    Attributes:
        header: What the answer echoes.
        code: AA, AE or AR; empty for a message that must not be answered (an acknowledgment).
        requests: What to do; empty unless `code` is AA.
        faults: Why the code is not AA.
        warnings: What was mended.
        body_hash: Identifies a resend, together with sender and control ID.
    """

    header: Header
    code: str
    requests: tuple[OrderRequest, ...]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    body_hash: bytes


class Reader:
    """Reads messages and writes their answers; pure but for the clock and its own message numbers."""

    def __init__(self, recognise: Recognise, now: Callable[[], datetime] = lambda: datetime.now().astimezone()) -> None:
        """Take the chooser of modalities and the clock."""
        self._recognise = recognise
        self._now = now
        self._prefix = secrets.token_hex(4).upper()
        self._numbers = itertools.count(1)

    def read(self, raw: bytes) -> Reading:
        """Read one message; never raises for anything a sender can send."""
        try:
            message = parse(raw)
        except OrderRejected as rejected:
            header = _salvaged_header(raw)
            # Without a header nobody knows what the content would be: the message itself is rejected.
            code = code_for(rejected.faults) if header.control_id else "AR"
            return Reading(header, code, (), rejected.faults, (), b"")
        header = header_of(message)
        body_hash = _body_hash(raw)
        if header.message_code == "ACK":
            return Reading(header, "", (), (), (), body_hash)
        fault = _type_fault(header)
        if fault is not None:
            return _refused(header, (fault,), body_hash)
        try:
            requests, warnings = read_orders(message, self._recognise, self._now())
        except OrderRejected as rejected:
            return _refused(header, rejected.faults, body_hash)
        if not header.control_id:
            warnings.append(Fault(0, "MSH^1^10", "is empty; a resend cannot be told from a new message"))
        return Reading(header, "AA", tuple(requests), (), (*message.warnings, *warnings), body_hash)

    def answer(self, header: Header, code: str, faults: tuple[Fault, ...]) -> bytes:
        """Write the acknowledgment, without framing."""
        return acknowledge(header, code, faults, self._now(), f"{self._prefix}{next(self._numbers):08d}")

    def refuse_oversized(self, head: bytes, max_bytes: int) -> Reading:
        """Give the reading of a message that is longer than we take, from its first bytes."""
        fault = Fault(207, "MSH^1", f"longer than {max_bytes} bytes", "Send less, or raise intake.max_frame_bytes.")
        return _refused(_salvaged_header(head), (fault,), b"")


def _refused(header: Header, faults: tuple[Fault, ...], body_hash: bytes) -> Reading:
    return Reading(header, code_for(faults), (), faults, (), body_hash)


def _type_fault(header: Header) -> Fault | None:
    if not header.message_code:
        return Fault(101, "MSH^1^9", "the message type is empty", "Send ORM^O01 in MSH-9.")
    if header.message_code != "ORM":
        return Fault(200, "MSH^1^9^1^1", "not a message type taken here", "Send ORM^O01.")
    if header.trigger_event not in ("O01", ""):
        return Fault(201, "MSH^1^9^1^2", "not an event taken here", "Send ORM^O01.")
    return None


def _body_hash(raw: bytes) -> bytes:
    """Hash all but MSH, whose time stamp a resend may renew."""
    header = _HEADER_LINE.match(raw)
    return hashlib.sha256(raw[header.end() :] if header else raw).digest()


def _salvaged_header(raw: bytes) -> Header:
    """Cut what the answer needs out of a message that cannot be read."""
    match = _MSH10.search(raw[:4096])
    if match is None:
        return Header()
    text = match.group(0).decode("iso8859-1")
    fields = text.split(text[3])
    fields += [""] * (12 - len(fields))
    if text[3] != "|":
        return Header(control_id=fields[9])
    return Header(
        sending_application=fields[2],
        sending_facility=fields[3],
        receiving_application=fields[4],
        receiving_facility=fields[5],
        trigger_event=fields[8].split("^")[1] if "^" in fields[8] else "",
        control_id=fields[9],
        processing_id=fields[10] or "P",
        version=fields[11] or "2.5.1",
    )
