"""Accounts: register, sign in, sign out."""

from __future__ import annotations

import re
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui import auth
from llm_ui.auth import Actor, Client
from llm_ui.db import unit_of_work
from llm_ui.errors import (
    AccountDisabled,
    AlreadyRegistered,
    AppError,
    InvalidCredentials,
    InvalidInput,
    NotAllowed,
    NotAuthenticated,
    NotFound,
)
from llm_ui.models import User
from llm_ui.models.base import now
from llm_ui.schemas.accounts import DoorView, SignedIn, UserView
from llm_ui.security import names, passwords
from llm_ui.security.text import storable
from llm_ui.security.tokens import new_token
from llm_ui.services import admission, api_keys, attempts, installation, places
from llm_ui.services.installation import Installation
from llm_ui.services.monitoring import record

# One sign, something before it, a dotted or local name after it, nothing that breaks
# out of a header; whether mail arrives there is not ours to know.
_EMAIL = re.compile(r"[^@\s\x00-\x1f<>\"(),:;\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250})")
_USERNAME = re.compile(r"[^\x00-\x1f\x7f<>]{1,64}")
# Serialises "is this the first account?" on PostgreSQL; SQLite has one writer anyway.
FIRST_ACCOUNT_LOCK = 5_207_021


def user_view(user: User) -> UserView:
    """An account without its secrets."""
    return UserView(user.id, user.email, user.username, user.role, user.created_at.isoformat())


async def own_view(session: AsyncSession, actor: Actor) -> UserView:
    """The signed-in person. Raises NotAuthenticated when there is no such account any more."""
    user = await session.get(User, actor.user_id)
    if user is None:
        raise NotAuthenticated
    return user_view(user)


def clean_email(email: str) -> str:
    """The address in lower case. Raises InvalidInput."""
    cleaned = email.strip().lower()
    if len(cleaned) > 254 or not _EMAIL.fullmatch(cleaned):
        raise InvalidInput("error.email_invalid", field="email")
    return cleaned


def clean_username(username: str) -> str:
    """The name in the form that is kept, all of it to be seen. Raises InvalidInput."""
    cleaned = names.one_form(username)
    if not _USERNAME.fullmatch(cleaned):
        raise InvalidInput("error.username_invalid", field="username")
    if not names.is_visible(cleaned):
        raise InvalidInput("error.name_unseen", field="username")
    if not names.is_of_one_alphabet(cleaned):
        raise InvalidInput("error.name_mixed", field="username")
    return cleaned


def check_password(password: str) -> None:
    """Raise InvalidInput unless the password's length will do, in the form that is hashed."""
    hashed = len(passwords.one_form(password))
    if min(len(password), hashed) < passwords.MIN_LENGTH:
        raise InvalidInput("error.password_short", field="password", minimum=passwords.MIN_LENGTH)
    if hashed > passwords.MAX_LENGTH:
        raise InvalidInput("error.password_long", field="password", maximum=passwords.MAX_LENGTH)


def check_domain(email: str, settings: Installation) -> None:
    """Raise InvalidInput unless people here may have an address of this domain."""
    domains = settings.allowed_domains
    if domains and email.rpartition("@")[2] not in domains:
        raise InvalidInput("error.email_domain", field="email", domains=", ".join(domains))


async def lock_accounts(session: AsyncSession) -> None:
    """Until the commit nobody else makes an account; a transaction that reads holds nobody up."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock(FIRST_ACCOUNT_LOCK)))


async def claim_email(
    session: AsyncSession, email: str, key: str = AlreadyRegistered.message_key
) -> None:
    """Make sure that nobody has this address, until the commit. Raises AlreadyRegistered with
    the words of `key`: strangers are not told that it is the address."""
    await lock_accounts(session)
    await check_unknown(session, email, key)


async def check_unknown(
    session: AsyncSession, email: str, key: str = AlreadyRegistered.message_key
) -> None:
    """Raise AlreadyRegistered, with the words of `key`, if somebody has this address."""
    if await session.scalar(sa.select(col(User.id)).where(col(User.email) == email)):
        raise AlreadyRegistered(key)


async def check_name(
    session: AsyncSession, username: str, *, of: str = "", key: str = "error.name_taken"
) -> None:
    """Raise AlreadyRegistered, with the words of `key`, if somebody else than `of` has a name
    that reads like this one."""
    name_key, look_key = names.keys(username)
    query = sa.select(col(User.id)).where(
        sa.or_(col(User.name_key) == name_key, col(User.look_key) == look_key),
        col(User.id) != of,
    )
    if await session.scalar(query.limit(1)):
        raise AlreadyRegistered(key)


async def claim_name(session: AsyncSession, username: str, of: str) -> None:
    """Make sure that nobody else has a name that reads like this, until the commit."""
    await lock_accounts(session)
    await check_name(session, username, of=of)


async def add_user(
    session: AsyncSession,
    email: str,
    username: str,
    hashed: str,
    role: str,
    taken: str = AlreadyRegistered.message_key,
) -> User:
    """A new account; nobody else's permission is asked. Raises AlreadyRegistered with the words
    of `taken`; strangers are not told whether it is the address or the name."""
    await claim_email(session, email, taken)
    own_words = {"key": taken} if taken == AlreadyRegistered.message_key else {}
    await check_name(session, username, **own_words)
    user = User(email=email, username=username, password_hash=hashed, role=role)
    session.add(user)
    await session.flush()
    return user


async def _admit(
    session: AsyncSession, email: str, username: str, client: Client, setup_token: str
) -> str:
    """The role of whoever registers with these details; raises unless they may.

    Whether they are taken comes last: where people cannot register by themselves, nobody
    finds out here who has an account.
    """
    if not await admission.exist(session):
        await admission.check_set_up(session, client, setup_token)
        return "admin"
    settings = await installation.load(session)
    if settings.registration == "closed":
        raise NotAllowed("error.registration_closed")
    if settings.registration == "invite":
        raise NotAllowed("error.registration_invite")
    check_domain(email, settings)
    await check_unknown(session, email)
    await check_name(session, username, key=AlreadyRegistered.message_key)
    return "user"


async def door(session: AsyncSession, client: Client) -> DoorView:
    """Who may make an account here, for those who have none."""
    settings = await installation.load(session)
    is_new = not await admission.exist(session)
    return DoorView(
        is_new=is_new,
        registration=settings.registration,
        domains=", ".join(settings.allowed_domains) if settings.registration == "open" else "",
        needs_token=is_new and not client.is_here,
    )


async def register(
    email: str, username: str, password: str, client: Client, setup_token: str = ""
) -> SignedIn:
    """Make an account and sign it in; the first one becomes the admin.

    Args:
        setup_token: what the link of the start says; the first account needs it, unless it is
            made at this machine.

    Raises:
        InvalidInput: a field is not usable, or people here have their e-mail elsewhere.
        AlreadyRegistered: these details cannot be used.
        NotAllowed: registration is closed, or for people with an invitation; or the first account
            is to be made from elsewhere, without the link.
        TooManyRequests: this address, or all together, have asked too often.
    """
    admission.count(client)
    email, username = clean_email(email), clean_username(username)
    check_password(password)
    # Whoever is refused costs no hash.
    async with unit_of_work(writes=False) as session:
        await _admit(session, email, username, client, setup_token)
    hashed = await passwords.hash_password(password)
    async with unit_of_work() as session:
        await lock_accounts(session)
        role = await _admit(session, email, username, client, setup_token)
        user = await add_user(session, email, username, hashed, role)
        signed_in = await sign_in(session, user, client)
        record(
            session, "account.registered", username, user_id=user.id, address=client.address,
            role=user.role,
        )  # fmt: skip
    return signed_in


async def create_admin(email: str, username: str, password: str) -> UserView:
    """Make an administrator's account. For the command line only: it asks nobody's permission.

    Raises:
        AlreadyRegistered: somebody has this address; nothing of their account is touched.
    """
    email, username = clean_email(email), clean_username(username)
    check_password(password)
    async with unit_of_work(writes=False) as session:
        await check_unknown(session, email, "error.admin_exists")
    hashed = await passwords.hash_password(password)
    async with unit_of_work() as session:
        user = await add_user(session, email, username, hashed, "admin", "error.admin_exists")
        record(session, "account.admin_created", username, user_id=user.id)
    return user_view(user)


async def _by_email(session: AsyncSession, email: str) -> User:
    """The account of an address, locked. Raises NotFound."""
    query = sa.select(User).where(col(User.email) == clean_email(email)).with_for_update()
    user = await session.scalar(query)
    if user is None or user.preferences.get("leaving"):
        raise NotFound("error.no_account")
    return user


async def promote(email: str) -> UserView:
    """Make an administrator of an account that there is, and let it in if it was disabled; its
    password stays. For the command line only. Raises NotFound."""
    async with unit_of_work() as session:
        user = await _by_email(session, email)
        changes = {"role": [user.role, "admin"], "active": [user.is_active, True]}
        user.role, user.is_active, user.updated_at = "admin", True, now()
        record(session, "account.admin_promoted", user.username, user_id=user.id, changes=changes)
        return user_view(user)


async def reset_password(email: str, password: str, *, keep_keys: bool = False) -> UserView:
    """Give an account another password; every browser of its is signed out, and its API keys end
    unless they are to be kept. For the command line only. Raises NotFound."""
    check_password(password)
    async with unit_of_work(writes=False) as session:
        await _by_email(session, email)
    hashed = await passwords.hash_password(password)
    async with unit_of_work() as session:
        user = await _by_email(session, email)
        user.password_hash, user.updated_at = hashed, now()
        await auth.end_sessions(session, await auth.sessions_of(session, user.id), "password")
        if not keep_keys:
            await api_keys.revoke_all(session, user.id)
        await attempts.forget(session, user.email)
        record(session, "account.password_replaced", user.username, user_id=user.id)
        return user_view(user)


async def sign_in(session: AsyncSession, user: User, client: Client) -> SignedIn:
    """A fresh session for somebody who has shown who they are."""
    client = client if client.browser else replace(client, browser=new_token())
    session_id, token = await auth.open_session(session, user, client)
    await places.remember(session, user.id, client)
    user.last_login_at = user.last_active_at = now()
    session.add(user)
    return SignedIn(
        user_view(user),
        token,
        auth.csrf_token(session_id),
        user.language or "",
        str(user.preferences.get("theme", "")),
        client.browser,
    )


async def log_in(email: str, password: str, client: Client) -> SignedIn:
    """Sign in with e-mail and password.

    Raises:
        InvalidCredentials: they do not fit, or there is no such account: nobody can tell
            which.
        AccountDisabled: they fit, and an administrator has switched the account off.
        TooManyRequests: too many wrong passwords; says how long to wait.
    """
    email = storable(email.strip().lower())[:254]
    async with unit_of_work(writes=False) as session:
        user = await session.scalar(sa.select(User).where(col(User.email) == email))
        place = await places.known(session, user.id if user else "", client)
    known, stored, renewed = (user.id, user.password_hash, "") if user else (None, None, "")
    trying = attempts.Try(email, client.address, place)

    async def verify() -> bool:
        nonlocal renewed
        fits, better = await passwords.verify_password(password, stored)
        renewed = better or ""
        if not fits:
            await _note_failure(known, client)
        return fits

    fits = await attempts.tried(trying, verify)
    refusal = _refusal(user, fits=fits)
    if fits and refusal is not None:
        await _note_failure(known, client)
    async with unit_of_work() as session:
        if user is not None and fits:
            await attempts.succeeded(session, trying)
            # Trying it took a while: the account may be another one by now, or gone.
            user = await session.get(User, user.id, with_for_update=True)
            fits = user is not None and user.password_hash == stored
            refusal = _refusal(user, fits=fits)
        if user is not None and refusal is None:
            if renewed:
                user.password_hash = renewed
            signed_in = await sign_in(session, user, client)
            record(session, "sign_in.ok", user_id=user.id, address=client.address)
            return signed_in
    raise refusal or InvalidCredentials()


async def _note_failure(user_id: str | None, client: Client) -> None:
    async with unit_of_work() as session:
        # Whoever leaves may be gone by now.
        user = await session.get(User, user_id or "", with_for_update={"read": True})
        record(
            session, "sign_in.failed", level="warning", user_id=user.id if user else None,
            address=client.address,
        )  # fmt: skip


def _refusal(user: User | None, *, fits: bool) -> AppError | None:
    """Why somebody who typed this person's password, or not, does not come in.

    That an account is switched off is told to whoever knows its password, and to nobody else:
    so nothing can be asked here about the accounts of others.
    """
    if user is None or not fits or (not user.is_active and user.preferences.get("leaving")):
        return InvalidCredentials()
    return None if user.is_active else AccountDisabled()


async def log_out(actor: Actor) -> None:
    """End this session; its open tabs end at once."""
    async with unit_of_work() as session:
        await auth.end_sessions(session, [actor.session_id])
        record(session, "sign_out", user_id=actor.user_id)
