"""FHS/BHS batches: cut into their messages, and put together again as an answer.

Standard: HL7 v2.5.1 §2.10.3. A frame that holds several MSH segments without the wrapping is cut as well: one answer
for several messages would lose all but one of them.
"""

import re
from typing import Final

_NEXT_MESSAGE: Final = re.compile(rb"[\r\n]+(?=MSH[^\w\s])")
_TRAILER: Final = re.compile(rb"[\r\n]+[BF]TS[^\w\s\r\n][^\r\n]*|[\r\n]+[BF][TH]S[^\r\n]*$")
_MARKS: Final = (b"FHS", b"BHS")
MOST_MESSAGES: Final = 10_000


def is_batch(raw: bytes) -> bool:
    """Tell whether a frame is more than one plain message; costs nearly nothing for the many that are not."""
    return raw[:3] in _MARKS or raw.find(b"\rMSH", 1) >= 0 or raw.find(b"\nMSH", 1) >= 0


def split(raw: bytes) -> list[bytes]:
    """Give the messages of a batch, in order, without headers and trailers; at most MOST_MESSAGES."""
    pieces = _NEXT_MESSAGE.split(raw, MOST_MESSAGES)
    messages = [piece for piece in pieces if piece[:3] == b"MSH"]
    return [_TRAILER.split(message, 1)[0] + b"\r" for message in messages]


def join(answers: list[bytes], stamp: str) -> bytes:
    """Put acknowledgments into one batch (BHS ... BTS)."""
    return b"BHS|^~\\&|||||" + stamp.encode() + b"\r" + b"".join(answers) + b"BTS|%d\r" % len(answers)
