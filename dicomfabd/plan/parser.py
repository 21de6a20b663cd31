"""Reads a procedure's name word by word: modality, body part, side, contrast, views. Never by parts of words."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final, Literal

from dicomfabd.domain.order import Code

_WORD = re.compile(r"\+C|[A-Z]+|\d+")
_SPELLINGS: Final = (
    (re.compile(r"\bW\s*/\s*O\b"), "WO"),
    (re.compile(r"\bW\s*/\s*WO\b"), "W WO"),
    (re.compile(r"\bW\s*/(?=\s|$|[A-Z])"), "W "),
    (re.compile(r"\bX[- ]?RAY\b"), "XRAY"),
)
_VIEWS: Final = (frozenset({"PA", "AP", "PORTABLE"}), frozenset({"LAT", "LATERAL"}))
_VIEW_COUNT = re.compile(r"\b(\d)\s*(?:V|VW|VWS|VIEW|VIEWS)\b")


@dataclass(frozen=True, slots=True)
class BodyPart:
    """A body part and how it is called.

    Attributes:
        term: Defined term of BodyPartExamined (PS3.16 Annex L).
        code: Its SNOMED CT code.
        region: The body that is drawn.
    """

    term: str
    code: Code
    region: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of `lexicon.toml`: each maps a phrase (words joined by blanks) to its meaning."""

    services: Mapping[str, str]
    vague_services: Mapping[str, str]
    modalities: Mapping[str, str]
    view_words: frozenset[str]
    contrasts: Mapping[str, str]
    sides: Mapping[str, str]
    body_parts: Mapping[str, BodyPart]


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a procedure's name says.

    Attributes:
        laterality: `L`, `R`, `B` or empty.
        contrast: True with, False without, None when nothing is said.
        views: How many views are asked for; 0 when nothing is said.
        evidence: One sentence for each decision, in order.
    """

    modality: str
    body_part: BodyPart | None
    laterality: str
    contrast: bool | None
    views: int
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a site's settings say where an order does not."""

    xray: Literal["CR", "DX"] = "DX"
    modality: str = "OT"


@cache
def load_lexicon() -> Lexicon:
    """Read the lexicon that comes with the package."""
    data = tomllib.loads((files("dicomfabd.plan") / "lexicon.toml").read_text())
    parts = {
        phrase: BodyPart(item["term"], Code(item["code"][0], item["code"][1], "SCT"), item["region"])
        for item in data["body_part"]
        for phrase in item["words"]
    }
    return Lexicon(
        services=data["diagnostic_service"],
        vague_services=data["vague_service"],
        modalities=_inverted(data["modality_words"]),
        view_words=frozenset(data["view_words"]["words"]),
        contrasts=_inverted(data["contrast"]),
        sides=_inverted(data["laterality"]),
        body_parts=parts,
    )


@lru_cache(maxsize=4096)
def recognise(text: str, service: str, defaults: Defaults) -> Recognition:
    """Read a procedure; a department orders the same few hundred again and again, so they are remembered.

    Args:
        text: The procedure's name, and any other words that describe it.
        service: OBR-24 or IPC-5; empty when there is none.
        defaults: What to assume where nothing is said.
    """
    lexicon = load_lexicon()
    words = _words(text)
    evidence: list[str] = []
    modality = _modality(words, service.strip().upper(), lexicon, defaults, evidence)
    body_part, rest = _body_part(words, lexicon, evidence)
    laterality = _side(rest, lexicon, evidence)
    contrast = _contrast(rest, lexicon, evidence)
    count = _VIEW_COUNT.search(text.upper())
    named = sum(bool(set(words) & names) for names in _VIEWS)
    views = int(count.group(1)) if count else named
    return Recognition(modality, body_part, laterality, contrast, views, tuple(evidence))


def _inverted(groups: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    return {phrase: meaning for meaning, phrases in groups.items() for phrase in phrases}


def _words(text: str) -> list[str]:
    upper = text.upper()
    for pattern, plain in _SPELLINGS:
        upper = pattern.sub(plain, upper)
    return ["CONTRAST" if word == "+C" else word for word in _WORD.findall(upper)]


def _phrases(words: list[str]) -> Iterable[tuple[int, int, str]]:
    """Give every phrase of up to four words, longer ones first, left to right."""
    for length in range(min(4, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            yield start, start + length, " ".join(words[start : start + length])


def _modality(words: list[str], service: str, lexicon: Lexicon, defaults: Defaults, evidence: list[str]) -> str:
    if service in lexicon.services:
        modality = lexicon.services[service]
        reason = f"diagnostic service (OBR-24) is {service}"
    else:
        named = [(start, -length, phrase) for start, length, phrase in _named(words, lexicon)]
        if named:
            phrase = min(named)[2]
            modality, reason = lexicon.modalities[phrase], f"the procedure says {phrase}"
        elif lexicon.view_words & set(words):
            modality = "XR"
            reason = f"the procedure names a view ({min(lexicon.view_words & set(words))})"
        elif service in lexicon.vague_services:
            modality, reason = lexicon.vague_services[service], f"diagnostic service (OBR-24) is {service}"
        else:
            modality, reason = defaults.modality, "nothing names a modality; the setting default_modality decides"
    chosen = defaults.xray if modality == "XR" else modality
    evidence.append(f"modality {chosen}: {reason}")
    return chosen


def _named(words: list[str], lexicon: Lexicon) -> list[tuple[int, int, str]]:
    return [(start, end - start, phrase) for start, end, phrase in _phrases(words) if phrase in lexicon.modalities]


def _body_part(words: list[str], lexicon: Lexicon, evidence: list[str]) -> tuple[BodyPart | None, list[str]]:
    for start, end, phrase in _phrases(words):
        if phrase in lexicon.body_parts:
            part = lexicon.body_parts[phrase]
            evidence.append(f"body part {part.term}: the procedure says {phrase}")
            return part, words[:start] + words[end:]
    evidence.append("body part unknown: no word of the procedure names one")
    return None, words


def _side(words: list[str], lexicon: Lexicon, evidence: list[str]) -> str:
    for word in words:
        if word in lexicon.sides:
            evidence.append(f"laterality {lexicon.sides[word]}: the procedure says {word}")
            return lexicon.sides[word]
    return ""


def _contrast(words: list[str], lexicon: Lexicon, evidence: list[str]) -> bool | None:
    found = {lexicon.contrasts[phrase]: phrase for _, _, phrase in _phrases(words) if phrase in lexicon.contrasts}
    # "WO CONTRAST" holds both "WO" and "CONTRAST"; the negation is the one that counts.
    for meaning in ("both", "without", "with"):
        if meaning in found:
            evidence.append(f"contrast {meaning}: the procedure says {found[meaning]}")
            return meaning != "without"
    return None
