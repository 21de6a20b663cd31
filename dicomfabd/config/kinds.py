"""The kinds of value settings are made of: what is allowed, and what to say when it is something else."""

import ipaddress
import re
from collections.abc import Collection
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from dicomfabd.domain.addresses import is_loopback
from dicomfabd.domain.delivery import TRANSFER_SYNTAXES
from dicomfabd.domain.numbering import pattern_fault

FIELD_PATH: Final = re.compile(r"([A-Z][A-Z0-9]{2})-([1-9]\d{0,2})(?:\.([1-9]\d?)(?:\.([1-9]\d?))?)?")
"""A place in an HL7 message, `SEG-F`, `SEG-F.C` or `SEG-F.C.S`: segment, field, component, sub-component."""

ORDER_ATTRIBUTES: Final = (
    "accession",
    "placer_order_number",
    "filler_order_number",
    "study_instance_uid",
    "requested_procedure_id",
    "step_id",
    "modality",
    "station",
    "station_name",
    "location",
    "procedure",
    "scheduled_at",
    "priority",
    "referring_physician",
    "requesting_physician",
    "admission_id",
    "patient_id",
)
"""What a sender may keep somewhere else than the standard says."""

_CHARACTER_SETS: Final = frozenset(
    {
        *(f"ISO_IR {number}" for number in (6, 13, 100, 101, 109, 110, 126, 127, 138, 144, 148, 166, 192)),
        *(
            f"ISO 2022 IR {number}"
            for number in (6, 13, 58, 87, 100, 101, 109, 110, 126, 127, 138, 144, 148, 149, 159, 166)
        ),
        "GB18030",
        "GBK",
    }
)
"""Defined terms of SpecificCharacterSet (PS3.3 C.12.1.1.2)."""

_ORDER_CONTROL: Final = re.compile(
    "NW|SN|NA|XO|XX|XR|RP|RU|RO|CA|OC|CR|DC|OD|DR|HD|OH|HR|RL|OE|OR|SC|RE|PA|CH"
    "|OK|UA|UC|UD|UF|UH|UM|UN|UR|UX|RF|AF|LI|PR|DE|SS|SR|ST|MC|CN"  # these change nothing
)


class Hint:
    """Field metadata: what to say when the value is wrong."""

    def __init__(self, text: str, known: Collection[str] = ()) -> None:
        """Take one sentence on what is wrong and one on what to write; or the first, and what is known."""
        self.text = text
        self.known = list(known)


def _ae_title(value: str) -> str:
    if (
        not 1 <= len(value) <= 16
        or not value.isascii()
        or not value.isprintable()
        or "\\" in value
        or not value.strip()
    ):
        raise ValueError("not an AE title")
    return value


def _id_pattern(value: str) -> str:
    if pattern_fault(value):
        raise ValueError("not a pattern")
    return value


def _maybe_ae_title(value: str) -> str:
    return _ae_title(value) if value else value


def _web_url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise ValueError("not a base URL")
    return value.rstrip("/")


def _viewer_url(value: str) -> str:
    parts = urlsplit(value)
    is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and "{" not in parts.netloc
    rest = value.replace("{study_uid}", "", 1)
    if value and (not is_web or rest == value or set(rest) & set("{}<>\"'\\") or any(c.isspace() for c in value)):
        raise ValueError("not the address of a viewer")
    return value


def _issuer(value: str) -> str:
    parts = urlsplit(value)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    # What comes from there says who somebody is; on the way nobody may change it.
    if value and (not is_safe or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment):
        raise ValueError("not an issuer")
    return value


def _page_url(value: str) -> str:
    parts = urlsplit(value)
    is_address = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    if value and (not is_address or parts.path.strip("/") or parts.query or parts.fragment):
        raise ValueError("not the address of a page")
    return value.rstrip("/")


def _host(value: str) -> str:
    if not value or any(c.isspace() or c in "/@?#" for c in value):
        raise ValueError("not a host")
    return value


def _maybe_host(value: str) -> str:
    return _host(value) if value else value


def _store_url(value: str) -> str:
    if value and urlsplit(value).scheme != "sqlite":
        raise ValueError("not a store")
    return value


def _network(value: str) -> str:
    ipaddress.ip_network(value)
    return value


def _charset(value: str) -> str:
    sample = rb"MSH|^~\&"
    try:
        reads_ascii = sample.decode(value) == sample.decode("ascii")
    except (LookupError, UnicodeError) as error:
        raise ValueError("not a character set") from error
    # The delimiters are looked for in the text; EBCDIC or UTF-16 would have them elsewhere.
    if not reads_ascii:
        raise ValueError("not a superset of ASCII")
    return value


def _order_attribute(value: str) -> str:
    if value not in ORDER_ATTRIBUTES:
        raise ValueError("not an attribute")
    return value


def _order_control(value: str) -> str:
    if not _ORDER_CONTROL.fullmatch(value):
        raise ValueError("not an order control code")
    return value


def _character_set(value: str) -> str:
    if not _CHARACTER_SETS.issuperset(filter(None, value.split("\\"))):
        raise ValueError("not a character set")
    return value


def _transfer_syntax(value: str) -> str:
    if value not in TRANSFER_SYNTAXES:
        raise ValueError("not a transfer syntax")
    return value


def _field_path(value: str) -> str:
    if not FIELD_PATH.fullmatch(value):
        raise ValueError("not a place in a message")
    return value


Port = Annotated[int, Field(ge=0, le=65535), Hint("not a TCP port. Use 1-65535 (0 picks a free one).")]
PeerPort = Annotated[int, Field(ge=1, le=65535), Hint("not a TCP port. Use 1-65535.")]
MaybePeerPort = Annotated[int, Field(ge=0, le=65535), Hint("not a TCP port. Use 1-65535, or 0 for none.")]
Host = Annotated[str, AfterValidator(_host), Hint('not a host. Use a name or an address such as "127.0.0.1".')]
MaybeHost = Annotated[
    str, AfterValidator(_maybe_host), Hint('not a host. Use a name or an address such as "10.1.2.3", or "".')
]
Network = Annotated[
    str,
    AfterValidator(_network),
    Hint('not a network. Use an address such as "10.1.2.3", or CIDR without host bits such as "10.1.2.0/24".'),
]
AeTitle = Annotated[
    str, AfterValidator(_ae_title), Hint("not an AE title. Use 1 to 16 ASCII characters without backslash.")
]
IdPattern = Annotated[
    str,
    AfterValidator(_id_pattern),
    Hint("not a pattern of IDs. Write text with {6digits}, {4letters} or {4hex} in it, at most 64 characters."),
]
Locale = Annotated[str, Field(pattern="^[a-z]{2,3}_[A-Z]{2}$"), Hint("not a locale. Write one as en_US or de_DE.")]
MaybeAeTitle = Annotated[
    str, AfterValidator(_maybe_ae_title), Hint("not an AE title. Use up to 16 ASCII characters without backslash.")
]
WebUrl = Annotated[
    str,
    AfterValidator(_web_url),
    Hint('not a base of DICOMweb services. Use one such as "https://pacs.example/dicom-web".'),
]
ViewerUrl = Annotated[
    str,
    AfterValidator(_viewer_url),
    Hint(
        "not the address of a viewer. Use http or https with {study_uid} once, such as "
        '"https://ohif.example/viewer?StudyInstanceUIDs={study_uid}", or "".'
    ),
]
Issuer = Annotated[
    str,
    AfterValidator(_issuer),
    Hint('not an issuer. Use its address with https, such as "https://login.example/realms/lab".'),
]
PageUrl = Annotated[
    str,
    AfterValidator(_page_url),
    Hint('not the address of a page. Use scheme, host and port without a path, such as "https://fab.example".'),
]
HostName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$|^\[?[0-9A-Fa-f:]{2,39}\]?$"),
    Hint('not a name of a host. Use one without a port, such as "fab.example" or "10.1.2.3".'),
]
CharacterSet = Annotated[
    str,
    AfterValidator(_character_set),
    Hint('not a DICOM character set. Use a defined term such as "ISO_IR 100", "ISO_IR 192", or "".'),
]
Keyword = Annotated[
    str,
    Field(pattern=r"^[A-Z][A-Za-z0-9]{2,63}$"),
    Hint('not a DICOM keyword. Use one such as "PatientName" or "Modality".'),
]
When = Literal["at_once", "scheduled", "delayed", "by_hand"]
TimeFactor = Annotated[float, Field(ge=0.001, le=1e6), Hint("not a factor. Use 1, or more to hurry: 0.001 to 1000000.")]
Pattern = Annotated[
    str,
    Field(min_length=1, max_length=200),
    Hint("not a pattern. Use what is to be matched; * and ? stand for anything."),
]
ShortString = Annotated[
    str,
    Field(pattern=r"^[^\\\x00-\x1f\x7f-\x9f]{0,16}$"),
    Hint("not a short string. Use at most 16 characters without backslash."),
]
LongString = Annotated[
    str,
    Field(pattern=r"^[^\\\x00-\x1f\x7f-\x9f]{0,64}$"),
    Hint("not a long string. Use at most 64 characters without backslash."),
]
Associations = Annotated[int, Field(ge=1, le=64), Hint("not a number of associations. Use 1-64.")]
DicomPeers = Annotated[int, Field(ge=1, le=4096), Hint("not a number of associations. Use 1-4096.")]
Name = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$"),
    Hint("not a name. Use lower-case letters, digits, - and _, 1 to 32 characters."),
]
StoreUrl = Annotated[str, AfterValidator(_store_url), Hint('not a store. Use "sqlite:///path/to/file" or "".')]
Seconds = Annotated[float, Field(ge=0), Hint("not a time. Use seconds, 0 or more.")]
PositiveSeconds = Annotated[float, Field(gt=0), Hint("not a time. Use seconds, more than 0.")]
Patience = Annotated[
    float, Field(gt=0, le=86400), Hint("not a time to wait. Use seconds, more than 0 and at most 86400.")
]
Positive = Annotated[int, Field(ge=1), Hint("not a count. Use a whole number, 1 or more.")]
Count = Annotated[int, Field(ge=0), Hint("not a count. Use a whole number, 0 or more.")]
PduLength = Annotated[int, Field(ge=4096, le=1 << 20), Hint("not a PDU length. Use 4096 to 1048576 bytes.")]
Origin = Annotated[
    str,
    Field(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]{1,255}$"),
    Hint("not an origin. Use scheme, host and port without a path, such as https://ohif.example:3000."),
]
Workers = Annotated[
    Literal["auto"] | Annotated[int, Field(ge=1, le=64)],
    Hint('not a number of workers. Use 1-64, or "auto" for one per processor.'),
]
Processes = Annotated[
    Literal["auto"] | Annotated[int, Field(ge=0, le=16)],
    Hint('not a number of processes. Use 0-16, or "auto" for one per processor, at most 4.'),
]
Modality = Annotated[
    str, Field(pattern="^[A-Z]{2,16}$"), Hint('not a DICOM modality. Use capital letters such as "CT" or "DX".')
]
UidRoot = Annotated[
    str,
    Field(pattern=r"^[0-2](\.(0|[1-9][0-9]*))+$", max_length=40),
    Hint('not the root of a UID. Use digits and dots without leading zeros, at most 40 characters, such as "1.2.3.4".'),
]
TransferSyntax = Annotated[
    str,
    AfterValidator(_transfer_syntax),
    Hint("not a transfer syntax we can send.", tuple(TRANSFER_SYNTAXES)),
]
Charset = Annotated[
    str,
    AfterValidator(_charset),
    Hint('not a character set of messages. Use one Python knows and that holds ASCII, such as "cp1252".'),
]
MessageType = Annotated[
    str,
    Field(pattern=r"^[A-Z][A-Z0-9]{2}(\^[A-Z][A-Z0-9]{2})?$"),
    Hint('not a message type. Use "ORU^R01", or "ORU" for every event.'),
]
FieldPlace = Annotated[
    str, AfterValidator(_field_path), Hint('not a place in a message. Use "OBR-18", "OBR-18.1" or "OBR-34.1.2".')
]
OrderAttribute = Annotated[
    str, AfterValidator(_order_attribute), Hint("not an attribute of an order.", ORDER_ATTRIBUTES)
]
OrderControlCode = Annotated[
    str,
    AfterValidator(_order_control),
    Hint("not a code of HL7 table 0119 known here. Use one such as NW, XO, CA, SC or OK."),
]
