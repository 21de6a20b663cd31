"""Which character set an answer is in, and names in the letters a modality can show (PS3.5 §6.1, PS3.4 K.4.1.1.3.2)."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from anyascii import anyascii
from pydicom.charset import custom_encoders, encode_string, python_encoding

from dicomfabd.dimse.keys import encodings_of

UTF_8: Final = "ISO_IR 192"
LATIN_1: Final = "ISO_IR 100"
_ASCII: Final = frozenset({"", "ISO_IR 6", "ISO 2022 IR 6"})

_LONGEST: Final = {"SH": 16, "LO": 64, "ST": 1024, "LT": 10_240}


def choose(texts: Sequence[str], asked: str, forced: str) -> str:
    """Give the SpecificCharacterSet of an answer, empty for ASCII.

    Args:
        texts: What is said in it.
        asked: SpecificCharacterSet of the query: what its modality probably can show.
        forced: The only one its modality can show, whatever it asked with; empty for one that is not so.
    """
    if "".join(texts).isascii():
        return ""
    foreign = [text for text in texts if not text.isascii()]
    if forced:
        return "" if forced in _ASCII else forced
    for candidate in (asked, LATIN_1):
        if candidate not in _ASCII and is_known(candidate) and can_say(foreign, candidate):
            return candidate
    return UTF_8


def is_known(character_set: str) -> bool:
    """Tell whether every term of a SpecificCharacterSet is a defined one; peers write all sorts of things."""
    return all(term in python_encoding for term in character_set.split("\\"))


def can_say(texts: Iterable[str], character_set: str) -> bool:
    """Tell whether a character set holds every letter of some texts."""
    encodings = _encodings(character_set)
    return all(_holds(char, encodings) for text in texts for char in set(text))


def say(text: str, character_set: str) -> bytes:
    """Encode a text that the character set holds, with the escape sequences of code extensions (PS3.5 §6.1.2.5)."""
    encodings = _encodings(character_set)
    if len(encodings) == 1:
        return _encode(text, encodings[0])
    # At each delimiter the first repertoire is in force again.
    return b"\\".join(
        [
            b"=".join([b"^".join([encode_string(part, encodings) for part in group.split("^")]) for group in groups])
            for groups in (value.split("=") for value in text.split("\\"))
        ]
    )


def transliterate(vr: str, text: str, character_set: str) -> str:
    """Give a text in letters the character set holds; a name is never empty and never of question marks.

    Of a name the component groups that cannot be said are left out where the first can; else the first is romanised.
    """
    if can_say([text], character_set):
        return text
    if vr != "PN":
        return _romanised(text, character_set)[: _LONGEST.get(vr)].rstrip()
    groups = text.split("=")
    first = next(filter(None, groups), "") if not groups[0] else groups[0]
    said = [first if can_say([first], character_set) else _romanised(first, character_set)]
    said += [group if can_say([group], character_set) else "" for group in groups[1:]]
    return "=".join(group[:64] for group in said).rstrip("=")


def _romanised(text: str, character_set: str) -> str:
    encodings = _encodings(character_set)
    plain = "".join(char if _holds(char, encodings) else anyascii(char) for char in text)
    return "".join(char for char in plain if (char.isprintable() and char != "\\") or char in text)


def _encodings(character_set: str) -> list[str]:
    # Python has no name for the default repertoire that pydicom would give: it reads Latin-1 into it.
    return ["ascii"] if character_set in _ASCII else encodings_of(character_set)


@lru_cache(maxsize=65_536)
def _can_encode(char: str, encoding: str) -> bool:
    try:
        _encode(char, encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def _holds(char: str, encodings: Iterable[str]) -> bool:
    return char.isascii() or any(_can_encode(char, encoding) for encoding in encodings)


def _encode(text: str, encoding: str) -> bytes:
    own = custom_encoders.get(encoding)
    return own(text, errors="strict") if own else text.encode(encoding)
