"""API keys: how programs authenticate.

A key looks like `llmui_1a2b3c4d_…`: a recognizable prefix, which is stored, and a secret of 256
random bits, of which only a keyed hash is stored. What a key may do is limited by its scopes and,
at each call, by its owner's current permissions.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui import auth
from llm_ui.auth import KEY_MARK, KEY_PURPOSE, Actor, require, require_confirmed
from llm_ui.config import get_settings
from llm_ui.db import after_commit
from llm_ui.enums import KeyStatus, Scope
from llm_ui.errors import Conflict, InvalidInput, NotAllowed, NotFound
from llm_ui.models import APIKey, User
from llm_ui.models.base import now
from llm_ui.schemas.accounts.api_keys import KeyItem, NewKey
from llm_ui.schemas.chats.views import Page
from llm_ui.security.text import storable
from llm_ui.security.tokens import keyed_hash, new_token
from llm_ui.services.audit.recording import record
from llm_ui.services.matching import holds
from llm_ui.services.paging import cursor_of, position_of

NAME_LIMIT = 100
KEYS_LIMIT = 100
LONGEST_DAYS = 3650
PAGE = 50


def _status(row: APIKey) -> KeyStatus:
    if row.revoked_at or not row.is_active:
        return KeyStatus.REVOKED
    is_over = row.expires_at is not None and row.expires_at <= now()
    return KeyStatus.EXPIRED if is_over else KeyStatus.ACTIVE


def _item(row: APIKey, owner: str = "") -> KeyItem:
    return KeyItem(
        id=row.id,
        key_name=row.key_name,
        prefix=row.prefix,
        scopes=[Scope(each) for each in row.scopes],
        status=_status(row),
        created_at=row.created_at.isoformat(),
        expires_at=row.expires_at.isoformat() if row.expires_at else "",
        last_used=row.last_used.isoformat() if row.last_used else "",
        owner=owner,
    )


def _fresh() -> tuple[str, str, str]:
    """Generate a key; returns the key, its prefix and the hash to store."""
    prefix = f"{KEY_MARK}{secrets.token_hex(4)}"
    key = f"{prefix}_{new_token()}"
    return key, prefix, keyed_hash(get_settings().secret_keys[0], KEY_PURPOSE, key)


def _clean(
    actor: Actor, name: str, scopes: Sequence[str], days: int | None
) -> tuple[str, list[Scope]]:
    cleaned = " ".join(storable(name).split())
    if not cleaned or len(cleaned) > NAME_LIMIT:
        raise InvalidInput("error.key_name", field="key_name", limit=NAME_LIMIT)
    wanted = [scope for scope in Scope if scope in scopes]
    if not wanted or set(scopes) - set(Scope):
        raise InvalidInput("error.key_scopes", field="scopes", accepted=", ".join(Scope))
    if Scope.ADMIN in wanted and not actor.is_admin:
        raise NotAllowed
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise InvalidInput("error.key_days", field="days", limit=LONGEST_DAYS)
    return cleaned, wanted


def _require_person(actor: Actor) -> None:
    """Refuse programs: a stolen key could otherwise create one that outlives it."""
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
    """Create an API key for the actor.

    Args:
        scopes: any of read, chat and admin; admin is for administrators only.
        days: until it expires.
        never_expires: create a key without an expiry date, regardless of `days`. It has to be set
            explicitly, so that no key lacks an expiry date by accident.

    Raises:
        InvalidInput: a value is invalid.
        NotAllowed: the caller is a program, or may not grant the admin scope.
        Conflict: the actor has too many keys.
        PasswordNeeded: a key with the admin scope needs step-up confirmation.
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
    if Scope.ADMIN in wanted:
        require_confirmed(actor)
    key, prefix, hashed = _fresh()
    row = APIKey(
        user_id=actor.user_id,
        key_name=cleaned,
        prefix=prefix,
        api_key=hashed,
        scopes=list(wanted),
        expires_at=now() + timedelta(days=days) if days else None,
    )
    session.add(row)
    await session.flush()
    record(session, "key.created", f"{prefix} {cleaned}", user_id=actor.user_id, scopes=wanted)
    return NewKey(_item(row), key)


async def list_own(session: AsyncSession, actor: Actor) -> list[KeyItem]:
    """The actor's keys, newest first."""
    _require_person(actor)
    rows = await session.scalars(
        sa.select(APIKey)
        .where(col(APIKey.user_id) == actor.user_id)
        .order_by(col(APIKey.created_at).desc(), col(APIKey.id).desc())
    )
    return [_item(row) for row in rows]


async def in_use(session: AsyncSession, actor: Actor) -> KeyItem | None:
    """The key the actor authenticated with, or None. A key can see itself, but no other key."""
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
    """Replace a key's secret; the previous secret stops working immediately.

    Raises:
        NotFound: not one of the actor's keys.
        Conflict: it was revoked or has expired.
        PasswordNeeded: the key has the admin scope.
    """
    row = await _own(session, actor, key_id)
    if _status(row) != KeyStatus.ACTIVE:
        raise Conflict("error.key_over")
    if Scope.ADMIN in row.scopes:
        require_confirmed(actor)
    before = row.prefix
    key, row.prefix, row.api_key = _fresh()
    row.last_used = None
    after_commit(session, lambda: auth.announce_ended([row.id]))
    record(session, "key.rotated", f"{before} → {row.prefix}", user_id=actor.user_id)
    return NewKey(_item(row), key)


async def revoke_key(session: AsyncSession, actor: Actor, key_id: str) -> KeyItem:
    """Revoke one of the actor's keys. Raises NotFound."""
    return _revoke(session, actor, await _own(session, actor, key_id))


def _revoke(session: AsyncSession, actor: Actor, row: APIKey) -> KeyItem:
    if row.revoked_at is None:
        row.revoked_at, row.is_active = now(), False
        # Streams opened with the key end with it, like those of a session.
        after_commit(session, lambda: auth.announce_ended([row.id]))
        record(session, "key.revoked", f"{row.prefix} {row.key_name}", user_id=actor.user_id)
    return _item(row)


# --- keys of an account -------------------------------------------------------------------


async def count_active(session: AsyncSession, user_id: str) -> int:
    """How many of a user's keys are active."""
    rows = await session.scalars(sa.select(APIKey).where(col(APIKey.user_id) == user_id))
    return sum(_status(row) == KeyStatus.ACTIVE for row in rows)


async def revoke_all(session: AsyncSession, user_id: str) -> int:
    """Revoke all of a user's keys and end their streams; returns how many there were."""
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
    """Remove the admin scope from a user's keys.

    These keys keep the scopes that the admin scope includes.
    """
    rows = await session.scalars(
        sa.select(APIKey).where(col(APIKey.user_id) == user_id).with_for_update()
    )
    for row in rows:
        if Scope.ADMIN in row.scopes:
            held = {*row.scopes, Scope.CHAT} - {Scope.ADMIN}
            row.scopes = [each for each in Scope if each in held]


# --- everybody's keys, for administrators ------------------------------------------------


async def list_all(
    session: AsyncSession,
    actor: Actor,
    *,
    query: str = "",
    cursor: str | None = None,
    limit: int = PAGE,
) -> Page[KeyItem]:
    """All users' keys, newest first. For administrators.

    Args:
        query: words that the key's name, prefix or owner must contain.
    """
    require(actor, "administer")
    select = sa.select(APIKey, col(User.username)).join(User, col(User.id) == APIKey.user_id)
    for word in storable(query)[:200].split():
        fields = (col(APIKey.key_name), col(APIKey.prefix), col(User.username), col(User.email))
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
    """Revoke anybody's key. For administrators. Raises NotFound."""
    require(actor, "administer")
    row = await session.get(APIKey, key_id, with_for_update=True)
    if row is None:
        raise NotFound
    return _revoke(session, actor, row)
