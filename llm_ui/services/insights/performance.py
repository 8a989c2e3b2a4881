"""How fast answers are and how many fail, by model, provider and address, over time.

Percentiles use the nearest rank: of n sorted values, the one at position ⌈p·n/100⌉. So each is a
measured value, and the inverse of the empirical distribution function (Hyndman and Fan, "Sample
Quantiles in Statistical Packages", The American Statistician 50(4), 1996, definition 1).
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.enums import RunState
from llm_ui.models import PerformanceMetric, UsageLog
from llm_ui.models.base import now
from llm_ui.schemas.insights.figures import (
    Apart,
    Measure,
    Share,
    Span,
    SpeedLine,
    SpeedOf,
    SpeedView,
)
from llm_ui.security.text import storable

# Seconds between points, and their number, which bounds the work and the plot.
SPANS: dict[Span, tuple[int, int]] = {
    "hour": (60, 60),
    "day": (30 * 60, 48),
    "week": (3 * 3600, 56),
    "month": (12 * 3600, 60),
}
SHARES: tuple[Share, ...] = (50, 95, 99)
UNITS: dict[Measure, str] = {
    "time_to_first_token": "ms",
    "duration": "ms",
    "tokens_per_second": "tokens/s",
    "errors": "%",
}
# More lines could not be told apart, and nobody would read more rows.
MOST_LINES, MOST_ROWS = 6, 100
_KEYS: dict[Apart, tuple[str, ...]] = {
    "model": ("model_name", "provider_name"),
    "provider": ("provider_name",),
    "address": ("address", "provider_name"),
}
Key = tuple[str, str]


@dataclass(frozen=True)
class _Time:
    """The time points of a plot, in seconds since 1970."""

    since: int
    width: int
    points: int

    @property
    def start(self) -> datetime:
        return datetime.fromtimestamp(self.since, UTC)

    @property
    def end(self) -> datetime:
        return datetime.fromtimestamp(self.since + self.width * self.points, UTC)

    def point(self, session: AsyncSession, made: Any) -> sa.ColumnElement[int]:
        """The index of the point that a row belongs to."""
        if session.get_bind().dialect.name == "sqlite":
            seconds = sa.cast(sa.func.strftime("%s", made, type_=sa.Text), sa.Integer)
            return (seconds - self.since) // self.width
        seconds = sa.cast(sa.extract("epoch", made), sa.Float)
        return sa.cast(sa.func.floor((seconds - self.since) / self.width), sa.Integer)


def _time(span: Span) -> _Time:
    width, points = SPANS[span]
    # The last point is still in progress; all are aligned to the clock.
    end = (math.floor(now().timestamp() / width) + 1) * width
    return _Time(end - width * points, width, points)


def _key(by: Apart, table: Any) -> list[Any]:
    return [col(getattr(table, name)) for name in _KEYS[by]]


def _is_one_of(by: Apart, table: Any, wanted: list[Key]) -> sa.ColumnElement[bool]:
    columns = _key(by, table)
    return sa.or_(
        *(
            sa.and_(*(each == value for each, value in zip(columns, key, strict=False)))
            for key in wanted
        )
    )


def _measured(time: _Time, measure: str) -> list[sa.ColumnElement[bool]]:
    return [
        col(PerformanceMetric.metric_name) == measure,
        col(PerformanceMetric.created_at) >= time.start,
        col(PerformanceMetric.created_at) < time.end,
    ]


def _percentiles(apart: list[Any], where: list[Any]) -> sa.Select[Any]:
    """For each group: its key, its number of values, and their percentiles (SHARES)."""
    value = col(PerformanceMetric.metric_value)
    names = [f"apart_{number}" for number in range(len(apart))]
    ranked = (
        sa.select(
            *(each.label(name) for each, name in zip(apart, names, strict=True)),
            value.label("value"),
            sa.func.row_number().over(partition_by=apart, order_by=value).label("place"),
            sa.func.count().over(partition_by=apart).label("many"),
        )
        .where(*where)
        .subquery()
    )
    parts = [ranked.c[name] for name in names]
    places = [(ranked.c.many * share + 99) // 100 for share in SHARES]
    values = [sa.func.max(sa.case((ranked.c.place == each, ranked.c.value))) for each in places]
    return (
        sa.select(*parts, sa.func.max(ranked.c.many), *values)
        .where(ranked.c.place.in_(places))
        .group_by(*parts)
    )


def _padded(key: Any) -> Key:
    first, *more = key
    return first, more[0] if more else ""


async def _speeds(
    session: AsyncSession, time: _Time, measure: str, by: Apart
) -> dict[Key, tuple[Any, ...]]:
    """For each group: the number of values, then the percentiles."""
    apart = _key(by, PerformanceMetric)
    found = await session.execute(_percentiles(apart, _measured(time, measure)))
    width = len(apart)
    return {_padded(row[:width]): tuple(row[width:]) for row in found}


def _outcomes(by: Apart, time: _Time) -> tuple[Any, list[Any], Any]:
    """Where outcomes are recorded: the table, conditions on its rows, and which of them failed."""
    made = col(UsageLog.created_at)
    ended, failed = [made >= time.start, made < time.end], col(UsageLog.status) == RunState.FAILED
    if by != "address":
        return UsageLog, ended, failed
    # The ledger has no addresses, but the metrics of the same runs do.
    runs = sa.select(col(UsageLog.run_id)).where(*ended, failed, col(UsageLog.run_id).is_not(None))
    where = _measured(time, "duration")
    return PerformanceMetric, where, col(PerformanceMetric.run_id).in_(runs)


def _ends(failed: Any) -> list[sa.ColumnElement[int]]:
    return [
        sa.func.count(),
        sa.cast(sa.func.sum(sa.case((failed, 1), else_=0)), sa.Integer),
    ]


async def _failures(session: AsyncSession, time: _Time, by: Apart) -> dict[Key, tuple[int, int]]:
    """For each group: the number of answers, and how many failed."""
    table, where, failed = _outcomes(by, time)
    key = _key(by, table)
    query = sa.select(*key, *_ends(failed)).where(*where).group_by(*key)
    return {_padded(row[: len(key)]): (row[-2], row[-1]) for row in await session.execute(query)}


def _rate(answers: int, failures: int) -> float | None:
    return round(100 * failures / answers, 2) if answers else None


async def _error_lines(
    session: AsyncSession, time: _Time, by: Apart, wanted: list[Key]
) -> list[SpeedLine]:
    table, where, failed = _outcomes(by, time)
    key, point = _key(by, table), time.point(session, col(table.created_at)).label("point")
    query = (
        sa.select(point, *key, *_ends(failed))
        .where(*where, _is_one_of(by, table, wanted))
        .group_by(point, *key)
    )
    lines: dict[Key, list[float | None]] = {each: [None] * time.points for each in wanted}
    for row in await session.execute(query):
        lines[_padded(row[1:-2])][row[0]] = _rate(row[-2], row[-1])
    return [SpeedLine(*key, values) for key, values in lines.items()]


async def _speed_lines(
    session: AsyncSession, time: _Time, measure: str, by: Apart, wanted: list[Key] | None
) -> dict[Key, dict[Share, list[float | None]]]:
    """For each of these groups (None: all) and each percentile: its values over time."""
    point = time.point(session, col(PerformanceMetric.created_at))
    where = _measured(time, measure)
    if wanted is not None:
        where.append(_is_one_of(by, PerformanceMetric, wanted))
    found: dict[Key, dict[Share, list[float | None]]] = defaultdict(
        lambda: {share: [None] * time.points for share in SHARES}
    )
    query = _percentiles([point, *_key(by, PerformanceMetric)], where)
    for row in await session.execute(query):
        for share, value in zip(SHARES, row[-3:], strict=True):
            found[_padded(row[1:-4])][share][row[0]] = value
    return found


def _figures(key: Key, speeds: tuple[Any, ...] | None, answers: int, failures: int) -> SpeedOf:
    measured, p50, p95, p99 = speeds or (0, None, None, None)
    rate = _rate(answers, failures)
    return SpeedOf(*key, measured, p50, p95, p99, answers, failures, rate)


async def view(
    session: AsyncSession,
    actor: Actor,
    *,
    span: Span = "day",
    measure: Measure = "time_to_first_token",
    by: Apart = "model",
    share: Share = 95,
    only: Key | None = None,
) -> SpeedView:
    """A measure over time, with all figures of each group.

    Args:
        span: the last hour, day, week or thirty days.
        by: what to group by; only providers with several addresses are grouped by address.
        share: the percentile to plot, one line for each of the busiest groups.
        only: the name and detail of one group (see SpeedOf), to plot its percentiles instead.

    Raises:
        NotAllowed: the actor is not an administrator.
    """
    require(actor, "administer")
    time = _time(span)
    speeds = {} if measure == "errors" else await _speeds(session, time, measure, by)
    ends = await _failures(session, time, by)
    items = [_figures(key, speeds.get(key), *ends.get(key, (0, 0))) for key in {*speeds, *ends}]
    items.sort(key=lambda each: (-max(each.answers, each.measured), each.name, each.detail))
    wanted = [(each.name, each.detail) for each in items[:MOST_LINES]]
    if only is not None:
        wanted = [(storable(only[0]), storable(only[1]))]
    lines: list[SpeedLine] = []
    if wanted and measure == "errors":
        lines = await _error_lines(session, time, by, wanted)
    elif wanted:
        # Filtering by a list of all groups would cost more than it saves.
        are_all = only is None and len(items) <= MOST_LINES
        found = await _speed_lines(session, time, measure, by, None if are_all else wanted)
        if only is not None:
            lines = [SpeedLine(f"p{n}", "", found[wanted[0]][n]) for n in SHARES]
        else:
            lines = [SpeedLine(*key, found[key][share]) for key in wanted if key in found]
    return SpeedView(
        time.start.isoformat(),
        time.width,
        time.points,
        UNITS[measure],
        lines,
        items[:MOST_ROWS],
        len(items),
    )
