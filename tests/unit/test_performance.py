"""Speeds over time: the right percentiles, in the right places, of the right groups."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from llm_ui.db import Database, unit_of_work
from llm_ui.errors import NotAllowed
from llm_ui.models import PerformanceMetric, UsageLog
from llm_ui.models.base import now
from llm_ui.schemas.insights.figures import SpeedView
from llm_ui.services.insights import performance
from tests.conftest import People

MODELS = [("small", "p"), ("small", "q"), ("größer", "p")]


def by_hand(values: list[float], share: int) -> float:
    """The nearest rank, as a book has it."""
    return sorted(values)[math.ceil(share / 100 * len(values)) - 1]


async def seen(people: People, **asked: Any) -> SpeedView:
    async with unit_of_work(writes=False) as session:
        return await performance.view(session, people.alice, **asked)


async def put(*rows: Any) -> None:
    async with unit_of_work() as session:
        session.add_all(rows)


@pytest.fixture
async def month(db: Database) -> list[PerformanceMetric]:
    """What was measured of answers in forty days; every tenth failed."""
    chance, rows, ends = random.Random(2), [], []
    for number in range(500):
        (model, provider), run_id = chance.choice(MODELS), f"run-{number}"
        at = now() - timedelta(minutes=chance.randrange(1, 40 * 1440))
        where = f"http://10.0.0.{number % 2}/v1" if provider == "q" else ""
        shared = {
            "run_id": run_id,
            "model_name": model,
            "provider_name": provider,
            "created_at": at,
        }
        ends.append(UsageLog(**shared, status="failed" if number % 10 == 0 else "done"))
        for name in ("time_to_first_token", "duration"):
            value = float(chance.randrange(10_000))
            rows.append(
                PerformanceMetric(**shared, metric_name=name, metric_value=value, address=where)
            )
    await put(*rows, *ends)
    return rows


async def test_each_point_and_the_whole_have_their_nearest_ranks(
    people: People, month: list[PerformanceMetric]
):
    for span in performance.SPANS:
        compare(await seen(people, span=span, measure="duration"), month)


def compare(view: SpeedView, month: list[PerformanceMetric]) -> None:
    start = now() - timedelta(days=60)
    kept: dict[tuple[str, str], dict[int, list[float]]] = {}
    for row in month:
        point = (row.created_at.timestamp() - _since(view)) // view.width_s
        if row.metric_name == "duration" and 0 <= point < view.points and row.created_at > start:
            group = kept.setdefault((row.model_name, row.provider_name), {})
            group.setdefault(int(point), []).append(row.metric_value)
    items = {(each.name, each.detail): each for each in view.items}
    assert set(items) == set(kept)
    for key, points in kept.items():
        values = [value for each in points.values() for value in each]
        item = items[key]
        assert (item.measured, item.answers) == (len(values), len(values))
        assert (item.p50, item.p95, item.p99) == tuple(by_hand(values, n) for n in (50, 95, 99))
    assert len(view.lines) == len(kept)
    for line in view.lines:
        points = kept[line.name, line.detail]
        expected = [by_hand(points[n], 95) if n in points else None for n in range(view.points)]
        assert line.values == expected


def _since(view: SpeedView) -> float:
    return datetime.fromisoformat(view.since).timestamp()


async def test_one_group_has_a_line_for_each_percentile(
    people: People, month: list[PerformanceMetric]
):
    view = await seen(people, span="month", only=("small", "q"))
    assert [line.name for line in view.lines] == ["p50", "p95", "p99"]
    low, middle, high = (line.values for line in view.lines)
    for values in zip(low, middle, high, strict=True):
        known = [value for value in values if value is not None]
        assert known in ([], sorted(known))
        assert len(known) in (0, 3)
    assert len(view.items) == len(MODELS)
    nobody = await seen(people, span="month", only=("nobody's", "\x00"))
    assert [set(line.values) for line in nobody.lines] == [{None}] * 3


async def test_failures_are_told_by_model_provider_and_address(
    people: People, month: list[PerformanceMetric]
):
    for by in ("model", "provider", "address"):
        view = await seen(people, span="month", measure="errors", by=by)
        runs = {row.run_id: row for row in month if row.created_at.timestamp() >= _since(view)}
        answers = sum(each.answers for each in view.items)
        failures = sum(each.failures for each in view.items)
        assert answers == len(runs)
        assert failures == sum(int(name.removeprefix("run-")) % 10 == 0 for name in runs)
        for each in view.items:
            assert each.error_rate == round(100 * each.failures / each.answers, 2)
        assert (view.unit, len(view.lines)) == ("%", len(view.items))
    addresses = {each.name for each in view.items if each.detail == "q"}
    assert addresses == {"http://10.0.0.0/v1", "http://10.0.0.1/v1"}


async def test_the_work_is_bounded(people: People):
    await put(*(UsageLog(model_name=f"model {n:03}") for n in range(130)))
    await put(
        *(
            PerformanceMetric(metric_name="duration", metric_value=1, model_name=f"model {n:03}")
            for n in range(130)
        )
    )
    view = await seen(people, span="hour", measure="duration")
    assert (len(view.items), view.groups, len(view.lines)) == (100, 130, 6)
    assert {len(line.values) for line in view.lines} == {view.points}
    # What failed without a token has a rate and no speed.
    await put(*(UsageLog(model_name="broken", status="failed") for _ in range(3)))
    item = (await seen(people, span="hour")).items[0]
    assert (item.name, item.measured, item.p50, item.error_rate) == ("broken", 0, None, 100.0)


async def test_it_is_for_administrators(people: People):
    view = await seen(people)
    assert (view.items, view.lines, view.groups) == ([], [], 0)
    for somebody in (people.bob, people.charlie):
        async with unit_of_work(writes=False) as session:
            with pytest.raises(NotAllowed):
                await performance.view(session, somebody)
