"""What browsers and scripts hold to be recognised, and what we keep of it."""

import hashlib
import hmac
import secrets
from typing import Final

TOKEN_PREFIX: Final = "fab_"  # noqa: S105 - what every token begins with, so that scanners for leaked ones find it
_BYTES: Final = 32


def new_session() -> str:
    """Give what a browser is to hold: 256 random bits."""
    return secrets.token_urlsafe(_BYTES)


def new_token() -> str:
    """Give the text of an API token: 256 random bits."""
    return TOKEN_PREFIX + secrets.token_urlsafe(_BYTES)


def digest_of(text: str) -> bytes:
    """Give the SHA-256 that is kept; of so many random bits nobody finds them again."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def csrf_of(session: str) -> str:
    """Give what a page of ours sends along to show that it is one: only who has the session can know it."""
    return hmac.new(session.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256).hexdigest()


def are_same(given: str, wanted: str) -> bool:
    """Compare in a time that tells nothing."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode("utf-8", "surrogatepass"))
