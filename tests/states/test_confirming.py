"""The password once more, on the pages: asked where it is needed, and then what was asked goes on.

Covers this class: a key that makes better credentials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.states.client import PEOPLE, ROOT, Tab
from tests.states.served import PASSWORD, Person, Server
from tests.states.test_isolation import make_admin

CONFIRM = f"{ROOT}.confirm_state"
KEYS = f"{ROOT}.keys_state"
JOBS = f"{ROOT}.jobs_state"
LOG = f"{ROOT}.monitoring_state"
LONG_AGO = "2026-01-01 00:00:00.000000"


def called(tab: Tab) -> list[str]:
    return [name for name, *_ in tab.calls]


def role_of(server: Server, person: Person) -> str:
    return str(server.rows('SELECT role FROM "user" WHERE id = :id', id=person.id)[0][0])


@pytest.fixture
def admin(server: Server, somebody: Callable[[], Person]) -> Iterator[Person]:
    """An administrator who has not typed the password once more."""
    person = somebody()
    make_admin(server, person)
    server.confirmed(person.id, None)
    yield person
    server.execute("DELETE FROM userlink WHERE created_by = :id", id=person.id)
    server.execute("DELETE FROM setting WHERE key IN ('backups_kept', 'log_days')")


async def asked(tab: Tab, times: int = 1) -> None:
    await tab.until(lambda: called(tab).count("secret") == times)


@pytest.mark.parametrize("before", [None, LONG_AGO])
async def test_promoting_waits_for_the_password_and_goes_on_by_itself(
    server: Server, admin: Person, somebody: Callable[[], Person], before: str | None
) -> None:
    person = somebody()
    server.confirmed(admin.id, before)
    async with server.tab(admin) as tab:
        await tab.open("/admin/people")
        await tab.call(PEOPLE, "ask", user_id=person.id, what="promote")
        await tab.until(lambda: tab.vars(PEOPLE)["asked"] == "promote")
        await tab.call(PEOPLE, "do_asked")
        await asked(tab)
        assert role_of(server, person) == "user"
        await tab.call(CONFIRM, "confirm_password", password="not the password")
        await tab.until(lambda: tab.vars(CONFIRM)["problem"])
        assert role_of(server, person) == "user"
        await tab.call(CONFIRM, "confirm_password", password=PASSWORD)
        await tab.until(lambda: tab.vars(PEOPLE)["asked"] == "")
        assert role_of(server, person) == "admin"
        assert tab.vars(CONFIRM)["problem"] == ""
        assert PASSWORD not in tab.everything.replace(f'"password":"{PASSWORD}"', "")
        # For a while nobody asks again.
        await tab.call(PEOPLE, "ask", user_id=person.id, what="demote")
        await tab.until(lambda: tab.vars(PEOPLE)["asked"] == "demote")
        await tab.call(PEOPLE, "do_asked")
        await tab.until(lambda: tab.vars(PEOPLE)["asked"] == "")
        assert role_of(server, person) == "user"


async def wanted(tab: Tab, server: Server, person: Person, what: str) -> None:
    """Do one of the things that reach far."""
    email = f"{person.name}@example.org"
    calls: dict[str, tuple[str, str, dict[str, Any]]] = {
        "an invitation": (PEOPLE, "invite", {"email": "", "role": "admin", "days": "7"}),
        "an account": (
            PEOPLE,
            "create",
            {"email": f"x{email}", "username": f"x{email}", "role": "admin"},
        ),
        "deleting": (PEOPLE, "delete_person", {"email": email, "keeps": False, "heir": ""}),
        "a key": (KEYS, "create_key", {"name": "Job", "scope": "admin", "days": "30"}),
        "fewer backups": (JOBS, "set_backups_kept", {"count": "1"}),
        "fewer days of the log": (LOG, "keep_days", {"days": "1"}),
    }
    state, handler, arguments = calls[what]
    if what == "deleting":
        await tab.call(PEOPLE, "ask_to_delete", user_id=person.id)
    await tab.call(state, handler, **arguments)


DONE = {
    "an invitation": ("SELECT count(*) FROM userlink WHERE role = 'admin'", 1),
    "an account": ("SELECT count(*) FROM \"user\" WHERE role = 'admin'", 1),
    "deleting": ('SELECT count(*) FROM "user"', -1),
    "a key": ("SELECT count(*) FROM apikey", 1),
    "fewer backups": ("SELECT count(*) FROM setting WHERE key = 'backups_kept'", 1),
    "fewer days of the log": ("SELECT count(*) FROM setting WHERE key = 'log_days'", 1),
}


@pytest.mark.parametrize("what", list(DONE))
async def test_each_of_them_waits_and_goes_on(
    server: Server, admin: Person, somebody: Callable[[], Person], what: str
) -> None:
    person = somebody()
    query, change = DONE[what]
    before = server.rows(query)[0][0]
    async with server.tab(admin) as tab:
        await tab.open("/admin/people")
        await wanted(tab, server, person, what)
        await asked(tab)
        assert server.rows(query)[0][0] == before
        await tab.call(CONFIRM, "confirm_password", password=PASSWORD)
        await tab.until(lambda: server.rows(query)[0][0] == before + change)


async def test_a_password_without_anything_that_waits_does_nothing_else(
    server: Server, admin: Person
) -> None:
    async with server.tab(admin) as tab:
        await tab.open("/admin/people")
        await tab.call(CONFIRM, "confirm_password", password=PASSWORD)
        await tab.until(lambda: "shut" in called(tab))
        assert not tab.redirects


async def test_what_waits_is_not_done_for_somebody_who_is_no_administrator_any_more(
    server: Server, admin: Person, somebody: Callable[[], Person]
) -> None:
    """A stale role on an open socket."""
    person = somebody()
    async with server.tab(admin) as tab:
        await tab.open("/admin/people")
        await tab.call(PEOPLE, "ask", user_id=person.id, what="promote")
        await tab.call(PEOPLE, "do_asked")
        await asked(tab)
        server.execute("UPDATE \"user\" SET role = 'user' WHERE id = :id", id=admin.id)
        await tab.call(CONFIRM, "confirm_password", password=PASSWORD)
        await tab.until(lambda: tab.redirects)
    assert role_of(server, person) == "user"
