"""Messages in files: framed, bare, one or many."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dicomfabd.cli.console import fail
from dicomfabd.intake.mllp import Frame, Framer

LONGEST_FILE: Final = 64 * 1024 * 1024
_VT: Final = b"\x0b"
_BATCH_MARKS: Final = (b"FHS", b"BHS")


def messages_in(source: str) -> Iterator[tuple[str, bytes]]:
    """Give the messages of a file, of a folder's *.hl7 or of standard input, with a name for each.

    A batch (FHS or BHS) is one; messages that just follow each other are several.
    """
    path = Path(source)
    files = sorted(path.glob("*.hl7")) if source != "-" and path.is_dir() else [path]
    for file in files:
        data = read_source(str(file))
        parts = frames_in(data) if _VT in data else _split(data)
        for index, message in enumerate(parts, start=1):
            yield (file.name if len(parts) == 1 else f"{file.name}#{index}"), message


def frames_in(data: bytes) -> list[bytes]:
    """Give what framing bytes enclose; bytes without any are one frame."""
    if _VT not in data:
        return [data]
    framer = Framer(LONGEST_FILE)
    events = [*framer.feed(data), *framer.end()]
    return [event.data for event in events if isinstance(event, Frame)]


def read_source(source: str) -> bytes:
    """Read a file or `-`; ends the command where it cannot be read or is longer than LONGEST_FILE."""
    try:
        if source == "-":
            data = sys.stdin.buffer.read(LONGEST_FILE + 1)
        else:
            with Path(source).open("rb") as file:
                data = file.read(LONGEST_FILE + 1)
    except OSError as error:
        fail(f"{source}: {error.strerror}")
    if len(data) > LONGEST_FILE:
        fail(f"{source}: longer than {LONGEST_FILE} bytes")
    return data


def _split(data: bytes) -> list[bytes]:
    lines = data.replace(b"\r\n", b"\r").replace(b"\n", b"\r").split(b"\r")
    is_batch = data.lstrip().startswith(_BATCH_MARKS)
    messages: list[bytes] = []
    for line in lines:
        if not messages or (line.startswith(b"MSH") and not is_batch):
            messages.append(b"")
        messages[-1] += line + b"\r" if line else b""
    return [message for message in messages if message]
