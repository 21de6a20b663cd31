"""Who sent a message, and what is done differently for them.

A sender is known by MSH-3, MSH-4 and its address. What its section leaves open is as its preset says, then as for
everybody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Literal, Self

from dicomfabd.config import Intake, SenderProfile, SenderSection
from dicomfabd.config.kinds import FIELD_PATH
from dicomfabd.domain.addresses import Addresses

REMEMBERED: Final = 4096  # answers kept of `Senders.match`; hospitals have tens of senders, attackers any number


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A place in a message, counted from 1 as HL7 does.

    Attributes:
        segment: Three characters, such as `OBR` or `ZDS`.
        field: 1-999.
        component: 1-99; the first one where none is named, because that is where identifiers and codes stand.
        subcomponent: 1-99, or 0 for the whole component.
    """

    segment: str
    field: int
    component: int = 1
    subcomponent: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `SEG-F`, `SEG-F.C` or `SEG-F.C.S`; raises ValueError for anything else."""
        match = FIELD_PATH.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a place in a message")
        segment, field, component, subcomponent = match.groups()
        return cls(segment, int(field), int(component or 1), int(subcomponent or 0))

    def __str__(self) -> str:
        subcomponent = f".{self.subcomponent}" if self.subcomponent else ""
        return f"{self.segment}-{self.field}.{self.component}{subcomponent}"


@dataclass(frozen=True, slots=True)
class Sender:
    """How messages of a sender are read and answered; every choice made.

    Attributes:
        name: Of its section, or `default`; from a closed set, so it may label a metric.
        is_known: False for a sender that no section matches.
        ack_mode: `original` answers AA, AE or AR; `enhanced` does as MSH-15 and MSH-16 ask (HL7 v2.5.1 §2.9.3).
        application_ack: Enhanced mode: send the application acknowledgment MSH-16 asks for too.
        on_transient: When nothing can be kept now, close without an answer or reject with AR 207.
        charset: Python's name for the character set of messages without MSH-18; empty is to be guessed.
        ack_deadline_s: An answer later than this is not sent, seconds.
        idle_timeout_s: A connection without a complete message is closed, seconds; 0 is never.
        strict: Refuse what would be mended with a warning.
        processing_ids: What MSH-11.1 may be, else AR 202; empty is anything.
        versions: What MSH-12.1 may be, else AR 203; empty is anything.
        ignore: Types answered AA and not acted on, `ORU^R01`, or `ORU` for every event; see `ignores`.
        scheduling: SIU S12-S15 and S26 become orders.
        visits_are_orders: An ADT A01 or A04 is also an order.
        batch: A batch gets each message answered, one batch of answers, or is refused with AR 200.
        patient_authority: PID-3.4 of the identifier that becomes the patient ID; empty is none in particular.
        fields: Attribute of the order → where it stands, best first, before the usual places.
        order_control: Its codes in ORC-1 → codes of HL7 table 0119.
        modalities: Its values in OBR-24 → DICOM modalities.
    """

    name: str
    is_known: bool
    ack_deadline_s: float
    idle_timeout_s: float
    ack_mode: Literal["original", "enhanced"] = "original"  # IHE: receivers shall; an AL/NE passed on means nothing
    application_ack: bool = False
    on_transient: Literal["close", "reject"] = "close"  # the one thing after which every engine sends again
    charset: str = ""
    strict: bool = False
    processing_ids: frozenset[str] = frozenset()
    versions: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    scheduling: bool = False
    visits_are_orders: bool = False
    batch: Literal["each", "one", "refuse"] = "each"  # one AA for many messages tells nobody which were taken
    patient_authority: str = ""
    fields: Mapping[str, tuple[FieldPath, ...]] = field(default_factory=lambda: MappingProxyType({}))
    order_control: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    modalities: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def ignores(self, message_code: str, trigger_event: str) -> bool:
        """Say whether a message of this type (MSH-9.1, MSH-9.2) is answered AA and not acted on."""
        return bool(self.ignore) and (message_code in self.ignore or f"{message_code}^{trigger_event}" in self.ignore)

    def allows_processing_id(self, processing_id: str) -> bool:
        """Say whether MSH-11.1 may be this."""
        return not self.processing_ids or processing_id in self.processing_ids

    def allows_version(self, version: str) -> bool:
        """Say whether MSH-12.1 may be this."""
        return not self.versions or version in self.versions


PRESETS: Final[Mapping[str, SenderProfile]] = MappingProxyType(
    {
        "": SenderProfile(),
        # Mirth and OIE wait 5 s for an answer, then queue the message and send it again; one second is for the way.
        # AE and AR are errors and never sent again, a close is, once the destination's queue is on.
        # A connection closed while idle is found out by losing the next message, or by taking silence for AA.
        "mirth": SenderProfile(ack_mode="original", on_transient="close", ack_deadline_s=4, idle_timeout_s=0),
        # Holds one connection for good; what follows a lack of reply is set per point, and is to send again.
        "rhapsody": SenderProfile(ack_mode="original", on_transient="close", idle_timeout_s=0),
        # Sends again without end when no reply comes in time; of AE and AR a script of the site decides.
        "cloverleaf": SenderProfile(ack_mode="original", on_transient="close", idle_timeout_s=0),
        # Its default `:?R=RF,:?E=S`: AR is tried again on the same connection for as long as the failure timeout says
        # (for ever), AE suspends the message and goes on. AR also names the reason, which a close cannot.
        # StayConnected is -1 there: the connection is to last.
        "intersystems": SenderProfile(ack_mode="original", on_transient="reject", idle_timeout_s=0),
        # What Bridges does with AE and AR is each site's choice, and both may stop its queue until a person looks.
        # Its orders leave OBR-18, OBR-24 and ORC-5 empty; the usual places and the words of OBR-4 serve.
        "epic": SenderProfile(ack_mode="original", on_transient="close", idle_timeout_s=0),
    }
)
"""What is known of engines; the handbook of HL7 intake has the evidence."""


def default_sender(intake: Intake) -> Sender:
    """Give the profile of everybody that no section matches."""
    return Sender("default", False, intake.ack_deadline_s, intake.idle_timeout_s)


DEFAULT: Final = default_sender(Intake())
"""The profile of everybody, with the settings at their defaults."""


class Senders:
    """Finds the sender of a message. Thread-safe."""

    def __init__(self, sections: Sequence[SenderSection], default: Sender = DEFAULT) -> None:
        """Take the sections, first match first, and the profile of who matches none."""
        self.default = default
        self._known = [(section, Addresses(section.addresses), _resolve(section, default)) for section in sections]
        self._applications = frozenset(section.sending_application for section in sections)
        self._facilities = frozenset(section.sending_facility for section in sections)
        self._needs_host = any(section.addresses for section in sections)
        self._remembered = lru_cache(REMEMBERED)(self._search)

    def match(self, sending_application: str, sending_facility: str, host: str) -> Sender:
        """Give the first sender that matches, or the default.

        Args:
            sending_application: MSH-3.1.
            sending_facility: MSH-4.1.
            host: Address of the peer, without port; a name or nothing is in no network.
        """
        # Only names a section uses are kept: what a stranger writes there may be as long as a message.
        return self._remembered(
            sending_application if sending_application in self._applications else "",
            sending_facility if sending_facility in self._facilities else "",
            host if self._needs_host else "",
        )

    def _search(self, application: str, facility: str, host: str) -> Sender:
        for section, addresses, sender in self._known:
            if (
                section.sending_application in ("", application)
                and section.sending_facility in ("", facility)
                and host in addresses
            ):
                return sender
        return self.default


def _resolve(section: SenderSection, default: Sender) -> Sender:
    chosen: dict[str, Any] = {}
    for profile in (PRESETS[section.preset], section):
        for key in SenderProfile.model_fields:
            value = getattr(profile, key)
            if value is not None:
                chosen[key] = {**chosen.get(key, {}), **_tables(key, value)} if isinstance(value, dict) else value
    for key in ("processing_ids", "versions", "ignore"):
        chosen[key] = frozenset(chosen.get(key, ()))
    for key in ("fields", "order_control", "modalities"):
        chosen[key] = MappingProxyType(chosen.get(key, {}))
    return replace(default, name=section.name, is_known=True, **chosen)


def _tables(key: str, table: dict[str, Any]) -> dict[str, Any]:
    if key != "fields":
        return table
    return {attribute: tuple(map(FieldPath.parse, places)) for attribute, places in table.items()}
