"""Throttling of wrong passwords: by account, by address, and by the two together.

Each failure beyond a free number doubles the wait before the next attempt. The wait for an account
is at most a minute and does not apply in places where its owner has signed in before, so nobody can
lock another user out. Because an address may be shared by everyone behind one router or proxy,
failures from there delay attempts and reject wrong passwords, but never the correct one. IPv6
addresses are counted by their /64.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.config import get_settings
from llm_ui.db import insert_missing, unit_of_work
from llm_ui.errors import TooManyRequests
from llm_ui.models import SignInAttempt
from llm_ui.models.base import now
from llm_ui.security import passwords
from llm_ui.security.client_addresses import network_of
from llm_ui.security.tokens import keyed_hash

# Concurrent attempts on one account from one address, as long as none has failed.
AT_ONCE = 3
# Concurrent attempts from one network of people not known there, and how many may queue.
NETWORK_AT_ONCE = 4
NETWORK_WAITING = 200
# Extra delay per attempt from an address with many failures, in seconds.
SLOW_S = 1.0
FORGET_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Rule:
    """The number of free failures, and the longest wait in seconds."""

    free: int
    longest: int


RULES = {"pair": Rule(5, 900), "address": Rule(30, 900), "account": Rule(10, 60)}


@dataclass(frozen=True, slots=True)
class Try:
    """A sign-in attempt: the account it is for, and where it comes from.

    `place` is a place where the user has signed in before, or "". At a known place, only failures
    at that place count against the account.
    """

    email: str
    address: str
    place: str = ""

    @property
    def subjects(self) -> dict[str, str]:
        """The keys its failures are counted under, by kind."""
        network = network_of(self.address)
        names = {"pair": f"{self.email}\n{self.place or network}", "address": network}
        if not self.place:
            names["account"] = self.email
        return {kind: _subject(kind, name) for kind, name in names.items()}

    @property
    def asker(self) -> passwords.Asker:
        """Which queue for password hashing it joins: that of a known user, or that of the
        network."""
        if self.place:
            return passwords.Asker(self.email, is_known=True)
        return passwords.asker_at(self.address)


def _subject(kind: str, name: str) -> str:
    return keyed_hash(get_settings().secret_keys[-1], f"attempt:{kind}", name)


def _wait(rule: Rule, failures: int) -> int:
    over = failures - rule.free
    return 0 if over <= 0 else min(2 ** min(over - 1, 20), rule.longest)


class _Gate:
    """Limits concurrent attempts on one account from one address, or from one network, per worker.

    A few attempts may run at once until one fails; after that, one at a time, so that a right
    password is not rejected because of an attempt in another tab.
    """

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self.wide = asyncio.Semaphore(at_once)
        self.narrow = asyncio.Lock()
        self.users = 0


_gates: dict[str, _Gate] = {}


@contextlib.asynccontextmanager
async def _at(name: str, at_once: int) -> AsyncIterator[_Gate]:
    gate = _gates.setdefault(name, _Gate(at_once))
    if gate.users >= at_once + NETWORK_WAITING:
        raise TooManyRequests(passwords.BACK_IN_S)
    gate.users += 1
    try:
        async with gate.wide:
            yield gate
    finally:
        gate.users -= 1
        if not gate.users:
            _gates.pop(name, None)


async def tried(trying: Try, verify: Callable[[], Awaitable[bool]]) -> bool:
    """Verify a password subject to throttling; returns whether it is right.

    The attempt is counted as a failure before it is verified, across all workers, so that
    concurrent attempts cannot avoid the waits. If the password is correct, the failures of this
    account are cleared.

    From an address with many failures an attempt takes a moment longer, but a correct password is
    never rejected because of other people's failures there. Attempts from unknown places in one
    network are queued.

    Raises:
        TooManyRequests: an earlier failure's wait is not over, in which case nothing was verified;
            or the password was wrong and starts a new wait; or too many attempts are queued.
    """
    subjects = trying.subjects
    async with contextlib.AsyncExitStack() as gates:
        if not trying.place:
            await gates.enter_async_context(_at(subjects["address"], NETWORK_AT_ONCE))
        gate = await gates.enter_async_context(_at(subjects["pair"], AT_ONCE))
        rows = await _rows(subjects)
        if "pair" in rows or "account" in rows:
            await gates.enter_async_context(gate.narrow)
            rows = await _rows(subjects)
        return await _judged(rows, subjects, verify)


async def _rows(subjects: dict[str, str]) -> dict[str, SignInAttempt]:
    """The recent failures of this attempt's account and address, by kind."""
    query = sa.select(SignInAttempt).where(
        col(SignInAttempt.subject).in_(subjects.values()),
        col(SignInAttempt.last_failure_at) >= now() - FORGET_AFTER,
    )
    async with unit_of_work(writes=False) as session:
        found = {row.subject: row for row in await session.scalars(query)}
    return {kind: found[each] for kind, each in subjects.items() if each in found}


async def _judged(
    rows: dict[str, SignInAttempt], subjects: dict[str, str], verify: Callable[[], Awaitable[bool]]
) -> bool:
    own = {kind: each for kind, each in subjects.items() if kind != "address"}
    _check(row for kind, row in rows.items() if kind in own)
    crowded = rows.get("address")
    is_slow = crowded is not None and crowded.failures >= RULES["address"].free
    if is_slow:
        await asyncio.sleep(SLOW_S)
    moment = now()
    async with unit_of_work() as session:
        wait = await _count(session, own, moment)
    try:
        fits = await verify()
    except TooManyRequests:
        # The password was not verified, so this was no failure.
        async with unit_of_work() as session:
            await _let_go(session, own, moment)
        raise
    async with unit_of_work() as session:
        if fits:
            await session.execute(
                sa.delete(SignInAttempt).where(col(SignInAttempt.subject).in_(own.values()))
            )
            return True
        wait = max(wait, await _count(session, {"address": subjects["address"]}, now()))
    if is_slow and wait:
        raise TooManyRequests(wait, "error.too_many_sign_ins")
    return False


def _check(rows: Iterable[SignInAttempt]) -> None:
    """Raise TooManyRequests if any of these is still waiting."""
    moment = now()
    if (longest := max((_remaining(row, moment) for row in rows), default=0)) > 0:
        raise TooManyRequests(longest, "error.too_many_sign_ins")


async def _count(session: AsyncSession, subjects: dict[str, str], moment: datetime) -> int:
    """Count a failure; returns the longest resulting wait, in seconds.

    Raises:
        TooManyRequests: another failure has started a wait in the meantime; don't verify this one.
    """
    await session.execute(
        sa.delete(SignInAttempt).where(col(SignInAttempt.last_failure_at) < moment - FORGET_AFTER)
    )
    fresh = [
        {"subject": each, "failures": 0, "last_failure_at": moment} for each in subjects.values()
    ]
    query = (
        sa.select(SignInAttempt)
        .where(col(SignInAttempt.subject).in_(subjects.values()))
        # Always in the same order, to avoid deadlocks.
        .order_by(col(SignInAttempt.subject))
        .with_for_update()
    )
    rows: dict[str, SignInAttempt] = {}
    # A successful sign-in at the same moment deletes the rows again.
    while len(rows) < len(subjects):
        await insert_missing(session, SignInAttempt, fresh)
        rows = {row.subject: row for row in (await session.execute(query)).scalars()}
    _check(rows[each] for kind, each in subjects.items() if kind != "address")
    longest = 0
    for kind, subject in subjects.items():
        row = rows[subject]
        row.failures += 1
        row.last_failure_at = moment
        wait = _wait(RULES[kind], row.failures)
        row.blocked_until = moment + timedelta(seconds=wait) if wait else None
        longest = max(longest, wait)
    return longest


async def _let_go(session: AsyncSession, subjects: dict[str, str], moment: datetime) -> None:
    """Undo a failure counted at this moment for a password that could not be verified."""
    # A failure counted since then has its own wait.
    is_last = col(SignInAttempt.last_failure_at) == moment
    await session.execute(
        sa.update(SignInAttempt)
        .where(col(SignInAttempt.subject).in_(subjects.values()), col(SignInAttempt.failures) > 0)
        .values(
            failures=col(SignInAttempt.failures) - 1,
            blocked_until=sa.case((is_last, None), else_=col(SignInAttempt.blocked_until)),
        )
    )


def _remaining(row: SignInAttempt, moment: datetime) -> int:
    if row.blocked_until is None or row.blocked_until <= moment:
        return 0
    return max(1, int((row.blocked_until - moment).total_seconds() + 0.999))


async def forget(session: AsyncSession, email: str) -> None:
    """Clear the failures counted against this account, because its password has changed."""
    await session.execute(
        sa.delete(SignInAttempt).where(col(SignInAttempt.subject) == _subject("account", email))
    )
