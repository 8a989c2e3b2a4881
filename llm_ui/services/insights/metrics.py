"""Metrics for Prometheus: counters and gauges of this installation.

Several workers write to files in PROMETHEUS_MULTIPROC_DIR, which the server sets before it starts
them (https://prometheus.github.io/client_python/multiprocess/); any of them can report the metrics
of all. No metric contains a user's name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import prometheus_client as prometheus
import sqlalchemy as sa
from prometheus_client import multiprocess
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui import outages
from llm_ui.config import environment
from llm_ui.db import unit_of_work
from llm_ui.enums import ProviderStatus, RunState
from llm_ui.models import Generation, PerformanceMetric, UsageLog
from llm_ui.services.catalogue import providers
from llm_ui.services.insights.online import people_online

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120)
HTTP_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

answers = prometheus.Counter(
    "llm_ui_answers", "Answers that have ended", ("provider", "model", "state")
)
tokens = prometheus.Counter(
    "llm_ui_tokens", "Input and output tokens", ("provider", "model", "direction")
)
cost = prometheus.Counter(
    "llm_ui_cost_micro", "Cost in millionths of the currency unit", ("currency",)
)
first_token = prometheus.Histogram(
    "llm_ui_time_to_first_token_seconds",
    "Time from the claim of a run to its first token",
    ("provider", "model"),
    buckets=SECONDS,
)
requests = prometheus.Counter("llm_ui_http_requests", "REST calls", ("method", "route", "status"))
request_seconds = prometheus.Histogram(
    "llm_ui_http_request_seconds",
    "Time from a REST call to the start of the response",
    ("method",),
    buckets=HTTP_SECONDS,
)


def answer_counter(
    usage: UsageLog, measures: list[PerformanceMetric]
) -> Callable[[], Awaitable[None]]:
    """A callback that counts an answer after the commit, when its rows can no longer be read."""
    names, state = (usage.provider_name, usage.model_name), usage.status
    read, written = usage.input_tokens, usage.output_tokens
    paid, currency = usage.cost_micro, usage.currency
    waits = [
        each.metric_value / 1000 for each in measures if each.metric_name == "time_to_first_token"
    ]

    async def count() -> None:
        answers.labels(*names, state).inc()
        tokens.labels(*names, "input").inc(read)
        tokens.labels(*names, "output").inc(written)
        if paid:
            cost.labels(currency).inc(paid)
        for seconds in waits:
            first_token.labels(*names).observe(seconds)

    return count


async def exposition() -> bytes:
    """All metrics of all workers in Prometheus' text format."""
    registry = prometheus.REGISTRY
    if environment("PROMETHEUS_MULTIPROC_DIR"):
        registry = prometheus.CollectorRegistry()
        _forget_the_dead(Path(environment("PROMETHEUS_MULTIPROC_DIR")))
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    gauges = prometheus.CollectorRegistry()
    try:
        async with unit_of_work(writes=False) as session:
            await _now(session, gauges)
    except outages.FAILURES as error:
        # This process's own counters matter most while the database is down.
        if outages.words_for(error) is None:
            raise
        gauges = prometheus.CollectorRegistry()
    return await asyncio.to_thread(
        lambda: prometheus.generate_latest(registry) + prometheus.generate_latest(gauges)
    )


def _forget_the_dead(folder: Path) -> None:
    """Discard the gauges of dead workers: what waited in their memory no longer does."""
    for path in folder.glob("gauge_livesum_*.db"):
        pid = path.stem.rpartition("_")[2]
        if not Path("/proc", pid).exists():
            multiprocess.mark_process_dead(int(pid))  # type: ignore[no-untyped-call]


async def _now(session: AsyncSession, registry: prometheus.CollectorRegistry) -> None:
    """Gauges that the database knows better than any worker."""
    running = prometheus.Gauge("llm_ui_answers_running", "Answers being written", registry=registry)
    query = sa.select(sa.func.count()).where(col(Generation.state) == RunState.RUNNING)
    running.set(await session.scalar(query) or 0)
    waiting = prometheus.Gauge("llm_ui_answers_waiting", "Answers in the queue", registry=registry)
    query = sa.select(sa.func.count()).where(col(Generation.state) == RunState.QUEUED)
    waiting.set(await session.scalar(query) or 0)
    online = prometheus.Gauge("llm_ui_people_online", "Users with an open tab", registry=registry)
    online.set(await people_online(session))
    up = prometheus.Gauge(
        "llm_ui_provider_up",
        "Whether the provider responded when last checked",
        ("provider",),
        registry=registry,
    )
    for each in await providers.health(session):
        up.labels(each.name).set(each.status == ProviderStatus.OK)
