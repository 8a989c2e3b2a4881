"""A user's own account: view it, change it, delete it.

Changes that affect who can sign in (email, password) and deleting the account require the password
again. Wrong passwords are throttled together with failed sign-ins.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from llm_ui.auth import Actor, Client, require_person
from llm_ui.auth import confirm as confirm_session
from llm_ui.db import unit_of_work
from llm_ui.enums import SessionEnd, Theme
from llm_ui.errors import Conflict, InvalidInput, NotFound, Refusals, named_by, not_one_of
from llm_ui.i18n import LANGUAGES, offered, translate
from llm_ui.models import User
from llm_ui.models.base import now
from llm_ui.schemas.accounts.account import AccountChange, AccountView
from llm_ui.security import passwords
from llm_ui.services.accounts import (
    account_deletion,
    authentication,
    registration_policy,
    sessions,
    throttling,
)
from llm_ui.services.accounts.authentication import (
    check_domain,
    check_password,
    claim_email,
    claim_name,
    clean_email,
    clean_username,
)
from llm_ui.services.audit.recording import record
from llm_ui.services.catalogue.models import get_model_for
from llm_ui.services.operations import instance_settings
from llm_ui.services.prompts import prompts


def view_of(user: User) -> AccountView:
    """The account as its owner sees it."""
    return AccountView(
        username=user.username,
        email=user.email,
        theme=str(user.preferences.get("theme", "")),
        language=offered(user.language),
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


async def _proved(session: AsyncSession, actor: Actor, hashed: str) -> User:
    """Load the actor's account after its password has been verified.

    Raises InvalidInput if the password has been changed since it was verified, so that a caller who
    only knows the previous password can't change anything.
    """
    user = await _own(session, actor)
    if user.password_hash != hashed:
        raise InvalidInput("error.password_wrong", field="password")
    return user


async def get_own(session: AsyncSession, actor: Actor) -> AccountView:
    """The actor's account."""
    user = await session.get(User, actor.user_id)
    if user is None:
        raise NotFound
    return view_of(user)


def _one_of(value: str, accepted: tuple[str, ...], field: str) -> str:
    if value and value not in accepted:
        raise not_one_of(field, accepted)
    return value


async def confirm_password(actor: Actor, password: str, client: Client) -> str:
    """Check the actor's password.

    Returns:
        the stored hash that it matches.

    Raises:
        InvalidInput: the password is wrong; names the field `password`.
        TooManyRequests: too many wrong passwords; says how long to wait.
    """
    async with unit_of_work(writes=False) as session:
        user = await session.get(User, actor.user_id)
    known = user.password_hash if user else None

    async def verify() -> bool:
        return (await passwords.verify_password(password, known, trying.asker))[0]

    # A signed-in user must not be delayed by failed attempts from elsewhere.
    trying = throttling.Try(actor.email, client.address, f"session:{actor.session_id}")
    if not await throttling.tried(trying, verify):
        raise InvalidInput("error.password_wrong", field="password")
    return known or ""


async def confirm(actor: Actor, password: str, client: Client) -> datetime:
    """Confirm the actor's password again (step-up confirmation) for this session.

    Returns:
        when the confirmation expires.

    Raises:
        NotAllowed: the caller is a program.
        InvalidInput: the password is wrong; names the field `password`.
        TooManyRequests: too many wrong passwords; says how long to wait.
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
        password: the actor's current password; required to change the email address.

    Raises:
        InvalidInput: a value is invalid, the password is wrong, or the email domain is not
            allowed.
        AlreadyRegistered: another account has this email address, or a name that looks the same.
        TooManyRequests: too many email addresses or wrong passwords have been tried.
    """
    refusals, email, username, hashed = Refusals(), None, None, ""
    with refusals:
        email = None if wanted.email is None else clean_email(wanted.email)
    with refusals:
        username = None if wanted.username is None else clean_username(wanted.username)
    refusals.done()
    if email == actor.email:
        email = None
    if email is not None:
        # Like registration, this reveals which addresses have an account, so it counts as one.
        registration_policy.count(client, "account")
        hashed = await confirm_password(actor, password, client)
    async with unit_of_work() as session:
        user = await (_proved(session, actor, hashed) if hashed else _own(session, actor))
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
        check_domain(email, await instance_settings.load(session))
    await claim_email(session, email)
    user.email = email
    record(session, "account.email_changed", user_id=user.id)


async def _prefer(session: AsyncSession, actor: Actor, user: User, wanted: AccountChange) -> None:
    preferences = dict(user.preferences)
    if wanted.language is not None:
        user.language = _one_of(wanted.language, tuple(LANGUAGES), "language") or None
    if wanted.theme is not None:
        preferences["theme"] = _one_of(wanted.theme, tuple(Theme), "theme")
    if wanted.default_model_id is not None:
        chosen = wanted.default_model_id
        model = await get_model_for(session, actor, chosen, "default_model_id") if chosen else None
        user.default_model_id = model.id if model else None
    if wanted.default_prompt_id is not None:
        chosen = wanted.default_prompt_id
        with named_by("default_prompt_id"):
            own = await prompts.own_of(session, actor, chosen) if chosen else ""
        preferences["default_prompt_id"] = own
    if wanted.auto_titles is not None:
        preferences["auto_titles"] = wanted.auto_titles
    user.preferences = preferences


async def change_password(actor: Actor, current: str, fresh: str, client: Client) -> int:
    """Change the password and sign out every other browser.

    Returns:
        how many browsers were signed out.
    """
    check_password(fresh)
    proved = await confirm_password(actor, current, client)
    hashed = await passwords.hash_password(fresh, passwords.Asker(actor.email, is_known=True))
    async with unit_of_work() as session:
        user = await _proved(session, actor, proved)
        user.password_hash, user.updated_at = hashed, now()
        ended = await sessions.end_others(session, actor, SessionEnd.PASSWORD)
        await authentication.end_reset_links(session, actor.user_id)
        record(session, "account.password_changed", user_id=actor.user_id, address=client.address)
    return ended


def _is_the_word(word: str) -> bool:
    said = word.strip().casefold()
    return any(said == translate("account.delete_word", each).casefold() for each in LANGUAGES)


async def delete_own(actor: Actor, password: str, word: str, client: Client) -> None:
    """Permanently delete the actor's account and everything they own.

    Sessions, tabs and running answers end immediately. Usage stays in the ledger without a name.

    Args:
        word: the confirmation word the page asks for, to prevent accidental deletion.

    Raises:
        InvalidInput: the word or the password is wrong.
        Conflict: the actor is the last administrator.
    """
    if not _is_the_word(word):
        asked = translate("account.delete_word", actor.language)
        raise InvalidInput("error.delete_word", field="confirm", word=asked)
    hashed = await confirm_password(actor, password, client)
    async with unit_of_work() as session:
        if await account_deletion.lock_admins(session) == {actor.user_id}:
            raise Conflict("error.last_admin")
        await account_deletion.begin(session, await _proved(session, actor, hashed))
    await account_deletion.finish(actor.user_id)
