"""Many guesses at once, from one network or from many: what they get, and what they cost others.

Covers these classes: lock-out as denial of service, unfair queue, unbounded work without an
account.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from llm_ui.auth import Client
from llm_ui.db import unit_of_work
from llm_ui.errors import InvalidCredentials, InvalidInput, TooManyRequests
from llm_ui.models import MonitoringLog, SignInAttempt
from llm_ui.models.base import now
from llm_ui.security import passwords
from llm_ui.security.limits import Allowance
from llm_ui.security.turns import Turns
from llm_ui.services.accounts import authentication, failed_sign_ins, throttling
from llm_ui.services.accounts.throttling import Try
from tests.conftest import PASSWORD, People, until

BOB = "bob@example.org"
HOME = Client("192.0.2.1", "Firefox")


class Verifying:
    """In place of a hash: takes until it is let go on, and fits nothing."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.tried = 0
        self.now = self.most = 0

    async def __call__(self) -> bool:
        self.tried += 1
        self.now += 1
        self.most = max(self.most, self.now)
        await self.open.wait()
        self.now -= 1
        return False


@pytest.fixture
def verifying(monkeypatch: pytest.MonkeyPatch) -> Verifying:
    """Also, a wait is longer than the test."""
    monkeypatch.setattr(throttling, "SLOW_S", 0.0)
    monkeypatch.setattr(throttling, "_wait", lambda rule, failures: 900 * (failures > rule.free))
    return Verifying()


async def at_once(
    tries: list[Try], verifying: Verifying, expected: int
) -> list[bool | BaseException]:
    """What comes of tries, of which so many are under way before one is known to be wrong."""
    tasks = [asyncio.create_task(throttling.tried(each, verifying)) for each in tries]
    await until(lambda: verifying.now >= expected)
    # Time for those who should not be.
    await asyncio.sleep(0.1)
    verifying.open.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def wrong() -> bool:
    return False


def from_everywhere(count: int) -> list[Try]:
    return [Try(BOB, f"2001:db8:{number:x}::1") for number in range(count)]


async def test_from_many_addresses_at_once_no_more_are_tried_than_are_free(
    people: People, verifying: Verifying
):
    """Many guesses before the first one is counted: they are counted before they are tried."""
    free = throttling.RULES["account"].free + 1
    told = await at_once(from_everywhere(60), verifying, free)
    assert verifying.tried == free
    assert sum(isinstance(each, TooManyRequests) for each in told) == 60 - free


async def test_when_the_wait_is_over_one_is_tried_and_not_all(people: People, verifying: Verifying):
    verifying.open.set()
    await throttling.tried(Try(BOB, "2001:db8:ffff::1"), verifying)
    async with unit_of_work() as session:
        over = now() - timedelta(seconds=1)
        await session.execute(sa.update(SignInAttempt).values(failures=30, blocked_until=over))
    verifying.open.clear()
    verifying.tried = 0
    await at_once(from_everywhere(40), verifying, 1)
    assert verifying.tried == 1


async def test_what_could_not_be_tried_does_not_count(people: People):
    async def full() -> bool:
        raise TooManyRequests(5)

    for _ in range(3 * throttling.RULES["pair"].free):
        with pytest.raises(TooManyRequests):
            await throttling.tried(Try(BOB, HOME.address), full)
    assert (await authentication.log_in(BOB, PASSWORD, HOME)).user.username == "bob"


async def test_what_could_not_be_tried_begins_no_wait(people: People):
    """Of somebody who had tried too often before, and whose wait was over."""

    async def full() -> bool:
        raise TooManyRequests(5)

    await throttling.tried(Try(BOB, HOME.address), wrong)
    async with unit_of_work() as session:
        over = now() - timedelta(seconds=1)
        await session.execute(sa.update(SignInAttempt).values(failures=30, blocked_until=over))
    with pytest.raises(TooManyRequests):
        await throttling.tried(Try(BOB, HOME.address), full)
    assert (await authentication.log_in(BOB, PASSWORD, HOME)).user.username == "bob"


async def test_what_could_not_be_tried_lifts_no_wait_of_another_one(people: People):
    free = throttling.RULES["pair"].free

    async def full() -> bool:
        """While this one waits, another one is wrong."""
        for _ in range(free):
            await throttling.tried(Try(BOB, HOME.address), wrong)
        raise TooManyRequests(5)

    with pytest.raises(TooManyRequests):
        await throttling.tried(Try(BOB, HOME.address), full)
    with pytest.raises(TooManyRequests):
        await authentication.log_in(BOB, PASSWORD, HOME)


async def test_strangers_of_one_network_are_tried_a_few_at_a_time(
    people: People, verifying: Verifying
):
    strangers = [Try(f"{number}@example.org", HOME.address) for number in range(30)]
    await at_once(strangers, verifying, throttling.NETWORK_AT_ONCE)
    assert (verifying.tried, verifying.most) == (30, throttling.NETWORK_AT_ONCE)


async def test_who_is_known_there_does_not_wait_behind_them(people: People):
    """Lock-out as denial of service: by keeping an address busy."""
    browser = (await authentication.log_in(BOB, PASSWORD, HOME)).browser
    held = asyncio.Event()

    async def slow() -> bool:
        await held.wait()
        return False

    strangers = [Try(f"{number}@example.org", HOME.address) for number in range(20)]
    tasks = [asyncio.create_task(throttling.tried(each, slow)) for each in strangers]
    await until(lambda: throttling._gates)
    known = Client(HOME.address, "Firefox", browser=browser)
    assert (await authentication.log_in(BOB, PASSWORD, known)).user.username == "bob"
    assert not any(each.done() for each in tasks)
    held.set()
    await asyncio.gather(*tasks)


async def test_where_too_many_of_a_network_wait_strangers_are_told_to_come_back(
    people: People, monkeypatch: pytest.MonkeyPatch, verifying: Verifying
):
    monkeypatch.setattr(throttling, "NETWORK_WAITING", 6)
    strangers = [Try(f"{number}@example.org", HOME.address) for number in range(30)]
    told = await at_once(strangers, verifying, throttling.NETWORK_AT_ONCE)
    assert sum(isinstance(each, TooManyRequests) for each in told) == 30 - 6 - verifying.most


async def test_who_is_known_is_not_told_that_too_many_wait(
    people: People, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(passwords, "MOST_WAITING", 0)
    with pytest.raises(TooManyRequests):
        await authentication.log_in(BOB, PASSWORD, Client("203.0.113.9"))
    monkeypatch.undo()
    browser = (await authentication.log_in(BOB, PASSWORD, HOME)).browser
    monkeypatch.setattr(passwords, "MOST_WAITING", 0)
    known = Client("203.0.113.9", browser=browser)
    assert (await authentication.log_in(BOB, PASSWORD, known)).user.username == "bob"


async def test_many_networks_of_one_customer_do_not_fill_the_line_of_others():
    for _ in range(passwords.AT_ONCE):
        await passwords._turns.take("somebody")
    count = passwords.MOST_OF_ONE + 10
    theirs = [
        asyncio.create_task(
            passwords.hash_password(PASSWORD, passwords.asker_at(f"2001:db8:7:{number:x}::1"))
        )
        for number in range(count)
    ]
    await asyncio.sleep(0)
    assert sum(each.done() for each in theirs) == 10
    others = [
        asyncio.create_task(passwords.hash_password(PASSWORD, asker))
        for asker in (passwords.asker_at("2001:db8:8::1"), passwords.asker_with("a link"))
    ]
    await asyncio.sleep(0)
    assert not any(each.done() for each in others)
    for _ in range(passwords.AT_ONCE):
        passwords._turns.leave()
    assert all(hashed.startswith("$argon2id$") for hashed in await asyncio.gather(*others))
    told = await asyncio.gather(*theirs, return_exceptions=True)
    assert sum(isinstance(each, TooManyRequests) for each in told) == 10


def test_a_password_of_a_million_marks_is_refused_before_anything_is_done_with_them():
    """Putting marks into order takes time that grows with the square of their number."""
    with pytest.raises(InvalidInput) as refused:
        authentication.check_password("a" + "\u0301\u0323" * 500_000)
    assert refused.value.message_key == "error.password_long"


async def _turns(asking: list[tuple[str, bool]]) -> list[str]:
    """In which order they have their turns, one at a time."""
    turns, order = Turns(1), list[str]()
    await turns.take("first")

    async def wait(key: str, is_known: bool) -> None:
        await turns.take(key, is_known=is_known)
        order.append(key)
        turns.leave()

    tasks = [asyncio.create_task(wait(*each)) for each in asking]
    await asyncio.sleep(0)
    turns.leave()
    await asyncio.gather(*tasks)
    return order


async def test_each_network_has_its_turn_however_much_another_one_asks():
    """Unfair queue."""
    order = await _turns([*[("busy", False)] * 50, ("quiet", False), ("known", True)])
    assert order.index("quiet") <= 3
    assert order.index("known") <= 1
    assert order.count("busy") == 50


async def test_who_goes_away_while_waiting_holds_nobody_up():
    turns = Turns(1)
    await turns.take("one")
    tasks = [asyncio.create_task(turns.take("two")) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    turns.leave()
    # This one goes at the moment at which it has its turn.
    tasks[1].cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in done] == [asyncio.CancelledError] * 2 + [type(None)]
    turns.leave()
    await turns.take("three")
    assert turns.waiting == 0


async def test_failed_sign_ins_of_a_network_fill_no_log(
    people: People, monkeypatch: pytest.MonkeyPatch
):
    """Unbounded work without an account."""
    monkeypatch.setattr(throttling, "SLOW_S", 0.0)
    for name, times in (("_told", 5), ("_told_more", 1), ("_told_of_all", 8)):
        monkeypatch.setattr(failed_sign_ins, name, Allowance(times, 600))
    for address in ("192.0.2.1", "192.0.2.2"):
        for number in range(9):
            with pytest.raises((InvalidCredentials, TooManyRequests)):
                await authentication.log_in(f"{number}@example.org", "a guess", Client(address))
    query = sa.select(col(MonitoringLog.log_type), col(MonitoringLog.address)).where(
        col(MonitoringLog.log_type).startswith("sign_in.failed")
    )
    async with unit_of_work(writes=False) as session:
        rows = [tuple(row) for row in await session.execute(query)]
    assert rows.count(("sign_in.failed", "192.0.2.1")) == 5
    assert rows.count(("sign_in.failed_often", "192.0.2.1")) == 1
    assert rows.count(("sign_in.failed", "192.0.2.2")) == 2
    assert len(rows) == 8
