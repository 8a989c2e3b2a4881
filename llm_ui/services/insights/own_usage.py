"""A user's own usage: totals of their ledger rows, by day and model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.errors import InvalidInput
from llm_ui.models import UsageLog
from llm_ui.schemas.accounts.account import Money, UsageDay, UsageModel, UsageReport, UsageRow
from llm_ui.services.csv_lines import csv_line

LONGEST_RANGE = timedelta(days=366)
# The UTC offsets of all time zones are multiples of this, so a quarter of an hour is in one day.
QUARTER_S = 900
MICRO = 1_000_000
LEDGER_PAGE = 500


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def check_range(start: date, end: date) -> None:
    """Raise InvalidInput unless the range is valid and at most a year long."""
    if start > end:
        raise InvalidInput("error.range_order", field="from")
    if end - start > LONGEST_RANGE or start.year < 2000 or end.year > 9000:
        raise InvalidInput("error.range_long", field="from", days=LONGEST_RANGE.days)


def _quarter(session: AsyncSession) -> sa.ColumnElement[int]:
    """The quarter of an hour a row was written in, counted since 1970."""
    made = col(UsageLog.created_at)
    if session.get_bind().dialect.name == "sqlite":
        return sa.cast(sa.func.strftime("%s", made, type_=sa.Text), sa.Integer).op("/")(QUARTER_S)
    seconds = sa.extract("epoch", made)
    return sa.cast(sa.func.floor(seconds / QUARTER_S), sa.BigInteger)


async def rows(
    session: AsyncSession, actor: Actor, start: date, end: date, zone: ZoneInfo
) -> tuple[list[UsageRow], bool]:
    """The actor's usage by day, model and currency, oldest first.

    Args:
        start, end: days in `zone`, both included.

    Returns:
        the rows, and whether some of the counts are estimates.

    Raises:
        InvalidInput: the range is reversed or longer than a year.
    """
    check_range(start, end)
    quarter = _quarter(session).label("quarter")
    names = (col(UsageLog.model_name), col(UsageLog.provider_name), col(UsageLog.currency))
    query = (
        sa.select(
            quarter,
            *names,
            sa.func.count(),
            sa.func.sum(col(UsageLog.input_tokens)),
            sa.func.sum(col(UsageLog.output_tokens)),
            sa.func.sum(col(UsageLog.cost_micro)),
            sa.func.max(sa.case((col(UsageLog.is_estimated), 1), else_=0)),
        )
        .where(
            col(UsageLog.user_id) == actor.user_id,
            col(UsageLog.created_at) >= _midnight(start, zone),
            col(UsageLog.created_at) < _midnight(end + timedelta(days=1), zone),
        )
        .group_by(quarter, *names)
    )
    sums: dict[tuple[str, str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    is_estimated = False
    for at, model, provider, currency, count, read, written, cost, estimated in (
        await session.execute(query)
    ).all():
        day = datetime.fromtimestamp(int(at) * QUARTER_S, zone).date().isoformat()
        held = sums[day, model, provider, currency]
        for place, value in enumerate((count, read, written, cost)):
            held[place] += int(value or 0)
        is_estimated = is_estimated or bool(estimated)
    found = [
        UsageRow(day, model, provider, held[0], held[1], held[2], held[3], currency)
        for (day, model, provider, currency), held in sorted(sums.items())
    ]
    return found, is_estimated


def _costs(found: Iterable[UsageRow]) -> list[Money]:
    sums: dict[str, int] = defaultdict(int)
    for row in found:
        sums[row.currency] += row.cost_micro
    # Without a cost, there is no currency to show.
    return [Money(micro, currency) for currency, micro in sorted(sums.items()) if micro]


async def report(
    session: AsyncSession, actor: Actor, start: date, end: date, zone: ZoneInfo
) -> UsageReport:
    """The actor's usage in a range of days; see `rows` for the arguments."""
    found, is_estimated = await rows(session, actor, start, end, zone)
    by_day: dict[str, list[UsageRow]] = defaultdict(list)
    by_model: dict[tuple[str, str], list[UsageRow]] = defaultdict(list)
    for row in found:
        by_day[row.day].append(row)
        by_model[row.model, row.provider].append(row)
    days = [
        (start + timedelta(days=number)).isoformat() for number in range((end - start).days + 1)
    ]
    models = [
        UsageModel(name, provider, *_sums(each), _costs(each))
        for (name, provider), each in by_model.items()
    ]
    return UsageReport(
        start.isoformat(),
        end.isoformat(),
        *_sums(found),
        _costs(found),
        is_estimated,
        [UsageDay(day, *_sums(by_day[day]), _costs(by_day[day])) for day in days],
        sorted(models, key=lambda each: (-each.input_tokens - each.output_tokens, each.name)),
    )


def _sums(found: list[UsageRow]) -> tuple[int, int, int]:
    return (
        sum(row.answers for row in found),
        sum(row.input_tokens for row in found),
        sum(row.output_tokens for row in found),
    )


def units(micro: int) -> str:
    """Micro-units as a decimal number of units."""
    return f"{micro / MICRO:.6f}"


async def as_csv(
    session: AsyncSession, actor: Actor, start: date, end: date, zone: ZoneInfo
) -> str:
    """`rows` as CSV, with a header."""
    found, _ = await rows(session, actor, start, end, zone)
    lines = [
        csv_line(
            "day",
            "model",
            "provider",
            "answers",
            "input_tokens",
            "output_tokens",
            "cost",
            "currency",
        )
    ]
    for row in found:
        lines.append(
            csv_line(
                row.day,
                row.model,
                row.provider,
                row.answers,
                row.input_tokens,
                row.output_tokens,
                units(row.cost_micro),
                row.currency,
            )
        )
    return "".join(lines)


async def ledger_csv(actor: Actor) -> AsyncIterator[str]:
    """All of the actor's ledger rows as CSV, oldest first, loaded a page at a time."""
    yield csv_line(
        "time",
        "model",
        "provider",
        "status",
        "input_tokens",
        "cached_tokens",
        "output_tokens",
        "reasoning_tokens",
        "estimated",
        "cost",
        "currency",
    )
    last = ""
    while True:
        async with unit_of_work(writes=False) as session:
            page = list(
                await session.scalars(
                    sa.select(UsageLog)
                    .where(col(UsageLog.user_id) == actor.user_id, col(UsageLog.id) > last)
                    .order_by(col(UsageLog.id))
                    .limit(LEDGER_PAGE)
                )
            )
        for row in page:
            yield csv_line(
                row.created_at.isoformat(),
                row.model_name,
                row.provider_name,
                row.status,
                row.input_tokens,
                row.cached_tokens,
                row.output_tokens,
                row.reasoning_tokens,
                row.is_estimated,
                units(row.cost_micro),
                row.currency,
            )
        if len(page) < LEDGER_PAGE:
            return
        last = page[-1].id
