"""What a person types into a list, beside what an order says: folded words, and the trigrams they are looked up by."""

import re
from collections.abc import Mapping
from typing import Any, Final

from dicomfabd.dimse.matching import fold
from dicomfabd.store.interface import OrderQuery, StoredOrder

MOST_WORDS: Final = 8
_LONGEST_WORD: Final = 64
_MOST_TRIGRAMS: Final = 12
_SHORTEST_NUMBER: Final = 4
# What parts the components of HL7 and DICOM values, and whatever cannot be typed.
_GAP: Final = re.compile(r"[\x00-\x20\x7f\^=|&\\\ufffd]+")
_UID: Final = re.compile(r"(?=.{11,64}$)\d+(\.\d+){2,}")


def words_of(text: str) -> tuple[str, ...]:
    """Give the words somebody typed, folded, once each; at most MOST_WORDS."""
    return tuple(dict.fromkeys(word[:_LONGEST_WORD] for word in _fold(text)))[:MOST_WORDS]


def uid_of(text: str) -> str:
    """Give the study instance UID that was typed, or an empty string."""
    return text.strip() if _UID.fullmatch(text.strip()) else ""


def number_of(text: str) -> str:
    """Give a word that may be a whole accession number, order number or patient ID, or an empty string."""
    word = text.strip()
    is_number = len(word) >= _SHORTEST_NUMBER and any(it.isdigit() for it in word) and not _GAP.search(word)
    return word if is_number else ""


def searchable(document: Mapping[str, Any]) -> str:
    """Give the words an order is found by, from its document, each after two blanks."""
    patient, procedure = document["patient"], document["procedure"]
    return _joined(
        document["accession_number"],
        patient["patient_id"],
        patient["patient_name"],
        procedure["meaning"],
        procedure["value"],
        document["placer_order_number"],
        document["filler_order_number"],
    )


def patterns_of(words: tuple[str, ...]) -> list[str]:
    """Give what must be in an order's words: a word, or how one begins where less than three letters are typed."""
    return [" " * (3 - len(word)) + word for word in words]


def match_of(patterns: list[str]) -> str:
    """Give the FTS5 expression that finds every order whose words hold these patterns, and some others.

    Whatever was typed stands between quotation marks, three characters at a time; there is no syntax in it.
    """
    trigrams = dict.fromkeys(trigram for pattern in patterns for trigram in _trigrams(pattern))
    return " AND ".join('"' + trigram.replace('"', '""') + '"' for trigram in trigrams)


def sender_of(sender: str) -> str:
    """Give the sending application of `Order.sender`."""
    return sender.partition("|")[0]


def day_of(scheduled_at: str) -> int:
    """Give YYYYMMDD of an ISO 8601 time."""
    return int(scheduled_at[:10].replace("-", ""))


def fits(query: OrderQuery, stored: StoredOrder) -> bool:
    """Tell whether an order is one that was asked for."""
    order = stored.order
    day = order.scheduled_at.date()
    wanted = (
        (query.accession_number, order.accession_number),
        (query.patient_id, order.patient.patient_id),
        (query.study_instance_uid, order.study_instance_uid),
        (query.modality, order.modality),
        (query.sending_application, sender_of(order.sender)),
        (uid_of(query.text), order.study_instance_uid),
    )
    return (
        all(value in ("", is_so) for value, is_so in wanted)
        and (not query.states or stored.state in query.states)
        and (query.created_from is None or stored.created_at >= query.created_from)
        and (query.created_before is None or stored.created_at < query.created_before)
        and (query.scheduled_from is None or day >= query.scheduled_from)
        and (query.scheduled_to is None or day <= query.scheduled_to)
        and (query.before_id is None or stored.order_id < query.before_id)
        and _says(query.text, stored)
    )


def _says(text: str, stored: StoredOrder) -> bool:
    if not text or uid_of(text):
        return True
    order = stored.order
    words = _joined(
        order.accession_number,
        order.patient.patient_id,
        order.patient.patient_name,
        order.procedure.meaning,
        order.procedure.value,
        order.placer_order_number,
        order.filler_order_number,
    )
    return all(pattern in words for pattern in patterns_of(words_of(text)))


def _joined(*values: str) -> str:
    words = dict.fromkeys(_fold(" ".join(values)))
    return "".join([f"  {word}" for word in words])


def _fold(text: str) -> list[str]:
    # Half a surrogate pair, which a command line may hold, is no text to a database.
    whole = text if text.isascii() else text.encode("utf-8", "replace").decode()
    return _GAP.sub(" ", fold(whole)).split()


def _trigrams(pattern: str) -> list[str]:
    found = [pattern[start : start + 3] for start in range(len(pattern) - 2)]
    # Each costs a look-up; a long word is known by some of its letters, and compared whole in any case.
    return found if len(found) <= _MOST_TRIGRAMS else [*found[::3], found[-1]]
