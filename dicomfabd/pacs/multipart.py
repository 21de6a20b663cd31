"""multipart/related as DICOMweb uses it (RFC 2387, PS3.18 §8.6.1.2): parts read from a stream, bounded, one by one."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

LONGEST_HEADER: Final = 16 * 1024
_BOUNDARY: Final = re.compile(r"""boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))""", re.IGNORECASE)
_END_OF_HEADER: Final = b"\r\n\r\n"


class MultipartError(ValueError):
    """What came is no multipart body, or larger than what is taken."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part; names of headers are in lower case."""

    headers: Mapping[str, str]
    body: bytes


def boundary_of(content_type: str) -> bytes:
    """Give the boundary a Content-Type names; raises MultipartError."""
    found = _BOUNDARY.search(content_type)
    if not content_type.lower().lstrip().startswith("multipart/") or not found:
        raise MultipartError("the answer is not multipart")
    return (found.group(1) or found.group(2)).encode("latin-1", "replace")


def parts(pieces: Iterable[bytes], boundary: bytes, largest: int) -> Iterator[Part]:
    """Give the parts of a body as they arrive.

    Args:
        pieces: The body, cut anywhere.
        boundary: As `boundary_of` gives it.
        largest: Most bytes of one part.

    Raises:
        MultipartError: It ends before its closing boundary, or a part is larger.
    """
    reader = _Reader(pieces)
    delimiter = b"\r\n--" + boundary
    # The first delimiter has no line break before it where nothing precedes it.
    reader.buffer += b"\r\n"
    reader.until(delimiter, LONGEST_HEADER)
    while True:
        ending = reader.exactly(2)
        if ending == b"--":
            return
        if ending != b"\r\n":
            # Blanks may follow a boundary (RFC 2046 §5.1.1).
            reader.until(b"\r\n", LONGEST_HEADER)
        reader.buffer[:0] = b"\r\n"
        head = reader.until(_END_OF_HEADER, LONGEST_HEADER)
        yield Part(_headers(head), reader.until(delimiter, largest))


class _Reader:
    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.buffer = bytearray()
        self._pieces = iter(pieces)

    def until(self, mark: bytes, most: int) -> bytes:
        """Give what stands before a mark, and go on after it."""
        searched = 0
        while (at := self.buffer.find(mark, max(0, searched - len(mark)))) < 0:
            searched = len(self.buffer)
            if searched > most + len(mark):
                raise MultipartError(f"a part of the answer has more than {most} bytes")
            self._more()
        if at > most:
            raise MultipartError(f"a part of the answer has more than {most} bytes")
        before = bytes(memoryview(self.buffer)[:at])
        del self.buffer[: at + len(mark)]
        return before

    def exactly(self, size: int) -> bytes:
        """Give so many bytes."""
        while len(self.buffer) < size:
            self._more()
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    def _more(self) -> None:
        try:
            self.buffer += next(self._pieces)
        except StopIteration:
            raise MultipartError("the answer ends before its closing boundary") from None


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
