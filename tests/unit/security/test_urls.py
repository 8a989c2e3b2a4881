"""SSRF: nothing but the public web is fetched for a person or a page, however it is written."""

from __future__ import annotations

import pytest

from llm_ui.security.ssrf import (
    AddressRefused,
    checked_addresses,
    checked_base_url,
    checked_url,
    is_public,
    same_origin,
)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.169.254",
        "192.0.0.192",
        "192.0.2.1",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:a00:1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "::ffff:0:7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::1",
        "2001:db8::1",
        "not an address",
        "",
    ],
)
def test_private_loopback_link_local_and_metadata_addresses_are_not_public(address: str) -> None:
    """SSRF to metadata addresses."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1", "::ffff:1.1.1.1"])
def test_public_addresses_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.1/",
        "http://0/",
        "http://017700000001/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1./",
        "http://0x7f.0.0.0x1/",
        "http://１２７.0.0.1/",
        "http://①②⑦.⓪.⓪.①/",
        "http://1.1.1.1.0x7f/",
    ],
)
def test_decimal_octal_hex_and_mapped_hosts_are_refused(url: str) -> None:
    """SSRF by decimal or octal hosts, SSRF by IPv4-mapped IPv6."""
    with pytest.raises(AddressRefused):
        checked_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://example.org/",
        "data:text/html,x",
        "javascript:alert(1)",
        "//example.org/",
        "example.org",
        "",
        "http://",
        "http:///x",
        "http://example.org:22/",
        "http://example.org:6379/",
        "https://example.org:8443/",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://alice@example.org/",
        "http://alice:secret@example.org/",
        "http://example.org@127.0.0.1/",
        "http://127.0.0.1\\@example.org/",
        "http://example.org\\.evil.org/",
        "http://exa mple.org/",
        "http://example.org/\r\nHost: evil",
        "http://example.org/\x00",
        "http://%31%32%37.0.0.1/",
        "http://[fe80::1%25eth0]/",
        "http://[::1/",
        "http://./",
        "http://example.org/" + "x" * 2000,
    ],
)
def test_other_schemes_ports_and_disguises_are_refused(url: str) -> None:
    """SSRF by parser mismatch."""
    with pytest.raises(AddressRefused):
        checked_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org",
        "https://example.org/a?b=c#d",
        "https://example.org:443/",
        "http://example.org:80/",
        "https://bücher.example/",
        "https://1.1.1.1/",
        "https://example.org/a@b",
        "https://3com.example/",
        "https://[2606:4700::1]/",
    ],
)
def test_the_public_web_is_allowed(url: str) -> None:
    assert checked_url(url).host


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(AddressRefused):
        checked_addresses(["1.1.1.1", "10.0.0.1"])
    with pytest.raises(AddressRefused):
        checked_addresses([])


def test_an_admin_may_name_hosts_and_only_these() -> None:
    allowed = ("wiki.lan", "127.0.0.1:8123", "[::1]:8123")
    for url in ("http://wiki.lan/x", "http://127.0.0.1:8123/x", "http://[::1]:8123/"):
        assert checked_url(url, allowed)
    for url in (
        "http://wiki.lan:8080/",
        "http://127.0.0.1/",
        "http://127.0.0.1:8124/",
        "http://127.0.0.1:8123@10.0.0.1/",
        "http://x.wiki.lan:22/",
        "file://wiki.lan/etc/passwd",
    ):
        with pytest.raises(AddressRefused):
            checked_url(url, allowed)


# --- servers that an admin names ----------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/v1",
        "http://localhost:11434",
        "http://192.168.1.5/v1",
        "http://[fd00::1]:8080/v1",
        "https://api.example.org/openai/v1",
        "http://gpu-box:1234",
    ],
)
def test_an_admins_server_may_be_anywhere(url: str) -> None:
    assert checked_base_url(f"{url}/") == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host:8000",
        "//host/v1",
        "ftp://host",
        "file:///etc/passwd",
        "http://",
        "http:///v1",
        "http://user@host",
        "http://user:word@host/v1",
        "http://host@evil.example",
        "http://host/v1?key=1",
        "http://host/v1?",
        "http://host/v1#part",
        "http://ho st/v1",
        "http://host\\evil.example",
        "http://host\r\nx: y",
        "http://host:0x50",
        "http://host:99999",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://2852039166/",
        "http://169.254.169.254/",
        "http://[fe80::1]/",
        "http://[fe80::1%25eth0]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[ff02::1]/",
        "http://host/" + "x" * 500,
        "http://[fd00:ec2::254]/",
        "http://100.100.100.200/latest",
        "http://168.63.129.16:32526",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[::ffff:6464:64c8]/",
        "http://[2002:a9fe:a9fe::]/",
        "http://192.0.0.192/",
        "http://[fd20:ce::254]/",
        "http://metadata.google.internal/",
        "http://Metadata.Google.Internal./computeMetadata",
    ],
)
def test_what_hides_what_it_is_or_where_clouds_keep_secrets_is_refused(url: str) -> None:
    """SSRF to metadata addresses, by an administrator."""
    with pytest.raises(AddressRefused):
        checked_base_url(url)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a/v1", "http://a/v2", True),
        ("http://a", "http://a:80/v1", True),
        ("https://a", "https://A:443", True),
        ("http://a", "https://a", False),
        ("http://a:8000", "http://a:8001", False),
        ("http://a", "http://a.evil.example", False),
    ],
)
def test_a_secret_belongs_to_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert same_origin(one, other) is same
