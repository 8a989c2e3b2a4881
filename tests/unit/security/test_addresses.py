"""What of an address tells callers apart, and which of them is this machine."""

import pytest

from llm_ui.auth import client_of
from llm_ui.security.client_addresses import caller_of, is_address, names_this_machine, network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_callers_are_counted_by_address_or_by_their_network(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:3000",
        "LOCALHOST.",
        "app.localhost:1",
        "127.0.0.1:3000",
        "127.1.2.3",
        "[::1]:3000",
        "[::1]",
    ],
)
def test_a_machine_knows_its_own_names(host: str) -> None:
    assert names_this_machine(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "example.org",
        "localhost.example.org:80",
        "127.0.0.1.nip.io",
        "192.0.2.1",
        "[",
        "a@b",
        ":",
    ],
)
def test_and_no_other_one(host: str) -> None:
    assert not names_this_machine(host)


@pytest.mark.parametrize(
    ("address", "headers", "is_here"),
    [
        ("127.0.0.1", {"host": "localhost:3000"}, True),
        ("::1", {"host": "[::1]:3000"}, True),
        ("127.0.0.1", {}, True),
        ("172.17.0.1", {"host": "localhost:3000"}, False),
        ("127.0.0.1", {"host": "chat.example.org"}, False),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "127.0.0.1"}, False),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": ""}, False),
        ("127.0.0.1", {"host": "localhost", "forwarded": "for=127.0.0.1"}, False),
        ("127.0.0.1", {"host": "localhost", "x-real-ip": "127.0.0.1"}, False),
        ("127.0.0.1", {"host": "localhost", "via": "1.1 proxy"}, False),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-proto": "https"}, False),
        ("127.0.0.1", {"host": "localhost", "X-Forwarded-Anything": "x"}, False),
        # A proxy that hands on neither its name nor anything of its own, as nginx by default.
        ("127.0.0.1", {"host": "127.0.0.1:3000", "connection": "close"}, False),
        ("127.0.0.1", {"host": "127.0.0.1:3000", "origin": "https://chat.example.org"}, False),
        ("127.0.0.1", {"host": "127.0.0.1:3000", "origin": "null"}, False),
        ("127.0.0.1", {"host": "127.0.0.1:3000", "origin": ""}, True),
        ("127.0.0.1", {"host": "localhost:3000", "origin": "http://localhost:3000"}, True),
        ("127.0.0.1", {"host": "localhost:3000", "connection": "keep-alive"}, True),
        ("localhost", {}, False),
        ("", {}, False),
    ],
)
def test_who_is_at_this_machine(address: str, headers: dict[str, str], is_here: bool) -> None:
    assert client_of(address, headers).is_here is is_here


def test_behind_proxies_nobody_is(settings_env) -> None:
    settings_env("TRUSTED_PROXIES", "1")
    assert not client_of("127.0.0.1", {"host": "localhost"}).is_here


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("https://chat.example.org", False),
        ("https://chat.example.org:3000/chat", False),
        ("http://192.0.2.1:3000", False),
        ("http://localhost:8080", True),
        ("http://127.0.0.1:3000", True),
    ],
)
def test_where_a_name_of_elsewhere_is_set_nobody_is(settings_env, url: str, is_here: bool) -> None:
    """First account taken or raced: behind a proxy that hands on nothing at all."""
    settings_env("PUBLIC_URL", url)
    assert client_of("127.0.0.1", {"host": "127.0.0.1:3000"}).is_here is is_here


@pytest.mark.parametrize(
    ("forwarded", "hops", "found"),
    [
        ([], 0, "10.0.0.1"),
        (["9.9.9.9"], 0, "10.0.0.1"),
        ([], 1, "10.0.0.1"),
        (["9.9.9.9"], 1, "9.9.9.9"),
        # What stands before what the trusted proxies wrote, the caller may have written.
        (["1.2.3.4, 9.9.9.9"], 1, "9.9.9.9"),
        (["1.2.3.4, 9.9.9.9, 10.0.0.7"], 2, "9.9.9.9"),
        (["9.9.9.9"], 2, "10.0.0.1"),
        # Some proxies add a header of their own rather than a part of it.
        (["1.2.3.4", "9.9.9.9"], 1, "9.9.9.9"),
        (["1.2.3.4,,", " 9.9.9.9 "], 1, "9.9.9.9"),
        # With a port, in brackets, as IPv4 within IPv6.
        (["9.9.9.9:5123"], 1, "9.9.9.9"),
        (["[2001:db8::1]:5123"], 1, "2001:db8::1"),
        (["2001:DB8::1"], 1, "2001:db8::1"),
        (["::ffff:9.9.9.9"], 1, "9.9.9.9"),
        # What is no address is nobody's.
        (["unknown"], 1, "10.0.0.1"),
        (["<script>"], 1, "10.0.0.1"),
    ],
)
def test_the_caller_is_whom_the_trusted_proxies_name(forwarded: list[str], hops: int, found: str):
    assert caller_of("10.0.0.1", forwarded, hops) == found


def test_who_comes_without_a_proxy_is_the_peer():
    assert caller_of("::ffff:10.0.0.1", [], 0) == "10.0.0.1"
    assert caller_of("", [], 1) == ""


def test_names_are_told_from_addresses():
    assert is_address("127.0.0.1")
    assert is_address("[::1]")
    assert is_address("::1")
    for name in ("localhost", "example.org", "127.1", "2130706433", "0x7f.1", "", "1.2.3.4.nip.io"):
        assert not is_address(name)
