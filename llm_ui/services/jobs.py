"""Work in the background: asked for here, done by llm_ui/jobs.

The row is what people see and what recovery uses; the runner is only told of it, after the
commit. What it is told may be lost: the runner looks for queued rows by itself.
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
from llm_ui.errors import Conflict, InvalidInput, NotFound, one_line
from llm_ui.i18n import catalogue, translate
from llm_ui.models import ACTIVE, BackgroundJob, User
from llm_ui.models.base import now
from llm_ui.schemas.jobs import JobItem
from llm_ui.schemas.views import UNKNOWN, Page
from llm_ui.services import installation
from llm_ui.services.monitoring import record
from llm_ui.services.paging import cursor_of, position_of

PAGE = 50
NOTE_LIMIT = 300
STATUSES = ("queued", "running", "done", "failed", "cancelled", "interrupted")
RETRIABLE = ("failed", "cancelled", "interrupted")


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of a kind of job without doing it.

    Args:
        for_admins: only admins may ask for it and see it.
        repeatable: doing it again after a part was done is right; so a job whose worker died
            is done again. Any other one is marked interrupted, and a person may retry it.
        plain: it needs no payload: a person may start it with one click.
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

# --- telling the runner ------------------------------------------------------------------

Listener = Callable[[str], Awaitable[None]]
_listeners: list[Listener] = []


def on_queued(listener: Listener) -> None:
    """Have `listener` called with the id of each job that has just been queued here."""
    _listeners.append(listener)


def forget(listener: Listener) -> None:
    """Take a listener away again."""
    _listeners.remove(listener)


def _tell(session: AsyncSession, job_id: str) -> None:
    async def tell() -> None:
        for listener in list(_listeners):
            await listener(job_id)

    after_commit(session, tell)


# --- asking for work ---------------------------------------------------------------------


async def enqueue(
    session: AsyncSession,
    actor: Actor,
    kind: str,
    payload: dict[str, Any] | None = None,
    *,
    key: str | None = None,
) -> JobItem:
    """Ask for a job; once this unit of work has committed it is started.

    Args:
        payload: what the job needs to know; plain JSON values, never a secret.
        key: while a job with this key waits or runs, that one is returned and none is made.

    Raises:
        NotAllowed: the kind is for admins, and the actor is none.
        InvalidInput: there is no such kind.
    """
    facts = _facts(kind)
    if facts.for_admins:
        require(actor, "administer")
    elif key is not None:
        # One person's key is never another one's.
        key = f"{key}:{actor.user_id}"
    row, is_new = await _insert(session, kind, payload or {}, key, actor.user_id)
    if is_new and facts.for_admins:
        record(session, "admin.job_started", kind, user_id=actor.user_id, job=row.id)
    return item_of(row, actor.username, actor)


async def start(session: AsyncSession, actor: Actor, kind: str) -> JobItem:
    """Start a job that needs nothing but a click, unless one of its kind waits or runs. For
    admins.

    Raises:
        NotAllowed: the actor is no admin.
        InvalidInput: there is no such kind, or it needs to know more.
    """
    require(actor, "administer")
    if not _facts(kind).plain:
        raise InvalidInput("error.request_invalid", field="kind")
    return await enqueue(session, actor, kind, key=kind)


async def schedule_due(session: AsyncSession) -> None:
    """Queue what the installation does by itself, as often as its settings say."""
    settings = await installation.load(session)
    await schedule(session, "retention", every=timedelta(days=1))
    if settings.backup_days:
        await schedule(session, "backup", every=timedelta(days=settings.backup_days))


async def schedule(session: AsyncSession, kind: str, *, every: timedelta) -> bool:
    """Queue a job of the installation's own if the last one of its kind is `every` old.

    Returns:
        whether one was queued. Whoever asked for the last one, and however it ended, counts.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Two workers that look at the same moment would both find that it is time.
        lock = sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("jobs.schedule", 0))
        await session.execute(sa.select(lock))
    query = sa.select(sa.func.max(BackgroundJob.created_at)).where(col(BackgroundJob.kind) == kind)
    last = await session.scalar(query)
    if last is not None and last > now() - every:
        return False
    _, is_new = await _insert(session, kind, {}, kind, None)
    return is_new


def _facts(kind: str) -> Kind:
    facts = KINDS.get(kind)
    if facts is None:
        raise InvalidInput("error.request_invalid", field="kind")
    return facts


async def _insert(
    session: AsyncSession, kind: str, payload: dict[str, Any], key: str | None, user_id: str | None
) -> tuple[BackgroundJob, bool]:
    row = BackgroundJob(kind=kind, payload=payload, key=key, user_id=user_id)
    if key is None:
        session.add(row)
        await session.flush()
    else:
        # The index on `key` lets one in, whoever comes first on whatever worker.
        await insert_missing(session, BackgroundJob, [row.model_dump()])
        found = await session.scalars(
            sa.select(BackgroundJob).where(
                col(BackgroundJob.key) == key, col(BackgroundJob.status).in_(ACTIVE)
            )
        )
        there = found.first()
        if there is None:
            # What stood in the way has ended since.
            raise Conflict
        if there.id != row.id:
            return there, False
        row = there
    _tell(session, row.id)
    return row, True


# --- looking -----------------------------------------------------------------------------


def _visible(actor: Actor) -> list[sa.ColumnElement[bool]]:
    """Admins see all jobs, others the ones of their own that are for everybody."""
    return [] if can(actor, "administer") else _own(actor)


def _own(actor: Actor) -> list[sa.ColumnElement[bool]]:
    open_kinds = [name for name, facts in KINDS.items() if not facts.for_admins]
    return [
        col(BackgroundJob.user_id) == actor.user_id,
        col(BackgroundJob.kind).in_(open_kinds),
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
    """All jobs, the newest first; of one status and one kind if named. For admins.

    Raises:
        NotAllowed: the actor is no admin.
        InvalidInput: the cursor is not ours.
    """
    require(actor, "administer")
    wanted = []
    if status:
        wanted.append(col(BackgroundJob.status) == status)
    if kind:
        wanted.append(col(BackgroundJob.kind) == kind)
    return await _page(session, actor, wanted, cursor, limit)


async def list_own(
    session: AsyncSession,
    actor: Actor,
    *,
    kind: str = "",
    cursor: str | None = None,
    limit: int = PAGE,
) -> Page[JobItem]:
    """The actor's own jobs, the newest first. Raises InvalidInput for a foreign cursor."""
    wanted = [col(BackgroundJob.kind) == kind] if kind else []
    return await _page(session, actor, [*_own(actor), *wanted], cursor, limit)


async def _page(
    session: AsyncSession,
    actor: Actor,
    wanted: list[sa.ColumnElement[bool]],
    cursor: str | None,
    limit: int,
) -> Page[JobItem]:
    if cursor:
        # Ids are sorted by the time they were made.
        wanted.append(col(BackgroundJob.id) < position_of(cursor)[1])
    query = (
        sa.select(BackgroundJob, col(User.username))
        .join(User, col(User.id) == BackgroundJob.user_id, isouter=True)
        .where(*wanted)
        .order_by(col(BackgroundJob.id).desc())
        .limit(limit + 1)
    )
    rows = (await session.execute(query)).all()
    items = [item_of(row, username or "", actor) for row, username in rows[:limit]]
    last = rows[limit - 1][0] if len(rows) > limit else None
    return Page(items, cursor_of(last.created_at, last.id) if last else None)


async def get_job(session: AsyncSession, actor: Actor, job_id: str) -> JobItem:
    """One job as it is now. Raises NotFound."""
    row, username = await _load(session, actor, job_id)
    return item_of(row, username, actor)


async def get_own(session: AsyncSession, actor: Actor, job_id: str) -> JobItem:
    """One of the actor's own jobs as it is now. Raises NotFound."""
    mine = sa.select(col(BackgroundJob.id)).where(col(BackgroundJob.id) == job_id, *_own(actor))
    if await session.scalar(mine) is None:
        raise NotFound
    return await get_job(session, actor, job_id)


async def _load(session: AsyncSession, actor: Actor, job_id: str) -> tuple[BackgroundJob, str]:
    query = (
        sa.select(BackgroundJob, col(User.username))
        .join(User, col(User.id) == BackgroundJob.user_id, isouter=True)
        .where(col(BackgroundJob.id) == job_id, *_visible(actor))
        .execution_options(populate_existing=True)
    )
    found = (await session.execute(query)).first()
    if found is None:
        raise NotFound
    return found[0], found[1] or ""


# --- ending and beginning again ----------------------------------------------------------


async def cancel(session: AsyncSession, actor: Actor, job_id: str) -> JobItem:
    """End a job: one that waits is cancelled at once, one that runs is asked to stop.

    Raises:
        NotFound: missing, or not the actor's to see.
        Conflict: it is over already.
    """
    row, _ = await _load(session, actor, job_id)
    waiting = await _changed(
        session, row.id, ("queued",), status="cancelled", cancel_requested=True, finished_at=now()
    )
    if not waiting and not await _changed(session, row.id, ("running",), cancel_requested=True):
        raise Conflict("error.job_over")
    if KINDS[row.kind].for_admins:
        record(session, "admin.job_cancelled", row.kind, user_id=actor.user_id, job=row.id)
    return await get_job(session, actor, job_id)


async def retry(session: AsyncSession, actor: Actor, job_id: str) -> JobItem:
    """Begin a failed, cancelled or interrupted job again, as if it were new.

    Raises:
        NotFound: missing, or not the actor's to see.
        Conflict: it waits, runs or is done; or another one of its key waits or runs.
    """
    row, _ = await _load(session, actor, job_id)
    try:
        won = await _changed(
            session,
            row.id,
            RETRIABLE,
            status="queued",
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
    if _facts(row.kind).for_admins:
        record(session, "admin.job_retried", row.kind, user_id=actor.user_id, job=row.id)
    _tell(session, row.id)
    return await get_job(session, actor, job_id)


async def _changed(
    session: AsyncSession, job_id: str, statuses: tuple[str, ...], **values: Any
) -> bool:
    statement = (
        sa.update(BackgroundJob)
        .where(col(BackgroundJob.id) == job_id, col(BackgroundJob.status).in_(statuses))
        .values(**values)
    )
    return bool(cast("CursorResult[Any]", await session.execute(statement)).rowcount)


# --- words -------------------------------------------------------------------------------

UNITS = ("kB", "MB", "GB")


def note_of(key: str, params: dict[str, Any]) -> str:
    """What a job is doing, as it is kept: a catalogue key with its parameters."""
    if not params:
        return one_line(key, NOTE_LIMIT)
    short = {n: one_line(v, 60) if isinstance(v, str) else v for n, v in params.items()}
    return f"{key} {orjson.dumps(short).decode()}"[:NOTE_LIMIT]


def _number(value: float, language: str, places: int = 0) -> str:
    text = f"{value:,.{places}f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "de" else text


def size_words(size: int, language: str) -> str:
    """How large a file is: 512 B, 34 kB, 1.2 MB; as the browser writes it (size.js)."""
    if size < 1000:
        return f"{size}\u00a0B"
    value, unit = size / 1024, 0
    while value >= 1000 and unit < len(UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{_number(value, language, 1 if unit and value < 100 else 0)}\u00a0{UNITS[unit]}"


def _say(key: str, params: dict[str, Any], language: str) -> str:
    """A text with its numbers as the language writes them; what ends in `bytes` is a size."""
    shown = {
        name: size_words(value, language)
        if name.endswith("bytes")
        else _number(value, language)
        if isinstance(value, int) and name != "count"
        else value
        for name, value in params.items()
    }
    return translate(key, language, **shown)


def _words(note: str, language: str) -> str:
    key, _, given = note.partition(" ")
    if key not in catalogue("en"):
        return note
    try:
        params = orjson.loads(given) if given else {}
    except orjson.JSONDecodeError:
        params = {}
    return _say(key, params, language)


def _error(row: BackgroundJob, language: str) -> str:
    params = row.result.get("error_params") if row.error else None
    known = row.error in catalogue("en")
    return translate(row.error, language, **(params or {})) if known else row.error


def _made(row: BackgroundJob, language: str) -> str:
    key = f"jobs.made.{row.kind}"
    if row.status != "done" or key not in catalogue("en"):
        return ""
    return _say(key, row.result, language)


def _link(row: BackgroundJob, actor: Actor) -> str:
    """Where what it made is, if the actor may have it and it is kept so long."""
    facts = KINDS.get(row.kind)
    is_theirs = row.user_id == actor.user_id or (facts is not None and facts.for_admins)
    until = row.result.get("expires_at")
    is_there = until is None or datetime.fromisoformat(until) > now()
    link = row.result.get("link") if row.status == "done" and is_theirs and is_there else None
    return str(link or "")


def _ms(start: datetime | None, end: datetime) -> int:
    return int((end - start).total_seconds() * 1000) if start else UNKNOWN


def item_of(row: BackgroundJob, username: str, actor: Actor) -> JobItem:
    """A row as it is shown."""
    return JobItem(
        id=row.id,
        kind=row.kind,
        status=row.status,
        progress=row.progress,
        note=_words(row.note, actor.language) if row.status == "running" else "",
        error=_error(row, actor.language),
        made=_made(row, actor.language),
        link=_link(row, actor),
        user=username,
        attempts=row.attempts,
        cancel_requested=row.cancel_requested,
        can_cancel=row.status in ACTIVE and not row.cancel_requested,
        can_retry=row.status in RETRIABLE and row.kind in KINDS,
        created_at=row.created_at.isoformat(),
        started_at=row.started_at.isoformat() if row.started_at else "",
        finished_at=row.finished_at.isoformat() if row.finished_at else "",
        duration_ms=_ms(row.started_at, row.finished_at or now()),
        result=row.result,
    )
