"""How often somebody may try to sign in."""

import ipaddress
import math
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

WINDOW_S: Final = 60.0
MOST_PER_ACCOUNT: Final = 5
MOST_PER_ADDRESS: Final = 30
_MOST_KEPT: Final = 10_000
_IPV6_SITE_BITS: Final = 64  # somebody who has one address has all of these


class SignInLimits:
    """Counts attempts of the last minute, by account and address and by address alone; for one thread only."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        """Take what gives seconds that only go forward."""
        self._ticks = ticks
        self._attempts: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def enter(self, account: str, address: str) -> int:
        """Note an attempt and give 0, or give the seconds to wait for where there were too many, and note nothing."""
        now = self._ticks()
        site = _site(address)
        limits = {(account, site): MOST_PER_ACCOUNT, ("", site): MOST_PER_ADDRESS}
        waits = [self._wait(key, most, now) for key, most in limits.items()]
        if any(waits):
            return math.ceil(max(waits))
        for key in limits:
            self._attempts.setdefault(key, deque()).append(now)
            self._attempts.move_to_end(key)
        while len(self._attempts) > _MOST_KEPT:
            self._attempts.popitem(last=False)
        return 0

    def forgive(self, account: str, address: str) -> None:
        """Forget the attempts on an account: its owner is there."""
        self._attempts.pop((account, _site(address)), None)

    def _wait(self, key: tuple[str, str], most: int, now: float) -> float:
        attempts = self._attempts.get(key)
        if attempts is None:
            return 0
        while attempts and attempts[0] <= now - WINDOW_S:
            attempts.popleft()
        return attempts[0] + WINDOW_S - now if len(attempts) >= most else 0


def _site(address: str) -> str:
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is None:
        return str(ipaddress.ip_network((known, _IPV6_SITE_BITS), strict=False))
    return address
