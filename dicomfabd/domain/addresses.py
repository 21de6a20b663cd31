"""Network addresses of peers: each by one name, and whether it is among those that are meant."""

import ipaddress
from collections.abc import Iterable


class Addresses:
    """The addresses of some networks; of no network, every address. `host in addresses` takes a few microseconds."""

    def __init__(self, networks: Iterable[str]) -> None:
        """Take addresses and networks in CIDR form; raises ValueError for what is neither."""
        self._networks = [ipaddress.ip_network(network) for network in networks]

    def __contains__(self, host: str) -> bool:
        if not self._networks:
            return True
        try:
            address = _address(host)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def plain_address(host: str) -> str:
    """Give an IPv4 address that came by an IPv6 socket as IPv4, without a zone, so that a peer has one name."""
    return str(_address(host))


def is_loopback(host: str) -> bool:
    """Tell whether a name or an address is this machine's own, whatever a name server says."""
    if host.lower() == "localhost":
        return True
    try:
        return _address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
