"""Where a call comes from: what of an address tells one caller from another, and this machine."""

from __future__ import annotations

import ipaddress
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
