"""Tells systemd how the start goes (sd_notify(3)): one datagram to the socket it names."""

import os
import socket


def notify(state: str) -> None:
    """Send a state such as `READY=1`; does nothing when systemd did not start us."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
        # A leading @ stands for the abstract namespace.
        connection.connect("\0" + address[1:] if address.startswith("@") else address)
        connection.sendall(state.encode())
