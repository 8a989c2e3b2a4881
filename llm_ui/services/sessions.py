"""Where somebody is signed in: see it, end it."""

from __future__ import annotations

import re
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from llm_ui import auth
from llm_ui.auth import Actor
from llm_ui.errors import NotFound
from llm_ui.models import AuthSession
from llm_ui.models.base import now
from llm_ui.schemas.account import BrowserItem
from llm_ui.services.monitoring import record

SHOWN = 100
# An open tab is noted once a minute.
ONLINE = timedelta(minutes=3)
# The first sign that fits counts: nearly every browser also claims to be the ones below.
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


async def people_online(session: AsyncSession) -> int:
    """How many people have a tab open, or had a few minutes ago."""
    query = sa.select(sa.func.count(sa.distinct(col(AuthSession.user_id)))).where(
        col(AuthSession.last_seen_at) > now() - ONLINE
    )
    return await session.scalar(query) or 0


def in_words(agent: str) -> tuple[str, str]:
    """A User-Agent's program and system, as people call them; "" for what it hides."""
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
    """The actor's living sessions: this one first, then the last seen first."""
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
    """Sign one of the actor's browsers out; its tabs end at once. Raises NotFound."""
    found = await session.scalar(
        sa.select(col(AuthSession.id)).where(
            col(AuthSession.id) == session_id, col(AuthSession.user_id) == actor.user_id
        )
    )
    if found is None:
        raise NotFound
    await auth.end_sessions(session, [found], "elsewhere")
    record(session, "sign_out", user_id=actor.user_id)


async def end_others(session: AsyncSession, actor: Actor, why: str = "elsewhere") -> int:
    """Sign all of the actor's browsers out but this one; says how many."""
    ids = [
        each for each in await auth.sessions_of(session, actor.user_id) if each != actor.session_id
    ]
    if ids:
        await auth.end_sessions(session, ids, why)
        record(session, "sign_out", user_id=actor.user_id, others=len(ids))
    return len(ids)
