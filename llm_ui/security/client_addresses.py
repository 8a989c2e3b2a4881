"""Client addresses: what identifies a caller for counting, and which ones are this machine.

A proxy appends the address it sees to X-Forwarded-For, so with N trusted proxies the Nth from the
end is the caller's: everything before it may be forged by the caller.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

# What one customer or one device has to itself.
IPV6_PREFIX = 64
# What is usually assigned to one customer as a whole.
WIDE_IPV4_PREFIX, WIDE_IPV6_PREFIX = 24, 48


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped
    return found


def network_of(address: str) -> str:
    """The network by which callers are counted: an IPv4 address, or the /64 of an IPv6 address,
    because someone who has one of its addresses usually has them all."""
    found = _parsed(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False))
    return address if found is None else str(found)


def wide_network_of(address: str) -> str:
    """The /24 of an IPv4 address, or the /48 of an IPv6 address: groups networks that may belong to
    one customer and are also counted individually."""
    found = _parsed(address)
    if found is None:
        return address
    prefix = WIDE_IPV4_PREFIX if isinstance(found, ipaddress.IPv4Address) else WIDE_IPV6_PREFIX
    return str(ipaddress.ip_network((found, prefix), strict=False))


def is_loopback(address: str) -> bool:
    """Whether an address is a loopback address."""
    found = _parsed(address)
    return found is not None and found.is_loopback


def names_this_machine(host: str) -> bool:
    """Whether the host of a URL, with or without a port, is one of this machine's own names."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    return name == "localhost" or name.endswith(".localhost") or is_loopback(name)


def _told(text: str) -> str:
    """Parse an address as proxies write it (bare, in brackets, with a port); "" if it is
    invalid."""
    bare = text.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    found = _parsed(bare)
    return "" if found is None else str(found)


def caller_of(peer: str, forwarded: Iterable[str], hops: int) -> str:
    """The caller's address.

    Args:
        peer: the other end of the connection.
        forwarded: the values of all X-Forwarded-For headers, in order.
        hops: how many proxies are in front of the server (TRUSTED_PROXIES).
    """
    told = [part for value in forwarded for part in value.split(",") if part.strip()]
    found = _told(told[-hops]) if hops and len(told) >= hops else ""
    return found or _told(peer) or peer


def is_address(host: str) -> bool:
    """Whether the host of a URL or a Host header is an address rather than a name."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return False
    return True
