"""A TCP or TLS connection to a PACS (PS3.15 B.12)."""

import socket
import ssl
from functools import lru_cache
from pathlib import Path

from dicomfabd.config import ConfigError
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import DestinationAway
from dicomfabd.tls.door import client_context


def connect(destination: Destination, name: str) -> socket.socket:
    """Connect to a destination, securely if it asks for that.

    Args:
        destination: Where to; every wait on the socket ends after its `timeout_s`.
        name: How errors call it.

    Raises:
        DestinationAway: Nobody answers there, the handshake fails, or our own PEM files cannot be used; says why.
    """
    try:
        plain = socket.create_connection((destination.host, destination.port), destination.timeout_s)
    except OSError as error:
        raise DestinationAway(f"{name} cannot be reached: {error.strerror or error}") from error
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not destination.tls:
        return plain
    try:
        return tls_context(destination).wrap_socket(plain, server_hostname=destination.host)
    except ssl.SSLCertVerificationError as error:
        plain.close()
        raise DestinationAway(f"{name} shows a certificate we do not trust: {error.verify_message}") from error
    except OSError as error:
        plain.close()
        raise DestinationAway(f"{name} does not speak TLS with us: {error.strerror or error}") from error
    except BaseException:
        plain.close()
        raise


def tls_context(destination: Destination) -> ssl.SSLContext:
    """Give the context for secured connections to a destination; files that changed are read again.

    Raises:
        DestinationAway: A file cannot be used; says which and why. It may be mended while studies wait.
    """
    files = (destination.tls_ca, destination.tls_certificate, destination.tls_key)
    try:
        return _context(files, destination.tls_check_name, tuple(map(_state, files)))
    except ConfigError as error:
        raise DestinationAway(f"destination {destination.name}: tls_{error}") from error


@lru_cache(maxsize=64)
def _context(
    files: tuple[str, str, str], checks_name: bool, _states: tuple[tuple[int, int] | None, ...]
) -> ssl.SSLContext:
    context = client_context(*files)
    context.check_hostname = checks_name
    return context


def _state(file: str) -> tuple[int, int] | None:
    if not file:
        return None
    try:
        status = Path(file).stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino
