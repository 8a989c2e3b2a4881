"""Your own usage."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Query, Response

from llm_ui.api.http.deps import Reader
from llm_ui.api.openapi.document import gives
from llm_ui.db import unit_of_work
from llm_ui.errors import InvalidInput, one_line
from llm_ui.schemas.accounts.account import UsageReport
from llm_ui.services.insights import own_usage

router = APIRouter(tags=["usage"])
DAYS = 30
Zone = Annotated[str, Query(max_length=64, description="Name of the time zone in which days begin")]


def _range(start: date | None, end: date | None, zone: str) -> tuple[date, date, ZoneInfo]:
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput("error.zone", field="zone", zone=one_line(zone)) from None
    last = end or datetime.now(known).date()
    own_usage.check_range(last, last)
    return start or last - timedelta(days=DAYS - 1), last, known


@router.get("/usage")
async def get_usage(
    actor: Reader,
    start: Annotated[date | None, Query(alias="from")] = None,
    end: Annotated[date | None, Query(alias="to")] = None,
    zone: Zone = "UTC",
) -> UsageReport:
    """Retrieve your tokens and costs by day and by model. Covers the last thirty days by
    default."""
    first, last, known = _range(start, end, zone)
    async with unit_of_work(writes=False) as session:
        return await own_usage.report(session, actor, first, last, known)


@router.get("/usage.csv", response_class=Response, responses=gives("text/csv"))
async def get_usage_csv(
    actor: Reader,
    start: Annotated[date | None, Query(alias="from")] = None,
    end: Annotated[date | None, Query(alias="to")] = None,
    zone: Zone = "UTC",
) -> Response:
    """Export your usage as CSV, one line for each day and model."""
    first, last, known = _range(start, end, zone)
    async with unit_of_work(writes=False) as session:
        text = await own_usage.as_csv(session, actor, first, last, known)
    headers = {"Content-Disposition": f'attachment; filename="usage-{first}-{last}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
