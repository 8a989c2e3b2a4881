"""People, for administrators: find, create, change, let go.

Nobody changes their own role, disables or deletes themselves here; so there is always an
administrator left: the one who acts.
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
from llm_ui.errors import Conflict, InvalidInput, NotAllowed, NotFound
from llm_ui.models import ChatHistory, UsageLog, User
from llm_ui.models.base import now
from llm_ui.schemas.people import Created, HandedLink, PersonFilters, PersonItem, PersonPage
from llm_ui.security.text import storable
from llm_ui.services import accounts, api_keys, departures, invitations
from llm_ui.services.matching import holds
from llm_ui.services.monitoring import record
from llm_ui.services.paging import moment_of, packed, unpacked

PAGE = 50
MOST = 200
QUERY_LIMIT = 200
STATES = ("active", "waiting", "disabled")
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_NAME = sa.func.lower(col(User.username))
_ACTIVE = sa.func.coalesce(col(User.last_active_at), NEVER)
# What the list may be sorted by, and whether that begins with the greatest.
SORTS: dict[str, tuple[Any, bool]] = {
    "name": (_NAME, False),
    "email": (col(User.email), False),
    "active": (_ACTIVE, True),
    "created": (col(User.created_at), True),
}


# --- finding ----------------------------------------------------------------------------


def _fits(filters: PersonFilters) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    for word in storable(filters.query)[:QUERY_LIMIT].split():
        found.append(holds(word, col(User.username), col(User.email)))
    if filters.role:
        found.append(col(User.role) == filters.role)
    if filters.state and filters.state not in STATES:
        raise InvalidInput("error.request_invalid", field="state")
    if filters.state == "disabled":
        found.append(col(User.is_active).is_(False))
    elif filters.state:
        entered = col(User.last_login_at)
        found.append(col(User.is_active).is_(True))
        found.append(entered.is_(None) if filters.state == "waiting" else entered.is_not(None))
    if filters.active_days:
        since = now() - timedelta(days=min(abs(filters.active_days), 36_500))
        found.append(since <= _ACTIVE if filters.active_days > 0 else since > _ACTIVE)
    return found


def _cursor(value: object, user_id: str) -> str:
    return packed(value.isoformat() if isinstance(value, datetime) else str(value), user_id)


def _position(cursor: str, sort: str) -> tuple[object, str]:
    value, user_id = unpacked(cursor, str, str)
    return moment_of(value) if sort in ("active", "created") else value, user_id


def _state(user: User) -> str:
    if departures.is_leaving(user):
        return "leaving"
    if not user.is_active:
        return "disabled"
    return "active" if user.last_login_at else "waiting"


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
            state=_state(each),
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
    """People who fit, a page at a time. For admins.

    Args:
        sort: one of SORTS; times begin with the latest.

    Raises:
        InvalidInput: there is no such state or sort, or the cursor is not ours.
    """
    auth.require(actor, "administer")
    if sort not in SORTS:
        raise InvalidInput("error.request_invalid", field="sort")
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
    """One person. For admins. Raises NotFound."""
    auth.require(actor, "administer")
    user = await session.get(User, user_id)
    if user is None:
        raise NotFound
    return (await _items(session, actor, [user]))[0]


# --- changing ---------------------------------------------------------------------------


async def create(
    session: AsyncSession, actor: Actor, *, email: str, username: str, role: str = "user"
) -> Created:
    """Make an account; its owner sets the password by the link. For admins.

    An administrator may give an account to anybody: domains are for those who come by
    themselves.

    Raises:
        InvalidInput: a field is not usable.
        AlreadyRegistered: whoever has this address has an account, or somebody has such a name.
        PasswordNeeded: it is to be an administrator.
    """
    auth.require(actor, "administer")
    address, name = accounts.clean_email(email), accounts.clean_username(username)
    if invitations.check_role(role) == "admin":
        auth.require_confirmed(actor)
    user = await accounts.add_user(session, address, name, "", role, "error.has_account")
    link = await invitations.reset_link(session, actor, user, invitations.WELCOME_FOR)
    record(
        session, "admin.user_created", address, user_id=actor.user_id, subject=user.id,
        changes={"role": [None, role]},
    )  # fmt: skip
    return Created((await _items(session, actor, [user]))[0], link)


async def _other(session: AsyncSession, actor: Actor, user_id: str) -> User:
    """Somebody else, locked, while the actor still is an administrator.

    Raises:
        NotFound: there is nobody of this id, or they are leaving.
        Conflict: it is the actor.
    """
    auth.require(actor, "administer")
    # Two who demote each other: the second one finds that it is no administrator any more.
    if actor.user_id not in await departures.lock_admins(session):
        raise NotAllowed
    user = await session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None or departures.is_leaving(user):
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
    """Rename, promote, demote, disable or enable somebody else. For admins.

    Who is disabled is out at once: sessions, tabs, keys and running answers end. Who is
    demoted is signed out everywhere, so that nothing an administrator sees stays open, and
    their keys lose what is an administrator's, for good.
    Links that they handed out open nothing any more.

    Raises:
        NotFound: there is nobody of this id.
        Conflict: it is the actor.
        InvalidInput: a value is not usable.
        AlreadyRegistered: somebody has such a name already.
        PasswordNeeded: it is about who is an administrator.
    """
    user = await _other(session, actor, user_id)
    is_role = role is not None and invitations.check_role(role) != user.role
    is_state = is_active is not None and is_active != user.is_active
    if is_role or (is_state and user.role == "admin"):
        auth.require_confirmed(actor)
    elif user.role == "admin":
        auth.require_person(actor)
    about: dict[str, Any] = {"user_id": actor.user_id, "subject": user.id}
    if username is not None and (name := accounts.clean_username(username)) != user.username:
        await accounts.claim_name(session, name, user.id)
        changes = {"username": [user.username, name]}
        user.username, user.updated_at = name, now()
        record(session, "admin.user_renamed", user.email, **about, changes=changes)
    if role is not None and invitations.check_role(role) != user.role:
        changes = {"role": [user.role, role]}
        user.role, user.updated_at = role, now()
        if role != "admin":
            await departures.withdraw_links(session, user.id)
            await api_keys.drop_admin(session, user.id)
            await auth.end_sessions(session, await auth.sessions_of(session, user.id), "role")
        record(session, "admin.user_role", user.email, **about, changes=changes)
    if is_active is not None and is_active != user.is_active:
        user.is_active, user.updated_at = is_active, now()
        if not is_active:
            await departures.withdraw_links(session, user.id)
            await departures.shut_out(session, user.id)
        kind = "admin.user_enabled" if is_active else "admin.user_disabled"
        record(session, kind, user.email, **about, changes={"active": [not is_active, is_active]})
    await session.flush()
    return (await _items(session, actor, [user]))[0]


async def make_reset_link(session: AsyncSession, actor: Actor, user_id: str) -> HandedLink:
    """A link by which somebody sets a new password, once, within a day. For admins.

    Nothing changes until it is used: then their other browsers are signed out.

    Raises:
        NotFound: there is nobody of this id.
        Conflict: it is the actor, or a disabled account.
        NotAllowed: a program asks, which would have an account by it.
        PasswordNeeded: it is an administrator's password.
    """
    user = await _other(session, actor, user_id)
    auth.require_person(actor)
    if not user.is_active:
        raise Conflict("error.person_disabled")
    if user.role == "admin":
        auth.require_confirmed(actor)
    valid = invitations.RESET_FOR if user.last_login_at else invitations.WELCOME_FOR
    link = await invitations.reset_link(session, actor, user, valid)
    record(
        session, "admin.user_reset", user.email, user_id=actor.user_id, subject=user.id,
        changes={"expires": [None, link.expires_at]},
    )  # fmt: skip
    return link


async def delete(actor: Actor, user_id: str, *, email: str, hand_over_to: str = "") -> None:
    """Delete somebody else's account for good. For admins.

    They are out at once. What they used stays in the ledger without a name.

    Args:
        email: theirs, typed, so that nobody does this by mistake.
        hand_over_to: who gets their chats, projects, files and prompts, by id; "" deletes
            them too.

    Raises:
        NotFound: there is nobody of this id.
        Conflict: it is the actor.
        InvalidInput: the e-mail is not theirs, or nobody active has the other id.
        PasswordNeeded: the actor's password has not been typed a short while ago.
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
            session, "admin.user_deleted", user.email, user_id=actor.user_id, subject=user.id,
            handed_over_to=hand_over_to or None,
            changes={"role": [user.role, None], "active": [user.is_active, None]},
        )  # fmt: skip
        await departures.begin(session, user, hand_over_to)
    await departures.finish(user_id)


async def id_of(session: AsyncSession, actor: Actor, email: str) -> str:
    """The id of whoever has this e-mail and is active. For admins. Raises InvalidInput."""
    auth.require(actor, "administer")
    found = await session.scalar(
        sa.select(col(User.id)).where(
            col(User.email) == storable(email.strip().lower())[:254], col(User.is_active).is_(True)
        )
    )
    if found is None:
        raise InvalidInput("error.heir", field="hand_over_to")
    return found
