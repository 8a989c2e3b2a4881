"""The pages of a person's own over the websocket: what is somebody else's is out of reach.

Covers foreign ids in the handlers of prompts, account and usage, and that a changed
password and a deleted account end the other tabs at once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from llm_ui.states.accounts.account import AccountState
from llm_ui.states.insights.own_usage import UsageState
from llm_ui.states.prompts.prompts import PromptsState
from tests.states.client import Tab
from tests.states.served import PASSWORD, Person, Server

MISSING = "01890000-0000-7000-8000-000000000000"
ACCOUNT = AccountState.get_full_name()
PROMPTS = PromptsState.get_full_name()
USAGE = UsageState.get_full_name()
ODD = ("", "x", "%", "\x00", "' OR 1=1 --", "x" * 9000)


def rest(server: Server, person: Person, method: str, path: str, **body: Any) -> Any:
    """A REST call as this person."""
    answer = httpx.request(
        method,
        f"{server.url}/api/v1{path}",
        json=body or None,
        headers={"X-CSRF-Token": person.csrf, "Cookie": f"llm_ui_session={person.cookie}"},
    )
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


async def heard(tab: Tab, state: str, handler: str, **payload: object) -> list[str]:
    """What a call leads to, but for the hydrate that ends it."""
    since = tab.frame_count
    await tab.call(state, handler, **payload)
    await tab.settle()
    return [each for each in tab.frames[since:] if "is_hydrated" not in each]


@pytest.mark.parametrize(
    ("state", "handler", "parameter"),
    [
        (PROMPTS, "open_prompt", "prompt_id"),
        (PROMPTS, "copy_prompt", "prompt_id"),
        (PROMPTS, "ask_to_delete", "prompt_id"),
        (PROMPTS, "delete_prompt", "prompt_id"),
        (ACCOUNT, "choose_prompt", "prompt_id"),
        (ACCOUNT, "end_browser", "browser_id"),
    ],
)
async def test_a_foreign_id_is_a_missing_one(
    server: Server, bob: Person, charlie: Person, state: str, handler: str, parameter: str
) -> None:
    if parameter == "prompt_id":
        made = rest(server, bob, "POST", "/prompts", name="Bob's", text="a-word-of-bobs")
    else:
        made = rest(server, bob, "GET", "/account/sessions")["items"][0]
    async with server.tab(charlie) as tab:
        await tab.open("/chat")
        await tab.settle()
        expected = await heard(tab, state, handler, **{parameter: MISSING})
        for id_ in (made["id"], *ODD):
            if handler == "choose_prompt" and not id_:
                continue
            assert await heard(tab, state, handler, **{parameter: id_}) == expected, id_
        assert "a-word-of-bobs" not in tab.everything
    assert rest(server, bob, "GET", "/account")["username"] == "bob"
    if parameter == "prompt_id":
        assert rest(server, bob, "GET", f"/prompts/{made['id']}")["text"] == "a-word-of-bobs"
        assert rest(server, charlie, "GET", "/prompts?q=a-word-of-bobs")["items"] == []
        rest(server, bob, "DELETE", f"/prompts/{made['id']}")


async def test_saving_under_a_foreign_id_changes_nothing(
    server: Server, bob: Person, charlie: Person
) -> None:
    """Update route without the create route's check: a public prompt is open to read only."""
    shared = rest(server, bob, "POST", "/prompts", name="Shared", text="original", is_public=True)
    async with server.tab(charlie) as tab:
        await heard(tab, PROMPTS, "open_prompt", prompt_id=shared["id"])
        assert tab.vars(PROMPTS)["form_own"] is False
        await heard(tab, PROMPTS, "save_prompt", name="Stolen", text="stolen", tags="")
        assert tab.vars(PROMPTS)["form_problem"]
    assert rest(server, bob, "GET", f"/prompts/{shared['id']}")["text"] == "original"
    rest(server, bob, "DELETE", f"/prompts/{shared['id']}")


async def test_the_pages_hold_what_is_ones_own(
    server: Server, bob: Person, charlie: Person
) -> None:
    own = rest(server, bob, "POST", "/prompts", name="Mine", text="Hi {{you}}", tags=["t"])
    async with server.tab(bob) as tab:
        await tab.open("/prompts")
        await tab.until(lambda: tab.vars(PROMPTS).get("loaded"))
        assert tab.vars(PROMPTS)["prompts"][0]["variables"] == ["you"]
        await heard(tab, PROMPTS, "search", query="nowhere")
        assert tab.vars(PROMPTS)["prompts"] == []
        await tab.open("/account")
        await tab.until(lambda: tab.vars(ACCOUNT).get("loaded"))
        assert tab.vars(ACCOUNT)["account"]["email"].startswith("bob")
        assert any(each["is_current"] for each in tab.vars(ACCOUNT)["browsers"])
        await tab.open("/usage")
        await tab.until(lambda: tab.vars(USAGE).get("loaded"))
        assert len(tab.vars(USAGE)["report"]["days"]) == 30
    async with server.tab(charlie) as tab:
        for page in ("/prompts", "/account", "/usage"):
            await tab.open(page)
        await tab.until(lambda: tab.vars(USAGE).get("loaded"))
        assert own["id"] not in tab.everything
        assert "bob" not in json.dumps(tab.vars(ACCOUNT))
    rest(server, bob, "DELETE", f"/prompts/{own['id']}")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("", ""),
        ("2026-02-30", "2026-03-01"),
        ("2026-03-02", "2026-03-01"),
        ("2001-01-01", "2026-01-01"),
        ("9999-12-31", "9999-12-31"),
        ("0001-01-01", "0001-01-01"),
    ],
)
async def test_what_is_no_range_is_told(server: Server, bob: Person, start: str, end: str) -> None:
    async with server.tab(bob) as tab:
        await heard(tab, USAGE, "show_range", start=start, end=end)
        assert len(tab.toasts) == 1
        await heard(tab, USAGE, "show_days", days=10**12)
        assert tab.vars(USAGE)["days"] == 366


async def test_a_new_password_ends_the_other_tabs_at_once(
    server: Server, somebody: Callable[[], Person]
) -> None:
    person = somebody()
    other = server.log_in(person.name)
    async with server.tab(person) as here, server.tab(other) as there:
        await there.open("/chat")
        await heard(here, ACCOUNT, "change_password", current="wrong", fresh="x" * 12)
        assert here.vars(ACCOUNT)["sign_in_problem"]
        assert there.is_open
        await heard(here, ACCOUNT, "change_password", current=PASSWORD, fresh="a new long one")
        await there.until(lambda: not there.is_open)
        assert there.redirects[-1] == "/login?ended=password"
        assert here.is_open
        assert PASSWORD not in here.everything
        assert "a new long one" not in here.everything


async def test_a_deleted_account_ends_its_tabs_at_once(
    server: Server, somebody: Callable[[], Person]
) -> None:
    person = somebody()
    other = server.log_in(person.name)
    async with server.tab(person) as here, server.tab(other) as there:
        await there.open("/chat")
        await heard(here, ACCOUNT, "delete_account", current=PASSWORD, word="no")
        assert here.vars(ACCOUNT)["leave_problem"]
        await here.call(ACCOUNT, "delete_account", current=PASSWORD, word="delete")
        for tab in (here, there):
            await tab.until(lambda tab=tab: not tab.is_open)  # type: ignore[misc]
            assert tab.redirects[-1] == "/login?ended=deleted"
    # The tabs end with the sessions, the rows a moment later.
    for _ in range(150):
        if not server.rows('SELECT id FROM "user" WHERE id = :user', user=person.id):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the account is still there")
