"""The audit log; it is read-only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from llm_ui.api.http.deps import AdminReader
from llm_ui.api.http.responses import OrNull, Paged, View
from llm_ui.api.openapi.document import gives
from llm_ui.db import unit_of_work
from llm_ui.enums import LogLevel
from llm_ui.schemas.audit.audit_log import ErrorGroup, Fact, LogFilters
from llm_ui.services.audit import audit_log

router = APIRouter(prefix="/log", tags=["admin: log"])
Level = Annotated[Literal["", LogLevel.INFO, LogLevel.WARNING, LogLevel.ERROR], Query()]
Kind = Annotated[
    str,
    Query(max_length=40, description="Type of entry, or a group of types: the part before the dot"),
]
Words = Annotated[str, Query(alias="q", max_length=200)]
Hours = Annotated[
    int, Query(ge=0, le=24 * 3650, description="Number of hours to go back; 0 for all entries")
]
TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}


class LogRow(View):
    """A log entry in full. Unknown fields are null."""

    id: str
    created_at: str
    log_level: LogLevel
    log_type: str
    message: str
    user: OrNull
    user_id: OrNull
    address: OrNull
    reference: OrNull
    facts: list[Fact]


class LogPage(Paged):
    """A page of the log, newest first."""

    items: list[LogRow]


def _filters(level: str, kind: str, query: str, hours: int) -> LogFilters:
    since = datetime.now(UTC) - timedelta(hours=hours) if hours else None
    return LogFilters(level=level, kind=kind, query=query, since=since)


@router.get("")
async def list_log(
    actor: AdminReader,
    log_level: Level = "",
    log_type: Kind = "",
    q: Words = "",
    hours: Hours = 0,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> LogPage:
    """List log entries: sign-ins, administrators' actions with the values before and after, errors
    and refusals."""
    async with unit_of_work(writes=False) as session:
        page = await audit_log.list_log(
            session, actor, _filters(log_level, log_type, q, hours), cursor=cursor, limit=limit
        )
    return LogPage.of(page)


@router.get("/errors")
async def list_error_groups(
    actor: AdminReader, q: Words = "", hours: Hours = 0
) -> list[ErrorGroup]:
    """List unexpected errors, grouped by type and location."""
    async with unit_of_work(writes=False) as session:
        return await audit_log.error_groups(session, actor, _filters("", "", q, hours))


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses=gives("text/csv", "application/x-ndjson"),
)
async def export_log(
    actor: AdminReader,
    form: Annotated[Literal["csv", "ndjson"], Query(alias="format")] = "csv",
    log_level: Level = "",
    log_type: Kind = "",
    q: Words = "",
    hours: Hours = 0,
) -> StreamingResponse:
    """Export every matching log entry, as CSV or as JSON with one object per line."""
    rows = audit_log.export(actor, _filters(log_level, log_type, q, hours), form)
    headers = {"Content-Disposition": f'attachment; filename="log.{form}"'}
    return StreamingResponse(rows, media_type=TYPES[form], headers=headers)
