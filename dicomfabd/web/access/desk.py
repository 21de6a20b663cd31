"""What the access room works with, given by the composition root."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from dicomfabd.config import Web
from dicomfabd.domain.addresses import is_loopback
from dicomfabd.store.accounts_interface import Accounts
from dicomfabd.web.access.passwords import Passwords


@dataclass(frozen=True, slots=True)
class AccessDesk:
    """Who may use the page, and how they are recognised.

    Attributes:
        clock: Gives Unix seconds.
        ticks: Gives seconds that only go forward.
    """

    accounts: Accounts
    settings: Web
    passwords: Passwords = field(default_factory=Passwords)
    clock: Callable[[], float] = time.time
    ticks: Callable[[], float] = time.monotonic

    @property
    def is_local(self) -> bool:
        """True where nobody but this machine can connect."""
        return is_loopback(self.settings.host)

    def is_open(self) -> bool:
        """Tell whether nobody has to sign in: there is no user, and no provider that could bring one. Blocks."""
        return not self.settings.oidc.is_on and not self.accounts.has_users()
