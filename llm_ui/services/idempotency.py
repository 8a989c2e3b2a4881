"""Idempotency of REST calls: which caller has claimed a call, and its stored response.

A client that doesn't know whether its call went through repeats it with the same key and gets the
first call's response. A response may contain something that is shown only once (a new API key, a
link), so it is stored encrypted.
"""

from __future__ import annotations

import base64
import json
import logging
import math
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.config import get_settings
from llm_ui.db import insert_missing, unit_of_work
from llm_ui.errors import IdempotencyBusy, IdempotencyMismatch, TooManyRequests
from llm_ui.models import IdempotentCall
from llm_ui.models.base import new_id, now
from llm_ui.security.encryption import UndecryptableError, decrypt, encrypt
from llm_ui.security.limits import Allowance, whole
from llm_ui.security.tokens import candidate_hashes, keyed_hash
from llm_ui.services import text_quota

logger = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=1)
# Longer than any call takes: a claim older than this was lost with its process.
LOST_AFTER = timedelta(minutes=15)
PURPOSE = "idempotency"
# How often a claim is renewed while the request body is being received; see LOST_AFTER.
RENEWED_EVERY_S = 60.0
# Longer responses are not stored; a repeated call reads the resource again.
LONGEST = 64 * 1024
# The most calls stored per user, on each worker.
MOST_CALLS = 50_000
_calls = Allowance(MOST_CALLS, KEPT_FOR.total_seconds())


@dataclass(frozen=True, slots=True)
class Kept:
    """The stored response of a call: status, relevant headers and body.

    `place` is the URL to read the resource from if the body isn't stored, "" if there is none. Also
    records whether the caller had a valid step-up confirmation.
    """

    status: int
    headers: dict[str, str]
    body: str
    is_confirmed: bool = False
    is_whole: bool = True
    place: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to perform a call, and the key to store its response under."""

    user_id: str
    key: str
    id: str


def hashed(value: str) -> str:
    """The keyed hash stored for a key or a request's content."""
    return keyed_hash(get_settings().secret_keys[0], PURPOSE, value)


def _of(actor: Actor, key: str) -> str:
    """The key, kept apart for API keys and browsers: programs must not see people's responses."""
    return f"{'key' if actor.key_id else 'session'} {key}"


def _fits(fingerprint: str, said: str) -> bool:
    return fingerprint in candidate_hashes(get_settings().secret_keys, PURPOSE, said)


async def begin(actor: Actor, key: str, said: str | None) -> Claim | Kept:
    """Claim a call, or get its stored response.

    Args:
        said: the content of the call; None if it isn't known until the whole request has arrived.
            Then call `require_same` to check it, and `complete` stores it.

    Raises:
        IdempotencyBusy: the same call is in progress.
        IdempotencyMismatch: the key was used for a different call.
        TooManyRequests: too many of the actor's calls are stored.
    """
    claim = Claim(actor.user_id, hashed(_of(actor, key)), new_id())
    known = candidate_hashes(get_settings().secret_keys, PURPOSE, _of(actor, key))
    async with unit_of_work() as session:
        row = await _find(session, actor, known)
        if row is None:
            _count(actor)
            values = {
                "user_id": claim.user_id,
                "key": claim.key,
                "claim": claim.id,
                "fingerprint": hashed(said) if said is not None else "",
                "created_at": now(),
            }
            await insert_missing(session, IdempotentCall, [values])
            row = await _find(session, actor, known)
    if row is not None and row.claim == claim.id:
        return claim
    if row and row.fingerprint and said is not None and not _fits(row.fingerprint, said):
        raise IdempotencyMismatch
    if row is None or row.answer is None:
        raise IdempotencyBusy
    try:
        opened = decrypt(get_settings().secret_keys, row.answer)
    except UndecryptableError:
        raise IdempotencyBusy from None
    return Kept(**json.loads(zlib.decompress(base64.b85decode(opened))))


def _count(actor: Actor) -> None:
    standing = _calls.draw(actor.user_id)
    if not standing.taken:
        wait = whole(standing.wait)
        hours = math.ceil(wait / 3600)
        raise TooManyRequests(wait, "error.idempotency_many", limit=MOST_CALLS, hours=hours)


async def _find(session: AsyncSession, actor: Actor, keys: Sequence[str]) -> IdempotentCall | None:
    """The row of an unexpired call, or None."""
    mine = sa.and_(col(IdempotentCall.user_id) == actor.user_id, col(IdempotentCall.key).in_(keys))
    lost = sa.and_(
        col(IdempotentCall.answer).is_(None), col(IdempotentCall.created_at) < now() - LOST_AFTER
    )
    old = col(IdempotentCall.created_at) < now() - KEPT_FOR
    await session.execute(sa.delete(IdempotentCall).where(mine, sa.or_(old, lost)))
    return await session.scalar(sa.select(IdempotentCall).where(mine))


async def require_same(actor: Actor, key: str, said: str) -> None:
    """Raise IdempotencyMismatch unless the call with this key had this content."""
    known = candidate_hashes(get_settings().secret_keys, PURPOSE, _of(actor, key))
    query = sa.select(col(IdempotentCall.fingerprint)).where(
        col(IdempotentCall.user_id) == actor.user_id, col(IdempotentCall.key).in_(known)
    )
    async with unit_of_work(writes=False) as session:
        fingerprint = await session.scalar(query)
    if fingerprint is None or not _fits(fingerprint, said):
        raise IdempotencyMismatch


async def complete(claim: Claim, said: str, kept: Kept) -> None:
    """Store a call's response; the body is only stored if it is short and within the caller's text
    quota.

    If storing fails, the call has still been performed and its key stays claimed.
    """
    answer = _packed(kept) if len(kept.body.encode()) <= LONGEST else ""
    if not answer or not text_quota.has_room(claim.user_id, answer):
        answer = _packed(replace(kept, body="", is_whole=False))
    values = {"answer": answer, "fingerprint": hashed(said)}
    await _tried(sa.update(IdempotentCall).where(*_claimed(claim)).values(values))


def _packed(kept: Kept) -> str:
    packed = base64.b85encode(zlib.compress(json.dumps(asdict(kept)).encode())).decode()
    return encrypt(get_settings().secret_keys, packed)


async def renew(claim: Claim) -> None:
    """Renew the claim of a call in progress, so that it isn't treated as lost."""
    await _tried(sa.update(IdempotentCall).where(*_claimed(claim)).values(created_at=now()))


async def release(claim: Claim) -> None:
    """Release the claim of a failed call, so that it can be repeated."""
    await _tried(sa.delete(IdempotentCall).where(*_claimed(claim)))


async def _tried(statement: sa.Update | sa.Delete) -> None:
    try:
        async with unit_of_work() as session:
            await session.execute(statement)
    except (SQLAlchemyError, OSError):
        logger.exception("could not store the response to a call with an Idempotency-Key")


def _claimed(claim: Claim) -> list[sa.ColumnElement[bool]]:
    return [
        col(IdempotentCall.user_id) == claim.user_id,
        col(IdempotentCall.key) == claim.key,
        col(IdempotentCall.claim) == claim.id,
    ]


async def purge(session: AsyncSession) -> None:
    """Delete expired rows."""
    old = col(IdempotentCall.created_at) < now() - KEPT_FOR
    await session.execute(sa.delete(IdempotentCall).where(old))
