"""Slowing wrong passwords: by account, by address, and by the two together.

Each failure beyond a free number doubles the wait before the next attempt. An account
on its own waits a minute at most, and whoever tries from where its person has been signed in before
does not wait for that at all: nobody can lock somebody else out. An address is shared by people
behind one router, or all that a proxy shows: its failures slow tries down and refuse wrong
passwords, but no right one. Of an IPv6 address its /64 counts.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
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
from llm_ui.security.addresses import network_of
from llm_ui.security.tokens import keyed_hash

# Tries at once of one account from one address, while none has been wrong.
AT_ONCE = 3
# What a try takes longer from an address of many failures, in seconds.
SLOW_S = 1.0
FORGET_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Rule:
    """How many failures are free, and the longest wait, in seconds."""

    free: int
    longest: int


RULES = {"pair": Rule(5, 900), "address": Rule(30, 900), "account": Rule(10, 60)}


@dataclass(frozen=True, slots=True)
class Try:
    """Whose password is tried, and from where.

    `place` is where that person is known to have been before, "" elsewhere. There only the
    failures of this very place count for the account.
    """

    email: str
    address: str
    place: str = ""

    @property
    def subjects(self) -> dict[str, str]:
        """What its failures are counted by."""
        network = network_of(self.address)
        names = {"pair": f"{self.email}\n{self.place or network}", "address": network}
        if not self.place:
            names["account"] = self.email
        return {kind: _subject(kind, name) for kind, name in names.items()}


def _subject(kind: str, name: str) -> str:
    return keyed_hash(get_settings().secret_keys[-1], f"attempt:{kind}", name)


def _wait(rule: Rule, failures: int) -> int:
    over = failures - rule.free
    return 0 if over <= 0 else min(2 ** min(over - 1, 20), rule.longest)


class _Gate:
    """Who tries one account from one address just now, on this worker.

    A few may at once while nobody has been wrong; then one after the other, so that many
    guesses at once are no way around the waits.
    """

    def __init__(self) -> None:
        self.wide = asyncio.Semaphore(AT_ONCE)
        self.narrow = asyncio.Lock()
        self.users = 0


_gates: dict[str, _Gate] = {}


@contextlib.asynccontextmanager
async def _at(pair: str) -> AsyncIterator[_Gate]:
    gate = _gates.setdefault(pair, _Gate())
    gate.users += 1
    try:
        async with gate.wide:
            yield gate
    finally:
        gate.users -= 1
        if not gate.users:
            _gates.pop(pair, None)


async def tried(trying: Try, verify: Callable[[], Awaitable[bool]]) -> bool:
    """Have a password tried; whether it fits. One that does not is counted, after it did not.

    From an address of many failures a try takes a moment longer, but the right password of
    somebody else there is never refused for them.

    Raises:
        TooManyRequests: an earlier failure's wait is not over, or this one was wrong and begins
            one; nothing has been tried in the first case.
    """
    subjects = trying.subjects
    async with _at(subjects["pair"]) as gate:
        rows = await _rows(subjects)
        if "pair" not in rows and "account" not in rows:
            return await _judged(rows, subjects, verify)
        async with gate.narrow:
            return await _judged(await _rows(subjects), subjects, verify)


async def _rows(subjects: dict[str, str]) -> dict[str, SignInAttempt]:
    """What is known of an account and an address, by kind."""
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
    moment = now()
    own = [_remaining(row, moment) for kind, row in rows.items() if kind != "address"]
    if (longest := max(own, default=0)) > 0:
        raise TooManyRequests(longest, "error.too_many_sign_ins")
    crowded = rows.get("address")
    is_slow = crowded is not None and crowded.failures >= RULES["address"].free
    if is_slow:
        await asyncio.sleep(SLOW_S)
    if await verify():
        return True
    async with unit_of_work() as session:
        wait = await _count(session, subjects)
    if is_slow and wait:
        raise TooManyRequests(wait, "error.too_many_sign_ins")
    return False


async def _count(session: AsyncSession, subjects: dict[str, str]) -> int:
    """Note a wrong password; the longest wait that comes of it, in seconds."""
    moment = now()
    await session.execute(
        sa.delete(SignInAttempt).where(col(SignInAttempt.last_failure_at) < moment - FORGET_AFTER)
    )
    fresh = [
        {"subject": each, "failures": 0, "last_failure_at": moment} for each in subjects.values()
    ]
    await insert_missing(session, SignInAttempt, fresh)
    query = (
        sa.select(SignInAttempt)
        .where(col(SignInAttempt.subject).in_(subjects.values()))
        # Everywhere in the same order: nobody waits in a circle.
        .order_by(col(SignInAttempt.subject))
        .with_for_update()
    )
    rows = {row.subject: row for row in (await session.execute(query)).scalars()}
    longest = 0
    for kind, subject in subjects.items():
        row = rows[subject]
        row.failures += 1
        row.last_failure_at = moment
        wait = _wait(RULES[kind], row.failures)
        row.blocked_until = moment + timedelta(seconds=wait) if wait else None
        longest = max(longest, wait)
    return longest


def _remaining(row: SignInAttempt, moment: datetime) -> int:
    if row.blocked_until is None or row.blocked_until <= moment:
        return 0
    return max(1, int((row.blocked_until - moment).total_seconds() + 0.999))


async def forget(session: AsyncSession, email: str) -> None:
    """Forget what was tried on this account from everywhere: its password is another one."""
    await session.execute(
        sa.delete(SignInAttempt).where(col(SignInAttempt.subject) == _subject("account", email))
    )


async def succeeded(session: AsyncSession, trying: Try) -> None:
    """Forget the failures of whoever has the password; those of the address stay."""
    own = [each for kind, each in trying.subjects.items() if kind != "address"]
    await session.execute(sa.delete(SignInAttempt).where(col(SignInAttempt.subject).in_(own)))
