"""One's own account: see it, change it, leave.

What changes who may come in (e-mail, password) or ends everything asks for the password
again; wrong ones are slowed together with wrong sign-ins.
"""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui import auth
from llm_ui.auth import Actor, Client
from llm_ui.db import after_commit, unit_of_work
from llm_ui.errors import AlreadyRegistered, Conflict, InvalidInput, NotFound
from llm_ui.i18n import LANGUAGES, translate
from llm_ui.models import ACTIVE, ChatHistory, Generation, MonitoringLog, User
from llm_ui.models.base import now
from llm_ui.schemas.account import AccountChange, AccountView
from llm_ui.security import passwords
from llm_ui.services import attempts, chats, exports, files, prompts, sessions
from llm_ui.services.accounts import FIRST_ACCOUNT_LOCK, check_password, clean_email, clean_username
from llm_ui.services.models import get_model_for
from llm_ui.services.monitoring import record

THEMES = ("system", "light", "dark")
# How long leaving waits for one's own running answers to end, in tenths of a second.
RUNS_END_WITHIN = 100


def view_of(user: User) -> AccountView:
    """The account as its owner sees it."""
    return AccountView(
        username=user.username,
        email=user.email,
        theme=str(user.preferences.get("theme", "")),
        language=user.language or "",
        default_model_id=user.default_model_id or "",
        default_prompt_id=str(user.preferences.get("default_prompt_id", "")),
        auto_titles=user.preferences.get("auto_titles", True) is not False,
        created_at=user.created_at.isoformat(),
    )


async def _own(session: AsyncSession, actor: Actor) -> User:
    user = await session.get(User, actor.user_id, with_for_update=True)
    if user is None:
        raise NotFound
    return user


async def get_own(session: AsyncSession, actor: Actor) -> AccountView:
    """The actor's account."""
    user = await session.get(User, actor.user_id)
    if user is None:
        raise NotFound
    return view_of(user)


def _one_of(value: str, accepted: tuple[str, ...], field: str) -> str:
    if value and value not in accepted:
        raise InvalidInput("error.request_invalid", field=field)
    return value


async def confirm_password(actor: Actor, password: str, client: Client) -> None:
    """Raise unless this is the actor's password.

    Raises:
        InvalidInput: it is not; names the field `password`.
        TooManyRequests: too many wrong ones; says how long to wait.
    """
    async with unit_of_work() as session:
        await attempts.begin(session, actor.email, client.address)
        user = await session.get(User, actor.user_id)
    known = user.password_hash if user else None
    fits, _ = await passwords.verify_password(password[: passwords.MAX_LENGTH + 1], known)
    if not fits:
        raise InvalidInput("error.password_wrong", field="password")
    async with unit_of_work() as session:
        await attempts.succeeded(session, actor.email, client.address)


async def change(
    actor: Actor, wanted: AccountChange, client: Client, password: str = ""
) -> AccountView:
    """Change the actor's account.

    Args:
        password: the actor's own; asked for when the e-mail changes.

    Raises:
        InvalidInput: a value is not usable, or the password is wrong.
        AlreadyRegistered: another account has this e-mail.
    """
    email = None if wanted.email is None else clean_email(wanted.email)
    if email == actor.email:
        email = None
    username = None if wanted.username is None else clean_username(wanted.username)
    if email is not None:
        await confirm_password(actor, password, client)
    async with unit_of_work() as session:
        user = await _own(session, actor)
        if email is not None:
            await _take_email(session, user, email)
        if username is not None:
            user.username = username
        await _prefer(session, actor, user, wanted)
        user.updated_at = now()
        return view_of(user)


async def _take_email(session: AsyncSession, user: User, email: str) -> None:
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock(FIRST_ACCOUNT_LOCK)))
    if await session.scalar(sa.select(col(User.id)).where(col(User.email) == email)):
        raise AlreadyRegistered
    user.email = email
    record(session, "account.email_changed", user_id=user.id)


async def _prefer(session: AsyncSession, actor: Actor, user: User, wanted: AccountChange) -> None:
    preferences = dict(user.preferences)
    if wanted.language is not None:
        user.language = _one_of(wanted.language, LANGUAGES, "language") or None
    if wanted.theme is not None:
        preferences["theme"] = _one_of(wanted.theme, THEMES, "theme")
    if wanted.default_model_id is not None:
        chosen = wanted.default_model_id
        user.default_model_id = (await get_model_for(session, actor, chosen)).id if chosen else None
    if wanted.default_prompt_id is not None:
        chosen = wanted.default_prompt_id
        if chosen:
            chosen = (await prompts.get_prompt(session, actor, chosen)).item.id
        preferences["default_prompt_id"] = chosen
    if wanted.auto_titles is not None:
        preferences["auto_titles"] = wanted.auto_titles
    user.preferences = preferences


async def change_password(actor: Actor, current: str, fresh: str, client: Client) -> int:
    """Take another password; every other browser is signed out.

    Returns:
        how many browsers were signed out.
    """
    check_password(fresh)
    await confirm_password(actor, current, client)
    hashed = await passwords.hash_password(fresh)
    async with unit_of_work() as session:
        user = await _own(session, actor)
        user.password_hash, user.updated_at = hashed, now()
        ended = await sessions.end_others(session, actor)
        record(session, "account.password_changed", user_id=actor.user_id, address=client.address)
    return ended


def _is_the_word(word: str) -> bool:
    said = word.strip().casefold()
    return any(said == translate("account.delete_word", each).casefold() for each in LANGUAGES)


async def delete_own(actor: Actor, password: str, word: str, client: Client) -> None:
    """Delete the actor's account and all that is theirs, for good.

    Their sessions, tabs and running answers end at once. What they used stays in the
    ledger, without a name.

    Args:
        word: what the page asks to be typed, so that nobody does this by mistake.

    Raises:
        InvalidInput: the word or the password is wrong.
        Conflict: they are the last admin.
    """
    if not _is_the_word(word):
        asked = translate("account.delete_word", actor.language)
        raise InvalidInput("error.delete_word", field="confirm", word=asked)
    await confirm_password(actor, password, client)
    async with unit_of_work() as session:
        await _leave(session, actor)
    for _ in range(RUNS_END_WITHIN):
        if await _running(actor.user_id) == 0:
            break
        await asyncio.sleep(0.1)
    await remove_leaving()


async def _leave(session: AsyncSession, actor: Actor) -> None:
    admins = await session.scalars(
        sa.select(col(User.id))
        .where(col(User.role) == "admin", col(User.is_active).is_(True))
        .order_by(col(User.id))
        .with_for_update()
    )
    if set(admins) == {actor.user_id}:
        raise Conflict("error.last_admin")
    user = await _own(session, actor)
    # From here on nobody comes in; what follows can be finished by whoever finds the mark.
    user.is_active, user.preferences = False, {"leaving": True}
    await auth.end_sessions(session, await auth.sessions_of(session, user.id))
    for run_id in await session.scalars(_active_runs(actor.user_id)):
        await chats.stop_row(session, run_id)


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
        leaving = [each.id for each in inactive if each.preferences.get("leaving") is True]
    for user_id in leaving:
        if await _running(user_id) == 0:
            async with unit_of_work() as session:
                await _remove(session, user_id)


async def _remove(session: AsyncSession, user_id: str) -> None:
    """Rows that name the person lose the name; everything else goes with the account."""
    own = col(MonitoringLog.user_id) == user_id
    await session.execute(sa.update(MonitoringLog).where(own).values(address=""))
    await session.execute(
        sa.update(MonitoringLog)
        .where(own, col(MonitoringLog.kind).startswith("account."))
        .values(message="")
    )
    await files.delete_files_of(session, user_id)
    await chats.unchain(session, col(ChatHistory.user_id) == user_id)
    await session.execute(sa.delete(User).where(col(User.id) == user_id))
    after_commit(session, exports.sweep)
    record(session, "account.deleted")
