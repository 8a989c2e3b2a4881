"""SSRF protection: only public web addresses may be fetched on behalf of a user.

Users and pages may refer to any URL; it must not lead to this machine, its network, or a cloud's
metadata service. An admin may list exceptions (BROWSE_HOSTS), and may add model servers at any
address (`checked_base_url`).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

import httpx

PORTS = {"http": 80, "https": 443}
LONGEST_URL = 2000
LONGEST_BASE_URL = 500
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
# A last label that the C library parses as a number: 2130706433, 0x7f.1, 0177.0.0.1, 127.1.
_NUMERIC = re.compile(r"(?:\d+|0x[0-9a-f]*)", re.IGNORECASE)
_DOTTED = re.compile(r"(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})")
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
# Special-purpose ranges that some Python versions consider global.
_SPECIAL = tuple(
    ipaddress.ip_network(each)
    for each in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "100.64.0.0/10",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "100::/64",
        "fec0::/10",
    )
)
# Metadata services of clouds, besides the link-local ones: AWS and Google over IPv6, Alibaba,
# Azure, Oracle. Their well-known names are included because a proxy may resolve the name.
_METADATA = frozenset(
    ipaddress.ip_address(each)
    for each in ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
_METADATA_NAMES = frozenset({"metadata.google.internal", "metadata.goog", "instance-data"})


class AddressRefused(Exception):
    """An address that must not be fetched; the text says why, for the log."""


def checked_url(url: str, exceptions: Iterable[str] = ()) -> httpx.URL:
    """Validate the form of a URL.

    Args:
        exceptions: `host` or `host:port` that an admin allows, regardless of its address.

    Raises:
        AddressRefused: not http(s), a port of another service, an obfuscated host, or credentials
            in the URL. The addresses that the name resolves to are checked by `checked_addresses`.
    """
    if len(url) > LONGEST_URL or _FORBIDDEN.search(url):
        raise AddressRefused("it contains invalid characters")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressRefused(str(error)) from None
    if parsed.scheme not in PORTS or not parsed.host:
        raise AddressRefused("not a web address")
    if parsed.userinfo or "@" in url.split("?", 1)[0].split("#", 1)[0].split("/", 3)[2]:
        raise AddressRefused("it contains a username or password")
    port = PORTS[parsed.scheme] if parsed.port is None else parsed.port
    if is_exception(parsed.host, port, exceptions):
        return parsed
    if port not in PORTS.values():
        raise AddressRefused("not a standard web port")
    check_host(parsed.raw_host.decode("ascii"))
    return parsed


def checked_base_url(url: str) -> str:
    """Validate a server address entered by an admin; returns it without trailing slashes.

    It may be private, because models often run in a private network. It must not be obfuscated, nor
    be a cloud's metadata service; the addresses of a name are checked when connecting
    (wire/transport.py).

    Raises:
        AddressRefused: not http(s), no host, credentials in the URL, or a query.
    """
    if len(url) > LONGEST_BASE_URL or _FORBIDDEN.search(url):
        raise AddressRefused("it contains invalid characters")
    try:
        parsed = httpx.URL(url)
        port = parsed.port
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressRefused(str(error)) from None
    if parsed.scheme not in PORTS or not parsed.host:
        raise AddressRefused("not a web address")
    if parsed.userinfo or "@" in url or parsed.query or "?" in url or "#" in url:
        raise AddressRefused("it contains more than a scheme, host and path")
    if port is not None and not 1 <= port <= 65535:
        raise AddressRefused("not a port")
    _check_own_host(parsed.raw_host.decode("ascii"))
    return url.rstrip("/")


def _check_own_host(host: str) -> None:
    bare = host.strip("[]").rstrip(".")
    if not bare or "%" in bare:
        raise AddressRefused("not a host")
    if ":" in bare or _DOTTED.fullmatch(bare):
        try:
            ipaddress.ip_address(bare)
        except ValueError as error:
            raise AddressRefused(str(error)) from None
        if not may_be_reached(bare):
            raise AddressRefused("not a valid address for a model server")
    elif _NUMERIC.fullmatch(bare.rpartition(".")[2]):
        raise AddressRefused("a number instead of a host name")
    elif bare.lower() in _METADATA_NAMES:
        raise AddressRefused("the name of a metadata service")


def may_be_reached(address: str) -> bool:
    """Whether a server entered by an admin may have this IP address, in any notation: private
    addresses too, but not link-local, multicast or metadata service addresses."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    meant = (ip, _hidden(ip))
    return not any(
        each is not None and (each.is_link_local or each.is_multicast or each in _METADATA)
        for each in meant
    )


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs have the same origin: scheme, host and port."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str, int | None]:
    parsed = httpx.URL(url)
    return parsed.scheme, parsed.host, parsed.port or PORTS.get(parsed.scheme)


def check_host(host: str) -> None:
    """Raise AddressRefused for a literal address that is not public, or is obfuscated."""
    bare = host.strip("[]").rstrip(".")
    if "%" in bare or not bare:
        raise AddressRefused("not a host")
    if ":" in bare or _DOTTED.fullmatch(bare):
        checked_addresses([bare])
    elif _NUMERIC.fullmatch(bare.rpartition(".")[2]):
        raise AddressRefused("a number instead of a host name")


def checked_addresses(found: Iterable[str]) -> list[str]:
    """The addresses of a name, provided that all of them are public.

    Raises:
        AddressRefused: there is none, or one of them is not public.
    """
    addresses = list(found)
    if not addresses or not all(is_public(each) for each in addresses):
        raise AddressRefused("its address is not public")
    return addresses


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet, in any notation."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    hidden = _hidden(ip)
    if hidden is not None and isinstance(ip, ipaddress.IPv6Address):
        # A tunnel to an IPv4 address: a page reachable only this way is not worth the risk.
        return ip.ipv4_mapped is not None and is_public(str(hidden))
    special = ip.is_multicast or ip.is_reserved or ip.is_unspecified
    return ip.is_global and not special and not any(ip in each for each in _SPECIAL)


def _hidden(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | None:
    """The IPv4 address embedded in an IPv6 address, if any."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    hidden = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
    if hidden is None and (any(ip in net for net in _NAT64) or int(ip) < 2**32):
        hidden = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return hidden


def is_exception(host: str, port: int, exceptions: Iterable[str]) -> bool:
    """Whether an admin has listed this host (with this port, or without one for the web's own
    ports)."""
    name = host.strip("[]").rstrip(".").lower()
    for each in exceptions:
        allowed, colon, wanted = each.lower().rpartition(":")
        if not colon or not wanted.isdigit():
            if name == each.lower().strip("[]") and port in PORTS.values():
                return True
        elif name == allowed.strip("[]") and port == int(wanted):
            return True
    return False
