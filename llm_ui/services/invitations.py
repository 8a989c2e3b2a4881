"""Links that an administrator hands over: to open an account, or to set a password.

A link works once, until it runs out or is withdrawn. Its token stands behind the "#" of
its address, which browsers keep to themselves; here is only a keyed hash of it.
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
from llm_ui.errors import AlreadyRegistered, Conflict, InvalidInput, NotAllowed, NotFound
from llm_ui.models import User, UserLink
from llm_ui.models.base import now
from llm_ui.schemas.accounts import LinkView, SignedIn
from llm_ui.schemas.people import HandedLink, InvitationItem, Invited
from llm_ui.security import passwords
from llm_ui.security.tokens import candidate_hashes, keyed_hash, new_token
from llm_ui.services import accounts, admission, api_keys, installation
from llm_ui.services.monitoring import record

PURPOSE = "link"
PATHS = {"invite": "/join", "reset": "/reset"}
RESET_FOR = timedelta(hours=24)
# Somebody whose account was made for them may be away for a while.
WELCOME_FOR = timedelta(days=7)
DAYS = (1, 7, 30)
SHOWN = 200
# How long a link that is over is kept, for those who wonder why it does not work.
KEPT_FOR = timedelta(days=30)
TOKEN_LIMIT = 200
ROLES = ("user", "admin")


def check_role(role: str) -> str:
    """The role, if there is one of this name. Raises InvalidInput."""
    if role not in ROLES:
        raise InvalidInput("error.request_invalid", field="role")
    return role


async def make_link(session: AsyncSession, link: UserLink) -> HandedLink:
    """Keep a link, and give its address: the only time that it is known."""
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
    return (await installation.load(session)).registration == "closed"


def _open() -> list[sa.ColumnElement[bool]]:
    return [col(UserLink.used_at).is_(None), col(UserLink.expires_at) > now()]


# --- what administrators do -------------------------------------------------------------


async def invite(
    session: AsyncSession, actor: Actor, *, email: str = "", role: str = "user", days: int = 7
) -> Invited:
    """Invite somebody by a link. For admins.

    Args:
        email: who may take it up; "" for whoever has the link.
        days: how long it can be taken up; one of DAYS.

    Raises:
        InvalidInput: a value is not usable.
        AlreadyRegistered: whoever has this address has an account.
        Conflict: registration is closed; not even invitations open an account.
        PasswordNeeded: it makes an administrator.
    """
    auth.require(actor, "administer")
    if await _is_closed(session):
        raise Conflict("error.invitations_closed")
    check_role(role)
    if days not in DAYS:
        raise InvalidInput("error.request_invalid", field="days")
    address = accounts.clean_email(email) if email.strip() else None
    if address and await session.scalar(sa.select(col(User.id)).where(col(User.email) == address)):
        raise AlreadyRegistered("error.has_account")
    if role == "admin":
        auth.require_confirmed(actor)
    link = UserLink(
        kind="invite", token_hash="", email=address, role=role, created_by=actor.user_id,
        expires_at=now() + timedelta(days=days),
    )  # fmt: skip
    handed = await make_link(session, link)
    record(
        session, "admin.user_invited", address or "", user_id=actor.user_id, subject=link.id,
        changes={"role": [None, role], "expires": [None, handed.expires_at]},
    )  # fmt: skip
    return Invited(_item(link, actor.username), handed)


async def list_open(session: AsyncSession, actor: Actor) -> list[InvitationItem]:
    """Invitations that can be taken up, the newest first. For admins."""
    auth.require(actor, "administer")
    query = (
        sa.select(UserLink, col(User.username))
        .join(User, col(User.id) == UserLink.created_by, isouter=True)
        .where(col(UserLink.kind) == "invite", *_open())
        .order_by(col(UserLink.created_at).desc(), col(UserLink.id).desc())
        .limit(SHOWN)
    )
    return [_item(link, creator) for link, creator in (await session.execute(query)).all()]


async def revoke(session: AsyncSession, actor: Actor, invitation_id: str) -> None:
    """Withdraw an invitation that nobody has taken up. For admins. Raises NotFound."""
    auth.require(actor, "administer")
    link = await session.get(UserLink, invitation_id, with_for_update=True)
    if link is None or link.kind != "invite" or link.used_at is not None:
        raise NotFound
    record(
        session, "admin.invitation_revoked", link.email or "", user_id=actor.user_id,
        subject=link.id, changes={"role": [link.role, None]},
    )  # fmt: skip
    await session.delete(link)


async def reset_link(
    session: AsyncSession, actor: Actor, user: User, valid: timedelta = RESET_FOR
) -> HandedLink:
    """A link by which somebody sets a new password; earlier ones open nothing any more."""
    auth.require(actor, "administer")
    await session.execute(
        sa.delete(UserLink).where(
            col(UserLink.kind) == "reset",
            col(UserLink.user_id) == user.id,
            col(UserLink.used_at).is_(None),
        )
    )
    link = UserLink(
        kind="reset", token_hash="", user_id=user.id, role=user.role, created_by=actor.user_id,
        expires_at=now() + valid,
    )  # fmt: skip
    return await make_link(session, link)


async def purge(session: AsyncSession) -> None:
    """Remove links that have long been over."""
    old = now() - KEPT_FOR
    await session.execute(sa.delete(UserLink).where(col(UserLink.expires_at) < old))


# --- what those do who have a link ------------------------------------------------------


async def _find(
    session: AsyncSession, token: str, kind: str, *, lock: bool = False
) -> tuple[UserLink, User | None]:
    """The open link of a token, and whose password it sets. Raises NotFound."""
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
    if kind == "invite" and await _is_closed(session):
        raise NotAllowed("error.registration_closed")
    if kind == "reset" and (user is None or not user.is_active):
        raise NotFound("error.link_over")
    return link, user


async def look(session: AsyncSession, token: str, kind: str) -> LinkView:
    """What a link is for.

    Raises:
        NotFound: it is over.
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
    """Use a link up. Raises NotFound when somebody else was quicker."""
    taken = await session.scalar(
        sa.update(UserLink)
        .where(col(UserLink.id) == link.id, col(UserLink.used_at).is_(None))
        .values(used_at=moment)
        .returning(col(UserLink.id))
    )
    if taken is None:
        raise NotFound("error.link_over")


async def _check_guest(session: AsyncSession, link: UserLink, address: str, name: str) -> None:
    """Raise unless whoever has this address and name may take an invitation up."""
    if link.email is None:
        accounts.check_domain(address, await installation.load(session))
    await accounts.check_unknown(session, address)
    await accounts.check_name(session, name, key=AlreadyRegistered.message_key)


async def accept(token: str, email: str, username: str, password: str, client: Client) -> SignedIn:
    """Open an account by an invitation, and sign in.

    Args:
        email: theirs; an invitation for one address takes no other.

    Raises:
        NotFound: the invitation is over.
        NotAllowed: registration is closed.
        InvalidInput: a field is not usable, or people here have their e-mail elsewhere.
        AlreadyRegistered: these details cannot be used.
        TooManyRequests: this address, or all together, have asked too often.
    """
    admission.count(client)
    async with unit_of_work(writes=False) as session:
        link, _ = await _find(session, token, "invite")
    address = link.email or accounts.clean_email(email)
    name = accounts.clean_username(username)
    accounts.check_password(password)
    async with unit_of_work(writes=False) as session:
        await _check_guest(session, link, address, name)
    hashed = await passwords.hash_password(password)
    async with unit_of_work() as session:
        link, _ = await _find(session, token, "invite", lock=True)
        await _check_guest(session, link, address, name)
        await _take(session, link, now())
        user = await accounts.add_user(session, address, name, hashed, link.role)
        link.user_id = user.id
        signed_in = await accounts.sign_in(session, user, client)
        record(
            session, "account.joined", name, user_id=user.id, address=client.address,
            role=user.role, invitation=link.id,
        )  # fmt: skip
    return signed_in


async def reset(token: str, password: str, client: Client, *, keep_keys: bool = False) -> SignedIn:
    """Set a new password by a link, and sign in here; everywhere else the person is out.

    Args:
        keep_keys: let the account's API keys go on; otherwise they end, since whoever had the
            password may have made them.

    Raises:
        NotFound: the link is over, or its account is.
        InvalidInput: the password will not do.
    """
    async with unit_of_work(writes=False) as session:
        await _find(session, token, "reset")
    accounts.check_password(password)
    hashed = await passwords.hash_password(password)
    async with unit_of_work() as session:
        link, _ = await _find(session, token, "reset", lock=True)
        user = await session.get(
            User, str(link.user_id), with_for_update=True, populate_existing=True
        )
        if user is None or not user.is_active:
            raise NotFound("error.link_over")
        moment = now()
        await _take(session, link, moment)
        user.password_hash, user.updated_at = hashed, moment
        await auth.end_sessions(session, await auth.sessions_of(session, user.id), "password")
        if not keep_keys:
            await api_keys.revoke_all(session, user.id)
        signed_in = await accounts.sign_in(session, user, client)
        record(session, "account.password_reset", user_id=user.id, address=client.address)
    return signed_in
