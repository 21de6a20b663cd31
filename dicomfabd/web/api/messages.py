"""Kept messages as JSON, and what their bytes are."""

import codecs
import contextlib
from dataclasses import asdict
from typing import Any, Final

from pydantic_core import from_json

from dicomfabd.store.interface import Applied, AuditEntry, Replayed, StoredMessage
from dicomfabd.web.api.order_door import is_json
from dicomfabd.web.api.orders import moment
from dicomfabd.web.api.words import action_in_words, fault_in_words, sentence

MOST_REPLAYS: Final = 100  # of one message, shown with it
_HEAD_BYTES: Final = 4096
# MSH-18 (HL7 table 0211) → the name in a media type (IANA).
_CHARSETS: Final = {
    "ASCII": "us-ascii",
    "8859/1": "iso-8859-1",
    "8859/2": "iso-8859-2",
    "8859/3": "iso-8859-3",
    "8859/4": "iso-8859-4",
    "8859/5": "iso-8859-5",
    "8859/6": "iso-8859-6",
    "8859/7": "iso-8859-7",
    "8859/8": "iso-8859-8",
    "8859/9": "iso-8859-9",
    "8859/15": "iso-8859-15",
    "ISO IR14": "shift_jis",
    "ISO IR87": "iso-2022-jp",
    "ISO IR159": "iso-2022-jp-2",
    "GB 18030-2000": "gb18030",
    "BIG-5": "big5",
    "KS X 1001": "euc-kr",
    "CP1250": "windows-1250",
    "CP1251": "windows-1251",
    "CP1252": "windows-1252",
}


def summary(message: StoredMessage) -> dict[str, Any]:
    """Give what a list shows of a message."""
    return {
        "message_id": message.message_id,
        "received_at": moment(message.received_at),
        "source": message.source,
        "peer": message.peer,
        "message_type": message.message_type,
        "control_id": message.control_id,
        "sending_application": message.sending_application,
        "sending_facility": message.sending_facility,
        "code": message.code,
        "is_quarantined": message.is_quarantined,
        "replay_of": message.replay_of,
        "did": [_done(*done) for done in message.did],
        "faults": [sentence(fault) for fault in message.faults],
    }


def detail(message: StoredMessage, replays: list[StoredMessage]) -> dict[str, Any]:
    """Give everything we know of a message but its bytes."""
    here = f"/api/v1/messages/{message.message_id}"
    return summary(message) | {
        "faults": [fault_in_words(fault) for fault in message.faults],
        "bytes": len(message.raw),
        "charset": charset_of(message.raw),
        "raw": f"{here}/raw",
        "answer": f"{here}/answer" if message.answer else None,
        "replays": [
            {
                "message_id": replay.message_id,
                "received_at": moment(replay.received_at),
                "code": replay.code,
                "message": f"/api/v1/messages/{replay.message_id}",
            }
            for replay in replays
        ],
    }


def replayed(message_id: int | None, outcome: Replayed) -> dict[str, Any]:
    """Give what came of a message taken by hand; `message_id` is of the one it is a copy of."""
    return {
        "message_id": outcome.message_id,
        "replay_of": message_id,
        "code": outcome.code,
        "answer": text_of(outcome.answer),
        "faults": [fault_in_words(fault) for fault in outcome.faults],
        "did": [_applied(done) for done in outcome.applied],
    }


def audited(entry: AuditEntry) -> dict[str, Any]:
    """Give an entry of the audit trail."""
    return asdict(entry) | {"at": moment(entry.at), "detail": dict(entry.detail)}


def media_type(message: StoredMessage, content: bytes) -> str:
    """Give the honest media type of a message or its answer; no charset where nobody can know it."""
    if is_json(message):
        return "application/json" if _is_json_text(content) else "application/octet-stream"
    charset = charset_of(content)
    return f"text/plain; charset={charset}" if charset else "text/plain"


def charset_of(content: bytes) -> str:
    """Give the IANA name of the charset bytes are in: the declared one if it fits, or what can be seen; or nothing."""
    if content.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)):
        return "utf-16"
    if content.isascii() and b"\x1b" not in content:
        return "us-ascii"
    declared = [name for text in _declared(content) if (name := _CHARSETS.get(text))]
    # Of several repetitions the last one is what ISO 2022 switches to, and holds the first.
    names = [*reversed(declared), "utf-8"]
    return next((name for name in names if _fits(content, name)), "")


def text_of(content: bytes) -> str:
    """Give bytes as text for people, whatever they are; a byte that fits nothing shows as U+FFFD."""
    return content.decode(charset_of(content) or "utf-8", "replace")


def in_its_charset(copy: bytes) -> bytes:
    """Give an edited copy, which came as UTF-8, in the character set it declares itself, where that can hold it."""
    text = copy.decode("utf-8", "replace")
    declared = [name for value in _declared(copy) if (name := _CHARSETS.get(value))]
    for name in reversed(declared):
        with contextlib.suppress(UnicodeError):
            return text.encode(name)
    return copy


def _declared(content: bytes) -> list[str]:
    """Give the repetitions of MSH-18 in capitals."""
    start = content.find(b"MSH", 0, _HEAD_BYTES)
    head = content[start:][:_HEAD_BYTES].replace(b"\n", b"\r").split(b"\r", 1)[0]
    if start < 0 or len(head) < 6:
        return []
    fields = head.split(head[3:4])
    repetition = head[5:6]
    value = fields[17] if len(fields) > 17 else b""
    return [part.decode("ascii", "replace").strip().upper() for part in value.split(repetition)]


def _fits(content: bytes, charset: str) -> bool:
    try:
        content.decode(charset)
    except UnicodeError:
        return False
    return True


def _is_json_text(content: bytes) -> bool:
    try:
        from_json(content, allow_inf_nan=False)
    except ValueError:
        return False
    return True


def _done(action: str, subject: str, order_id: int | None) -> dict[str, Any]:
    return {
        "action": action,
        "subject": subject,
        "order_id": order_id,
        "order": f"/api/v1/orders/{order_id}" if order_id is not None else None,
        "text": action_in_words(action, subject),
    }


def _applied(done: Applied) -> dict[str, Any]:
    return _done(done.action.value, done.subject, done.order_id) | {"accession_number": done.accession_number}
