"""What a C-STORE status means for the instance (PS3.4 Table B.2-1, PS3.7 Annex C)."""

from dicomfabd.domain.delivery import Outcome

# Success, and: the PACS has this SOP Instance UID already. Ours are a function of the order, so it is this very one.
_KEPT = frozenset({0x0000, 0x0111})
_WARNINGS = frozenset({0xB000, 0xB006, 0xB007, 0x0001, 0x0107, 0x0116})
# SOP class not supported, not authorised, invalid attribute, missing attribute, no such SOP class.
_NEVER = frozenset({0x0122, 0x0124, 0x0106, 0x0120, 0x0118, 0x0117, 0x0115})


def classify(status: int) -> Outcome:
    """Tell whether an instance is kept, and if not whether to try again."""
    if status in _KEPT:
        return Outcome.STORED
    if status in _WARNINGS or status & 0xF000 == 0xB000:
        return Outcome.WARNED
    if status in _NEVER or status & 0xFF00 == 0xA900 or status & 0xF000 == 0xC000:
        return Outcome.PERMANENT
    # Out of resources (A7xx), processing failure (0110) and what no table names: it may pass.
    return Outcome.RETRYABLE
