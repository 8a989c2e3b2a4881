"""Who is it, and may they: actors, sessions, and the one decision function.

A browser's cookie holds an opaque token; the database holds its keyed hash. `resolve`
reads the session and its user freshly each time, so that a demotion, a deactivation
or a sign-out acts at the next call.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.config import get_settings
from llm_ui.db import after_commit, unit_of_work
from llm_ui.errors import KeyScope, NotAllowed, PasswordNeeded
from llm_ui.models import APIKey, AuthSession, User
from llm_ui.models.base import now
from llm_ui.security.addresses import is_loopback, names_this_machine
from llm_ui.security.tokens import candidate_hashes, keyed_hash, new_token, same

COOKIE = "llm_ui_session"
BROWSER_COOKIE = "llm_ui_browser"
# As this application makes them: what comes back goes into a header again.
_BROWSER = re.compile(r"[A-Za-z0-9_-]{1,64}")
CSRF_HEADER = "X-CSRF-Token"
SESSION_PURPOSE = "session"
# Why a session has ended, as far as its person is told at the door: auth.ended.<word>.
ENDED = ("disabled", "deleted", "role", "password", "elsewhere", "over")
# Writing "last seen" at each event would make every read a write.
SEEN_EVERY = timedelta(minutes=5)

# How long a password that was typed once more holds.
CONFIRMED_FOR = timedelta(minutes=10)

# An API key: how it begins, and what it may be let do. Each scope includes reading.
KEY_MARK = "llmui_"
KEY_PURPOSE = "api-key"
SCOPES = ("read", "chat", "admin")
USED_EVERY = timedelta(minutes=1)

# What proxies add to what they pass on.
_PASSED_ON = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via")

Action = Literal["read", "chat", "administer", "own_account"]
Scope = Literal["read", "chat", "admin"]


def cookie_name() -> str:
    """What the session's cookie is called. With https its prefix has browsers take it from this
    very host alone: a page of a sibling domain cannot plant one, and none without the prefix
    opens anything."""
    return f"__Host-{COOKIE}" if get_settings().secure_cookies else COOKIE


def cookie_options() -> dict[str, Any]:
    """How the session's cookie is set, and taken back."""
    secure = get_settings().secure_cookies
    return {
        "key": cookie_name(),
        "path": "/",
        "httponly": True,
        "samesite": "lax",
        "secure": secure,
    }


@dataclass(frozen=True, slots=True)
class Client:
    """Where a call comes from."""

    address: str = ""
    agent: str = ""
    # The host that it asked for, and whether somebody says to have passed the call on.
    host: str = ""
    is_passed_on: bool = False
    # What signing in left there before: a name for the browser, which opens nothing.
    browser: str = ""

    @property
    def is_here(self) -> bool:
        """Whether a person at this very machine calls, as far as can be told.

        Behind a proxy everybody comes from its address; one that does not say so still hands
        over a name, which is not this machine's own.
        """
        return (
            is_loopback(self.address)
            and not self.is_passed_on
            and not get_settings().trusted_proxies
            and (not self.host or names_this_machine(self.host))
        )


def client_of(address: str, headers: Mapping[str, str]) -> Client:
    """Who calls, by the address and the headers of a call; their names are in lower case."""
    passed_on = any(name in headers for name in _PASSED_ON)
    agent, host = headers.get("user-agent", ""), headers.get("host", "")
    browser = cookie(headers.get("cookie", ""), BROWSER_COOKIE)
    return Client(address, agent, host, passed_on, browser if _BROWSER.fullmatch(browser) else "")


def cookie(header: str, name: str) -> str:
    """The value of one cookie of a Cookie header, or ""."""
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody signed in, as of this moment.

    One who came in with an API key has its id and scopes; a session has None, no bounds.
    `is_confirmed` holds for a while after the password was typed once more in this session.
    """

    user_id: str
    username: str
    email: str
    role: str
    session_id: str = ""
    language: str = "en"
    key_id: str = ""
    scopes: frozenset[str] | None = None
    is_confirmed: bool = False

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"


def actor_of(user: User, session_id: str = "") -> Actor:
    """The actor that a user row stands for."""
    return Actor(user.id, user.username, user.email, user.role, session_id, user.language or "en")


def can(actor: Actor, action: Action) -> bool:
    """Whether the actor may do this kind of thing at all.

    Ownership is not asked here: services load every thing through its owner.
    """
    if action == "own_account":
        return actor.scopes is None
    if action == "administer":
        return actor.is_admin and (actor.scopes is None or "admin" in actor.scopes)
    if action == "chat":
        return actor.scopes is None or not actor.scopes.isdisjoint({"chat", "admin"})
    return True


# The scope that a key needs at least; no key opens what is not named here.
NEEDED: dict[Action, str] = {"read": "read", "chat": "chat", "administer": "admin"}


def require(actor: Actor, action: Action) -> None:
    """Raise NotAllowed unless `can`; KeyScope where the key is what does not suffice."""
    if can(actor, action):
        return
    if actor.scopes is not None and can(replace(actor, scopes=None), action):
        raise KeyScope(NEEDED.get(action), actor.scopes)
    raise NotAllowed


def require_person(actor: Actor) -> None:
    """Raise NotAllowed for a program: what it did with its key would outlive the key."""
    require(actor, "own_account")


def require_confirmed(actor: Actor) -> None:
    """Raise unless a person has typed their password a short while ago: a browser left open, or
    a stolen cookie, makes nobody an administrator and takes nothing away.

    Raises:
        NotAllowed: a program calls.
        PasswordNeeded: the password was not typed, or too long ago.
    """
    require_person(actor)
    if not actor.is_confirmed:
        raise PasswordNeeded


async def confirm(session: AsyncSession, session_id: str) -> datetime:
    """Note that the person of a session has typed their password; until when that holds."""
    moment = now()
    await session.execute(
        sa.update(AuthSession).where(col(AuthSession.id) == session_id).values(confirmed_at=moment)
    )
    return moment + CONFIRMED_FOR


def scopes_of(actor: Actor) -> list[Scope]:
    """What a caller may do, by the names of a key's scopes."""
    found: list[Scope] = ["read"]
    if can(actor, "chat"):
        found.append("chat")
    if can(actor, "administer"):
        found.append("admin")
    return found


async def session_end(session: AsyncSession, session_id: str) -> str:
    """When a session ends by itself, as ISO 8601."""
    query = sa.select(col(AuthSession.expires_at)).where(col(AuthSession.id) == session_id)
    moment = await session.scalar(query)
    return moment.isoformat() if moment else ""


async def open_session(session: AsyncSession, user: User, client: Client) -> tuple[str, str]:
    """Sign a browser in.

    Returns:
        the session's id, and the token for the cookie, which is kept nowhere.
    """
    settings = get_settings()
    token = new_token()
    row = AuthSession(
        user_id=user.id,
        token_hash=keyed_hash(settings.secret_keys[0], SESSION_PURPOSE, token),
        expires_at=now() + timedelta(days=settings.session_days),
        address=client.address[:64],
        agent=client.agent[:256],
    )
    session.add(row)
    await session.flush()
    return row.id, token


async def resolve(session: AsyncSession, token: str | None) -> Actor | None:
    """The actor behind a cookie's token, or None if it opens nothing (any more)."""
    if not token or len(token) > 200:
        return None
    hashes = candidate_hashes(get_settings().secret_keys, SESSION_PURPOSE, token)
    found = (
        await session.execute(
            sa.select(AuthSession, User)
            .join(User, col(User.id) == AuthSession.user_id)
            .where(
                col(AuthSession.token_hash).in_(hashes),
                col(AuthSession.expires_at) > now(),
                col(User.is_active).is_(True),
            )
        )
    ).first()
    if found is None:
        return None
    row, user = found
    confirmed = row.confirmed_at is not None and row.confirmed_at > now() - CONFIRMED_FOR
    return replace(actor_of(user, row.id), is_confirmed=confirmed)


async def resolve_key(session: AsyncSession, key: str) -> Actor | None:
    """The actor behind an API key, or None if it opens nothing (any more)."""
    if not key.startswith(KEY_MARK) or len(key) > 200:
        return None
    hashes = candidate_hashes(get_settings().secret_keys, KEY_PURPOSE, key)
    found = (
        await session.execute(
            sa.select(APIKey, User)
            .join(User, col(User.id) == APIKey.user_id)
            .where(col(APIKey.key_hash).in_(hashes), *_key_holds())
        )
    ).first()
    if found is None:
        return None
    row, user = found
    return replace(actor_of(user), key_id=row.id, scopes=frozenset(row.scopes))


async def note_use(key_id: str) -> None:
    """Remember that a key is in use and its owner active, at most once a minute."""
    stale = sa.or_(
        col(APIKey.last_used_at).is_(None), col(APIKey.last_used_at) < now() - USED_EVERY
    )
    async with unit_of_work(writes=False) as session:
        query = sa.select(col(APIKey.id)).where(col(APIKey.id) == key_id, stale)
        if await session.scalar(query) is None:
            return
    async with unit_of_work() as session:
        owner = await session.scalar(
            sa.update(APIKey)
            .where(col(APIKey.id) == key_id, stale)
            .values(last_used_at=now())
            .returning(col(APIKey.user_id))
        )
        if owner:
            await session.execute(
                sa.update(User).where(col(User.id) == owner).values(last_active_at=now())
            )


async def touch(session: AsyncSession, session_id: str) -> None:
    """Remember that a session and its person are active, at most every few minutes."""
    moment = now()
    person = await session.scalar(
        sa.update(AuthSession)
        .where(
            col(AuthSession.id) == session_id, col(AuthSession.last_seen_at) < moment - SEEN_EVERY
        )
        .values(last_seen_at=moment)
        .returning(col(AuthSession.user_id))
    )
    if person is not None:
        await session.execute(
            sa.update(User).where(col(User.id) == person).values(last_active_at=moment)
        )


async def note_open(session: AsyncSession, ids: Iterable[str]) -> None:
    """Remember that these sessions have a tab open now."""
    await session.execute(
        sa.update(AuthSession).where(col(AuthSession.id).in_(list(ids))).values(last_seen_at=now())
    )


async def end_sessions(session: AsyncSession, ids: Iterable[str], why: str = "") -> None:
    """Delete sessions; once committed, their open tabs and sockets are ended.

    Args:
        why: what their tabs are told: one of ENDED, or "" for people who signed out themselves.
    """
    ended = list(ids)
    await session.execute(sa.delete(AuthSession).where(col(AuthSession.id).in_(ended)))
    after_commit(session, lambda: announce_ended(ended, why))


async def living(session: AsyncSession, ids: Iterable[str]) -> set[str]:
    """Those of these sessions that still let their person in."""
    query = (
        sa.select(col(AuthSession.id))
        .join(User, col(User.id) == AuthSession.user_id)
        .where(
            col(AuthSession.id).in_(list(ids)),
            col(AuthSession.expires_at) > now(),
            col(User.is_active).is_(True),
        )
    )
    return set(await session.scalars(query))


async def why_out(session: AsyncSession, user_id: str) -> str:
    """Why a session of this person lets nobody in any more, as far as their account tells:
    one of ENDED."""
    is_active = await session.scalar(sa.select(col(User.is_active)).where(col(User.id) == user_id))
    if is_active is None:
        return "deleted"
    return "over" if is_active else "disabled"


async def living_keys(session: AsyncSession, ids: Iterable[str]) -> set[str]:
    """Those of these API keys that still let their program in."""
    query = (
        sa.select(col(APIKey.id))
        .join(User, col(User.id) == APIKey.user_id)
        .where(col(APIKey.id).in_(list(ids)), *_key_holds())
    )
    return set(await session.scalars(query))


def _key_holds() -> list[sa.ColumnElement[bool]]:
    return [
        col(APIKey.is_active).is_(True),
        col(APIKey.revoked_at).is_(None),
        sa.or_(col(APIKey.expires_at).is_(None), col(APIKey.expires_at) > now()),
        col(User.is_active).is_(True),
    ]


async def purge_expired(session: AsyncSession) -> None:
    """Remove sessions that have run out."""
    await session.execute(sa.delete(AuthSession).where(col(AuthSession.expires_at) < now()))


async def sessions_of(session: AsyncSession, user_id: str) -> list[str]:
    """The ids of a user's sessions."""
    query = sa.select(col(AuthSession.id)).where(col(AuthSession.user_id) == user_id)
    return list((await session.execute(query)).scalars())


Listener = Callable[[list[str], str], Awaitable[None]]
_listeners: list[Listener] = []


def on_sessions_ended(listener: Listener) -> None:
    """Have `listener` called with the ids of sessions that have just ended, and why."""
    _listeners.append(listener)


async def announce_ended(ids: list[str], why: str = "") -> None:
    """Tell whoever holds sockets of these sessions."""
    for listener in _listeners:
        await listener(ids, why)


def csrf_token(session_id: str) -> str:
    """The token that a cookie call must repeat in X-CSRF-Token; bound to the session."""
    return keyed_hash(get_settings().secret_keys[0], "csrf", session_id)


def csrf_fits(session_id: str, given: str | None) -> bool:
    """Whether a call's CSRF token belongs to its session."""
    if not given:
        return False
    hashes = candidate_hashes(get_settings().secret_keys, "csrf", session_id)
    return any(same(each, given) for each in hashes)
