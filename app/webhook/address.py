"""Which addresses the public internet has: our own table, since `ipaddress` and use disagree."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

_NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared (CGNAT), metadata of some clouds
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's wire server: looks public, is not
        "169.254.0.0/16",  # link-local, metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, metadata of one cloud
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, deprecated
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, deprecated: leads to any IPv4 address
        "3fff::/20",  # documentation
    )
)
"""Source: IANA's IPv4 and IPv6 Special-Purpose Address Registries, multicast, and two clouds."""

_GLOBAL_UNICAST = ip_network("2000::/3")  # the only IPv6 space that IANA gives out

_EMBEDDING = (
    IPv6Network("::ffff:0:0/96"),  # IPv4-mapped
    IPv6Network("64:ff9b::/96"),  # NAT64
)
"""The two forms in use, read as the address inside. SIIT, IPv4-compatible and local NAT64 addresses
stand outside the global unicast space and 6to4 in the table: refused, whatever is inside."""


def parse_address(text: str) -> Address | None:
    """Read a literal in its one plain spelling; None for a name, a scope or any other spelling."""
    if "%" in text:
        return None
    try:
        return ip_address(text)
    except ValueError:
        return None


def embedded_address(address: Address) -> Address:
    """Give the IPv4 address that an IPv6 address stands for; any other address itself."""
    if any(address in network for network in _EMBEDDING):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def is_public(address: Address) -> bool:
    """Whether a webhook may go there without the operator's leave."""
    inner = embedded_address(address)
    if inner.version == 6 and inner not in _GLOBAL_UNICAST:
        return False
    return not any(inner in network for network in _NOT_PUBLIC)
