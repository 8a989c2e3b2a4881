"""Reading the monitoring log: filter, search, group, export.

This module never writes rows: they are added by `recording.record` and only deleted by retention.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any, Literal

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, require
from llm_ui.db import unit_of_work
from llm_ui.models import MonitoringLog, User
from llm_ui.schemas.audit.audit_log import ErrorGroup, Fact, LogEntry, LogFilters
from llm_ui.schemas.chats.views import Page
from llm_ui.security.text import storable
from llm_ui.services.csv_lines import csv_line
from llm_ui.services.paging import cursor_of, position_of

PAGE = 50
GROUPS = 50
EXPORT_PAGE = 500
QUERY_LIMIT = 200
CHANGES = "changes"
UNHANDLED = "error.unhandled"


async def list_log(
    session: AsyncSession,
    actor: Actor,
    filters: LogFilters,
    *,
    cursor: str | None = None,
    limit: int = PAGE,
) -> Page[LogEntry]:
    """A page of log rows, newest first. For administrators.

    Raises:
        NotAllowed: the actor is not an administrator.
        InvalidInput: the cursor is invalid.
    """
    require(actor, "administer")
    query = _query(filters)
    if cursor:
        at, row_id = position_of(cursor)
        query = query.where(_before(at, row_id))
    rows = (await session.execute(_newest_first(query).limit(limit + 1))).all()
    last = rows[limit - 1][0] if len(rows) > limit else None
    return Page(
        [_entry(row, name or "") for row, name in rows[:limit]],
        cursor_of(last.created_at, last.id) if last else None,
    )


async def kinds(session: AsyncSession, actor: Actor) -> list[str]:
    """All kinds that occur in the log, sorted. For administrators."""
    require(actor, "administer")
    return sorted(await session.scalars(sa.select(col(MonitoringLog.log_type)).distinct()))


async def error_groups(
    session: AsyncSession, actor: Actor, filters: LogFilters
) -> list[ErrorGroup]:
    """Unexpected errors, grouped by kind and place, latest first. For administrators."""
    require(actor, "administer")
    made, message = col(MonitoringLog.created_at), col(MonitoringLog.message)
    where = [*_conditions(filters), col(MonitoringLog.log_type) == UNHANDLED]
    # UUIDv7 IDs sort by time, so the greatest ID is the latest row.
    latest = sa.func.max(col(MonitoringLog.id))
    grouped = (
        sa.select(message, sa.func.count(), sa.func.min(made), sa.func.max(made), latest)
        .join(User, col(User.id) == MonitoringLog.user_id, isouter=True)
        .where(*where)
        .group_by(message)
        .order_by(sa.func.max(made).desc())
        .limit(GROUPS)
    )
    rows = (await session.execute(grouped)).all()
    last = sa.select(col(MonitoringLog.id), col(MonitoringLog.reference)).where(
        col(MonitoringLog.id).in_([row[4] for row in rows])
    )
    references = {row[0]: row[1] for row in (await session.execute(last)).all()}
    return [
        ErrorGroup(text, count, first.isoformat(), end.isoformat(), references.get(row_id) or "")
        for text, count, first, end, row_id in rows
    ]


async def export(
    actor: Actor, filters: LogFilters, form: Literal["csv", "ndjson"]
) -> AsyncIterator[bytes]:
    """All matching rows, newest first, loaded a page at a time. For administrators."""
    require(actor, "administer")
    if form == "csv":
        heading = (
            "created_at",
            "log_level",
            "log_type",
            "message",
            "person",
            "address",
            "reference",
            "details",
        )
        yield csv_line(*heading).encode()
    cursor: str | None = None
    while True:
        async with unit_of_work(writes=False) as session:
            page = await list_log(session, actor, filters, cursor=cursor, limit=EXPORT_PAGE)
        for each in page.items:
            yield _line(each, form)
        cursor = page.next_cursor
        if cursor is None:
            return


def _line(entry: LogEntry, form: str) -> bytes:
    if form == "ndjson":
        return orjson.dumps(asdict(entry), option=orjson.OPT_APPEND_NEWLINE)
    details = "; ".join(
        f"{fact.name}: {fact.before} → {fact.value}"
        if fact.is_change
        else f"{fact.name}: {fact.value}"
        for fact in entry.facts
    )
    return csv_line(
        entry.created_at,
        entry.log_level,
        entry.log_type,
        entry.message,
        entry.user,
        entry.address,
        entry.reference,
        details,
    ).encode()


def _query(filters: LogFilters) -> sa.Select[MonitoringLog, str]:
    return (
        sa.select(MonitoringLog, col(User.username))
        .join(User, col(User.id) == MonitoringLog.user_id, isouter=True)
        .where(*_conditions(filters))
    )


def _newest_first(query: sa.Select[MonitoringLog, str]) -> sa.Select[MonitoringLog, str]:
    return query.order_by(col(MonitoringLog.created_at).desc(), col(MonitoringLog.id).desc())


def _before(at: Any, row_id: str) -> sa.ColumnElement[bool]:
    moment = sa.literal(at, MonitoringLog.__table__.c.created_at.type)  # type: ignore[attr-defined]
    return sa.tuple_(col(MonitoringLog.created_at), col(MonitoringLog.id)) < sa.tuple_(
        moment, sa.literal(row_id)
    )


def _conditions(filters: LogFilters) -> list[sa.ColumnElement[bool]]:
    row, found = MonitoringLog, []
    if filters.level:
        found.append(col(row.log_level) == filters.level)
    if filters.kind:
        kind = storable(filters.kind)
        found.append(
            sa.or_(
                col(row.log_type) == kind, col(row.log_type).startswith(f"{kind}.", autoescape=True)
            )
        )
    if filters.since:
        found.append(col(row.created_at) >= filters.since)
    if filters.until:
        found.append(col(row.created_at) < filters.until)
    for word in storable(filters.query)[:QUERY_LIMIT].split():
        fields = (
            col(row.message),
            col(row.log_type),
            col(row.address),
            col(row.reference),
            col(User.username),
            col(User.email),
            sa.cast(col(row.details), sa.Text),
        )
        found.append(sa.or_(*(each.icontains(word, autoescape=True) for each in fields)))
    return found


def _entry(row: MonitoringLog, user: str) -> LogEntry:
    details = dict(row.details)
    changes = details.pop(CHANGES, None)
    facts = [
        Fact(name, _text(pair[1]), _text(pair[0]), is_change=True)
        for name, pair in (changes.items() if isinstance(changes, dict) else ())
        if isinstance(pair, list) and len(pair) == 2
    ]
    facts += [Fact(name, _text(value)) for name, value in sorted(details.items())]
    return LogEntry(
        id=row.id,
        created_at=row.created_at.isoformat(),
        log_level=row.log_level,
        log_type=row.log_type,
        message=row.message,
        user=user,
        user_id=row.user_id or "",
        address=row.address,
        reference=row.reference or "",
        facts=facts,
    )


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
