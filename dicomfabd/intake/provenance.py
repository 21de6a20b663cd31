"""Which field an order's values came from, found by reading again without the field, and with another value in it.

The reader has many ways round: other fields that stand in, a sender's own settings, defaults. Only reading the message
once more says what a field gave.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any, Final

from dicomfabd.domain.errors import OrderRejected
from dicomfabd.intake.er7 import Message, parse
from dicomfabd.intake.orders import OrderRequest
from dicomfabd.intake.reading import Reader

LONGEST_MESSAGE: Final = 64 * 1024
MOST_FIELDS: Final = 400
_CHARSET_FIELD: Final = 18
_UTF_8: Final = "UNICODE UTF-8"
# What follows from other values says nothing of where those stood.
_DERIVED: Final = frozenset({"study_uid_origin", "sender", "sent_at"})

Values = dict[str, Any]


def sources(reader: Reader, raw: bytes, host: str = "") -> Mapping[str, list[str]]:
    """Give for each field of a message what of its orders and patients comes from it.

    Args:
        reader: Reads as the daemon does, at a time that stands still.
        raw: One message.
        host: Address it came from, for its sender's settings.

    Returns:
        Location of a field as an acknowledgment names it (`PID^1^5`) → names of attributes. Nothing for a message that
        asks nothing, or has more than 64 KiB or 400 fields.
    """
    if len(raw) > LONGEST_MESSAGE:
        return {}
    try:
        message = parse(raw)
    except OrderRejected:
        return {}
    places = [place for place in _places(message) if place != (0, _CHARSET_FIELD)]
    if len(places) > MOST_FIELDS:
        return {}
    whole = _read(reader, message, host)
    if not whole:
        return {}
    found: dict[str, list[str]] = {}
    for index, position in places:
        segment = message.segments[index]
        names = _differing(reader, message, host, whole, index, position)
        if names:
            found[segment.where(position)] = names
    return found


def _differing(
    reader: Reader, message: Message, host: str, whole: list[Values], index: int, position: int
) -> list[str]:
    fields = message.segments[index].fields
    kept = fields[position]
    names: set[str] = set()
    try:
        # Without it another field may say the same; altered, a time may read as it did. Together they miss nothing.
        for stand_in in ("", _altered(kept, message.delimiters.component)):
            fields[position] = stand_in
            read = _read(reader, message, host)
            if len(read) == len(whole):
                names |= {name for one, other in zip(whole, read, strict=True) for name in _unlike(one, other)}
    finally:
        fields[position] = kept
    return sorted(names)


def _unlike(one: Values, other: Values) -> Iterator[str]:
    is_sent = one.get("study_uid_origin") == "sent"
    for name in one.keys() | other.keys():
        if name in _DERIVED or (name == "study_instance_uid" and not is_sent):
            continue
        if one.get(name) != other.get(name):
            yield name


def _altered(value: str, component: str) -> str:
    """Give a field that says something else of the same kind: a number or time one greater in its last digit."""
    return component.join(_other(part) if part else "" for part in value.split(component))


def _other(part: str) -> str:
    return f"{part[:-1]}{(int(part[-1]) + 1) % 10}" if part.isascii() and part.isdigit() else f"{part}9"


def _places(message: Message) -> Iterator[tuple[int, int]]:
    for index, segment in enumerate(message.segments):
        first = 3 if segment.name == "MSH" else 1
        yield from ((index, at) for at in range(first, len(segment.fields)) if segment.fields[at])


def _read(reader: Reader, message: Message, host: str) -> list[Values]:
    (reading,) = reader.read(_written(message), host)
    return [_values(request) for request in reading.requests]


def _written(message: Message) -> bytes:
    """Give the message as bytes in UTF-8, saying so."""
    separator = message.delimiters.field
    lines = []
    for segment in message.segments:
        fields = segment.fields
        if segment.name == "MSH":
            fields = ["MSH", *fields[2:]]
            fields += [""] * (_CHARSET_FIELD - len(fields))
            fields[_CHARSET_FIELD - 1] = _UTF_8
        lines.append(separator.join(fields))
    return "\r".join([*lines, ""]).encode()


def _values(request: object) -> Values:
    """Give everything a request holds by the names of its attributes; a step's are its own."""
    found: Values = {}
    source = request.order if isinstance(request, OrderRequest) and request.order is not None else request
    assert is_dataclass(source) and not isinstance(source, type)  # noqa: S101 - requests and orders are dataclasses
    _flatten(asdict(source), found)
    if isinstance(request, OrderRequest):
        found["control"] = request.control
        _flatten(asdict(request.keys), found)
    return found


def _flatten(values: Mapping[str, Any], found: Values) -> None:
    for name, value in values.items():
        if isinstance(value, dict) and name in ("patient", "visit"):
            _flatten(value, found)
        elif name == "steps":
            for number, step in enumerate(value):
                for key, part in step.items():
                    found[key if number == 0 else f"{key}_{number + 1}"] = part
        else:
            found.setdefault(name, value)
