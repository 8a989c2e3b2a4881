"""Slowing wrong passwords: by account, by address, and by the two together.

Each failure beyond a free number doubles the wait before the next attempt. An account
on its own waits a minute at most: nobody can lock somebody else out for long.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.config import get_settings
from llm_ui.db import insert_missing
from llm_ui.errors import TooManyRequests
from llm_ui.models import SignInAttempt
from llm_ui.models.base import now
from llm_ui.security.tokens import keyed_hash

FORGET_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Rule:
    """How many failures are free, and the longest wait, in seconds."""

    free: int
    longest: int


RULES = {"pair": Rule(5, 900), "address": Rule(30, 900), "account": Rule(10, 60)}


def _subjects(email: str, address: str) -> dict[str, str]:
    names = {"pair": f"{email}\n{address}", "address": address, "account": email}
    secret = get_settings().secret_keys[-1]
    return {kind: keyed_hash(secret, f"attempt:{kind}", name) for kind, name in names.items()}


def _wait(rule: Rule, failures: int) -> int:
    over = failures - rule.free
    return 0 if over <= 0 else min(2 ** min(over - 1, 20), rule.longest)


async def begin(session: AsyncSession, email: str, address: str) -> None:
    """Count an attempt as failed before it is tried, so that many at once count too.

    Raises:
        TooManyRequests: an earlier failure's wait is not over.
    """
    moment = now()
    subjects = _subjects(email, address)
    await session.execute(
        sa.delete(SignInAttempt).where(col(SignInAttempt.last_failure_at) < moment - FORGET_AFTER)
    )
    fresh = [
        {"subject": each, "failures": 0, "last_failure_at": moment} for each in subjects.values()
    ]
    await insert_missing(session, SignInAttempt, fresh)
    query = sa.select(SignInAttempt).where(col(SignInAttempt.subject).in_(subjects.values()))
    rows = {row.subject: row for row in (await session.execute(query.with_for_update())).scalars()}
    longest = max((_remaining(row, moment) for row in rows.values()), default=0)
    if longest > 0:
        raise TooManyRequests(longest, "error.too_many_sign_ins")
    for kind, subject in subjects.items():
        row = rows[subject]
        row.failures += 1
        row.last_failure_at = moment
        wait = _wait(RULES[kind], row.failures)
        row.blocked_until = moment + timedelta(seconds=wait) if wait else None


def _remaining(row: SignInAttempt, moment: datetime) -> int:
    if row.blocked_until is None or row.blocked_until <= moment:
        return 0
    return max(1, int((row.blocked_until - moment).total_seconds() + 0.999))


async def succeeded(session: AsyncSession, email: str, address: str) -> None:
    """Forget the failures of this account; give the address its attempt back."""
    subjects = _subjects(email, address)
    own = [subjects["pair"], subjects["account"]]
    await session.execute(sa.delete(SignInAttempt).where(col(SignInAttempt.subject).in_(own)))
    await session.execute(
        sa.update(SignInAttempt)
        .where(col(SignInAttempt.subject) == subjects["address"])
        .values(failures=col(SignInAttempt.failures) - 1, blocked_until=None)
    )
