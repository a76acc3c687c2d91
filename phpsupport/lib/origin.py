"""Where a request comes from, for limits on how often: nothing that could be read is kept."""

from ipaddress import ip_address, ip_network

from allauth.account.adapter import get_adapter
from django.http import HttpRequest

from phpsupport.lib.encryption import digest

HOME = 64  # bits of an IPv6 address that one household or office is given; it owns all the rest


def network_of(address: str) -> str:
    """The address, or for IPv6 the network that its owner can choose addresses of freely."""
    try:
        found = ip_address(address.strip())
    except ValueError:
        return address
    if found.version == 6 and found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network(f"{found}/{HOME}", strict=False)) if found.version == 6 else str(found)


def origin_of(request: HttpRequest) -> str:
    """A keyed digest of the network that a request comes from."""
    return digest(network_of(get_adapter().get_client_ip(request)), "address")
