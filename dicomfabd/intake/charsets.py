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


def decode(raw: bytes) -> tuple[str, str]:
    """Decode a whole message before anything splits it: ISO 2022 bytes contain the delimiters.

    Returns:
        The text, and what was wrong with the declared character set, or an empty string.
    """
    declared = _declared(raw)
    # Of several sets the last one is the widest; the first may be empty (ISO 2022, first repetition default).
    codec, unknown = _codec(declared)
    for candidate in (codec, *UNDECLARED) if codec else UNDECLARED:
        try:
            text = raw.decode(candidate)
        except UnicodeDecodeError:
            continue
        if candidate == codec or not declared:
            return text, ""
        return text, unknown or f"the bytes are not {declared} as MSH-18 says; read as {candidate}"
    return raw.decode("iso8859-1"), "the bytes fit no character set; read as ISO 8859-1"


def _declared(raw: bytes) -> str:
    match = _MSH.search(raw[:4096])
    if match is None:
        return ""
    separator, rest = match.groups()
    fields = rest.split(separator)
    # MSH-1 is the separator itself, so MSH-18 is the 17th of the rest.
    return fields[16].decode("ascii", "replace").strip() if len(fields) > 16 else ""


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
