"""The client token is no credential: it stands in a URL and comes from Math.random.

Covers the class "restoring somebody else's session over the websocket" of docs/security.md.
Charlie knows bob's token, whatever else he does, and receives nothing of bob's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.states.client import AUTH, FOLLOWING, MESSAGE_PAGES, OPEN_CHAT, ROOT, SIDEBAR, Tab
from tests.states.conftest import answered, ask
from tests.states.served import Person, Server

SECRET = "say:a-word-of-bobs and more of it"


def holds_nothing_of_bobs(tab: Tab, bob: Person) -> None:
    """Fail if anything of bob's has reached this tab."""
    for piece in ("a-word-of-bobs", bob.id, "bob@example.org", '"bob"', bob.cookie):
        assert piece not in tab.everything, piece


async def open_chat_of(server: Server, bob: Person) -> Tab:
    """A connected tab in which bob has an answered chat open."""
    tab = server.tab(bob)
    await tab.connect()
    await tab.open("/chat")
    await ask(tab, SECRET)
    await answered(tab)
    assert "a-word-of-bobs" in tab.everything
    return tab


async def look_around(tab: Tab) -> None:
    """What a thief would try first."""
    await tab.send(f"{ROOT}.hydrate", {})
    await tab.open("/chat")
    await tab.call(AUTH, "require_user")
    await tab.call(FOLLOWING, "stop")
    await tab.call(MESSAGE_PAGES, "load_earlier")
    await tab.call(SIDEBAR, "load_chats", start=0)
    await tab.call(SIDEBAR, "undo_last")
    await tab.call(FOLLOWING, "resync", run=1, have=0)
    await tab.settle()
    await asyncio.sleep(0.2)


@pytest.mark.parametrize("is_connected", [True, False], ids=["connected", "disconnected"])
@pytest.mark.parametrize("thief", ["charlie", "a visitor"])
async def test_a_stolen_token_shows_nothing(
    server: Server, bob: Person, charlie: Person, thief: str, is_connected: bool
) -> None:
    """Restoring somebody else's session over the websocket."""
    bobs = await open_chat_of(server, bob)
    if not is_connected:
        await bobs.close()
    async with server.tab(charlie if thief == "charlie" else None, token=bobs.token) as stolen:
        await look_around(stolen)
        holds_nothing_of_bobs(stolen, bob)
        expected = "charlie" if thief == "charlie" else ""
        assert stolen.vars(AUTH)["username"] == expected
        assert stolen.vars(OPEN_CHAT)["messages"] == []
    if is_connected:
        await bobs.close()


@pytest.mark.parametrize("thief", ["charlie", "a visitor", "with the ended cookie"])
@pytest.mark.parametrize("end", ["signed out", "disabled", "expired"])
async def test_the_token_of_somebody_who_is_out_shows_nothing(
    server: Server,
    alice: Person,
    charlie: Person,
    somebody: Callable[[], Person],
    end: str,
    thief: str,
) -> None:
    """Restoring somebody else's session over the websocket, when its own has ended: the state
    that waits under the token is nobody's any more, not even for who brings the old cookie."""
    person = somebody()
    tab = await open_chat_of(server, person)
    if end == "signed out":
        assert server.rest(person, "POST", "/auth/logout").is_success
    elif end == "disabled":
        change = server.rest(alice, "PATCH", f"/admin/users/{person.id}", is_active=False)
        assert change.is_success
    else:
        server.execute(
            "UPDATE authsession SET expires_at = '2001-01-01 00:00:00+00:00' WHERE user_id = :user",
            user=person.id,
        )
    await tab.close()
    who = {"charlie": charlie, "with the ended cookie": person}.get(thief)
    async with server.tab(who, token=tab.token) as stolen:
        await look_around(stolen)
        for piece in ("a-word-of-bobs", person.id, person.name, person.cookie):
            assert piece not in stolen.everything, piece
        assert stolen.vars(AUTH)["username"] == ("charlie" if thief == "charlie" else "")
        assert stolen.vars(OPEN_CHAT)["messages"] == []


async def test_a_stolen_token_shows_nothing_to_a_browser_either(
    server: Server, bob: Person, charlie: Person
) -> None:
    """A browser's first event comes with the handshake."""
    bobs = await open_chat_of(server, bob)
    await bobs.close()
    stolen = server.tab(charlie, token=bobs.token)
    await stolen.connect("/chat")
    await stolen.settle()
    holds_nothing_of_bobs(stolen, bob)
    assert stolen.vars(AUTH)["username"] == "charlie"
    await stolen.close()


async def test_a_token_taken_over_without_an_event_receives_nothing(
    server: Server, bob: Person, charlie: Person
) -> None:
    """Bob's answer ends while only charlie's silent socket bears the token."""
    async with server.tab(bob) as bobs:
        await bobs.open("/chat")
        await ask(bobs, "tokens=30 stall-after=10")
        await bobs.until(bobs.answers.text)
        run_id = bobs.vars(OPEN_CHAT)["messages"][-1]["run_id"]
        await asyncio.sleep(0.3)
    async with server.tab(charlie, token=bobs.token) as stolen:
        assert server.rest(bob, "POST", f"/runs/{run_id}/stop").status_code == 204
        await asyncio.sleep(1.0)
        assert not [frame for frame in stolen.frames if '["event"' in frame]


async def test_a_background_follower_never_pushes_to_the_thief(
    server: Server, bob: Person, charlie: Person
) -> None:
    async with server.tab(bob) as bobs:
        await bobs.open("/chat")
        await ask(bobs, "tokens=200 rate=100")
        await bobs.until(bobs.answers.text)
    async with server.tab(charlie, token=bobs.token) as stolen:
        await asyncio.sleep(0.5)
        assert not [frame for frame in stolen.frames if '["event"' in frame]
        await look_around(stolen)
        await asyncio.sleep(1.5)
        assert not stolen.answers.chunks
        assert 'current_response_rx_state_":{"g"' not in stolen.everything


async def test_bob_finds_his_own_again_after_the_theft(
    server: Server, bob: Person, charlie: Person
) -> None:
    bobs = await open_chat_of(server, bob)
    chat = bobs.vars(OPEN_CHAT)["open_chat_id"]
    await bobs.drop()
    async with server.tab(charlie, token=bobs.token) as stolen:
        await look_around(stolen)
    await bobs.connect()
    bobs.state.clear()
    await bobs.open(f"/chat/{chat}")
    await bobs.settle()
    assert bobs.vars(AUTH)["username"] == "bob"
    assert bobs.vars(OPEN_CHAT)["messages"][-1]["content"].startswith("a-word-of-bobs")
    await bobs.close()


async def test_a_tab_that_signs_in_as_somebody_else_starts_afresh(
    server: Server, bob: Person, charlie: Person
) -> None:
    """One browser, one tab, two people after each other."""
    bobs = await open_chat_of(server, bob)
    await bobs.close()
    async with server.tab(token=bobs.token) as visitor:
        await visitor.open("/login")
    async with server.tab(charlie, token=bobs.token) as charlies:
        await look_around(charlies)
        holds_nothing_of_bobs(charlies, bob)
        assert charlies.vars(AUTH)["username"] == "charlie"


async def test_the_same_token_in_two_tabs_of_one_person_are_two_tabs(
    server: Server, bob: Person
) -> None:
    """A duplicated tab brings its token along; Reflex gives it a new one."""
    async with server.tab(bob) as first, server.tab(bob, token=first.token) as second:
        await first.open("/chat")
        await second.open("/chat")
        await second.settle()
        assert first.token != second.token
        assert second.vars(AUTH)["username"] == "bob"
