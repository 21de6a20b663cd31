"""ORC-1 and ORC-5 → what a message asks of an order: HL7 tables 0119 and 0038, and what senders make of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from dicomfabd.domain.order import OrderControl

NEW: Final = frozenset({"NW", "SN", "PA", "CH", "RO"})
CHANGES: Final = frozenset({"", "XO", "XX", "XR"})
REPLACED: Final = frozenset({"RP", "RU"})
STATUS: Final = "SC"
RESULTS: Final = "RE"
NO_OPERATION: Final = frozenset(
    "OK UA UC UD UF UH UM UN UR UX RF AF LI PR DE SS SR ST MC CN".split()  # noqa: SIM905 - a list of twenty lines reads worse
)
_PLAIN: Final = {
    **dict.fromkeys(("CA", "OC", "CR", *REPLACED), OrderControl.CANCEL),
    **dict.fromkeys(("DC", "OD", "DR"), OrderControl.DISCONTINUE),
    **dict.fromkeys(("HD", "OH", "HR"), OrderControl.HOLD),
    **dict.fromkeys(("RL", "OE", "OR"), OrderControl.RELEASE),
    "NA": OrderControl.ATTACH,
}
_STATUSES: Final = frozenset({"A", "CA", "CM", "DC", "ER", "HD", "IP", "RP", "SC"})
_ENDS: Final = {"CA": OrderControl.CANCEL, "DC": OrderControl.DISCONTINUE}
_BY_STATUS: Final[Mapping[str, OrderControl | None]] = {
    **_ENDS,
    "": OrderControl.CHANGE,
    "SC": OrderControl.CHANGE,
    "IP": OrderControl.START,
    "A": OrderControl.COMPLETE,
    "CM": OrderControl.COMPLETE,
    "HD": OrderControl.HOLD,
    "RP": OrderControl.CANCEL,
    "ER": None,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What ORC-1 and ORC-5 ask.

    Attributes:
        control: None when there is nothing to do.
        note: Why there is nothing to do; or what had to be guessed.
        is_known: False for a code that is not of table 0119.
    """

    control: OrderControl | None
    note: str = ""
    is_known: bool = True


@lru_cache(maxsize=1024)
def read_control(control: str, status: str) -> Asked:
    """Read ORC-1 and ORC-5, already in upper case and mapped by the sender's own table."""
    if control in _PLAIN:
        return Asked(_PLAIN[control])
    if control in NO_OPERATION:
        return Asked(None, f"ORC-1 {control} asks for nothing a worklist could do")
    if control == RESULTS:
        is_done = status in ("CM", "A")
        return Asked(OrderControl.COMPLETE) if is_done else Asked(None, "results that do not complete the order")
    if control not in NEW and control not in CHANGES and control != STATUS:
        return Asked(None, is_known=False)
    note = ""
    if status not in _STATUSES and status:
        status, note = "", "ORC-5 is not a status of HL7 table 0038 and was read as empty"
    if control == STATUS:
        asked = _BY_STATUS[status]
        return Asked(asked, note) if asked else Asked(None, "the status only tells of an error")
    if control in NEW:
        return Asked(OrderControl.HOLD if status == "HD" else _ENDS.get(status, OrderControl.NEW), note)
    if not control:
        note = "ORC-1 is empty; read as a new order if unknown, as a change if known"
    # A change that says "scheduled" or "in progress" is an ordinary change; modalities say what is in progress.
    return Asked(_BY_STATUS[status] if status in ("CM", "A", "CA", "DC", "HD") else OrderControl.CHANGE, note)
