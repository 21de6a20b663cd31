"""Keeps what is written from right to left, or pretends to be, from reordering the words around it (UAX #9).

Done to every value of every template where it is compiled, so that no template can forget it.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup, escape

_TURNS: Final = frozenset({"R", "AL", "AN", "RLE", "RLO", "LRE", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI"})
_EMBEDDINGS: Final = frozenset({"RLE", "RLO", "LRE", "LRO"})
_ISOLATES: Final = frozenset({"RLI", "LRI", "FSI"})
_FIRST_STRONG_ISOLATE: Final = "\u2068"
_POP_EMBEDDING: Final = "\u202c"
_POP_ISOLATE: Final = "\u2069"

# Their text is a value, which nothing may be added to; a browser shows each by itself.
_VALUES: Final = frozenset({"textarea", "option", "script", "style"})
_SHOWN_ATTRIBUTES: Final = frozenset({"title", "aria-label", "alt", "data-confirm"})
_MARKUP: Final = re.compile(r"<(/?)([a-z][a-z0-9]*)|(>)", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r'([\w-]+)="[^"]*$')


def isolated(value: object) -> object:
    """Give a text as an element that isolates it, if it has anything that turns; anything else as it is."""
    if not isinstance(value, str) or isinstance(value, Markup) or not _turns(value):
        return value
    return Markup("<bdi>%s</bdi>") % escape(value)


def isolated_text(value: object) -> object:
    """Give a text isolated by control characters, where there can be no element: whatever it opens is closed."""
    if not isinstance(value, str) or isinstance(value, Markup) or not _turns(value):
        return value
    waiting: list[str] = []
    kept = []
    for letter in value:
        name = unicodedata.bidirectional(letter)
        if name in _EMBEDDINGS or name in _ISOLATES:
            waiting.append(_POP_EMBEDDING if name in _EMBEDDINGS else _POP_ISOLATE)
        elif letter in (_POP_EMBEDDING, _POP_ISOLATE):
            if not waiting or waiting[-1] != letter:
                continue  # what closes more than was opened would end the isolate itself
            waiting.pop()
        kept.append(letter)
    return f"{_FIRST_STRONG_ISOLATE}{''.join(kept + waiting[::-1])}{_POP_ISOLATE}"


class Isolation(Extension):
    """Puts values through `isolated` where they are text, and through `isolated_text` in attributes that are shown."""

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        """See `jinja2.ext.Extension.filter_stream`."""
        place = _Place()
        for token in stream:
            if token.type == "data":
                place.follow(token.value)
            if token.type == "variable_end" and place.filter:
                yield from (Token(token.lineno, *part) for part in _through(place.filter))
            yield token
            if token.type == "variable_begin" and place.filter:
                yield Token(token.lineno, "lparen", "(")


class _Place:
    """Where in HTML a template has come to."""

    def __init__(self) -> None:
        self._element = ""
        self._is_in_tag = False
        self._tag = ""

    def follow(self, text: str) -> None:
        """Read on."""
        for closing, name, end in _MARKUP.findall(text):
            if end:
                self._is_in_tag = False
            else:
                self._is_in_tag, self._tag = True, ""
                self._element = "" if closing else name.lower()
        self._tag = self._tag + text if self._is_in_tag else ""

    @property
    def filter(self) -> str:
        """Name of the filter for a value that stands here; empty for none."""
        if self._is_in_tag:
            attribute = _ATTRIBUTE.search(self._tag)
            return "isolated_text" if attribute and attribute[1] in _SHOWN_ATTRIBUTES else ""
        if self._element == "title":
            return "isolated_text"
        return "" if self._element in _VALUES else "isolated"


def _through(name: str) -> Iterable[tuple[str, str]]:
    return ("rparen", ")"), ("pipe", "|"), ("name", name)


def _turns(text: str) -> bool:
    return not text.isascii() and any(unicodedata.bidirectional(letter) in _TURNS for letter in text)
