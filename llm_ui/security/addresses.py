"""Where a call comes from: what of an address tells one caller from another, and this machine.

A proxy appends the address that it sees to X-Forwarded-For, so with N trusted proxies the Nth
from the end is the caller's: whatever stands before it the caller may have written.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

# What one customer or one device has to itself.
IPV6_PREFIX = 64


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped
    return found


def network_of(address: str) -> str:
    """By what callers are counted: an IPv4 address, or the /64 of an IPv6 one, since whoever has
    one address of it has them all."""
    found = _parsed(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False))
    return address if found is None else str(found)


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own."""
    found = _parsed(address)
    return found is not None and found.is_loopback


def names_this_machine(host: str) -> bool:
    """Whether the host of a URL, with its port or without, is this machine by its own name."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    return name == "localhost" or name.endswith(".localhost") or is_loopback(name)


def _told(text: str) -> str:
    """An address as proxies write it (bare, in brackets, with a port), or "" if it is none."""
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
        peer: who is at the other end of the connection.
        forwarded: the values of every X-Forwarded-For header, in their order.
        hops: how many proxies stand before the server (TRUSTED_PROXIES).
    """
    told = [part for value in forwarded for part in value.split(",") if part.strip()]
    found = _told(told[-hops]) if hops and len(told) >= hops else ""
    return found or _told(peer) or peer


def is_address(host: str) -> bool:
    """Whether a host, as a URL or a Host header has it, is an address rather than a name."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return False
    return True
