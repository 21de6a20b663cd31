"""Who may use the page: what it works with, and whether it may be opened to others at all."""

from dicomfabd.config import ConfigError, Web
from dicomfabd.store.accounts_interface import Accounts
from dicomfabd.web.access.desk import AccessDesk


def access_desk_of(settings: Web, accounts: Accounts) -> AccessDesk:
    """Give the desk.

    Raises:
        ConfigError: The page would be open to everybody who can reach it.
    """
    desk = AccessDesk(accounts, settings)
    if not desk.is_local and desk.is_open():
        raise ConfigError(
            f"web.host = {settings.host!r}: others could reach the page, and nobody has to sign in. Add the first user"
            " with `dicomfabd users add NAME --admin`, name an identity provider in [web.oidc], or use 127.0.0.1."
        )
    return desk
