"""Calls that must not be done twice: who has taken one, and what it came to.

A program that does not know whether its call came through sends it again with the same key
and gets the answer of the first one. An answer may hold what is told only once (a fresh API
key, a link), so it is kept encrypted.
"""

from __future__ import annotations

import base64
import json
import logging
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui.auth import Actor
from llm_ui.config import get_settings
from llm_ui.db import insert_missing, unit_of_work
from llm_ui.errors import IdempotencyBusy, IdempotencyMismatch
from llm_ui.models import IdempotentCall
from llm_ui.models.base import new_id, now
from llm_ui.security.encryption import UndecryptableError, decrypt, encrypt
from llm_ui.security.tokens import candidate_hashes, keyed_hash

logger = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=1)
# Longer than any call takes: what is not over by then was lost with its process.
LOST_AFTER = timedelta(minutes=15)
PURPOSE = "idempotency"


@dataclass(frozen=True, slots=True)
class Kept:
    """What a call came to: its status, the headers that belong to it, its text, and whether who
    made it had typed their password a short while before."""

    status: int
    headers: dict[str, str]
    body: str
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do a call, with what it will be known by."""

    user_id: str
    key: str
    id: str


def hashed(value: str) -> str:
    """What is kept of a key or of what a call says."""
    return keyed_hash(get_settings().secret_keys[0], PURPOSE, value)


def _of(actor: Actor, key: str) -> str:
    """A key as a program's or a browser's: what only a person may do, no program gets to see."""
    return f"{'key' if actor.key_id else 'session'} {key}"


def _fits(fingerprint: str, said: str) -> bool:
    return fingerprint in candidate_hashes(get_settings().secret_keys, PURPOSE, said)


async def begin(actor: Actor, key: str, said: str | None) -> Claim | Kept:
    """Take a call, or get what it came to before.

    Args:
        said: what the call says; None if that is not known before it has come whole: then
            `require_same` asks for it, and `complete` notes it.

    Raises:
        IdempotencyBusy: the same call is being done at this moment.
        IdempotencyMismatch: the key was another call's.
    """
    claim = Claim(actor.user_id, hashed(_of(actor, key)), new_id())
    known = candidate_hashes(get_settings().secret_keys, PURPOSE, _of(actor, key))
    async with unit_of_work() as session:
        row = await _find(session, actor, known)
        if row is None:
            values = {
                "user_id": claim.user_id, "key": claim.key, "claim": claim.id,
                "fingerprint": hashed(said) if said is not None else "", "created_at": now(),
            }  # fmt: skip
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


async def _find(session: AsyncSession, actor: Actor, keys: Sequence[str]) -> IdempotentCall | None:
    """The row of a call that still counts."""
    mine = sa.and_(col(IdempotentCall.user_id) == actor.user_id, col(IdempotentCall.key).in_(keys))
    lost = sa.and_(
        col(IdempotentCall.answer).is_(None), col(IdempotentCall.created_at) < now() - LOST_AFTER
    )
    old = col(IdempotentCall.created_at) < now() - KEPT_FOR
    await session.execute(sa.delete(IdempotentCall).where(mine, sa.or_(old, lost)))
    return await session.scalar(sa.select(IdempotentCall).where(mine))


async def require_same(actor: Actor, key: str, said: str) -> None:
    """Raise IdempotencyMismatch unless the key's call said this."""
    known = candidate_hashes(get_settings().secret_keys, PURPOSE, _of(actor, key))
    query = sa.select(col(IdempotentCall.fingerprint)).where(
        col(IdempotentCall.user_id) == actor.user_id, col(IdempotentCall.key).in_(known)
    )
    async with unit_of_work(writes=False) as session:
        fingerprint = await session.scalar(query)
    if fingerprint is None or not _fits(fingerprint, said):
        raise IdempotencyMismatch


async def complete(claim: Claim, said: str, kept: Kept) -> None:
    """Keep what a call came to. If that fails, the call is done all the same, and stays taken."""
    packed = base64.b85encode(zlib.compress(json.dumps(asdict(kept)).encode())).decode()
    values = {"answer": encrypt(get_settings().secret_keys, packed), "fingerprint": hashed(said)}
    await _tried(sa.update(IdempotentCall).where(*_claimed(claim)).values(values))


async def release(claim: Claim) -> None:
    """Let a call that came to nothing be done again."""
    await _tried(sa.delete(IdempotentCall).where(*_claimed(claim)))


async def _tried(statement: sa.Update | sa.Delete) -> None:
    try:
        async with unit_of_work() as session:
            await session.execute(statement)
    except (SQLAlchemyError, OSError):
        logger.exception("what a call with an Idempotency-Key came to could not be kept")


def _claimed(claim: Claim) -> list[sa.ColumnElement[bool]]:
    return [
        col(IdempotentCall.user_id) == claim.user_id,
        col(IdempotentCall.key) == claim.key,
        col(IdempotentCall.claim) == claim.id,
    ]


async def purge(session: AsyncSession) -> None:
    """Remove what is kept no longer."""
    old = col(IdempotentCall.created_at) < now() - KEPT_FOR
    await session.execute(sa.delete(IdempotentCall).where(old))
