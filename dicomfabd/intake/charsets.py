"""Bytes to text by MSH-18 (HL7 table 0211); never a reason to refuse a message."""

import codecs
import re
from typing import Final

_NAMED: Final = {
    "ASCII": "ascii",
    "8859/1": "iso8859-1",
    "8859/2": "iso8859-2",
    "8859/3": "iso8859-3",
    "8859/4": "iso8859-4",
    "8859/5": "iso8859-5",
    "8859/6": "iso8859-6",
    "8859/7": "iso8859-7",
    "8859/8": "iso8859-8",
    "8859/9": "iso8859-9",
    "8859/15": "iso8859-15",
    "UNICODE UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "ISO IR6": "ascii",
    "ISO IR14": "shift_jis",
    "ISO IR87": "iso2022_jp",
    "ISO IR159": "iso2022_jp_2",
    "GB 18030-2000": "gb18030",
    "BIG-5": "big5",
    "KS X 1001": "euc_kr",
}
_MSH = re.compile(rb"MSH(.)([^\r\n]*)", re.DOTALL)
UNDECLARED: Final = ("utf-8", "cp1252")
_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


def decode(raw: bytes, declared: str, undeclared: str = "") -> tuple[str, str]:
    """Decode a whole message before anything splits it: ISO 2022 bytes contain the delimiters.

    Args:
        raw: The message.
        declared: MSH-18.
        undeclared: Codec of a sender that declares none, tried after UTF-8.

    Returns:
        The text, and what was wrong with the declared character set, or an empty string.
    """
    if not declared and b"\x1b" not in raw and b"\x00" not in raw[:8]:
        try:
            return raw.decode(), ""
        except UnicodeDecodeError:
            pass  # not UTF-8: the usual guesses follow
    # Of several sets the last one is the widest; the first may be empty (ISO 2022, first repetition default).
    codec, unknown = _codec(declared)
    guesses = _guesses(raw, undeclared)
    for candidate in (codec, *guesses) if codec else guesses:
        try:
            text = raw.decode(candidate)
        except (UnicodeDecodeError, LookupError):
            continue
        if candidate == codec or not declared:
            return text, ""
        return text, unknown or f"the bytes are not of the character set MSH-18 names; read as {candidate}"
    return raw.decode("iso8859-1"), "the bytes fit no character set; read as ISO 8859-1"


def _guesses(raw: bytes, undeclared: str) -> tuple[str, ...]:
    if raw[:2] in _UTF_16_MARKS:
        return "utf-16", *UNDECLARED
    if b"MSH" in (raw[:6:2], raw[1:6:2]):
        return "utf-16-le" if raw[:1] == b"M" else "utf-16-be", *UNDECLARED
    if b"\x1b$" in raw or b"\x1b(" in raw:
        return "iso2022_jp_2", "iso2022_jp_ext", *UNDECLARED
    return (UNDECLARED[0], undeclared, *UNDECLARED[1:]) if undeclared else UNDECLARED


def _codec(declared: str) -> tuple[str, str]:
    names = [name.strip() for name in declared.split("~") if name.strip()]
    if not names:
        return "", ""
    name = names[-1].upper()
    if name in _NAMED:
        return _NAMED[name], ""
    if re.fullmatch(r"CP\d{3,4}|WINDOWS-\d{4}", name):
        try:
            return codecs.lookup(name).name, ""
        except LookupError:
            pass
    return "", f"MSH-18 names an unknown character set; read as {UNDECLARED[0]} or {UNDECLARED[1]}"
