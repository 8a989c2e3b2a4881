"""All users' usage, for administrators, from the daily totals of the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.db import unit_of_work
from llm_ui.errors import InvalidInput
from llm_ui.models import DailyUsage, User
from llm_ui.schemas.accounts.account import Money, UsageDay
from llm_ui.schemas.insights.figures import (
    By,
    Column,
    UsageFilters,
    UsageOverview,
    UsedBy,
    UsedTotal,
)
from llm_ui.security.text import storable
from llm_ui.services.csv_lines import csv_line
from llm_ui.services.insights.daily_usage import KEY, SUMS
from llm_ui.services.insights.own_usage import check_range, units
from llm_ui.services.paging import no_cursor

PAGE = 50
CSV_PAGE = 2000
HEADINGS = (
    "day",
    "person",
    "email",
    "model",
    "provider",
    "answers",
    "failures",
    "estimated_answers",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost",
    "currency",
)
_KEPT_APART = {
    "day": (DailyUsage.day,),
    "model": (DailyUsage.model_name, DailyUsage.provider_name),
    "person": (DailyUsage.person_id,),
    "provider": (DailyUsage.provider_name,),
}
Key = tuple[str, ...]


class _Sums:
    """The totals of one group; costs are kept per currency."""

    def __init__(self) -> None:
        self.figures = dict.fromkeys(SUMS[:-1], 0)
        self.costs: dict[str, int] = defaultdict(int)

    def add(self, currency: str, values: Iterable[Any]) -> None:
        *figures, cost = (int(value) for value in values)
        for name, value in zip(self.figures, figures, strict=True):
            self.figures[name] += value
        self.costs[currency] += cost

    def told(self) -> dict[str, Any]:
        # Without a cost, there is no currency to show.
        costs = [Money(micro, name) for name, micro in sorted(self.costs.items()) if micro]
        return {**self.figures, "costs": costs}


def _where(filters: UsageFilters, by: By) -> list[sa.ColumnElement[bool]]:
    """Conditions for the rows of the coarsest grain that has the required detail."""
    if filters.model or (filters.person and by in ("model", "provider")):
        grain = "each"
    else:
        grain = "person" if filters.person or by == "person" else "model"
    found = [
        col(DailyUsage.grain) == grain,
        col(DailyUsage.day).between(filters.start.isoformat(), filters.end.isoformat()),
    ]
    if filters.person:
        found.append(col(DailyUsage.person_id) == storable(filters.person))
    if filters.model:
        found.append(col(DailyUsage.model_name) == storable(filters.model))
    if filters.provider:
        found.append(col(DailyUsage.provider_name) == storable(filters.provider))
    return found


async def _groups(session: AsyncSession, filters: UsageFilters, by: By) -> dict[Key, _Sums]:
    apart = [*(col(each) for each in _KEPT_APART[by]), col(DailyUsage.currency)]
    sums = [sa.func.sum(getattr(DailyUsage, name)) for name in SUMS]
    query = sa.select(*apart, *sums).where(*_where(filters, by)).group_by(*apart)
    found: dict[Key, _Sums] = defaultdict(_Sums)
    for row in (await session.execute(query)).all():
        *key, currency = row[: len(apart)]
        found[tuple(key)].add(currency, row[len(apart) :])
    return found


async def _people(session: AsyncSession, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Names and email addresses by ID."""
    columns = (col(User.id), col(User.username), col(User.email))
    wanted = list(ids)
    found: dict[str, tuple[str, str]] = {}
    for start in range(0, len(wanted), CSV_PAGE):
        part = wanted[start : start + CSV_PAGE]
        for row in await session.execute(sa.select(*columns).where(col(User.id).in_(part))):
            found[row[0]] = (row[1], row[2])
    return found


def _order(sort: Column, groups: list[UsedBy]) -> Callable[[UsedBy], Any]:
    if sort == "name":
        return lambda each: (each.name.casefold(), each.detail.casefold())
    if sort != "cost":
        return lambda each: getattr(each, sort)
    # Amounts in different currencies cannot be compared: sort by the most common currency first.
    counts: dict[str, int] = defaultdict(int)
    for each in groups:
        for cost in each.costs:
            counts[cost.currency] += 1
    ranked = sorted(counts, key=lambda name: (-counts[name], name))

    def amounts(each: UsedBy) -> list[int]:
        known = {cost.currency: cost.micro for cost in each.costs}
        return [known.get(name, 0) for name in ranked]

    return amounts


async def _table(session: AsyncSession, by: By, groups: dict[Key, _Sums]) -> list[UsedBy]:
    if by == "day":
        return [UsedBy(key[0], key[0], "", **sums.told()) for key, sums in groups.items()]
    if by == "person":
        names = await _people(session, (key[0] for key in groups))
        return [
            UsedBy(key[0], *names.get(key[0], ("", "")), **sums.told())
            for key, sums in groups.items()
        ]
    return [
        UsedBy(key[0], key[0], key[1] if by == "model" else "", **sums.told())
        for key, sums in groups.items()
    ]


def _check(filters: UsageFilters) -> None:
    check_range(filters.start, filters.end)
    if filters.provider and not filters.model:
        raise InvalidInput("error.provider_without_model", field="provider")


async def overview(
    session: AsyncSession,
    actor: Actor,
    filters: UsageFilters,
    *,
    by: By = "day",
    sort: Column = "name",
    descending: bool = True,
    cursor: str | None = None,
    limit: int = PAGE,
) -> UsageOverview:
    """Usage in total, by day, and in a table by day, model, user or provider.

    Args:
        filters: a range of at most a year, and optionally the user, model or provider to limit it
            to.
        sort, descending: the order of the table; costs are sorted by the most common currency.
        cursor: the `next_cursor` of the previous page; None for the first page.
        limit: table rows per page.

    Raises:
        NotAllowed: the actor is not an administrator.
        InvalidInput: the range is reversed or longer than a year, a provider is given without a
            model, or the cursor is invalid.
    """
    require(actor, "administer")
    _check(filters)
    skipped = _skipped(cursor)
    days = await _groups(session, filters, "day")
    total, plotted = _Sums(), []
    for sums in days.values():
        for name, value in sums.figures.items():
            total.figures[name] += value
        for currency, micro in sums.costs.items():
            total.costs[currency] += micro
    for number in range((filters.end - filters.start).days + 1):
        day = (filters.start + timedelta(days=number)).isoformat()
        told = days[day,].figures if (day,) in days else {}
        plotted.append(
            UsageDay(
                day,
                told.get("answers", 0),
                told.get("input_tokens", 0),
                told.get("output_tokens", 0),
            )
        )
    groups = days if by == "day" else await _groups(session, filters, by)
    rows = await _table(session, by, groups)
    # First by name, so that the order of equal rows is the same on every page.
    rows.sort(key=lambda each: (each.name.casefold(), each.detail.casefold(), each.key))
    rows.sort(key=_order(sort, rows), reverse=descending)
    names = await _people(session, [storable(filters.person)] if filters.person else [])
    until = skipped + limit
    return UsageOverview(
        filters.start.isoformat(),
        filters.end.isoformat(),
        next((name for name, _ in names.values()), ""),
        UsedTotal(**total.told()),
        plotted,
        rows[skipped:until],
        len(rows),
        str(until) if until < len(rows) else None,
    )


def _skipped(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise no_cursor()
    return int(cursor)


def export(actor: Actor, filters: UsageFilters) -> AsyncIterator[bytes]:
    """All matching usage as CSV, one line per day, user, model and currency.

    Raises like `overview`, before anything is written.
    """
    require(actor, "administer")
    _check(filters)
    return _written(filters)


async def _written(filters: UsageFilters) -> AsyncIterator[bytes]:
    """Yield the CSV with only one page of rows in memory at a time."""
    yield csv_line(*HEADINGS).encode()
    key = [col(getattr(DailyUsage, name)) for name in KEY[1:]]
    # The finest grain has all details.
    where = [col(DailyUsage.grain) == "each", *_where(filters, "day")[1:]]
    last: tuple[str, ...] | None = None
    while True:
        after = [] if last is None else [sa.tuple_(*key) > sa.tuple_(*map(sa.literal, last))]
        query = sa.select(DailyUsage).where(*where, *after).order_by(*key).limit(CSV_PAGE)
        async with unit_of_work(writes=False) as session:
            page = list(await session.scalars(query))
            names = await _people(session, {each.person_id for each in page if each.person_id})
        yield "".join(_line(each, *names.get(each.person_id, ("", ""))) for each in page).encode()
        if len(page) < CSV_PAGE:
            return
        last = tuple(getattr(page[-1], name) for name in KEY[1:])


def _line(row: DailyUsage, person: str, email: str) -> str:
    return csv_line(
        row.day,
        person,
        email,
        row.model_name,
        row.provider_name,
        row.answers,
        row.failures,
        row.estimated,
        row.input_tokens,
        row.cached_tokens,
        row.output_tokens,
        row.reasoning_tokens,
        units(row.cost_micro),
        row.currency,
    )
