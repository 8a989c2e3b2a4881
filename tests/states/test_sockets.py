"""Who may hold a socket, and how it ends.

Covers these classes of docs/security.md: stale role on an open socket, forged auth
headers; and what a person is told when something of ours fails.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
import pytest

from llm_ui.services.audit.recording import REFERENCE_ALPHABET, REFERENCE_LENGTH
from tests.states.client import ADMIN, AUTH, CHAT, Refused, Tab
from tests.states.conftest import ask
from tests.states.served import Person, Server

T = TypeVar("T")
PAST = "2001-01-01 00:00:00+00:00"


# --- the handshake ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "{url}.evil.example",
        "http://localhost:1",
        "https{rest}",
        "http://evil.example/{url}",
        "{url}@evil.example",
    ],
)
async def test_another_sites_page_gets_no_socket(server: Server, bob: Person, origin: str) -> None:
    forged = origin.format(url=server.url, rest=server.url.removeprefix("http"))
    with pytest.raises(Refused) as refused:
        await server.tab(bob, origin=forged).connect()
    assert refused.value.status == 403


async def test_the_apps_own_addresses_get_a_socket(server: Server, bob: Person) -> None:
    for origin in (server.url, server.url.replace("localhost", "127.0.0.1")):
        async with server.tab(bob, origin=origin) as tab:
            await tab.open("/chat")
            assert tab.vars(AUTH)["username"] == "bob"


def test_there_is_no_polling_beside_the_websocket(server: Server) -> None:
    answer = httpx.get(f"{server.url}/_event/?EIO=4&transport=polling&token=x")
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/_upload", "/_upload/x", "/_upload/../llm_ui.db"])
def test_reflexs_own_upload_is_off(server: Server, bob: Person, path: str) -> None:
    for method in ("GET", "POST"):
        answer = httpx.request(
            method, f"{server.url}{path}", headers={"Cookie": f"llm_ui_session={bob.cookie}"}
        )
        assert answer.status_code in (404, 405)


@pytest.mark.parametrize(
    "cookie",
    ["x", "x" * 5000, '"', "{token};llm_ui_session=x", "x; llm_ui_session=x", "é", "{token}x"],
)
async def test_a_forged_cookie_is_a_visitors(server: Server, bob: Person, cookie: str) -> None:
    """Forged auth headers."""
    if cookie.startswith("{token};"):
        cookie = cookie.format(token=bob.cookie[:-1])
    headers = {
        "Cookie": f"llm_ui_session={cookie.format(token=bob.cookie)}",
        "X-Forwarded-User": "bob",
        "Authorization": f"Bearer {bob.cookie}",
    }
    async with server.tab(headers=headers) as tab:
        await tab.open("/chat")
        await tab.until(lambda: tab.redirects)
        assert tab.vars(AUTH)["signed_in"] is False
        assert tab.redirects[0].startswith("/login")


# --- the end ----------------------------------------------------------------------------


async def left(tab: Tab) -> None:
    """Wait until the server has sent the page away and closed its socket."""
    await tab.until(lambda: not tab.is_open, timeout=5)
    assert tab.redirects[-1:] == ["/login"]


async def test_logging_out_ends_every_tab_of_the_session_and_no_other(
    server: Server, somebody: Callable[[], Person]
) -> None:
    person = somebody()
    elsewhere = server.log_in(person.name)
    async with server.tab(person) as one, server.tab(person) as two, server.tab(elsewhere) as other:
        for tab in (one, two, other):
            await tab.open("/chat")
        began = time.monotonic()
        assert server.rest(person, "POST", "/auth/logout").status_code == 204
        await left(one)
        await left(two)
        assert time.monotonic() - began < 2
        await other.settle()
        assert other.is_open
        assert other.vars(AUTH)["username"] == person.name


async def test_a_stream_ends_with_its_session(
    server: Server, somebody: Callable[[], Person]
) -> None:
    person = somebody()
    async with server.tab(person) as tab:
        await tab.open("/chat")
        await ask(tab, "tokens=300 rate=100")
        await tab.until(tab.answers.text)
        server.rest(person, "POST", "/auth/logout")
        await left(tab)
        received = tab.frame_count
        await tab.connect()
        await tab.open("/chat")
        assert tab.vars(AUTH)["signed_in"] is False
        assert not [each for each in tab.frames[received:] if '"g":' in each]


CHANGES = {
    "expired": "UPDATE authsession SET expires_at = '{past}' WHERE user_id = :user",
    "deleted": "DELETE FROM authsession WHERE user_id = :user",
    "deactivated": 'UPDATE "user" SET is_active = false WHERE id = :user',
}


@pytest.mark.parametrize("change", list(CHANGES))
async def test_an_open_socket_of_an_ended_session_can_do_nothing(
    server: Server, somebody: Callable[[], Person], change: str
) -> None:
    """Also when another process ended it, so that nobody told this one."""
    person = somebody()
    async with server.tab(person) as tab:
        await tab.open("/chat")
        server.execute(CHANGES[change].format(past=PAST), user=person.id)
        before = server.counts()
        since = tab.frame_count
        await tab.call(CHAT, "send_message", text="still me", key="x")
        await tab.until(lambda: not tab.is_open or tab.redirects)
        assert tab.redirects[-1].startswith("/login?")
        told = "disabled" if change == "deactivated" else "over"
        assert f"ended={told}" in tab.redirects[-1]
        assert "still me" not in "".join(tab.frames[since:])
        assert server.counts() == before
        if tab.is_open:
            await tab.settle()
            assert tab.vars(AUTH)["username"] == ""


async def test_a_demoted_admin_is_none_at_the_next_event(
    server: Server, somebody: Callable[[], Person]
) -> None:
    """Stale role on an open socket."""
    person = somebody()
    role = 'UPDATE "user" SET role = :role WHERE id = :user'
    server.execute(role, role="admin", user=person.id)
    async with server.tab(person) as tab:
        await tab.open("/admin")
        await tab.until(lambda: tab.vars(ADMIN)["loaded"])
        server.execute(role, role="user", user=person.id)
        since = tab.frame_count
        for handler in ("refresh", "load_dashboard"):
            await tab.call(ADMIN, handler)
        await tab.settle()
        refused = [each for each in tab.frames[since:] if "is_hydrated" not in each]
        assert not [each for each in refused if '"stats' in each]
        server.execute(role, role="admin", user=person.id)
        await tab.call(AUTH, "require_admin")
        await tab.settle()
        assert tab.vars(AUTH)["is_admin"] is True


# --- our own errors -----------------------------------------------------------------------

REFERENCE = re.compile(rf"\b[{REFERENCE_ALPHABET}]{{{REFERENCE_LENGTH}}}\b")


@contextmanager
def missing(server: Server, *tables: str) -> Iterator[None]:
    """The database without some of its tables."""
    try:
        for table in tables:
            server.execute(f"ALTER TABLE {table} RENAME TO {table}_gone")
        yield
    finally:
        for table in tables:
            server.execute(f"ALTER TABLE {table}_gone RENAME TO {table}")


async def reference_shown(tab: Tab) -> str:
    """The reference number in the last toast."""
    await tab.until(lambda: tab.toasts)
    found = REFERENCE.findall(tab.toasts[-1])
    assert found, tab.toasts[-1]
    return str(found[-1])


async def soon(found: Callable[[], T]) -> T:
    """What `found()` gives, once that is true; at the latest after five seconds."""
    for _ in range(100):
        if result := found():
            return result
        await asyncio.sleep(0.05)
    return found()


async def test_an_unhandled_error_shows_the_number_of_its_row(server: Server, bob: Person) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await tab.settle()
        with missing(server, "chathistory"):
            await tab.call(CHAT, "send_message", text="words that must not be logged", key="k1")
            reference = await reference_shown(tab)
        find = (
            "SELECT log_type, log_level, user_id, address FROM monitoringlog "
            "WHERE reference = :number"
        )
        rows = await soon(lambda: server.rows(find, number=reference))
        assert [tuple(row) for row in rows] == [("error.unhandled", "error", bob.id, "127.0.0.1")]
        assert reference in server.log()
        assert "must not be logged" not in server.log()
        assert bob.cookie not in server.log()
        await tab.call(CHAT, "load_chat")
        await tab.settle()
        assert tab.is_open


async def test_without_a_monitoring_log_the_number_is_in_the_servers_own(
    server: Server, bob: Person
) -> None:
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await tab.settle()
        with missing(server, "chathistory", "monitoringlog"):
            await tab.call(CHAT, "load_chat")
            reference = await reference_shown(tab)
            await soon(lambda: reference in server.log())
        assert reference in server.log()
        await tab.call(CHAT, "load_chat")
        await tab.settle()
        assert tab.is_open


async def test_without_sessions_nobody_is_let_in(server: Server, bob: Person) -> None:
    """When the guard itself fails, the event does not run."""
    async with server.tab(bob) as tab:
        await tab.open("/chat")
        await tab.settle()
        since = tab.frame_count
        with missing(server, "authsession"):
            await tab.call(CHAT, "load_chat")
            await tab.until(lambda: tab.toasts)
        assert not [each for each in tab.frames[since:] if '"chats' in each]
