"""People on their way to the identity provider and back; what has to come back is with their browsers."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Final

from dicomfabd.web.access.keys import are_same
from dicomfabd.web.access.oidc import Attempt

_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Journey:
    """One way there and back; `next` is the page it is to end on."""

    attempt: Attempt
    next: str
    began_at: float


class Journeys:
    """Seals journeys for a cookie, so that strangers who begin many cost us nothing. Thread-safe."""

    longest_s: Final = 600.0

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take what gives Unix seconds; seals of an earlier start do not count."""
        self._clock = clock
        self._key = secrets.token_bytes(_KEY_BYTES)

    def begin(self, next_: str) -> Journey:
        """Give a journey that begins now."""
        attempt = Attempt(*(secrets.token_urlsafe(_KEY_BYTES) for _ in range(3)))
        return Journey(attempt, next_, self._clock())

    def sealed(self, journey: Journey) -> str:
        """Give a journey as a cookie's value that nobody can make or change."""
        text = json.dumps([*astuple(journey.attempt), journey.next, journey.began_at])
        content = base64.urlsafe_b64encode(text.encode()).decode()
        return f"{content}.{self._seal(content)}"

    def opened(self, cookie: str, state: str) -> Journey | None:
        """Give the journey of a cookie if it is one of ours, not too old, and the one that comes back."""
        content, _, seal = cookie.partition(".")
        if not content or not are_same(seal, self._seal(content)):
            return None
        try:
            *attempt, next_, began_at = json.loads(base64.urlsafe_b64decode(content))
        except (ValueError, binascii.Error):
            return None
        journey = Journey(Attempt(*attempt), next_, began_at)
        is_fresh = 0 <= self._clock() - journey.began_at < self.longest_s
        return journey if is_fresh and are_same(state, journey.attempt.state) else None

    def _seal(self, content: str) -> str:
        return hmac.new(self._key, content.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
