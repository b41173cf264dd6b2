"""Which IP addresses belong to the public network.

Sources: the IANA registries of special-purpose addresses (RFC 6890), as far as Python's `ipaddress`
knows them; what it does not know stands here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import Final, TypeAlias

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_REFUSED: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "168.63.129.16/32",  # public by number, but the inside of every machine at Azure
        "192.0.0.0/24",  # protocol assignments, with the metadata of Oracle's cloud
        "192.88.99.0/24",  # relays of 6to4, RFC 7526
        "2001::/23",  # protocol assignments, with Teredo: IPv4 in disguise
        "2002::/16",  # 6to4, RFC 3056: likewise
        "3fff::/20",  # documentation, RFC 9637
    )
)
_PUBLIC_IPV6: Final = ipaddress.IPv6Network("2000::/3")  # all that is handed out, RFC 4291
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: IPv4 in the last 32 bits
_IPV4_BITS: Final = 0xFFFFFFFF


def plain(address: IPAddress) -> IPAddress:
    """Return the IPv4 address that an IPv6 address stands for, else the address itself."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & _IPV4_BITS)
    return address


def is_public(address: IPAddress) -> bool:
    """Say whether an address belongs to a machine that anybody may reach.

    Private, loopback, link-local (with the metadata of clouds), multicast and reserved addresses
    do not, in whatever form they are written.
    """
    real = plain(address)
    if isinstance(real, ipaddress.IPv6Address) and real not in _PUBLIC_IPV6:
        return False
    special = real.is_multicast or real.is_reserved or real.is_unspecified or not real.is_global
    return not special and not is_among(real, _REFUSED)


def is_among(address: IPAddress, networks: Collection[IPNetwork]) -> bool:
    """Say whether an address lies in one of these networks."""
    real = plain(address)
    return any(real in network for network in networks)
