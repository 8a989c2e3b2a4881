"""Under which name the server is called, from where, and where it sends people."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.api.http.callers import is_known_host, relative
from llm_ui.db import Database, unit_of_work
from llm_ui.models import MonitoringLog
from tests.api.conftest import Caller
from tests.conftest import People

EVIL = (
    "evil.test",
    "evil.test:3000",
    "localhost.evil.test",
    "127.0.0.1.evil.test",
    "evil.test.",
    "chat.example.org.evil.test",
    "localhost@evil.test",
    "evil.test/localhost",
    "127.1",
    "2130706433",
    "0x7f000001",
    "",
    "localhost:3000:3000",
    "[evil.test]",
    "a b",
    "\tlocalhost",
)


@pytest.mark.parametrize("host", EVIL)
async def test_a_name_that_is_not_ours_is_refused_everywhere(visitor: Caller, host: str) -> None:
    """DNS rebinding of our own server: somebody else's name may lead here, and Origin and Host
    of their page are then the same."""
    for method, path in (
        ("POST", "/api/v1/auth/register"),
        ("GET", "/api/v1/models"),
        ("GET", "/health/live"),
        ("GET", "/"),
        ("GET", "/setup"),
        ("GET", "/api/docs"),
    ):
        headers = {"Host": host, "Origin": f"http://{host}"}
        answer = await visitor.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host"), path
        assert "evil" not in answer.text


async def test_nobody_makes_an_account_under_a_foreign_name(
    visitor: Caller, people: People, settings_env: Callable[[str, str], None]
) -> None:
    """DNS rebinding of our own server: with PUBLIC_URL as well."""
    settings_env("PUBLIC_URL", "https://chat.example.org")
    account = {"email": "e@evil.test", "username": "eve", "password": "correct horse battery"}
    evil = {"Host": "evil.test", "Origin": "http://evil.test"}
    answer = await visitor.post("/api/v1/auth/register", json=account, headers=evil)
    assert answer.status_code == 421
    own = {"Host": "chat.example.org", "Origin": "https://chat.example.org"}
    answer = await visitor.post("/api/v1/auth/register", json=account, headers=own)
    assert answer.status_code == 201


def test_the_names_of_the_settings_localhost_and_addresses_are_ours(
    settings_env: Callable[[str, str], None],
) -> None:
    settings_env("PUBLIC_URL", "https://Chat.Example.org/")
    settings_env("EXTRA_ORIGINS", "http://llm-ui:3000,https://old.example.org")
    for host in (
        "chat.example.org",
        "CHAT.example.org:8443",
        "chat.example.org.",
        "old.example.org",
        "llm-ui:3000",
        "localhost",
        "localhost:3000",
        "127.0.0.1:3000",
        "192.168.1.7",
        "[::1]:3000",
        "[fd00::7]",
    ):
        assert is_known_host(host), host
    for host in EVIL:
        assert not is_known_host(host), host


async def test_two_names_at_once_are_none(visitor: Caller) -> None:
    """DNS rebinding of our own server."""
    two = [("Host", "localhost"), ("Host", "evil.test")]
    assert (await visitor.get("/health/live", headers=two)).status_code == 421


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("http://chat.example.org/login/", "/login/"),
        ("http://chat.example.org/chat/?a=1&b=//x#y", "/chat/?a=1&b=//x#y"),
        ("http://chat.example.org", "/"),
        # As a path alone this would be the address of another server.
        ("http://chat.example.org//evil.test/", "/evil.test/"),
        ("http://chat.example.org///evil.test/", "/evil.test/"),
        ("//chat.example.org//evil.test/", "/evil.test/"),
        ("/login/", "/login/"),
        ("login/", "login/"),
        ("https://elsewhere.example/x", "https://elsewhere.example/x"),
    ],
)
def test_redirects_to_ourselves_have_no_scheme_and_lead_nowhere_else(
    location: str, shown: str
) -> None:
    assert relative(location, "chat.example.org") == shown


async def test_browsers_keep_to_https_where_people_come_by_it(
    visitor: Caller, settings_env: Callable[[str, str], None]
) -> None:
    assert "strict-transport-security" not in (await visitor.get("/health/live")).headers
    settings_env("PUBLIC_URL", "https://chat.example.org")
    for path in ("/health/live", "/api/v1/models", "/api/docs"):
        answer = await visitor.get(path, headers={"Host": "chat.example.org"})
        assert answer.headers["strict-transport-security"] == "max-age=15552000"


async def signed_in_from(visitor: Caller, *forwarded: str) -> str:
    """The address that a wrong password is noted with."""
    wrong = {"email": "bob@example.org", "password": "a wrong one, really"}
    headers = [("X-Forwarded-For", each) for each in forwarded]
    answer = await visitor.post("/api/v1/auth/login", json=wrong, headers=headers)
    assert answer.status_code == 401
    newest = (
        sa.select(col(MonitoringLog.address))
        .where(col(MonitoringLog.log_type) == "sign_in.failed")
        .order_by(col(MonitoringLog.id).desc())
        .limit(1)
    )
    async with unit_of_work(writes=False) as session:
        return str(await session.scalar(newest))


async def test_the_proxys_word_counts_only_where_it_is_trusted(
    visitor: Caller, people: People, db: Database, settings_env: Callable[[str, str], None]
) -> None:
    """A security option that one half of the program never reads: see
    tests/states/test_half_sent.py for the other half."""
    assert await signed_in_from(visitor, "9.9.9.9") == "127.0.0.1"
    settings_env("TRUSTED_PROXIES", "1")
    assert await signed_in_from(visitor, "1.2.3.4, 9.9.9.9") == "9.9.9.9"
    assert await signed_in_from(visitor, "1.2.3.4", "9.9.9.9") == "9.9.9.9"
    assert await signed_in_from(visitor, "nobody") == "127.0.0.1"


async def test_the_token_of_the_metrics_is_not_to_be_guessed_for_ever(
    visitor: Caller, settings_env: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from llm_ui.api.http import rate_limits
    from llm_ui.security.limits import Allowance

    monkeypatch.setattr(rate_limits, "_refusals", Allowance(times=60, seconds=3600))
    settings_env("METRICS_TOKEN", "a-token-for-tests-only")

    async def read(token: str) -> httpx.Response:
        return await visitor.get("/metrics", headers={"Authorization": f"Bearer {token}"})

    statuses = [(await read(f"wrong-{number}")).status_code for number in range(70)]
    assert statuses == [401] * 60 + [429] * 10
    assert (await read("a-token-for-tests-only")).status_code == 200
