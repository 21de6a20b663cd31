"""Whose address is meant."""

import pytest

from dicomfabd.domain.addresses import Addresses, plain_address


@pytest.mark.parametrize(
    ("networks", "host", "expected"),
    [
        ([], "10.1.2.3", True),
        ([], "", True),
        (["10.1.2.3"], "10.1.2.3", True),
        (["10.1.2.0/24"], "10.1.2.255", True),
        (["10.1.2.0/24"], "10.1.3.0", False),
        (["10.1.2.0/24"], "::ffff:10.1.2.9", True),
        (["fd00::/8"], "fd00::1", True),
        (["fd00::/8"], "10.1.2.3", False),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["0.0.0.0/0"], "ris.example", False),
        (["0.0.0.0/0"], "", False),
    ],
)
def test_an_address_is_in_a_network_or_not(networks, host, expected):
    """IPv4, IPv6, and IPv4 as a socket for both shows it; no network is every address."""
    assert expected == (host in Addresses(networks))


@pytest.mark.parametrize(
    ("host", "expected"),
    [("10.1.2.3", "10.1.2.3"), ("::ffff:10.1.2.3", "10.1.2.3"), ("fe80::1%eth0", "fe80::1"), ("FD00:0::1", "fd00::1")],
)
def test_a_peer_has_one_name_however_its_address_is_written(host, expected):
    """Limits are counted by it."""
    assert expected == plain_address(host)
