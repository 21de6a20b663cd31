"""TLS towards a destination, as its fields say."""

import ssl

from dicomfabd.config import ConfigError
from dicomfabd.domain.delivery import Destination
from dicomfabd.domain.errors import Permanent
from dicomfabd.tls.door import client_context


def context_for(destination: Destination) -> ssl.SSLContext:
    """Give the context for connections to a destination; raises Permanent for a file that cannot be used."""
    try:
        context = client_context(destination.tls_ca, destination.tls_certificate, destination.tls_key)
    except ConfigError as error:
        raise Permanent(f"{destination.name}: tls_{error}") from error
    context.check_hostname = destination.tls_check_name
    return context
