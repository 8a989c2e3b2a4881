"""Addresses of pages: where they lead, under which name, and what half a request does to them."""

from __future__ import annotations

import httpx
import pytest

from tests.e2e.app import App
from tests.halves import HALVES, Half, many_files

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]


async def test_an_address_without_a_slash_leads_on_without_a_scheme(app: App) -> None:
    async with httpx.AsyncClient(base_url=app.url) as client:
        for host in (f"127.0.0.1:{app.port}", "localhost", "[::1]:80"):
            answer = await client.get("/login?next=/files", headers={"Host": host})
            assert answer.status_code == 307
            assert answer.headers["location"] == "/login/?next=/files"
        for path in ("//evil.test/..//login", "//login", "///login"):
            request = client.build_request("GET", app.url)
            request.url = request.url.copy_with(raw_path=path.encode())
            answer = await client.send(request)
            assert not answer.headers.get("location", "").startswith(("//", "http"))


async def test_a_page_is_not_shown_under_a_foreign_name(app: App) -> None:
    """DNS rebinding of our own server."""
    async with httpx.AsyncClient(base_url=app.url) as client:
        for path in ("/", "/login/", "/assets/x.js", "/health/live"):
            answer = await client.get(path, headers={"Host": "evil.test"})
            assert answer.status_code == 421


async def test_pages_are_shown_while_a_thousand_requests_hang(app: App) -> None:
    """Unbounded work without an account."""
    with many_files():
        opened = [
            await Half.send(app.port, HALVES[number % len(HALVES)], f"127.0.0.{1 + number % 20}")
            for number in range(1200)
        ]
        async with httpx.AsyncClient(base_url=app.url, timeout=8) as client:
            for path in ("/", "/login/", "/health/live"):
                assert (await client.get(path)).status_code == 200
        for each in opened:
            each.close()
