"""All users' usage, and the speed of answers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from llm_ui.api.http.deps import AdminReader
from llm_ui.api.openapi.document import gives
from llm_ui.db import unit_of_work
from llm_ui.schemas.insights.figures import (
    Apart,
    By,
    Column,
    Measure,
    Share,
    Span,
    SpeedView,
    UsageFilters,
    UsageOverview,
)
from llm_ui.services.insights import own_usage, performance, usage

router = APIRouter(tags=["admin: figures"])
DAYS = 30
# Strings, as a query parameter has no numbers.
Percentile = Literal["50", "95", "99"]
Start = Annotated[date | None, Query(alias="from", description="First day (UTC), inclusive")]
End = Annotated[date | None, Query(alias="to", description="Last day (UTC), inclusive")]
Person = Annotated[str, Query(max_length=36, description="ID of a user")]
Model = Annotated[str, Query(max_length=200, description="Name of a model, as shown in the table")]
Provider = Annotated[
    str, Query(max_length=100, description="Name of the provider of `model`; defaults to all")
]


def _filters(
    start: date | None, end: date | None, person: str, model: str, provider: str
) -> UsageFilters:
    last = end or datetime.now(UTC).date()
    own_usage.check_range(last, last)
    return UsageFilters(start or last - timedelta(days=DAYS - 1), last, person, model, provider)


@router.get("/usage")
async def get_usage_of_all(
    actor: AdminReader,
    start: Start = None,
    end: End = None,
    by: By = "day",
    person: Person = "",
    model: Model = "",
    provider: Provider = "",
    sort: Column = "name",
    descending: bool = True,
    cursor: Annotated[str | None, Query(max_length=20)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = usage.PAGE,
) -> UsageOverview:
    """Retrieve all users' usage: totals, by day, and in a table by day, model, user or provider.

    Covers the last thirty days by default, and at most a year. Days are in UTC. Amounts are in
    millionths of the currency unit. `estimated` is the number of answers whose token counts are
    estimates.
    """
    filters = _filters(start, end, person, model, provider)
    async with unit_of_work(writes=False) as session:
        return await usage.overview(
            session,
            actor,
            filters,
            by=by,
            sort=sort,
            descending=descending,
            cursor=cursor,
            limit=limit,
        )


@router.get(
    "/usage.csv",
    response_class=StreamingResponse,
    responses=gives("text/csv"),
)
async def get_usage_of_all_csv(
    actor: AdminReader,
    start: Start = None,
    end: End = None,
    person: Person = "",
    model: Model = "",
    provider: Provider = "",
) -> StreamingResponse:
    """Export all users' usage as CSV, one line for each day, user, model and currency."""
    filters = _filters(start, end, person, model, provider)
    name = f"usage-{filters.start}-{filters.end}.csv"
    return StreamingResponse(
        usage.export(actor, filters),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/performance")
async def get_performance(
    actor: AdminReader,
    span: Span = "day",
    measure: Measure = "time_to_first_token",
    by: Apart = "model",
    percentile: Percentile = "95",
    name: Annotated[str, Query(max_length=500, description="Only this group")] = "",
    detail: Annotated[str, Query(max_length=100, description="The `detail` of that group")] = "",
) -> SpeedView:
    """Retrieve how fast answers are and how many fail, over time and by group.

    Percentiles use the nearest-rank method. Without `name`, the lines show the chosen percentile
    for the busiest groups; with it, the p50, p95 and p99 of that group.
    """
    async with unit_of_work(writes=False) as session:
        return await performance.view(
            session,
            actor,
            span=span,
            measure=measure,
            by=by,
            share=cast("Share", int(percentile)),
            only=(name, detail) if name or detail else None,
        )
