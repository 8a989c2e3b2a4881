"""What you used."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Query, Response

from llm_ui.api.deps import Reader
from llm_ui.api.errors import problems
from llm_ui.api.openapi import gives
from llm_ui.db import unit_of_work
from llm_ui.errors import InvalidInput
from llm_ui.schemas.account import UsageReport
from llm_ui.services import usage

router = APIRouter(prefix="/usage", tags=["usage"])
DAYS = 30
Zone = Annotated[str, Query(max_length=64, description="A zone's name, for where days begin")]


def _range(start: date | None, end: date | None, zone: str) -> tuple[date, date, ZoneInfo]:
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput("error.request_invalid", field="zone") from None
    last = end or datetime.now(known).date()
    usage.check_range(last, last)
    return start or last - timedelta(days=DAYS - 1), last, known


@router.get("", responses=problems(401, 422))
async def get_usage(
    actor: Reader,
    start: Annotated[date | None, Query(alias="from")] = None,
    end: Annotated[date | None, Query(alias="to")] = None,
    zone: Zone = "UTC",
) -> UsageReport:
    """Your tokens and costs, by day and by model; the last thirty days unless you say."""
    first, last, known = _range(start, end, zone)
    async with unit_of_work(writes=False) as session:
        return await usage.report(session, actor, first, last, known)


@router.get("/csv", response_class=Response, responses={**gives("text/csv"), **problems(401, 422)})
async def get_usage_csv(
    actor: Reader,
    start: Annotated[date | None, Query(alias="from")] = None,
    end: Annotated[date | None, Query(alias="to")] = None,
    zone: Zone = "UTC",
) -> Response:
    """The same as CSV: a line for each day and model."""
    first, last, known = _range(start, end, zone)
    async with unit_of_work(writes=False) as session:
        text = await usage.as_csv(session, actor, first, last, known)
    headers = {"Content-Disposition": f'attachment; filename="usage-{first}-{last}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
