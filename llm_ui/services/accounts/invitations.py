"""Invitations and password links, which administrators create and pass on.

A link works once, until it expires or is revoked. Its token is in the URL's fragment (after the
"#"), which browsers don't send to the server; only a keyed hash of it is stored.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui import auth
from llm_ui.auth import Actor, Client
from llm_ui.config import get_settings
from llm_ui.db import unit_of_work
from llm_ui.enums import LinkKind, RegistrationPolicy, SessionEnd, UserRole
from llm_ui.errors import AlreadyRegistered, Conflict, NotAllowed, NotFound, not_one_of
from llm_ui.models import User, UserLink
from llm_ui.models.base import now
from llm_ui.schemas.accounts.accounts import LinkView, SignedIn
from llm_ui.schemas.accounts.users import HandedLink, InvitationItem, Invited
from llm_ui.security import passwords
from llm_ui.security.tokens import candidate_hashes, keyed_hash, new_token
from llm_ui.services.accounts import api_keys, authentication, registration_policy
from llm_ui.services.audit.recording import record
from llm_ui.services.operations import instance_settings

PURPOSE = "link"
PATHS = {LinkKind.INVITE: "/join", LinkKind.RESET: "/reset"}
RESET_FOR = timedelta(hours=24)
# The link for a new account lasts longer, because its owner may be away for a while.
WELCOME_FOR = timedelta(days=7)
DAYS = (1, 7, 30)
SHOWN = 200
# How long used or expired links are kept, so that people are told why a link doesn't work.
KEPT_FOR = timedelta(days=30)
TOKEN_LIMIT = 200


def role_of(name: str) -> UserRole:
    """The role with this name. Raises InvalidInput."""
    try:
        return UserRole(name)
    except ValueError:
        raise not_one_of("role", UserRole) from None


async def make_link(session: AsyncSession, link: UserLink) -> HandedLink:
    """Store a link and return its address, which cannot be retrieved later."""
    token = new_token()
    link.token_hash = keyed_hash(get_settings().secret_keys[0], PURPOSE, token)
    session.add(link)
    await session.flush()
    return HandedLink(f"{PATHS[link.kind]}#{token}", link.expires_at.isoformat())


def _item(link: UserLink, creator: str | None) -> InvitationItem:
    return InvitationItem(
        id=link.id,
        email=link.email or "",
        role=link.role,
        created_by=creator or "",
        created_at=link.created_at.isoformat(),
        expires_at=link.expires_at.isoformat(),
    )


async def _is_closed(session: AsyncSession) -> bool:
    return (await instance_settings.load(session)).registration == RegistrationPolicy.CLOSED


def _open() -> list[sa.ColumnElement[bool]]:
    return [col(UserLink.used_at).is_(None), col(UserLink.expires_at) > now()]


# --- for administrators -----------------------------------------------------------------


async def invite(
    session: AsyncSession,
    actor: Actor,
    *,
    email: str = "",
    role: str = UserRole.USER,
    days: int = 7,
) -> Invited:
    """Create an invitation link. For administrators.

    Args:
        email: who may use the invitation; "" for anyone who has the link.
        days: how long it is valid; one of DAYS.

    Raises:
        InvalidInput: a value is invalid.
        AlreadyRegistered: this address already has an account.
        Conflict: registration is closed, including for invitations.
        NotAllowed: the caller is a program, which could create an account that outlives its key.
        PasswordNeeded: the invitation is for an administrator.
    """
    auth.require(actor, "administer")
    auth.require_person(actor)
    if await _is_closed(session):
        raise Conflict("error.invitations_closed")
    given = role_of(role)
    if days not in DAYS:
        raise not_one_of("days", map(str, DAYS))
    address = authentication.clean_email(email) if email.strip() else None
    if address and await session.scalar(sa.select(col(User.id)).where(col(User.email) == address)):
        raise AlreadyRegistered("error.has_account")
    if given == UserRole.ADMIN:
        auth.require_confirmed(actor)
    link = UserLink(
        kind=LinkKind.INVITE,
        token_hash="",
        email=address,
        role=given,
        created_by=actor.user_id,
        expires_at=now() + timedelta(days=days),
    )
    handed = await make_link(session, link)
    record(
        session,
        "admin.user_invited",
        address or "",
        user_id=actor.user_id,
        subject=link.id,
        changes={"role": [None, given], "expires": [None, handed.expires_at]},
    )
    return Invited(_item(link, actor.username), handed)


async def list_open(session: AsyncSession, actor: Actor) -> list[InvitationItem]:
    """Open invitations, newest first. For administrators."""
    auth.require(actor, "administer")
    query = (
        sa.select(UserLink, col(User.username))
        .join(User, col(User.id) == UserLink.created_by, isouter=True)
        .where(col(UserLink.kind) == LinkKind.INVITE, *_open())
        .order_by(col(UserLink.created_at).desc(), col(UserLink.id).desc())
        .limit(SHOWN)
    )
    return [_item(link, creator) for link, creator in (await session.execute(query)).all()]


async def revoke(session: AsyncSession, actor: Actor, invitation_id: str) -> None:
    """Revoke an open invitation. For administrators. Raises NotFound."""
    auth.require(actor, "administer")
    link = await session.get(UserLink, invitation_id, with_for_update=True)
    if link is None or link.kind != LinkKind.INVITE or link.used_at is not None:
        raise NotFound
    record(
        session,
        "admin.invitation_revoked",
        link.email or "",
        user_id=actor.user_id,
        subject=link.id,
        changes={"role": [link.role, None]},
    )
    await session.delete(link)


async def reset_link(
    session: AsyncSession, actor: Actor, user: User, valid: timedelta = RESET_FOR
) -> HandedLink:
    """Create a password link for a user; previous ones stop working."""
    auth.require(actor, "administer")
    await authentication.end_reset_links(session, user.id)
    link = UserLink(
        kind=LinkKind.RESET,
        token_hash="",
        user_id=user.id,
        role=user.role,
        created_by=actor.user_id,
        expires_at=now() + valid,
    )
    return await make_link(session, link)


async def purge(session: AsyncSession) -> None:
    """Delete links that were used or expired long ago."""
    old = now() - KEPT_FOR
    await session.execute(sa.delete(UserLink).where(col(UserLink.expires_at) < old))


# --- for the holder of a link -----------------------------------------------------------


async def _find(
    session: AsyncSession, token: str, kind: LinkKind, *, lock: bool = False
) -> tuple[UserLink, User | None]:
    """The open link with this token, and the user whose password it sets. Raises NotFound."""
    if not token or len(token) > TOKEN_LIMIT:
        raise NotFound("error.link_over")
    hashes = candidate_hashes(get_settings().secret_keys, PURPOSE, token)
    query = sa.select(UserLink).where(
        col(UserLink.token_hash).in_(hashes), col(UserLink.kind) == kind, *_open()
    )
    link = await session.scalar(query.with_for_update() if lock else query)
    if link is None:
        raise NotFound("error.link_over")
    user = await session.get(User, link.user_id) if link.user_id else None
    if kind == LinkKind.INVITE and await _is_closed(session):
        raise NotAllowed("error.registration_closed")
    if kind == LinkKind.RESET and (user is None or not user.is_active):
        raise NotFound("error.link_over")
    return link, user


async def look(session: AsyncSession, token: str, kind: LinkKind) -> LinkView:
    """What a link is for.

    Raises:
        NotFound: it was used or revoked, or has expired.
        NotAllowed: it is an invitation, and registration is closed.
    """
    link, user = await _find(session, token, kind)
    return LinkView(
        kind,
        user.email if user else link.email or "",
        user.username if user else "",
        link.role,
        link.expires_at.isoformat(),
        await api_keys.count_active(session, user.id) if user else 0,
    )


async def _take(session: AsyncSession, link: UserLink, moment: datetime) -> None:
    """Mark a link as used. Raises NotFound if it has been used in the meantime."""
    taken = await session.scalar(
        sa.update(UserLink)
        .where(col(UserLink.id) == link.id, col(UserLink.used_at).is_(None))
        .values(used_at=moment)
        .returning(col(UserLink.id))
    )
    if taken is None:
        raise NotFound("error.link_over")


async def _check_guest(session: AsyncSession, link: UserLink, address: str, name: str) -> None:
    """Raise unless a user with this address and name may accept the invitation."""
    if link.email is None:
        authentication.check_domain(address, await instance_settings.load(session))
    await authentication.check_unknown(session, address)
    await authentication.check_name(session, name, key=AlreadyRegistered.message_key)


async def accept(token: str, email: str, username: str, password: str, client: Client) -> SignedIn:
    """Accept an invitation: create an account and sign in.

    Args:
        email: the user's address; an invitation for one address accepts no other.

    Raises:
        NotFound: the invitation was used or revoked, or has expired.
        NotAllowed: registration is closed.
        InvalidInput: a field is invalid, or the email domain is not allowed.
        AlreadyRegistered: these details cannot be used.
        TooManyRequests: this address has asked too often.
    """
    async with unit_of_work(writes=False) as session:
        link, _ = await _find(session, token, LinkKind.INVITE)
    registration_policy.count(client, "invitation")
    address = link.email or authentication.clean_email(email)
    name = authentication.clean_username(username)
    authentication.check_password(password)
    async with unit_of_work(writes=False) as session:
        await _check_guest(session, link, address, name)
    hashed = await passwords.hash_password(password, passwords.asker_with(link.id))
    async with unit_of_work() as session:
        link, _ = await _find(session, token, LinkKind.INVITE, lock=True)
        await _check_guest(session, link, address, name)
        await _take(session, link, now())
        user = await authentication.add_user(session, address, name, hashed, link.role)
        link.user_id = user.id
        signed_in = await authentication.sign_in(session, user, client)
        record(
            session,
            "account.joined",
            name,
            user_id=user.id,
            address=client.address,
            role=user.role,
            invitation=link.id,
        )
    return signed_in


async def reset(token: str, password: str, client: Client, *, keep_keys: bool = False) -> SignedIn:
    """Set a new password with a password link, and sign in; all other browsers are signed out.

    Args:
        keep_keys: keep the account's API keys; by default they are revoked, since anyone who knew
            the password may have created them.

    Raises:
        NotFound: the link is no longer valid, or its account no longer exists.
        InvalidInput: the password is too short or too long.
    """
    async with unit_of_work(writes=False) as session:
        found, _ = await _find(session, token, LinkKind.RESET)
    authentication.check_password(password)
    hashed = await passwords.hash_password(password, passwords.asker_with(found.id))
    async with unit_of_work() as session:
        link, _ = await _find(session, token, LinkKind.RESET, lock=True)
        user = await session.get(
            User, str(link.user_id), with_for_update=True, populate_existing=True
        )
        if user is None or not user.is_active:
            raise NotFound("error.link_over")
        moment = now()
        await _take(session, link, moment)
        user.password_hash, user.updated_at = hashed, moment
        await authentication.end_reset_links(session, user.id)
        await auth.end_sessions(
            session, await auth.sessions_of(session, user.id), SessionEnd.PASSWORD
        )
        if not keep_keys:
            await api_keys.revoke_all(session, user.id)
        signed_in = await authentication.sign_in(session, user, client)
        record(session, "account.password_reset", user_id=user.id, address=client.address)
    return signed_in
