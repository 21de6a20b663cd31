"""Text → words: accents folded, abbreviations spelled one way, joined tokens taken apart. Never by parts of words."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")

MAX_CHARACTERS: Final = 1000
"""What is looked at of a text; procedures have at most a few hundred characters, hostile ones megabytes."""

_MAX_WORDS: Final = 80
_LONGEST_PHRASE: Final = 6
_LONGEST_JOINED: Final = 40
_SHORTEST: Final = 4  # "HIPPA" is no hip from behind
_WORD: Final = re.compile(r"(?<![A-Z0-9])[A-Z]\d+(?![A-Z0-9])|[A-Z]+|\d+")
_SPELLINGS: Final = (
    (re.compile(r"\b[DL]['’](?=[A-Z]{2})"), " "),  # French articles
    (re.compile(r"['’`]"), ""),
    (re.compile(r"(?<![A-Z])([A-Z])\.(?=[A-Z](?![A-Z]))"), r"\1"),  # P.A., U.S.
    (re.compile(r"\bR\s?/\s?O\b"), " "),  # "rule out" is no right side
    (re.compile(r"\bB\s?/\s?L\b"), " BILATERAL "),
    (re.compile(r"\bW\s?/\s?O\b"), " WO "),
    (re.compile(r"\bWITH\s?/\s?OUT\b"), " WITHOUT "),
    (re.compile(r"\+\s?/\s?-"), " W WO "),
    (re.compile(r"\+\s?C\b|\bC\+"), " W CONTRAST "),
    (re.compile(r"(?<!\S)-C(?![A-Z0-9-])|\bC-(?![A-Z0-9 ])"), " WO CONTRAST "),
    (re.compile(r"\bX[- ]RAY"), "XRAY"),
    (re.compile(r"\bX-(?=[A-Z]{3})"), "XR "),  # Dutch
)


@dataclass(frozen=True, slots=True)
class Joining:
    """How a token that joins several words may be taken apart; it must come out whole.

    Attributes:
        before: Modality words that a body part may follow.
        after: Modality words that may follow a body part.
        endings: Words that may stand at the end.
        parts: Names of body parts written as one → their words.
        others: Other words that may follow a modality.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    endings: Mapping[str, tuple[str, ...]]
    parts: Mapping[str, tuple[str, ...]]
    others: frozenset[str]

    def split(self, token: str) -> tuple[str, ...]:
        """Give the words of a token, or none when it is no such token."""
        if not 4 < len(token) <= _LONGEST_JOINED:
            return ()
        for word in self.before:
            if token.startswith(word):
                rest = token[len(word) :]
                if words := self._part(rest, shortest=3):
                    return word, *words
                if len(rest) >= _SHORTEST and rest in self.others:
                    return word, rest
        for word in self.after:
            if token.endswith(word) and (part := self.parts.get(token[: -len(word)])):
                return *part, word
        return self._part(token, shortest=_SHORTEST)

    def _part(self, token: str, shortest: int) -> tuple[str, ...]:
        for end in range(len(token), shortest - 1, -1):
            ending = self.endings.get(token[end:])
            if ending is not None and token[:end] in self.parts:
                return *self.parts[token[:end]], *ending
        return ()


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase of the lexicon that a text says, from word `start` up to `end`."""

    start: int
    end: int
    phrase: str
    said: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a text is read with.

    Attributes:
        noise: Words that are left out.
        expansions: Word → the words it stands for.
        known: Every word of every phrase; these are never taken apart.
        phrases: Every phrase, as words joined by blanks.
    """

    noise: frozenset[str]
    expansions: Mapping[str, tuple[str, ...]]
    known: frozenset[str]
    phrases: frozenset[str]
    joining: Joining


class Words:
    """The words of one text and the phrases among them."""

    def __init__(self, text: str, vocabulary: Vocabulary, origin: str = "") -> None:
        """Read a text; `origin` is how evidence speaks of one that is no procedure's name."""
        self._origin = origin
        self.words: list[str] = []
        self._tokens: list[str] = []
        for token in split_words(text):
            if token not in vocabulary.noise:
                words = _spelled(token, vocabulary)
                self.words += words
                self._tokens += [token] * len(words)
            if len(self.words) >= _MAX_WORDS:
                break
        self._spans = [
            (start, start + length, phrase)
            for length in range(min(_LONGEST_PHRASE, len(self.words)), 0, -1)
            for start in range(len(self.words) - length + 1)
            if (phrase := " ".join(self.words[start : start + length])) in vocabulary.phrases
        ]

    def find(self, phrases: Collection[str]) -> list[Match]:
        """Give the phrases that are said, in order; a longer one keeps its words from shorter ones."""
        taken: set[int] = set()
        found = []
        for start, end, phrase in self._spans:
            if phrase in phrases and taken.isdisjoint(range(start, end)):
                taken.update(range(start, end))
                found.append(Match(start, end, phrase, self._said(start, end, phrase)))
        return sorted(found, key=lambda match: match.start)

    def says(self, *said: str) -> str:
        """Give the evidence that phrases are."""
        return self._origin or f"the procedure says {', '.join(dict.fromkeys(said))}"

    def _said(self, start: int, end: int, phrase: str) -> str:
        tokens = dict.fromkeys(self._tokens[start:end])
        joined = [token for token in tokens if token not in self.words[start:end]]
        return f"{phrase} (in {' '.join(joined)})" if joined else phrase


def split_words(text: str) -> list[str]:
    """Give the words of a text in capital ASCII letters; numbers are words of their own."""
    if len(text) > MAX_CHARACTERS:
        text = text[:MAX_CHARACTERS].rpartition(" ")[0]
    folded = text.upper()
    if not folded.isascii():
        folded = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c)).upper()
    for pattern, plain in _SPELLINGS:
        folded = pattern.sub(plain, folded)
    return _WORD.findall(folded)


def phrase_of(text: str, noise: frozenset[str]) -> str:
    """Give a phrase of the lexicon as it will stand among the words of a text."""
    return " ".join(word for word in split_words(text) if word not in noise)


def inverted(groups: Mapping[T, Iterable[str]], noise: frozenset[str]) -> dict[str, T]:
    """Turn meaning → phrases into phrase → meaning."""
    return {phrase_of(phrase, noise): meaning for meaning, phrases in groups.items() for phrase in phrases}


def _spelled(token: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    if token in vocabulary.expansions:
        return vocabulary.expansions[token]
    if token in vocabulary.known:
        return (token,)
    return vocabulary.joining.split(token) or (token,)
