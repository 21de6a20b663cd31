"""By which names the page may be asked for: a name server of somebody else may lead to us too (DNS rebinding)."""

from typing import Final
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

from dicomfabd.config import Web
from dicomfabd.domain.addresses import is_loopback

OF_PROXIES: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


def host_of(request: Request) -> str:
    """Give the name the page was asked for, in lower case without port; empty where there is none, or several."""
    given = request.headers.getlist("host")
    if len(given) != 1:
        return ""
    try:
        return urlsplit(f"//{given[0]}").hostname or ""
    except ValueError:
        return ""


def check_local(request: Request) -> None:
    """See that this machine was asked by a name of its own, and by no proxy; raises HTTPException 421 or 403."""
    if not is_loopback(host_of(request)):
        raise HTTPException(
            421,
            "while there are no users, ask for this machine by 127.0.0.1, [::1] or localhost. Add a user, or use it.",
        )
    # A proxy on this machine asks by such a name, for whoever asked it.
    if any(name in request.headers for name in OF_PROXIES):
        raise HTTPException(403, "while there are no users, nobody comes through a proxy. Add a user first.")


def check_named(request: Request, settings: Web) -> None:
    """See that the page was asked for by a name of the settings, if those name any; raises HTTPException 421."""
    if not settings.allowed_hosts:
        return
    names = {name.lower().strip("[]") for name in settings.allowed_hosts}
    if settings.public_url:
        names.add(urlsplit(settings.public_url).hostname or "")
    host = host_of(request)
    if host not in names and not is_loopback(host):
        raise HTTPException(421, "this is not a name the page may be asked for by; web.allowed_hosts lists those")
