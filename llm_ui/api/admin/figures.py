"""What everybody used, and how fast answers come."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from llm_ui.api.deps import AdminReader
from llm_ui.api.errors import problems
from llm_ui.api.openapi import gives
from llm_ui.db import unit_of_work
from llm_ui.schemas.figures import (
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
from llm_ui.services import performance, usage, usage_admin

router = APIRouter(tags=["admin: figures"])
DAYS = 30
# As it stands in an address, where there are no numbers.
Percentile = Literal["50", "95", "99"]
Start = Annotated[date | None, Query(alias="from", description="A day of UTC")]
End = Annotated[date | None, Query(alias="to", description="A day of UTC, included")]
Person = Annotated[str, Query(max_length=36, description="A person's id")]
Model = Annotated[str, Query(max_length=200, description="A model's name; with `provider`")]
Provider = Annotated[str, Query(max_length=100, description="The name of the model's provider")]


def _filters(
    start: date | None, end: date | None, person: str, model: str, provider: str
) -> UsageFilters:
    last = end or datetime.now(UTC).date()
    usage.check_range(last, last)
    return UsageFilters(start or last - timedelta(days=DAYS - 1), last, person, model, provider)


@router.get("/usage", responses=problems(401, 403, 422))
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
    limit: Annotated[int, Query(ge=1, le=500)] = usage_admin.PAGE,
) -> UsageOverview:
    """What everybody used, in sum and by day, with a table by day, model, person or provider.

    The last thirty days unless you say; at most a year. Days are those of UTC. Money is in
    millionths of its currency's unit; `estimated` is of how many answers the tokens are
    estimates.
    """
    filters = _filters(start, end, person, model, provider)
    async with unit_of_work(writes=False) as session:
        return await usage_admin.overview(
            session, actor, filters,
            by=by, sort=sort, descending=descending, cursor=cursor, limit=limit,
        )  # fmt: skip


@router.get(
    "/usage.csv",
    response_class=StreamingResponse,
    responses={**gives("text/csv"), **problems(401, 403, 422)},
)
async def get_usage_of_all_csv(
    actor: AdminReader,
    start: Start = None,
    end: End = None,
    person: Person = "",
    model: Model = "",
    provider: Provider = "",
) -> StreamingResponse:
    """The same as CSV: a line for each day, person, model and currency."""
    filters = _filters(start, end, person, model, provider)
    name = f"usage-{filters.start}-{filters.end}.csv"
    return StreamingResponse(
        usage_admin.export(actor, filters),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/performance", responses=problems(401, 403, 422))
async def get_performance(
    actor: AdminReader,
    span: Span = "day",
    measure: Measure = "time_to_first_token",
    by: Apart = "model",
    percentile: Percentile = "95",
    name: Annotated[str, Query(max_length=500, description="One group's alone")] = "",
    detail: Annotated[str, Query(max_length=100, description="That group's detail")] = "",
) -> SpeedView:
    """How fast answers come and how many fail, over time and for each group.

    Percentiles are those of the nearest rank. Without a name the lines are the chosen percentile of
    the busiest groups, with one they are its p50, p95 and p99.
    """
    async with unit_of_work(writes=False) as session:
        return await performance.view(
            session, actor, span=span, measure=measure, by=by, share=cast("Share", int(percentile)),
            only=(name, detail) if name or detail else None,
        )  # fmt: skip
