"""Answers of several parts, sent while they are read (RFC 2387, PS3.18 §8.7.1)."""

import secrets
from collections.abc import Iterable, Iterator

from fastapi.responses import StreamingResponse

Content = Iterable[bytes]


def multipart(media_type: str, parts: Iterable[tuple[str, Content]]) -> StreamingResponse:
    """Give a multipart/related answer.

    Args:
        media_type: Of the parts, without parameters.
        parts: The media type of each with its parameters, and its content piece by piece.
    """
    boundary = secrets.token_hex(16)
    kind = f'multipart/related; type="{media_type}"; boundary={boundary}'
    return StreamingResponse(_written(boundary, parts), headers={"Content-Type": kind})


def _written(boundary: str, parts: Iterable[tuple[str, Content]]) -> Iterator[bytes]:
    for media_type, content in parts:
        yield f"--{boundary}\r\nContent-Type: {media_type}\r\n\r\n".encode()
        yield from content
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()
