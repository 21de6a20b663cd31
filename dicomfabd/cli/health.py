"""health: asked every few seconds by whoever watches a container, so it reads little."""

import http.client

from dicomfabd.cli.console import ConfigOption, address_of, fail, out, settings_or_fail


def health(config: ConfigOption = None) -> None:
    """Ask the running daemon whether it is ready; exit code 0 if it is."""
    settings = settings_or_fail(config)
    address = address_of(settings, "page", settings.web.host, settings.web.port)
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        text = response.read().decode()
    except OSError as error:
        fail(f"no daemon answers at {address}: {error.strerror or error}")
    finally:
        connection.close()
    if response.status != 200:
        fail(text.strip())
    out.print("ready")
