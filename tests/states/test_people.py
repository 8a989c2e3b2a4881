"""The administrator's page of people over the websocket, and what happens to somebody who is
disabled, demoted or deleted while they stream: sockets, sessions and streams end.

Covers a stale role on an open socket, and a suspended owner's session that is still valid.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.states.client import AUTH, COOKIE, PEOPLE, Tab
from tests.states.conftest import ask
from tests.states.served import PASSWORD, Person, Server

LONG = "tokens=6000 rate=30"
ENDED_S = 30.0


@dataclass
class Stream:
    """A run's server-sent events, read by a program until the line ends."""

    names: list[str] = field(default_factory=list)
    is_over: bool = False
    ended_at: float = 0.0

    async def read(self, server: Server, person: Person, run_id: str, key: str = "") -> None:
        headers = {"Cookie": f"{COOKIE}={person.cookie}"}
        if key:
            headers = {"Authorization": f"Bearer {key}"}
        path = f"{server.url}/api/v1/runs/{run_id}/events"
        async with (
            httpx.AsyncClient(timeout=60) as client,
            client.stream("GET", path, headers=headers) as answer,
        ):
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    self.names.append(line.removeprefix("event: "))
        self.is_over, self.ended_at = True, time.monotonic()


async def until(found: Callable[[], Any], seconds: float = ENDED_S) -> Any:
    """Wait until it is true; gives what it found."""
    for _ in range(int(seconds / 0.02)):
        if result := await asyncio.to_thread(found):
            return result
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


async def post(server: Server, route: str, **body: str) -> httpx.Response:
    """What somebody who is not signed in asks for."""
    async with httpx.AsyncClient(timeout=30) as client:
        return await client.post(f"{server.url}/api/v1/auth/{route}", json=body)


def run_of(server: Server, person: Person, state: str) -> str:
    rows = server.rows(
        "SELECT id FROM generation WHERE user_id = :user AND state = :state",
        user=person.id,
        state=state,
    )
    return str(rows[0][0]) if rows else ""


class Streaming:
    """Somebody with two tabs, one of which shows an answer being written, and a program
    that watches the same answer."""

    def __init__(self, server: Server, person: Person, stack: AsyncExitStack) -> None:
        self.server, self.person, self.stack = server, person, stack
        self.stream = Stream()
        self.run_id = ""

    async def begin(self) -> None:
        self.tab = await self.stack.enter_async_context(self.server.tab(self.person))
        self.other = await self.stack.enter_async_context(self.server.tab(self.person))
        await self.other.open("/history")
        await self.tab.open("/chat")
        await ask(self.tab, LONG)
        self.run_id = await until(lambda: run_of(self.server, self.person, "running"))
        self.reading = asyncio.create_task(self.stream.read(self.server, self.person, self.run_id))
        self.stack.callback(self.reading.cancel)
        await self.tab.until(lambda: len(self.tab.answers.text()) > 20)
        await until(lambda: "text" in self.stream.names)
        made = self.server.rest(
            self.person, "POST", "/keys", key_name="Job", scopes=["chat"]
        ).json()
        self.key, self.key_id = made["key"], made["item"]["id"]
        self.by_key = Stream()
        watching = self.by_key.read(self.server, self.person, self.run_id, self.key)
        job = asyncio.create_task(watching)
        self.stack.callback(job.cancel)
        await until(lambda: "text" in self.by_key.names)

    def key_status(self) -> int:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.get(f"{self.server.url}/api/v1/chats", headers=headers).status_code

    def status(self) -> int:
        return self.server.rest(self.person, "GET", "/auth/me").status_code

    async def is_out(self, query: str) -> None:
        """Sockets, session and stream have ended, and the page is told why."""
        await until(lambda: self.status() == 401)
        await until(lambda: not self.tab.is_open and not self.other.is_open)
        assert self.tab.redirects[-1] == f"/login{query}"
        await until(lambda: self.stream.is_over)

    async def key_is_dead(self) -> None:
        """The program with a key is out as well."""
        await until(lambda: self.key_status() == 401)
        await until(lambda: self.by_key.is_over)


WHYS = {"disable": "disabled", "demote": "role", "delete": "deleted"}


def promoted(server: Server, admin: Person, person: Person) -> Person:
    """That person as an admin, signed in once more: a new role ends the sessions of the old."""
    server.rest(admin, "PATCH", f"/admin/users/{person.id}", role="admin")
    return server.log_in(person.name)


async def dismiss(server: Server, alice: Person, person: Person, what: str) -> None:
    path = f"/admin/users/{person.id}"
    if what == "delete":
        body: dict[str, Any] = {"email": f"{person.name}@example.org"}
        answer = await asyncio.to_thread(server.rest, alice, "DELETE", path, **body)
    else:
        change: dict[str, Any] = {"role": "user"} if what == "demote" else {"is_active": False}
        answer = await asyncio.to_thread(server.rest, alice, "PATCH", path, **change)
    assert answer.is_success, answer.text


@pytest.mark.parametrize("what", ["disable", "demote", "delete"])
async def test_who_streams_is_out_at_once(
    server: Server, alice: Person, somebody: Callable[[], Person], what: str
) -> None:
    person = somebody()
    if what == "demote":
        person = promoted(server, alice, person)
    async with AsyncExitStack() as stack:
        bob = Streaming(server, person, stack)
        await bob.begin()
        await dismiss(server, alice, person, what)
        await bob.is_out(f"?ended={WHYS[what]}")
        shown = len(bob.tab.answers.text())
        if what != "demote":
            await bob.key_is_dead()
        if what == "disable":
            await until(lambda: run_of(server, person, "stopped"))
        if what == "demote":
            # The answer is the conversation's: it goes on, and waits for the next sign-in.
            assert run_of(server, person, "running") == bob.run_id
            again = server.log_in(person.name)
            assert server.rest(again, "GET", "/admin/users").status_code == 403
            server.rest(again, "POST", f"/runs/{bob.run_id}/stop")
        if what == "delete":
            assert not server.rows("SELECT id FROM generation WHERE id = :id", id=bob.run_id)
            assert not server.rows('SELECT id FROM "user" WHERE id = :id', id=person.id)
        assert len(bob.tab.answers.text()) == shown


async def test_a_demoted_admins_open_page_is_gone_and_refused(
    server: Server, alice: Person, somebody: Callable[[], Person]
) -> None:
    person = promoted(server, alice, somebody())
    async with server.tab(person) as tab:
        await tab.open("/admin/people")
        await tab.call(PEOPLE, "load_people")
        await tab.until(lambda: tab.vars(PEOPLE).get("loaded"))
        await dismiss(server, alice, person, "demote")
        await tab.until(lambda: not tab.is_open)
    async with server.tab(server.log_in(person.name)) as tab:
        await tab.open("/admin/people")
        await tab.call(PEOPLE, "load_people")
        await tab.settle()
        assert tab.vars(PEOPLE)["loaded"] is False
        assert tab.vars(PEOPLE)["items"] == []


async def test_a_program_that_watches_is_cut_off_with_its_session_alone(
    server: Server, alice: Person, somebody: Callable[[], Person]
) -> None:
    """Signing out ends the stream of that session, revoking that of a key; the answer goes on."""
    person = somebody()
    elsewhere = server.log_in(person.name)
    async with AsyncExitStack() as stack:
        bob = Streaming(server, person, stack)
        await bob.begin()
        kept = Stream()
        reading = asyncio.create_task(kept.read(server, elsewhere, bob.run_id))
        stack.callback(reading.cancel)
        await until(lambda: "text" in kept.names)
        server.rest(person, "POST", "/auth/logout")
        await bob.is_out("")
        assert "end" not in bob.stream.names
        assert not bob.by_key.is_over
        server.rest(elsewhere, "DELETE", f"/keys/{bob.key_id}")
        await bob.key_is_dead()
        assert "end" not in bob.by_key.names
        seen = len(kept.names)
        await until(lambda: len(kept.names) > seen)
        server.rest(elsewhere, "POST", f"/runs/{bob.run_id}/stop")
        await until(lambda: kept.is_over)
        assert kept.names[-1] == "end"


# --- the page ---------------------------------------------------------------------------


def scripts(tab: Tab) -> list[str]:
    return [str(each["payload"]) for each in tab.events]


async def handed(tab: Tab) -> str:
    """The path of the link that the page was handed last."""

    def found() -> list[str]:
        return re.findall(r"/(?:join|reset)#[\w-]+", " ".join(scripts(tab)))

    await tab.until(found)
    return str(found()[-1])


async def test_alice_invites_and_the_link_is_in_no_var(server: Server, alice: Person) -> None:
    async with server.tab(alice) as tab:
        await tab.open("/admin/people")
        await tab.call(PEOPLE, "load_people")
        await tab.call(PEOPLE, "invite", email="erika@example.org", role="user", days="7")
        token = (await handed(tab)).partition("#")[2]
        assert tab.vars(PEOPLE)["invitations"][0]["email"] == "erika@example.org"
        assert token not in str(tab.state)
        since = tab.frame_count
        await tab.open("/admin/people")
        await tab.settle()
        assert token not in "\n".join(tab.frames[since:])
        await tab.call(PEOPLE, "invite", email="not an address", role="user", days="7")
        await tab.until(lambda: "email" in tab.vars(PEOPLE)["problem"])
        await tab.call(PEOPLE, "revoke", invitation_id=tab.vars(PEOPLE)["invitations"][0]["id"])
        await tab.until(lambda: not tab.vars(PEOPLE)["invitations"])
    answer = await post(server, "invitation", token=token)
    assert answer.status_code == 404


async def test_alice_asks_before_she_disables_and_deletes(
    server: Server, alice: Person, somebody: Callable[[], Person]
) -> None:
    person = somebody()
    async with server.tab(alice) as tab:
        await tab.open("/admin/people")
        await tab.call(PEOPLE, "look_for", query=person.name)
        await tab.until(lambda: [e["id"] for e in tab.vars(PEOPLE)["items"]] == [person.id])
        await tab.call(PEOPLE, "ask", user_id=person.id, what="disable")
        await tab.until(lambda: tab.vars(PEOPLE)["asked"] == "disable")
        assert server.rest(person, "GET", "/auth/me").status_code == 200
        await tab.call(PEOPLE, "do_asked")
        await tab.until(lambda: tab.vars(PEOPLE)["items"][0]["status"] == "disabled")
        assert server.rest(person, "GET", "/auth/me").status_code == 401
        await tab.call(PEOPLE, "enable", user_id=person.id)
        await tab.until(lambda: tab.vars(PEOPLE)["items"][0]["status"] == "active")
        await tab.call(PEOPLE, "ask_to_delete", user_id=person.id)
        await tab.call(PEOPLE, "delete_person", email="x@y.org", keeps=False, heir="")
        await tab.until(lambda: tab.vars(PEOPLE)["problem"])
        email = f"{person.name}@example.org"
        await tab.call(PEOPLE, "delete_person", email=email, keeps=True, heir="no@body.org")
        await tab.until(lambda: "active account" in tab.vars(PEOPLE)["problem"])
        await tab.call(PEOPLE, "delete_person", email=email, keeps=False, heir="")
        await tab.until(lambda: tab.vars(PEOPLE)["items"] == [])
    assert not server.rows('SELECT id FROM "user" WHERE id = :id', id=person.id)


async def test_nothing_is_done_that_was_not_asked_about(
    server: Server, alice: Person, somebody: Callable[[], Person]
) -> None:
    person = somebody()
    async with server.tab(alice) as tab:
        await tab.open("/admin/people")
        for what in ("", "delete", "is_active", "x" * 500):
            await tab.call(PEOPLE, "ask", user_id=person.id, what=what)
        await tab.call(PEOPLE, "do_asked")
        await tab.call(PEOPLE, "delete_person", email="", keeps=False, heir="")
        await tab.call(PEOPLE, "narrow", name="query", value="x")
        await tab.call(PEOPLE, "show_view", view="nowhere")
        await tab.settle()
        assert tab.vars(PEOPLE)["view"] == "people"
        assert tab.vars(PEOPLE)["query"] == ""
    assert server.rest(person, "GET", "/auth/me").status_code == 200


async def test_who_may_register_is_set_on_the_page(server: Server, alice: Person) -> None:
    account = {"email": "frieda@example.org", "username": "Frieda", "password": PASSWORD}
    async with server.tab(alice) as tab, server.tab() as visitor:
        await tab.open("/admin/people")
        try:
            await tab.call(PEOPLE, "set_registration", value="invite")
            await tab.until(lambda: tab.vars(PEOPLE)["registration"] == "invite")
            assert (await post(server, "register", **account)).status_code == 403
            await visitor.open("/register")
            await visitor.call(AUTH, "require_guest")
            await visitor.until(lambda: visitor.vars(AUTH)["registration"] == "invite")
            await tab.call(PEOPLE, "set_registration", value="open")
            await tab.call(PEOPLE, "save_domains", domains="a b, c")
            await tab.until(lambda: tab.vars(PEOPLE)["domains_problem"])
            await tab.call(PEOPLE, "save_domains", domains=" @Example.com ; example.net")
            await tab.until(lambda: tab.vars(PEOPLE)["domains"] == "example.com, example.net")
            refused = await post(server, "register", **account)
            assert (refused.status_code, refused.json()["field"]) == (422, "email")
        finally:
            await tab.call(PEOPLE, "set_registration", value="open")
            await tab.call(PEOPLE, "save_domains", domains="")
            await tab.until(lambda: tab.vars(PEOPLE)["domains"] == "")
