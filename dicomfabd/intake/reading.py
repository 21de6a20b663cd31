"""From the bytes of a frame to what its messages ask and how each is answered: the whole decision but for the disk."""

import hashlib
import itertools
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dicomfabd.config import Intake
from dicomfabd.domain.draft import Choices
from dicomfabd.domain.errors import Fault, OrderRejected, Unservable
from dicomfabd.intake import adt, batches, scheduling
from dicomfabd.intake.acks import Header, acknowledge, code_for, header_of, salvage_header
from dicomfabd.intake.er7 import Message, declared_charset, header_fields, parse
from dicomfabd.intake.orders import Asks, OrderRequest, read_orders
from dicomfabd.intake.senders import Sender, Senders, default_sender
from dicomfabd.store.interface import PatientChange

ORDER_EVENTS: Final = {"ORM": frozenset({"O01", ""}), "OMI": frozenset({"O23", ""}), "OMG": frozenset({"O19", ""})}
_EVENTS: Final = {**ORDER_EVENTS, "ADT": adt.EVENTS}
_VERSION: Final = re.compile(r"2\.(?:[12]|3(?:\.1)?|4|5(?:\.1)?|6|7(?:\.1)?|8(?:\.[12])?|9(?:\.1)?)")
_TAKEN: Final = "ORM^O01, OMI^O23, OMG^O19, ADT and SIU"


@dataclass(slots=True)
class Reading:
    """A message understood, or the reasons why not.

    Attributes:
        raw: The message, without framing or batch wrapping.
        header: What the answer echoes.
        sender: How its sender is treated.
        code: AA, AE or AR; empty for a message that must not be answered (an acknowledgment).
        requests: What to do; empty unless `code` is AA.
        faults: Why the code is not AA.
        warnings: What was mended.
        note: Why nothing is to be done, for a message that is taken without effect.
        body_hash: Identifies a resend, together with sender and control ID.
        is_quarantined: People should look at it: it could not be read, or its order not be served.
    """

    raw: bytes
    header: Header
    sender: Sender
    code: str
    requests: tuple[OrderRequest | PatientChange, ...] = ()
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    note: str = ""
    body_hash: bytes = b""
    is_quarantined: bool = False


@dataclass(slots=True)
class _Content:
    """What a message asks, whatever its type."""

    requests: list[OrderRequest | PatientChange] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    note: str = ""


class Reader:
    """Reads messages and writes their answers; pure but for the clock and its own message numbers."""

    def __init__(
        self,
        choices: Choices,
        settings: Intake | None = None,
        senders: Senders | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        """Take the chooser of modalities, whom we answer and how, and the clock."""
        self._choices = choices
        self._settings = settings or Intake()
        self._senders = senders or Senders((), default_sender(self._settings))
        self._now = now
        self._prefix = secrets.token_hex(4).upper()
        self._numbers = itertools.count(1)

    def read(self, raw: bytes, host: str = "") -> list[Reading]:
        """Read a frame; never raises for anything a sender can send.

        Args:
            raw: The frame's content: one message, or a batch.
            host: Address of the sender, for its settings.

        Returns:
            One reading for each message; at least one.
        """
        if batches.is_batch(raw) and (messages := batches.split(raw)):
            return [self._read(message, host, is_batched=True) for message in messages]
        return [self._read(raw, host)]

    def answer(self, header: Header, code: str, faults: tuple[Fault, ...] = ()) -> bytes:
        """Write an acknowledgment, without framing."""
        return acknowledge(header, code, faults, self._now(), f"{self._prefix}{next(self._numbers):08d}")

    def answer_batch(self, answers: list[bytes]) -> bytes:
        """Write one batch that holds all answers, for a sender that wants it so."""
        return batches.join(answers, f"{self._now():%Y%m%d%H%M%S%z}")

    def refuse_oversized(self, head: bytes, host: str) -> Reading:
        """Give the reading of a message that is longer than we take, from its first bytes."""
        limit = self._settings.max_frame_bytes
        fault = Fault(207, "MSH^1", f"longer than {limit} bytes", "Send less, or raise intake.max_frame_bytes.")
        return self._refused(head, salvage_header(head), self._sender(head, host), (fault,), is_readable=False)

    def refuse_broken(self, raw: bytes, host: str) -> Reading:
        """Give the reading of a message that a bug of ours kept from being read."""
        fault = Fault(207, "MSH^1", "could not be read for a fault of ours; it is kept", "Tell who runs the receiver.")
        return self._refused(raw, salvage_header(raw), self._sender(raw, host), (fault,), is_readable=False)

    def refuse_for_now(self, reading: Reading, reason: str) -> Reading:
        """Give the reading of a message we cannot keep at the moment (AR 207), for senders that try those again."""
        fault = Fault(207, "MSH^1", reason, "Send it again later.")
        return self._refused(reading.raw, reading.header, reading.sender, (fault,))

    def _sender(self, raw: bytes, host: str) -> Sender:
        fields, _ = header_fields(raw)
        return self._match(fields, host)

    def _match(self, fields: list[bytes], host: str) -> Sender:
        if len(fields) < 5:
            return self._senders.match("", "", host)
        separator = fields[2][:1] or b"^"
        application, facility = (part.split(separator, 1)[0].decode("utf-8", "replace") for part in fields[3:5])
        return self._senders.match(application, facility, host)

    def _read(self, raw: bytes, host: str, is_batched: bool = False) -> Reading:
        fields, header_end = header_fields(raw)
        sender = self._match(fields, host)
        try:
            message = parse(raw, sender.charset, declared_charset(fields))
        except OrderRejected as rejected:
            return self._refused(raw, salvage_header(raw), sender, rejected.faults, is_readable=False)
        header = header_of(message)
        # All but MSH, whose time stamp a resend may renew.
        body_hash = hashlib.sha256(raw[header_end:]).digest()
        if header.message_code in ("ACK", "MCF"):
            return Reading(raw, header, sender, "", body_hash=body_hash)
        faults = self._header_faults(header, sender, is_batched)
        if faults:
            return self._refused(raw, header, sender, tuple(faults), body_hash)
        try:
            content = self._content(message, header, sender)
        except OrderRejected as rejected:
            is_unservable = isinstance(rejected, Unservable)
            return self._refused(raw, header, sender, rejected.faults, body_hash, is_unservable=is_unservable)
        if not header.control_id:
            content.warnings.append(Fault(0, "MSH^1^10", "is empty; a resend cannot be told from a new message"))
        warnings = tuple(dict.fromkeys(message.warnings + content.warnings))
        return Reading(raw, header, sender, "AA", tuple(content.requests), (), warnings, content.note, body_hash)

    def _refused(
        self,
        raw: bytes,
        header: Header,
        sender: Sender,
        faults: tuple[Fault, ...],
        body_hash: bytes = b"",
        is_readable: bool = True,
        is_unservable: bool = False,
    ) -> Reading:
        # Without a header nobody knows what the content would be: the message itself is rejected.
        code = code_for(faults) if header.control_id or is_readable else "AR"
        is_quarantined = is_unservable or not is_readable
        return Reading(raw, header, sender, code, faults=faults, body_hash=body_hash, is_quarantined=is_quarantined)

    def _header_faults(self, header: Header, sender: Sender, is_batched: bool) -> list[Fault]:
        faults = []
        if is_batched and sender.batch == "refuse":
            faults.append(Fault(200, "MSH^1^9^1^1", "batches are not taken", "Send one message in a frame."))
        if self._settings.only_known_senders and not sender.is_known:
            faults.append(Fault(103, "MSH^1^3", "not a sender that is known here", "Add it to [[senders]]."))
        allowed = self._settings.receiving_applications
        if allowed and header.receiving_application not in allowed:
            faults.append(Fault(103, "MSH^1^5", "not a name we answer to", "Send to a configured receiver."))
        if not sender.allows_processing_id(header.processing_id[:1]):
            faults.append(Fault(202, "MSH^1^11", "not a processing ID taken here", "Send T, or allow it."))
        if not sender.allows_version(header.version.split("^")[0]):
            faults.append(Fault(203, "MSH^1^12", "not a version taken here", "Send a version that is allowed."))
        return faults + (_strict_faults(header) if sender.strict else [])

    def _content(self, message: Message, header: Header, sender: Sender) -> _Content:
        kind, event = header.message_code, header.trigger_event
        if not kind:
            raise OrderRejected(Fault(101, "MSH^1^9", "the message type is empty", f"Send {_TAKEN} in MSH-9."))
        if kind not in ORDER_EVENTS and sender.ignores(kind, event):
            return _Content(note="this sender's messages of this type are taken and not acted on")
        if kind in _EVENTS and event not in _EVENTS[kind]:
            raise OrderRejected(Fault(201, "MSH^1^9^1^2", "not an event taken here", f"Send {_TAKEN}."))
        if kind in ORDER_EVENTS:
            return self._orders(read_orders(message, sender, self._choices, self._now()))
        if kind == "ADT":
            return self._patients(message, event, sender)
        if kind == "SIU":
            if sender.scheduling and event in scheduling.CONTROLS:
                asks = scheduling.read_appointment(message, event, sender, self._choices, self._now())
                return self._orders(asks)
            return _Content(note="appointments are taken and not acted on")
        raise OrderRejected(Fault(200, "MSH^1^9^1^1", "not a message type taken here", f"Send {_TAKEN}."))

    def _orders(self, asks: Asks) -> _Content:
        note = "" if asks.requests else (asks.warnings[0].text if asks.warnings else "nothing is asked")
        return _Content([*asks.requests], asks.warnings, note)

    def _patients(self, message: Message, event: str, sender: Sender) -> _Content:
        changes, warnings = adt.read_patient_changes(message, event, sender.patient_authority)
        content = _Content([*changes], warnings, "" if changes else f"ADT^{event[:3]} changes no patient here")
        if sender.visits_are_orders and event in ("A01", "A04"):
            asks = adt.read_visit_order(message, sender, self._choices, self._now())
            content.requests += asks.requests
            content.warnings += asks.warnings
        return content


def _strict_faults(header: Header) -> list[Fault]:
    faults = []
    if not header.control_id:
        faults.append(Fault(101, "MSH^1^10", "the message has no control ID", "Fill MSH-10."))
    if header.processing_id[:1] not in ("P", "T", "D"):
        faults.append(Fault(202, "MSH^1^11", "not a processing ID of HL7 table 0103", "Send P, T or D."))
    if _VERSION.fullmatch(header.version.split("^")[0]) is None:
        faults.append(Fault(203, "MSH^1^12", "not a version of HL7", "Send 2.1 to 2.9.1."))
    return faults
