"""Whoever is signed out by somebody, or by something done elsewhere, is told why at the door,
and nobody learns anything there about the account of another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from llm_ui import auth
from llm_ui.auth import Client
from llm_ui.db import unit_of_work
from llm_ui.enums import SessionEnd
from llm_ui.errors import AccountDisabled, InvalidCredentials
from llm_ui.i18n import LANGUAGES, catalogue
from llm_ui.models import User
from llm_ui.services.accounts import account, authentication, invitations, sessions, users
from tests.conftest import PASSWORD, People

HOME = Client("127.0.0.1", "tests")
AWAY = Client("198.51.100.7", "tests")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What has been said so far: session ids and why they have ended."""
    found: dict[str, str] = {}

    async def listen(ids: list[str], why: str) -> None:
        found.update(dict.fromkeys(ids, why))

    monkeypatch.setattr(auth, "_listeners", [listen])
    return found


async def _changed(people: People, **change: object) -> None:
    async with unit_of_work() as session:
        await users.change(session, people.alice, people.bob.user_id, **change)  # type: ignore[arg-type]


async def _disabled(people: People) -> None:
    await _changed(people, is_active=False)


async def _demoted(people: People) -> None:
    await _changed(people, role="admin")
    await _changed(people, role="user")


async def _deleted(people: People) -> None:
    await users.delete(people.alice, people.bob.user_id, email=people.bob.email)


async def _left(people: People) -> None:
    await account.delete_own(people.bob, PASSWORD, "delete", HOME)


async def _reset(people: People) -> None:
    async with unit_of_work() as session:
        link = await users.make_reset_link(session, people.alice, people.bob.user_id)
    await invitations.reset(link.path.rpartition("#")[2], "a new long password", HOME)


async def _changed_password(people: People) -> None:
    signed_in = await authentication.log_in(people.bob.email, PASSWORD, HOME)
    async with unit_of_work(writes=False) as session:
        here = await auth.resolve(session, signed_in.token)
    assert here is not None
    await account.change_password(here, PASSWORD, "a new long password", HOME)


async def _signed_out_elsewhere(people: People) -> None:
    signed_in = await authentication.log_in(people.bob.email, PASSWORD, HOME)
    async with unit_of_work() as session:
        here = await auth.resolve(session, signed_in.token)
        assert here is not None
        await sessions.end_one(session, here, people.bob.session_id)


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (_disabled, "disabled"),
        (_demoted, "role"),
        (_deleted, "deleted"),
        (_left, "deleted"),
        (_reset, "password"),
        (_changed_password, "password"),
        (_signed_out_elsewhere, "elsewhere"),
    ],
)
async def test_bobs_open_tabs_are_told_why_they_end(
    people: People, told: dict[str, str], happens: Callable[[People], Awaitable[None]], why: str
):
    await happens(people)
    assert told[people.bob.session_id] == why
    assert why in tuple(SessionEnd)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words(language: str):
    assert all(f"auth.ended.{why}" in catalogue(language) for why in SessionEnd)


async def test_bob_who_is_disabled_is_told_so_for_the_right_password_only(people: People):
    await _disabled(people)
    with pytest.raises(AccountDisabled):
        await authentication.log_in("bob@example.org", PASSWORD, HOME)
    with pytest.raises(InvalidCredentials) as wrong:
        await authentication.log_in("bob@example.org", "not the password", AWAY)
    with pytest.raises(InvalidCredentials) as nobody:
        await authentication.log_in("nobody@example.org", "not the password", AWAY)
    assert (wrong.value.code, wrong.value.params) == (nobody.value.code, nobody.value.params)


async def test_the_right_password_of_a_disabled_account_never_slows_bob_down(people: People):
    await _disabled(people)
    for _ in range(12):
        with pytest.raises(AccountDisabled):
            await authentication.log_in("bob@example.org", PASSWORD, HOME)


async def test_an_account_that_is_being_deleted_is_no_account_any_more(people: People):
    async with unit_of_work() as session:
        bob = await session.get_one(User, people.bob.user_id)
        bob.is_active, bob.preferences = False, {"leaving": True, "heir": ""}
    with pytest.raises(InvalidCredentials):
        await authentication.log_in("bob@example.org", PASSWORD, HOME)


async def test_a_tab_that_nobody_told_learns_what_the_account_says(people: People):
    async with unit_of_work() as session:
        assert await auth.why_out(session, people.bob.user_id) == "over"
        (await session.get_one(User, people.bob.user_id)).is_active = False
        await session.flush()
        assert await auth.why_out(session, people.bob.user_id) == "disabled"
        assert await auth.why_out(session, "0" * 36) == "deleted"
