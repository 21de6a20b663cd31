"""Unique identifiers that are a function of what they name."""

import hashlib
import re
from typing import Final

IMPLEMENTATION_CLASS_UID: Final = "2.25.20190282265069291865184006840305125649"
UID_ROOT: Final = "2.25"
LONGEST_UID: Final = 64
IMPLEMENTATION_VERSION_NAME: Final = "DICOMFABD_0_1"

_UID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")


def derive_uid(*parts: str | int, root: str = UID_ROOT) -> str:
    """Give the same UID for the same parts, on any machine and at any time.

    Args:
        parts: What the UID stands for, outermost first, e.g. study UID and series key.
        root: What it begins with, at most 40 characters; a registered root of a site, or `2.25`.

    Returns:
        Under `2.25` the decimal form of a version 8 UUID made from SHA-256; under another root as many of its digits
        as fit. At most 64 characters.

    Standard: PS3.5 §9.1 and B.2 (UUID derived UID), RFC 9562 §5.8.
    """
    digest = bytearray(hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()[:16])
    digest[6] = 0x80 | digest[6] & 0x0F
    digest[8] = 0x80 | digest[8] & 0x3F
    number = int.from_bytes(digest, "big")
    if root != UID_ROOT:
        number %= 10 ** (LONGEST_UID - len(root) - 1)
    return f"{root}.{number}"


def is_valid_uid(value: str) -> bool:
    """Tell whether a string is a UID a PACS will take.

    Standard: PS3.5 §9.1: at most 64 characters, components without leading zeros.
    """
    return len(value) <= LONGEST_UID and _UID.fullmatch(value) is not None


def derive_number(*parts: str | int, bits: int = 63) -> int:
    """Give a seed in 0 ≤ n < 2**bits that is a function of the parts."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") & ((1 << bits) - 1)
