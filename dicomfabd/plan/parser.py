"""Reads what kind of study an order asks for: from its codes, its service and the words of its procedure.

Each decision takes the first source that says anything, and adds a sentence of evidence.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from dicomfabd.domain.order import Code
from dicomfabd.plan.codes import KnownCode, find_codes
from dicomfabd.plan.lexicon import BodyPart, Lexicon, load_lexicon
from dicomfabd.plan.readings import body_part_in, contrast_in, side_in, view_count_in, views_in
from dicomfabd.plan.words import MAX_CHARACTERS, Words

__all__ = ["BodyPart", "Defaults", "Lexicon", "Recognition", "load_lexicon", "recognise"]

_RADIOGRAPHY: Final = frozenset({"XR", "CR", "DX"})
_MAX_SERVICE: Final = 64
_MAX_CODES: Final = 8


@dataclass(frozen=True, slots=True)
class Recognition:
    """What an order says of its study.

    Attributes:
        laterality: `L`, `R`, `B` or empty.
        contrast: True with, False without, None when nothing is said.
        both_phases: First without contrast, then with it.
        views: How many views are asked for; 0 when nothing is said.
        procedure_views: The views that are named, in order, each once.
        exams: Kinds of examination, of the names in `exams.toml`.
        evidence: One sentence for each decision, in order.
    """

    modality: str
    body_part: BodyPart | None
    laterality: str
    contrast: bool | None
    both_phases: bool
    views: int
    procedure_views: tuple[str, ...]
    exams: frozenset[str]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a site's settings say where an order does not."""

    xray: Literal["CR", "DX"] = "DX"
    modality: str = "OT"


def recognise(text: str, service: str, defaults: Defaults, codes: tuple[Code, ...] = ()) -> Recognition:
    """Read an order; a department orders the same few hundred procedures again and again, so they are remembered.

    Args:
        text: The procedure's name, and any other words that describe it; only its beginning is looked at.
        service: OBR-24 or IPC-5; empty when there is none.
        defaults: What to assume where nothing is said.
        codes: Of the procedure and its steps; one of a public code system that we know comes before words.
    """
    known = find_codes(codes[:_MAX_CODES]) if codes else ()
    return _recognise(text[: MAX_CHARACTERS + 1], service[:_MAX_SERVICE].strip().upper(), defaults, known)


@lru_cache(maxsize=4096)
def _recognise(text: str, service: str, defaults: Defaults, codes: tuple[KnownCode, ...]) -> Recognition:
    lexicon = load_lexicon()
    sources = [Words(code.text, lexicon.vocabulary, code.origin) for code in codes]
    words = Words(text, lexicon.vocabulary)
    modality, reason = _modality(sources, words, service, lexicon, defaults)
    evidence = [f"modality {modality}: {reason}"]
    sources.append(words)

    part, taken = _body_part(sources, service, modality, lexicon, evidence)
    laterality = _side(sources, taken, lexicon, evidence)
    contrast, both_phases = _contrast(sources, taken, modality, lexicon, evidence)
    views, named = _views(sources, modality, lexicon, evidence)
    exams = _exams(sources, lexicon, evidence)
    return Recognition(modality, part, laterality, contrast, both_phases, views, named, exams, tuple(evidence))


def _modality(
    sources: list[Words], words: Words, service: str, lexicon: Lexicon, defaults: Defaults
) -> tuple[str, str]:
    modality, reason = (
        next((found for source in sources if (found := _named_modality(source, lexicon))), None)
        or _service_modality(service, lexicon)
        or _named_modality(words, lexicon)
        or _viewed_modality(words, lexicon)
        or _vague_modality(service, lexicon)
        or (defaults.modality, "nothing names a modality; the setting default_modality decides")
    )
    return (defaults.xray if modality == "XR" else modality), reason


def _service_modality(service: str, lexicon: Lexicon) -> tuple[str, str] | None:
    if service in lexicon.vague_services:
        return None
    modality = lexicon.services.get(service) or lexicon.modalities.get(service)
    return (modality, f"diagnostic service (OBR-24) is {service}") if modality else None


def _vague_modality(service: str, lexicon: Lexicon) -> tuple[str, str] | None:
    modality = lexicon.vague_services.get(service)
    return (modality, f"diagnostic service (OBR-24) is {service}") if modality else None


def _named_modality(words: Words, lexicon: Lexicon) -> tuple[str, str] | None:
    """Give the modality that is named first, unless it is radiography and the words ask for fluoroscopy."""
    named = [
        match
        for match in words.find(lexicon.modalities)
        if match.start == 0 or match.phrase not in lexicon.leading_only
    ]
    implied = words.find(lexicon.implied_modalities)
    if named and lexicon.modalities[named[0].phrase] in _RADIOGRAPHY:
        fluoroscopy = [match for match in implied if lexicon.implied_modalities[match.phrase] == "RF"]
        if fluoroscopy:
            return "RF", words.says(fluoroscopy[0].said)
    if named:
        return lexicon.modalities[named[0].phrase], words.says(named[0].said)
    if implied:
        return lexicon.implied_modalities[implied[0].phrase], words.says(implied[0].said)
    return None


def _viewed_modality(words: Words, lexicon: Lexicon) -> tuple[str, str] | None:
    """Take a procedure that names a view for plain radiography."""
    if count := view_count_in(words, lexicon):
        return "XR", f"the procedure names views ({count[1]})"
    matches = words.find(lexicon.views) or words.find(lexicon.positions)
    if matches:
        return "XR", f"the procedure names a view ({matches[0].said})"
    portable = _portable(words, lexicon)
    return ("XR", words.says(portable)) if portable else None


def _body_part(
    sources: list[Words], service: str, modality: str, lexicon: Lexicon, evidence: list[str]
) -> tuple[BodyPart | None, list[set[int]]]:
    """Give the body part, and for each source the words that name parts: an L of "L SPINE" is no side."""
    taken: list[set[int]] = []
    found: BodyPart | None = None
    for words in sources:
        name, reason, used = body_part_in(words, modality, lexicon)
        taken.append(used)
        if name and found is None:
            found = lexicon.parts.by_name[name]
            evidence.append(f"body part {found.term}: {reason}")
    if found is None and service in lexicon.service_parts:
        found = lexicon.parts.by_name[lexicon.service_parts[service]]
        evidence.append(f"body part {found.term}: diagnostic service (OBR-24) is {service}")
    if found is None and modality in lexicon.modality_parts:
        found = lexicon.parts.by_name[lexicon.modality_parts[modality]]
        evidence.append(f"body part {found.term}: {modality} examines nothing else")
    if found is None:
        evidence.append("body part unknown: no word of the procedure names one")
    return found, taken


def _side(sources: list[Words], taken: list[set[int]], lexicon: Lexicon, evidence: list[str]) -> str:
    for words, used in zip(sources, taken, strict=True):
        side, reason = side_in(words, used, lexicon)
        if side:
            evidence.append(f"laterality {side}: {reason}")
            return side
    return ""


def _contrast(
    sources: list[Words], taken: list[set[int]], modality: str, lexicon: Lexicon, evidence: list[str]
) -> tuple[bool | None, bool]:
    """Give whether contrast is used, and whether there are images before it too."""
    for words, used in zip(sources, taken, strict=True):
        meaning, reason = contrast_in(words, used, modality, lexicon)
        if meaning:
            evidence.append(f"contrast {meaning}: {reason}")
            return meaning != "without", meaning == "both"
    implied: Collection[str] = lexicon.implied_contrasts.get(modality, ())
    for words in sources:
        if matches := words.find(implied):
            evidence.append(f"contrast with: {words.says(matches[0].said)}")
            return True, False
    return None, False


def _exams(sources: list[Words], lexicon: Lexicon, evidence: list[str]) -> frozenset[str]:
    """Give the kinds of examination that any source names."""
    exams: set[str] = set()
    for words in sources:
        matches = words.find(lexicon.exams)
        if names := {name for match in matches for name in lexicon.exams[match.phrase]} - exams:
            exams |= names
            evidence.append(f"exam {', '.join(sorted(names))}: {words.says(*(match.said for match in matches))}")
    return frozenset(exams)


def _views(sources: list[Words], modality: str, lexicon: Lexicon, evidence: list[str]) -> tuple[int, tuple[str, ...]]:
    """Give how many views are asked for, and those that are named."""
    for words in sources:
        named = views_in(words, modality, lexicon)
        count = view_count_in(words, lexicon)
        if count:
            evidence.append(f"views {count[0]}: {words.says(count[1])}")
            return count[0], named
        if named:
            evidence.append(f"views {len(named)}: {words.says(*named)}")
            return len(named), named
    if modality in _RADIOGRAPHY:
        for words in sources:
            if portable := _portable(words, lexicon):
                evidence.append(f"views 1: {words.says(portable)}")
                return 1, ()
    return 0, ()


def _portable(words: Words, lexicon: Lexicon) -> str:
    said = (match.said for match in words.find(lexicon.exams) if "portable" in lexicon.exams[match.phrase])
    return next(said, "")
