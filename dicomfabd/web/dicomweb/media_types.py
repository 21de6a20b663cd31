"""Which form of an answer a client takes: Accept, or the `accept` parameter (RFC 9110 §12.5.1, PS3.18 §8.7)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import HTTPException, Request

ANY_SYNTAX: Final = "*"
_LONGEST: Final = 4096
_PART: Final = re.compile(r'(?:[^,"]|"[^"]*")+')
_PARAMETER: Final = re.compile(r';\s*([A-Za-z0-9-]+)\s*=\s*(?:"([^"]*)"|([^;\s]*))')


@dataclass(frozen=True, slots=True)
class Offer:
    """A form we can give.

    Attributes:
        media_type: Of the answer, or of each of its parts.
        is_multipart: Whether it comes as parts of multipart/related.
    """

    media_type: str
    is_multipart: bool = False

    @property
    def name(self) -> str:
        """As a client writes it."""
        return f'multipart/related; type="{self.media_type}"' if self.is_multipart else self.media_type


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was agreed; `transfer_syntax` is empty where the client names none."""

    offer: Offer
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class _Range:
    name: str
    part_type: str
    transfer_syntax: str
    quality: float

    def fits(self, offer: Offer) -> bool:
        if self.name == "*/*":
            return True
        if offer.is_multipart:
            return self.name == "multipart/related" and self.part_type in ("", "*/*", offer.media_type)
        return self.name in (offer.media_type, offer.media_type.partition("/")[0] + "/*")


def choose(request: Request, offers: Sequence[Offer]) -> Chosen:
    """Give the form a client likes best, of two alike the first offer.

    Raises:
        HTTPException: 406; it takes none of them.
    """
    asked = request.query_params.get("accept") or ", ".join(request.headers.getlist("accept")) or "*/*"
    for wanted in _ranges(asked[:_LONGEST]):
        for offer in offers:
            if wanted.fits(offer):
                return Chosen(offer, wanted.transfer_syntax)
    names = " or ".join(offer.name for offer in offers)
    raise HTTPException(406, f"this can be had as {names}. Name one in Accept.")


def _ranges(text: str) -> list[_Range]:
    found = []
    for part in _PART.findall(text):
        name = part.partition(";")[0].strip().lower()
        parameters = {key.lower(): quoted or bare for key, quoted, bare in _PARAMETER.findall(part)}
        quality = _quality(parameters.get("q", "1"))
        if quality > 0:
            found.append(
                _Range(name, parameters.get("type", "").lower(), parameters.get("transfer-syntax", ""), quality)
            )
    # A sort keeps the order of what is wanted equally.
    return sorted(found, key=lambda wanted: -wanted.quality)


def _quality(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.\d{0,3})?", text) else 1.0
