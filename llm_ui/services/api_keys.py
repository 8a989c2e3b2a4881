"""API keys: what programs come in with.

A key looks like `llmui_1a2b3c4d_…`: a recognisable beginning, which is kept, and a secret of
256 random bits, of which only a keyed hash is. What a key may do is bounded by its scopes
and, at each call, by what its owner may do then.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui import auth
from llm_ui.auth import KEY_MARK, KEY_PURPOSE, SCOPES, Actor, require, require_confirmed
from llm_ui.config import get_settings
from llm_ui.db import after_commit
from llm_ui.errors import Conflict, InvalidInput, NotAllowed, NotFound
from llm_ui.models import APIKey, User
from llm_ui.models.base import now
from llm_ui.schemas.keys import KeyItem, NewKey
from llm_ui.schemas.views import Page
from llm_ui.security.text import storable
from llm_ui.security.tokens import keyed_hash, new_token
from llm_ui.services.matching import holds
from llm_ui.services.monitoring import record
from llm_ui.services.paging import cursor_of, position_of

NAME_LIMIT = 100
KEYS_LIMIT = 100
LONGEST_DAYS = 3650
PAGE = 50


def _state(row: APIKey) -> str:
    if row.revoked_at or not row.is_active:
        return "revoked"
    return "expired" if row.expires_at and row.expires_at <= now() else "active"


def _item(row: APIKey, owner: str = "") -> KeyItem:
    return KeyItem(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=list(row.scopes),
        state=_state(row),
        created_at=row.created_at.isoformat(),
        expires_at=row.expires_at.isoformat() if row.expires_at else "",
        last_used_at=row.last_used_at.isoformat() if row.last_used_at else "",
        owner=owner,
    )


def _fresh() -> tuple[str, str, str]:
    """A key, its beginning, and the hash that is kept."""
    prefix = f"{KEY_MARK}{secrets.token_hex(4)}"
    key = f"{prefix}_{new_token()}"
    return key, prefix, keyed_hash(get_settings().secret_keys[0], KEY_PURPOSE, key)


def _clean(
    actor: Actor, name: str, scopes: Sequence[str], days: int | None
) -> tuple[str, list[str]]:
    cleaned = " ".join(storable(name).split())
    if not cleaned or len(cleaned) > NAME_LIMIT:
        raise InvalidInput("error.key_name", field="name", limit=NAME_LIMIT)
    wanted = [scope for scope in SCOPES if scope in scopes]
    if not wanted or set(scopes) - set(SCOPES):
        raise InvalidInput("error.key_scopes", field="scopes", accepted=", ".join(SCOPES))
    if "admin" in wanted and not actor.is_admin:
        raise NotAllowed
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise InvalidInput("error.key_days", field="days", limit=LONGEST_DAYS)
    return cleaned, wanted


def _require_person(actor: Actor) -> None:
    """A key makes and ends no keys: a stolen one would outlive itself."""
    require(actor, "own_account")


async def create_key(
    session: AsyncSession,
    actor: Actor,
    name: str,
    scopes: Sequence[str],
    days: int | None,
    *,
    never_expires: bool = False,
) -> NewKey:
    """Make a key of the actor's own.

    Args:
        scopes: of read, chat and admin; admin is for admins.
        days: until it expires.
        never_expires: it is meant to have no end, whatever `days` says. A key without one
            is not made by leaving something out.

    Raises:
        InvalidInput, NotAllowed; Conflict when the person has too many; PasswordNeeded for a
            key that administers.
    """
    _require_person(actor)
    days = None if never_expires else days
    if days is None and not never_expires:
        raise InvalidInput("error.key_endless", field="days")
    cleaned, wanted = _clean(actor, name, scopes, days)
    count = await session.scalar(
        sa.select(sa.func.count()).where(
            col(APIKey.user_id) == actor.user_id, col(APIKey.revoked_at).is_(None)
        )
    )
    if (count or 0) >= KEYS_LIMIT:
        raise Conflict("error.keys_many", limit=KEYS_LIMIT)
    if "admin" in wanted:
        require_confirmed(actor)
    key, prefix, hashed = _fresh()
    row = APIKey(
        user_id=actor.user_id,
        name=cleaned,
        prefix=prefix,
        key_hash=hashed,
        scopes=wanted,
        expires_at=now() + timedelta(days=days) if days else None,
    )
    session.add(row)
    await session.flush()
    record(session, "key.created", f"{prefix} {cleaned}", user_id=actor.user_id, scopes=wanted)
    return NewKey(_item(row), key)


async def list_own(session: AsyncSession, actor: Actor) -> list[KeyItem]:
    """The actor's keys, the newest first."""
    _require_person(actor)
    rows = await session.scalars(
        sa.select(APIKey)
        .where(col(APIKey.user_id) == actor.user_id)
        .order_by(col(APIKey.created_at).desc(), col(APIKey.id).desc())
    )
    return [_item(row) for row in rows]


async def in_use(session: AsyncSession, actor: Actor) -> KeyItem | None:
    """The key that the actor came in with, if it was one. It learns of itself, and no other."""
    row = await session.get(APIKey, actor.key_id) if actor.key_id else None
    return _item(row) if row else None


async def _own(session: AsyncSession, actor: Actor, key_id: str) -> APIKey:
    _require_person(actor)
    row = await session.scalar(
        sa.select(APIKey)
        .where(col(APIKey.id) == key_id, col(APIKey.user_id) == actor.user_id)
        .with_for_update()
    )
    if row is None:
        raise NotFound
    return row


async def rotate_key(session: AsyncSession, actor: Actor, key_id: str) -> NewKey:
    """Another secret for the same key; the one before opens nothing from now on.

    Raises:
        NotFound: not a key of the actor's.
        Conflict: it was revoked or has expired.
        PasswordNeeded: it administers.
    """
    row = await _own(session, actor, key_id)
    if _state(row) != "active":
        raise Conflict("error.key_over")
    if "admin" in row.scopes:
        require_confirmed(actor)
    before = row.prefix
    key, row.prefix, row.key_hash = _fresh()
    row.last_used_at = None
    after_commit(session, lambda: auth.announce_ended([row.id]))
    record(session, "key.rotated", f"{before} → {row.prefix}", user_id=actor.user_id)
    return NewKey(_item(row), key)


async def revoke_key(session: AsyncSession, actor: Actor, key_id: str) -> KeyItem:
    """End a key of the actor's for good. Raises NotFound."""
    return _revoke(session, actor, await _own(session, actor, key_id))


def _revoke(session: AsyncSession, actor: Actor, row: APIKey) -> KeyItem:
    if row.revoked_at is None:
        row.revoked_at, row.is_active = now(), False
        # What is open to the key ends like what is open to a session.
        after_commit(session, lambda: auth.announce_ended([row.id]))
        record(session, "key.revoked", f"{row.prefix} {row.name}", user_id=actor.user_id)
    return _item(row)


# --- what becomes of keys with their account ----------------------------------------------


async def count_active(session: AsyncSession, user_id: str) -> int:
    """How many of somebody's keys open something."""
    rows = await session.scalars(sa.select(APIKey).where(col(APIKey.user_id) == user_id))
    return sum(_state(row) == "active" for row in rows)


async def revoke_all(session: AsyncSession, user_id: str) -> int:
    """End all of somebody's keys for good, and what is open to them; says how many."""
    ended = list(
        await session.scalars(
            sa.update(APIKey)
            .where(col(APIKey.user_id) == user_id, col(APIKey.revoked_at).is_(None))
            .values(revoked_at=now(), is_active=False)
            .returning(col(APIKey.id))
        )
    )
    after_commit(session, lambda: auth.announce_ended(ended))
    return len(ended)


async def drop_admin(session: AsyncSession, user_id: str) -> None:
    """Take from somebody's keys for good what only an administrator's may do. Of the scope
    "admin", which holds all of it, the others are left."""
    rows = await session.scalars(
        sa.select(APIKey).where(col(APIKey.user_id) == user_id).with_for_update()
    )
    for row in rows:
        if "admin" in row.scopes:
            held = {*row.scopes, "chat"} - {"admin"}
            row.scopes = [each for each in SCOPES if each in held]


# --- everybody's, for admins -------------------------------------------------------------


async def list_all(
    session: AsyncSession,
    actor: Actor,
    *,
    query: str = "",
    cursor: str | None = None,
    limit: int = PAGE,
) -> Page[KeyItem]:
    """Everybody's keys, the newest first. For admins.

    Args:
        query: words that a key's name, beginning or owner must hold.
    """
    require(actor, "administer")
    select = sa.select(APIKey, col(User.username)).join(User, col(User.id) == APIKey.user_id)
    for word in storable(query)[:200].split():
        fields = (col(APIKey.name), col(APIKey.prefix), col(User.username), col(User.email))
        select = select.where(holds(word, *fields))
    if cursor:
        at, key_id = position_of(cursor)
        moment = sa.literal(at, APIKey.__table__.c.created_at.type)  # type: ignore[attr-defined]
        select = select.where(
            sa.tuple_(col(APIKey.created_at), col(APIKey.id))
            < sa.tuple_(moment, sa.literal(key_id))
        )
    ordered = select.order_by(col(APIKey.created_at).desc(), col(APIKey.id).desc())
    rows = (await session.execute(ordered.limit(limit + 1))).all()
    last = rows[limit - 1][0] if len(rows) > limit else None
    return Page(
        [_item(row, owner) for row, owner in rows[:limit]],
        cursor_of(last.created_at, last.id) if last else None,
    )


async def revoke_any(session: AsyncSession, actor: Actor, key_id: str) -> KeyItem:
    """End anybody's key for good. For admins. Raises NotFound."""
    require(actor, "administer")
    row = await session.get(APIKey, key_id, with_for_update=True)
    if row is None:
        raise NotFound
    return _revoke(session, actor, row)
