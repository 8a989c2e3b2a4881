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
from llm_ui.enums import LinkKind, RegistrationPolicy, SessionEnd, UserRole
from llm_ui.errors import (
    AccountDisabled,
    AlreadyRegistered,
    AppError,
    InvalidCredentials,
    InvalidInput,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    Refusals,
)
from llm_ui.i18n import offered
from llm_ui.models import User, UserLink
from llm_ui.models.base import now
from llm_ui.schemas.accounts.accounts import RegistrationView, SignedIn, UserView
from llm_ui.security import names, passwords
from llm_ui.security.text import storable
from llm_ui.security.tokens import new_token
from llm_ui.services.accounts import api_keys, known_devices, registration_policy, throttling
from llm_ui.services.accounts.failed_sign_ins import note_failure
from llm_ui.services.audit.recording import record
from llm_ui.services.operations import instance_settings
from llm_ui.services.operations.instance_settings import Installation

# One "@" with something before it and a domain or local host name after it, and nothing that could
# break out of a header. Whether email arrives there is not checked.
_EMAIL = re.compile(r"[^@\s\x00-\x1f<>\"(),:;\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250})")
_USERNAME = re.compile(r"[^\x00-\x1f\x7f<>]{1,64}")
# Serializes "is this the first account?" on PostgreSQL; SQLite has only one writer anyway.
FIRST_ACCOUNT_LOCK = 5_207_021


def user_view(user: User) -> UserView:
    """An account without its secrets."""
    return UserView(user.id, user.email, user.username, user.role, user.created_at.isoformat())


async def own_view(session: AsyncSession, actor: Actor) -> UserView:
    """The signed-in user. Raises NotAuthenticated if the account no longer exists."""
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
    """The name in normalized form, without invisible characters. Raises InvalidInput."""
    cleaned = names.one_form(username)
    if not _USERNAME.fullmatch(cleaned):
        raise InvalidInput("error.username_invalid", field="username")
    if not names.is_visible(cleaned):
        raise InvalidInput("error.name_unseen", field="username")
    if not names.is_of_one_alphabet(cleaned):
        raise InvalidInput("error.name_mixed", field="username")
    return cleaned


def check_password(password: str) -> None:
    """Check the password's length in its normalized form. Raises InvalidInput."""
    # Before normalizing, whose cost is quadratic in the number of combining marks.
    if len(password) > passwords.LONGEST_TYPED:
        raise InvalidInput("error.password_long", field="password", maximum=passwords.MAX_LENGTH)
    hashed = len(passwords.one_form(password))
    if min(len(password), hashed) < passwords.MIN_LENGTH:
        raise InvalidInput("error.password_short", field="password", minimum=passwords.MIN_LENGTH)
    if hashed > passwords.MAX_LENGTH:
        raise InvalidInput("error.password_long", field="password", maximum=passwords.MAX_LENGTH)


def check_domain(email: str, settings: Installation) -> None:
    """Raise InvalidInput if this email domain is not allowed here."""
    domains = settings.allowed_domains
    if domains and email.rpartition("@")[2] not in domains:
        raise InvalidInput("error.email_domain", field="email", domains=", ".join(domains))


async def lock_accounts(session: AsyncSession) -> None:
    """Keep other transactions from creating accounts until the commit; readers are not blocked."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock(FIRST_ACCOUNT_LOCK)))


async def claim_email(
    session: AsyncSession, email: str, key: str = AlreadyRegistered.message_key
) -> None:
    """Make sure that no account has this address until the commit.

    Raises AlreadyRegistered with the message `key`, whose default text does not reveal to visitors
    that the address is taken.
    """
    await lock_accounts(session)
    await check_unknown(session, email, key)


async def check_unknown(
    session: AsyncSession, email: str, key: str = AlreadyRegistered.message_key
) -> None:
    """Raise AlreadyRegistered with the message `key` if an account has this address."""
    if await session.scalar(sa.select(col(User.id)).where(col(User.email) == email)):
        raise AlreadyRegistered(key)


async def check_name(
    session: AsyncSession, username: str, *, of: str = "", key: str = "error.name_taken"
) -> None:
    """Raise AlreadyRegistered (message `key`) if anyone but `of` has a name that looks the same."""
    name_key, look_key = names.keys(username)
    query = sa.select(col(User.id)).where(
        sa.or_(col(User.name_key) == name_key, col(User.look_key) == look_key),
        col(User.id) != of,
    )
    if await session.scalar(query.limit(1)):
        raise AlreadyRegistered(key)


async def claim_name(session: AsyncSession, username: str, of: str) -> None:
    """Make sure that nobody but `of` has a name that looks the same until the commit."""
    await lock_accounts(session)
    await check_name(session, username, of=of)


async def add_user(
    session: AsyncSession,
    email: str,
    username: str,
    hashed: str,
    role: UserRole,
    taken: str = AlreadyRegistered.message_key,
) -> User:
    """Create an account, without checking permissions.

    Raises AlreadyRegistered with the message `taken`; visitors are not told whether the address or
    the name is taken.
    """
    await claim_email(session, email, taken)
    own_words = {"key": taken} if taken == AlreadyRegistered.message_key else {}
    await check_name(session, username, **own_words)
    user = User(email=email, username=username, password_hash=hashed, role=role)
    session.add(user)
    await session.flush()
    return user


async def _admit(
    session: AsyncSession, email: str, username: str, client: Client, setup_token: str
) -> UserRole:
    """The role of a new account with these details. Raises if they may not register.

    Whether the details are taken is checked last: if people cannot register by themselves, this
    must not reveal who has an account.
    """
    if not await registration_policy.exist(session):
        await registration_policy.check_set_up(session, client, setup_token)
        return UserRole.ADMIN
    settings = await instance_settings.load(session)
    if settings.registration == RegistrationPolicy.CLOSED:
        raise NotAllowed("error.registration_closed")
    if settings.registration == RegistrationPolicy.INVITE:
        raise NotAllowed("error.registration_invite")
    check_domain(email, settings)
    await check_unknown(session, email)
    await check_name(session, username, key=AlreadyRegistered.message_key)
    return UserRole.USER


async def registration(session: AsyncSession, client: Client) -> RegistrationView:
    """The registration policy, as shown to people without an account."""
    settings = await instance_settings.load(session)
    is_new = not await registration_policy.exist(session)
    is_open = settings.registration == RegistrationPolicy.OPEN
    return RegistrationView(
        is_new=is_new,
        registration=settings.registration,
        domains=", ".join(settings.allowed_domains) if is_open else "",
        needs_token=is_new and not client.is_here,
    )


async def register(
    email: str, username: str, password: str, client: Client, setup_token: str = ""
) -> SignedIn:
    """Create an account and sign in; the first account becomes an administrator.

    Args:
        setup_token: the token of the setup link; required for the first account unless it is
            created on the server's own machine.

    Raises:
        InvalidInput: a field is invalid, or the email domain is not allowed.
        AlreadyRegistered: these details cannot be used.
        NotAllowed: registration is closed or needs an invitation, or the first account is being
            created from another machine without the setup link.
        TooManyRequests: this address, or all addresses together, have made too many requests.
    """
    registration_policy.count(client)
    async with unit_of_work(writes=False) as session:
        is_stranger = await registration_policy.is_stranger(session, client, setup_token)
    if is_stranger:
        registration_policy.count_stranger()
    refusals = Refusals()
    with refusals:
        email = clean_email(email)
    with refusals:
        username = clean_username(username)
    with refusals:
        check_password(password)
    refusals.done()
    # Checked first, so that refused attempts don't cost a password hash.
    async with unit_of_work(writes=False) as session:
        await _admit(session, email, username, client, setup_token)
    hashed = await passwords.hash_password(password, passwords.asker_at(client.address))
    async with unit_of_work() as session:
        await lock_accounts(session)
        role = await _admit(session, email, username, client, setup_token)
        user = await add_user(session, email, username, hashed, role)
        signed_in = await sign_in(session, user, client)
        record(
            session,
            "account.registered",
            username,
            user_id=user.id,
            address=client.address,
            role=user.role,
        )
    return signed_in


async def create_admin(email: str, username: str, password: str) -> UserView:
    """Create an administrator's account without checking permissions. For the command line only.

    Raises:
        AlreadyRegistered: an account has this address; it is left unchanged.
    """
    email, username = clean_email(email), clean_username(username)
    check_password(password)
    async with unit_of_work(writes=False) as session:
        await check_unknown(session, email, "error.admin_exists")
    hashed = await passwords.hash_password(password)
    async with unit_of_work() as session:
        user = await add_user(
            session, email, username, hashed, UserRole.ADMIN, "error.admin_exists"
        )
        record(session, "account.admin_created", username, user_id=user.id)
    return user_view(user)


async def _by_email(session: AsyncSession, email: str) -> User:
    """The account with this address, locked. Raises NotFound."""
    query = sa.select(User).where(col(User.email) == clean_email(email)).with_for_update()
    user = await session.scalar(query)
    if user is None or user.preferences.get("leaving"):
        raise NotFound("error.no_account")
    return user


async def promote(email: str) -> UserView:
    """Make an existing account an administrator and enable it if it was disabled.

    Its password stays. For the command line only. Raises NotFound.
    """
    async with unit_of_work() as session:
        user = await _by_email(session, email)
        changes = {"role": [user.role, UserRole.ADMIN], "active": [user.is_active, True]}
        user.role, user.is_active, user.updated_at = UserRole.ADMIN, True, now()
        await enter_anew(session, user.id)
        record(session, "account.admin_promoted", user.username, user_id=user.id, changes=changes)
        return user_view(user)


async def enter_anew(session: AsyncSession, user_id: str) -> None:
    """End a user's sessions and revoke their reset links.

    Anyone who had access before the account was promoted must not be signed in afterwards.
    """
    await auth.end_sessions(session, await auth.sessions_of(session, user_id), SessionEnd.ROLE)
    await end_reset_links(session, user_id)


async def end_reset_links(session: AsyncSession, user_id: str) -> None:
    """Revoke a user's reset links, because the password or the role has changed."""
    await session.execute(
        sa.delete(UserLink).where(
            col(UserLink.kind) == LinkKind.RESET,
            col(UserLink.user_id) == user_id,
            col(UserLink.used_at).is_(None),
        )
    )


async def reset_password(email: str, password: str, *, keep_keys: bool = False) -> UserView:
    """Replace an account's password and sign out all of its browsers.

    Its API keys are revoked unless `keep_keys` is set. For the command line only. Raises NotFound.
    """
    check_password(password)
    async with unit_of_work(writes=False) as session:
        await _by_email(session, email)
    hashed = await passwords.hash_password(password)
    async with unit_of_work() as session:
        user = await _by_email(session, email)
        user.password_hash, user.updated_at = hashed, now()
        await auth.end_sessions(
            session, await auth.sessions_of(session, user.id), SessionEnd.PASSWORD
        )
        if not keep_keys:
            await api_keys.revoke_all(session, user.id)
        await end_reset_links(session, user.id)
        await throttling.forget(session, user.email)
        record(session, "account.password_replaced", user.username, user_id=user.id)
        return user_view(user)


async def sign_in(session: AsyncSession, user: User, client: Client) -> SignedIn:
    """Open a session for a user who has been authenticated."""
    client = client if client.browser else replace(client, browser=new_token())
    session_id, token = await auth.open_session(session, user, client)
    await known_devices.remember(session, user.id, client)
    user.last_login = user.last_active_at = now()
    session.add(user)
    return SignedIn(
        user_view(user),
        token,
        auth.csrf_token(session_id),
        offered(user.language),
        str(user.preferences.get("theme", "")),
        client.browser,
    )


async def log_in(email: str, password: str, client: Client) -> SignedIn:
    """Sign in with email address and password.

    Raises:
        InvalidCredentials: the password is wrong or there is no such account; the two cannot be
            told apart.
        AccountDisabled: the password is right, but an administrator has disabled the account.
        TooManyRequests: too many wrong passwords; says how long to wait.
    """
    email = storable(email.strip().lower())[:254]
    async with unit_of_work(writes=False) as session:
        user = await session.scalar(sa.select(User).where(col(User.email) == email))
        place = await known_devices.known(session, user.id if user else "", client)
    known, stored, renewed = (user.id, user.password_hash, "") if user else (None, None, "")
    trying = throttling.Try(email, client.address, place)

    async def verify() -> bool:
        nonlocal renewed
        fits, better = await passwords.verify_password(password, stored, trying.asker)
        renewed = better or ""
        if not fits:
            await note_failure(known, client)
        return fits

    fits = await throttling.tried(trying, verify)
    refusal = _refusal(user, fits=fits)
    if fits and refusal is not None:
        await note_failure(known, client)
    async with unit_of_work() as session:
        if user is not None and fits:
            # Verifying took a while; the account may have been changed or deleted since.
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


def _refusal(user: User | None, *, fits: bool) -> AppError | None:
    """The error to raise for this user after the password was checked, or None.

    Only those who know the password are told that an account is disabled, so that nothing can be
    found out about other people's accounts.
    """
    if user is None or not fits or (not user.is_active and user.preferences.get("leaving")):
        return InvalidCredentials()
    return None if user.is_active else AccountDisabled()


async def log_out(actor: Actor) -> None:
    """End this session and close its tabs."""
    async with unit_of_work() as session:
        await auth.end_sessions(session, [actor.session_id])
        record(session, "sign_out", user_id=actor.user_id)
