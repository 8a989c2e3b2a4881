"""One's own account: see it, change it, leave.

What changes who may come in (e-mail, password) or ends everything asks for the password
again; wrong ones are slowed together with wrong sign-ins.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.auth import Actor, Client, require_person
from llm_ui.auth import confirm as confirm_session
from llm_ui.db import unit_of_work
from llm_ui.errors import Conflict, InvalidInput, NotFound
from llm_ui.i18n import LANGUAGES, translate
from llm_ui.models import User
from llm_ui.models.base import now
from llm_ui.schemas.account import AccountChange, AccountView
from llm_ui.security import passwords
from llm_ui.services import admission, attempts, departures, installation, prompts, sessions
from llm_ui.services.accounts import (
    check_domain,
    check_password,
    claim_email,
    claim_name,
    clean_email,
    clean_username,
)
from llm_ui.services.models import get_model_for
from llm_ui.services.monitoring import record

THEMES = ("system", "light", "dark")


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
    async with unit_of_work(writes=False) as session:
        user = await session.get(User, actor.user_id)
    known = user.password_hash if user else None

    async def verify() -> bool:
        return (await passwords.verify_password(password, known))[0]

    # Whoever is signed in does not wait for what others try from elsewhere.
    trying = attempts.Try(actor.email, client.address, f"session:{actor.session_id}")
    if not await attempts.tried(trying, verify):
        raise InvalidInput("error.password_wrong", field="password")
    async with unit_of_work() as session:
        await attempts.succeeded(session, trying)


async def confirm(actor: Actor, password: str, client: Client) -> datetime:
    """Have the actor's password typed once more: for a while this session may do what asks for
    that. Until when.

    Raises:
        NotAllowed: a program calls.
        InvalidInput: it is wrong; names the field `password`.
        TooManyRequests: too many wrong ones; says how long to wait.
    """
    require_person(actor)
    await confirm_password(actor, password, client)
    async with unit_of_work() as session:
        return await confirm_session(session, actor.session_id)


async def change(
    actor: Actor, wanted: AccountChange, client: Client, password: str = ""
) -> AccountView:
    """Change the actor's account.

    Args:
        password: the actor's own; asked for when the e-mail changes.

    Raises:
        InvalidInput: a value is not usable, the password is wrong, or people here have
            their e-mail elsewhere.
        AlreadyRegistered: another account has this e-mail, or such a name.
        TooManyRequests: too many addresses were tried, or wrong passwords.
    """
    email = None if wanted.email is None else clean_email(wanted.email)
    if email == actor.email:
        email = None
    username = None if wanted.username is None else clean_username(wanted.username)
    if email is not None:
        # It tells who has an account, as registering does.
        admission.count(client)
        await confirm_password(actor, password, client)
    async with unit_of_work() as session:
        user = await _own(session, actor)
        if email is not None:
            await _take_email(session, actor, user, email)
        if username is not None and username != user.username:
            await claim_name(session, username, user.id)
            user.username = username
        await _prefer(session, actor, user, wanted)
        user.updated_at = now()
        return view_of(user)


async def _take_email(session: AsyncSession, actor: Actor, user: User, email: str) -> None:
    if not actor.is_admin:
        check_domain(email, await installation.load(session))
    await claim_email(session, email)
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
        model = await get_model_for(session, actor, chosen, "default_model_id") if chosen else None
        user.default_model_id = model.id if model else None
    if wanted.default_prompt_id is not None:
        chosen = wanted.default_prompt_id
        preferences["default_prompt_id"] = (
            await prompts.own_of(session, actor, chosen) if chosen else ""
        )
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
        ended = await sessions.end_others(session, actor, "password")
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
        if await departures.lock_admins(session) == {actor.user_id}:
            raise Conflict("error.last_admin")
        await departures.begin(session, await _own(session, actor))
    await departures.finish(actor.user_id)
