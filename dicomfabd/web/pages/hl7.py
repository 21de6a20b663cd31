"""HL7 as people read it: coloured, every value named, and what was read from where."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dicomfabd.store.interface import StoredMessage
from dicomfabd.web.desk import WebDesk


@dataclass(frozen=True, slots=True)
class Shown:
    """A message taken apart.

    Attributes:
        lines: Segments as parts; see `WebDesk.explain`.
        wrong: Locations that faults name, `PID^1^3`.
    """

    lines: list[list[dict[str, Any]]] = field(default_factory=list)
    wrong: frozenset[str] = frozenset()


def shown(desk: WebDesk, message: StoredMessage) -> Shown:
    """Give a kept message as it would be read now, at the time it came; nothing where it cannot be taken apart."""
    host = message.peer.rpartition(":")[0].strip("[]")
    explained = desk.explain(message.raw, host, datetime.fromtimestamp(message.received_at, UTC))
    wrong = frozenset("^".join(fault.location.split("^")[:3]) for fault in message.faults if fault.code)
    return Shown([line for one in explained for line in one["lines"]], wrong)
