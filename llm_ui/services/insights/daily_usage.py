"""Daily totals of the usage ledger: updated with each new row, rebuilt on request.

Days are UTC days, so the totals are the same for everyone.
"""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.enums import RunState
from llm_ui.models import DailyUsage, UsageLog

KEY = ("grain", "day", "person_id", "model_name", "provider_name", "currency")
SUMS = (
    "answers",
    "failures",
    "estimated",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_micro",
)
# Whether the rows of a grain are per user and per model. Always in this order, so that two answers
# that end at once lock the rows in the same order and cannot deadlock.
GRAINS = {"each": (True, True), "person": (True, False), "model": (False, True)}

_TABLE = cast("sa.Table", sa.inspect(DailyUsage).local_table)


def _adding(session: AsyncSession) -> Any:
    """An INSERT that adds to existing totals."""
    is_postgres = session.get_bind().dialect.name == "postgresql"
    return (postgresql.insert if is_postgres else sqlite.insert)(_TABLE)


def _added(statement: Any) -> Any:
    return statement.on_conflict_do_update(
        index_elements=KEY,
        set_={name: _TABLE.c[name] + statement.excluded[name] for name in SUMS},
    )


async def count(session: AsyncSession, usage: UsageLog) -> None:
    """Add a ledger row to its day's totals, in the transaction that adds the row."""
    figures = {
        "answers": 1,
        "failures": int(usage.status == RunState.FAILED),
        "estimated": int(usage.is_estimated),
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost_micro": usage.cost_micro,
    }
    rows = [
        {
            "grain": grain,
            "day": usage.created_at.date().isoformat(),
            "person_id": (usage.user_id or "") if has_person else "",
            "model_name": usage.model_name if has_model else "",
            "provider_name": usage.provider_name if has_model else "",
            "currency": usage.currency,
            **figures,
        }
        for grain, (has_person, has_model) in GRAINS.items()
    ]
    await session.execute(_added(_adding(session).values(rows)))


async def forget(session: AsyncSession, user_id: str) -> None:
    """Detach totals from a user whose account is being deleted, as their ledger rows are."""
    theirs = sa.and_(_TABLE.c.person_id == user_id, _TABLE.c.grain.in_(("each", "person")))
    names = [*KEY, *SUMS]
    columns = [sa.literal("") if name == "person_id" else _TABLE.c[name] for name in names]
    moved = sa.select(*columns).where(theirs).order_by(*(_TABLE.c[name] for name in KEY))
    await session.execute(_added(_adding(session).from_select(names, moved)))
    await session.execute(sa.delete(_TABLE).where(theirs))


def _day(session: AsyncSession) -> sa.ColumnElement[str]:
    made = col(UsageLog.created_at)
    if session.get_bind().dialect.name == "sqlite":
        # Stored in UTC, starting with the date.
        return sa.func.substr(made, 1, 10, type_=sa.Text)
    return sa.func.to_char(sa.func.timezone("UTC", made), "YYYY-MM-DD", type_=sa.Text)


def from_ledger(session: AsyncSession, grain: str) -> sa.Select[Any]:
    """The rows a grain should have according to the ledger: KEY, then SUMS."""
    has_person, has_model = GRAINS[grain]
    nothing: Any = sa.literal("")
    key: list[Any] = [
        _day(session),
        sa.func.coalesce(col(UsageLog.user_id), "") if has_person else nothing,
        col(UsageLog.model_name) if has_model else nothing,
        col(UsageLog.provider_name) if has_model else nothing,
        col(UsageLog.currency),
    ]

    def total(value: Any) -> sa.ColumnElement[int]:
        return sa.cast(sa.func.sum(value), sa.BigInteger)

    sums: list[sa.ColumnElement[int]] = [
        sa.func.count(),
        total(sa.case((col(UsageLog.status) == RunState.FAILED, 1), else_=0)),
        total(sa.case((col(UsageLog.is_estimated), 1), else_=0)),
        *(total(getattr(UsageLog, name)) for name in SUMS[3:]),
    ]
    labelled = [
        each.label(name) for name, each in zip((*KEY[1:], *SUMS), (*key, *sums), strict=True)
    ]
    grouped = [each for each in key if each is not nothing]
    return sa.select(sa.literal(grain).label("grain"), *labelled).group_by(*grouped)


async def rebuild(session: AsyncSession) -> int:
    """Rebuild all totals from the ledger; returns the number of rows.

    Answers that end during this time wait for the commit and are then added.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(sa.text("LOCK TABLE usageday IN SHARE ROW EXCLUSIVE MODE"))
    await session.execute(sa.delete(_TABLE))
    for grain in GRAINS:
        await session.execute(
            sa.insert(_TABLE).from_select([*KEY, *SUMS], from_ledger(session, grain))
        )
    return await session.scalar(sa.select(sa.func.count()).select_from(_TABLE)) or 0
