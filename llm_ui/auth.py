"""Authentication and authorization: actors, sessions and the permission check `can`.

A browser's cookie holds an opaque token; the database stores its keyed hash. `resolve` reads the
session and its user on every call, so that a demotion, deactivation or sign-out takes effect on the
next one.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.config import get_settings
from llm_ui.db import after_commit, unit_of_work
from llm_ui.enums import Scope, SessionEnd, UserRole
from llm_ui.errors import KeyScope, NotAllowed, PasswordNeeded
from llm_ui.i18n import DEFAULT_LANGUAGE, offered
from llm_ui.models import APIKey, AuthSession, User
from llm_ui.models.base import now
from llm_ui.security.client_addresses import is_loopback, names_this_machine
from llm_ui.security.tokens import candidate_hashes, keyed_hash, new_token, same

COOKIE = "llm_ui_session"
BROWSER_COOKIE = "llm_ui_browser"
# Only the form we generate ourselves: the value is echoed into a response header.
_BROWSER = re.compile(r"[A-Za-z0-9_-]{1,64}")
CSRF_HEADER = "X-CSRF-Token"
SESSION_PURPOSE = "session"
# Updating "last seen" on every event would turn every read into a write.
SEEN_EVERY = timedelta(minutes=5)

# How long a step-up confirmation is valid.
CONFIRMED_FOR = timedelta(minutes=10)

# API keys: their prefix and hash purpose. Every scope includes `read`.
KEY_MARK = "llmui_"
KEY_PURPOSE = "api-key"
USED_EVERY = timedelta(minutes=1)

# Headers that proxies add, besides everything that starts with X-Forwarded.
_PASSED_ON = frozenset({"x-real-ip", "forwarded", "via"})
_FORWARDED = "x-forwarded-"

Action = Literal["read", "chat", "administer", "own_account"]


def cookie_name() -> str:
    """The session cookie's name. Under https it has the `__Host-` prefix, so that browsers accept
    it only from this exact host: a sibling domain cannot plant one, and a cookie without the prefix
    is ignored."""
    return f"__Host-{COOKIE}" if get_settings().secure_cookies else COOKIE


def cookie_options() -> dict[str, Any]:
    """The attributes with which the session cookie is set and deleted."""
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
    """Where a call comes from: address, user agent and the headers that matter."""

    address: str = ""
    agent: str = ""
    # The Host and Origin headers, and whether the call came through a proxy.
    host: str = ""
    origin: str | None = None
    is_passed_on: bool = False
    # A random name that an earlier sign-in gave this browser; it grants no access.
    browser: str = ""

    @property
    def is_here(self) -> bool:
        """Whether the caller appears to be on this machine.

        Behind a proxy every call comes from the proxy's address. A proxy that adds no headers may
        still forward a Host or Origin that does not name this machine, and a PUBLIC_URL that does
        not name it means that there is a proxy, whatever it forwards.
        """
        settings = get_settings()
        named = [self.host] if self.host else []
        named += [urlsplit(each).netloc for each in (self.origin, settings.public_url) if each]
        return (
            is_loopback(self.address)
            and not self.is_passed_on
            and not settings.trusted_proxies
            and all(map(names_this_machine, named))
        )


def client_of(address: str, headers: Mapping[str, str]) -> Client:
    """The client behind a call's address and headers (names in lower case)."""
    browser = cookie(headers.get("cookie", ""), BROWSER_COOKIE)
    return Client(
        address,
        headers.get("user-agent", ""),
        headers.get("host", ""),
        headers.get("origin"),
        _is_passed_on(headers),
        browser if _BROWSER.fullmatch(browser) else "",
    )


def _is_passed_on(headers: Mapping[str, str]) -> bool:
    # nginx sends "Connection: close" to its upstream by default; no browser does.
    return headers.get("connection", "").lower() == "close" or any(
        name in _PASSED_ON or name.startswith(_FORWARDED) for name in map(str.lower, headers)
    )


def cookie(header: str, name: str) -> str:
    """The value of one cookie in a Cookie header, or "".

    Use this instead of `http.cookies`: that one strips quotes and backslashes, which our cookies
    never contain, and does so in quadratic time on many Python versions.
    """
    found = ""
    for pair in header.split(";"):
        given, is_pair, value = pair.partition("=")
        if is_pair and given.strip() == name:
            found = value.strip()
    return found


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in caller at the time of the call.

    Callers with an API key have its ID and scopes; for sessions `scopes` is None, meaning
    unrestricted. `is_confirmed` is true for a while after a step-up confirmation in this session.
    """

    user_id: str
    username: str
    email: str
    role: UserRole
    session_id: str = ""
    language: str = DEFAULT_LANGUAGE
    key_id: str = ""
    scopes: frozenset[str] | None = None
    is_confirmed: bool = False

    @property
    def is_admin(self) -> bool:
        return self.role == UserRole.ADMIN


def actor_of(user: User, session_id: str = "") -> Actor:
    """The actor for a user row."""
    return Actor(
        user.id,
        user.username,
        user.email,
        user.role,
        session_id,
        offered(user.language) or DEFAULT_LANGUAGE,
    )


def can(actor: Actor, action: Action) -> bool:
    """Whether the actor may perform this kind of action at all.

    Ownership is not checked here: services load everything through its owner.
    """
    if action == "own_account":
        return actor.scopes is None
    if action == "administer":
        return actor.is_admin and (actor.scopes is None or Scope.ADMIN in actor.scopes)
    if action == "chat":
        return actor.scopes is None or not actor.scopes.isdisjoint({Scope.CHAT, Scope.ADMIN})
    return True


# The scope a key needs at least; actions not listed here are closed to all keys.
NEEDED: dict[Action, Scope] = {
    "read": Scope.READ,
    "chat": Scope.CHAT,
    "administer": Scope.ADMIN,
}


def require(actor: Actor, action: Action) -> None:
    """Raise NotAllowed unless `can`; KeyScope if only the key's scopes are insufficient."""
    if can(actor, action):
        return
    if actor.scopes is not None and can(replace(actor, scopes=None), action):
        raise KeyScope(NEEDED.get(action), actor.scopes)
    raise NotAllowed


def require_person(actor: Actor, why: str | None = None) -> None:
    """Raise KeyScope, a NotAllowed, for API keys, because the results of such a call would outlive
    the key.

    Args:
        why: a message naming what the key may not do, if other calls of this kind are open to keys.
    """
    if not can(actor, "own_account"):
        raise KeyScope(None, actor.scopes or (), why)


def require_confirmed(actor: Actor, why: str | None = None) -> None:
    """Require a recent step-up confirmation, so that an unattended browser or a stolen cookie can
    neither create administrators nor delete anything.

    Args:
        why: as in `require_person`.

    Raises:
        NotAllowed: the caller uses an API key.
        PasswordNeeded: the password was never confirmed, or too long ago.
    """
    require_person(actor, why)
    if not actor.is_confirmed:
        raise PasswordNeeded


async def confirm(session: AsyncSession, session_id: str) -> datetime:
    """Record a session's step-up confirmation and return when it expires."""
    moment = now()
    await session.execute(
        sa.update(AuthSession).where(col(AuthSession.id) == session_id).values(confirmed_at=moment)
    )
    return moment + CONFIRMED_FOR


def scopes_of(actor: Actor) -> list[Scope]:
    """What a caller may do, in terms of API key scopes."""
    found = [Scope.READ]
    if can(actor, "chat"):
        found.append(Scope.CHAT)
    if can(actor, "administer"):
        found.append(Scope.ADMIN)
    return found


async def session_end(session: AsyncSession, session_id: str) -> str:
    """When a session expires, as ISO 8601; "" if there is no such session."""
    query = sa.select(col(AuthSession.expires_at)).where(col(AuthSession.id) == session_id)
    moment = await session.scalar(query)
    return moment.isoformat() if moment else ""


async def open_session(session: AsyncSession, user: User, client: Client) -> tuple[str, str]:
    """Sign a browser in.

    Returns:
        the session's ID, and the token for the cookie, of which only a hash is stored.
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
    """The actor for a cookie's token, or None if it is not, or no longer, valid."""
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
    """The actor for an API key, or None if it is not, or no longer, valid."""
    if not key.startswith(KEY_MARK) or len(key) > 200:
        return None
    hashes = candidate_hashes(get_settings().secret_keys, KEY_PURPOSE, key)
    found = (
        await session.execute(
            sa.select(APIKey, User)
            .join(User, col(User.id) == APIKey.user_id)
            .where(col(APIKey.api_key).in_(hashes), *_key_holds())
        )
    ).first()
    if found is None:
        return None
    row, user = found
    return replace(actor_of(user), key_id=row.id, scopes=frozenset(row.scopes))


async def note_use(key_id: str) -> None:
    """Record that a key is in use and its owner active, at most once a minute."""
    stale = sa.or_(col(APIKey.last_used).is_(None), col(APIKey.last_used) < now() - USED_EVERY)
    async with unit_of_work(writes=False) as session:
        query = sa.select(col(APIKey.id)).where(col(APIKey.id) == key_id, stale)
        if await session.scalar(query) is None:
            return
    async with unit_of_work() as session:
        owner = await session.scalar(
            sa.update(APIKey)
            .where(col(APIKey.id) == key_id, stale)
            .values(last_used=now())
            .returning(col(APIKey.user_id))
        )
        if owner:
            await session.execute(
                sa.update(User).where(col(User.id) == owner).values(last_active_at=now())
            )


async def touch(session: AsyncSession, session_id: str) -> None:
    """Record that a session and its user are active, at most every few minutes."""
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
    """Record that these sessions have an open tab right now."""
    await session.execute(
        sa.update(AuthSession).where(col(AuthSession.id).in_(list(ids))).values(last_seen_at=now())
    )


async def end_sessions(
    session: AsyncSession, ids: Iterable[str], why: SessionEnd | None = None
) -> None:
    """Delete sessions and, after the commit, disconnect their open tabs and sockets.

    Args:
        why: the reason shown in their tabs; None for users who signed out themselves.
    """
    ended = list(ids)
    await session.execute(sa.delete(AuthSession).where(col(AuthSession.id).in_(ended)))
    after_commit(session, lambda: announce_ended(ended, why))


async def living(session: AsyncSession, ids: Iterable[str]) -> set[str]:
    """Those of these sessions that are still valid."""
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


async def why_out(session: AsyncSession, user_id: str) -> SessionEnd:
    """Why this user's session is no longer valid, as far as the account shows."""
    is_active = await session.scalar(sa.select(col(User.is_active)).where(col(User.id) == user_id))
    if is_active is None:
        return SessionEnd.DELETED
    return SessionEnd.OVER if is_active else SessionEnd.DISABLED


async def living_keys(session: AsyncSession, ids: Iterable[str]) -> set[str]:
    """Those of these API keys that are still valid."""
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
    """Delete expired sessions."""
    await session.execute(sa.delete(AuthSession).where(col(AuthSession.expires_at) < now()))


async def sessions_of(session: AsyncSession, user_id: str) -> list[str]:
    """The IDs of a user's sessions."""
    query = sa.select(col(AuthSession.id)).where(col(AuthSession.user_id) == user_id)
    return list((await session.execute(query)).scalars())


Listener = Callable[[list[str], str], Awaitable[None]]
_listeners: list[Listener] = []


def on_sessions_ended(listener: Listener) -> None:
    """Register `listener` to be called with the IDs of sessions that have just ended, and the
    reason: a SessionEnd's value, or ""."""
    _listeners.append(listener)


async def announce_ended(ids: list[str], why: SessionEnd | None = None) -> None:
    """Notify the listeners that hold sockets of these sessions."""
    for listener in _listeners:
        await listener(ids, why or "")


def csrf_token(session_id: str) -> str:
    """The token that calls with a cookie must repeat in X-CSRF-Token; bound to the session."""
    return keyed_hash(get_settings().secret_keys[0], "csrf", session_id)


def csrf_fits(session_id: str, given: str | None) -> bool:
    """Whether a call's CSRF token belongs to its session."""
    if not given:
        return False
    hashes = candidate_hashes(get_settings().secret_keys, "csrf", session_id)
    return any(same(each, given) for each in hashes)
