"""The monitoring log; there is no route that changes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from llm_ui.api.answers import Paged
from llm_ui.api.deps import AdminReader
from llm_ui.api.errors import problems
from llm_ui.api.openapi import gives
from llm_ui.db import unit_of_work
from llm_ui.schemas.monitoring import ErrorGroup, LogEntry, LogFilters
from llm_ui.services import monitoring_log

router = APIRouter(prefix="/log", tags=["admin: log"])
Level = Annotated[Literal["", "info", "warning", "error"], Query()]
Kind = Annotated[str, Query(max_length=40, description="A kind, or the group before its dot")]
Words = Annotated[str, Query(alias="q", max_length=200)]
Hours = Annotated[int, Query(ge=0, le=24 * 3650, description="How far back; 0 for everything")]
TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}


class LogPage(Paged):
    """A page of the log, the newest first."""

    items: list[LogEntry]


def _filters(level: str, kind: str, query: str, hours: int) -> LogFilters:
    since = datetime.now(UTC) - timedelta(hours=hours) if hours else None
    return LogFilters(level=level, kind=kind, query=query, since=since)


@router.get("", responses=problems(401, 403, 422))
async def list_log(
    actor: AdminReader,
    level: Level = "",
    kind: Kind = "",
    q: Words = "",
    hours: Hours = 0,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> LogPage:
    """What happened: sign-ins, admins' actions with before and after, errors, refusals."""
    async with unit_of_work(writes=False) as session:
        page = await monitoring_log.list_log(
            session, actor, _filters(level, kind, q, hours), cursor=cursor, limit=limit
        )
    return LogPage(items=page.items, next_cursor=page.next_cursor)


@router.get("/errors", responses=problems(401, 403, 422))
async def list_error_groups(
    actor: AdminReader, q: Words = "", hours: Hours = 0
) -> list[ErrorGroup]:
    """Unexpected errors, those of one kind at one place together."""
    async with unit_of_work(writes=False) as session:
        return await monitoring_log.error_groups(session, actor, _filters("", "", q, hours))


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={**gives("text/csv", "application/x-ndjson"), **problems(401, 403, 422)},
)
async def export_log(
    actor: AdminReader,
    form: Annotated[Literal["csv", "ndjson"], Query(alias="format")] = "csv",
    level: Level = "",
    kind: Kind = "",
    q: Words = "",
    hours: Hours = 0,
) -> StreamingResponse:
    """Every row that fits, as CSV or as one JSON object a line."""
    rows = monitoring_log.export(actor, _filters(level, kind, q, hours), form)
    headers = {"Content-Disposition": f'attachment; filename="log.{form}"'}
    return StreamingResponse(rows, media_type=TYPES[form], headers=headers)
