"""Passwords: what one must be like, and their argon2id hashes."""

import secrets
import unicodedata
from functools import cached_property
from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST: Final = 12
LONGEST: Final = 256
_MOST_HASHING: Final = 3  # at once, whoever asks; sign-ins leave one to those who change a password


class Passwords:
    """Hashes and checks passwords, at some 64 MB and 50 to 200 ms each. Thread-safe."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """Take what hashes; by default with the second parameters that RFC 9106 recommends."""
        self._hasher = hasher or PasswordHasher()
        self._turns = BoundedSemaphore(_MOST_HASHING)

    def hash(self, password: str) -> str:
        """Give the hash of a password, with its salt and parameters."""
        with self._turns:
            return self._hasher.hash(_plain(password))

    def verify(self, password: str, known: str) -> bool:
        """Tell whether a password is the one of a hash; of no hash it takes as long to say no."""
        dummy = self._dummy
        try:
            with self._turns:
                self._hasher.verify(known or dummy, _plain(password))
        except (VerificationError, InvalidHashError):
            return False
        return bool(known)

    @cached_property
    def _dummy(self) -> str:
        return self.hash(secrets.token_urlsafe())


def _plain(password: str) -> bytes:
    # Two keyboards may write one letter as one character or as two.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
