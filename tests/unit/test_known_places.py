"""Who signs in from where they have been before waits for nobody else's wrong passwords.

Covers this class: lock-out as denial of service.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from llm_ui.auth import Client
from llm_ui.db import unit_of_work
from llm_ui.errors import InvalidCredentials, InvalidInput, TooManyRequests
from llm_ui.models import KnownPlace
from llm_ui.models.base import now
from llm_ui.services.accounts import account, authentication, known_devices, throttling
from tests.conftest import PASSWORD, People

BOB = "bob@example.org"
HOME = Client("198.51.100.7", "Firefox")
AWAY = Client("203.0.113.9", "Firefox")


@pytest.fixture(autouse=True)
def long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No wait is over before the test is."""
    longest = lambda rule, failures: rule.longest * (failures > rule.free)  # noqa: E731
    monkeypatch.setattr(throttling, "_wait", longest)


async def attacked(email: str = BOB, times: int = 12) -> None:
    """Somebody tries passwords, each time from another address."""
    for number in range(times):
        with pytest.raises((InvalidCredentials, TooManyRequests)):
            await authentication.log_in(email, f"guess {number}", Client(f"2001:db8:{number:x}::1"))


async def wrong(client: Client) -> type[Exception]:
    with pytest.raises((InvalidCredentials, TooManyRequests)) as refused:
        await authentication.log_in(BOB, "a typo", client)
    return refused.type


async def test_bob_comes_in_from_home_while_somebody_tries_his_password(people: People):
    """Lock-out as denial of service."""
    await authentication.log_in(BOB, PASSWORD, HOME)
    await attacked()
    for _ in range(3):
        assert (await authentication.log_in(BOB, PASSWORD, HOME)).user.username == "bob"
        await attacked(times=2)


async def test_from_where_he_has_never_been_he_waits_a_minute_at_most(people: People):
    await attacked()
    with pytest.raises(TooManyRequests) as refused:
        await authentication.log_in(BOB, PASSWORD, AWAY)
    assert refused.value.retry_after <= 60


async def test_his_network_is_known_whichever_address_of_it_he_has(people: People):
    await authentication.log_in(BOB, PASSWORD, Client("2001:db8:aaaa:1::7"))
    await attacked()
    await authentication.log_in(BOB, PASSWORD, Client("2001:db8:aaaa:1:ffff::1"))
    with pytest.raises(TooManyRequests):
        await authentication.log_in(BOB, PASSWORD, Client("2001:db8:aaaa:2::7"))


async def test_his_browser_is_known_wherever_he_takes_it(people: People):
    browser = (await authentication.log_in(BOB, PASSWORD, HOME)).browser
    assert browser
    await attacked()
    moved = replace(AWAY, browser=browser)
    assert (await authentication.log_in(BOB, PASSWORD, moved)).browser == browser


async def test_at_an_address_that_an_attacker_shares_his_browser_tells_him_apart(people: People):
    """As behind a proxy that does not say for whom it asks."""
    known = replace(HOME, browser=(await authentication.log_in(BOB, PASSWORD, HOME)).browser)
    while await wrong(HOME) is not TooManyRequests:
        pass
    assert (await authentication.log_in(BOB, PASSWORD, known)).user.username == "bob"


@pytest.mark.parametrize("browser", ["", "made up", "x" * 64])
async def test_a_browser_that_was_never_signed_in_is_known_to_nobody(people: People, browser: str):
    await attacked()
    with pytest.raises(TooManyRequests):
        await authentication.log_in(BOB, PASSWORD, replace(AWAY, browser=browser))


async def test_another_persons_browser_is_not_bobs(people: People):
    theirs = (await authentication.log_in("charlie@example.org", PASSWORD, HOME)).browser
    await attacked()
    with pytest.raises(TooManyRequests):
        await authentication.log_in(BOB, PASSWORD, replace(HOME, browser=theirs))


async def test_from_a_known_place_guesses_are_bounded_all_the_same(people: People):
    browser = (await authentication.log_in(BOB, PASSWORD, HOME)).browser
    for client in (HOME, replace(AWAY, browser=browser)):
        kinds = [await wrong(client) for _ in range(9)]
        assert kinds.count(TooManyRequests) >= 3
        with pytest.raises(TooManyRequests):
            await authentication.log_in(BOB, PASSWORD, client)


async def test_bobs_right_password_gives_an_attacker_no_further_tries(people: People):
    await authentication.log_in(BOB, PASSWORD, HOME)
    await attacked()
    await authentication.log_in(BOB, PASSWORD, HOME)
    assert await wrong(Client("2001:db8:ffff::1")) is TooManyRequests


async def test_a_place_is_forgotten_after_half_a_year(people: People):
    await authentication.log_in(BOB, PASSWORD, HOME)
    async with unit_of_work() as session:
        long_ago = now() - known_devices.KEPT_FOR - timedelta(days=1)
        await session.execute(sa.update(KnownPlace).values(seen_at=long_ago))
    await attacked()
    with pytest.raises(TooManyRequests):
        await authentication.log_in(BOB, PASSWORD, HOME)


async def test_places_are_kept_as_hashes_and_go_with_the_account(people: People):
    browser = (await authentication.log_in(BOB, PASSWORD, HOME)).browser
    async with unit_of_work(writes=False) as session:
        rows = list(await session.scalars(sa.select(KnownPlace)))
    assert all(HOME.address not in row.subject and browser not in row.subject for row in rows)
    await account.delete_own(people.bob, PASSWORD, "delete", HOME)
    async with unit_of_work(writes=False) as session:
        left = list(await session.scalars(sa.select(KnownPlace.user_id)))
    assert left
    assert people.bob.user_id not in left


async def test_who_is_signed_in_confirms_while_somebody_tries_their_password(people: People):
    await attacked()
    with pytest.raises(InvalidInput):
        await account.confirm_password(people.bob, "a typo", AWAY)
    await account.confirm_password(people.bob, PASSWORD, AWAY)
