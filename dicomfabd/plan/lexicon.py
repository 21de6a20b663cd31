"""The lexicon that comes with the package: what the words of procedures mean."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any, Final

from dicomfabd.domain.order import Code
from dicomfabd.plan.words import Joining, Vocabulary, inverted, phrase_of

_FILES: Final = ("lexicon.toml", "body_parts.toml", "exams.toml")


@dataclass(frozen=True, slots=True)
class BodyPart:
    """A body part and how it is called.

    Attributes:
        term: Defined term of BodyPartExamined (PS3.16 Annex L).
        code: Its SNOMED CT code.
        region: The body that is drawn.
        image_term: What BodyPartExamined of an image says: the term, or a larger part that every reader knows.
        is_paired: One of a pair that is examined side by side, so that an image shows one side. Organs that are
            shown together with their other half (kidneys, lungs) are not.
    """

    term: str
    code: Code
    region: str
    is_paired: bool = False
    image_term: str = ""


@dataclass(frozen=True, slots=True)
class Parts:
    """The body parts by name.

    Attributes:
        by_name: Name → part.
        named: Phrase → name.
        named_in: Modality → phrase → name, for modalities in which some phrases mean another part.
        implied: Phrase → name, where nothing names a part, or only one that contains it.
        several: Names of more than one region.
        within: Name → names of parts that contain it.
        combinations: Names said together → the name they have together, larger ones first.
    """

    by_name: Mapping[str, BodyPart]
    named: Mapping[str, str]
    named_in: Mapping[str, Mapping[str, str]]
    implied: Mapping[str, str]
    several: frozenset[str]
    within: Mapping[str, frozenset[str]]
    combinations: tuple[tuple[frozenset[str], str], ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Phrases (words joined by blanks) and codes, each with its meaning; the files say what each table is."""

    services: Mapping[str, str]
    vague_services: Mapping[str, str]
    service_parts: Mapping[str, str]
    modality_parts: Mapping[str, str]
    modalities: Mapping[str, str]
    leading_only: frozenset[str]
    implied_modalities: Mapping[str, str]
    projections: frozenset[str]
    contrasts: Mapping[str, str]
    lone_contrasts: frozenset[str]
    lone_contrast_modalities: frozenset[str]
    not_before: frozenset[str]
    implied_contrasts: Mapping[str, frozenset[str]]
    sides: Mapping[str, str]
    last_only: frozenset[str]
    views: Mapping[str, str]
    positions: Mapping[str, str]
    view_counts: Mapping[str, int]
    view_count_words: frozenset[str]
    exams: Mapping[str, tuple[str, ...]]
    parts: Parts
    vocabulary: Vocabulary


@cache
def load_lexicon() -> Lexicon:
    """Read the lexicon that comes with the package."""
    folder = files("dicomfabd.plan")
    data: dict[str, Any] = {}
    for name in _FILES:
        data |= tomllib.loads((folder / name).read_text("utf-8"))
    noise = frozenset(data["noise"]["words"])
    parts = _parts(data, noise)
    lone = data["lone_contrast"]
    count = data["view_count"]
    tables: dict[str, Mapping[str, Any]] = {
        "modalities": inverted(data["modality_words"], noise),
        "implied_modalities": inverted(data["modality_implied"], noise),
        "contrasts": inverted(data["contrast"], noise),
        "sides": inverted(data["laterality"], noise),
        "views": inverted(data["views"], noise),
        "positions": inverted(data["positions"], noise),
        "exams": _exams(data["exams"], noise),
    }
    return Lexicon(
        services=data["diagnostic_service"],
        vague_services=data["vague_service"],
        service_parts=data["service_part"],
        modality_parts=data["modality_part"],
        leading_only=frozenset(data["leading_only"]["words"]),
        projections=frozenset(data["projections"]["modalities"]),
        lone_contrasts=frozenset(lone["words"]),
        lone_contrast_modalities=frozenset(lone["modalities"]),
        not_before=frozenset(lone["not_before"]),
        implied_contrasts={key: frozenset(phrases) for key, phrases in data["contrast_implied"].items()},
        last_only=frozenset(data["last_only"]["words"]),
        view_counts={word: n for n, key in enumerate(("one", "two", "three", "four"), start=1) for word in count[key]},
        view_count_words=frozenset(count["words"]),
        parts=parts,
        vocabulary=_vocabulary(data, noise, parts, tables),
        **tables,
    )


def _exams(groups: Mapping[str, list[str]], noise: frozenset[str]) -> dict[str, tuple[str, ...]]:
    exams: dict[str, tuple[str, ...]] = {}
    for name, phrases in groups.items():
        for phrase in phrases:
            key = phrase_of(phrase, noise)
            exams[key] = (*exams.get(key, ()), name)
    return exams


def _parts(data: Mapping[str, Any], noise: frozenset[str]) -> Parts:
    by_name: dict[str, BodyPart] = {}
    named: dict[str, str] = {}
    special: dict[str, dict[str, str]] = {}
    implied: dict[str, str] = {}
    several = frozenset(item["term"] for item in data["part"] if item.get("is_several"))
    within: dict[str, frozenset[str]] = {}
    for item in data["part"]:
        name = item.get("name", item["term"])
        value, meaning = item["code"]
        by_name[name] = BodyPart(
            item["term"],
            Code(value, meaning, "SCT"),
            item["region"],
            item.get("is_paired", False),
            item.get("image_term", item["term"]),
        )
        within[name] = frozenset(item.get("within", ()))
        words = {phrase_of(phrase, noise): name for phrase in item.get("words", ())}
        implied |= {phrase_of(phrase, noise): name for phrase in item.get("implied", ())}
        if modalities := item.get("modalities"):
            for modality in modalities:
                special.setdefault(modality, {}).update(words)
        else:
            named |= words
    named_in = {modality: named | words for modality, words in special.items()}
    combinations = tuple((frozenset(item["parts"]), item["name"]) for item in data["combination"])
    return Parts(by_name, named, named_in, implied, several, within, combinations)


def _vocabulary(
    data: Mapping[str, Any], noise: frozenset[str], parts: Parts, tables: Mapping[str, Mapping[str, Any]]
) -> Vocabulary:
    part_tables = (parts.named, parts.implied, *parts.named_in.values())
    phrases = frozenset(chain(*tables.values(), *part_tables, *data["contrast_implied"].values()))
    expansions = {word: tuple(text.split()) for word, text in data["expansions"].items()}
    joined = data["joined"]
    known = frozenset(chain(*(phrase.split() for phrase in phrases), *data["view_count"].values()))
    return Vocabulary(
        noise=noise,
        expansions=expansions,
        known=known,
        phrases=phrases,
        joining=Joining(
            before=tuple(sorted(joined["before"], key=len, reverse=True)),
            after=tuple(sorted(joined["after"], key=len, reverse=True)),
            endings={"": ()} | {word: expansions.get(word, (word,)) for word in joined["endings"]},
            parts={phrase.replace(" ", ""): tuple(phrase.split()) for phrase in chain(parts.named, parts.implied)},
            others=known,
        ),
    )
