"""The fetcher against servers of its own: guarded, bounded, cached."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from llm_ui.wire import web as wire_web
from llm_ui.wire.web import Fetcher, Unreadable
from tests.web import Page, Web, article, web_server

PUBLIC = "93.184.216.34"


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    async with web_server() as running:
        yield running


class Names:
    """Names that lead where the test says; each answer is used once, the last for ever."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): found for name, found in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        found = self.answers.get(host)
        if found is None:
            raise OSError("no such name")
        return found.pop(0) if len(found) > 1 else found[0]


async def problem_of(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(Unreadable) as caught:
        await fetcher.fetch(url)
    assert caught.value.problem in wire_web.PROBLEMS
    return caught.value.problem


async def test_a_page_is_fetched_from_a_host_that_the_admin_names(web: Web) -> None:
    web.pages["/a"] = Page(article("Title", "Words."), kind="text/html; charset=ISO-8859-1")
    page = await Fetcher([web.host]).fetch(f"{web.url}/a#part")
    assert page.body == article("Title", "Words.")
    assert (page.url, page.kind, page.charset) == (f"{web.url}/a#part", "text/html", "iso-8859-1")
    assert web.asked == ["/a"]


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://127.0.0.1/", "http://[::1]/"],
)
async def test_ssrf_this_machine_is_never_asked(web: Web, url: str) -> None:
    assert await problem_of(Fetcher(), url.format(port=web.port)) == "refused"
    assert web.asked == []


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"])
async def test_ssrf_a_public_name_that_leads_inside_is_refused(address: str) -> None:
    names = Names(inside_example=[[address]])
    assert await problem_of(Fetcher(resolver=names), "http://inside.example/") == "refused"
    mixed = Names(inside_example=[[PUBLIC, address]])
    assert await problem_of(Fetcher(resolver=mixed), "http://inside.example/") == "refused"


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "100.100.100.200"])
async def test_ssrf_a_host_that_the_admin_names_may_lead_inside_but_to_no_metadata_service(
    address: str,
) -> None:
    """SSRF to metadata addresses, by a name that is an exception."""
    names = Names(wiki_lan=[[address]])
    fetcher = Fetcher(["wiki.lan"], resolver=names)
    assert await problem_of(fetcher, "http://wiki.lan/") == "unreachable"


async def test_ssrf_dns_rebinding_the_checked_address_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SSRF by DNS rebinding: the name answers with a public address first and with this
    machine ever after."""
    names = Names(rebind_example=[[PUBLIC], ["127.0.0.1"]])
    fetcher = Fetcher(resolver=names)
    connected: list[str] = []

    async def connect(_self: object, host: str, *_: object, **__: object) -> object:
        connected.append(host)
        raise wire_web.httpcore.ConnectError("nobody there")

    monkeypatch.setattr(wire_web.httpcore.AnyIOBackend, "connect_tcp", connect)
    assert await problem_of(fetcher, "http://rebind.example/") == "unreachable"
    assert connected == [PUBLIC]
    assert names.asked == ["rebind.example"]
    assert await problem_of(fetcher, "http://rebind.example/") == "refused"
    assert connected == [PUBLIC]


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/",
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://[::ffff:127.0.0.1]/",
        "file:///etc/passwd",
        "//10.0.0.1/",
        "http://inside.example/",
        "http://x@127.0.0.1/",
        "ftp://example.org/",
        "http://example.org:22/",
    ],
)
async def test_ssrf_each_redirect_is_checked_again(web: Web, target: str) -> None:
    """SSRF by redirect."""
    web.pages["/go"] = Page(status=302, headers={"location": target})
    names = Names(inside_example=[["10.0.0.1"]], **{"127_0_0_1": [["127.0.0.1"]]})
    assert await problem_of(Fetcher([web.host], resolver=names), f"{web.url}/go") == "refused"
    assert web.asked == ["/go"]


async def test_redirects_are_followed_five_times_at_most(web: Web) -> None:
    for n in range(8):
        web.pages[f"/{n}"] = Page(status=301, headers={"location": f"/{n + 1}"})
    web.pages["/5"] = Page(b"there", kind="text/plain")
    page = await Fetcher([web.host]).fetch(f"{web.url}/0")
    assert (page.url, page.body) == (f"{web.url}/5", b"there")
    web.pages["/5"] = Page(status=301, headers={"location": "/6"})
    assert await problem_of(Fetcher([web.host]), f"{web.url}/0") == "redirects"


async def test_too_large_pages_are_left_whatever_they_say_of_themselves(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire_web, "MOST_BYTES", 10_000)
    web.pages["/told"] = Page(b"x" * 10, headers={"content-length": "10001"})
    web.pages["/untold"] = Page(b"x" * 10_001)
    web.pages["/bomb"] = Page(gzip.compress(b"x" * 9_000_000), headers={"content-encoding": "gzip"})
    web.pages["/small"] = Page(gzip.compress(b"hello"), headers={"content-encoding": "gzip"})
    fetcher = Fetcher([web.host])
    for path in ("/told", "/untold", "/bomb"):
        assert await problem_of(fetcher, web.url + path) == "large", path
    assert (await fetcher.fetch(f"{web.url}/small")).body == b"hello"


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        (Page(status=404), "missing"),
        (Page(status=410), "missing"),
        (Page(status=403), "status"),
        (Page(status=500), "status"),
        (Page(b"%PDF", kind="application/pdf"), "kind"),
        (Page(b"x", kind="image/png"), "kind"),
        (Page(b"x", headers={"content-encoding": "br"}), "kind"),
        (Page(b"not gzip", headers={"content-encoding": "gzip"}), "unreachable"),
    ],
)
async def test_what_is_no_page_of_text_says_why(web: Web, page: Page, problem: str) -> None:
    web.pages["/x"] = page
    assert await problem_of(Fetcher([web.host]), f"{web.url}/x") == problem


async def test_a_slow_page_is_given_up(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_web, "TOTAL_S", 0.3)
    web.pages["/slow"] = Page(b"late", delay=30)
    assert await problem_of(Fetcher([web.host]), f"{web.url}/slow") == "slow"


async def test_nobody_there_and_no_such_name(web: Web) -> None:
    names = Names(known_example=[["127.0.0.1"]])
    assert await problem_of(Fetcher(resolver=names), "http://unknown.example/") == "unreachable"
    closed = "127.0.0.1:1"
    assert await problem_of(Fetcher([closed]), f"http://{closed}/") == "unreachable"


async def test_pages_are_cached_as_they_allow(web: Web, tmp_path: Path) -> None:
    web.pages["/keep"] = Page(b"keep", headers={"cache-control": "max-age=600"})
    web.pages["/fresh"] = Page(b"fresh", headers={"cache-control": "no-store"})
    web.pages["/own"] = Page(b"own", headers={"cache-control": "private, max-age=600"})
    for _ in range(2):
        fetcher = Fetcher([web.host], tmp_path)
        for path in ("/keep", "/fresh", "/own"):
            assert (await fetcher.fetch(web.url + path)).body == path[1:].encode()
        await fetcher.aclose()
    assert sorted(web.asked) == ["/fresh", "/fresh", "/keep", "/own", "/own"]


async def test_a_cache_that_has_grown_too_large_begins_anew(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.pages["/keep"] = Page(b"kept", headers={"cache-control": "max-age=600"})
    monkeypatch.setattr(wire_web, "CACHE_BYTES", 10)
    for _ in range(2):
        fetcher = Fetcher([web.host], tmp_path)
        assert (await fetcher.fetch(f"{web.url}/keep")).body == b"kept"
        await fetcher.aclose()
    assert web.asked == ["/keep", "/keep"]


async def test_a_cached_page_of_a_host_that_is_no_longer_allowed_is_not_given(
    web: Web, tmp_path: Path
) -> None:
    web.pages["/keep"] = Page(b"kept", headers={"cache-control": "max-age=600"})
    fetcher = Fetcher([web.host], tmp_path)
    await fetcher.fetch(f"{web.url}/keep")
    await fetcher.aclose()
    later = Fetcher([], tmp_path)
    assert await problem_of(later, f"{web.url}/keep") == "refused"
    await later.aclose()


async def test_a_cache_that_does_not_work_keeps_nobody_from_reading(
    web: Web, tmp_path: Path
) -> None:
    web.pages["/keep"] = Page(b"kept", headers={"cache-control": "max-age=600"})
    (tmp_path / wire_web.CACHE_FILE).write_bytes(b"no database" * 1000)
    fetcher = Fetcher([web.host], tmp_path)
    assert (await fetcher.fetch(f"{web.url}/keep")).body == b"kept"
    await fetcher.aclose()


async def test_a_full_cache_takes_no_more(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.pages["/keep"] = Page(b"kept", headers={"cache-control": "max-age=600"})
    fetcher = Fetcher([web.host], tmp_path)
    await fetcher.fetch(f"{web.url}/keep")
    monkeypatch.setattr(wire_web, "CACHE_BYTES", 10)
    await fetcher.fetch(f"{web.url}/keep")
    assert web.asked == ["/keep", "/keep"]
    await fetcher.aclose()
