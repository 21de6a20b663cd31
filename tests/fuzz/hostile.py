"""Messages and streams made to be slow or to grow: each maps a size in bytes to about so many bytes."""

from collections.abc import Callable

HEADER = b"MSH|^~\\&|RIS|HOSP|||20260302||ORM^O01|HOSTILE|T|2.5.1\r"
PATIENT = b"PID|1||P1^^^HOSP^MR||Doe^Jane\r"
ORDER = b"ORC|NW|PL1|FL1\rOBR|1|PL1|FL1|C^CT CHEST^L||||||||||||||A1||||||CT\r"

Make = Callable[[int], bytes]


def _filled(before: bytes, piece: bytes, after: bytes = b"\r") -> Make:
    return lambda size: before + piece * (size // len(piece)) + after


def _counted(before: bytes, piece: str) -> Make:
    """Repeat a piece that holds a number of its own."""
    return lambda size: before + b"".join(piece.format(n).encode() for n in range(size // len(piece)))


PARSED: dict[str, Make] = {
    "one long field": _filled(HEADER + PATIENT + ORDER + b"NTE|1||", b"x"),
    "a long header": _filled(HEADER[:-1] + b"||||", b"x"),
    "nothing but line ends": _filled(HEADER, b"\r"),
    "nothing but blank lines": _filled(HEADER, b" \n"),
    "fields": _filled(HEADER + PATIENT + ORDER + b"NTE", b"|"),
    "repetitions of a note": _filled(HEADER + PATIENT + ORDER + b"NTE|1||", b"~"),
    "repetitions of an identifier": _filled(HEADER + b"PID|1||", b"~1"),
    "repetitions of a name": _filled(HEADER + b"PID|1||P1||", b"~A^B"),
    "components": _filled(HEADER + PATIENT + b"ORC|NW|PL1\rOBR|1|PL1||", b"^"),
    "subcomponents": _filled(HEADER + b"PID|1||P1||", b"&"),
    "escapes": _filled(HEADER + PATIENT + ORDER + b"NTE|1||", b"\\F\\"),
    "open escapes": _filled(HEADER + PATIENT + ORDER + b"NTE|1||", b"\\"),
    "one long escape": _filled(HEADER + PATIENT + ORDER + b"NTE|1||\\X", b"41", b"\\\r"),
    "good groups of one order": _filled(HEADER + PATIENT, ORDER, b""),
    "good groups of many orders": _counted(HEADER + PATIENT, "ORC|NW|PL{0}\rOBR|1|PL{0}||C^CT CHEST^L\r"),
    "bad groups": _filled(HEADER + PATIENT, b"ORC|QQ\r", b""),
    "groups without a patient": _filled(HEADER, ORDER, b""),
    "cancels": _counted(HEADER, "ORC|CA|PL{0}\r"),
    "steps of one order": _counted(HEADER + PATIENT + ORDER, "IPC|A1|R1||S{0}|CT\r"),
    "patients": _counted(HEADER, "PID|1||P{0}\r"),
    "allergies": _counted(HEADER + PATIENT, "AL1|{0}|DA|^Fiction {0}\r"),
    "observations": _counted(HEADER + PATIENT + ORDER, "OBX|{0}|NM|29463-7^Body weight^LN||70|kg\r"),
    "notes": _counted(HEADER + PATIENT + ORDER, "NTE|{0}||word\r"),
    "line breaks in a field": _filled(HEADER + PATIENT + ORDER + b"NTE|1||x\r", b"a\r", b""),
    "line breaks behind a long field": lambda size: (
        HEADER + PATIENT + ORDER + b"NTE|1||" + b"x" * (size // 2) + b"\ra" * min(9_000, size // 4) + b"\r"
    ),
    "a long procedure": _filled(HEADER + PATIENT + b"ORC|NW|PL1\rOBR|1|PL1||C^", b"CT chest with "),
    "a long number": _filled(HEADER + PATIENT + ORDER + b"OBX|1|NM|29463-7^Body weight^LN||", b"9", b"|kg\r"),
    "a long time": _filled(HEADER + PATIENT + b"ORC|NW|PL1||||||^^^", b"2"),
    "a long identifier": _filled(HEADER + PATIENT + b"ORC|NW|", b"P", b"\rOBR|1|||C^CT CHEST^L\r"),
    "a long UID": _filled(HEADER + PATIENT + ORDER + b"ZDS|1", b".1"),
    "a long control ID": _filled(HEADER[:36], b"C", b"|ORM^O01\r"),
    "messages": _filled(b"", HEADER, b""),
    "headers": _filled(b"FHS|^~\\&|RIS\r", b"BHS|^~\\&|RIS\r", HEADER),
    "kanji escapes": _filled(HEADER[:-1] + b"||||||~ISO IR87\rPID|1||P1||", b"\x1b$B0l\x1b(B"),
    "no UTF-8": _filled(HEADER + PATIENT + ORDER + b"NTE|1||", b"\xe9"),
    "NULs": _filled(HEADER + PATIENT + ORDER + b"NTE|1||", b"\0"),
}

STREAMS: dict[str, Make] = {
    "starts": _filled(b"", b"\x0b", b""),
    "ends": _filled(b"\x0b", b"\x1c", b""),
    "ends inside a message": _filled(b"\x0bMSH|", b"\x1cx", b"\x1c\r"),
    "empty frames": _filled(b"", b"\x0b\x1c\r", b""),
    "frames of a byte": _filled(b"", b"\x0bx\x1c\r", b""),
    "filler": _filled(b"", b"\0\r\n ", b""),
    "junk and starts": _filled(b"", b"x\x0b", b""),
    "one message": _filled(b"\x0bMSH|", b"x", b"\x1c\r"),
    "no start": _filled(b"MSH|", b"x", b"\x1c\r"),
    "messages without a start": _filled(b"", b"MSH|^~\\&|\x1c\r", b""),
}
