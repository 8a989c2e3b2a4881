"""Background jobs: queued here, run by llm_ui/jobs.

The pages and the recovery of jobs rely on the row; the runner is only notified after the commit. A
lost notification is harmless, because the runner also polls for queued rows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor, can, require
from llm_ui.db import after_commit, insert_missing
from llm_ui.enums import JobStatus
from llm_ui.errors import Conflict, NotFound, not_one_of, one_line
from llm_ui.i18n import catalogue, formats, translate
from llm_ui.models import ACTIVE_JOBS, BackgroundJob, User
from llm_ui.models.base import now
from llm_ui.schemas.chats.views import UNKNOWN, Page
from llm_ui.schemas.operations.jobs import JobItem
from llm_ui.services.audit.recording import record
from llm_ui.services.operations import instance_settings
from llm_ui.services.paging import cursor_of, position_of

PAGE = 50
NOTE_LIMIT = 300
STATUSES = tuple(JobStatus)
RETRIABLE = (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Kind:
    """The properties of a kind of job.

    Args:
        for_admins: only administrators may start and see it.
        repeatable: it can safely run again after a partial run, so it is run again if its worker
            dies. Jobs of any other kind are marked as interrupted, and an administrator can retry
            them.
        plain: it needs no payload, so an administrator can start it with one click.
    """

    for_admins: bool = True
    repeatable: bool = True
    plain: bool = False


KINDS: dict[str, Kind] = {
    "models_sync": Kind(plain=True),
    "search_reindex": Kind(plain=True),
    "retention": Kind(plain=True),
    "backup": Kind(plain=True),
    "backup_check": Kind(),
    "export_archive": Kind(for_admins=False),
    "model_pull": Kind(),
    "model_switch": Kind(),
}

# --- notifying the runner ----------------------------------------------------------------

Listener = Callable[[str], Awaitable[None]]
_listeners: list[Listener] = []


def on_queued(listener: Listener) -> None:
    """Call `listener` with the ID of each job that is queued on this worker."""
    _listeners.append(listener)


def forget(listener: Listener) -> None:
    """Remove a listener."""
    _listeners.remove(listener)


def _tell(session: AsyncSession, job_id: str) -> None:
    async def tell() -> None:
        for listener in list(_listeners):
            await listener(job_id)

    after_commit(session, tell)


# --- queueing ----------------------------------------------------------------------------


async def enqueue(
    session: AsyncSession,
    actor: Actor,
    kind: str,
    payload: dict[str, Any] | None = None,
    *,
    key: str | None = None,
) -> JobItem:
    """Queue a job; it starts once this unit of work has committed.

    Args:
        payload: the job's arguments; plain JSON values, never a secret.
        key: if a job with this key is queued or running, it is returned instead of creating one.

    Raises:
        NotAllowed: the kind is for administrators, and the actor isn't one.
        InvalidInput: there is no such kind.
    """
    facts = _facts(kind)
    if facts.for_admins:
        require(actor, "administer")
    elif key is not None:
        # Keys are separate for each user.
        key = f"{key}:{actor.user_id}"
    row, is_new = await _insert(session, kind, payload or {}, key, actor.user_id)
    if is_new and facts.for_admins:
        record(session, "admin.job_started", kind, user_id=actor.user_id, job=row.job_id)
    return item_of(row, actor.username, actor)


async def start(session: AsyncSession, actor: Actor, kind: str) -> JobItem:
    """Start a job that needs no payload, or return the one that is queued or running.

    For administrators.

    Raises:
        NotAllowed: the actor is not an administrator.
        InvalidInput: there is no such kind, or it needs a payload.
    """
    require(actor, "administer")
    if not _facts(kind).plain:
        raise not_one_of("job_type", (name for name, each in KINDS.items() if each.plain))
    return await enqueue(session, actor, kind, key=kind)


async def schedule_due(session: AsyncSession) -> None:
    """Queue the scheduled jobs that are due according to the settings."""
    settings = await instance_settings.load(session)
    await schedule(session, "retention", every=timedelta(days=1))
    if settings.backup_days:
        await schedule(session, "backup", every=timedelta(days=settings.backup_days))


async def schedule(session: AsyncSession, kind: str, *, every: timedelta) -> bool:
    """Queue a scheduled job if the last one of its kind was created `every` ago or earlier.

    It does not matter who started the last one or how it ended. Returns whether one was queued.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Otherwise two workers checking at the same moment would both find that it is due.
        lock = sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("jobs.schedule", 0))
        await session.execute(sa.select(lock))
    query = sa.select(sa.func.max(BackgroundJob.created_at)).where(
        col(BackgroundJob.job_type) == kind
    )
    last = await session.scalar(query)
    if last is not None and last > now() - every:
        return False
    _, is_new = await _insert(session, kind, {}, kind, None)
    return is_new


def _facts(kind: str) -> Kind:
    facts = KINDS.get(kind)
    if facts is None:
        raise not_one_of("job_type", (name for name, each in KINDS.items() if each.plain))
    return facts


async def _insert(
    session: AsyncSession, kind: str, payload: dict[str, Any], key: str | None, user_id: str | None
) -> tuple[BackgroundJob, bool]:
    row = BackgroundJob(job_type=kind, payload=payload, key=key, user_id=user_id)
    if key is None:
        session.add(row)
        await session.flush()
    else:
        # The unique index on `key` admits only the first one, on any worker.
        await insert_missing(session, BackgroundJob, [row.model_dump()])
        found = await session.scalars(
            sa.select(BackgroundJob).where(
                col(BackgroundJob.key) == key, col(BackgroundJob.status).in_(ACTIVE_JOBS)
            )
        )
        there = found.first()
        if there is None:
            # The conflicting job has ended since.
            raise Conflict
        if there.job_id != row.job_id:
            return there, False
        row = there
    _tell(session, row.job_id)
    return row, True


# --- reading -----------------------------------------------------------------------------


def _visible(actor: Actor) -> list[sa.ColumnElement[bool]]:
    """Administrators see all jobs, others only their own of kinds for everyone."""
    return [] if can(actor, "administer") else _own(actor)


def _own(actor: Actor) -> list[sa.ColumnElement[bool]]:
    open_kinds = [name for name, facts in KINDS.items() if not facts.for_admins]
    return [
        col(BackgroundJob.user_id) == actor.user_id,
        col(BackgroundJob.job_type).in_(open_kinds),
    ]


async def list_jobs(
    session: AsyncSession,
    actor: Actor,
    *,
    status: str = "",
    kind: str = "",
    cursor: str | None = None,
    limit: int = PAGE,
) -> Page[JobItem]:
    """All jobs, newest first, optionally of one status and kind. For administrators.

    Raises:
        NotAllowed: the actor is not an administrator.
        InvalidInput: the cursor is invalid.
    """
    require(actor, "administer")
    wanted = []
    if status:
        wanted.append(col(BackgroundJob.status) == status)
    if kind:
        wanted.append(col(BackgroundJob.job_type) == kind)
    return await _page(session, actor, wanted, cursor, limit)


async def list_own(
    session: AsyncSession,
    actor: Actor,
    *,
    kind: str = "",
    cursor: str | None = None,
    limit: int = PAGE,
) -> Page[JobItem]:
    """The actor's own jobs, newest first. Raises InvalidInput for an invalid cursor."""
    wanted = [col(BackgroundJob.job_type) == kind] if kind else []
    return await _page(session, actor, [*_own(actor), *wanted], cursor, limit)


async def _page(
    session: AsyncSession,
    actor: Actor,
    wanted: list[sa.ColumnElement[bool]],
    cursor: str | None,
    limit: int,
) -> Page[JobItem]:
    if cursor:
        # IDs sort by creation time.
        wanted.append(col(BackgroundJob.job_id) < position_of(cursor)[1])
    query = (
        sa.select(BackgroundJob, col(User.username))
        .join(User, col(User.id) == BackgroundJob.user_id, isouter=True)
        .where(*wanted)
        .order_by(col(BackgroundJob.job_id).desc())
        .limit(limit + 1)
    )
    rows = (await session.execute(query)).all()
    items = [item_of(row, username or "", actor) for row, username in rows[:limit]]
    last = rows[limit - 1][0] if len(rows) > limit else None
    return Page(items, cursor_of(last.created_at, last.job_id) if last else None)


async def get_job(session: AsyncSession, actor: Actor, job_id: str) -> JobItem:
    """The current state of a job. Raises NotFound."""
    row, username = await _load(session, actor, job_id)
    return item_of(row, username, actor)


async def get_own(session: AsyncSession, actor: Actor, job_id: str) -> JobItem:
    """The current state of one of the actor's own jobs. Raises NotFound."""
    mine = sa.select(col(BackgroundJob.job_id)).where(
        col(BackgroundJob.job_id) == job_id, *_own(actor)
    )
    if await session.scalar(mine) is None:
        raise NotFound
    return await get_job(session, actor, job_id)


async def _load(session: AsyncSession, actor: Actor, job_id: str) -> tuple[BackgroundJob, str]:
    query = (
        sa.select(BackgroundJob, col(User.username))
        .join(User, col(User.id) == BackgroundJob.user_id, isouter=True)
        .where(col(BackgroundJob.job_id) == job_id, *_visible(actor))
        .execution_options(populate_existing=True)
    )
    found = (await session.execute(query)).first()
    if found is None:
        raise NotFound
    return found[0], found[1] or ""


# --- canceling and retrying -------------------------------------------------------------


async def cancel(session: AsyncSession, actor: Actor, job_id: str) -> JobItem:
    """Cancel a job. If it is queued, it is canceled immediately; if it is running, it is asked to
    stop.

    Raises:
        NotFound: missing, or not visible to the actor.
        Conflict: it has already ended.
    """
    row, _ = await _load(session, actor, job_id)
    waiting = await _changed(
        session,
        row.job_id,
        (JobStatus.QUEUED,),
        status=JobStatus.CANCELLED,
        cancel_requested=True,
        finished_at=now(),
    )
    if not waiting and not await _changed(
        session, row.job_id, (JobStatus.RUNNING,), cancel_requested=True
    ):
        raise Conflict("error.job_over")
    if KINDS[row.job_type].for_admins:
        record(session, "admin.job_cancelled", row.job_type, user_id=actor.user_id, job=row.job_id)
    return await get_job(session, actor, job_id)


async def retry(session: AsyncSession, actor: Actor, job_id: str) -> JobItem:
    """Retry a failed, canceled or interrupted job from the start.

    Raises:
        NotFound: missing, or not visible to the actor.
        Conflict: it is queued, running or done, or another one with its key is queued or running.
    """
    row, _ = await _load(session, actor, job_id)
    try:
        won = await _changed(
            session,
            row.job_id,
            RETRIABLE,
            status=JobStatus.QUEUED,
            cancel_requested=False,
            attempts=0,
            progress=0.0,
            note="",
            error="",
            result={},
            owner=None,
            heartbeat_at=None,
            started_at=None,
            finished_at=None,
        )
    except sa.exc.IntegrityError:
        raise Conflict("error.job_waiting") from None
    if not won:
        raise Conflict("error.job_not_over")
    if _facts(row.job_type).for_admins:
        record(session, "admin.job_retried", row.job_type, user_id=actor.user_id, job=row.job_id)
    _tell(session, row.job_id)
    return await get_job(session, actor, job_id)


async def _changed(
    session: AsyncSession, job_id: str, statuses: tuple[JobStatus, ...], **values: Any
) -> bool:
    statement = (
        sa.update(BackgroundJob)
        .where(col(BackgroundJob.job_id) == job_id, col(BackgroundJob.status).in_(statuses))
        .values(**values)
    )
    return bool(cast("CursorResult[Any]", await session.execute(statement)).rowcount)


# --- words -------------------------------------------------------------------------------


def note_of(key: str, params: dict[str, Any]) -> str:
    """A job's note as stored: a catalog key with its parameters."""
    if not params:
        return one_line(key, NOTE_LIMIT)
    short = {n: one_line(v, 60) if isinstance(v, str) else v for n, v in params.items()}
    return f"{key} {orjson.dumps(short).decode()}"[:NOTE_LIMIT]


def _say(key: str, params: dict[str, Any], language: str) -> str:
    """A translated text; parameters whose names end in `bytes` are formatted as sizes."""
    shown = {
        name: formats.size(value, language) if name.endswith("bytes") else value
        for name, value in params.items()
    }
    return translate(key, language, **shown)


def _words(note: str, language: str) -> str:
    key, _, given = note.partition(" ")
    if key not in catalogue():
        return note
    try:
        params = orjson.loads(given) if given else {}
    except orjson.JSONDecodeError:
        params = {}
    return _say(key, params, language)


def _error(row: BackgroundJob, language: str) -> str:
    params = row.result.get("error_params") if row.error else None
    known = row.error in catalogue()
    return translate(row.error, language, **(params or {})) if known else row.error


def _made(row: BackgroundJob, language: str) -> str:
    key = f"jobs.made.{row.job_type}"
    if row.status != JobStatus.DONE or key not in catalogue():
        return ""
    return _say(key, row.result, language)


def _link(row: BackgroundJob, actor: Actor) -> str:
    """The link to a job's result, if the actor may access it and it hasn't expired."""
    facts = KINDS.get(row.job_type)
    is_theirs = row.user_id == actor.user_id or (facts is not None and facts.for_admins)
    until = row.result.get("expires_at")
    is_there = until is None or datetime.fromisoformat(until) > now()
    link = (
        row.result.get("link") if row.status == JobStatus.DONE and is_theirs and is_there else None
    )
    return str(link or "")


def _ms(start: datetime | None, end: datetime) -> int:
    return int((end - start).total_seconds() * 1000) if start else UNKNOWN


def item_of(row: BackgroundJob, username: str, actor: Actor) -> JobItem:
    """A job as a list item."""
    return JobItem(
        id=row.job_id,
        job_type=row.job_type,
        status=row.status,
        progress=row.progress,
        note=_words(row.note, actor.language) if row.status == JobStatus.RUNNING else "",
        error=_error(row, actor.language),
        made=_made(row, actor.language),
        link=_link(row, actor),
        user=username,
        attempts=row.attempts,
        cancel_requested=row.cancel_requested,
        can_cancel=row.status.is_active and not row.cancel_requested,
        can_retry=row.status in RETRIABLE and row.job_type in KINDS,
        created_at=row.created_at.isoformat(),
        started_at=row.started_at.isoformat() if row.started_at else "",
        finished_at=row.finished_at.isoformat() if row.finished_at else "",
        duration_ms=_ms(row.started_at, row.finished_at or now()),
        result=row.result,
    )
