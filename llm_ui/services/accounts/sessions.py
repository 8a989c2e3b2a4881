"""A user's sessions: list and end them."""

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui import auth
from llm_ui.auth import Actor
from llm_ui.enums import SessionEnd
from llm_ui.errors import NotFound
from llm_ui.models import AuthSession
from llm_ui.models.base import now
from llm_ui.schemas.accounts.account import BrowserItem
from llm_ui.services.audit.recording import record

SHOWN = 100
# The first match counts: nearly every browser also claims to be the ones below it.
_PROGRAMS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("HeadlessChrome/", "Chromium"),
    ("Chromium/", "Chromium"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_OTHER = re.compile(r"[A-Za-z][\w.-]{0,39}")


def in_words(agent: str) -> tuple[str, str]:
    """The common names of a User-Agent's browser and system; "" for what it doesn't reveal."""
    program = next((name for sign, name in _PROGRAMS if sign in agent), "")
    if not program and (other := _OTHER.match(agent)) and other[0] != "Mozilla":
        program = other[0]
    return program, next((name for sign, name in _SYSTEMS if sign in agent), "")


def _item(row: AuthSession, actor: Actor) -> BrowserItem:
    program, system = in_words(row.agent)
    return BrowserItem(
        id=row.id,
        program=program,
        system=system,
        address=row.address,
        created_at=row.created_at.isoformat(),
        last_seen_at=row.last_seen_at.isoformat(),
        is_current=row.id == actor.session_id,
    )


async def list_own(session: AsyncSession, actor: Actor) -> list[BrowserItem]:
    """The actor's active sessions: this one first, then the most recently active."""
    query = (
        sa.select(AuthSession)
        .where(col(AuthSession.user_id) == actor.user_id, col(AuthSession.expires_at) > now())
        .order_by(
            (col(AuthSession.id) == actor.session_id).desc(),
            col(AuthSession.last_seen_at).desc(),
            col(AuthSession.id).desc(),
        )
        .limit(SHOWN)
    )
    return [_item(row, actor) for row in await session.scalars(query)]


async def end_one(session: AsyncSession, actor: Actor, session_id: str) -> None:
    """Sign out one of the actor's browsers and close its tabs. Raises NotFound."""
    found = await session.scalar(
        sa.select(col(AuthSession.id)).where(
            col(AuthSession.id) == session_id, col(AuthSession.user_id) == actor.user_id
        )
    )
    if found is None:
        raise NotFound
    await auth.end_sessions(session, [found], SessionEnd.ELSEWHERE)
    record(session, "sign_out", user_id=actor.user_id)


async def end_others(
    session: AsyncSession, actor: Actor, why: SessionEnd = SessionEnd.ELSEWHERE
) -> int:
    """Sign out all of the actor's other browsers; returns how many there were."""
    ids = [
        each for each in await auth.sessions_of(session, actor.user_id) if each != actor.session_id
    ]
    if ids:
        await auth.end_sessions(session, ids, why)
        record(session, "sign_out", user_id=actor.user_id, others=len(ids))
    return len(ids)
