"""Account deletion: access ends immediately; data is deleted when running answers have ended."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui import auth
from llm_ui.db import after_commit, unit_of_work
from llm_ui.enums import SessionEnd, UserRole
from llm_ui.i18n import offered, translate
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
from llm_ui.services.accounts import export_jobs
from llm_ui.services.audit.recording import record
from llm_ui.services.chats import chats
from llm_ui.services.files import files
from llm_ui.services.insights import daily_usage

# How long deletion waits for running answers to end, in tenths of a second.
RUNS_END_WITHIN = 100
PROJECT_NAME_LIMIT = 100


async def lock_admins(session: AsyncSession) -> set[str]:
    """Lock the active administrators: nobody else can change who is one before the commit."""
    admins = await session.scalars(
        sa.select(col(User.id))
        .where(col(User.role) == UserRole.ADMIN, col(User.is_active).is_(True))
        .order_by(col(User.id))
        .with_for_update()
    )
    return set(admins)


async def withdraw_links(session: AsyncSession, user_id: str) -> None:
    """Revoke the unused links that this user created."""
    await session.execute(
        sa.delete(UserLink).where(
            col(UserLink.created_by) == user_id, col(UserLink.used_at).is_(None)
        )
    )


async def shut_out(
    session: AsyncSession, user_id: str, why: SessionEnd = SessionEnd.DISABLED
) -> None:
    """End a user's sessions, tabs and streams, and stop their answers.

    The account's row must be locked and inactive, so that anything started later is refused.
    """
    await auth.end_sessions(session, await auth.sessions_of(session, user_id), why)
    for run_id in await session.scalars(_active_runs(user_id)):
        await chats.stop_row(session, run_id)


async def begin(session: AsyncSession, user: User, heir_id: str = "") -> None:
    """Mark an account as being deleted; nobody can sign in to it anymore.

    `finish` does the rest, or `remove_leaving`, which looks for the mark.

    Args:
        heir_id: the user who gets the chats, projects, files and prompts; "" deletes them.
    """
    user.is_active, user.preferences = False, {"leaving": True, "heir": heir_id}
    await withdraw_links(session, user.id)
    await shut_out(session, user.id, SessionEnd.DELETED)


async def finish(user_id: str) -> None:
    """Wait for the running answers of a deleted account to end, then remove it."""
    for _ in range(RUNS_END_WITHIN):
        if await _running(user_id) == 0:
            break
        await asyncio.sleep(0.1)
    await remove_leaving()


def is_leaving(user: User) -> bool:
    """Whether the account is being deleted."""
    return user.preferences.get("leaving") is True


def _active_runs(user_id: str) -> sa.Select[str]:
    return sa.select(col(Generation.id)).where(
        col(Generation.user_id) == user_id, col(Generation.state).in_(ACTIVE)
    )


async def _running(user_id: str) -> int:
    async with unit_of_work(writes=False) as session:
        return len(list(await session.scalars(_active_runs(user_id))))


async def remove_leaving() -> None:
    """Remove the accounts that are being deleted and have no running answers."""
    async with unit_of_work(writes=False) as session:
        inactive = await session.scalars(sa.select(User).where(col(User.is_active).is_(False)))
        leaving = [each.id for each in inactive if is_leaving(each)]
    for user_id in leaving:
        if await _running(user_id) == 0:
            async with unit_of_work() as session:
                await _remove(session, user_id)


async def _remove(session: AsyncSession, user_id: str) -> None:
    """Delete the account; log and usage rows that outlive it no longer name the user."""
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
                sa.and_(own, col(MonitoringLog.log_type).startswith("account.")),
                sa.and_(about, col(MonitoringLog.log_type).startswith("admin.user")),
            )
        )
        .values(message="")
    )
    await files.delete_files_of(session, user_id)
    await chats.unchain(session, col(ChatHistory.user_id) == user_id)
    await daily_usage.forget(session, user_id)
    await session.execute(sa.delete(User).where(col(User.id) == user_id))
    after_commit(session, export_jobs.sweep)
    record(session, "account.deleted")


async def _hand_over(session: AsyncSession, user: User, heir: User) -> None:
    """Transfer a user's content to another user, except content that was already deleted.

    Chats outside a project go into a new project named after the previous owner.
    """
    kept = sa.and_(
        col(ChatHistory.user_id) == user.id,
        col(ChatHistory.deleted_at).is_(None),
        col(ChatHistory.is_temporary) == sa.false(),
    )
    if await session.scalar(
        sa.select(sa.exists().where(kept, col(ChatHistory.project_id).is_(None)))
    ):
        name = translate("users.from", offered(heir.language), name=user.username)
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
        # Idempotency keys are unique per user; the new owner may have used the same one.
        .values(user_id=heir.id, idempotency_key=None)
    )
    await session.execute(
        sa.update(ChatHistory).where(kept).values(user_id=heir.id, pinned_at=None)
    )
    for table in (Project, SystemPrompt, StoredFile):
        await session.execute(
            sa.update(table).where(col(table.user_id) == user.id).values(user_id=heir.id)
        )
