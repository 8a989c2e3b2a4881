"""User management for administrators: find, create, change, delete.

Administrators cannot change their own role, or disable or delete themselves here, so at least one
administrator always remains.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui import auth
from llm_ui.auth import Actor
from llm_ui.db import unit_of_work
from llm_ui.enums import PersonStatus, SessionEnd, UserRole
from llm_ui.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refusals, not_one_of
from llm_ui.models import ChatHistory, UsageLog, User
from llm_ui.models.base import now
from llm_ui.schemas.accounts.users import (
    Created,
    HandedLink,
    PersonFilters,
    PersonItem,
    PersonPage,
)
from llm_ui.security.text import storable
from llm_ui.services.accounts import account_deletion, api_keys, authentication, invitations
from llm_ui.services.audit.recording import record
from llm_ui.services.matching import holds
from llm_ui.services.paging import moment_of, packed, unpacked

PAGE = 50
MOST = 200
# The error for API keys that try to change an administrator or to re-enable a user.
NO_ADMINS = "error.key_no_admins"
QUERY_LIMIT = 200
STATES = (PersonStatus.ACTIVE, PersonStatus.WAITING, PersonStatus.DISABLED)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_NAME = sa.func.lower(col(User.username))
_ACTIVE = sa.func.coalesce(col(User.last_active_at), NEVER)
# The columns the list can be sorted by, and whether they start with the greatest.
SORTS: dict[str, tuple[Any, bool]] = {
    "name": (_NAME, False),
    "email": (col(User.email), False),
    "active": (_ACTIVE, True),
    "created": (col(User.created_at), True),
}


# --- listing ----------------------------------------------------------------------------


def _fits(filters: PersonFilters) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    for word in storable(filters.query)[:QUERY_LIMIT].split():
        found.append(holds(word, col(User.username), col(User.email)))
    if filters.role:
        found.append(col(User.role) == filters.role)
    if filters.state and filters.state not in STATES:
        raise not_one_of("status", STATES)
    if filters.state == PersonStatus.DISABLED:
        found.append(col(User.is_active).is_(False))
    elif filters.state:
        entered = col(User.last_login)
        found.append(col(User.is_active).is_(True))
        found.append(
            entered.is_(None) if filters.state == PersonStatus.WAITING else entered.is_not(None)
        )
    if filters.active_days:
        since = now() - timedelta(days=min(abs(filters.active_days), 36_500))
        found.append(since <= _ACTIVE if filters.active_days > 0 else since > _ACTIVE)
    return found


def _cursor(value: object, user_id: str) -> str:
    return packed(value.isoformat() if isinstance(value, datetime) else str(value), user_id)


def _position(cursor: str, sort: str) -> tuple[object, str]:
    value, user_id = unpacked(cursor, str, str)
    return moment_of(value) if sort in ("active", "created") else value, user_id


def _status(user: User) -> PersonStatus:
    if account_deletion.is_leaving(user):
        return PersonStatus.LEAVING
    if not user.is_active:
        return PersonStatus.DISABLED
    return PersonStatus.ACTIVE if user.last_login else PersonStatus.WAITING


async def _items(session: AsyncSession, actor: Actor, users: Sequence[User]) -> list[PersonItem]:
    ids = [each.id for each in users]
    month = now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    chats = dict(
        (
            await session.execute(
                sa.select(col(ChatHistory.user_id), sa.func.count())
                .where(
                    col(ChatHistory.user_id).in_(ids),
                    col(ChatHistory.deleted_at).is_(None),
                    col(ChatHistory.is_temporary) == sa.false(),
                )
                .group_by(col(ChatHistory.user_id))
            )
        ).all()
    )
    used = sa.func.sum(col(UsageLog.input_tokens) + col(UsageLog.output_tokens))
    tokens = dict(
        (
            await session.execute(
                sa.select(col(UsageLog.user_id), used)
                .where(col(UsageLog.user_id).in_(ids), col(UsageLog.created_at) >= month)
                .group_by(col(UsageLog.user_id))
            )
        ).all()
    )
    return [
        PersonItem(
            id=each.id,
            email=each.email,
            username=each.username,
            role=each.role,
            status=_status(each),
            created_at=each.created_at.isoformat(),
            last_active_at=each.last_active_at.isoformat() if each.last_active_at else "",
            chats=chats.get(each.id, 0),
            tokens=int(tokens.get(each.id) or 0),
            is_self=each.id == actor.user_id,
        )
        for each in users
    ]


async def list_people(
    session: AsyncSession,
    actor: Actor,
    filters: PersonFilters | None = None,
    *,
    sort: str = "name",
    cursor: str | None = None,
    limit: int = PAGE,
) -> PersonPage:
    """The users who match, a page at a time. For administrators.

    Args:
        sort: one of SORTS; times are sorted latest first.

    Raises:
        InvalidInput: the status or sort is unknown, or the cursor is invalid.
    """
    auth.require(actor, "administer")
    if sort not in SORTS:
        raise not_one_of("sort", SORTS)
    fits = _fits(filters or PersonFilters())
    key, falling = SORTS[sort]
    person = col(User.id)
    query = sa.select(User, key.label("key")).where(*fits)
    if cursor:
        value, user_id = _position(cursor, sort)
        here, there = sa.tuple_(key, person), sa.tuple_(sa.literal(value, key.type), user_id)
        query = query.where(here < there if falling else here > there)
    order = (key.desc(), person.desc()) if falling else (key, person)
    found = (
        await session.execute(query.order_by(*order).limit(max(1, min(limit, MOST)) + 1))
    ).all()
    shown = found[: max(1, min(limit, MOST))]
    total = await session.scalar(sa.select(sa.func.count()).select_from(User).where(*fits))
    return PersonPage(
        await _items(session, actor, [row[0] for row in shown]),
        _cursor(shown[-1][1], shown[-1][0].id) if len(found) > len(shown) else None,
        total or 0,
    )


async def get_person(session: AsyncSession, actor: Actor, user_id: str) -> PersonItem:
    """One user. For administrators. Raises NotFound."""
    auth.require(actor, "administer")
    user = await session.get(User, user_id)
    if user is None:
        raise NotFound
    return (await _items(session, actor, [user]))[0]


# --- changing ---------------------------------------------------------------------------


async def create(
    session: AsyncSession, actor: Actor, *, email: str, username: str, role: str = UserRole.USER
) -> Created:
    """Create an account whose owner sets the password with a link. For administrators.

    Allowed email domains don't apply: they only restrict people who register by themselves.

    Raises:
        InvalidInput: a field is invalid.
        AlreadyRegistered: an account has this address, or a name that looks the same.
        NotAllowed: the caller is a program, which could create an account that outlives its key.
        PasswordNeeded: the account is to be an administrator.
    """
    auth.require(actor, "administer")
    auth.require_person(actor)
    refusals, address, name = Refusals(), "", ""
    with refusals:
        address = authentication.clean_email(email)
    with refusals:
        name = authentication.clean_username(username)
    refusals.done()
    given = invitations.role_of(role)
    if given == UserRole.ADMIN:
        auth.require_confirmed(actor)
    user = await authentication.add_user(session, address, name, "", given, "error.has_account")
    link = await invitations.reset_link(session, actor, user, invitations.WELCOME_FOR)
    record(
        session,
        "admin.user_created",
        address,
        user_id=actor.user_id,
        subject=user.id,
        changes={"role": [None, given]},
    )
    return Created((await _items(session, actor, [user]))[0], link)


async def _other(session: AsyncSession, actor: Actor, user_id: str) -> User:
    """Another user's row, locked, after checking that the actor is still an administrator.

    Raises:
        NotFound: there is no such user, or their account is being deleted.
        Conflict: it is the actor.
    """
    auth.require(actor, "administer")
    # If two administrators demote each other, the second is no longer one by now.
    if actor.user_id not in await account_deletion.lock_admins(session):
        raise NotAllowed
    user = await session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None or account_deletion.is_leaving(user):
        raise NotFound
    if user.id == actor.user_id:
        raise Conflict("error.not_yourself")
    return user


async def change(
    session: AsyncSession,
    actor: Actor,
    user_id: str,
    *,
    username: str | None = None,
    role: str | None = None,
    is_active: bool | None = None,
) -> PersonItem:
    """Rename, promote, demote, disable or enable another user. For administrators.

    Disabling a user immediately ends their sessions, tabs, keys and running answers. A change of
    role signs them out everywhere: no admin page stays open, and nobody who was already
    signed in to the account becomes an administrator. Demoting someone permanently removes the
    admin scope from their keys. Links they created are revoked, and so are reset links of a
    promoted user.

    Raises:
        NotFound: there is no such user.
        Conflict: it is the actor.
        InvalidInput: a value is invalid.
        AlreadyRegistered: another user has a name that looks the same.
        NotAllowed: a program tries to change a role or an administrator, or to enable a user.
        PasswordNeeded: the role changes, or an administrator is disabled or enabled.
    """
    user = await _other(session, actor, user_id)
    given = user.role if role is None else invitations.role_of(role)
    is_role = given != user.role
    is_state = is_active is not None and is_active != user.is_active
    if is_role or (is_state and user.role == UserRole.ADMIN):
        auth.require_confirmed(actor, NO_ADMINS)
    elif user.role == UserRole.ADMIN or (is_state and is_active):
        auth.require_person(actor, NO_ADMINS)
    about: dict[str, Any] = {"user_id": actor.user_id, "subject": user.id}
    if username is not None and (name := authentication.clean_username(username)) != user.username:
        await authentication.claim_name(session, name, user.id)
        changes = {"username": [user.username, name]}
        user.username, user.updated_at = name, now()
        record(session, "admin.user_renamed", user.email, **about, changes=changes)
    if is_role:
        changes = {"role": [user.role, given]}
        user.role, user.updated_at = given, now()
        if given != UserRole.ADMIN:
            await account_deletion.withdraw_links(session, user.id)
            await api_keys.drop_admin(session, user.id)
            await auth.end_sessions(
                session, await auth.sessions_of(session, user.id), SessionEnd.ROLE
            )
        else:
            await authentication.enter_anew(session, user.id)
        record(session, "admin.user_role", user.email, **about, changes=changes)
    if is_active is not None and is_active != user.is_active:
        user.is_active, user.updated_at = is_active, now()
        if not is_active:
            await account_deletion.withdraw_links(session, user.id)
            await account_deletion.shut_out(session, user.id)
        kind = "admin.user_enabled" if is_active else "admin.user_disabled"
        record(session, kind, user.email, **about, changes={"active": [not is_active, is_active]})
    await session.flush()
    return (await _items(session, actor, [user]))[0]


async def make_reset_link(session: AsyncSession, actor: Actor, user_id: str) -> HandedLink:
    """Create a password link for another user, valid once and for a day. For administrators.

    Nothing changes until it is used; then their other browsers are signed out.

    Raises:
        NotFound: there is no such user.
        Conflict: it is the actor, or the account is disabled.
        NotAllowed: the caller is a program, which could take over the account.
        PasswordNeeded: the user is an administrator.
    """
    user = await _other(session, actor, user_id)
    auth.require_person(actor)
    if not user.is_active:
        raise Conflict("error.person_disabled")
    if user.role == UserRole.ADMIN:
        auth.require_confirmed(actor)
    valid = invitations.RESET_FOR if user.last_login else invitations.WELCOME_FOR
    link = await invitations.reset_link(session, actor, user, valid)
    record(
        session,
        "admin.user_reset",
        user.email,
        user_id=actor.user_id,
        subject=user.id,
        changes={"expires": [None, link.expires_at]},
    )
    return link


async def delete(actor: Actor, user_id: str, *, email: str, hand_over_to: str = "") -> None:
    """Permanently delete another user's account. For administrators.

    Their access ends immediately. Their usage stays in the ledger without a name.

    Args:
        email: the user's address, typed as confirmation to prevent accidents.
        hand_over_to: the ID of the user who gets their chats, projects, files and prompts; ""
            deletes them too.

    Raises:
        NotFound: there is no such user.
        Conflict: it is the actor.
        InvalidInput: the address is not theirs, or `hand_over_to` is not an active user.
        PasswordNeeded: step-up confirmation is missing.
    """
    async with unit_of_work() as session:
        user = await _other(session, actor, user_id)
        if email.strip().lower() != user.email:
            raise InvalidInput("error.confirm_email", field="email", email=user.email)
        if hand_over_to:
            heir = await session.get(User, hand_over_to)
            if heir is None or not heir.is_active or heir.id == user.id:
                raise InvalidInput("error.heir", field="hand_over_to")
        auth.require_confirmed(actor)
        record(
            session,
            "admin.user_deleted",
            user.email,
            user_id=actor.user_id,
            subject=user.id,
            handed_over_to=hand_over_to or None,
            changes={"role": [user.role, None], "active": [user.is_active, None]},
        )
        await account_deletion.begin(session, user, hand_over_to)
    await account_deletion.finish(user_id)


async def id_of(session: AsyncSession, actor: Actor, email: str) -> str:
    """The ID of the active user with this address. For administrators. Raises InvalidInput."""
    auth.require(actor, "administer")
    found = await session.scalar(
        sa.select(col(User.id)).where(
            col(User.email) == storable(email.strip().lower())[:254], col(User.is_active).is_(True)
        )
    )
    if found is None:
        raise InvalidInput("error.heir", field="hand_over_to")
    return found
