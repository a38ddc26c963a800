"""How far an IP address means the same host: what somebody outside names must not lead to somebody inside."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

_BROADCAST: Final = IPv4Address("255.255.255.255")

_NETWORK: Final[tuple[IPv4Network | IPv6Network, ...]] = tuple(
    ip_network(text)
    for text in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10")
)


class Reach(IntEnum):
    """From where an address is the same host; the wider, the greater."""

    NOWHERE = 0
    MACHINE = 1
    LINK = 2
    NETWORK = 3
    WORLD = 4


@lru_cache(maxsize=4096)
def reach_of(host: str) -> Reach:
    """The reach of an IP address; NOWHERE for what is no address of one host: multicast, broadcast, unspecified."""
    try:
        ip = ip_address(host)
    except ValueError:
        return Reach.NOWHERE
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or ip
    if ip.is_unspecified or ip.is_multicast or ip == _BROADCAST:
        return Reach.NOWHERE
    if isinstance(ip, IPv4Address) and ip.packed[0] == 0:  # "this network" (RFC 1122 §3.2.1.3)
        return Reach.NOWHERE
    if ip.is_loopback:
        return Reach.MACHINE
    if ip.is_link_local:
        return Reach.LINK
    return Reach.NETWORK if any(ip in network for network in _NETWORK) else Reach.WORLD
