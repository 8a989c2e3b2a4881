"""An account ends: at once for its owner, for good as soon as its answers have ended."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui import auth
from llm_ui.db import after_commit, unit_of_work
from llm_ui.i18n import translate
from llm_ui.models import (
    ACTIVE,
    ChatHistory,
    Generation,
    MonitoringLog,
    Project,
    StoredFile,
    SystemPrompt,
    User,
    UserLink,
)
from llm_ui.services import chats, exports, files, usage_days
from llm_ui.services.monitoring import record

# How long leaving waits for the person's running answers to end, in tenths of a second.
RUNS_END_WITHIN = 100
PROJECT_NAME_LIMIT = 100


async def lock_admins(session: AsyncSession) -> set[str]:
    """The active administrators; nobody else changes who is one before this commits."""
    admins = await session.scalars(
        sa.select(col(User.id))
        .where(col(User.role) == "admin", col(User.is_active).is_(True))
        .order_by(col(User.id))
        .with_for_update()
    )
    return set(admins)


async def withdraw_links(session: AsyncSession, user_id: str) -> None:
    """Links that somebody handed out and that nobody has used open nothing any more."""
    await session.execute(
        sa.delete(UserLink).where(
            col(UserLink.created_by) == user_id, col(UserLink.used_at).is_(None)
        )
    )


async def shut_out(session: AsyncSession, user_id: str, why: str = "disabled") -> None:
    """End somebody's sessions, tabs and streams, and stop their answers.

    The account's row must be locked and inactive: what begins later is refused by it.
    """
    await auth.end_sessions(session, await auth.sessions_of(session, user_id), why)
    for run_id in await session.scalars(_active_runs(user_id)):
        await chats.stop_row(session, run_id)


async def begin(session: AsyncSession, user: User, heir_id: str = "") -> None:
    """Mark an account as left; from here on nobody comes in.

    What follows is finished by `finish`, or by whoever finds the mark.

    Args:
        heir_id: who gets their chats, projects, files and prompts; "" lets all of it go.
    """
    user.is_active, user.preferences = False, {"leaving": True, "heir": heir_id}
    await withdraw_links(session, user.id)
    await shut_out(session, user.id, "deleted")


async def finish(user_id: str) -> None:
    """Wait for the answers of somebody who has left to end, then remove the account."""
    for _ in range(RUNS_END_WITHIN):
        if await _running(user_id) == 0:
            break
        await asyncio.sleep(0.1)
    await remove_leaving()


def is_leaving(user: User) -> bool:
    """Whether the account is about to be removed."""
    return user.preferences.get("leaving") is True


def _active_runs(user_id: str) -> sa.Select[str]:
    return sa.select(col(Generation.id)).where(
        col(Generation.user_id) == user_id, col(Generation.state).in_(ACTIVE)
    )


async def _running(user_id: str) -> int:
    async with unit_of_work(writes=False) as session:
        return len(list(await session.scalars(_active_runs(user_id))))


async def remove_leaving() -> None:
    """Remove the accounts whose owners have left and whose answers have all ended."""
    async with unit_of_work(writes=False) as session:
        inactive = await session.scalars(sa.select(User).where(col(User.is_active).is_(False)))
        leaving = [each.id for each in inactive if is_leaving(each)]
    for user_id in leaving:
        if await _running(user_id) == 0:
            async with unit_of_work() as session:
                await _remove(session, user_id)


async def _remove(session: AsyncSession, user_id: str) -> None:
    """Rows that name the person lose the name; everything else goes with the account."""
    user = await session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        return
    heir = await session.get(User, str(user.preferences.get("heir") or ""))
    if heir is not None:
        await _hand_over(session, user, heir)
    own = col(MonitoringLog.user_id) == user_id
    about = col(MonitoringLog.details)["subject"].as_string() == user_id
    await session.execute(sa.update(MonitoringLog).where(own).values(address=""))
    await session.execute(
        sa.update(MonitoringLog)
        .where(
            sa.or_(
                sa.and_(own, col(MonitoringLog.kind).startswith("account.")),
                sa.and_(about, col(MonitoringLog.kind).startswith("admin.user")),
            )
        )
        .values(message="")
    )
    await files.delete_files_of(session, user_id)
    await chats.unchain(session, col(ChatHistory.user_id) == user_id)
    await usage_days.forget(session, user_id)
    await session.execute(sa.delete(User).where(col(User.id) == user_id))
    after_commit(session, exports.sweep)
    record(session, "account.deleted")


async def _hand_over(session: AsyncSession, user: User, heir: User) -> None:
    """Make what somebody made another one's. What they had deleted goes all the same.

    Chats outside a project go into one that says whose they were.
    """
    kept = sa.and_(
        col(ChatHistory.user_id) == user.id,
        col(ChatHistory.deleted_at).is_(None),
        col(ChatHistory.is_temporary) == sa.false(),
    )
    if await session.scalar(
        sa.select(sa.exists().where(kept, col(ChatHistory.project_id).is_(None)))
    ):
        name = translate("people.from", heir.language or "en", name=user.username)
        project = Project(user_id=heir.id, name=name[:PROJECT_NAME_LIMIT])
        session.add(project)
        await session.flush()
        await session.execute(
            sa.update(ChatHistory)
            .where(kept, col(ChatHistory.project_id).is_(None))
            .values(project_id=project.id)
        )
    chat_ids = sa.select(col(ChatHistory.id)).where(kept)
    await session.execute(
        sa.update(Generation)
        .where(col(Generation.chat_id).in_(chat_ids))
        # A key is one person's: it could be one of the new owner's as well.
        .values(user_id=heir.id, idempotency_key=None)
    )
    await session.execute(
        sa.update(ChatHistory).where(kept).values(user_id=heir.id, pinned_at=None)
    )
    for table in (Project, SystemPrompt, StoredFile):
        await session.execute(
            sa.update(table).where(col(table.user_id) == user.id).values(user_id=heir.id)
        )
