"""What a browser or a proxy may keep of an answer, and what a session's cookie is called."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from llm_ui import auth
from llm_ui.api.app import create_api
from tests.api.conftest import Caller
from tests.conftest import PASSWORD, People

SetSetting = Callable[[str, str], None]
COOKIE = "__Host-llm_ui_session"


async def test_nothing_personal_is_kept_anywhere(bob: Caller):
    fresh = await bob.post("/api/v1/keys", json={"key_name": "laptop", "scopes": ["read"]})
    assert "llmui_" in fresh.text
    chat = (await bob.post("/api/v1/chats", json={})).json()
    answers = [fresh, await bob.get("/api/v1/nothing")]
    for path in (
        "account",
        "chats",
        f"chats/{chat.get('id')}",
        "keys",
        "usage",
        "files",
        "search?q=x",
    ):
        answers.append(await bob.get(f"/api/v1/{path}"))
    for answer in answers:
        assert "no-store" in answer.headers["cache-control"], answer.url


async def test_links_that_open_an_account_are_kept_nowhere(alice: Caller):
    made = await alice.post("/api/v1/admin/invitations", json={"email": "new@example.org"})
    assert made.headers["cache-control"] == "no-store"


async def test_what_is_the_same_for_everybody_may_be_kept(visitor: Caller):
    for path in ("/api/v1/openapi.json", "/api/docs/static/swagger-ui.css"):
        assert "cache-control" not in (await visitor.get(path)).headers


async def test_a_file_is_shown_again_only_to_whoever_is_still_signed_in(
    bob: Caller, charlie: Caller, visitor: Caller
):
    made = await bob.post("/api/v1/files", params={"name": "a.txt"}, content=b"mine")
    content = f"/api/v1/files/{made.json()['id']}/content"
    first = await bob.get(content)
    assert first.headers["cache-control"] == "private, no-cache"
    again = {"If-None-Match": first.headers["etag"]}
    unchanged = await bob.get(content, headers=again)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    # A browser puts the headers of a 304 in place of those that it has.
    for name in ("cache-control", "content-security-policy"):
        assert unchanged.headers[name] == first.headers[name]
    assert (await charlie.get(content, headers=again)).status_code == 404
    assert (await visitor.get(content, headers=again)).status_code == 401
    await bob.post("/api/v1/auth/logout")
    assert (await bob.get(content, headers=again)).status_code == 401


async def test_an_answer_that_is_no_page_can_do_nothing_in_a_browser(bob: Caller):
    answer = await bob.get("/api/v1/chats")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.fixture
async def over_https(people: People, settings_env: SetSetting) -> AsyncIterator[httpx.AsyncClient]:
    """A visitor of an installation that people reach over https."""
    settings_env("PUBLIC_URL", "https://chat.example.org")
    transport = httpx.ASGITransport(create_api(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://chat.example.org") as made:
        yield made


async def test_over_https_the_cookie_is_of_this_host_alone(over_https: httpx.AsyncClient):
    credentials = {"email": "bob@example.org", "password": PASSWORD}
    answer = await over_https.post("/api/v1/auth/login", json=credentials)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    attributes = {each.strip().lower() for each in cookie.split(";")[1:]}
    assert {"secure", "path=/", "httponly"} <= attributes
    assert not any(each.startswith("domain") for each in attributes)
    token = answer.json()["csrf_token"]
    assert (await over_https.get("/api/v1/auth/me")).status_code == 200
    gone = await over_https.post("/api/v1/auth/logout", headers={auth.CSRF_HEADER: token})
    # A browser takes a cookie of that name back only from an answer that says the same of it.
    assert {"secure", "path=/"} <= {
        e.strip().lower() for e in gone.headers["set-cookie"].split(";")
    }
    assert (await over_https.get("/api/v1/auth/me")).status_code == 401


async def test_a_cookie_that_a_sibling_domain_planted_opens_nothing(
    over_https: httpx.AsyncClient, people: People
):
    planted = {"Cookie": f"{auth.COOKIE}={people.sessions['charlie'].token}"}
    assert (await over_https.get("/api/v1/auth/me", headers=planted)).status_code == 401
    own = {"Cookie": f"{COOKIE}={people.sessions['bob'].token}; {planted['Cookie']}"}
    assert (await over_https.get("/api/v1/auth/me", headers=own)).json()["user"][
        "username"
    ] == "bob"
